//! Successful mints of each provider: body, headers, cookie, log line, metrics, and the request to
//! the provider.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use voicemint_tests::{
    Event, Function, ORIGIN, PROVIDERS, Reply, Request, ScriptedServer, TestEnv, mint_line, now,
    response_members, smallest_request,
};

use crate::support::{assert_common_headers, assert_readable, expires_at, list, metric};

fn lifetime(provider: &str) -> i64 {
    smallest_request(provider).expires_in.into()
}

#[tokio::test]
async fn each_provider_responds_with_the_documented_token_body() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let before = now();
        let response = function
            .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        let after = now();
        assert_eq!(
            response.status,
            200,
            "{provider}: {response:?}\n{}",
            function.logs()
        );
        let body = response.json();
        let members: Vec<_> = body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(list(&members.join(",")), response_members(provider));
        assert_eq!(body["provider"], provider);
        assert!(!response.token().is_empty());
        assert_eq!(body["expires_in"], lifetime(provider));
        let end = expires_at(&response);
        assert!(
            (before + lifetime(provider)..=after + lifetime(provider)).contains(&end),
            "{body}, requested at {before}"
        );
        assert_eq!(body["single_use"], smallest_request(provider).single_use);
        assert_eq!(body["base_url"], env.provider_url());
        assert_eq!(
            env.mints(provider),
            usize::from(mint_line(provider).is_some())
        );
        assert!(env.redeem(provider, &response.token()), "the token works");
        assert_eq!(
            env.redeem(provider, &response.token()),
            !smallest_request(provider).single_use,
            "a second time"
        );

        assert_common_headers(&response);
        assert_readable(&response);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("voicemint-source"), "minted");
        assert_timing(provider, response.header("server-timing"));
    }
}

#[track_caller]
fn assert_timing(provider: &str, header: &str) {
    let called = mint_line(provider).map(|_| "provider");
    assert_eq!(header.contains("provider"), called.is_some(), "{header}");
    for step in ["session", "secret"].into_iter().chain(called) {
        let found = header
            .split(',')
            .map(str::trim)
            .find(|part| part.split(';').next() == Some(step));
        let cost = found
            .and_then(|part| part.split("dur=").nth(1))
            .and_then(|text| text.parse::<f64>().ok());
        assert!(cost.is_some_and(|cost| cost >= 0.0), "{step} of {header:?}");
    }
}

#[tokio::test]
async fn each_provider_sets_a_sealed_cookie_that_lives_as_long_as_the_token() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let response = function
            .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        let (name, value, attributes) = response
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {response:?}"));
        assert_eq!(name, format!("__Host-{provider}-token"));
        let age = format!("max-age={}", lifetime(provider));
        let mut wanted = [
            "httponly",
            "secure",
            "samesite=strict",
            "path=/",
            age.as_str(),
        ];
        wanted.sort();
        assert_eq!(list(&attributes.join(",")), wanted);
        assert!(!value.is_empty() && value.len() + name.len() <= 4096);
        // Only characters that cookie values may contain, and never the plain token.
        assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)),
            "{value}"
        );
        voicemint_tests::leaks::assert_absent(
            &[("the cookie", &value)],
            &[("the token", &response.token())],
        );
    }
}

