//! A follow-up is understood by what was said before it.

use std::time::Duration;

use shared::turn::Turn;
use simulated_model::Reply;

use crate::{Laboratory, ask, question};

fn turns() -> Vec<Turn> {
    vec![Turn::user("how can I roll back a deployment?"), Turn::assistant("Use `deploy rollback`. [1]")]
}

#[tokio::test]
async fn a_follow_up_is_searched_as_a_question_that_stands_by_itself() {
    let laboratory = Laboratory::new();
    laboratory.model.next_whole(Reply::says("How many days of holiday do we have?"));
    let answer = laboratory.ask("and the other thing?", &turns()).await.answer();
    assert_eq!(answer.sources[0].location, "people/holidays.md", "{}", answer.text);
    let requests = laboratory.model.requests();
    assert!(!requests[0].stream && requests[0].text().contains("how can I roll back a deployment?"));
    assert!(requests[1].stream && requests[1].text().contains("Use `deploy rollback`."), "the model knows the thread");
}

#[tokio::test]
async fn a_first_question_is_not_rewritten() {
    let laboratory = Laboratory::new();
    laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert_eq!(laboratory.model.requests().len(), 1);
}

#[tokio::test]
async fn a_question_is_rewritten_once_however_often_it_is_tried() {
    let laboratory = Laboratory::new();
    let (answerer, question) = (laboratory.answerer(), question("and how long does it take?"));
    for _ in 0..3 {
        ask(&answerer, &question, &turns()).await.answer();
    }
    let whole = laboratory.model.requests().iter().filter(|request| !request.stream).count();
    assert_eq!(whole, 1);
}

#[tokio::test]
async fn a_follow_up_that_cannot_be_rewritten_is_searched_with_the_words_before_it() {
    for failing in [Reply::refuses(500), Reply::Hangs, Reply::says("word ".repeat(200)), Reply::says("")] {
        let laboratory = Laboratory::new().with(|settings| settings.model.rewrite_timeout = Duration::from_millis(300));
        laboratory.model.next_whole(failing);
        let answer = laboratory.ask("and then?", &turns()).await.answer();
        assert!(answer.sources[0].location.starts_with("operations/deployments.md"), "{}", answer.text);
    }
}
