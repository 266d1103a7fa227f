//! Signing in with each kind of session, minting with it, and signing out.

use http::Request;
use serde_json::{Value, json};
use voicemint::internals::Clock;
use voicemint_dev::app::App;
use voicemint_dev::providers;

use crate::harness::*;

#[tokio::test]
async fn sessions_are_verified() {
    let local = Local::start(&[]).await;
    let (start, signature) = local.session.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", signature.chars().rev().collect::<String>());
    for (session, code) in [
        ("a=b", "session_missing"),
        (forged.as_str(), "session_invalid"),
    ] {
        let refused = local.ask("cartesia", session, json!({})).await;
        assert_eq!(refused.status(), 401);
        assert_eq!(json_of(&refused)["code"], code);
    }
    assert_eq!(local.account("cartesia").requests(), 0);
}

/// Signs in, mints and signs out with one kind of session.
async fn sign_in_mint_and_sign_out(kind: &str, grants_claim: &str) {
    let local =
        Local::with_session_kind(kind, &[&format!("cartesia:GRANTS_CLAIM={grants_claim}")]).await;
    local.mint("assemblyai", json!({})).await;
    let refusal = |session: String, ask: Value| {
        let local = &local;
        async move {
            let refused = local.ask("cartesia", &session, ask).await;
            (
                refused.status().as_u16(),
                json_of(&refused)["code"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        }
    };
    let missing = (401, "session_missing".to_owned());
    assert_eq!(refusal("other=x".to_owned(), json!({})).await, missing);
    // Without the claim, no grant is permitted; with the claim, the grants that it lists.
    let (nothing, minted) = ((403, "grant_not_allowed".to_owned()), (200, String::new()));
    assert_eq!(
        refusal(local.session.clone(), json!({"grants": {"tts": true}})).await,
        nothing
    );
    let speaker = local
        .sign_in("user=ada%40example.com&grants=tts+agent")
        .await;
    assert_eq!(
        refusal(speaker.clone(), json!({"grants": {"tts": true}})).await,
        minted
    );
    assert_eq!(
        refusal(speaker.clone(), json!({"grants": {"stt": true}})).await,
        nothing
    );

    let signed_out = send(
        Request::post(format!("{}/sign-out", local.app)).header("cookie", &speaker),
        "",
    )
    .await;
    let expired = cookies(&signed_out);
    for pair in speaker.split("; ") {
        let (name, _) = pair.split_once('=').unwrap();
        assert!(
            expired.contains(&format!("{name}=")),
            "{name} in {expired:?}"
        );
    }
}

macro_rules! kinds {
    ($($test:ident: $kind:literal, $grants_claim:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            sign_in_mint_and_sign_out($kind, $grants_claim).await;
        }
    )*};
}

kinds! {
    sessions_with_published_keys: "jwt", "grants";
    sessions_with_a_shared_secret: "secret", "grants";
    sessions_of_clerk: "clerk", "grants";
    sessions_of_supabase: "supabase", "/app_metadata/grants";
    sessions_of_firebase: "firebase", "grants";
    sessions_of_cognito: "cognito", "grants";
    sessions_of_auth0: "auth0", "grants";
    sessions_of_workos: "workos", "grants";
    sessions_of_better_auth: "better-auth", "grants";
    sessions_of_auth_js: "authjs", "grants";
    sessions_by_introspection: "introspection", "grants";
    sessions_by_asking_the_app: "forward", "grants";
}

#[tokio::test]
async fn pieces_of_a_longer_session_are_removed() {
    let local = Local::with_session_kind("jwt", &[]).await;
    let request = Request::post(format!("{}/sign-in", local.app))
        .header("cookie", "dev_session.0=x; dev_session.1=y; a=b");
    let names: Vec<_> = cookies(&send(request, "user=ada").await)
        .into_iter()
        .map(|pair| pair.split_once('=').unwrap().0.to_owned())
        .collect();
    assert_eq!(names, ["dev_session.0", "dev_session.1", "dev_session"]);
}

#[tokio::test]
async fn the_session_cookie_can_have_another_name() {
    let local = Local::with_session_kind("secret", &["SESSION_COOKIE=mine"]).await;
    assert!(local.session.starts_with("mine="), "{}", local.session);
    local.mint("assemblyai", json!({})).await;
}

#[tokio::test]
async fn settings_of_another_kind_of_session_are_not_mixed_with_built_in_ones() {
    let arguments = arguments(&bind().await, &bind().await, &["SESSION_KIND=secret"]);
    let message = App::new(&arguments, &|_| None).err().unwrap().to_string();
    for name in ["SESSION_AUDIENCE", "SESSION_SECRET_ID"] {
        assert!(message.contains(name), "{message}");
    }
}

#[tokio::test]
async fn signing_in_takes_a_form_or_json_and_a_name() {
    let local = Local::start(&[]).await;
    let sign_in = |media_type: &'static str, body: &'static str| {
        let request =
            Request::post(format!("{}/sign-in", local.app)).header("content-type", media_type);
        async move { send(request, body).await.status().as_u16() }
    };
    assert_eq!(sign_in("application/json", r#"{"user":"ada"}"#).await, 200);
    assert_eq!(
        sign_in("application/x-www-form-urlencoded", "user=ada").await,
        200
    );
    assert_eq!(sign_in("application/json", "user=ada").await, 422);
    assert_eq!(
        sign_in("application/x-www-form-urlencoded", "user=").await,
        422
    );
    let signed_out = send(Request::post(format!("{}/sign-out", local.app)), "").await;
    assert_eq!(
        (signed_out.status().as_u16(), cookie(&signed_out)),
        (204, "dev_session=".to_owned())
    );
}

#[tokio::test]
async fn a_session_from_before_a_restart_is_invalid() {
    let (before, standins, after) = (bind().await, bind().await, bind().await);
    let arguments = flags(&before, &standins, &["--session", "secret"]);
    serve(standins, providers::standins(&Clock::system()).router());
    let urls =
        [&before, &after].map(|listener| format!("http://{}", listener.local_addr().unwrap()));
    for listener in [before, after] {
        serve(listener, App::new(&arguments, &|_| None).unwrap().router);
    }
    let signed_in = send(Request::post(format!("{}/sign-in", urls[0])), "user=ada").await;
    let session = cookie(&signed_in);
    assert!(session.starts_with("dev_session="), "{session}");
    for (url, status) in [(&urls[0], 200), (&urls[1], 401)] {
        let request =
            Request::get(format!("{url}/cartesia/token")).header("origin", arguments.app_origin());
        assert_eq!(
            send(request.header("cookie", &session), "").await.status(),
            status
        );
    }
}
