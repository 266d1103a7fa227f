//! Listening at the three ports, on several addresses at once; where that cannot be, everything
//! that is in the way.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

/// How far from a busy port the search for a free one begins: the next ones are often this
/// command's other ports.
const STEP: u16 = 10;

/// Why a port cannot be had.
enum Trouble {
    /// Something listens there already, at these addresses.
    Busy(Vec<IpAddr>),
    /// Anything else, at this address.
    Other(IpAddr, io::Error),
}

/// Listens at each of these ports, which have the flags that choose others.
///
/// # Errors
/// Which ports are busy, with a line that has free ones; or which address is none of this machine.
/// A machine without IPv6 lacks one of the two loopback addresses.
pub async fn listen(
    addresses: &[IpAddr],
    ports: [(&str, u16); 3],
) -> Result<[Vec<TcpListener>; 3], String> {
    let (mut listeners, mut busy) = (Vec::new(), Vec::new());
    for (flag, port) in ports {
        match bind(addresses, port).await {
            Ok(bound) => listeners.push(bound),
            Err(Trouble::Busy(at)) => busy.push((port, at)),
            Err(Trouble::Other(address, error)) => {
                return Err(in_words(SocketAddr::new(address, port), flag, &error));
            }
        }
    }
    if let (true, Ok(listeners)) = (busy.is_empty(), listeners.try_into()) {
        return Ok(listeners);
    }
    Err(advice(addresses, ports, &busy).await)
}

async fn bind(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, Trouble> {
    let (mut listeners, mut busy) = (Vec::new(), Vec::new());
    for address in addresses {
        match TcpListener::bind(SocketAddr::new(*address, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => busy.push(*address),
            Err(_) if address.is_ipv6() && address.is_loopback() => {}
            Err(error) => return Err(Trouble::Other(*address, error)),
        }
    }
    if busy.is_empty() {
        Ok(listeners)
    } else {
        Err(Trouble::Busy(busy))
    }
}

fn in_words(at: SocketAddr, flag: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrNotAvailable => format!(
            "{} is no address of this machine: --listen takes one that is, or 0.0.0.0 for all; another by which clients \
             call it goes to --host",
            at.ip()
        ),
        ErrorKind::PermissionDenied => {
            format!("cannot listen on {at}: {error}; {flag} takes a port from 1024 on")
        }
        _ => format!("cannot listen on {at}: {error}"),
    }
}

async fn advice(
    addresses: &[IpAddr],
    ports: [(&str, u16); 3],
    busy: &[(u16, Vec<IpAddr>)],
) -> String {
    let words: Vec<_> = busy
        .iter()
        .map(|(port, at)| {
            let at: Vec<_> = at.iter().map(IpAddr::to_string).collect();
            format!("port {port} is busy at {}", at.join(" and "))
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
        "{}: is another make dev running? Stop what listens there, or take ports that are free:\n  make dev ARGS='{}'",
        words.join(", "),
        flags.join(" ")
    )
}

/// The next port that is free at all of these addresses, and none of those taken.
async fn free_port(addresses: &[IpAddr], port: u16, taken: &[u16]) -> Option<u16> {
    for candidate in (port.saturating_add(STEP)..=u16::MAX).chain(1024..port) {
        if !taken.contains(&candidate) && bind(addresses, candidate).await.is_ok() {
            return Some(candidate);
        }
    }
    None
}
