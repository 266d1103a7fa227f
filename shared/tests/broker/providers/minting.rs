//! Minting by a call: what is sent, what is read, and how often it is tried.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::called::Called;
use super::env::{NOW, Reply, SECRET, TestBroker, start};
use crate::support::server::serve;

type Script = Arc<Mutex<Vec<(u16, String)>>>;

/// A provider that sends these responses, in order, and the last one again.
struct Standin {
    url: String,
    calls: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Value>>>,
}

impl Standin {
    async fn start(script: &[(u16, &str)]) -> Self {
        let (calls, received) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let script = script
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect::<Vec<_>>();
        let script: Script = Arc::new(Mutex::new(script));
        let state = (Arc::clone(&calls), script, Arc::clone(&received));
        let url = serve(|_| Router::new().fallback(respond).with_state(state)).await;
        Self {
            url,
            calls,
            received,
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn broker(&self, more: &[(&str, &str)]) -> TestBroker<Called> {
        let settings = [
            ("API_KEY_SECRET_ID", "key"),
            ("PROVIDER_BASE_URL", &self.url),
        ];
        start(&[settings.as_slice(), more].concat(), &[])
    }
}

type Received = (Arc<AtomicUsize>, Script, Arc<Mutex<Vec<Value>>>);

async fn respond(
    State((calls, script, received)): State<Received>,
    body: String,
) -> (StatusCode, String) {
    calls.fetch_add(1, Ordering::SeqCst);
    let body = serde_json::from_str(&body).unwrap_or_default();
    received.lock().unwrap().push(body);
    let mut script = script.lock().unwrap();
    let (status, body) = if script.len() > 1 {
        script.remove(0)
    } else {
        script[0].clone()
    };
    (StatusCode::from_u16(status).unwrap(), body)
}

const TOKEN: &str = r#"{"secret":{"value":"t-1"}}"#;

async fn mint(settings: &[(&str, &str)], status: u16, body: &str) -> Reply {
    let standin = Standin::start(&[(status, body)]).await;
    standin.broker(settings).post(json!({"ttl": 600})).await
}

#[tokio::test]
async fn a_response_may_be_text_or_nested_json_with_any_status_of_2xx() {
    for (shape, status, body) in [
        ("text", 200, "t-1"),
        ("text", 201, "t-1\n"),
        ("", 200, TOKEN),
        ("", 201, TOKEN),
        ("", 299, TOKEN),
    ] {
        let reply = mint(&[("SHAPE", shape)], status, body).await;
        assert_eq!((reply.status, &reply.body["token"]), (200, &json!("t-1")));
        assert_eq!(reply.body["expires_in"], 600, "{status} {body}");
    }
    for (shape, body) in [
        ("text", ""),
        ("text", "<html> </html>"),
        ("", "t-1"),
        ("", "{}"),
    ] {
        let reply = mint(&[("SHAPE", shape)], 200, body).await;
        assert_eq!(
            reply.problem(),
            (502, "provider_rejected"),
            "{shape} {body}"
        );
    }
}

#[tokio::test]
async fn an_expiry_may_be_relative_unix_or_iso() {
    let soon = NOW + 45;
    for (shape, expires, expected) in [
        ("", "45", 45),
        ("", "45.9", 45),
        ("", "9000", 600),
        ("unix", &soon.to_string(), 45),
        ("unix", &(NOW + 9000).to_string(), 600),
        ("iso", r#""2027-01-15T08:00:45Z""#, 45),
        ("iso", r#""2027-01-15T08:00:45.900+00:00""#, 45),
        ("iso", r#""2027-01-16T08:00:45Z""#, 600),
    ] {
        let body = format!(r#"{{"secret":{{"value":"t-1","expires":{expires}}}}}"#);
        let reply = mint(&[("SHAPE", shape)], 200, &body).await;
        assert_eq!(reply.body["expires_in"], expected, "{shape} {expires}");
        let end = if expected == 45 {
            "08:00:45"
        } else {
            "08:10:00"
        };
        assert_eq!(reply.body["expires_at"], format!("2027-01-15T{end}Z"));
    }
    for (shape, expires) in [
        ("", "0"),
        ("", "\"45\""),
        ("unix", "1800000000"),
        ("iso", "\"soon\""),
        ("iso", r#""2027-01-15T07:59:59Z""#),
    ] {
        let body = format!(r#"{{"secret":{{"value":"t-1","expires":{expires}}}}}"#);
        let reply = mint(&[("SHAPE", shape)], 200, &body).await;
        assert_eq!(
            reply.problem(),
            (502, "provider_rejected"),
            "{shape} {expires}"
        );
    }
}

#[tokio::test]
async fn a_response_names_sockets_of_several_hosts_and_further_members() {
    let standin = Standin::start(&[(200, r#"{"secret":{"value":"t-1"},"id":"c-1"}"#)]).await;
    let broker = standin.broker(&[("SINGLE_USE", "false")]);
    let reply = broker.post(json!({"room": "a_b"})).await;
    let speak = format!("{}/speak", standin.url.replacen("http", "ws", 1));
    let expected = json!({
        "listen": {"url": "wss://rt.called.test/listen?v=1&room=a_b&t=t-1", "protocols": []},
        "speak": {"url": speak, "protocols": ["bearer", "t-1"]},
    });
    assert_eq!(reply.body["connect"], expected);
    assert_eq!(reply.body["base_url"], "https://rt.called.test");
    let members = |reply: &Reply| {
        (
            reply.body["conversation_id"].clone(),
            reply.body["region"].clone(),
        )
    };
    assert_eq!(members(&reply), (json!("c-1"), json!("eu")));
    let again = broker.resume(json!({"room": "a_b"}), &reply).await;
    assert!(again.is_resumed());
    assert_eq!(again.body["connect"], expected);
    assert_eq!(members(&again), members(&reply));
}

#[tokio::test]
async fn resuming_compares_everything_that_was_requested() {
    let standin = Standin::start(&[(200, TOKEN)]).await;
    let broker = standin.broker(&[("SINGLE_USE", "false")]);
    let request = json!({"voice": "ada", "room": "a", "fast": true, "max_session": 5});
    let first = broker.post(request.clone()).await;
    assert!(broker.resume(request.clone(), &first).await.is_resumed());
    let equal = json!({"max_session": 5.0, "fast": true, "room": "a", "voice": "ada", "ttl": 60});
    assert!(broker.resume(equal, &first).await.is_resumed());
    for (name, value) in [
        ("voice", json!("bob")),
        ("room", json!("b")),
        ("fast", json!(false)),
        ("max_session", json!(6)),
        ("single_use", json!(true)),
    ] {
        let mut other = request.clone();
        other[name] = value;
        assert!(!broker.resume(other, &first).await.is_resumed(), "{name}");
        let mut without = request.clone();
        if without.as_object_mut().unwrap().remove(name).is_some() {
            assert!(!broker.resume(without, &first).await.is_resumed(), "{name}");
        }
    }
    let bob = broker
        .post_as("bob", request, first.cookie.as_deref())
        .await;
    assert!(!bob.is_resumed());
}

#[tokio::test]
async fn a_deployment_or_a_request_decides_about_single_use() {
    let standin = Standin::start(&[(200, TOKEN)]).await;
    for (setting, field, single_use) in [
        ("", json!({}), true),
        ("true", json!({}), true),
        ("false", json!({}), false),
        ("true", json!({"single_use": false}), false),
        ("false", json!({"single_use": true}), true),
    ] {
        let broker = standin.broker(&[("SINGLE_USE", setting)]);
        let first = broker.post(field.clone()).await;
        assert_eq!(first.body["single_use"], single_use, "{setting} {field}");
        let again = broker.resume(field.clone(), &first).await;
        assert_eq!(again.is_resumed(), !single_use, "{setting} {field}");
    }
}

#[tokio::test]
async fn free_values_are_checked_in_bodies_and_queries() {
    let standin = Standin::start(&[(200, TOKEN)]).await;
    let broker = standin.broker(&[]);
    let reply = broker
        .get("voice=bob&room=A-1&fast=true&max_session=7&ttl=90")
        .await;
    assert_eq!((reply.status, &reply.body["expires_in"]), (200, &json!(90)));
    let sent = json!({"voice": "bob", "room": "A-1", "fast": true, "max_session": 7});
    assert_eq!(standin.received.lock().unwrap()[0]["options"], sent);

    let expected = [
        "ttl must be a whole number of seconds from 60 to 86400",
        "voice must be one of ada, bob",
        "room must be a text of 1 to 8 of A-Z a-z 0-9 _ -",
        "fast must be true or false",
        "max_session must be a whole number of minutes from 1 to 60",
    ];
    let body = json!({"ttl": 59, "voice": "eve", "room": "a b", "fast": "true", "max_session": 61});
    assert_eq!(broker.post(body).await.errors(), expected);
    let reply = broker
        .get("ttl=59&voice=eve&room=a/b&fast=1&max_session=0")
        .await;
    assert_eq!(reply.errors(), expected);
    let both = broker.post(json!({"ttl": 60, "expires_in": 60})).await;
    let alias = "expires_in is an alias of ttl: send only one of them";
    assert_eq!(both.errors(), [alias]);
    assert_eq!(standin.calls(), 1, "a request that is wrong is not sent");
}

#[tokio::test]
async fn the_provider_is_told_the_subject_as_the_deployment_says() {
    let standin = Standin::start(&[(200, TOKEN)]).await;
    let told = async |setting: &str, subject: &str| {
        let broker = standin.broker(&[("SUBJECT_REFERENCE", setting)]);
        let reply = broker.post_as(subject, json!({}), None).await;
        let hash = reply.log["subject"].clone();
        let user = standin.received.lock().unwrap().pop().unwrap()["user"].clone();
        (user, hash)
    };
    for setting in ["", "hashed"] {
        let (user, hash) = told(setting, "ada").await;
        assert_eq!(user, hash, "{setting}");
        assert_eq!(user.as_str().unwrap().len(), 16);
    }
    assert_eq!(told("plain", "ada").await.0, "ada");
    let (user, hash) = told("plain", "ada-lovelace").await;
    assert_eq!(user, hash, "longer than the provider takes");
    assert_eq!(told("none", "ada").await.0, Value::Null);
}

#[tokio::test]
async fn a_mint_that_must_not_be_repeated_is_sent_once() {
    for status in [408, 429, 500, 503] {
        let standin = Standin::start(&[(status, ""), (200, TOKEN)]).await;
        let reply = standin.broker(&[]).post(json!({})).await;
        assert_eq!(reply.problem(), (503, "provider_unavailable"), "{status}");
        assert_eq!(standin.calls(), 1, "{status}");
    }
    // The connection breaks after the request was sent.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let settings = [("API_KEY_SECRET_ID", "key"), ("PROVIDER_BASE_URL", &url)];
    let reply = start::<Called>(&settings, &[]).post(json!({})).await;
    assert_eq!(reply.problem(), (503, "provider_unavailable"));
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_mint_that_never_had_a_connection_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}");
    let settings = [("API_KEY_SECRET_ID", "key"), ("PROVIDER_BASE_URL", &url)];
    let broker = start::<Called>(&settings, &[]);
    // The pause before the second try is at least 50 ms.
    let listens = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let router = Router::new().fallback(|| async { TOKEN });
        tokio::spawn(async move { axum::serve(listener, router).await });
    };
    let (reply, ()) = tokio::join!(broker.post(json!({})), listens);
    assert_eq!(reply.status, 200, "{}", reply.log);
}

#[tokio::test]
async fn a_rejected_key_is_replaced_even_if_a_mint_must_not_be_repeated() {
    for rejection in [(401, ""), (400, r#"{"code":"API_KEY_INVALID"}"#)] {
        let standin = Standin::start(&[rejection, (200, TOKEN)]).await;
        let broker = standin.broker(&[]);
        broker.broker.warm().await;
        broker.secrets.put("key", &SECRET.replace('a', "b"));
        let reply = broker.post(json!({})).await;
        assert_eq!(reply.status, 200, "{}", reply.log);
        assert_eq!(standin.calls(), 2);
    }
}

#[tokio::test]
async fn an_error_code_decides_before_the_status() {
    let quota = r#"{"code":"insufficient_quota"}"#;
    let reply = mint(&[], 429, quota).await;
    assert_eq!(reply.problem(), (502, "provider_rejected"));
}
