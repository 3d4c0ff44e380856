//! The transport: connections to Slack that are kept and used again.

use std::{sync::Arc, time::Duration};

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use shared::config::Secret;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient,
    hyper_tokio::{SlackClientHyperConnector, SlackClientHyperHttpsConnector},
};
use url::Url;

use crate::error::SlackError;

/// An idle connection whose peer vanished (a firewall forgot it) is found out before the next question meets it.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// A client for the Web API at `api_url`. No connection is made yet.
pub(super) fn client(
    api_url: &str,
    call_timeout: Duration,
) -> Result<SlackClient<SlackClientHyperHttpsConnector>, SlackError> {
    let api_url = api_url.trim_end_matches('/');
    Url::parse(api_url).map_err(|source| SlackError::Url { url: api_url.to_owned(), source })?;

    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(TCP_KEEPALIVE));
    // Below the call's timeout, so that a host that does not answer is known as "not sent" and not as "unknown".
    tcp.set_connect_timeout(Some(call_timeout / 2));
    // HTTP/1.1 only: there, hyper knows for certain whether a request was begun (see `verdict`).
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(Arc::new(rustls::crypto::ring::default_provider()))
        .map_err(SlackError::RootCertificates)?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(SlackClient::new(SlackClientHyperConnector::with_connector(https).with_slack_api_url(api_url)))
}

/// The token, checked to fit into a header.
pub(super) fn token(token: &Secret) -> Result<SlackApiToken, SlackError> {
    let text = token.expose();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SlackError::Token);
    }
    Ok(SlackApiToken::new(SlackApiTokenValue::new(text.to_owned())))
}
