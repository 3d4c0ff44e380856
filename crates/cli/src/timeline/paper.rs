//! The way of one question on a terminal.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::{
    course::{Course, End, Stretch},
    journey::{Journey, Step, What},
    wording,
};
use crate::terminal::{BAD, BOLD, DIM, DOUBTFUL as SLOW, GOOD, wrapped};

/// A stage that took at least so long is marked between its steps, in µs; the longest one always is.
const WORTH_A_MARK: u64 = 500_000;

/// Below this width, in columns, a worker's random name is cut to what tells it from others.
const WIDE: usize = 100;

/// Columns of the time of day and of the time since the begin, with what is between.
const TIMES: usize = 12 + 1 + 9 + 2;

/// Narrowest column for the step, in columns.
const NARROWEST: usize = 24;

/// Everything about a question, for a terminal of `width` columns.
pub(super) fn question(journey: &Journey, course: &Course, width: usize) -> String {
    let mut text = String::new();
    let id = format!("{}:{}", journey.channel, journey.ts);
    writeln!(text, "{BOLD}Question {id}{BOLD:#}").ok();
    let thread = if journey.thread_ts == journey.ts {
        "begins its thread".to_owned()
    } else {
        format!("thread {}", journey.thread_ts)
    };
    writeln!(text, "{DIM}{thread} · team {} · {}{DIM:#}", journey.team, journey.event_ids.join(", ")).ok();
    writeln!(text, "{DIM}event_key {}{DIM:#}\n", journey.event_key).ok();
    Rows { course, width, who: who_width(journey, width), text: &mut text }.all(journey);
    if journey.left_out > 0 {
        writeln!(text, "{DIM}… and {} more lines{DIM:#}", journey.left_out).ok();
    }
    let colour = match &course.end {
        End::Answered { .. } => GOOD,
        End::GivenUp { .. } => BAD,
        End::Open { .. } => SLOW,
    };
    writeln!(text).ok();
    sentence(&mut text, &wording::ending(course), colour, width);
    if let Some(longest) = course.longest() {
        sentence(&mut text, &wording::longest(course, longest), BOLD, width);
    }
    text
}

fn sentence(text: &mut String, words: &str, style: Style, width: usize) {
    for line in wrapped(&printable(words), Some(width)) {
        writeln!(text, "{style}{line}{style:#}").ok();
    }
}

/// Logs may hold anything: a terminal is not to be steered by it.
fn printable(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn who_width(journey: &Journey, width: usize) -> usize {
    let names = journey.steps.iter().map(|step| shown_name(&step.worker, width).width());
    names.max().unwrap_or_default().max("Slack".len())
}

/// `responder-4f2a91c0`, or `responder-4f2a` where there is little place.
fn shown_name(worker: &str, width: usize) -> &str {
    match worker.rsplit_once('-') {
        Some((service, random)) if width < WIDE && random.len() > 4 => {
            worker.get(..service.len() + 5).unwrap_or(worker)
        }
        _ => worker,
    }
}

struct Rows<'a> {
    course: &'a Course,
    width: usize,
    who: usize,
    text: &'a mut String,
}

impl Rows<'_> {
    fn all(&mut self, journey: &Journey) {
        let course = self.course;
        let mut marks = course.stretches.iter().filter(|stretch| is_marked(course, stretch)).peekable();
        if self.course.began < journey.steps.first().map_or(0, |step| step.at) {
            self.row(self.course.began, "Slack", "asked (by Slack's clock)", Style::new());
        }
        for (step, times) in grouped(&journey.steps) {
            // Where a stage ends, it is said before the step that ended it.
            while let Some(stretch) = marks.next_if(|stretch| stretch.to <= step.at) {
                self.mark(stretch);
            }
            let often = if times > 1 { format!(" (×{times})") } else { String::new() };
            self.row(step.at, &step.worker, &(wording::step(&step.what) + &often), style(&step.what));
        }
    }

    fn mark(&mut self, stretch: &Stretch) {
        let style = if is_longest(self.course, stretch) { SLOW.bold() } else { SLOW };
        let words = format!("{}: {}", wording::duration(stretch.took()), stretch.stage.cause());
        let indent = " ".repeat(12);
        for line in wrapped(&words, Some(self.width.saturating_sub(15).max(NARROWEST))) {
            writeln!(self.text, "{indent} {style}┆ {line}{style:#}").ok();
        }
    }

    fn row(&mut self, at: u64, who: &str, words: &str, style: Style) {
        let since = at.saturating_sub(self.course.began);
        let since = format!("+{}.{:03}", since / 1_000_000, since / 1000 % 1000);
        let who = shown_name(who, self.width);
        let place = self.width.saturating_sub(TIMES + self.who + 2).max(NARROWEST);
        for (number, line) in wrapped(&printable(words), Some(place)).into_iter().enumerate() {
            if number == 0 {
                let pad = " ".repeat(self.who.saturating_sub(who.width()));
                write!(self.text, "{DIM}{}{DIM:#} {since:>9}  {who}{pad}  ", wording::time_of_day(at)).ok();
            } else {
                write!(self.text, "{}", " ".repeat(TIMES + self.who + 2)).ok();
            }
            writeln!(self.text, "{style}{line}{style:#}").ok();
        }
    }
}

fn is_marked(course: &Course, stretch: &Stretch) -> bool {
    stretch.took() >= WORTH_A_MARK || is_longest(course, stretch)
}

fn is_longest(course: &Course, stretch: &Stretch) -> bool {
    course.longest().is_some_and(|longest| std::ptr::eq(longest, stretch))
}

/// Steps that say the same one after the other, as a copy that waits for its turn does, are one row: the first, and how often.
fn grouped(steps: &[Step]) -> Vec<(&Step, usize)> {
    let mut groups: Vec<(&Step, usize)> = Vec::new();
    for step in steps {
        match groups.last_mut() {
            Some((first, times)) if is_again(&first.what, &step.what) => {
                *times += 1;
            }
            _ => groups.push((step, 1)),
        }
    }
    groups
}

fn is_again(before: &What, now: &What) -> bool {
    let repeatable = matches!(now, What::Copy { .. } | What::Said { .. });
    repeatable && wording::step(before) == wording::step(now)
}

fn style(what: &What) -> Style {
    match what {
        What::Answered { .. } => GOOD,
        What::GivenUp { .. } => BAD,
        What::Failed { .. } | What::NotKept | What::Kept { numbered: false, .. } => SLOW,
        What::Said { level, .. } => {
            if level == "ERROR" {
                BAD
            } else {
                SLOW
            }
        }
        What::Copy { outcome, .. } if super::stage::Stage::after_copy(outcome, None, 0).is_none() => DIM,
        _ => Style::new(),
    }
}
