//! Whether the promise was kept: judges what can be seen after everything has settled.

use std::{fmt, time::Instant};

use shared::ts::MessageTs;

/// A question as it was asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its identity in its channel.
    pub ts: MessageTs,
    /// What was asked, without the mention.
    pub text: String,
    /// When it was said.
    pub said_at: Instant,
    /// When the first of its events was answered 200; none = never, and then nothing is owed.
    pub acked_at: Option<Instant>,
}

/// A visible answer of echo mode: its messages together.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its place in the channel.
    pub ts: MessageTs,
    /// Its text.
    pub text: String,
    /// When it became visible.
    pub at: Instant,
}

impl Answer {
    /// The turn that it says it is, if it is the echo of `question`.
    fn turn_of(&self, question: &str) -> Option<usize> {
        // An answer that grows says other things before.
        let said = self.text.trim_end().lines().last()?;
        let rest = said.strip_prefix(&format!("answer to: {question} (turn "))?;
        rest.strip_suffix(')')?.parse().ok()
    }
}

/// One entry of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// What can be seen of a thread.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Its name, for people.
    pub name: String,
    /// Its questions in the order in which they were said, each with its visible answers.
    pub questions: Vec<(Question, Vec<Answer>)>,
    /// Its context in Redis.
    pub context: Option<Vec<Entry>>,
    /// Messages of the bot in it that are neither an answer nor a notice.
    pub unfinished: Vec<MessageTs>,
}

/// How much is owed; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// One visible answer to each question that was taken: also when Redis lost its data.
    OneAnswer,
    /// Each answer knows the turns that were answered before it: also when questions came in while Redis was away.
    Context,
    /// A question that was taken before another one of its thread was said is answered before it.
    Order,
}

/// What was seen, and each breach of the promise as a sentence.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Questions that were said.
    pub sent: usize,
    /// Questions that were taken: answered 200 at least once.
    pub acked: usize,
    /// Questions with a visible answer.
    pub answered: usize,
    /// Taken, and without an answer.
    pub lost: Vec<String>,
    /// With more than one visible answer.
    pub duplicated: Vec<String>,
    /// The beginning of an answer that nobody has finished or removed.
    pub unfinished: Vec<String>,
    /// Answered after a question that was said later.
    pub out_of_order: Vec<String>,
    /// Answered without the turns before it, or with wrong ones; or a context that does not hold what was said.
    pub wrong_context: Vec<String>,
}

impl Verdict {
    /// Judges threads.
    pub fn of(threads: &[Thread], promise: Promise) -> Self {
        let mut verdict = Self::default();
        for thread in threads {
            verdict.judge(thread, promise);
        }
        verdict
    }

    /// Whether everything that was owed was given.
    pub fn is_good(&self) -> bool {
        self.breaches().next().is_none()
    }

    /// All breaches, each with its kind.
    pub fn breaches(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let kinds = [
            ("lost", &self.lost),
            ("duplicated", &self.duplicated),
            ("unfinished", &self.unfinished),
            ("out of order", &self.out_of_order),
            ("wrong context", &self.wrong_context),
        ];
        kinds.into_iter().flat_map(|(kind, breaches)| breaches.iter().map(move |breach| (kind, breach)))
    }

    fn judge(&mut self, thread: &Thread, promise: Promise) {
        let name = &thread.name;
        self.unfinished.extend(thread.unfinished.iter().map(|ts| format!("{name}, {ts}")));
        // Question and answer in the order in which the answers came.
        let mut turns = Vec::new();
        for (question, answers) in &thread.questions {
            self.sent += 1;
            self.acked += usize::from(question.acked_at.is_some());
            match answers.as_slice() {
                [] if question.acked_at.is_some() => self.lost.push(format!("{name}, {}", question.ts)),
                [] => {}
                [answer] => turns.push((question, answer)),
                several @ [first, ..] => {
                    // The rest of the thread is judged as if only the first were there.
                    turns.push((question, first));
                    let all = several.iter().map(|answer| answer.ts.to_string()).collect::<Vec<_>>().join(", ");
                    self.duplicated.push(format!("{name}, {}: answered by {all}", question.ts));
                }
            }
            self.answered += usize::from(!answers.is_empty());
        }
        turns.sort_by_key(|(_, answer)| answer.ts);
        if promise >= Promise::Context {
            self.judge_context(name, &turns, thread.context.as_deref());
        }
        if promise >= Promise::Order {
            self.judge_order(name, &turns);
        }
    }

