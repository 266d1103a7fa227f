//! Runs the local command on free ports and in its own home directory.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{iter, thread};

/// The last line of the banner.
const READY: &str = "Stop with Ctrl-C.";
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct Running {
    child: Child,
    output: Receiver<String>,
    pub home: PathBuf,
    pub port: u16,
    pub standins_port: u16,
    pub tls_port: u16,
    pub banner: String,
}

impl Running {
    pub fn start(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::in_home(new_home(), flags, variables)
    }

    pub fn in_home(home: PathBuf, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let [port, standins_port, tls_port] = free_ports();
        let ports = [
            ("--port", port),
            ("--standins-port", standins_port),
            ("--tls-port", tls_port),
        ];
        let ports = ports
            .map(|(flag, port)| [flag.to_owned(), port.to_string()])
            .concat();
        let mut command = command(&home, variables);
        let mut child = command
            .args(ports)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = lines(child.stdout.take().unwrap());
        let mut running = Self {
            child,
            output,
            home,
            port,
            standins_port,
            tls_port,
            banner: String::new(),
        };
        while !running.banner.contains(READY) {
            let line = running.line();
            running.banner.push_str(&line);
            running.banner.push('\n');
        }
        running.line();
        running
    }

    /// The next line of the output.
    pub fn line(&mut self) -> String {
        let line = self.output.recv_timeout(TIMEOUT);
        line.unwrap_or_else(|_| panic!("the command prints nothing or has ended: {}", self.banner))
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The certificate that clients trust.
    pub fn authority(&self) -> String {
        fs::read_to_string(self.home.join(".local/share/voicemint/ca.pem")).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// The error message of a start that fails.
pub fn failed_start(flags: &[&str], variables: &[(&str, &str)]) -> String {
    let home = new_home();
    let mut command = command(&home, variables);
    let mut child = command
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (output, errors) = (
        lines(child.stdout.take().unwrap()),
        lines(child.stderr.take().unwrap()),
    );
    let errors: Vec<_> = iter::from_fn(|| errors.recv_timeout(TIMEOUT).ok()).collect();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    fs::remove_dir_all(&home).unwrap();
    assert_eq!(
        status.code(),
        Some(1),
        "the command started: {:?}",
        output.iter().collect::<Vec<_>>()
    );
    assert_eq!(output.iter().count(), 0);
    errors.join("\n")
}

/// The lines of a pipe.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(pipe)
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    receiver
}

fn command(home: &PathBuf, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voicemint-dev"));
    command
        .env_clear()
        .env("HOME", home)
        .envs(variables.iter().copied());
    command
}

fn new_home() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let home =
        std::env::temp_dir().join(format!("voicemint-dev-home-{}-{count}", std::process::id()));
    fs::create_dir_all(&home).unwrap();
    home
}

pub fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Sends a request with this head, which has no final empty line, and returns the response.
pub fn call(port: u16, head: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    write!(
        stream,
        "{head}content-length: 0\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

pub fn get(port: u16, path: &str) -> u16 {
    let response = call(port, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n"));
    response.split(' ').nth(1).unwrap().parse().unwrap()
}
