//! What there is and each change of it, as server-sent events.
//!
//! A message or trace that changed many times while nobody read is sent once, as it is then. An event's id says how far the
//! reader is; a browser that was cut off sends it back (`Last-Event-ID`) and gets what it missed. The id also names this
//! run of the playground: to a reader of an earlier one everything is sent, marked `fresh`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::record;
use crate::{site::Site, workspace::Subject};

/// A comment after so much silence: a browser that is gone is noticed, and one that is there knows that we are.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a browser waits before it connects again, in ms.
const RECONNECT_MS: u64 = 500;

/// Changes that come together are sent together.
const TOGETHER: Duration = Duration::from_millis(20);

pub(super) async fn feed(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let known = request.headers().get("Last-Event-ID").and_then(|id| id.to_str().ok());
    let feed = Feed::new(site.into_inner(), known);
    let events = stream::unfold(feed, async |mut feed| {
        let event = feed.next().await;
        Some((Ok::<_, Infallible>(web::Bytes::from(event)), feed))
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(Box::pin(events))
}

/// One reader's place in the changes.
struct Feed {
    site: Arc<Site>,
    glimpses: watch::Receiver<u64>,
    /// The last change that was sent; none = nothing was.
    revision: Option<u64>,
    /// What was sent of everything that is small and sent as a whole.
    surroundings: Value,
    begun: bool,
}

impl Feed {
    fn new(site: Arc<Site>, known: Option<&str>) -> Self {
        // Subscribed before the first look, so that no change goes unseen between look and wait.
        let glimpses = site.glimpses();
        let revision = known.and_then(|id| {
            let (run, revision) = id.split_once('-')?;
            if run == site.run { revision.parse().ok() } else { None }
        });
        Self { site, glimpses, revision, surroundings: Value::Null, begun: false }
    }

    /// The next event as text; waits for it.
    async fn next(&mut self) -> String {
        if !self.begun {
            self.begun = true;
            let event = self.change().unwrap_or_default();
            return format!("retry: {RECONNECT_MS}\n{event}");
        }
        loop {
            match tokio::time::timeout(SILENCE, self.glimpses.changed()).await {
                Ok(Ok(())) => {
                    tokio::time::sleep(TOGETHER).await;
                    self.glimpses.mark_unchanged();
                    if let Some(event) = self.change() {
                        return event;
                    }
                }
                // The site lives as long as this reader, so the channel is never closed.
                Ok(Err(_)) | Err(_) => return ": still here\n\n".to_owned(),
            }
        }
    }

    /// What changed since the last time, if anything did.
    fn change(&mut self) -> Option<String> {
        let controls = self.site.controls();
        let (latest, mut body) = self.site.read(|workspace| {
            let (mut messages, mut traces) = (Vec::new(), Vec::new());
            for subject in workspace.revisions.since(self.revision.unwrap_or_default()) {
                match subject {
                    Subject::Message(channel, ts) => messages.extend(record::message(workspace, channel, *ts)),
                    Subject::Trace(channel, ts) => traces.extend(record::trace(workspace, channel, *ts)),
                }
            }
            let surroundings = record::surroundings(workspace, &controls);
            let body = json!({"now": workspace.millis(), "messages": messages, "traces": traces,
                              "surroundings": surroundings});
            (workspace.revisions.latest(), body)
        });
        let fresh = self.revision.is_none();
        let moved = self.revision != Some(latest);
        let surroundings = body["surroundings"].take();
        let is_new = surroundings != self.surroundings;
        if !fresh && !moved && !is_new {
            return None;
        }
        self.revision = Some(latest);
        body["fresh"] = json!(fresh);
        if is_new {
            body["surroundings"] = surroundings.clone();
            self.surroundings = surroundings;
        }
        Some(format!("id: {}-{latest}\nevent: change\ndata: {body}\n\n", self.site.run))
    }
}
