//! moto as Secrets Manager and DynamoDB: one server for the whole suite, and the calls that the
//! cases make.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::process::Process;
use crate::{http, ports, tools};

const START_TIMEOUT: Duration = Duration::from_secs(60);
static SERVER: OnceCell<SocketAddr> = OnceCell::const_new();
static CALL_LOCK: Mutex<()> = Mutex::const_new(());
static NEXT_NAME: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Copy)]
pub struct Moto {
    address: SocketAddr,
}

impl Moto {
    /// The suite's server. The first call starts it.
    pub async fn start() -> Self {
        let address = SERVER.get_or_init(|| async {
            let program = tools::path("VOICEMINT_MOTO");
            // On a blocking thread, so that other tasks of this runtime continue.
            let started = tokio::task::spawn_blocking(|| spawn(program))
                .await
                .expect("a start that does not panic");
            let moto = Self {
                address: started.unwrap_or_else(|message| panic!("{message}")),
            };
            // The first call initializes the service.
            moto.call("ListSecrets", json!({})).await;
            moto.address
        });
        Self {
            address: *address.await,
        }
    }

    /// Another server in place of moto.
    #[cfg(test)]
    pub const fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A name that no other case uses.
    pub fn unique_name(stem: &str) -> String {
        format!(
            "voicemint/{stem}-{}",
            NEXT_NAME.fetch_add(1, Ordering::SeqCst)
        )
    }

    pub async fn create_secret(&self, name: &str, value: &str) {
        self.call(
            "CreateSecret",
            json!({ "Name": name, "SecretString": value }),
        )
        .await;
    }

    /// Stores a new version, which becomes the current one.
    pub async fn put_secret(&self, name: &str, value: &str) {
        self.call(
            "PutSecretValue",
            json!({ "SecretId": name, "SecretString": value }),
        )
        .await;
    }

    pub async fn delete_secret(&self, name: &str) {
        self.call(
            "DeleteSecret",
            json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true }),
        )
        .await;
    }

    /// Calls Secrets Manager.
    async fn call(&self, operation: &str, input: Value) -> Value {
        self.call_service(
            "secretsmanager",
            "1.1",
            &format!("secretsmanager.{operation}"),
            input,
        )
        .await
    }

    /// Calls DynamoDB.
    pub async fn dynamodb(&self, operation: &str, input: Value) -> Value {
        self.call_service(
            "dynamodb",
            "1.0",
            &format!("DynamoDB_20120810.{operation}"),
            input,
        )
        .await
    }

    async fn call_service(&self, service: &str, json: &str, target: &str, input: Value) -> Value {
        // moto iterates over its tables without a lock: concurrent changes sometimes make it fail.
        let _guard = CALL_LOCK.lock().await;
        // moto reads the service from the scope of the signature and does not check the rest.
        let scope = format!("Credential=ASIAFAKE/20260101/us-east-1/{service}/aws4_request");
        let headers = [
            ("content-type", &*format!("application/x-amz-json-{json}")),
            ("x-amz-target", target),
            (
                "authorization",
                &format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=fake"),
            ),
        ];
        let response = http::post(self.address, "/", &headers, input.to_string().as_bytes()).await;
        let response =
            response.unwrap_or_else(|error| panic!("moto did not answer {target}: {error}"));
        assert_eq!(
            response.status,
            200,
            "{target}: {}",
            String::from_utf8_lossy(&response.body)
        );
        serde_json::from_slice(&response.body).unwrap_or_default()
    }
}

fn spawn(program: PathBuf) -> Result<SocketAddr, String> {
    let address = ports::free();
    let (notify, started) = mpsc::channel();
    // The server lives as long as this thread: the kernel ends it when the suite ends, for any
    // reason.
    thread::spawn(move || {
        let environment = [("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())];
        let arguments =
            ["--host", "127.0.0.1", "--port", &address.port().to_string()].map(str::to_owned);
        let mut process = Process::start(&program, &arguments, &environment);
        let deadline = Instant::now() + START_TIMEOUT;
        while std::net::TcpStream::connect(address).is_err() {
            if process.has_ended() || Instant::now() > deadline {
                notify
                    .send(Err(format!("moto did not start:\n{}", process.output())))
                    .ok();
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        notify.send(Ok(address)).ok();
        loop {
            thread::park();
        }
    });
    started
        .recv()
        .unwrap_or_else(|_| Err("moto's thread ended".into()))
}
