//! The sessions of each identity product, with the settings of its row in docs/sessions.md: tokens as
//! Bearer, the product's own cookies in every form, and long ones in chunks.

use serde_json::json;
use voicemint_dev::identity::products::{
    auth0_cookies, auth0_legacy_cookies, authjs_cookies, cognito_cookies, next_auth_cookies,
    supabase_percent_encoded_cookies,
};
use voicemint_dev::identity::{Cookie, Kind, SESSION_SECRET_ID, SigningKey};
use voicemint_tests::{Event, Product, World, now, with_cookies};

use crate::support::{Tally, said};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const MISSING: &str = "401 session_missing";

/// Kinds whose sessions are kept at a service, which judges them.
const ASKED: [Kind; 2] = [Kind::Introspection, Kind::Forward];

#[tokio::test]
async fn each_product_is_accepted_with_the_settings_of_its_row_and_expires() {
    let world = World::start().await;
    let mut tally = Tally::default();
    for kind in Kind::ALL {
        let product = Product::start(kind, &world).await;
        let function = product.function(&world, "elevenlabs").start().await;
        let name = kind.name();
        let good = product.issue(&product.claims("ada"));
        let bearer = |token: &str| Event::post("elevenlabs").bearer(token);
        tally.is(
            name,
            said(&function.invoke(&bearer(&good.bearer)).await),
            "200",
        );
        tally.is(
            &format!("{name}: cookies"),
            said(&function.invoke(&with_cookies(&good.cookies)).await),
            "200",
        );
        tally.is(
            &format!("{name}: nothing"),
            said(&function.invoke(&Event::post("elevenlabs")).await),
            MISSING,
        );
        let forged = format!("{}x", good.bearer);
        tally.is(
            &format!("{name}: forged"),
            said(&function.invoke(&bearer(&forged)).await),
            INVALID,
        );
        let mixed = with_cookies(&good.cookies).bearer(&forged);
        tally.is(
            &format!("{name}: a bad Bearer beside good cookies"),
            said(&function.invoke(&mixed).await),
            INVALID,
        );
        let from_nowhere = with_cookies(&good.cookies).no_origin();
        let answer = said(&function.invoke(&from_nowhere).await);
        tally.is(
            &format!("{name}: cookies without an origin"),
            answer,
            "403 origin_not_allowed",
        );
        let nobody = product.issue(&product.changed(json!({"sub": null})));
        tally.is(
            &format!("{name}: no sub"),
            said(&function.invoke(&bearer(&nobody.bearer)).await),
            INVALID,
        );
        let old = product.issue(&product.changed(json!({"exp": now() - 60, "iat": now() - 120})));
        let want = if ASKED.contains(&kind) {
            INVALID
        } else {
            EXPIRED
        };
        tally.is(
            &format!("{name}: expired"),
            said(&function.invoke(&bearer(&old.bearer)).await),
            want,
        );
        tally.is(
            &format!("{name}: expired cookies"),
            said(&function.invoke(&with_cookies(&old.cookies)).await),
            want,
        );
    }
    tally.done();
}

