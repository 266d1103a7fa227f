//! Listening on three ports and several addresses, with one message for all ports that are in use.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

/// The distance from a busy port at which the search for a free one begins: adjacent ports are
/// often other ports of this command.
const SEARCH_OFFSET: u16 = 10;

/// Why a port cannot be bound.
enum BindError {
    /// Another process listens on the port at these addresses.
    Busy(Vec<IpAddr>),
    /// Any other error, at this address.
    Other(IpAddr, io::Error),
}

/// Listens on each of these ports, given with the flags that change them. A machine without IPv6
/// listens on one loopback address only.
///
/// # Errors
/// The ports that are in use, with a command that uses free ones; or the address that does not
/// belong to this machine.
pub async fn listen(
    addresses: &[IpAddr],
    ports: [(&str, u16); 3],
) -> Result<[Vec<TcpListener>; 3], String> {
    let (mut listeners, mut busy) = (Vec::new(), Vec::new());
    for (flag, port) in ports {
        match bind(addresses, port).await {
            Ok(bound) => listeners.push(bound),
            Err(BindError::Busy(at)) => busy.push((port, at)),
            Err(BindError::Other(address, error)) => {
                return Err(describe(SocketAddr::new(address, port), flag, &error));
            }
        }
    }
    if let (true, Ok(listeners)) = (busy.is_empty(), listeners.try_into()) {
        return Ok(listeners);
    }
    Err(advice(addresses, ports, &busy).await)
}

async fn bind(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, BindError> {
    let (mut listeners, mut busy) = (Vec::new(), Vec::new());
    for address in addresses {
        match TcpListener::bind(SocketAddr::new(*address, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => busy.push(*address),
            Err(_) if address.is_ipv6() && address.is_loopback() => {}
            Err(error) => return Err(BindError::Other(*address, error)),
        }
    }
    if busy.is_empty() {
        Ok(listeners)
    } else {
        Err(BindError::Busy(busy))
    }
}

fn describe(at: SocketAddr, flag: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrNotAvailable => format!(
            "{} is not an address of this machine: --listen takes an address of this machine, or 0.0.0.0 for all; use \
             --host for an address that only clients use",
            at.ip()
        ),
        ErrorKind::PermissionDenied => {
            format!("cannot listen on {at}: {error}; use {flag} with a port of at least 1024")
        }
        _ => format!("cannot listen on {at}: {error}"),
    }
}

async fn advice(
    addresses: &[IpAddr],
    ports: [(&str, u16); 3],
    busy: &[(u16, Vec<IpAddr>)],
) -> String {
    let messages: Vec<_> = busy
        .iter()
        .map(|(port, at)| {
            let at: Vec<_> = at.iter().map(IpAddr::to_string).collect();
            format!("port {port} is in use at {}", at.join(" and "))
        })
        .collect();
    let mut taken = ports.map(|(_, port)| port).to_vec();
    let mut flags = Vec::new();
    for (flag, port) in ports {
        let is_busy = busy.iter().any(|(known, _)| *known == port);
        let port = if is_busy {
            free_port(addresses, port, &taken).await.unwrap_or(port)
        } else {
            port
        };
        taken.push(port);
        flags.push(format!("{flag} {port}"));
    }
    format!(
        "{}: is another make dev running? Stop it, or use free ports:\n  make dev ARGS='{}'",
        messages.join(", "),
        flags.join(" ")
    )
}

/// The next port that is free at all of these addresses and not in `taken`.
async fn free_port(addresses: &[IpAddr], port: u16, taken: &[u16]) -> Option<u16> {
    for candidate in (port.saturating_add(SEARCH_OFFSET)..=u16::MAX).chain(1024..port) {
        if !taken.contains(&candidate) && bind(addresses, candidate).await.is_ok() {
            return Some(candidate);
        }
    }
    None
}
