//! The limit table: moto as DynamoDB, behind a proxy. The proxy passes one update at a time,
//! because moto checks the condition and writes in two steps. It counts the calls and can inject
//! faults.

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

use crate::function::FunctionBuilder;
use crate::http;
use crate::moto::Moto;

/// How DynamoDB fails.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    /// Accepts requests and does not respond.
    Silent,
    /// Responds as if the throughput of the account or the table was exceeded.
    Throttled,
    /// Responds with 500.
    InternalError,
}

struct DynamoDbProxy {
    moto: Moto,
    fault: Mutex<Option<Fault>>,
    calls: AtomicUsize,
    update_lock: tokio::sync::Mutex<()>,
}

pub struct LimitTable {
    pub name: String,
    url: String,
    proxy: Arc<DynamoDbProxy>,
    server: JoinHandle<()>,
}

impl LimitTable {
    /// An empty table with the schema of the template.
    pub async fn create() -> Self {
        let name = Moto::unique_name("limits").replace('/', "-");
        let moto = Moto::start().await;
        let input = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        });
        moto.dynamodb("CreateTable", input).await;
        Self::with_moto(moto, name).await
    }

    async fn with_moto(moto: Moto, name: String) -> Self {
        let (fault, calls) = (Mutex::new(None), AtomicUsize::new(0));
        let proxy = Arc::new(DynamoDbProxy {
            moto,
            fault,
            calls,
            update_lock: tokio::sync::Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let router = Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&proxy));
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self {
            name,
            url,
            proxy,
            server,
        }
    }

    /// Configures a function to use this table.
    pub fn configure(&self, function: FunctionBuilder) -> FunctionBuilder {
        function
            .env("LIMIT_TABLE", &self.name)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Injects a fault, or none, from the next call on.
    pub fn set_fault(&self, fault: impl Into<Option<Fault>>) {
        *self.proxy.fault.lock().expect("an unpoisoned lock") = fault.into();
    }

    /// Returns the number of calls since the last time, and resets it.
    pub fn take_calls(&self) -> usize {
        self.proxy.calls.swap(0, Ordering::SeqCst)
    }

    pub async fn items(&self) -> Vec<Value> {
        let scan = self
            .proxy
            .moto
            .dynamodb("Scan", json!({ "TableName": self.name }))
            .await;
        scan["Items"].as_array().cloned().unwrap_or_default()
    }
}

impl Drop for LimitTable {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(proxy): State<Arc<DynamoDbProxy>>, request: Request) -> Response {
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
        "the function has no other permission"
    );
    proxy.calls.fetch_add(1, Ordering::SeqCst);
    let fault = *proxy.fault.lock().expect("an unpoisoned lock");
    match fault {
        None => {}
        Some(Fault::Silent) => tokio::time::sleep(Duration::from_secs(30)).await,
        Some(Fault::Throttled) => {
            return json_response(
                400,
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException" }),
            );
        }
        Some(Fault::InternalError) => {
            return json_response(500, json!({ "__type": "InternalServerError" }));
        }
    }
    let content_type = text("content-type");
    let authorization = text("authorization");
    // In its own task: moto continues an update whose client gave up, so the lock must be held as
    // long.
    let update = tokio::spawn(async move {
        let _guard = proxy.update_lock.lock().await;
        let headers = [
            ("content-type", &*content_type),
            ("x-amz-target", &target),
            ("authorization", &authorization),
        ];
        http::post(proxy.moto.address(), "/", &headers, &body).await
    });
    match update.await.expect("an update that does not panic") {
        Ok(reply) => response(reply.status, reply.body.into()),
        Err(error) => response(502, error.to_string().into()),
    }
}

fn json_response(status: u16, body: Value) -> Response {
    response(status, body.to_string().into())
}

fn response(status: u16, body: Bytes) -> Response {
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
    async fn an_update_holds_the_lock_after_its_client_gave_up() {
        // Like moto, it continues an update after the client disconnected.
        let (in_progress, overlapped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let moto = Moto::at(listener.local_addr().unwrap());
        let (active, overlap) = (Arc::clone(&in_progress), Arc::clone(&overlapped));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (active, overlap) = (Arc::clone(&active), Arc::clone(&overlap));
                tokio::spawn(async move {
                    overlap.fetch_or(active.fetch_add(1, Ordering::SeqCst) > 0, Ordering::SeqCst);
                    http::read_head(&mut stream).await.unwrap_or_default();
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    active.fetch_sub(1, Ordering::SeqCst);
                    stream
                        .write_all(b"HTTP/1.0 200 OK\r\n\r\n{}")
                        .await
                        .unwrap_or_default();
                });
            }
        });
        let table = LimitTable::with_moto(moto, "any".to_owned()).await;
        let proxy: SocketAddr = table.url().trim_start_matches("http://").parse().unwrap();
        let mut impatient_client = TcpStream::connect(proxy).await.unwrap();
        let head = "POST / HTTP/1.1\r\nhost: any\r\nx-amz-target: DynamoDB_20120810.UpdateItem\r\ncontent-length: 2\r\n\r\n{}";
        impatient_client.write_all(head.as_bytes()).await.unwrap();
        while in_progress.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(impatient_client);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let headers = [("x-amz-target", "DynamoDB_20120810.UpdateItem")];
        assert_eq!(
            http::post(proxy, "/", &headers, b"{}")
                .await
                .unwrap()
                .status,
            200
        );
        assert!(!overlapped.load(Ordering::SeqCst), "two updates overlapped");
    }
}
