//! The names of the keys, in one place.

use shared::conversation::Conversation;

/// Names keys under the installation's prefix (`redis.key_prefix`).
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// `slack_epoch`: the hash `id`, `since`, `settle_until` (ms of Redis' clock) and `w:<process>` write counters.
    pub(super) fn epoch(&self) -> String {
        format!("{}slack_epoch", self.prefix)
    }

    /// `slack_governor:<lane>`: the time in ms of Redis' clock at which the lane's bucket is empty.
    pub(super) fn governor(&self, lane: &str) -> String {
        format!("{}slack_governor:{lane}", self.prefix)
    }

    /// `slack_waiting:{K}`: when the people of the thread were last told that a question waits, ms of Redis' clock.
    pub(super) fn waiting(&self, conversation: &Conversation) -> String {
        format!("{}slack_waiting:{{{}}}", self.prefix, conversation.context_key(&self.prefix))
    }

    /// The keys of one conversation in the order of the scripts: epoch, context, thread, turns, answers, forgotten.
    ///
    /// The braces are Redis' hash tag around the whole context key, so that all keys of a thread are in the context's
    /// cluster slot (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>).
    pub(super) fn of(&self, conversation: &Conversation) -> [String; 6] {
        let context = conversation.context_key(&self.prefix);
        let beside = |name: &str| format!("{}{name}:{{{context}}}", self.prefix);
        let [thread, turns, answers, forgotten] =
            ["slack_thread", "slack_turns", "slack_answer", "slack_forgotten"].map(beside);
        [self.epoch(), context, thread, turns, answers, forgotten]
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::ChannelId;

    use super::*;

    #[test]
    fn all_keys_of_a_thread_carry_the_context_key_as_their_hash_tag() {
        let conversation =
            Conversation::Thread { channel: ChannelId::new("C1"), root: "1729636800.000100".parse().unwrap() };
        assert_eq!(
            Keys::new("a:").of(&conversation),
            [
                "a:slack_epoch",
                "a:slack_conv:C1:1729636800.000100",
                "a:slack_thread:{a:slack_conv:C1:1729636800.000100}",
                "a:slack_turns:{a:slack_conv:C1:1729636800.000100}",
                "a:slack_answer:{a:slack_conv:C1:1729636800.000100}",
                "a:slack_forgotten:{a:slack_conv:C1:1729636800.000100}",
            ]
        );
        assert_eq!(Keys::new("a:").waiting(&conversation), "a:slack_waiting:{a:slack_conv:C1:1729636800.000100}");
    }
}
