//! A minimal HTTP implementation: one client call, and the parsing that client and servers share.
//! It is written by hand because the servers must be able to misbehave and the client must show
//! exactly which bytes arrived.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The timeout of a call. The slowest case is a function that waits for its own timeouts.
const CALL_TIMEOUT: Duration = Duration::from_secs(40);
const MAX_HEAD_BYTES: usize = 64 * 1024;

pub struct HttpResponse {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A message up to the blank line, and the part of the body that arrived with it.
pub struct Head {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
    pub rest: Vec<u8>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn content_length(&self) -> usize {
        self.header("content-length")
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }
}

pub fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Sends one POST over a new connection. It uses HTTP/1.0, so that the response ends when the
/// connection closes.
pub async fn post(
    to: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<HttpResponse> {
    let call = async {
        let mut stream = TcpStream::connect(to).await?;
        let mut head = format!(
            "POST {path} HTTP/1.0\r\nhost: {to}\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let Some(head) = read_head(&mut stream).await? else {
            return Err(ErrorKind::UnexpectedEof.into());
        };
        let mut body = head.rest;
        stream.read_to_end(&mut body).await?;
        let status = head
            .first_line
            .split(' ')
            .nth(1)
            .and_then(|text| text.parse().ok());
        Ok(HttpResponse {
            status: status.ok_or_else(|| Error::other("the response has no status"))?,
            body,
        })
    };
    timeout(CALL_TIMEOUT, call)
        .await
        .map_err(|_| Error::from(ErrorKind::TimedOut))?
}

/// Reads up to the blank line. Returns `None` if the peer closed the connection before it sent
/// anything.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<Head>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > MAX_HEAD_BYTES {
            return Err(Error::other("the head is too long"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return if bytes.is_empty() {
                Ok(None)
            } else {
                Err(ErrorKind::UnexpectedEof.into())
            };
        }
    };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let first_line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Some(Head {
        first_line,
        headers,
        rest: bytes[end + 4..].to_vec(),
    }))
}
