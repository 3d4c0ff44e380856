//! What happens in an attack and when, drawn from a seed before anything is started.

use std::time::Duration;

use playground::{Fault, Method};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::Options;
use crate::ledger::Manner;

/// Threads beside the busy one; each channel has this many of them.
const CHANNELS: usize = 12;
const THREADS: usize = 48;

/// About each so many questions there is a burst of so many at the same moment.
const BURST_EACH: u32 = 50;
const BURST: usize = 12;

/// A delivery that is repeated comes up to this much later.
const AGAIN_WITHIN: Duration = Duration::from_secs(4);

/// Shorter than a lease of 2 s, or longer than it and the time to look in Slack.
const FREEZE: std::ops::Range<u64> = 300..5000;

/// What an answer that is streamed needs.
const STREAMED: [Method; 4] =
    [Method::ChatStartStream, Method::ChatAppendStream, Method::ChatStopStream, Method::ChatUpdate];

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// When, after the start.
    pub at: Duration,
    /// Number of the channel.
    pub channel: usize,
    /// Name of the thread.
    pub thread: String,
    /// How Slack tells of it.
    pub manner: Manner,
}

/// A process of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The ingress of this number.
    Ingress(usize),
    /// The responder of this number.
    Responder(usize),
}

/// What is done to the stack or to Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL, and a new process at once.
    Kill(Target),
    /// SIGSTOP, and SIGCONT after this time.
    Freeze(Target, Duration),
    /// SIGTERM, and a new process when it has left.
    Restart(Target),
    /// The next so many calls of the method that posts, or of one that streams, meet this.
    Slack(Method, Fault, u32),
}

/// The whole of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The questions, in the order of their time.
    pub questions: Vec<Asking>,
    /// The blows, in the order of their time.
    pub blows: Vec<(Duration, Blow)>,
}

impl Schedule {
    /// How many channels it needs.
    pub const CHANNELS: usize = CHANNELS;

    /// The schedule of these options; the same one each time.
    pub fn draw(options: &Options) -> Self {
        let mut random = StdRng::seed_from_u64(options.seed);
        Self { questions: questions(&mut random, options), blows: blows(&mut random, options) }
    }
}

fn questions(random: &mut StdRng, options: &Options) -> Vec<Asking> {
    let mut moments = Vec::with_capacity(options.events);
    while moments.len() < options.events {
        let at = moment(random, options.lasting);
        let together = if random.random_ratio(1, BURST_EACH) { BURST } else { 1 };
        moments.extend(std::iter::repeat_n(at, together.min(options.events - moments.len())));
    }
    moments.sort_unstable();
    let asking = |at| {
        let (channel, thread) = if random.random_ratio(1, 3) {
            (0, "busy".to_owned())
        } else {
            let number = random.random_range(0..THREADS);
            (1 + number % (CHANNELS - 1), format!("thread {number}"))
        };
        let again = random.random_ratio(1, 4);
        let again_after = again.then(|| moment(random, AGAIN_WITHIN));
        Asking { at, channel, thread, manner: Manner { twin: random.random(), again_after } }
    };
    moments.into_iter().map(asking).collect()
}

fn blows(random: &mut StdRng, options: &Options) -> Vec<(Duration, Blow)> {
    let mut blows = Vec::new();
    for _ in 0..options.kills {
        blows.push((moment(random, options.lasting), Blow::Kill(target(random, options))));
    }
    // Fewer of those that last longer than a kill.
    for _ in 0..options.kills.div_ceil(4) {
        let lasting = Duration::from_millis(random.random_range(FREEZE));
        blows.push((moment(random, options.lasting), Blow::Freeze(target(random, options), lasting)));
        blows.push((moment(random, options.lasting), Blow::Restart(target(random, options))));
    }
    // Every kind of fault in turn, so that no seed leaves one out.
    for number in 0..options.kills.div_ceil(2) {
        let fault = fault(random, number);
        // Slowness costs nothing, and is when a crash finds a call under way.
        let slow = matches!(fault, Fault::Slow { .. } | Fault::SlowAnswer { .. });
        let method = if options.streaming {
            *STREAMED.choose(random).unwrap_or(&Method::ChatPostMessage)
        } else {
            Method::ChatPostMessage
        };
        let blow = Blow::Slack(method, fault, random.random_range(if slow { 10..=40 } else { 1..=3 }));
        blows.push((moment(random, options.lasting), blow));
    }
    blows.sort_by_key(|(at, _)| *at);
    blows
}

fn target(random: &mut StdRng, options: &Options) -> Target {
    let place = random.random_range(0..options.ingresses + options.responders);
    place.checked_sub(options.ingresses).map_or(Target::Ingress(place), Target::Responder)
}

/// The faults in turn that a client that posts once has to survive. Left out is a call that Slack executes
/// only after the next attempt has looked for it: `chat.postMessage` cannot be fenced, and with a crash at the same time,
/// before the copy for the clean-up was left, two answers may stay.
fn fault(random: &mut StdRng, number: usize) -> Fault {
    let mut millis = |range| Duration::from_millis(random.random_range(range));
    match number % 9 {
        0 => Fault::TookEffectThenCut,
        1 => Fault::SlowAnswer { by: millis(100..900) },
        2 => Fault::Slow { by: millis(100..900) },
        3 => Fault::Status(500),
        4 => Fault::CutBefore,
        5 => Fault::Hang { lasting: millis(500..3000) },
        6 => Fault::RepliesLag { by: millis(100..900) },
        7 => Fault::RateLimit { retry_after: Duration::from_secs(1) },
        _ => Fault::Html,
    }
}

fn moment(random: &mut StdRng, within: Duration) -> Duration {
    within.mul_f64(random.random())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(seed: u64) -> Options {
        Options { events: 600, kills: 20, seed, ..Options::default() }
    }

    #[test]
    fn a_seed_gives_the_same_schedule_each_time_and_another_seed_another_one() {
        assert_eq!(Schedule::draw(&options(1)), Schedule::draw(&options(1)));
        assert_ne!(Schedule::draw(&options(1)), Schedule::draw(&options(2)));
    }

    #[test]
    fn a_schedule_holds_what_was_asked_for() {
        let schedule = Schedule::draw(&options(7));
        let questions = &schedule.questions;
        assert_eq!(questions.len(), 600);
        assert!(questions.is_sorted_by_key(|asking| asking.at));
        let share = |fits: &dyn Fn(&Asking) -> bool| questions.iter().filter(|asking| fits(asking)).count() * 12 / 600;
        assert!((3..=4).contains(&share(&|asking| asking.thread == "busy")), "a third in one thread");
        assert!((5..=6).contains(&share(&|asking| asking.manner.twin)), "half with a twin");
        assert!((2..=3).contains(&share(&|asking| asking.manner.again_after.is_some())), "a quarter twice");
        assert!(questions.windows(2).any(|pair| pair[0].at == pair[1].at), "bursts");
        let kills = schedule.blows.iter().filter(|(_, blow)| matches!(blow, Blow::Kill(_))).count();
        assert_eq!(kills, 20);
        assert!(schedule.blows.is_sorted_by_key(|(at, _)| *at));
    }
}
