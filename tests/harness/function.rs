//! One Lambda function: a release binary under AWS's Runtime Interface Emulator, in the environment
//! that Lambda gives. What the emulator does, and the harness allows for: the function starts with
//! the first event, not before; two events at a time end the emulator, so they are sent one by one;
//! a crash of the function is a 502, and it is started anew by the next event.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::process::Process;
use crate::{Answer, Event, http, ports, tool};

const INVOKE: &str = "/2015-03-31/functions/function/invocations";
const START_LIMIT: Duration = Duration::from_secs(10);
const LOG_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub struct Builder {
    binary: String,
    environment: Vec<(String, String)>,
}

impl Builder {
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

    /// The time that Lambda gives one event, in seconds.
    pub fn timeout(self, seconds: u32) -> Self {
        self.env("AWS_LAMBDA_FUNCTION_TIMEOUT", seconds.to_string())
    }

    pub async fn start(self) -> Function {
        let binary = tool("VOICEMINT_BIN_DIR").join(&self.binary);
        assert!(
            binary.is_file(),
            "VOICEMINT_BIN_DIR holds no binary `{}`: `make e2e` builds it.",
            self.binary
        );
        // The emulator has a LOG_LEVEL too, by which it writes whole events or nothing at all: this
        // one is the function's alone.
        let (own, environment): (Vec<_>, Vec<_>) = self
            .environment
            .into_iter()
            .partition(|(name, _)| name == "LOG_LEVEL");
        let mut command = vec!["/usr/bin/env".to_owned()];
        command.extend(
            own.into_iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        command.push(binary.to_string_lossy().into_owned());
        let (runtime, front) = (ports::free(), ports::free());
        let flags = [
            "--runtime-api-address",
            &runtime.to_string(),
            "--runtime-interface-emulator-address",
            &front.to_string(),
        ];
        let arguments: Vec<_> = flags
            .into_iter()
            .map(str::to_owned)
            .chain(command)
            .collect();
        let mut process = Process::start(&tool("VOICEMINT_RIE"), &arguments, &environment);
        let limit = Instant::now() + START_LIMIT;
        // The port for events opens first: a function that is started before the other does finds
        // nobody to ask for them.
        while TcpStream::connect(front).await.is_err() || TcpStream::connect(runtime).await.is_err()
        {
            assert!(
                !process.has_ended() && Instant::now() < limit,
                "no emulator:\n{}",
                process.output()
            );
            sleep(POLL).await;
        }
        Function {
            front,
            process,
            turn: Mutex::new(()),
        }
    }
}

pub struct Function {
    front: SocketAddr,
    process: Process,
    turn: Mutex<()>,
}

impl Function {
    /// A function with nothing but what Lambda itself sets.
    pub fn builder(binary: &str) -> Builder {
        let builder = Builder {
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

    pub async fn invoke(&self, event: &Event) -> Answer {
        let (status, bytes) = self.invoke_raw(event.to_string().as_bytes()).await;
        let source = event.source();
        Answer::parse_from(source, &bytes).unwrap_or_else(|why| {
            let text = String::from_utf8_lossy(&bytes);
            panic!(
                "no answer for {source:?}: {why} ({status}): {text}\nto {event}\nlogs:\n{}",
                self.logs()
            )
        })
    }

    /// Sends any bytes as the event: what the function gave, and the emulator's own status.
    pub async fn invoke_raw(&self, event: &[u8]) -> (u16, Vec<u8>) {
        let answer = self.try_invoke_raw(event).await;
        answer.unwrap_or_else(|error| {
            panic!(
                "the emulator did not answer: {error}\nlogs:\n{}",
                self.logs()
            )
        })
    }

    /// The same where the emulator itself may fail: it does now and then where a function stops as
    /// soon as it starts.
    pub async fn try_invoke_raw(&self, event: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let _turn = self.turn.lock().await;
        http::post(self.front, INVOKE, &[], event)
            .await
            .map(|response| (response.status, response.body))
    }

    /// The answer, and the one line that the function logged for it.
    pub async fn invoke_logged(&self, event: &Event) -> (Answer, Value) {
        let before = self.request_lines().len();
        let answer = self.invoke(event).await;
        let mut lines = self
            .wait_for(|function| Some(function.request_lines()).filter(|all| all.len() > before))
            .await;
        assert_eq!(
            lines.len(),
            before + 1,
            "one line a request:\n{}",
            self.logs()
        );
        (answer, lines.pop().unwrap_or_default())
    }

    /// Everything that the emulator and the function wrote.
    pub fn logs(&self) -> String {
        self.process.output()
    }

    /// The lines that are JSON objects.
    pub fn log_lines(&self) -> Vec<Value> {
        self.logs()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(Value::is_object)
            .collect()
    }

    /// The lines that say how a request ended.
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

    /// How many times the function's process was started: 1 as long as nothing ended it.
    pub fn starts(&self) -> usize {
        self.logs().matches("INIT START").count()
    }

    /// A log line may arrive a moment after the answer.
    async fn wait_for<T>(&self, look: impl Fn(&Self) -> Option<T>) -> T {
        let limit = Instant::now() + LOG_LIMIT;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(
                Instant::now() < limit,
                "the awaited log line did not come:\n{}",
                self.logs()
            );
            sleep(POLL).await;
        }
    }
}
