//! `healthcheck`: asks the running service beside it how it is, for container engines, whose images have no HTTP client.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use shared::config::Settings;

/// Longest time for each of connecting, asking and reading; below the usual timeout of a container's health check (5 s), so
/// that the reason is told.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks `route` of the service `name` (`ingress`, `responder`), where it listens by its configuration. Exit code 0 = well.
pub(crate) fn run(name: &str, route: &str, settings: &Settings) -> ExitCode {
    let address = address(name, settings);
    match ask(address, route) {
        Ok((200, _)) => ExitCode::SUCCESS,
        Ok((status, body)) => {
            println!("{route} of {name} at {address} answers {status}: {body}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!(
                "{route} of {name} at {address} does not answer: {error}; is it running, with this configuration?"
            );
            ExitCode::FAILURE
        }
    }
}

/// Where this machine reaches the health routes.
fn address(name: &str, settings: &Settings) -> SocketAddr {
    let mut address = match name {
        "ingress" => settings.ingress.admin_listen.unwrap_or(settings.ingress.listen),
        _ => settings.responder.listen,
    };
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

/// The status and the body of an answer.
fn ask(address: SocketAddr, route: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {route} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("what listens there does not speak HTTP"))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned()).unwrap_or_default();
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use shared::config::Environment;

    use super::*;

    fn asked(name: &str, variables: &[(&str, &str)]) -> String {
        address(name, &Settings::load(None, &Environment::of(variables)).unwrap()).to_string()
    }

    #[test]
    fn a_service_is_asked_where_its_health_routes_are() {
        assert_eq!(asked("ingress", &[]), "127.0.0.1:3000");
        assert_eq!(asked("ingress", &[("THREADKEEPER__INGRESS__ADMIN_LISTEN", "0.0.0.0:9000")]), "127.0.0.1:9000");
        assert_eq!(asked("responder", &[("THREADKEEPER__RESPONDER__LISTEN", "[::]:9001")]), "[::1]:9001");
    }
}