#[tokio::test]
async fn supabases_cookies_come_whole_or_in_chunks_and_encoded_in_two_ways() {
    let world = World::start().await;
    let product = Product::start(Kind::Supabase, &world).await;
    let function = product.function(&world, "elevenlabs").start().await;
    let token = product.issue(&product.claims("ada")).bearer;
    let name = product.identity.cookie_names().remove(0);
    let mut tally = Tally::default();
    for (case, user) in [
        ("whole", "é \"%+".to_owned()),
        ("in chunks", "é".repeat(600)),
    ] {
        let session = json!({"access_token": token, "user": {"name": user}});
        let cookies = supabase_percent_encoded_cookies(&name, &session);
        tally.holds(case, (cookies.len() > 1) == (case == "in chunks"));
        tally.is(
            case,
            said(&function.invoke(&with_cookies(&cookies)).await),
            "200",
        );
    }
    let long =
        product.issue(&product.changed(json!({"user_metadata": {"name": "x".repeat(2000)}})));
    tally.holds("more than one chunk", long.cookies.len() > 1);
    tally.is(
        "long",
        said(&function.invoke(&with_cookies(&long.cookies)).await),
        "200",
    );
    tally.is(
        "the first chunk missing",
        said(&function.invoke(&with_cookies(&long.cookies[1..])).await),
        MISSING,
    );
    let torn = said(&function.invoke(&with_cookies(&long.cookies[..1])).await);
    tally.is("the last chunk missing", torn, MISSING);
    tally.is(
        "no JSON",
        said(
            &function
                .invoke(&with_cookies(&[Cookie::new(&*name, "base64-e30")]))
                .await,
        ),
        MISSING,
    );
    tally.done();
}

