//! What can go wrong in the stand-in itself.

/// A simulated model that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatedModelError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: choose another port, or 0 for a free one")]
    Listen {
        /// The address that was wanted.
        address: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The server's thread or runtime cannot be started.
    #[error("cannot start the simulated model's thread: is the machine out of threads or file descriptors?")]
    Thread(#[source] std::io::Error),
    /// The awaited requests did not come.
    #[error("waited {timeout_ms} ms in vain for {wanted} requests; {seen} came")]
    NotSeen {
        /// How many were waited for.
        wanted: usize,
        /// How long, in ms.
        timeout_ms: u128,
        /// How many came.
        seen: usize,
    },
}
