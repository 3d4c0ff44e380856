//! Opens the listening sockets, so that a used port is one clear error at start.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;

/// Opens `address` (port 0 = any free one) and logs where the service listens; `purpose` is the option's name.
///
/// # Errors
/// Names the option and the address when the port is in use or not allowed.
pub fn listen(purpose: &'static str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}: choose another address with `{purpose}`"))?;
    let address = listener.local_addr().context("the listening address is unknown")?;
    tracing::info!(purpose, %address, "listening on {address} ({purpose})");
    Ok(listener)
}
