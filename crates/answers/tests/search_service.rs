//! A search service as a source, over real connections.

#![expect(clippy::unwrap_used, reason = "a test fails by it; clippy knows only test functions, not what they call")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use answers::{
    AnswerError, Answerer as _, AnySource, Blame, ExtractAnswerer, Findings, Inquiry, KnowledgeSource as _, Library,
    Request, SearchService, Sources,
};
use rstest::rstest;
use shared::{
    config::{Search, Secret},
    conversation::Conversation,
    ids::{ChannelId, EventId, TeamId, UserId},
    lifecycle::install_tls_provider,
    task::{Question, Surface},
    turn::Turn,
};

const PASSAGES: &str = r#"[
    {"id": "1", "title": "Okapi", "url": "https://wiki.example.com/okapi", "text": "An okapi has stripes."},
    {"id": "2", "title": "Zebra", "text": "A zebra lives in herds.", "fits": false}
]"#;

/// What the service does with a question; the number tells how many it had before.
type Behaviour = fn(usize) -> HttpResponse;

/// A service on this machine; gone when it is dropped, with its runtime.
struct Service {
    config: Search,
    asked: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Service {
    fn start(behaviour: Behaviour) -> Self {
        install_tls_provider();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, count) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)));
        let server = HttpServer::new(move || {
            let (seen, count) = (Arc::clone(&seen), Arc::clone(&count));
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Json<serde_json::Value>| {
                seen.lock().unwrap().push(body.into_inner());
                let token = request.headers().get("authorization").is_some_and(|token| token == "Bearer right");
                let answer = if token {
                    behaviour(count.fetch_add(1, Ordering::Relaxed))
                } else {
                    HttpResponse::Unauthorized().finish()
                };
                async move { answer }
            }))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/search", server.addrs()[0]);
        #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
        tokio::spawn(server.run());
        let config = Search {
            url: Some(url),
            token: Some(Secret::new("right")),
            name: "the team's wiki".to_owned(),
            timeout: Duration::from_secs(20),
            limit: 5,
        };
        Self { config, asked }
    }

    fn source(&self) -> SearchService {
        SearchService::new(self.config.url.as_deref().unwrap(), &self.config).unwrap()
    }

    fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

struct Who(UserId, ChannelId);

impl Who {
    fn someone() -> Self {
        Self(UserId::new("U0ASKS"), ChannelId::new("C0FFEE"))
    }

    fn asks<'a>(&'a self, query: &'a str, turns: &'a [Turn]) -> Inquiry<'a> {
        Inquiry { query, turns, user: &self.0, channel: &self.1, limit: 12 }
    }
}

async fn find(source: &SearchService) -> Result<Findings, AnswerError> {
    source.find(&Who::someone().asks("does an okapi have stripes?", &[])).await
}

fn found() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(PASSAGES)
}

#[tokio::test]
async fn passages_come_back_in_the_order_of_the_service() {
    let service = Service::start(|_| found());
    let turns = [Turn::user("what is an okapi?"), Turn::assistant("An animal.")];
    let who = Who::someone();
    let findings = service.source().find(&who.asks("has it stripes?", &turns)).await.unwrap();
    let passages: Vec<_> = findings.passages.iter().map(|found| (found.location.as_str(), found.fits)).collect();
    assert_eq!(passages, [("https://wiki.example.com/okapi", true), ("2", false)]);
    assert!(findings.passages.iter().all(|found| found.source == "the team's wiki"));
    assert_eq!(findings.searched, ["the team's wiki"]);
    let expected = serde_json::json!({
        "query": "has it stripes?",
        "history": [
            {"role": "user", "content": "what is an okapi?"},
            {"role": "assistant", "content": "An animal."},
        ],
        "user": "U0ASKS",
        "channel": "C0FFEE",
        "limit": 5,
    });
    assert_eq!(*service.asked.lock().unwrap(), [expected]);
}

#[rstest]
#[case::an_error(|_: usize| HttpResponse::InternalServerError().body("hush"), "500", 1)]
#[case::down(|_: usize| HttpResponse::ServiceUnavailable().finish(), "503", 2)]
#[case::garbage(|_: usize| HttpResponse::Ok().body("<html>hush</html>"), "list of passages", 1)]
#[case::another_schema(|_: usize| HttpResponse::Ok().body(r#"{"hits": []}"#), "list of passages", 1)]
#[case::another_type(|_: usize| HttpResponse::Ok().body(r#""hush""#), "another type at line 1, column 6", 1)]
#[case::another_type_in_a_passage(|_: usize| HttpResponse::Ok().body(r#"[{"fits": "hush"}]"#), "another type at line 1", 1)]
#[case::cut(|_: usize| HttpResponse::Ok().body(r#"[{"id": "hush"#), "an early end at line 1", 1)]
#[case::too_large(|_: usize| HttpResponse::Ok().body(vec![b' '; 3 << 20]), "more than 1048576 bytes", 1)]
#[case::elsewhere(
    |_: usize| HttpResponse::TemporaryRedirect().insert_header(("location", "http://example.com/")).finish(),
    "redirects",
    1
)]
#[tokio::test]
async fn a_service_that_fails_is_a_dependency_that_is_down(
    #[case] behaviour: Behaviour,
    #[case] why: &str,
    #[case] tries: usize,
) {
    let service = Service::start(behaviour);
    let error = find(&service.source()).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Dependency);
    let said = shared::telemetry::chain(&error);
    assert!(said.contains("the search service is not available") && said.contains(why), "{said}");
    assert!(!said.contains("hush"), "{said}");
    assert_eq!(service.times_asked(), tries);
}

