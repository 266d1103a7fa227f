//! A child process that cannot outlive the test: it is ended on drop, or by the kernel if the test
//! is interrupted. Its output is kept, so that a case can read it and a failure can show it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const STOP_TIMEOUT: Duration = Duration::from_secs(2);

pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program with exactly this environment. The process gets SIGTERM when the thread
    /// that started it ends.
    pub fn start(program: &Path, arguments: &[String], environment: &[(String, String)]) -> Self {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // In its own process group, so that Ctrl-C reaches only the suite, which then ends its
            // children in order.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot start {} (with util-linux's setpriv): {error}",
                    program.display()
                )
            });
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take(), &output);
        collect(child.stderr.take(), &output);
        Self { child, output }
    }

    /// The complete lines of standard output and standard error so far.
    pub fn output(&self) -> String {
        self.output.lock().expect("an unpoisoned buffer").clone()
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM first: the emulator then ends its function, which has its own process group.
        let terminate = format!("kill -TERM {}", self.child.id());
        Command::new("sh")
            .args(["-c", &terminate])
            .stderr(Stdio::null())
            .status()
            .ok();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if self.has_ended() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>, output: &Arc<Mutex<String>>) {
    let (Some(pipe), output) = (pipe, output.clone()) else {
        return;
    };
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            output
                .lock()
                .expect("an unpoisoned buffer")
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}
