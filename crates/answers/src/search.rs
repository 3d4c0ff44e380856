//! A team's own search service as a source: a question goes out as JSON, passages come back. docs/knowledge-http.md is its
//! contract.

mod message;

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::error::Category;
use shared::config::{Search, SecretUrl};
use url::Url;

use self::message::{Asked, Passage};
use crate::{AnswerError, Findings, Inquiry, KnowledgeSource};

/// Largest answer, in bytes: a hundred passages of ten pages each. Read piece by piece, so that no more is ever held.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// How often a question is sent at most. A service that restarts behind a load balancer fails once; one that fails twice is
/// down, and waiting is the queue's task.
const TRIES: usize = 2;
/// Before the second try, so that a connection that was just closed is not all there is to try.
const PAUSE: Duration = Duration::from_millis(100);

/// A search service over HTTP.
#[derive(Debug)]
pub struct SearchService {
    client: Client,
    url: Url,
    config: Search,
}

/// Why a try failed.
enum Failure {
    /// It may work when it is tried again.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// The service does not take this question.
    Refused(String),
}

impl SearchService {
    /// The service at `url`. Nothing is sent yet.
    ///
    /// # Errors
    /// When there can be no HTTP client, for want of certificates for example.
    pub fn new(url: &str, config: &Search) -> Result<Self, AnswerError> {
        let url = Url::parse(url).map_err(|error| down(&error.to_string()))?;
        let local = SecretUrl::parse(url.as_str()).is_ok_and(|url| url.is_local());
        // A redirect could carry the token to another place.
        let client = Client::builder().redirect(Policy::none()).user_agent("threadkeeper");
        // What runs on this machine is not behind a proxy.
        let client = if local { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| down(&shared::telemetry::chain(&error)))?;
        Ok(Self { client, url, config: config.clone() })
    }

    /// What it is called, for a person.
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    async fn ask(&self, asked: &Asked<'_>) -> Result<Vec<Passage>, AnswerError> {
        let mut tries = 1;
        loop {
            match self.try_once(asked).await {
                Ok(passages) => return Ok(passages),
                Err(Failure::Passing(_)) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Failure::Passing(why) | Failure::Lasting(why)) => return Err(down(&why)),
                Err(Failure::Refused(why)) => return Err(AnswerError::QuestionFails { source: why.into() }),
            }
        }
    }

    async fn try_once(&self, asked: &Asked<'_>) -> Result<Vec<Passage>, Failure> {
        let broken = |error: reqwest::Error| {
            Failure::Passing(format!(
                "search.url cannot be reached: {}",
                shared::telemetry::chain(&error.without_url())
            ))
        };
        let response = self.request(asked).send().await.map_err(broken)?;
        let status = response.status();
        let body = read(response).await?;
        if status != StatusCode::OK {
            return Err(refusal(status));
        }
        serde_json::from_slice(&body).map_err(|error| Failure::Lasting(misread(&error)))
    }

    fn request(&self, asked: &Asked<'_>) -> RequestBuilder {
        let request = self.client.post(self.url.clone()).json(asked);
        match &self.config.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }
}

impl KnowledgeSource for SearchService {
    async fn find(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        let most = usize::try_from(self.config.limit).unwrap_or(usize::MAX);
        let asked = Asked::of(inquiry, inquiry.limit.min(most));
        let timeout = self.config.timeout;
        let answer = tokio::time::timeout(timeout, self.ask(&asked)).await;
        let passages = answer
            .map_err(|_| down(&format!("search.url did not answer within {timeout:?} (search.timeout)")))??
            .into_iter()
            .filter_map(|passage| passage.found(self.name()))
            .take(asked.limit)
            .collect();
        Ok(Findings { passages, searched: vec![self.name().to_owned()], away: Vec::new() })
    }
}

/// The body, if it is not too large.
async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) if body.len() + piece.len() <= MAX_ANSWER_BYTES => body.extend_from_slice(&piece),
            Ok(Some(_)) => {
                return Err(Failure::Lasting(format!("search.url answered more than {MAX_ANSWER_BYTES} bytes")));
            }
            Ok(None) => return Ok(body),
            Err(error) => {
                let why = shared::telemetry::chain(&error.without_url());
                return Err(Failure::Passing(format!("search.url broke off its answer: {why}")));
            }
        }
    }
}

fn refusal(status: StatusCode) -> Failure {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Failure::Lasting(format!("search.url answered {status}: check search.token (SEARCH_TOKEN)"))
        }
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Failure::Passing(format!("search.url answered {status}"))
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Failure::Refused(format!("search.url refused the question: {status}"))
        }
        status if status.is_redirection() => {
            Failure::Lasting(format!("search.url answered {status}: set it to where it redirects"))
        }
        status => Failure::Lasting(format!("search.url answered {status}")),
    }
}

/// What is wrong with an answer, and where. Serde's own words repeat the service's text, which is people's, and no log's.
fn misread(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Data => "another type",
        Category::Eof => "an early end",
        Category::Io | Category::Syntax => "no JSON",
    };
    let (line, column) = (error.line(), error.column());
    format!(
        "search.url answered something else than a list of passages (docs/knowledge-http.md): {kind} at line {line}, \
         column {column}"
    )
}

fn down(why: &str) -> AnswerError {
    AnswerError::DependencyDown { dependency: "the search service", source: why.into() }
}