#[tokio::test]
async fn a_passing_failure_is_tried_once_more() {
    let service = Service::start(|before| if before == 0 { HttpResponse::BadGateway().finish() } else { found() });
    assert_eq!(find(&service.source()).await.unwrap().passages.len(), 2);
    assert_eq!(service.times_asked(), 2);
}

#[tokio::test]
async fn a_refused_question_is_the_questions_fault() {
    let service = Service::start(|_| HttpResponse::PayloadTooLarge().finish());
    let error = find(&service.source()).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Question);
}

#[tokio::test]
async fn a_wrong_token_is_said_to_be_one_and_is_not_shown() {
    let mut service = Service::start(|_| found());
    service.config.token = Some(Secret::new("wrong-and-secret"));
    let source = service.source();
    let said = shared::telemetry::chain(&find(&source).await.unwrap_err());
    assert!(said.contains("401") && said.contains("SEARCH_TOKEN"), "{said}");
    assert!(!said.contains("wrong-and-secret") && !format!("{source:?}").contains("wrong-and-secret"), "{said}");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up() {
    // Takes connections and never reads.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    install_tls_provider();
    let config = Search { timeout: Duration::from_millis(200), ..Search::default() };
    let said = shared::telemetry::chain(&find(&SearchService::new(&url, &config).unwrap()).await.unwrap_err());
    assert!(said.contains("within 200ms") && said.contains("search.timeout"), "{said}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_down() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    install_tls_provider();
    let said =
        shared::telemetry::chain(&find(&SearchService::new(&url, &Search::default()).unwrap()).await.unwrap_err());
    assert!(said.contains("cannot be reached"), "{said}");
}

fn folder() -> (tempfile::TempDir, AnySource) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("okapi.md"), "# Okapi\n\nThe okapi has striped legs, so stripes.\n").unwrap();
    let library = Library::open(folder.path()).unwrap();
    (folder, AnySource::Folder(library))
}

#[tokio::test]
async fn sources_answer_together() {
    let service = Service::start(|_| found());
    let (_folder, library) = folder();
    let sources = Sources::new(vec![library, AnySource::Http(service.source())]);
    let findings = sources.find(&Who::someone().asks("does an okapi have stripes?", &[])).await.unwrap();
    let from: Vec<_> = findings.passages.iter().map(|found| found.source.as_str()).collect();
    assert_eq!(from, ["documents", "the team's wiki", "the team's wiki"]);
    assert_eq!(findings.searched, ["the 1 document I have been given", "the team's wiki"]);
    assert!(findings.away.is_empty());
}

#[tokio::test]
async fn a_source_that_is_away_is_named_and_the_others_answer() {
    let service = Service::start(|_| HttpResponse::InternalServerError().finish());
    let (_folder, library) = folder();
    let sources = Sources::new(vec![library, AnySource::Http(service.source())]);
    let findings = sources.find(&Who::someone().asks("does an okapi have stripes?", &[])).await.unwrap();
    assert_eq!(findings.passages.iter().map(|found| found.location.as_str()).collect::<Vec<_>>(), ["okapi.md"]);
    assert_eq!(
        (findings.searched, findings.away),
        (vec!["the 1 document I have been given".to_owned()], vec!["the team's wiki".to_owned()])
    );
}

#[tokio::test]
async fn without_any_source_there_is_no_answer() {
    let service = Service::start(|_| HttpResponse::InternalServerError().finish());
    let (folder, library) = folder();
    let sources = Sources::new(vec![library, AnySource::Http(service.source())]);
    drop(folder);
    // A look at the folder is good for a second.
    let error = loop {
        match sources.find(&Who::someone().asks("does an okapi have stripes?", &[])).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AnswerError::DependencyDown { .. }), "{error}");
    assert_eq!(error.blame(), Blame::Dependency);
}

async fn ask(sources: Sources, text: &str) -> shared::answer::Answer {
    let channel = ChannelId::new("C0FFEE");
    let ts = "1729636800.000100".parse().unwrap();
    let question = Question {
        team: TeamId::new("T0TEAM"),
        enterprise: None,
        channel: channel.clone(),
        ts,
        conversation: Conversation::Thread { channel, root: ts },
        user: UserId::new("U0ASKS"),
        surface: Surface::Channel,
        text: text.to_owned(),
        files: Vec::new(),
        externally_shared: false,
        event_id: EventId::new("Ev0EVENT"),
        received_ms: 0,
    };
    let (draft, _reader) = answers::draft();
    let request = Request { question: &question, turns: &[], heard: &[], draft: &draft };
    ExtractAnswerer::new(sources).answer(&request).await.unwrap()
}

#[tokio::test]
async fn an_answer_links_to_the_services_pages_and_says_what_was_not_searched() {
    let service = Service::start(|_| found());
    let answer = ask(Sources::new(vec![AnySource::Http(service.source())]), "does an okapi have stripes?").await;
    assert!(answer.text.contains("> An okapi has stripes."), "{}", answer.text);
    assert!(answer.text.ends_with("- [1] [Okapi](https://wiki.example.com/okapi)"), "{}", answer.text);

    let broken = Service::start(|_| HttpResponse::InternalServerError().finish());
    let (_folder, library) = folder();
    let sources = Sources::new(vec![library, AnySource::Http(broken.source())]);
    let answer = ask(sources, "does an okapi have stripes?").await;
    assert!(answer.text.contains("_At present I cannot search the team's wiki._"), "{}", answer.text);
    assert_eq!(answer.sources.len(), 1);
}
