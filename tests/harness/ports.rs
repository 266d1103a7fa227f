//! Loopback ports: free ports for other programs to listen on, and ports on which no program
//! listens.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpSocket;

/// Below the ephemeral ports of the kernel, so that no other connection or server takes one.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// An address for a program that is about to start. It is free, and this process returns it only
/// once.
pub fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two suites that run at the same time begin at different ports.
    let start = u32::from(FIRST) + std::process::id().wrapping_mul(997) % u32::from(COUNT);
    for _ in 0..COUNT {
        let offset = u32::from(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = u32::from(FIRST) + (start - u32::from(FIRST) + offset) % u32::from(COUNT);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.try_into().unwrap_or(FIRST)));
        // This connects instead of listening: a child process that is being started would inherit a
        // listener for a moment.
        if TcpStream::connect(address).is_err() {
            return address;
        }
    }
    panic!("no free loopback port");
}

/// A port on which no program listens while this value exists.
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free loopback port");
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("a bound address"))
    }
}
