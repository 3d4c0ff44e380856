//! The ingress without its surroundings: whatever keeps questions and numbers them, and a socket.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpServer, dev::Server, web};
use anyhow::Context as _;
use queue::TaskPublisher;
use service::admin::Admin;
use shared::{clock::Clock, config};
use slack::{app::EVENTS_PATH, signature::Verifier};
use threads::ThreadStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    intake::Intake,
    routes::{
        body::BodyLimits,
        events::{self, Events},
    },
};

/// What receives Slack's events, on whichever queue and store.
pub struct Receiver<P, S> {
    /// Checks that Slack sent an event.
    pub verifier: Verifier,
    /// Keeps questions.
    pub publisher: P,
    /// Numbers them in their threads.
    pub store: Arc<S>,
    /// Limits and times.
    pub options: config::Ingress,
    /// How direct messages become conversations.
    pub direct_messages: config::DirectMessages,
}

impl<P: TaskPublisher + 'static, S: ThreadStore + 'static> Receiver<P, S> {
    /// Serves the routes that Slack calls on `listener` until `stop`, and those of `admin` beside them if it is given.
    ///
    /// # Errors
    /// When the server cannot start.
    pub fn serve(self, listener: TcpListener, admin: Option<Admin>, stop: CancellationToken) -> anyhow::Result<Server> {
        let options = self.options;
        let events = web::Data::new(Events {
            verifier: self.verifier,
            intake: Intake::new(self.publisher, self.store, options.register_timeout, Clock::System),
            clock: Clock::System,
            direct_messages: self.direct_messages,
            limits: BodyLimits { bytes: options.max_body_bytes, time: options.body_timeout },
            in_flight: Semaphore::new(options.max_in_flight),
            max_in_flight: options.max_in_flight,
        });
        let server = HttpServer::new(move || {
            let receive = events::receive::<P, S>;
            let app = App::new().app_data(events.clone()).route(EVENTS_PATH, web::post().to(receive));
            match &admin {
                Some(admin) => app.configure(|config| admin.routes(config)),
                None => app,
            }
        })
        .disable_signals()
        .shutdown_signal(stop.cancelled_owned())
        .listen(listener)
        .context("the HTTP server for Slack cannot start")?;
        Ok(server.run())
    }
}
