//! Permits: so many at once, then one at a time, for all workers together.

use std::time::Duration;

use super::{Laboratory, Thread};
use crate::{
    outcome::{Pace, Permit},
    store::ThreadStore,
};

const PACE: Pace = Pace { interval: Duration::from_secs(10), burst: 2 };

async fn ask(thread: &Thread<'_, impl Laboratory>) -> Permit {
    thread.laboratory.store().permit(&thread.conversation.to_string(), PACE).await.expect("permit")
}

/// A burst, and then the rate.
pub async fn permits_come_in_a_burst_and_then_at_the_rate(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(ask(&thread).await, Permit::Granted);
    assert_eq!(ask(&thread).await, Permit::Granted);
    let Permit::Wait(left) = ask(&thread).await else { panic!("a third permit at once") };
    assert!(left <= PACE.interval && left > PACE.interval / 2, "{left:?}");
    laboratory.advance(PACE.interval);
    assert_eq!(ask(&thread).await, Permit::Granted);
    assert!(matches!(ask(&thread).await, Permit::Wait(_)));
}

/// Slack said `Retry-After` to one worker; the others need not ask.
pub async fn a_lane_on_hold_gives_no_permit_until_the_time_is_over(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let (lane, hold) = (thread.conversation.to_string(), Duration::from_mins(1));
    laboratory.store().hold(&lane, PACE, hold).await.expect("hold");
    let Permit::Wait(left) = ask(&thread).await else { panic!("a permit on hold") };
    assert!(left <= hold && left > hold / 2, "{left:?}");
    laboratory.advance(hold);
    assert_eq!(ask(&thread).await, Permit::Granted);
}