    fn judge_context(&mut self, name: &str, turns: &[(&Question, &Answer)], context: Option<&[Entry]>) {
        for (place, (question, answer)) in turns.iter().enumerate() {
            let (turn, wanted) = (answer.turn_of(&question.text), place + 1);
            if turn != Some(wanted) {
                self.wrong_context.push(format!(
                    "{name}, {}: its answer is number {wanted} of the thread and says `{}`",
                    question.ts, answer.text
                ));
            }
        }
        let entry = |role: &str, content: &str| Entry { role: role.to_owned(), content: words(content) };
        let said = turns.iter();
        let wanted: Vec<_> = said.flat_map(|(q, a)| [entry("user", &q.text), entry("assistant", &a.text)]).collect();
        let found: Vec<_> =
            context.unwrap_or_default().iter().map(|found| entry(&found.role, &found.content)).collect();
        if found != wanted.as_slice() {
            let place = found.iter().zip(&wanted).take_while(|(found, wanted)| found == wanted).count();
            self.wrong_context.push(format!(
                "{name}: its context has {} entries for {} that were said, and differs from entry {place} on: {:?} in \
                 the place of {:?}",
                found.len(),
                wanted.len(),
                found.get(place).map(|entry| &entry.content),
                wanted.get(place).map(|entry| &entry.content),
            ));
        }
    }

    fn judge_order(&mut self, name: &str, turns: &[(&Question, &Answer)]) {
        for (place, (earlier, _)) in turns.iter().enumerate() {
            // `earlier` was answered earlier; was it also said earlier than everything that was taken before it?
            let overtaken = turns[place + 1..]
                .iter()
                .find(|(later, _)| later.acked_at.is_some_and(|acked| acked < earlier.said_at));
            if let Some((overtaken, _)) = overtaken {
                self.out_of_order.push(format!(
                    "{name}, {}: answered after {}, which was said when it had been taken",
                    overtaken.ts, earlier.ts
                ));
            }
        }
    }
}

