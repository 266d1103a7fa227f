//! A TCP proxy that can be disabled: the upstream is then unavailable to the function under test
//! and reachable for everyone else. It records what clients send, so that a case can count the
//! calls of one operation.

use std::io::Result;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::ports;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Enabled,
    /// The port is closed, and open connections are cut.
    Disabled,
    /// Connections are accepted, and no byte is forwarded.
    Stalled,
}

#[derive(Default)]
struct Traffic {
    connections: AtomicUsize,
    received: Mutex<Vec<u8>>,
}

pub struct TcpProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    listening: watch::Receiver<bool>,
    traffic: Arc<Traffic>,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// Starts an enabled proxy for the upstream address.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(ports::free())
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let (state, changes) = watch::channel(State::Enabled);
        let (notify, listening) = watch::channel(true);
        let traffic = Arc::new(Traffic::default());
        let task = tokio::spawn(run(listener, upstream, changes, notify, traffic.clone()));
        Self {
            address,
            state,
            listening,
            traffic,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn enable(&self) {
        self.set_state(State::Enabled, true).await;
    }

    pub async fn disable(&self) {
        self.set_state(State::Disabled, false).await;
    }

    pub async fn stall(&self) {
        self.set_state(State::Stalled, true).await;
    }

    pub fn connections(&self) -> usize {
        self.traffic.connections.load(Ordering::SeqCst)
    }

    /// How often this text occurs in what clients sent.
    pub fn count(&self, text: &str) -> usize {
        let received = self.traffic.received.lock().expect("an unpoisoned lock");
        received
            .windows(text.len())
            .filter(|window| *window == text.as_bytes())
            .count()
    }

    async fn set_state(&self, state: State, listening: bool) {
        self.state.send_replace(state);
        // Returns once the change is in effect, so that a case needs no pause.
        self.listening
            .clone()
            .wait_for(|is| *is == listening)
            .await
            .expect("a running proxy");
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    listener: TcpListener,
    upstream: SocketAddr,
    mut changes: watch::Receiver<State>,
    notify: watch::Sender<bool>,
    traffic: Arc<Traffic>,
) {
    let address = listener.local_addr().expect("a bound address");
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        if *changes.borrow_and_update() == State::Disabled {
            listener = None;
            // Aborts and waits: after this, no earlier connection can respond.
            connections.shutdown().await;
        } else if listener.is_none() {
            listener = Some(
                TcpListener::bind(address)
                    .await
                    .expect("the port that the proxy had"),
            );
        }
        notify.send_replace(listener.is_some());
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = changes.changed() => if change.is_err() { return },
            Ok((stream, _)) = accepted => {
                traffic.connections.fetch_add(1, Ordering::SeqCst);
                let (changes, traffic) = (changes.clone(), traffic.clone());
                connections.spawn(async move {
                    forward(stream, upstream, changes, &traffic).await.unwrap_or_default()
                });
            }
        }
    }
}

async fn forward(
    mut down: TcpStream,
    upstream: SocketAddr,
    mut state: watch::Receiver<State>,
    traffic: &Traffic,
) -> Result<()> {
    let mut up = TcpStream::connect(upstream).await?;
    let (mut request, mut response) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        if *state.borrow_and_update() == State::Stalled {
            // The connection is held open: the client has to time out by itself.
            state
                .wait_for(|state| *state != State::Stalled)
                .await
                .map_err(std::io::Error::other)?;
            return Ok(());
        }
        tokio::select! {
            // A change of state takes precedence over data that is still to be forwarded.
            biased;
            change = state.changed() => change.map_err(std::io::Error::other)?,
            read = down.read(&mut request) => match read? {
                0 => return Ok(()),
                count => {
                    let bytes = &request[..count];
                    traffic.received.lock().expect("an unpoisoned lock").extend_from_slice(bytes);
                    up.write_all(bytes).await?;
                }
            },
            read = up.read(&mut response) => match read? {
                0 => return Ok(()),
                count => down.write_all(&response[..count]).await?,
            },
        }
    }
}
