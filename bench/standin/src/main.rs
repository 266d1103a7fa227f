//! The three voice providers and the issuer that the functions of `make bench` call. It responds
//! immediately and uses little CPU time.
//!
//! `standin JWKS_FILE API_KEY` prints its address. It has one thread per connection and no
//! dependencies. A request that does not match the provider's API receives an error, so that a wrong
//! request fails the benchmark. `GET /mints` returns how many tokens were issued.

use std::fs;
use std::io::{BufRead, BufReader, Error, Read, Result, Write, stdout};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The length of Cartesia's tokens, which are JWTs.
const TOKEN_LENGTH: usize = 280;
const MAX_BODY_BYTES: usize = 64 * 1024;

struct Standin {
    jwk_set: String,
    api_key: String,
    mints: AtomicU64,
}

#[derive(Default)]
struct Request {
    method: String,
    target: String,
    authorization: String,
    api_key: String,
    version: String,
    body: String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(api_key)) = (arguments.next(), arguments.next()) else {
        return Err(Error::other("usage: standin JWKS_FILE API_KEY"));
    };
    let standin = Arc::new(Standin {
        jwk_set: fs::read_to_string(file)?,
        api_key,
        mints: AtomicU64::new(0),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(stdout(), "http://{}", listener.local_addr()?)?;
    for stream in listener.incoming() {
        let (stream, standin) = (stream?, Arc::clone(&standin));
        // A client that disconnects is not an error here.
        thread::spawn(move || standin.serve(stream).unwrap_or_default());
    }
    Ok(())
}

impl Standin {
    fn serve(&self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader)? {
            let (status, body) = self.respond(&request);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            let body = if request.method == "HEAD" { "" } else { &body };
            reader.get_mut().write_all((head + body).as_bytes())?;
        }
        Ok(())
    }

    fn respond(&self, request: &Request) -> (&'static str, String) {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        match (request.method.as_str(), path) {
            ("GET", "/keys.json") => ("200 OK", self.jwk_set.clone()),
            ("GET", "/mints") => ("200 OK", self.mints.load(Ordering::Relaxed).to_string()),
            ("POST", "/access-token") => {
                let valid =
                    request.body.contains("\"grants\"") && request.body.contains("\"expires_in\"");
                let authorized =
                    request.authorization.strip_prefix("Bearer ") == Some(&self.api_key);
                self.mint(authorized, valid && !request.version.is_empty(), "")
            }
            ("POST", "/v1/single-use-token/realtime_scribe") => {
                self.mint(request.api_key == self.api_key, true, "")
            }
            ("GET", "/v3/token") => {
                let valid = query.contains("expires_in_seconds=60");
                self.mint(
                    request.authorization == self.api_key,
                    valid,
                    ",\"expires_in_seconds\":60",
                )
            }
            _ => ("404 Not Found", "{}".into()),
        }
    }

    /// A unique token, with additional response members in `more`.
    fn mint(&self, authorized: bool, valid: bool, more: &str) -> (&'static str, String) {
        match (authorized, valid) {
            (false, _) => ("401 Unauthorized", "{}".into()),
            (true, false) => ("400 Bad Request", "{}".into()),
            (true, true) => {
                let number = self.mints.fetch_add(1, Ordering::Relaxed);
                (
                    "200 OK",
                    format!("{{\"token\":\"{number:x>TOKEN_LENGTH$}\"{more}}}"),
                )
            }
        }
    }
}

/// The next request of a connection, or `None` at its end.
fn read(reader: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut request = Request {
        method,
        target,
        ..Request::default()
    };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut request.authorization),
            "xi-api-key" => value.clone_into(&mut request.api_key),
            "cartesia-version" => value.clone_into(&mut request.version),
            "content-length" => length = value.parse().map_err(Error::other)?,
            _ => {}
        }
    }
    if length > MAX_BODY_BYTES {
        return Err(Error::other("the request body is too large"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.body = String::from_utf8(body).map_err(Error::other)?;
    Ok(Some(request))
}
