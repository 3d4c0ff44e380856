//! The findings as an operator reads them.

use anstyle::Style;

use super::finding::{Finding, Verdict};
use crate::terminal::{BAD, BOLD, Cell, DIM, DOUBTFUL, GOOD, Table};

impl Verdict {
    fn told(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::CannotTell => "cannot tell",
            Self::NotUsed => "not used",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => GOOD,
            Self::Warning => DOUBTFUL,
            Self::Failed => BAD,
            Self::CannotTell | Self::NotUsed => DIM,
        }
    }
}

/// A table, and one line that says how it is altogether.
pub(super) fn render(findings: &[Finding], width: Option<usize>) -> String {
    let mut table = Table::new(&["", "VERDICT", "CHECK", "FOUND"]);
    let mut before = "";
    for finding in findings {
        if finding.subject != before {
            table.row([Cell::styled(finding.subject, BOLD)]);
            before = finding.subject;
        }
        let took = finding.latency_ms.map_or_else(String::new, |ms| format!(" ({ms} ms)"));
        let fix = finding.fix.as_ref().map_or_else(String::new, |fix| format!("\n→ {fix}"));
        table.row([
            "".into(),
            Cell::styled(finding.verdict.told(), finding.verdict.style()),
            finding.check.into(),
            format!("{}{took}{fix}", finding.found).into(),
        ]);
    }
    table.render(width) + "\n" + &summary(findings) + "\n"
}

fn summary(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    let (style, text) = match (failed, warnings) {
        (0, 0) => (GOOD, "Everything that was looked at is as it should be.".to_owned()),
        (0, warnings) => (DOUBTFUL, format!("It works; {warnings} of {} checks warn.", findings.len())),
        (failed, _) => (BAD, format!("{failed} of {} checks failed: begin with the first.", findings.len())),
    };
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Findings, *};

    fn findings() -> Vec<Finding> {
        let redis = Findings::about("redis");
        redis.failed(
            "connection",
            "redis://***@cache.example.com:6379/0 closed the connection at once",
            "Try rediss:// (TLS) in REDIS_URL, then the server's allow-list.",
        );
        let rabbitmq = Findings::about("rabbitmq");
        rabbitmq.ok("connection", "amqp://***@broker:5672/%2f, without TLS");
        rabbitmq.warning("dead letters", "2 questions were given up", "Look: threadkeeper dead-letters list.");
        rabbitmq.cannot_tell("form", "the broker does not say");
        let model = Findings::about("language model");
        model.not_used("answers", "answer.mode = extract");
        [redis, rabbitmq, model].into_iter().flat_map(Findings::into_list).collect()
    }

    fn plain(width: Option<usize>) -> String {
        anstream::adapter::strip_str(&render(&findings(), width)).to_string()
    }

    #[test]
    fn the_report_fits_a_wide_terminal() {
        insta::assert_snapshot!(plain(Some(140)));
    }

    #[test]
    fn the_report_fits_a_narrow_terminal() {
        insta::assert_snapshot!(plain(Some(80)));
    }
}
