//! A TCP proxy that can be shut: what stands behind it is gone for the function under test and no
//! one else. It keeps what was sent through it, so that a case can count the calls of one
//! operation.

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
    Open,
    /// Nobody listens, and open connections are cut.
    Closed,
    /// Connections are accepted and nothing is ever passed on.
    Stalled,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    sent: Mutex<Vec<u8>>,
}

pub struct Gate {
    address: SocketAddr,
    state: watch::Sender<State>,
    listening: watch::Receiver<bool>,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open gate before that address.
    pub async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(ports::free())
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let (state, changes) = watch::channel(State::Open);
        let (tell, listening) = watch::channel(true);
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(keep(listener, upstream, changes, tell, seen.clone()));
        Self {
            address,
            state,
            listening,
            seen,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn open(&self) {
        self.turn(State::Open, true).await;
    }

    pub async fn close(&self) {
        self.turn(State::Closed, false).await;
    }

    pub async fn stall(&self) {
        self.turn(State::Stalled, true).await;
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many requests with this text in them went through.
    pub fn count(&self, text: &str) -> usize {
        let sent = self.seen.sent.lock().expect("an unpoisoned record");
        sent.windows(text.len())
            .filter(|window| *window == text.as_bytes())
            .count()
    }

    async fn turn(&self, state: State, listening: bool) {
        self.state.send_replace(state);
        // Back only when it holds, so that a case needs no pause.
        self.listening
            .clone()
            .wait_for(|is| *is == listening)
            .await
            .expect("a running gate");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(
    listener: TcpListener,
    upstream: SocketAddr,
    mut changes: watch::Receiver<State>,
    tell: watch::Sender<bool>,
    seen: Arc<Seen>,
) {
    let address = listener.local_addr().expect("a bound address");
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        if *changes.borrow_and_update() == State::Closed {
            listener = None;
            // Aborts and waits: after this no old connection answers.
            connections.shutdown().await;
        } else if listener.is_none() {
            listener = Some(
                TcpListener::bind(address)
                    .await
                    .expect("the gate's own port again"),
            );
        }
        tell.send_replace(listener.is_some());
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = changes.changed() => if change.is_err() { return },
            Ok((stream, _)) = accepted => {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (changes, seen) = (changes.clone(), seen.clone());
                connections.spawn(async move { pass(stream, upstream, changes, &seen).await.unwrap_or_default() });
            }
        }
    }
}

async fn pass(
    mut down: TcpStream,
    upstream: SocketAddr,
    mut state: watch::Receiver<State>,
    seen: &Seen,
) -> Result<()> {
    let mut up = TcpStream::connect(upstream).await?;
    let (mut question, mut answer) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        if *state.borrow_and_update() == State::Stalled {
            // Held, not cut: the caller has to give up by itself.
            state
                .wait_for(|state| *state != State::Stalled)
                .await
                .map_err(std::io::Error::other)?;
            return Ok(());
        }
        tokio::select! {
            // A turn of the gate goes before what is still to be passed on.
            biased;
            change = state.changed() => change.map_err(std::io::Error::other)?,
            read = down.read(&mut question) => match read? {
                0 => return Ok(()),
                count => {
                    seen.sent.lock().expect("an unpoisoned record").extend_from_slice(&question[..count]);
                    up.write_all(&question[..count]).await?;
                }
            },
            read = up.read(&mut answer) => match read? {
                0 => return Ok(()),
                count => down.write_all(&answer[..count]).await?,
            },
        }
    }
}
