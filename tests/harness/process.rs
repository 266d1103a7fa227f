//! A child process that cannot outlive the test: it is ended on drop, and by the kernel where the
//! test is interrupted. Everything that it writes is kept, so that a case can look at it and a
//! failure can show it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const GRACE: Duration = Duration::from_secs(2);

pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program with this environment and no other. It gets SIGTERM when the thread that
    /// started it ends.
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
            // A group of its own: Ctrl-C reaches the suite alone, which then takes its children
            // down in order.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot start {} (by util-linux's setpriv): {error}",
                    program.display()
                )
            });
        let output = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take(), &output);
        keep(child.stderr.take(), &output);
        Self { child, output }
    }

    /// Standard output and error up to now, by whole lines.
    pub fn output(&self) -> String {
        self.output.lock().expect("an unpoisoned buffer").clone()
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // First the gentle way: the emulator then ends its function, which has a process group of
        // its own.
        let terminate = format!("kill -TERM {}", self.child.id());
        Command::new("sh")
            .args(["-c", &terminate])
            .stderr(Stdio::null())
            .status()
            .ok();
        let limit = Instant::now() + GRACE;
        while Instant::now() < limit {
            if self.has_ended() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn keep(pipe: Option<impl Read + Send + 'static>, output: &Arc<Mutex<String>>) {
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
