//! Secrets at the most verbose log level: no key, token, session or cookie value is in any log, or
//! in any response except the one place where it belongs.

use serde_json::{Value, json};
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{ClosedPort, hmac_jwt, now};
use voicemint_tests::{
    DocumentFault, Event, Function, Moto, ORIGIN, PROVIDERS, Reply, Response, SESSION_COOKIE,
    ScriptedServer, TestEnv, minted_token,
};

/// Collects the secrets of the exchanged requests and responses, and the texts that must not
/// contain them.
#[derive(Default)]
pub struct LeakCheck {
    secrets: Vec<(String, String)>,
    responses: Vec<String>,
    logs: Vec<String>,
}

impl LeakCheck {
    pub fn secret(&mut self, name: &str, value: &str) {
        self.secrets.push((name.to_owned(), value.to_owned()));
    }

    /// Adds a session and its signature.
    fn session(&mut self, token: &str) {
        self.secret("a session", token);
        let signature = token.rsplit('.').next().unwrap_or_default();
        if signature.len() >= 32 {
            self.secret("a session's signature", signature);
            self.secret("a part of a session's signature", &signature[..32]);
        }
    }

    pub async fn invoke(&mut self, function: &Function, event: Event) -> Response {
        let response = function.invoke(&event).await;
        let mut visible = response.clone();
        if response.status == 200 {
            self.secret("a token", &response.token());
            let mut body = response.json();
            let provider = body["provider"].as_str().unwrap_or_default().to_owned();
            self.secret(
                "the part of a token that opens",
                minted_token(&provider, &response.token()),
            );
            // Some providers' responses have it twice, for the vendor's own clients.
            for member in body
                .as_object_mut()
                .into_iter()
                .flat_map(|body| body.values_mut())
            {
                if member.as_str() == Some(&response.token()) {
                    *member = json!("");
                }
            }
            // The URLs and subprotocols of the sockets contain the token too, and nothing else that is
            // secret.
            let without_token = |text: &mut Value| {
                let text_only = text.as_str().unwrap_or_default();
                *text = json!(text_only.replace(&response.token(), ""));
            };
            let sockets = body["connect"].as_object_mut();
            for socket in sockets.into_iter().flat_map(|sockets| sockets.values_mut()) {
                without_token(&mut socket["url"]);
                let protocols = socket["protocols"].as_array_mut();
                protocols.into_iter().flatten().for_each(without_token);
            }
            visible.body = body.to_string();
        }
        if let Some((_, value, _)) = response.cookie().filter(|(_, value, _)| !value.is_empty()) {
            // The cookie contains the token only in sealed form, and the cookie itself is only in
            // its header.
            assert_absent(
                &[("the cookie", &value)],
                &[("the token", &response.token())],
            );
            self.secret("a cookie", &value);
            self.secret("a part of a cookie", &value[..32]);
            visible.cookies = vec![];
        }
        self.responses.push(format!("{visible:?}"));
        response
    }

    pub fn add_logs(&mut self, function: &Function) {
        assert!(function.logs().lines().count() > 5, "the log is not empty");
        self.logs.push(function.logs());
    }

    pub fn finish(&self) {
        let texts = self
            .responses
            .iter()
            .map(|text| ("a response", text.as_str()));
        let texts: Vec<_> = texts
            .chain(self.logs.iter().map(|text| ("a log", text.as_str())))
            .collect();
        let secrets: Vec<_> = self
            .secrets
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_absent(&texts, &secrets);
    }
}

