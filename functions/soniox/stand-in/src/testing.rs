//! Support for the tests of this stand-in.

use serde_json::{Value, json};
pub use voicemint_stand_in::RedeemError;
pub use voicemint_stand_in::testing::*;

use crate::{API_KEY, SonioxStandin};

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&SonioxStandin)
}

/// The headers of a mint.
pub fn mint_headers(authorization: &str) -> [(&'static str, String); 2] {
    [
        ("authorization", authorization.to_owned()),
        ("content-type", "application/json".to_owned()),
    ]
}

pub async fn mint(standin: &TestStandin, body: &Value) -> TestResponse {
    let headers = mint_headers(&format!("Bearer {API_KEY}"));
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let path = "/v1/auth/temporary-api-key";
    call(standin, "POST", path, &headers, &body.to_string()).await
}

/// A key of this type, with a lifetime of 60 seconds and further members of the request.
pub async fn key(standin: &TestStandin, usage_type: &str, more: Value) -> String {
    let mut body = json!({ "usage_type": usage_type, "expires_in_seconds": 60 });
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let response = mint(standin, &body).await;
    assert_eq!(response.status, 201, "{}", response.json());
    response.json()["api_key"].as_str().unwrap().to_owned()
}

/// Where a client puts its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Protocols,
    Header,
    Frame,
}

pub const PLACES: [Place; 3] = [Place::Protocols, Place::Header, Place::Frame];

/// Connects with a key in one place, and sends the first frame.
pub async fn connect(
    standin: &TestStandin,
    path: &str,
    place: Place,
    key: &str,
    first: &Value,
) -> SocketClient {
    let (headers, first) = match place {
        Place::Protocols => {
            let protocols = format!("soniox-api-key, {key}");
            (vec![("sec-websocket-protocol", protocols)], first.clone())
        }
        Place::Header => (
            vec![("authorization", format!("Bearer {key}"))],
            first.clone(),
        ),
        Place::Frame => {
            let mut first = first.clone();
            first["api_key"] = key.into();
            (Vec::new(), first)
        }
    };
    let mut client = open(standin, path, &headers).await;
    client.send(first).await;
    client
}

/// Opens a socket.
pub async fn open(
    standin: &TestStandin,
    path: &str,
    headers: &[(&'static str, String)],
) -> SocketClient {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    SocketClient::connect(standin, path, &headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// The code, type and message of the error that ends a socket.
pub async fn refused(mut client: SocketClient) -> (u64, String, String) {
    let (frames, code, _) = client.rest().await;
    assert_eq!(code, 1000);
    let last = frames.last().expect("an error");
    let text = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
    let code = last["error_code"].as_u64().expect("an error");
    (code, text("error_type"), text("error_message"))
}
