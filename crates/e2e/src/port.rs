//! Ports for the servers, none handed out twice.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::HarnessError;

/// Below the range from which Linux takes ports for outgoing connections (32768 and up): a server that is killed and
/// restarted would else find its port taken by somebody's client.
const FIRST: u16 = 12_000;
const LAST: u16 = 31_999;

/// A TCP port on 127.0.0.1 that belongs to this value for as long as it lives.
///
/// The claim is the UDP port of the same number: the kernel gives it to one process of the machine, and takes it back
/// however that process ends, while the TCP port stays free for the server, through restarts too.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: UdpSocket,
}

impl Port {
    /// Claims a port that nobody listens on.
    pub(crate) fn claim() -> Result<Self, HarnessError> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let count = LAST - FIRST + 1;
        // Parallel runs start at different places, so that they seldom meet.
        let start = u16::try_from(process::id().wrapping_mul(37) % u32::from(count)).unwrap_or_default();
        for _ in 0..count {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % count;
            let number = FIRST + (start + step) % count;
            let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _claim: claim });
            }
        }
        Err(HarnessError::NoPort { first: FIRST, last: LAST })
    }

    /// The port's number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_handed_out_twice() {
        let ports: Vec<_> = (0..200).map(|_| Port::claim().unwrap()).collect();
        let numbers: HashSet<_> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
    }
}