#[tokio::test]
async fn the_same_token_is_sealed_to_a_different_value_each_time() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([Reply::token("one-and-the-same-token")]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let first = function.invoke(&event).await.cookie();
    let second = function.invoke(&event).await.cookie();
    assert!(first.is_some() && second.is_some());
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_mint_writes_one_log_line_with_its_metrics() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let (response, line) = function
            .invoke_logged(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(line["provider"], provider, "{line}");
        assert_eq!(line["status"], 200, "{line}");
        assert_eq!(line["outcome"], "minted", "{line}");
        assert_eq!(line["source"], "minted", "{line}");
        assert!(
            line["request_id"].as_str().is_some_and(|id| !id.is_empty()),
            "{line}"
        );
        assert_eq!(line["function_version"], "$LATEST", "{line}");
        let subject = line["subject"].as_str().unwrap_or_default();
        assert!(
            subject.len() >= 16 && !subject.contains("ada"),
            "a keyed hash: {line}"
        );
        let is_called = mint_line(provider).is_some();
        for step in ["session_ms", "secret_ms", "provider_ms", "total_ms"] {
            let is_reported = line[step].as_f64().is_some_and(|cost| cost >= 0.0);
            let is_expected = is_called || step != "provider_ms";
            assert_eq!(is_reported, is_expected, "{step} of {line}");
        }
        let own = vec!["Provider".to_owned()];
        assert_eq!(line["Provider"], provider, "{line}");
        assert_eq!(
            metric(&line, "Minted"),
            Some((1.0, vec![own.clone()])),
            "{line}"
        );
        let latency = metric(&line, "ProviderLatency");
        assert_eq!(latency.is_some(), is_called, "{line}");
        if let Some((latency, dimensions)) = latency {
            assert!(latency >= 0.0 && dimensions == [own], "{line}");
        }
        assert_eq!(metric(&line, "Refused"), None, "{line}");
        assert_eq!(metric(&line, "Resumed"), None, "{line}");
    }
}

#[tokio::test]
async fn a_subject_always_has_the_same_hash_and_subjects_differ() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let mut subjects = Vec::new();
    for subject in ["ada", "ada", "bob"] {
        let event = Event::post("elevenlabs").bearer(&env.issuer.token(subject));
        subjects.push(function.invoke_logged(&event).await.1["subject"].clone());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
}

#[tokio::test]
async fn each_provider_mints_by_get_too() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let event = Event::get(provider).bearer(&env.issuer.token("ada"));
        assert_minted_by_get(&function, event, lifetime(provider)).await;
    }
}

