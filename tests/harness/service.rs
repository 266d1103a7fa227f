//! A provider, or another service, that answers by script: for everything that the strict stand-in,
//! being well-behaved, cannot do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::server::{Reply, Request, Server};

pub struct FaultyService {
    server: Server,
    script: Arc<Mutex<VecDeque<Reply>>>,
}

impl FaultyService {
    /// One reply a request, in that order; the last one again and again.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let shared = script.clone();
        let server = Server::start(move |_| {
            let mut script = shared.lock().expect("an unpoisoned script");
            match script.len() {
                0 => Reply::token("unscripted"),
                1 => script[0].clone(),
                _ => script.pop_front().unwrap_or_else(Reply::silence),
            }
        })
        .await;
        Self { server, script }
    }

    /// Another script from the next request on.
    pub fn set(&self, script: impl IntoIterator<Item = Reply>) {
        *self.script.lock().expect("an unpoisoned script") = script.into_iter().collect();
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// The `HEAD`s by which functions warm their connection.
    pub fn warm_ups(&self) -> Vec<Request> {
        self.server.warm_ups()
    }

    /// How many TCP connections those requests took.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }
}
