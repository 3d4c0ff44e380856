//! What goes wrong at Slack, and when: rules that tests set, used up by the calls they match.

use std::{fmt, time::Duration};

use shared::ids::{ChannelId, EventKey};

use crate::{api::Method, workspace::Arguments};

/// What happens to a call instead of a normal answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 429 with `Retry-After` (whole seconds, rounded up); no effect.
    RateLimit {
        /// How long the client is told to wait.
        retry_after: Duration,
    },
    /// Another HTTP status (100 to 999) with a plain text; no effect.
    Status(u16),
    /// HTTP 200 with a page for people instead of JSON, as a proxy or a maintenance page gives; no effect.
    Html,
    /// `{"ok": false, "error": …}`; no effect.
    OkFalse {
        /// Slack's error code.
        error: String,
    },
    /// No answer for a while, then the connection is closed; no effect.
    Hang {
        /// How long the connection stays open.
        lasting: Duration,
    },
    /// The call takes effect and is answered, but only after a while.
    Slow {
        /// How long the call waits before anything happens.
        by: Duration,
    },
    /// The call takes effect at once, and is answered only after a while: who asked may be dead by then.
    SlowAnswer {
        /// How long the answer takes.
        by: Duration,
    },
    /// The connection is closed before anything happens; no effect.
    CutBefore,
    /// The call takes effect, then the connection is closed without an answer.
    TookEffectThenCut,
    /// Never an answer; the call takes effect later, whatever the client does. The hardest case for a client that
    /// wants to post exactly once.
    Late {
        /// How much later it takes effect.
        by: Duration,
    },
    /// A normal answer, but conversations.replies and .history show the message only later.
    RepliesLag {
        /// How long after it was posted it can be read back.
        by: Duration,
    },
}

type Predicate = Box<dyn Fn(&Arguments) -> bool + Send + Sync>;

/// Which calls a fault befalls.
///
/// ```
/// use std::time::Duration;
/// use playground::{Fault, Method, Rule};
/// // The third post fails, the others succeed.
/// Rule::on(Method::ChatPostMessage, Fault::Status(500)).after(2);
/// // The next five posts are told to wait.
/// Rule::on(Method::ChatPostMessage, Fault::RateLimit { retry_after: Duration::from_secs(1) }).times(5);
/// ```
pub struct Rule {
    method: Method,
    predicates: Vec<Predicate>,
    skipped: u32,
    left: u32,
    fault: Fault,
}

impl Rule {
    /// Befalls the next call of `method`, once.
    pub fn on(method: Method, fault: Fault) -> Self {
        Self { method, predicates: Vec::new(), skipped: 0, left: 1, fault }
    }

    /// Befalls this many matching calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    /// Befalls every matching call until the faults are cleared.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Lets this many matching calls pass before.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.skipped = calls;
        self
    }

    /// Befalls only calls with arguments for which `predicate` is true; several must all be true.
    #[must_use]
    pub fn matching(mut self, predicate: impl Fn(&Arguments) -> bool + Send + Sync + 'static) -> Self {
        self.predicates.push(Box::new(predicate));
        self
    }

    /// Befalls only messages about this question.
    #[must_use]
    pub fn about(self, key: EventKey) -> Self {
        self.matching(move |arguments| arguments.is_about(&key))
    }

    /// Befalls only calls for this channel.
    #[must_use]
    pub fn within(self, channel: ChannelId) -> Self {
        self.matching(move |arguments| {
            let named = arguments.text("channel").or_else(|| arguments.text("channel_id"));
            named.as_deref() == Some(channel.as_str())
        })
    }

    fn matches(&self, method: Method, arguments: &Arguments) -> bool {
        self.left > 0 && self.method == method && self.predicates.iter().all(|predicate| predicate(arguments))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("method", &self.method)
            .field("predicates", &self.predicates.len())
            .field("skipped", &self.skipped)
            .field("left", &self.left)
            .field("fault", &self.fault)
            .finish()
    }
}

/// The rules in force, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many calls will still be befallen by rules that are not for ever.
    pub(crate) fn pending(&self) -> u32 {
        self.0.iter().map(|rule| rule.left).filter(|left| *left != u32::MAX).sum()
    }

    /// The fault of the first rule that this call matches and that does not let it pass.
    pub(crate) fn befall(&mut self, method: Method, arguments: &Arguments) -> Option<Fault> {
        for rule in &mut self.0 {
            if !rule.matches(method, arguments) {
                continue;
            }
            if rule.skipped > 0 {
                rule.skipped -= 1;
                continue;
            }
            if rule.left != u32::MAX {
                rule.left -= 1;
            }
            return Some(rule.fault.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn to(channel: &str) -> Arguments {
        Arguments(json!({"channel": channel}).as_object().unwrap().clone())
    }

    #[test]
    fn a_rule_befalls_the_nth_matching_call_and_is_used_up() {
        let mut rules = Rules::default();
        rules.add(Rule::on(Method::ChatPostMessage, Fault::CutBefore).within(ChannelId::new("C1")).after(1).times(2));
        let mut befallen = |method, channel| rules.befall(method, &to(channel)).is_some();
        assert!(!befallen(Method::ChatPostMessage, "C1"), "lets the first pass");
        assert!(!befallen(Method::ChatPostMessage, "C2"), "another channel");
        assert!(!befallen(Method::ChatDelete, "C1"), "another method");
        assert!(befallen(Method::ChatPostMessage, "C1"));
        assert!(befallen(Method::ChatPostMessage, "C1"));
        assert!(!befallen(Method::ChatPostMessage, "C1"), "used up");
        assert_eq!(rules.pending(), 0);
    }

    #[test]
    fn rules_apply_in_the_order_they_were_set() {
        let mut rules = Rules::default();
        rules.add(Rule::on(Method::ChatPostMessage, Fault::Status(500)));
        rules.add(Rule::on(Method::ChatPostMessage, Fault::Html));
        assert_eq!(rules.befall(Method::ChatPostMessage, &to("C1")), Some(Fault::Status(500)));
        assert_eq!(rules.befall(Method::ChatPostMessage, &to("C1")), Some(Fault::Html));
    }
}
