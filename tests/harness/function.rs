//! One Lambda function: a release binary under AWS's Runtime Interface Emulator, with the
//! environment variables that Lambda sets. The harness allows for three properties of the emulator.
//! It starts the function with the first event, not earlier. Two concurrent events end the
//! emulator, so events are sent one at a time. It answers 502 when the function crashes, and starts
//! the function again with the next event.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::event::Event;
use crate::http;
use crate::ports;
use crate::process::Process;
use crate::response::Response;
use crate::tools;

const INVOKE: &str = "/2015-03-31/functions/function/invocations";
const START_TIMEOUT: Duration = Duration::from_secs(10);
const LOG_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub struct FunctionBuilder {
    binary: String,
    environment: Vec<(String, String)>,
}

impl FunctionBuilder {
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.environment.push((name.into(), value.into()));
        self
    }

    pub fn env_if_absent(self, name: &str, value: &str) -> Self {
        if self.environment.iter().any(|(key, _)| key == name) {
            self
        } else {
            self.env(name, value)
        }
    }

    pub fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(key, _)| key != name);
        self
    }

    /// The timeout of the Lambda function, in seconds.
    pub fn timeout(self, seconds: u32) -> Self {
        self.env("AWS_LAMBDA_FUNCTION_TIMEOUT", seconds.to_string())
    }

    pub async fn start(self) -> Function {
        let binary = tools::path("VOICEMINT_BIN_DIR").join(&self.binary);
        assert!(
            binary.is_file(),
            "VOICEMINT_BIN_DIR contains no binary `{}`: `make e2e` builds it.",
            self.binary
        );
        // The emulator reads LOG_LEVEL too, and then writes whole events or nothing at all. `env`
        // sets the variable for the function only.
        let (function_only, environment): (Vec<_>, Vec<_>) = self
            .environment
            .into_iter()
            .partition(|(name, _)| name == "LOG_LEVEL");
        let mut command = vec!["/usr/bin/env".to_owned()];
        command.extend(
            function_only
                .into_iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        command.push(binary.to_string_lossy().into_owned());
        let (runtime_api, invoke_api) = (ports::free(), ports::free());
        let flags = [
            "--runtime-api-address",
            &runtime_api.to_string(),
            "--runtime-interface-emulator-address",
            &invoke_api.to_string(),
        ];
        let arguments: Vec<_> = flags
            .into_iter()
            .map(str::to_owned)
            .chain(command)
            .collect();
        let mut process = Process::start(&tools::path("VOICEMINT_RIE"), &arguments, &environment);
        let deadline = Instant::now() + START_TIMEOUT;
        // The invocation port opens first. A function that starts before the runtime API is
        // listening cannot fetch its events.
        while TcpStream::connect(invoke_api).await.is_err()
            || TcpStream::connect(runtime_api).await.is_err()
        {
            assert!(
                !process.has_ended() && Instant::now() < deadline,
                "the emulator did not start:\n{}",
                process.output()
            );
            sleep(POLL_INTERVAL).await;
        }
        Function {
            invoke_api,
            process,
            invoke_lock: Mutex::new(()),
        }
    }
}

pub struct Function {
    invoke_api: SocketAddr,
    process: Process,
    invoke_lock: Mutex<()>,
}

impl Function {
    /// A function with only the environment variables that Lambda itself sets.
    pub fn builder(binary: &str) -> FunctionBuilder {
        let builder = FunctionBuilder {
            binary: binary.into(),
            environment: Vec::new(),
        };
        builder
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "ASIAFAKEFAKEFAKEFAKE")
            .env("AWS_SECRET_ACCESS_KEY", "fake-secret-access-key")
            .env("AWS_SESSION_TOKEN", "fake-session-token")
            .env("AWS_LAMBDA_FUNCTION_NAME", binary)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .timeout(20)
    }

    pub async fn invoke(&self, event: &Event) -> Response {
        let (status, bytes) = self.invoke_raw(event.to_string().as_bytes()).await;
        let source = event.source();
        Response::parse_from(source, &bytes).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(&bytes);
            panic!(
                "not a response for {source:?}: {error} ({status}): {text}\nto {event}\nlogs:\n{}",
                self.logs()
            )
        })
    }

    /// Sends any bytes as the event. Returns the emulator's own status and the function's output.
    pub async fn invoke_raw(&self, event: &[u8]) -> (u16, Vec<u8>) {
        let response = self.try_invoke_raw(event).await;
        response.unwrap_or_else(|error| {
            panic!(
                "the emulator did not respond: {error}\nlogs:\n{}",
                self.logs()
            )
        })
    }

    /// The same for cases in which the emulator may fail: it sometimes does if a function stops as
    /// soon as it starts.
    pub async fn try_invoke_raw(&self, event: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let _guard = self.invoke_lock.lock().await;
        http::post(self.invoke_api, INVOKE, &[], event)
            .await
            .map(|response| (response.status, response.body))
    }

    /// The response, and the single log line that the function wrote for the request.
    pub async fn invoke_logged(&self, event: &Event) -> (Response, Value) {
        let before = self.request_lines().len();
        let response = self.invoke(event).await;
        let mut lines = self
            .wait_for(|function| Some(function.request_lines()).filter(|all| all.len() > before))
            .await;
        assert_eq!(
            lines.len(),
            before + 1,
            "one log line per request:\n{}",
            self.logs()
        );
        (response, lines.pop().unwrap_or_default())
    }

    /// All output of the emulator and the function.
    pub fn logs(&self) -> String {
        self.process.output()
    }

    /// The output lines that are JSON objects.
    pub fn log_lines(&self) -> Vec<Value> {
        self.logs()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(Value::is_object)
            .collect()
    }

    /// The log lines of requests: those with an outcome.
    pub fn request_lines(&self) -> Vec<Value> {
        self.log_lines()
            .into_iter()
            .filter(|line| line["outcome"].is_string())
            .collect()
    }

    pub async fn wait_for_log(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_for(|function| function.log_lines().into_iter().find(&wanted))
            .await
    }

    pub async fn wait_for_text(&self, wanted: &str) {
        self.wait_for(|function| function.logs().contains(wanted).then_some(()))
            .await;
    }

    /// How many times the function's process was started: 1 unless the process ended.
    pub fn starts(&self) -> usize {
        self.logs().matches("INIT START").count()
    }

    /// A log line may arrive a moment after the response.
    async fn wait_for<T>(&self, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + LOG_TIMEOUT;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "the expected log line did not appear:\n{}",
                self.logs()
            );
            sleep(POLL_INTERVAL).await;
        }
    }
}
