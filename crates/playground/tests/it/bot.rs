//! The bot's side in these tests: a plain HTTP client of the Web API.

use playground::{Method, Options, Playground};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::{
    ids::{ChannelId, EventKey, UserId},
    lifecycle::install_tls_provider,
    ts::MessageTs,
};

/// A workspace with a channel, a person and a client with the bot's token.
pub(crate) struct Bot {
    pub(crate) slack: Playground,
    pub(crate) channel: ChannelId,
    pub(crate) ada: UserId,
    client: Client,
}

impl Bot {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        install_tls_provider();
        let slack = Playground::start(options).unwrap();
        let (channel, ada) = (slack.channel("general"), slack.person("ada"));
        Self { slack, channel, ada, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn request(&self, method: &str) -> RequestBuilder {
        self.client.post(format!("{}{method}", self.slack.api_url()))
    }

    /// A POST with JSON.
    pub(crate) fn post(&self, method: Method, arguments: &Value) -> RequestBuilder {
        self.request(method.as_str()).bearer_auth("xoxb-playground").json(arguments)
    }

    /// A GET with a query.
    pub(crate) async fn get(&self, method: Method, arguments: &[(&str, &str)]) -> Value {
        let query: Vec<String> = arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{}{method}?{}", self.slack.api_url(), query.join("&"));
        json(self.client.get(url).bearer_auth("xoxb-playground").send().await.unwrap()).await
    }

    pub(crate) async fn call(&self, method: Method, arguments: &Value) -> Value {
        json(self.post(method, arguments).send().await.unwrap()).await
    }

    /// Somebody says something that nobody is told.
    pub(crate) fn said(&self, text: &str, thread_ts: Option<MessageTs>) -> MessageTs {
        self.slack.say(&self.channel, &self.ada, text, thread_ts).unwrap().ts
    }

    /// The arguments of an answer to `question`.
    pub(crate) fn answer(&self, question: MessageTs, text: &str) -> Value {
        let event_key = EventKey::of(&self.channel, &question);
        json!({
            "channel": self.channel, "thread_ts": question, "text": text,
            "metadata": {"event_type": "threadkeeper_answer",
                         "event_payload": {"event_key": event_key, "part": "1/1"}},
        })
    }

    /// What can be read back of a thread.
    pub(crate) async fn read_thread(&self, root: MessageTs) -> Vec<Value> {
        let thread = [("channel", self.channel.as_str()), ("ts", &root.to_string()), ("include_all_metadata", "true")];
        let answer = self.get(Method::ConversationsReplies, &thread).await;
        answer["messages"].as_array().unwrap().clone()
    }
}

pub(crate) async fn json(response: Response) -> Value {
    response.json().await.unwrap()
}

pub(crate) fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().unwrap()).collect()
}

/// The request with its arguments as a form.
pub(crate) fn form(request: RequestBuilder, arguments: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body)
}
