//! The handle of a running playground: starts and ends it, reads it, and waits for what happens in it.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    web,
};
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use crate::{
    api, control,
    controls::Controls,
    delivery::Delivery,
    error::PlaygroundError,
    event::Event,
    fault::Rule,
    options::{Identity, Options},
    page,
    site::Site,
    step_log::StepLog,
    workspace::{Call, Keeper, Message, Record, Workspace},
};

/// Requests up to this many bytes: a message of 40,000 characters, each of them escaped in JSON.
const LARGEST_REQUEST: usize = 1024 * 1024;

/// Longer than any test: a client never meets a connection that the server is just closing.
const KEEP_ALIVE: Duration = Duration::from_mins(10);

/// A running simulated workspace. It ends, with all its connections, when it is dropped.
pub struct Playground {
    pub(crate) site: Arc<Site>,
    address: SocketAddr,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Playground {
    /// Starts the workspace's HTTP server on a thread of its own, whatever runtime the caller has.
    ///
    /// # Errors
    /// When the port is taken, or a thread or the HTTP client cannot be made.
    pub fn start(options: Options) -> Result<Self, PlaygroundError> {
        let wanted = format!("{}:{}", options.host, options.port);
        let cannot_listen = |source| PlaygroundError::Listen { address: wanted.clone(), source };
        let listener = TcpListener::bind(&wanted).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;

        // The thread owns the runtime: one that is dropped on the caller's runtime panics.
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("playground".to_owned())
            .spawn(move || serve(options, listener, &ready))
            .map_err(PlaygroundError::Thread)?;
        let ended = |_| PlaygroundError::Thread(io::Error::other("the server thread ended at its start"));
        let (site, server) = started.recv().map_err(ended)??;
        Ok(Self { site, address, server, thread: Some(thread) })
    }

    /// Where the playground listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of the Web API, with a slash at its end: `http://127.0.0.1:PORT/api/`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// The page for people: `http://127.0.0.1:PORT/`.
    pub fn page_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Hands over what the page's buttons may do with the system that answers.
    pub fn set_controls(&self, controls: Controls) {
        self.site.set_controls(controls);
    }

    /// Where the system that answers tells of its steps, for the page.
    pub fn step_log(&self) -> StepLog {
        StepLog::new(Arc::clone(&self.site))
    }

    /// Puts messages back that another playground kept ([`Playground::keep_with`]).
    pub fn restore(&self, records: impl IntoIterator<Item = Record>) {
        self.site.change(|workspace| records.into_iter().for_each(|record| workspace.restore(record)));
    }

    /// From now on `keep` gets each message as it is stored or changed, before anybody is told of it. It is called while
    /// the workspace stands still.
    pub fn keep_with(&self, keep: impl Fn(&Record) + Send + Sync + 'static) {
        self.site.change(|workspace| workspace.keeper = Some(Keeper(Arc::new(keep))));
    }

    /// Tells the ingresses of every message that has no answer, as Slack does with what was not acknowledged: after a
    /// restart nobody knows whether it was.
    pub fn deliver_unanswered(&self) {
        let events = self.site.change(|workspace| {
            let open = workspace.unanswered();
            open.iter().flat_map(|message| Event::about_new(workspace, message)).collect()
        });
        self.site.send(events);
    }

    /// How it was started.
    pub fn options(&self) -> &Options {
        &self.site.options
    }

    /// Who the workspace and the bot are.
    pub fn identity(&self) -> &Identity {
        &self.site.options.identity
    }

    /// From now on events go to these URLs, in turn; another one for each attempt.
    pub fn deliver_events_to(&self, urls: Vec<String>) {
        self.site.sender.set_urls(urls);
    }

    /// Delivers one event with Slack's retries, to the ingresses in turn.
    pub async fn deliver(&self, event: &Event) -> Delivery {
        self.site.deliver(event, None).await
    }

    /// Delivers one event with Slack's retries, to this ingress only.
    pub async fn deliver_to(&self, url: &str, event: &Event) -> Delivery {
        self.site.deliver(event, Some(url)).await
    }

    /// Checks that an ingress answers Slack's challenge.
    ///
    /// # Errors
    /// When it does not repeat it with status 200.
    pub async fn verify_url(&self, url: &str) -> Result<(), PlaygroundError> {
        let challenge = self.site.change(Workspace::next_client_msg_id);
        self.site.sender.verify(url, &challenge).await
    }

    /// Sets a rule; it applies after those that were set before.
    pub fn fault(&self, rule: Rule) {
        self.site.rules(|rules| rules.add(rule));
    }

    /// Lifts all rules.
    pub fn clear_faults(&self) {
        self.site.rules(crate::fault::Rules::clear);
    }

    /// How many faults are still to come, not counting rules that apply for ever.
    pub fn pending_faults(&self) -> u32 {
        self.site.rules(|rules| rules.pending())
    }

    /// Looks at the whole workspace at one moment.
    pub fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        self.site.read(look)
    }

