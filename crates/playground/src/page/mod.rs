//! The page: the workspace as people see it in a browser.
//!
//! | route | is |
//! |---|---|
//! | `GET /`, `GET /assets/FILE` | the page's own files, all of them in this binary ([`assets`]) |
//! | `GET /feed` | what there is and each change of it, as server-sent events ([`feed`]) |
//! | `POST /acts/ACT` | what a person does: say, edit, delete, … ([`acts`]) |
//!
//! All state is here and none in the browser: a page that is loaded again, or was away for a while, asks the feed.

mod acts;
mod assets;
mod feed;
mod record;
mod text;
mod typed;

use actix_web::{middleware::DefaultHeaders, web};

/// Nothing but our own files, no inline script or style, and nobody may put the page into a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                       connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let headers = DefaultHeaders::new()
        .add(("Content-Security-Policy", CONTENT_SECURITY_POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Cache-Control", "no-cache"));
    let page = web::scope("")
        .wrap(headers)
        .configure(assets::routes)
        .route("/feed", web::get().to(feed::feed))
        .service(web::scope("/acts").configure(acts::routes));
    config.service(page);
}
