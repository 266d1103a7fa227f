//! Everything at the most talkative log level: no key, token, session or cookie value in any log,
//! nor in any answer but the one place where it belongs.

use serde_json::json;
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{
    Answer, Event, FaultyService, Function, Moto, ORIGIN, Outage, PROVIDERS, Reply, SESSION_COOKIE,
    World,
};
use voicemint_tests::{ClosedPort, hmac_jwt, now};

/// What was sent and answered, apart into what is secret and where it must not be.
#[derive(Default)]
pub struct Record {
    secrets: Vec<(String, String)>,
    answers: Vec<String>,
    logs: Vec<String>,
}

impl Record {
    pub fn secret(&mut self, name: &str, value: &str) {
        self.secrets.push((name.to_owned(), value.to_owned()));
    }

    /// A session, and the part of it that makes it one.
    fn session(&mut self, token: &str) {
        self.secret("a session", token);
        let signature = token.rsplit('.').next().unwrap_or_default();
        if signature.len() >= 32 {
            self.secret("a session's signature", signature);
            self.secret("a part of a session's signature", &signature[..32]);
        }
    }

    pub async fn ask(&mut self, function: &Function, event: Event) -> Answer {
        let answer = function.invoke(&event).await;
        let mut shown = answer.clone();
        if answer.status == 200 {
            self.secret("a token", &answer.token());
            let mut body = answer.json();
            body["token"] = json!("");
            shown.body = body.to_string();
        }
        if let Some((_, value, _)) = answer.cookie().filter(|(_, value, _)| !value.is_empty()) {
            // The token is not in the cookie but sealed; the cookie is nowhere but in its header.
            assert_absent(&[("the cookie", &value)], &[("the token", &answer.token())]);
            self.secret("a cookie", &value);
            self.secret("a part of a cookie", &value[..32]);
            shown.cookies = vec![];
        }
        self.answers.push(format!("{shown:?}"));
        answer
    }

    pub fn end(&mut self, function: &Function) {
        assert!(
            function.logs().lines().count() > 5,
            "there is something to look at"
        );
        self.logs.push(function.logs());
    }