#[tokio::test]
async fn a_supabase_project_with_its_legacy_secret_is_no_open_door() {
    let world = World::start().await;
    let product = Product::start(Kind::Supabase, &world).await;
    let legacy = product
        .function(&world, "elevenlabs")
        .env("SESSION_SECRET_ID", product.secret_id(SESSION_SECRET_ID));
    let function = legacy.start().await;
    let secret = product.identity.secrets()[0].1.clone();
    let sign = |claims| {
        let header = json!({"typ": "JWT"})
            .as_object()
            .cloned()
            .unwrap_or_default();
        SigningKey::hs256(secret.as_bytes())
            .sign(&header, &claims)
            .expect("a signature")
    };
    let mut tally = Tally::default();
    // The public key that ships in every app is a token under the same secret.
    let anon =
        json!({"iss": "supabase", "ref": "abc", "role": "anon", "iat": now(), "exp": now() + 3600});
    for (case, token, want) in [
        ("a user", sign(product.claims("ada")), "200"),
        (
            "the anon key",
            sign(anon.as_object().cloned().unwrap_or_default()),
            INVALID,
        ),
        (
            "the anon key's role",
            sign(product.changed(json!({"role": "anon"}))),
            INVALID,
        ),
        (
            "the service's role",
            sign(product.changed(json!({"role": "service_role"}))),
            INVALID,
        ),
        (
            "no user",
            sign(product.changed(json!({"sub": null}))),
            INVALID,
        ),
        (
            "signed by a published key",
            product.issue(&product.claims("ada")).bearer,
            "200",
        ),
    ] {
        tally.is(
            case,
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    let strict = product
        .function(&world, "elevenlabs")
        .env("SESSION_REQUIRED_CLAIMS", "is_anonymous=false");
    let function = strict.start().await;
    for (anonymous, want) in [(false, "200"), (true, INVALID)] {
        let token = product
            .issue(&product.changed(json!({"is_anonymous": anonymous})))
            .bearer;
        tally.is(
            "anonymous",
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    tally.done();
}

#[tokio::test]
async fn nextjs_auth0s_cookies_open_in_the_forms_of_both_versions() {
    let world = World::start().await;
    let product = Product::start(Kind::Auth0, &world).await;
    let function = product.function(&world, "elevenlabs").start().await;
    let secret = product.identity.secrets()[0].1.clone();
    let (user, long) = (
        json!({"sub": "auth0|ada"}),
        json!({"sub": "auth0|ada", "pad": "x".repeat(4500)}),
    );
    let at = |offset: i64| (now() + offset).unsigned_abs();
    let sealed = |content: serde_json::Value| {
        auth0_cookies(
            "__session",
            &secret,
            content.as_object().expect("an object"),
        )
        .expect("random numbers")
    };
    let legacy = |user, end| {
        auth0_legacy_cookies("appSession", &secret, user, at(-500), at(end)).expect("numbers")
    };
    let mut tally = Tally::default();
    for (case, cookies, want) in [
        (
            "version 4",
            sealed(json!({"user": user, "tokenSet": {}, "internal": {"sid": "s"}, "exp": at(60)})),
            "200",
        ),
        (
            "in chunks",
            sealed(json!({"user": long, "internal": {}, "exp": at(60)})),
            "200",
        ),
        (
            "expired",
            sealed(json!({"user": user, "internal": {}, "exp": at(-60)})),
            EXPIRED,
        ),
        (
            "no end",
            sealed(json!({"user": user, "internal": {}})),
            INVALID,
        ),
        (
            "ended early",
            sealed(json!({"user": user, "internal": {"sessionExpiresAt": at(-9)}, "exp": at(60)})),
            EXPIRED,
        ),
        (
            "the cookie of a sign-in under way",
            sealed(json!({"state": "x", "sub": "ada", "exp": at(60)})),
            INVALID,
        ),
        (
            "the id of a session kept elsewhere",
            sealed(json!({"id": "x", "exp": at(60)})),
            INVALID,
        ),
        (
            "a user without a name",
            sealed(json!({"user": {}, "exp": at(60)})),
            INVALID,
        ),
        ("version 3", legacy(&user, 60), "200"),
        ("version 3 in chunks", legacy(&long, 60), "200"),
        ("version 3, expired", legacy(&user, -60), EXPIRED),
    ] {
        tally.is(
            case,
            said(&function.invoke(&with_cookies(&cookies)).await),
            want,
        );
    }
    let other = auth0_cookies(
        "__session",
        "another secret of thirty-two bytes",
        &product.claims("ada"),
    );
    tally.is(
        "another secret",
        said(
            &function
                .invoke(&with_cookies(&other.expect("numbers")))
                .await,
        ),
        INVALID,
    );
    tally.done();
}

#[tokio::test]
async fn auth_js_and_next_auth_cookies_open_under_their_own_names_and_while_the_secret_is_rotated()
{
    let world = World::start().await;
    let product = Product::start(Kind::AuthJs, &world).await;
    let deployed = product
        .function(&world, "elevenlabs")
        .without("SESSION_COOKIE")
        .start()
        .await;
    let secret = product.identity.secrets()[0].1.clone();
    let (claims, mut tally) = (product.claims("ada"), Tally::default());
    let old = "the secret before the one that is in use now";
    let (v5, v4) = (
        "__Secure-authjs.session-token",
        "__Secure-next-auth.session-token",
    );
    let by_5 = |name: &str| authjs_cookies(name, &secret, &claims).expect("random numbers");
    let by_4 = |name: &str| next_auth_cookies(name, &secret, &claims).expect("random numbers");
    let under =
        |name: &str, cookies: Vec<Cookie>| vec![Cookie::new(name, cookies[0].value.clone())];
    // Names without a prefix are those of a developer's machine: any host of the site could set
    // them over plain http.
    for (case, cookies, want) in [
        ("version 5", by_5(v5), "200"),
        ("version 4", by_4(v4), "200"),
        (
            "version 5 without a prefix",
            by_5("authjs.session-token"),
            MISSING,
        ),
        (
            "version 4 without a prefix",
            by_4("next-auth.session-token"),
            MISSING,
        ),
        (
            "version 5's value in version 4's cookie",
            under(v4, by_5(v5)),
            INVALID,
        ),
        (
            "version 4's value in version 5's cookie",
            under(v5, by_4(v4)),
            INVALID,
        ),
    ] {
        tally.is(
            case,
            said(&deployed.invoke(&with_cookies(&cookies)).await),
            want,
        );
    }
    let function = product.function(&world, "elevenlabs").start().await;
    tally.is(
        "named",
        said(
            &function
                .invoke(&with_cookies(&by_5("authjs.session-token")))
                .await,
        ),
        "200",
    );
    let long = authjs_cookies(
        "authjs.session-token",
        &secret,
        &product.changed(json!({"pad": "x".repeat(4500)})),
    );
    let long = long.expect("random numbers");
    tally.holds("more than one chunk", long.len() > 1);
    tally.is(
        "in chunks",
        said(&function.invoke(&with_cookies(&long)).await),
        "200",
    );
    tally.is(
        "a chunk missing",
        said(&function.invoke(&with_cookies(&long[..1])).await),
        INVALID,
    );
    // What the library encrypts for another purpose has a key of its own.
    let state = under("authjs.session-token", by_5("authjs.state"));
    tally.is(
        "the cookie of a sign-in under way",
        said(&function.invoke(&with_cookies(&state)).await),
        INVALID,
    );
    let before = authjs_cookies("authjs.session-token", old, &claims).expect("random numbers");
    tally.is(
        "the old secret",
        said(&function.invoke(&with_cookies(&before)).await),
        INVALID,
    );
    world
        .moto
        .put_secret(
            product.secret_id(SESSION_SECRET_ID),
            &json!([secret, old]).to_string(),
        )
        .await;
    let rotating = product.function(&world, "elevenlabs").start().await;
    tally.is(
        "both secrets",
        said(&rotating.invoke(&with_cookies(&before)).await),
        "200",
    );
    let named = product
        .function(&world, "elevenlabs")
        .env("SESSION_COOKIE", "mine")
        .start()
        .await;
    let mine = authjs_cookies("mine", &secret, &claims).expect("random numbers");
    tally.is(
        "a name of the app's own",
        said(&named.invoke(&with_cookies(&mine)).await),
        "200",
    );
    tally.done();
}

#[tokio::test]
async fn a_sibling_host_that_plants_a_session_does_not_choose_whose_counts() {
    let world = World::start().await;
    let mut tally = Tally::default();
    for kind in [
        Kind::Clerk,
        Kind::Supabase,
        Kind::Firebase,
        Kind::Cognito,
        Kind::Auth0,
        Kind::AuthJs,
        Kind::Forward,
    ] {
        let product = Product::start(kind, &world).await;
        let function = product.function(&world, "elevenlabs").start().await;
        let (ada, eve) = (
            product.issue(&product.claims("ada")).cookies,
            product.issue(&product.claims("eve")).cookies,
        );
        for (case, cookies, want) in [
            ("planted first", [&eve[..], &ada].concat(), INVALID),
            ("planted last", [&ada[..], &eve].concat(), INVALID),
            ("the user's alone", ada.clone(), "200"),
            ("twice the same", [&ada[..], &ada].concat(), "200"),
        ] {
            let (answer, line) = function.invoke_logged(&with_cookies(&cookies)).await;
            tally.is(&format!("{}: {case}", kind.name()), said(&answer), want);
            let told = line["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("different owners"));
            tally.holds(
                &format!("{}: {case}: reason", kind.name()),
                told == (want == INVALID),
            );
        }
    }
    tally.done();
}

#[tokio::test]
async fn amplifys_cookies_are_found_whatever_the_user_is_called() {
    let world = World::start().await;
    let product = Product::start(Kind::Cognito, &world).await;
    let function = product.function(&world, "elevenlabs").start().await;
    let token = product.issue(&product.claims("ada")).bearer;
    let settings = product.identity.settings();
    let client = settings
        .iter()
        .find(|(name, _)| *name == "SESSION_AUDIENCE")
        .map(|(_, value)| value.clone());
    let client = client.expect("an app client");
    let mut tally = Tally::default();
    for user in ["ada", "ada@example.com", "a.b.c", "Ada (x) é", "a+b%c"] {
        let cookies = cognito_cookies(&client, user, &token);
        tally.is(
            user,
            said(&function.invoke(&with_cookies(&cookies)).await),
            "200",
        );
    }
    let others = cognito_cookies("another-client", "ada", &token);
    tally.is(
        "another app's cookies",
        said(&function.invoke(&with_cookies(&others)).await),
        MISSING,
    );
    tally.done();
}
