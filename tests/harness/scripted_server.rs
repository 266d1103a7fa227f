//! A provider or another service with scripted replies, for faults that the well-behaved stand-ins
//! cannot produce.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::server::{Reply, Request, Server};

pub struct ScriptedServer {
    server: Server,
    script: Arc<Mutex<VecDeque<Reply>>>,
}

impl ScriptedServer {
    /// Starts a server that sends one reply per request, in order, and then repeats the last one.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let shared = script.clone();
        let server = Server::start(move |_| {
            let mut script = shared.lock().expect("an unpoisoned lock");
            match script.len() {
                0 => Reply::token("unscripted"),
                1 => script[0].clone(),
                _ => script.pop_front().unwrap_or_else(Reply::silence),
            }
        })
        .await;
        Self { server, script }
    }

    /// Replaces the script from the next request on.
    pub fn set_script(&self, script: impl IntoIterator<Item = Reply>) {
        *self.script.lock().expect("an unpoisoned lock") = script.into_iter().collect();
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// The `HEAD` requests with which functions preconnect.
    pub fn preconnects(&self) -> Vec<Request> {
        self.server.preconnects()
    }

    /// The number of TCP connections so far.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }
}
