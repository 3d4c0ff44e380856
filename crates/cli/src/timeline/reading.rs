//! Reads logs line by line and keeps what tells of questions, in bounded memory.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead, Read as _},
    rc::Rc,
};

use super::{
    course::{Course, End},
    journey::Journey,
    line::Line,
    outages::{MARKS, Outages},
    subject::Subject,
};

/// Questions that are kept at the same time, some 3 KB each. Over it, the fastest of those that were answered go.
const MOST_QUESTIONS: usize = 50_000;

/// Longest line that is looked at, in bytes; what follows is no line of ours.
const LONGEST_LINE: u64 = 64 * 1024;

/// What was read.
#[derive(Default)]
pub(super) struct Logs {
    /// What is asked about; none = every question.
    subject: Option<Subject>,
    journeys: HashMap<(String, String), Journey>,
    pub(super) outages: Outages,
    workers: HashSet<Rc<str>>,
    /// Lines of ours.
    pub(super) lines: u64,
    /// Questions that were forgotten again, to stay within the memory.
    pub(super) forgotten: usize,
}

impl Logs {
    /// Nothing yet; of what is read, only questions of `subject` matter, if there is one.
    pub(super) fn about(subject: Option<Subject>) -> Self {
        Self { subject, ..Self::default() }
    }

    /// Reads `source` to its end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(super) fn read(&mut self, mut source: impl BufRead) -> io::Result<()> {
        let needle = self.subject.as_ref().and_then(Subject::needle);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if (&mut source).take(LONGEST_LINE).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&bytes);
            if needle.as_ref().is_none_or(|needle| text.contains(needle))
                || MARKS.iter().any(|mark| text.contains(mark))
            {
                self.take(&text);
            }
        }
    }

    fn take(&mut self, text: &str) {
        let Some(line) = Line::parse(text) else { return };
        let Some(at) = line.at() else { return };
        self.lines += 1;
        let (Some(channel), Some(ts)) = (&line.channel, &line.ts) else {
            self.outages.note(line.outcome.as_deref().unwrap_or_default(), &line.worker, at);
            return;
        };
        let key = (channel.to_string(), ts.to_string());
        let worker = self.name(&line.worker);
        self.journeys.entry(key).or_insert_with(|| Journey::of(&line)).add(&line, at, worker);
        if self.journeys.len() > MOST_QUESTIONS {
            self.forget();
        }
    }

    /// One text for all steps of a worker.
    fn name(&mut self, worker: &str) -> Rc<str> {
        if let Some(known) = self.workers.get(worker) {
            return Rc::clone(known);
        }
        let worker = Rc::<str>::from(worker);
        self.workers.insert(Rc::clone(&worker));
        worker
    }

    /// Forgets a quarter: the fastest of those that were answered, and then others; never what is asked about.
    fn forget(&mut self) {
        let subject = self.subject.as_ref();
        let mut by_time: Vec<_> = self
            .journeys
            .iter_mut()
            .filter(|(_, journey)| subject.is_none_or(|subject| !subject.is(journey)))
            .map(|(key, journey)| {
                journey.steps.sort_by_key(|step| step.at);
                let course = Course::of(journey, &Outages::default());
                let answered = matches!(course.end, End::Answered { .. });
                ((!answered, course.took()), key.clone())
            })
            .collect();
        by_time.sort_unstable();
        for (_, key) in by_time.into_iter().take(MOST_QUESTIONS / 4) {
            self.journeys.remove(&key);
            self.forgotten += 1;
        }
    }

    /// The questions that are asked about, with their ways, in the order in which they were asked.
    pub(super) fn questions(mut self) -> Vec<(Journey, Course)> {
        self.outages.complete();
        let subject = self.subject.as_ref();
        let wanted = |journey: &Journey| subject.is_none_or(|subject| subject.is(journey));
        let journeys = self.journeys.into_values().filter(|journey| !journey.steps.is_empty() && wanted(journey));
        let mut questions: Vec<_> = journeys
            .map(|mut journey| {
                journey.steps.sort_by_key(|step| step.at);
                let course = Course::of(&journey, &self.outages);
                (journey, course)
            })
            .collect();
        questions.sort_by(|(a, _), (b, _)| (&a.ts, &a.channel).cmp(&(&b.ts, &b.channel)));
        questions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ts: u64, ms: u64, service: &str, outcome: &str) -> String {
        format!(
            "{service}-1  | {{\"timestamp\":\"2026-11-25T01:00:00.{ms:03}000Z\",\"level\":\"INFO\",\"message\":\"…\",\
             \"service\":\"{service}\",\"worker\":\"{service}-1\",\"slack.channel_id\":\"C1\",\"slack.ts\":\"{ts}.000001\",\
             \"slack.event_id\":\"Ev{ts}\",\"outcome\":\"{outcome}\"}}\n"
        )
    }

    fn read(subject: Option<Subject>, text: &str) -> Logs {
        let mut logs = Logs::about(subject);
        logs.read(text.as_bytes()).unwrap();
        logs
    }

    #[test]
    fn services_may_come_one_after_the_other_and_between_lines_of_others() {
        let text = line(1, 9, "responder", "answered") + "Attaching to ingress-1\n" + &line(1, 1, "ingress", "kept");
        let questions = read(None, &text).questions();
        let order: Vec<_> = questions[0].0.steps.iter().map(|step| &*step.worker).collect();
        assert_eq!(order, ["ingress-1", "responder-1"]);
    }

    #[test]
    fn only_what_is_asked_about_is_told() {
        let text: String = (1..=5).map(|ts| line(ts, 1, "ingress", "kept")).collect();
        let questions = read(Some(Subject::parse("Ev3").unwrap()), &text).questions();
        assert_eq!(questions.iter().map(|(journey, _)| &*journey.ts).collect::<Vec<_>>(), ["3.000001"]);
    }

    #[test]
    fn a_line_that_never_ends_costs_no_memory_and_hides_no_other() {
        let endless = "x".repeat(3 * 1024 * 1024) + "\n";
        let logs = read(None, &(endless + &line(1, 1, "ingress", "kept")));
        assert_eq!((logs.lines, logs.questions().len()), (1, 1));
    }

    #[test]
    fn what_is_asked_about_stays_when_others_are_forgotten() {
        let mut logs = Logs::about(Some(Subject::parse("Ev7").unwrap()));
        for ts in 0..=MOST_QUESTIONS as u64 {
            logs.take(&line(ts, 1, "ingress", "kept"));
            logs.take(&line(ts, 2, "responder", "answered"));
        }
        assert_eq!(
            (logs.forgotten, logs.journeys.len()),
            (MOST_QUESTIONS / 4, MOST_QUESTIONS + 1 - MOST_QUESTIONS / 4)
        );
        assert_eq!(logs.questions().len(), 1);
    }
}