/// The fields of a body as a query: of an object, the names that are true.
fn query_of(body: &Value) -> String {
    let value = |value: &Value| match value {
        Value::Object(switches) => {
            let on = switches.iter().filter(|(_, value)| **value == true);
            on.map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
                .join(",")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = body.as_object().into_iter().flatten();
    let pairs = fields.map(|(name, field)| format!("{name}={}", value(field)));
    pairs.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_query_can_have_the_fields_of_a_body() {
    let env = TestEnv::start().await;
    let provider_server = ScriptedServer::start([]).await;
    for provider in PROVIDERS {
        // The event that the documentation sends, with more than the smallest request.
        let event = Event::file(&format!("functions/{provider}/event.json"));
        let body = event.json()["body"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        provider_server.set_script([Reply::minted(provider, "a-token-of-the-provider")]);
        let function = env
            .function(provider)
            .env("PROVIDER_BASE_URL", provider_server.url())
            .start()
            .await;
        let session = env.issuer.token("ada");
        let before = provider_server.requests().len();
        let posted = function
            .invoke(&Event::post(provider).bearer(&session).json_body(&body))
            .await;
        assert_eq!(posted.status, 200, "{provider} {body}: {posted:?}");
        let query = query_of(&body);
        let event = Event::get(provider).bearer(&session).query(&query);
        let expires_in = posted.json()["expires_in"].as_i64().unwrap_or_default();
        assert_minted_by_get(&function, event, expires_in).await;
        let sent = provider_server.requests();
        match sent.get(before..).unwrap_or_default() {
            [] => assert_eq!(mint_line(provider), None, "{provider} is called"),
            [by_post, by_get] => assert_sent_alike(by_post, by_get, &format!("{provider}?{query}")),
            other => panic!("{provider}: {other:?}"),
        }
    }
}

/// Two requests to a provider, sent one after the other: they have the same method, target and
/// members. Times in them may differ by the few seconds between the requests.
fn assert_sent_alike(first: &Request, second: &Request, description: &str) {
    assert_eq!(first.method, second.method, "{description}");
    assert_eq!(first.target, second.target, "{description}");
    let members = |request: &Request| {
        let body: Value = serde_json::from_str(&request.text()).unwrap_or_default();
        body.as_object().cloned().unwrap_or_default()
    };
    let (first, mut second) = (members(first), members(second));
    let time = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str)?;
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(time.unix_timestamp())
    };
    for (name, value) in &first {
        let (Some(earlier), Some(later)) = (time(Some(value)), time(second.get(name))) else {
            continue;
        };
        let between = later - earlier;
        assert!(
            (0..=5).contains(&between),
            "{description} {name}: {between} s"
        );
        second[name] = value.clone();
    }
    assert_eq!(first, second, "{description}");
}

/// GET mints, and has all the checks of POST.
async fn assert_minted_by_get(function: &Function, event: Event, expires_in: i64) {
    let response = function.invoke(&event).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.json()["expires_in"], expires_in);
    assert!(response.cookie().is_some(), "{response:?}");
    let without_session = event.clone().without_header("authorization");
    assert_eq!(function.invoke(&without_session).await.status, 401);
    let foreign = event.origin("https://evil.example");
    assert_eq!(function.invoke(&foreign).await.status, 403);
}

/// Whether a request has the documented method and path.
fn is_documented(line: &str, request: &Request) -> bool {
    let path = request.target.split('?').next().unwrap_or_default();
    let sent = format!("{} {path}", request.method);
    let fits = |(documented, sent): (&str, &str)| {
        documented == sent || (documented.starts_with('{') && !sent.is_empty())
    };
    let (documented, sent): (Vec<_>, Vec<_>) =
        (line.split('/').collect(), sent.split('/').collect());
    documented.len() == sent.len() && documented.into_iter().zip(sent).all(fits)
}

/// The stand-ins check the rest of each request: they accept no other header, field or value than the
/// provider documents.
#[tokio::test]
async fn each_provider_is_sent_the_request_that_it_documents() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    for provider in PROVIDERS {
        standin.set_script([Reply::minted(provider, "a-token-of-the-provider")]);
        let function = env
            .function(provider)
            .env("PROVIDER_BASE_URL", standin.url())
            .start()
            .await;
        let before = standin.requests().len();
        let response = function
            .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        assert_eq!(response.status, 200, "{response:?}");
        let requests = standin.requests();
        let sent = requests.get(before..).unwrap_or_default();
        let Some(line) = mint_line(provider) else {
            assert_eq!(sent.len(), 0, "{provider} is not called");
            continue;
        };
        let [request] = sent else {
            panic!("{provider}: {sent:?}");
        };
        assert!(is_documented(line, request), "{line}: {request:?}");
        // The key is in one header, and no data of the caller is sent.
        let keys = request
            .headers
            .iter()
            .filter(|(_, value)| value.contains(TestEnv::key(provider)));
        assert_eq!(keys.count(), 1, "{provider}");
        let sent = format!(
            "{:?} {} {}",
            request.headers,
            request.target,
            request.text()
        );
        assert!(
            !sent.contains(ORIGIN) && !sent.contains("ada") && request.header("cookie").is_none(),
            "{sent}"
        );
    }
}

/// The request of the smallest token request to this provider.
async fn request_to(provider: &str) -> Request {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::minted(provider, "a-token")]).await;
    let function = env
        .function(provider)
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let response = function
        .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(response.json()["base_url"], standin.url());
    standin.requests().pop().expect("a request")
}

