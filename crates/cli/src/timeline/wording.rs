//! Times and steps as people read them.

use super::{
    course::{Course, End, Stretch},
    journey::What,
};

/// A duration in µs.
pub(super) fn duration(micros: u64) -> String {
    let millis = micros / 1000;
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{:02} s", millis % 1000 / 10),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The time of day in UTC of µs since 1970, to the ms.
pub(super) fn time_of_day(micros: u64) -> String {
    let millis = micros / 1000 % 86_400_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A step in plain words.
pub(super) fn step(what: &What) -> String {
    match what {
        What::Kept { numbered, slack_retry, took_ms } => {
            let number =
                if *numbered { "with its number in the thread" } else { "without a number: Redis could not be asked" };
            let again = if *slack_retry { ", as Slack had sent it again" } else { "" };
            format!("received{again}; kept in RabbitMQ, {number}, after {took_ms} ms")
        }
        What::NotKept => "not kept: RabbitMQ did not confirm; Slack sends it again".to_owned(),
        What::Claimed { attempt } => format!("claimed, attempt {attempt}"),
        What::AnswerMade => "answer made".to_owned(),
        What::Posting => "post announced in Redis, Slack is called".to_owned(),
        What::Posted => "answer is visible in Slack".to_owned(),
        What::Answered { outcome } => match outcome.as_str() {
            "adopted" => "answer of an earlier attempt found in Slack, recorded".to_owned(),
            "answered_in_place" => "answer recorded, in the place of the notice".to_owned(),
            _ => "answer recorded".to_owned(),
        },
        What::Failed { attempt, reason } => format!("attempt {attempt} failed: {reason}"),
        What::GivenUp { attempts, reason } => format!("given up after {attempts} attempts, kept in `dead`: {reason}"),
        What::Copy { outcome, wait_ms, before, .. } => copy(outcome, *wait_ms, *before),
        What::Said { level, message } => format!("{level} {message}"),
    }
}

fn copy(outcome: &str, wait_ms: Option<u64>, before: Option<u64>) -> String {
    let again = wait_ms.map(|wait| format!(", looks again in {}", duration(wait * 1000))).unwrap_or_default();
    let what = match outcome {
        "waits" => match before {
            None | Some(0) => "another worker has its thread".to_owned(),
            Some(1) => "not its turn, 1 question is before it".to_owned(),
            Some(before) => format!("not its turn, {before} questions are before it"),
        },
        "settling" | "other_epoch" => "waits: Redis had lost data".to_owned(),
        "attempt_failed" => "rests".to_owned(),
        "store_away" => "given back: Redis is away".to_owned(),
        "store_error" => "waits: Redis refused a call for it".to_owned(),
        "model_away" => "waits: what answers are made from is away".to_owned(),
        "slack_away" | "slack_refuses" => "waits: Slack is away".to_owned(),
        "paced" => "waits: its channel has had its messages for the second".to_owned(),
        "rate_limited" => "waits: Slack asked to (429)".to_owned(),
        "post_unknown" | "post_late" | "slack_silent" | "slack_asked_later" => {
            "waits: Slack is asked later whether it has the answer".to_owned()
        }
        "cannot_remember" => "waits: Slack does not show the turns before it".to_owned(),
        "untold" => "waits: its person is to be told".to_owned(),
        "handed_over" => "handed over: its worker was told to stop".to_owned(),
        "done" => "another copy: it is answered already".to_owned(),
        "twin" => "another copy: it is being answered".to_owned(),
        "dead" => "another copy: it was given up".to_owned(),
        "withdrawn" => "another copy: it was withdrawn".to_owned(),
        "superseded" => "another answer was recorded, this one is removed".to_owned(),
        "swept" => "looked for late answers in Slack".to_owned(),
        "sweep_waits" | "sweep_given_up" => "looks for late answers in Slack".to_owned(),
        "answered" | "answered_in_place" | "adopted" | "given_up" => "copy removed from the queue".to_owned(),
        other => format!("copy settled: {other}"),
    };
    what + &again
}

/// How it ended, in one sentence.
pub(super) fn ending(course: &Course) -> String {
    let took = duration(course.took());
    match &course.end {
        End::Answered { worker, attempt, .. } if *attempt > 1 => {
            format!("Answered in {took} by {worker}, attempt {attempt}.")
        }
        End::Answered { worker, .. } => format!("Answered in {took} by {worker}."),
        End::GivenUp { attempts, reason, .. } => format!("Given up after {took} and {attempts} attempts: {reason}"),
        End::Open { .. } => format!("Not answered in these logs; the last line comes {took} after the question."),
    }
}

/// The stage that took longest, in one sentence.
pub(super) fn longest(course: &Course, stretch: &Stretch) -> String {
    format!("Longest stage, {} of {}: {}.", duration(stretch.took()), duration(course.took()), stretch.stage.cause())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_or_two_units() {
        let texts = [999, 999_999, 1_000_000, 59_994_000, 60_000_000, 3_725_000_000].map(duration);
        assert_eq!(texts, ["0 ms", "999 ms", "1.00 s", "59.99 s", "1 min 0 s", "1 h 2 min"]);
    }

    #[test]
    fn times_of_day_are_utc() {
        assert_eq!(time_of_day(1_795_568_523_004_000), "01:02:03.004");
    }
}
