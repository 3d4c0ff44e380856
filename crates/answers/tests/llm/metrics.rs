//! Whoever is on call sees tokens, latencies and failures of each model.

use answers::AnswerError;
use metrics_exporter_prometheus::PrometheusBuilder;
use simulated_model::{Ending, Reply};

use crate::Laboratory;

/// What `/metrics` shows after one question.
fn shown_after(laboratory: &Laboratory) -> (Result<(), AnswerError>, String) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = laboratory.ask("how can I roll back a deployment?", &[]);
    let outcome = metrics::with_local_recorder(&recorder, || runtime.block_on(asked));
    (outcome.result.map(drop), recorder.handle().render())
}

#[test]
fn tokens_latencies_failures_and_retries_are_counted_by_model() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::refuses(500));
    laboratory.model.next(Reply::says("Deploy the tag before it. [1]"));
    let (outcome, metrics) = shown_after(&laboratory);
    outcome.unwrap();
    for line in [
        "threadkeeper_model_tokens_total{model=\"openai::simulated\",direction=\"out\"} 6\n",
        "threadkeeper_model_first_token_seconds_count{model=\"openai::simulated\"} 1\n",
        "threadkeeper_model_seconds_count{model=\"openai::simulated\"} 1\n",
        "threadkeeper_model_failures_total{model=\"openai::simulated\",kind=\"server\"} 1\n",
        "threadkeeper_model_retries_total{model=\"openai::simulated\"} 1\n",
        "threadkeeper_answers_total{mode=\"llm\",outcome=\"answered\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    assert!(
        metrics.contains("threadkeeper_model_tokens_total{model=\"openai::simulated\",direction=\"in\"}"),
        "{metrics}"
    );
}

#[test]
fn an_answer_by_the_fallback_is_counted() {
    let laboratory = Laboratory::new().with(|settings| settings.model.fallback = Some("openai::second".to_owned()));
    laboratory.model.next(Reply::refuses(401));
    let (outcome, metrics) = shown_after(&laboratory);
    outcome.unwrap();
    assert!(metrics.contains("threadkeeper_model_fallbacks_total{model=\"openai::second\"} 1\n"), "{metrics}");
    assert!(metrics.contains("kind=\"unauthorised\"} 1\n"), "{metrics}");
}

#[test]
fn the_tokens_of_an_answer_that_broke_off_are_counted() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("Deploy the tag before it. [1]\n\nThen").ending(Ending::Cut));
    let (outcome, metrics) = shown_after(&laboratory);
    outcome.unwrap_err();
    for direction in ["in", "out"] {
        let line = format!("threadkeeper_model_tokens_total{{model=\"openai::simulated\",direction=\"{direction}\"}}");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
}
