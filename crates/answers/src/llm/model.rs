//! One language model: asks it, and hears its answer piece by piece, each wait bounded.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, StopReason, StreamEnd, Usage};
use shared::config::LanguageModel;

use super::{
    failure::{Failure, Kind},
    prompt::Prompt,
    provider::Place,
    thoughts::Thoughts,
    tokens::Counter,
};
use crate::{AnswerError, DraftWriter};

/// A language model at its provider.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) place: Place,
    client: genai::Client,
    /// Until when it is to be left alone.
    rests_until: Mutex<Option<Instant>>,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience<'a> {
    /// For the first piece.
    pub(crate) first_token: Duration,
    /// For the first piece too: afterwards it is another model's turn.
    pub(crate) silent_until: Instant,
    /// For each further piece.
    pub(crate) pause: Duration,
    /// For the first words.
    pub(crate) until: Instant,
    /// Knows by when all of them are wanted.
    pub(crate) draft: &'a DraftWriter,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// At its longest length or at the end of its time, with more to say.
    pub(crate) cut_short: bool,
}

impl Model {
    /// The model that `option` names.
    ///
    /// # Errors
    /// When the name or its key is missing or wrong, or the HTTP client cannot be made.
    pub(crate) fn open(option: &'static str, name: &str, config: &LanguageModel) -> Result<Self, AnswerError> {
        let place = Place::find(option, name, config)?;
        let http = reqwest::Client::builder()
            .connect_timeout(config.connect_timeout)
            .tcp_nodelay(true)
            // A model's API redirects nobody; a key must not follow one who does.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("threadkeeper/", env!("CARGO_PKG_VERSION")));
        // A proxy is for what is outside.
        let http = if place.is_local() { http.no_proxy() } else { http }.build();
        let unusable = |_| AnswerError::ModelUnusable {
            option,
            name: name.to_owned(),
            reason: "no HTTP client can be made: are the system's certificates readable?",
        };
        let client = genai::Client::builder().with_reqwest(http.map_err(unusable)?).build();
        let client = client.map_err(|_| AnswerError::ModelUnusable {
            option,
            name: name.to_owned(),
            reason: "the client library refuses it",
        })?;
        Ok(Self { place, client, rests_until: Mutex::new(None) })
    }

    /// Its name as configured.
    pub(crate) fn name(&self) -> &str {
        &self.place.name
    }

    /// How its tokens are counted.
    pub(crate) fn counter(&self) -> Counter {
        self.place.counter()
    }