    /// All visible messages of a channel, oldest first, replies included.
    pub fn messages(&self, channel: &ChannelId) -> Vec<Message> {
        self.read(|workspace| workspace.messages(channel).cloned().collect())
    }

    /// The visible replies in a thread, oldest first, without its root.
    pub fn replies(&self, channel: &ChannelId, root: MessageTs) -> Vec<Message> {
        self.read(|workspace| workspace.replies(channel, root).cloned().collect())
    }

    /// The visible answers to the question `ts`: the bot's messages whose metadata names it.
    pub fn answers_to(&self, channel: &ChannelId, ts: MessageTs) -> Vec<Message> {
        self.read(|workspace| workspace.answers_to(channel, ts).cloned().collect())
    }

    /// All visible notices of the bot.
    pub fn notices(&self) -> Vec<Message> {
        self.read(|workspace| workspace.notices().cloned().collect())
    }

    /// What the bot shows itself doing in a thread.
    pub fn status(&self, channel: &ChannelId, root: MessageTs) -> Option<String> {
        self.read(|workspace| workspace.status(channel, root).map(str::to_owned))
    }

    /// The calls of a method, oldest first.
    pub fn calls(&self, method: api::Method) -> Vec<Call> {
        self.read(|workspace| workspace.calls(method).cloned().collect())
    }

    /// What the bot sent that Slack's reference does not describe; empty in a good test.
    pub fn violations(&self) -> Vec<String> {
        self.read(|workspace| workspace.violations().to_vec())
    }

    /// Waits until `look` finds what it looks for; asked again at each change of the workspace.
    ///
    /// # Errors
    /// After `timeout`; names `what` was waited for.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        timeout: Duration,
        look: impl FnMut(&Workspace) -> Option<T>,
    ) -> Result<T, PlaygroundError> {
        wait_for(&self.site, what, timeout, look).await
    }

    /// Waits for the first visible answer to the question `ts`.
    ///
    /// # Errors
    /// After `timeout`.
    pub async fn wait_for_answer(
        &self,
        channel: &ChannelId,
        ts: MessageTs,
        timeout: Duration,
    ) -> Result<Message, PlaygroundError> {
        let what = format!("an answer to {channel}:{ts}");
        self.wait_for(&what, timeout, |workspace| workspace.answers_to(channel, ts).next().cloned()).await
    }

    /// The header values of a signed request, for tests that send a body of their own: seconds since 1970, signature.
    pub fn signed(&self, body: &[u8]) -> (u64, String) {
        let seconds = self.site.options.clock.seconds();
        (seconds, crate::signature::sign(&self.site.options.signing_secret, seconds, body))
    }

    /// The bot as people mention it.
    pub fn bot_user(&self) -> &UserId {
        &self.identity().bot_user
    }
}

type Started = Result<(Arc<Site>, ServerHandle), PlaygroundError>;

/// Runs the server until it is stopped; says first whether it started.
fn serve(options: Options, listener: TcpListener, ready: &mpsc::Sender<Started>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let started = runtime.map_err(PlaygroundError::Thread).and_then(|runtime| {
        let site = Arc::new(Site::new(options, runtime.handle().clone())?);
        let server = prepare(&site, listener).map_err(PlaygroundError::Thread)?;
        Ok((runtime, site, server))
    });
    let (started, running) = match started {
        Ok((runtime, site, server)) => (Ok((site, server.handle())), Some((runtime, server))),
        Err(error) => (Err(error), None),
    };
    if ready.send(started).is_err() {
        return;
    }
    if let Some((runtime, server)) = running
        && let Err(error) = runtime.block_on(server)
    {
        tracing::error!("the playground's server ended: {error}");
    }
}

fn prepare(site: &Arc<Site>, listener: TcpListener) -> io::Result<Server> {
    let shared = web::Data::from(Arc::clone(site));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(LARGEST_REQUEST))
            .configure(api::routes)
            .configure(control::routes)
            .configure(page::routes)
    });
    Ok(server.workers(1).keep_alive(KEEP_ALIVE).disable_signals().listen(listener)?.run())
}

/// Waits until `look` finds something in the workspace, woken by each change.
pub(crate) async fn wait_for<T>(
    site: &Site,
    what: &str,
    timeout: Duration,
    mut look: impl FnMut(&Workspace) -> Option<T>,
) -> Result<T, PlaygroundError> {
    // Subscribed before the first look, so that no change goes unseen between look and wait.
    let mut changes = site.changes();
    let found = tokio::time::timeout(timeout, async {
        loop {
            if let Some(found) = site.read(&mut look) {
                return found;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    });
    found.await.map_err(|_| PlaygroundError::NotSeen {
        what: what.to_owned(),
        timeout_ms: timeout.as_millis(),
        seen: site.read(Workspace::summary),
    })
}

impl fmt::Debug for Playground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playground").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        // The command is sent at the call; the thread's end is waited for below, so the returned future is not needed.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(address = %self.address, "the playground on {} ended with a panic", self.address);
        }
    }
}