/// A text without its white space: an answer of several messages is cut at some.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} asked, {} taken, {} answered", self.sent, self.acked, self.answered)?;
        for (kind, breach) in self.breaches() {
            write!(f, "\n{kind}: {breach}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A thread whose questions were each said after the one before was taken; `answers` by question, each with its
    /// place in the channel and its turn.
    fn thread(answers: &[&[(u64, usize)]]) -> Thread {
        let start = Instant::now();
        let mut questions = Vec::new();
        let mut context = Vec::new();
        for (number, answers) in answers.iter().enumerate() {
            let said_at = start + Duration::from_secs(number as u64);
            let text = format!("question {number}");
            let ts = MessageTs::from_micros(number as u64 + 1).unwrap();
            let seen: Vec<_> = answers
                .iter()
                .map(|(place, turn)| Answer {
                    ts: MessageTs::from_micros(1000 + place).unwrap(),
                    text: format!("answer to: {text} (turn {turn})"),
                    at: start,
                })
                .collect();
            if let [answer] = seen.as_slice() {
                let entry = |role: &str, content: &str| Entry { role: role.to_owned(), content: content.to_owned() };
                context.push((answer.ts, [entry("user", &text), entry("assistant", &answer.text)]));
            }
            let acked_at = Some(said_at + Duration::from_millis(10));
            questions.push((Question { ts, text, said_at, acked_at }, seen));
        }
        context.sort_by_key(|(ts, _)| *ts);
        let context = context.into_iter().flat_map(|(_, pair)| pair).collect();
        Thread { name: "t".to_owned(), questions, context: Some(context), unfinished: Vec::new() }
    }

    fn kinds(thread: &Thread, promise: Promise) -> Vec<&'static str> {
        Verdict::of(std::slice::from_ref(thread), promise).breaches().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_thread_answered_in_order_is_good() {
        let thread = thread(&[&[(1, 1)], &[(2, 2)], &[(3, 3)]]);
        let verdict = Verdict::of(&[thread], Promise::Order);
        assert!(verdict.is_good(), "{verdict}");
        assert_eq!((verdict.sent, verdict.acked, verdict.answered), (3, 3, 3));
    }

    #[test]
    fn a_question_without_an_answer_is_lost_if_it_was_taken() {
        let mut thread = thread(&[&[(1, 1)], &[]]);
        assert_eq!(kinds(&thread, Promise::OneAnswer), ["lost"]);
        thread.questions[1].0.acked_at = None;
        assert!(kinds(&thread, Promise::Order).is_empty());
    }

    #[test]
    fn two_answers_are_one_too_many_also_to_a_question_that_was_not_taken() {
        let mut thread = thread(&[&[(1, 1), (2, 1)]]);
        assert_eq!(kinds(&thread, Promise::OneAnswer), ["duplicated"]);
        thread.questions[0].0.acked_at = None;
        assert_eq!(kinds(&thread, Promise::OneAnswer), ["duplicated"]);
    }

    #[test]
    fn an_answer_that_does_not_know_the_turn_before_it_has_the_wrong_context() {
        let thread = thread(&[&[(1, 1)], &[(2, 1)]]);
        assert_eq!(kinds(&thread, Promise::Context), ["wrong context"]);
        assert!(kinds(&thread, Promise::OneAnswer).is_empty());
    }

    #[test]
    fn a_context_that_misses_or_repeats_a_turn_is_wrong() {
        let mut missing = thread(&[&[(1, 1)], &[(2, 2)]]);
        missing.context = None;
        assert_eq!(kinds(&missing, Promise::Context), ["wrong context"]);
        let mut repeated = thread(&[&[(1, 1)], &[(2, 2)]]);
        let pair = repeated.context.as_ref().unwrap()[..2].to_vec();
        repeated.context.as_mut().unwrap().extend(pair);
        assert_eq!(kinds(&repeated, Promise::Context), ["wrong context"]);
    }

    #[test]
    fn a_beginning_that_nobody_finished_is_a_breach_whatever_is_owed() {
        let mut thread = thread(&[&[(1, 1)]]);
        thread.unfinished.push(MessageTs::from_micros(7).unwrap());
        assert_eq!(kinds(&thread, Promise::OneAnswer), ["unfinished"]);
    }

    #[test]
    fn an_answer_that_grew_is_judged_by_its_last_line() {
        let mut thread = thread(&[&[(1, 1)]]);
        let (question, answers) = &mut thread.questions[0];
        answers[0].text = format!("First.\nSecond.\n\nanswer to: {} (turn 1)", question.text);
        thread.context.as_mut().unwrap()[1].content = format!("First.\nSecond.\nanswer to: {} (turn 1)", question.text);
        assert!(kinds(&thread, Promise::Order).is_empty());
        thread.questions[0].1[0].text = "First.".to_owned();
        assert_eq!(kinds(&thread, Promise::Context).len(), 2);
    }

    #[test]
    fn an_answer_before_that_of_a_question_taken_earlier_is_out_of_order() {
        let mut thread = thread(&[&[(2, 2)], &[(1, 1)]]);
        assert_eq!(kinds(&thread, Promise::Order), ["out of order"]);
        assert!(kinds(&thread, Promise::Context).is_empty());
        // Said at nearly the same moment: nobody is owed an order.
        thread.questions[0].0.acked_at = Some(thread.questions[1].0.said_at);
        assert!(kinds(&thread, Promise::Order).is_empty());
    }
}
