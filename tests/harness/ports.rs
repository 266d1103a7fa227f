//! Loopback ports: those that another program is told to listen on, and those where nobody listens
//! at all.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpSocket;

/// Below the ports that the kernel gives out by itself, so that no connection and no server in
/// between takes one.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// An address for a program that is yet to start: given to nobody else in this process, and free
/// just now.
pub fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two suites at a time begin at different places.
    let start = u32::from(FIRST) + std::process::id().wrapping_mul(997) % u32::from(COUNT);
    for _ in 0..COUNT {
        let offset = u32::from(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = u32::from(FIRST) + (start - u32::from(FIRST) + offset) % u32::from(COUNT);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.try_into().unwrap_or(FIRST)));
        // By calling, not by listening: a child that is just being started would hold on to a
        // listener for a moment.
        if TcpStream::connect(address).is_err() {
            return address;
        }
    }
    panic!("no free loopback port");
}

/// A port where nobody listens, and nobody will as long as this is kept.
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
