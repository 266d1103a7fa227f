//! The table of limits: DynamoDB, played by moto behind a door that lets one update in at a time,
//! since moto looks and writes in two steps. The door counts, and can be told to be trouble.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Builder, Moto, http};

/// How DynamoDB is.
#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    Well,
    /// Takes requests and does not answer.
    Silent,
    /// Answers as where the account's or the table's throughput is used up.
    Throttled,
    /// Answers 500.
    Broken,
}

struct Door {
    moto: Moto,
    mood: Mutex<Mood>,
    calls: AtomicUsize,
    turn: tokio::sync::Mutex<()>,
}

pub struct LimitTable {
    pub name: String,
    url: String,
    door: Arc<Door>,
    server: JoinHandle<()>,
}

impl LimitTable {
    /// An empty table, as the template makes it.
    pub async fn create() -> Self {
        let name = Moto::unique("limits").replace('/', "-");
        let moto = Moto::start().await;
        let input = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        });
        moto.dynamodb("CreateTable", input).await;
        Self::of(moto, name).await
    }

    async fn of(moto: Moto, name: String) -> Self {
        let (mood, calls) = (Mutex::new(Mood::Well), AtomicUsize::new(0));
        let door = Arc::new(Door {
            moto,
            mood,
            calls,
            turn: tokio::sync::Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let router = Router::new().fallback(pass).with_state(Arc::clone(&door));
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self {
            name,
            url,
            door,
            server,
        }
    }

    /// A function that counts in it.
    pub fn limits(&self, function: Builder) -> Builder {
        function
            .env("LIMIT_TABLE", &self.name)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn becomes(&self, mood: Mood) {
        *self.door.mood.lock().expect("an unpoisoned mood") = mood;
    }

    /// How many calls came in since this was asked last.
    pub fn calls(&self) -> usize {
        self.door.calls.swap(0, Ordering::SeqCst)
    }

    pub async fn items(&self) -> Vec<Value> {
        let scanned = self
            .door
            .moto
            .dynamodb("Scan", json!({ "TableName": self.name }))
            .await;
        scanned["Items"].as_array().cloned().unwrap_or_default()
    }
}

impl Drop for LimitTable {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let target = text("x-amz-target");
    assert_eq!(
        target, "DynamoDB_20120810.UpdateItem",
        "nothing else is permitted"
    );
    door.calls.fetch_add(1, Ordering::SeqCst);
    let mood = *door.mood.lock().expect("an unpoisoned mood");
    match mood {
        Mood::Well => {}
        Mood::Silent => tokio::time::sleep(Duration::from_secs(30)).await,
        Mood::Throttled => {
            return said(
                400,
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException" }),
            );
        }
        Mood::Broken => return said(500, json!({ "__type": "InternalServerError" })),
    }
    let content_type = text("content-type");
    let authorization = text("authorization");
    // A task of its own: moto goes on with an update whose caller gave up, and so must its turn.
    let update = tokio::spawn(async move {
        let _turn = door.turn.lock().await;
        let headers = [
            ("content-type", &*content_type),
            ("x-amz-target", &target),
            ("authorization", &authorization),
        ];
        http::post(door.moto.address(), "/", &headers, &body).await
    });
    match update.await.expect("an update that does not panic") {
        Ok(answer) => answered(answer.status, answer.body.into()),
        Err(error) => answered(502, error.to_string().into()),
    }
}

fn said(status: u16, body: Value) -> Response {
    answered(status, body.to_string().into())
}

fn answered(status: u16, body: Bytes) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        [(header::CONTENT_TYPE, "application/x-amz-json-1.0")],
        body,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::AtomicBool;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn an_update_keeps_its_turn_when_nobody_waits_for_it_any_more() {
        // As moto: it goes on with an update whose caller has hung up.
        let (under_way, overlapped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let moto = Moto::played_by(listener.local_addr().unwrap());
        let (working, twice) = (Arc::clone(&under_way), Arc::clone(&overlapped));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (working, twice) = (Arc::clone(&working), Arc::clone(&twice));
                tokio::spawn(async move {
                    twice.fetch_or(working.fetch_add(1, Ordering::SeqCst) > 0, Ordering::SeqCst);
                    http::read_head(&mut stream).await.unwrap_or_default();
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    working.fetch_sub(1, Ordering::SeqCst);
                    stream
                        .write_all(b"HTTP/1.0 200 OK\r\n\r\n{}")
                        .await
                        .unwrap_or_default();
                });
            }
        });
        let table = LimitTable::of(moto, "any".to_owned()).await;
        let door: SocketAddr = table.url().trim_start_matches("http://").parse().unwrap();
        let mut given_up = TcpStream::connect(door).await.unwrap();
        let head = "POST / HTTP/1.1\r\nhost: any\r\nx-amz-target: DynamoDB_20120810.UpdateItem\r\ncontent-length: 2\r\n\r\n{}";
        given_up.write_all(head.as_bytes()).await.unwrap();
        while under_way.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(given_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let headers = [("x-amz-target", "DynamoDB_20120810.UpdateItem")];
        assert_eq!(
            http::post(door, "/", &headers, b"{}").await.unwrap().status,
            200
        );
        assert!(!overlapped.load(Ordering::SeqCst), "two updates at once");
    }
}