#[tokio::test]
async fn no_secret_leaks_on_success_or_on_errors_of_the_caller() {
    let env = TestEnv::start().await;
    let mut check = LeakCheck::default();
    let subject = "ada-whose-name-is-not-to-be-logged";
    check.secret("the subject", subject);
    for provider in PROVIDERS {
        check.secret("the API key", TestEnv::key(provider));
        let function = env
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        let session = env.issuer.token(subject);
        check.session(&session);
        let event = Event::post(provider);
        let good = event.clone().bearer(&session);
        let first = check.invoke(&function, good.clone()).await;
        assert_eq!(first.status, 200, "{first:?}");
        let (name, sealed, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {first:?}"));
        check
            .invoke(&function, good.clone().cookie(&name, &sealed))
            .await;
        check
            .invoke(&function, good.clone().cookie(&name, &sealed[1..]))
            .await;
        check
            .invoke(&function, event.clone().cookie(SESSION_COOKIE, &session))
            .await;
        check
            .invoke(&function, Event::get(provider).bearer(&session))
            .await;
        check
            .invoke(
                &function,
                Event::delete(provider)
                    .bearer(&session)
                    .cookie(&name, &sealed),
            )
            .await;
        check.invoke(&function, Event::preflight(provider)).await;
        // Refused requests with credentials in wrong places.
        let mut expired = env.issuer.claims(subject);
        expired["exp"] = json!(now() - 100);
        let expired = env.issuer.sign(&expired);
        let foreign = hmac_jwt(
            "HS256",
            b"a-secret-that-nobody-has-agreed-on",
            &env.issuer.claims(subject),
        );
        let opaque = "an-opaque-session-that-is-no-jwt-at-all-0123456789";
        for token in [expired.as_str(), foreign.as_str(), opaque] {
            check.session(token);
            check.invoke(&function, event.clone().bearer(token)).await;
            check
                .invoke(&function, event.clone().cookie(SESSION_COOKIE, token))
                .await;
            check
                .invoke(&function, event.clone().header("authorization", token))
                .await;
            check
                .invoke(
                    &function,
                    event
                        .clone()
                        .header("authorization", &format!("Bearer {token}, Bearer {token}")),
                )
                .await;
            check
                .invoke(
                    &function,
                    good.clone().json_body(&json!({ "expires_in": token })),
                )
                .await;
            check.invoke(&function, good.clone().body(token)).await;
            check
                .invoke(&function, good.clone().header("content-type", token))
                .await;
            check.invoke(&function, good.clone().origin(token)).await;
            check
                .invoke(
                    &function,
                    Event::get(provider)
                        .bearer(&session)
                        .query(&format!("access_token={token}")),
                )
                .await;
        }
        check
            .invoke(&function, good.clone().origin("https://evil.example"))
            .await;
        check.invoke(&function, good.clone().no_origin()).await;
        check.invoke(&function, good.clone().method("PATCH")).await;
        check
            .invoke(
                &function,
                good.header("sec-fetch-mode", "navigate").origin(ORIGIN),
            )
            .await;
        check.add_logs(&function);
    }
    check.finish();
}

#[tokio::test]
async fn no_secret_leaks_during_outages() {
    let env = TestEnv::start().await;
    let mut check = LeakCheck::default();
    let session = env.issuer.token("ada");
    check.session(&session);
    let closed_port = ClosedPort::reserve();
    for provider in PROVIDERS {
        check.secret("the API key", TestEnv::key(provider));
        let event = Event::post(provider).bearer(&session);
        let standin = ScriptedServer::start([]).await;
        let function = env
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .env("PROVIDER_BASE_URL", standin.url());
        let function = function.start().await;
        let broken_token = "a-token-in-a-broken-answer-0123456789";
        check.secret("a token in a broken response", broken_token);
        // Some providers repeat the API key in their error message.
        let echo = json!({ "error": format!("invalid key {}", TestEnv::key(provider)) });
        for reply in [
            Reply::minted(provider, "a-token-too-long-for-its-cookie")
                .header("x-key", TestEnv::key(provider)),
            Reply::json(401, &echo),
            Reply::json(400, &echo),
            Reply::json(500, &echo),
            Reply::new(
                200,
                "application/json",
                format!(r#"{{"token":"{broken_token}","#),
            ),
            Reply::json(200, &json!({ "token": [broken_token] })),
            Reply::reset(),
        ] {
            standin.set_script([reply]);
            check.invoke(&function, event.clone()).await;
        }
        check.add_logs(&function);

        let disconnected = env
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .env("PROVIDER_BASE_URL", closed_port.url())
            .start()
            .await;
        check.invoke(&disconnected, event.clone()).await;
        check.add_logs(&disconnected);
    }

    // The secret is rotated, then stored in an invalid format, then unavailable.
    let event = Event::post("cartesia").bearer(&session);
    let name = Moto::unique_name("leak");
    let (old, new) = (
        "sk_car_the-old-key-of-the-leak-test",
        "sk_car_the-new-key-of-the-leak-test",
    );
    check.secret("the old key", old);
    check.secret("the new key", new);
    env.moto.create_secret(&name, old).await;
    env.set_key("cartesia", new);
    let function = env
        .function("cartesia")
        .env("LOG_LEVEL", "trace")
        .env("API_KEY_SECRET_ID", &name);
    let function = function.env("SECRET_CACHE_SECONDS", "1").start().await;
    check.invoke(&function, event.clone()).await;
    for value in [
        new.to_owned(),
        json!({ "api_key": [new] }).to_string(),
        format!("{{\"api_key\":\"{new}\""),
        format!("{new}\n\u{1}"),
    ] {
        env.moto.put_secret(&name, &value).await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        check.invoke(&function, event.clone()).await;
    }
    env.secrets_proxy.disable().await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    check.invoke(&function, event.clone()).await;
    check.add_logs(&function);
    env.secrets_proxy.enable().await;

    for fault in [
        DocumentFault::Error500,
        DocumentFault::WrongShape,
        DocumentFault::Reset,
    ] {
        env.issuer.set_jwk_set_fault(fault);
        let function = env
            .function("cartesia")
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        check.invoke(&function, event.clone()).await;
        check.add_logs(&function);
    }
    check.finish();
}

#[tokio::test]
async fn the_shared_secret_of_sessions_does_not_leak() {
    let env = TestEnv::start().await;
    let mut check = LeakCheck::default();
    let shared = "the-shared-secret-of-the-leak-test-is-48-bytes-..";
    check.secret("the shared secret", shared);
    let id = Moto::unique_name("session");
    env.moto.create_secret(&id, shared).await;
    let function = env
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &id);
    let function = function.env("LOG_LEVEL", "trace").start().await;
    for secret in [shared, "another-secret-that-is-long-enough-too"] {
        let session = hmac_jwt("HS256", secret.as_bytes(), &env.issuer.claims("ada"));
        check.session(&session);
        check
            .invoke(&function, Event::post("elevenlabs").bearer(&session))
            .await;
    }
    check.add_logs(&function);
    check.finish();
}
