//! `/livez`, `/readyz` and `/metrics`, the same for every service.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use anyhow::Context as _;
use shared::{health::Health, telemetry::Metrics};
use tokio_util::sync::CancellationToken;

/// What the routes tell from.
#[derive(Clone)]
pub struct Admin {
    /// The probes behind `/readyz`.
    pub health: Health,
    /// The metrics behind `/metrics`.
    pub metrics: Metrics,
}

impl Admin {
    /// Serves the three routes alone, until `stop`.
    ///
    /// # Errors
    /// When the server cannot start.
    pub fn serve(self, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<Server> {
        let server = HttpServer::new(move || App::new().configure(|config| self.routes(config)))
            .workers(1)
            .disable_signals()
            .shutdown_signal(stop.cancelled_owned())
            .listen(listener)
            .context("the HTTP server for health and metrics cannot start")?;
        Ok(server.run())
    }

    /// Adds the three routes to an actix application.
    pub fn routes(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::new(self.clone()))
            .route("/livez", web::get().to(livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics));
    }
}

/// The process runs; nothing more, so that an orchestrator does not kill every process when a server is away.
async fn livez() -> HttpResponse {
    HttpResponse::Ok().body("alive\n")
}

/// 200 when every probe is fine, else 503; the body names each probe and what is wrong.
async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    let report = admin.health.report().await;
    if report.ready { HttpResponse::Ok().json(report) } else { HttpResponse::ServiceUnavailable().json(report) }
}

/// Prometheus' text format. The probes are asked first, so that `threadkeeper_ready` tells of now, and not of the last time
/// that somebody asked `/readyz`.
async fn metrics(admin: web::Data<Admin>) -> HttpResponse {
    admin.health.report().await;
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(admin.metrics.render())
}