    pub fn check(&self) {
        let texts = self.answers.iter().map(|text| ("an answer", text.as_str()));
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
async fn nothing_secret_shows_when_all_goes_well_and_when_the_caller_errs() {
    let world = World::start().await;
    let mut record = Record::default();
    let subject = "ada-whose-name-is-not-to-be-logged";
    record.secret("the subject", subject);
    for provider in PROVIDERS {
        record.secret("the API key", World::key(provider));
        let function = world
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        let session = world.issuer.token(subject);
        record.session(&session);
        let event = Event::post(provider);
        let good = event.clone().bearer(&session);
        let first = record.ask(&function, good.clone()).await;
        assert_eq!(first.status, 200, "{first:?}");
        let (name, sealed, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {first:?}"));
        record
            .ask(&function, good.clone().cookie(&name, &sealed))
            .await;
        record
            .ask(&function, good.clone().cookie(&name, &sealed[1..]))
            .await;
        record
            .ask(&function, event.clone().cookie(SESSION_COOKIE, &session))
            .await;
        record
            .ask(&function, Event::get(provider).bearer(&session))
            .await;
        record
            .ask(
                &function,
                Event::delete(provider)
                    .bearer(&session)
                    .cookie(&name, &sealed),
            )
            .await;
        record.ask(&function, Event::preflight(provider)).await;
        // Refused, with what was sent in all the wrong places.
        let mut expired = world.issuer.claims(subject);
        expired["exp"] = json!(now() - 100);
        let expired = world.issuer.sign(&expired);
        let foreign = hmac_jwt(
            "HS256",
            b"a-secret-that-nobody-has-agreed-on",
            &world.issuer.claims(subject),
        );
        let opaque = "an-opaque-session-that-is-no-jwt-at-all-0123456789";
        for token in [expired.as_str(), foreign.as_str(), opaque] {
            record.session(token);
            record.ask(&function, event.clone().bearer(token)).await;
            record
                .ask(&function, event.clone().cookie(SESSION_COOKIE, token))
                .await;
            record
                .ask(&function, event.clone().header("authorization", token))
                .await;
            record
                .ask(
                    &function,
                    event
                        .clone()
                        .header("authorization", &format!("Bearer {token}, Bearer {token}")),
                )
                .await;
            record
                .ask(
                    &function,
                    good.clone().json_body(&json!({ "expires_in": token })),
                )
                .await;
            record.ask(&function, good.clone().body(token)).await;
            record
                .ask(&function, good.clone().header("content-type", token))
                .await;
            record.ask(&function, good.clone().origin(token)).await;
            record
                .ask(
                    &function,
                    Event::get(provider)
                        .bearer(&session)
                        .query(&format!("access_token={token}")),
                )
                .await;
        }
        record
            .ask(&function, good.clone().origin("https://evil.example"))
            .await;
        record.ask(&function, good.clone().no_origin()).await;
        record.ask(&function, good.clone().method("PATCH")).await;
        record
            .ask(
                &function,
                good.header("sec-fetch-mode", "navigate").origin(ORIGIN),
            )
            .await;
        record.end(&function);
    }
    record.check();
}

#[tokio::test]
async fn nothing_secret_shows_when_things_break() {
    let world = World::start().await;
    let mut record = Record::default();
    let session = world.issuer.token("ada");
    record.session(&session);
    let nobody = ClosedPort::reserve();
    for provider in PROVIDERS {
        record.secret("the API key", World::key(provider));
        let event = Event::post(provider).bearer(&session);
        let standin = FaultyService::start([]).await;
        let function = world
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .env("PROVIDER_BASE_URL", standin.url());
        let function = function.start().await;
        let broken_token = "a-token-in-a-broken-answer-0123456789";
        record.secret("a token in a broken answer", broken_token);
        // A provider that says our own key back to us, as some do.
        let echo = json!({ "error": format!("invalid key {}", World::key(provider)) });
        for reply in [
            Reply::token("a-token-too-long-for-its-cookie").header("x-key", World::key(provider)),
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
            standin.set([reply]);
            record.ask(&function, event.clone()).await;
        }
        record.end(&function);

        let gone = world
            .function(provider)
            .env("LOG_LEVEL", "trace")
            .env("PROVIDER_BASE_URL", nobody.url())
            .start()
            .await;
        record.ask(&gone, event.clone()).await;
        record.end(&gone);
    }

    // The secret rotated, in a form that is no key, and gone.
    let event = Event::post("cartesia").bearer(&session);
    let name = Moto::unique("leak");
    let (old, new) = (
        "sk_car_the-old-key-of-the-leak-test",
        "sk_car_the-new-key-of-the-leak-test",
    );
    record.secret("the old key", old);
    record.secret("the new key", new);
    world.moto.create_secret(&name, old).await;
    world.set_key("cartesia", new);
    let function = world
        .function("cartesia")
        .env("LOG_LEVEL", "trace")
        .env("API_KEY_SECRET_ID", &name);
    let function = function.env("SECRET_CACHE_SECONDS", "1").start().await;
    record.ask(&function, event.clone()).await;
    for value in [
        new.to_owned(),
        json!({ "api_key": [new] }).to_string(),
        format!("{{\"api_key\":\"{new}\""),
        format!("{new}\n\u{1}"),
    ] {
        world.moto.put_secret(&name, &value).await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        record.ask(&function, event.clone()).await;
    }
    world.gate.close().await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    record.ask(&function, event.clone()).await;
    record.end(&function);
    world.gate.open().await;

    for outage in [Outage::Error500, Outage::WrongShape, Outage::Reset] {
        world.issuer.fail_key_set(outage);
        let function = world
            .function("cartesia")
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        record.ask(&function, event.clone()).await;
        record.end(&function);
    }
    record.check();
}

#[tokio::test]
async fn the_shared_secret_of_sessions_does_not_show_either() {
    let world = World::start().await;
    let mut record = Record::default();
    let shared = "the-shared-secret-of-the-leak-test-is-48-bytes-..";
    record.secret("the shared secret", shared);
    let id = Moto::unique("session");
    world.moto.create_secret(&id, shared).await;
    let function = world
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &id);
    let function = function.env("LOG_LEVEL", "trace").start().await;
    for secret in [shared, "another-secret-that-is-long-enough-too"] {
        let session = hmac_jwt("HS256", secret.as_bytes(), &world.issuer.claims("ada"));
        record.session(&session);
        record
            .ask(&function, Event::post("elevenlabs").bearer(&session))
            .await;
    }
    record.end(&function);
    record.check();
}
