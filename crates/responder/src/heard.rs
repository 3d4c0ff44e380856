//! What others said in a thread that was read from Slack: people whom the bot did not answer, and other apps.

use answers::{Author, Heard};
use shared::{task::Question, ts::MessageTs};
use slack::{
    event::plain_text,
    replies::{Identity, Seen},
};

use crate::rebuild::Exchange;

/// Most messages that are heard: a discussion is understood by its last ones.
const MOST: usize = 50;
/// What is heard of one message, in characters: more is a pasted log or document.
const LONGEST: usize = 2_000;
/// What is heard in all, in characters: about 5,000 tokens, so that a model of 8,000 has room for the sources too.
const MOST_CHARACTERS: usize = 20_000;

/// What others said before the question, oldest first; of much the newest. What is a question with its answer is no part of it,
/// nor what we wrote, nor what was said before the thread was forgotten on request.
pub(crate) fn heard(
    seen: &[Seen],
    exchanges: &[Exchange],
    question: &Question,
    identity: &Identity,
    forgotten: Option<MessageTs>,
) -> Vec<Heard> {
    let is_turn = |message: &Seen| exchanges.iter().any(|exchange| exchange.asked == message.ts);
    let mut others: Vec<&Seen> = seen
        .iter()
        .filter(|message| message.ts < question.ts && forgotten.is_none_or(|forgotten| message.ts > forgotten))
        .filter(|message| message.is_said() && !message.is_by(identity) && !is_turn(message))
        .collect();
    others.sort_by_key(|message| message.ts);
    others.dedup_by_key(|message| message.ts);
    let mut room = MOST_CHARACTERS;
    let mut heard: Vec<Heard> = Vec::new();
    for message in others.into_iter().rev() {
        let text = shorten(plain_text(&message.text, &identity.user));
        if text.is_empty() {
            continue;
        }
        let Some(rest) = room.checked_sub(text.chars().count()).filter(|_| heard.len() < MOST) else { break };
        room = rest;
        heard.push(Heard {
            author: author(message),
            outside: is_outside(message, question, identity),
            text,
            turns_before: exchanges.iter().filter(|exchange| exchange.asked < message.ts).count() * 2,
        });
    }
    heard.reverse();
    heard
}

/// A message with a bot's id is an app's, also where it wrote in a person's name.
fn author(message: &Seen) -> Author {
    match (&message.user, &message.bot_id) {
        (Some(user), None) => Author::Person(user.clone()),
        (_, bot) => Author::App(message.app_name.as_ref().or(bot.as_ref()).cloned().unwrap_or_default()),
    }
}

/// Whose workspace is not known may be anybody's where the channel is shared with another organisation.
fn is_outside(message: &Seen, question: &Question, identity: &Identity) -> bool {
    message.team.as_ref().map_or(question.externally_shared, |team| *team != identity.team)
}

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        // The last character makes room for the mark.
        text.pop();
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use shared::ids::{TeamId, UserId};

    use super::*;
    use crate::rebuild::{
        pair_up,
        tests::{answered, bot, question, said, ts},
    };

    fn heard_in(seen: &[Seen], forgotten: Option<MessageTs>) -> Vec<Heard> {
        let (question, identity) = (question(100), bot());
        let exchanges = pair_up(seen, &question, &identity, forgotten);
        heard(seen, &exchanges, &question, &identity, forgotten)
    }

    fn texts(heard: &[Heard]) -> Vec<&str> {
        heard.iter().map(|heard| heard.text.as_str()).collect()
    }

    fn app(seconds: u64, name: Option<&str>, text: &str) -> Seen {
        let (bot_id, app_name) = (Some("B7".to_owned()), name.map(str::to_owned));
        Seen { user: None, bot_id, app_name, subtype: Some("bot_message".to_owned()), ..said(seconds, "", text) }
    }

    #[test]
    fn what_others_said_is_heard_in_its_place_between_the_turns() {
        let seen = [
            said(5, "U3", "after &amp; before"),
            said(1, "U1", "Kim rolls back"),
            said(2, "U2", "<@UBOT> one?"),
            answered(3, 2, "first"),
            app(4, Some("Alerts"), "it burns"),
            said(100, "U1", "now?"),
            said(101, "U1", "later"),
        ];
        let heard = heard_in(&seen, None);
        assert_eq!(texts(&heard), ["Kim rolls back", "it burns", "after & before"]);
        assert_eq!(heard.iter().map(|heard| heard.turns_before).collect::<Vec<_>>(), [0, 2, 2]);
        assert_eq!(heard[0].author, Author::Person(UserId::new("U1")));
        assert_eq!(heard[1].author, Author::App("Alerts".to_owned()));
    }

    #[test]
    fn what_we_or_slack_wrote_and_what_says_nothing_is_not_heard() {
        let joined = Seen { subtype: Some("channel_join".to_owned()), ..said(3, "U2", "has joined") };
        let seen = [said(1, "UBOT", "I could not answer"), said(2, "U1", "<@UBOT>"), joined];
        assert_eq!(heard_in(&seen, None), []);
    }

    #[test]
    fn what_was_said_before_the_thread_was_forgotten_is_not_heard() {
        let seen = [said(1, "U1", "old"), said(5, "U1", "forget"), said(6, "U1", "new")];
        assert_eq!(texts(&heard_in(&seen, Some(ts(5)))), ["new"]);
    }

    #[test]
    fn of_many_messages_the_newest_are_heard() {
        let seen: Vec<Seen> = (1..=60).map(|n| said(n, "U1", &format!("remark {n}"))).collect();
        let heard = heard_in(&seen, None);
        assert_eq!((heard.len(), texts(&heard)[0], texts(&heard)[MOST - 1]), (MOST, "remark 11", "remark 60"));
    }

    #[test]
    fn a_long_message_is_cut_and_all_together_are_bounded() {
        let seen: Vec<Seen> = (1..=20).map(|n| said(n, "U1", &"ä".repeat(3_000))).collect();
        let heard = heard_in(&seen, None);
        assert_eq!(heard.len(), MOST_CHARACTERS / LONGEST);
        for text in texts(&heard) {
            assert!(text.chars().count() == LONGEST && text.ends_with('…'), "{text}");
        }
    }

    #[rstest]
    #[case::ours(Some("T1"), true, false)]
    #[case::theirs(Some("T2"), false, true)]
    #[case::unknown_in_a_shared_channel(None, true, true)]
    #[case::unknown_inside(None, false, false)]
    fn people_of_another_workspace_are_outside(
        #[case] team: Option<&str>,
        #[case] shared: bool,
        #[case] outside: bool,
    ) {
        let question = Question { externally_shared: shared, ..question(100) };
        let seen = [Seen { team: team.map(TeamId::new), ..said(1, "U1", "hello") }];
        assert_eq!(heard(&seen, &[], &question, &bot(), None)[0].outside, outside);
    }

    #[test]
    fn an_app_without_a_name_is_known_by_its_id() {
        assert_eq!(heard_in(&[app(1, None, "it burns")], None)[0].author, Author::App("B7".to_owned()));
    }
}