#[tokio::test]
async fn cartesia_is_sent_its_version_and_the_grants() {
    let request = request_to("cartesia").await;
    let key = format!("Bearer {}", TestEnv::key("cartesia"));
    assert_eq!(request.header("authorization"), Some(key.as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let version = request.header("cartesia-version").unwrap_or_default();
    assert!(version.len() == 10 && version >= "2026-03-01", "{version}");
    let grants = &request.json()["grants"];
    assert_eq!(request.json()["expires_in"], 60);
    assert_eq!([&grants["tts"], &grants["stt"]], [true, true]);
    assert_ne!(grants["agent"], true);
}

#[tokio::test]
async fn elevenlabs_is_sent_an_empty_body() {
    let request = request_to("elevenlabs").await;
    assert_eq!(request.target, "/v1/single-use-token/realtime_scribe");
    let key = TestEnv::key("elevenlabs");
    assert_eq!(request.header("xi-api-key"), Some(key));
    assert_eq!(request.header("content-length"), Some("0"));
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn assemblyai_is_sent_the_bare_key() {
    let request = request_to("assemblyai").await;
    assert_eq!(request.target, "/v3/token?expires_in_seconds=60");
    let key = TestEnv::key("assemblyai");
    assert_eq!(request.header("authorization"), Some(key));
}

#[tokio::test]
async fn expiry_is_counted_from_before_the_provider_was_called() {
    let env = TestEnv::start().await;
    let slow =
        ScriptedServer::start([Reply::token("a-slow-token").delayed(Duration::from_millis(2200))])
            .await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", slow.url())
        .start()
        .await;
    let response = function
        .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(response.status, 200, "{response:?}");
    let called = slow.requests()[0]
        .at
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    assert!(
        expires_at(&response) as f64 <= called + 60.0,
        "{} for a call at {called}",
        response.body
    );
    let left = response.json()["expires_in"].as_i64().unwrap_or_default();
    assert!((57..=60).contains(&left), "{}", response.body);
}

#[tokio::test]
async fn the_lifetime_in_assemblyais_response_is_used() {
    let env = TestEnv::start().await;
    let reply = Reply::json(
        200,
        &json!({ "token": "a-shorter-token", "expires_in_seconds": 45 }),
    );
    let standin = ScriptedServer::start([reply]).await;
    let function = env
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let response = function
        .invoke(&Event::post("assemblyai").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(response.json()["expires_in"], 45, "{response:?}");
    let (_, _, attributes) = response
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {response:?}"));
    assert!(
        attributes.iter().any(|attribute| attribute == "Max-Age=45"),
        "{attributes:?}"
    );
}

#[tokio::test]
async fn a_token_too_long_for_a_cookie_is_sent_without_one_and_logged() {
    let env = TestEnv::start().await;
    let token = "t".repeat(4096);
    let standin = ScriptedServer::start([Reply::token(&token)]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let (response, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!((response.status, response.token()), (200, token));
    assert!(response.cookies.is_empty(), "{:?}", response.cookies);
    let mentions_cookie =
        |value: &Value| value.as_str().is_some_and(|text| text.contains("cookie"));
    assert!(
        line.as_object().is_some_and(|members| members
            .iter()
            .any(|(name, value)| { name.contains("cookie") || mentions_cookie(value) })),
        "{line}"
    );
}

#[tokio::test]
async fn signing_out_expires_the_cookie_and_needs_no_session() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let (response, line) = function.invoke_logged(&Event::delete(provider)).await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (204, ""),
            "{response:?}"
        );
        assert_common_headers(&response);
        assert_readable(&response);
        let (name, value, attributes) = response
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {response:?}"));
        assert_eq!(
            (name, value),
            (format!("__Host-{provider}-token"), String::new())
        );
        // Without Secure and Path, a browser would not treat it as the same cookie.
        for wanted in ["Max-Age=0", "Secure", "Path=/"] {
            assert!(
                attributes.iter().any(|attribute| attribute == wanted),
                "{wanted} in {attributes:?}"
            );
        }
        assert_eq!(
            (&line["outcome"], &line["status"]),
            (&json!("signed_out"), &json!(204)),
            "{line}"
        );
        assert_eq!(env.mints(provider), 0);
    }
}