    /// Leaves it alone for a while.
    pub(crate) fn rest(&self, time: Duration) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + time);
    }

    /// Whether it is to be left alone.
    pub(crate) fn rests(&self) -> bool {
        self.rests_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| until > Instant::now())
    }

    /// Asks, and gives each piece of the answer to `hear`. An answer that is not finished in time ends with what was said.
    ///
    /// # Errors
    /// When the answer does not come to its end. What was heard by then was said.
    pub(crate) async fn ask(
        &self,
        prompt: &Prompt,
        answer_tokens: u32,
        patience: Patience<'_>,
        mut hear: impl FnMut(&str),
    ) -> Result<End, Failure> {
        let started = Instant::now();
        let options = ChatOptions::default().with_max_tokens(answer_tokens).with_capture_usage(true);
        let asked = self.client.exec_chat_stream(self.place.target(), request(prompt), Some(&options));
        let mut stream = asked.await.map_err(|error| Failure::read(&self.place, error))?.stream;
        // The first wait includes the connection; a sign of life that is no text begins the others.
        let (mut wait, mut spoken, mut thoughts) = (Wait::First, String::new(), Thoughts::default());
        loop {
            let (time, until) = match wait {
                Wait::First => (patience.first_token, Some(patience.silent_until)),
                Wait::Next if spoken.is_empty() => (patience.pause, Some(patience.until)),
                Wait::Next => (patience.pause, patience.draft.until()),
            };
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            let Ok(event) = tokio::time::timeout(time.min(left), stream.next()).await else {
                let kind = too_late(wait, time, left);
                if kind == Kind::Late && !spoken.trim().is_empty() {
                    self.count_tokens(prompt, &spoken, None);
                    return Ok(End { cut_short: true });
                }
                let mut failure = Failure::new(&self.place, kind);
                failure.heard = wait == Wait::Next;
                if failure.heard {
                    self.count_tokens(prompt, &spoken, None);
                }
                return Err(failure);
            };
            match event {
                Some(Ok(ChatStreamEvent::Start)) => {}
                Some(Ok(ChatStreamEvent::Chunk(chunk))) => {
                    wait = Wait::Next;
                    let piece = thoughts.pass(&chunk.content);
                    if piece.is_empty() {
                        continue;
                    }
                    if spoken.is_empty() {
                        self.measure("threadkeeper_model_first_token_seconds", started);
                    }
                    spoken.push_str(&piece);
                    hear(&piece);
                }
                Some(Ok(ChatStreamEvent::End(end))) => {
                    self.measure("threadkeeper_model_seconds", started);
                    self.count_tokens(prompt, &spoken, end.captured_usage.as_ref());
                    return self.ended(&end, &spoken);
                }
                Some(Ok(_)) => wait = Wait::Next,
                ended => {
                    if wait == Wait::Next {
                        self.count_tokens(prompt, &spoken, None);
                    }
                    return Err(match ended {
                        Some(Err(error)) => Failure::read(&self.place, error),
                        _ => Failure::new(&self.place, Kind::Cut),
                    });
                }
            }
        }
    }

    /// Asks for something short, all at once.
    ///
    /// # Errors
    /// When there is no answer. The caller bounds the time.
    pub(crate) async fn ask_briefly(&self, prompt: &Prompt, answer_tokens: u32) -> Result<String, Failure> {
        let options = ChatOptions::default().with_max_tokens(answer_tokens);
        let asked = self.client.exec_chat(self.place.target(), request(prompt), Some(&options)).await;
        let answer = asked.map_err(|error| Failure::read(&self.place, error))?;
        let usage = answer.usage.clone();
        let text = Thoughts::default().pass(&answer.into_first_text().unwrap_or_default());
        self.count_tokens(prompt, &text, Some(&usage));
        Ok(text)
    }

    fn ended(&self, end: &StreamEnd, spoken: &str) -> Result<End, Failure> {
        match &end.captured_stop_reason {
            Some(StopReason::ContentFilter(_)) => Err(Failure::new(&self.place, Kind::Filtered)),
            Some(StopReason::MaxTokens(_)) if spoken.trim().is_empty() => Err(Failure::new(&self.place, Kind::Spent)),
            _ if spoken.trim().is_empty() => Err(Failure::new(&self.place, Kind::Empty)),
            Some(StopReason::MaxTokens(_)) => Ok(End { cut_short: true }),
            _ => Ok(End { cut_short: false }),
        }
    }

    fn measure(&self, metric: &'static str, since: Instant) {
        metrics::histogram!(metric, "model" => self.name().to_owned()).record(since.elapsed());
    }

    /// What the provider counted, else what we count: of an answer that did not come to its end, the words that came, without
    /// its hidden thoughts.
    fn count_tokens(&self, prompt: &Prompt, answer: &str, usage: Option<&Usage>) {
        let told =
            |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).filter(|tokens| *tokens > 0);
        let counted = |text: &str| self.counter().count(text) as u64;
        let read = told(usage.and_then(|usage| usage.prompt_tokens))
            .unwrap_or_else(|| counted(&prompt.system) + counted(&prompt.user));
        let written = told(usage.and_then(|usage| usage.completion_tokens)).unwrap_or_else(|| counted(answer));
        for (direction, tokens) in [("in", read), ("out", written)] {
            let model = self.name().to_owned();
            metrics::counter!("threadkeeper_model_tokens_total", "model" => model, "direction" => direction)
                .increment(tokens);
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    First,
    Next,
}

fn too_late(wait: Wait, time: Duration, left: Duration) -> Kind {
    match wait {
        _ if left <= time => Kind::Late,
        Wait::First => Kind::Silent(time),
        Wait::Next => Kind::Stalled(time),
    }
}

fn request(prompt: &Prompt) -> ChatRequest {
    ChatRequest::from_messages(vec![ChatMessage::user(prompt.user.as_str())]).with_system(prompt.system.as_str())
}
