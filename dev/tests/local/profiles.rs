//! Tests of profiles: the examples of the stand-ins, and the file of `--profiles`.

use std::path::PathBuf;

use http::Request;
use serde_json::{Value, json};
use voicemint_dev::app::App;

use crate::harness::*;

const PROVIDER: &str = "elevenlabs-agents";

/// A file for one test, deleted at its end.
struct TestFile(PathBuf);

impl TestFile {
    fn new(test: &str, text: impl AsRef<[u8]>) -> Self {
        let name = format!("voicemint-profiles-{test}-{}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The message with which the command does not start.
async fn start_error(flags_given: &[&str]) -> Option<String> {
    let arguments = flags(&bind().await, &bind().await, flags_given);
    let error = App::new(&arguments, &|_| None).err();
    error.map(|error| error.to_string())
}

/// The message for a file with this text.
async fn file_error(test: &str, text: impl AsRef<[u8]>) -> Option<String> {
    let file = TestFile::new(test, text);
    let message = start_error(&["--profiles", file.path()]).await;
    message.map(|message| message.replace(file.path(), "FILE"))
}

/// The names of the profiles on the page.
async fn on_the_page(local: &Local) -> Value {
    let deployment = send(Request::get(format!("{}/deployment.json", local.app)), "").await;
    json_of(&deployment)["providers"][PROVIDER]["profiles"].clone()
}

/// The agent in a signed URL.
fn agent_of(minted: &Value) -> String {
    let (_, rest) = minted["token"]
        .as_str()
        .unwrap()
        .split_once("agent_id=")
        .unwrap();
    rest.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_examples_work_and_are_on_the_page() {
    let local = Local::start(&[]).await;
    assert_eq!(
        on_the_page(&local).await,
        json!(["default", "support", "tutor"])
    );
    for (request, profile) in [
        (json!({}), "default"),
        (json!({"profile": "support"}), "support"),
        (json!({"profile": "tutor", "connection": "webrtc"}), "tutor"),
    ] {
        let minted = local.mint(PROVIDER, request).await;
        assert_eq!(
            (&minted["profile"], &minted["locked"]),
            (&json!(profile), &json!(true))
        );
    }
}

#[tokio::test]
async fn a_file_replaces_the_examples_of_the_providers_that_it_names() {
    let own = json!({PROVIDER: {"mine": {"agent_id": "agent_standin_support"}}});
    let file = TestFile::new("own", own.to_string());
    let local = Local::with_flags(&["--profiles", file.path()]).await;
    assert_eq!(on_the_page(&local).await, json!(["mine"]));
    let minted = local.mint(PROVIDER, json!({})).await;
    assert_eq!(
        (agent_of(&minted), &minted["profile"]),
        ("agent_standin_support".to_owned(), &json!("mine"))
    );
    let example = local
        .ask(PROVIDER, &local.session, json!({"profile": "tutor"}))
        .await;
    assert_eq!(example.status(), 422);
    let empty = TestFile::new("empty", "{}");
    let local = Local::with_flags(&["--profiles", empty.path()]).await;
    assert_eq!(local.mint(PROVIDER, json!({})).await["profile"], "default");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_reported_at_start() {
    let missing = start_error(&["--profiles", "/nowhere/profiles.json"])
        .await
        .unwrap();
    assert!(
        missing.starts_with("--profiles: cannot read /nowhere/profiles.json: "),
        "{missing}"
    );
    let folder = std::env::temp_dir();
    let folder = start_error(&["--profiles", folder.to_str().unwrap()])
        .await
        .unwrap();
    assert!(folder.starts_with("--profiles: cannot read "), "{folder}");
    let twice = r#"{"elevenlabs-agents":{},"elevenlabs-agents":{}}"#;
    for (test, text) in [
        ("text", &b"agent_private"[..]),
        ("list", b"[\"agent_private\"]"),
        (
            "cut",
            b"{\"elevenlabs-agents\": {\"a\": {\"agent_id\": \"agent_private\"}",
        ),
        ("nothing", b""),
        ("twice", twice.as_bytes()),
    ] {
        let message = file_error(test, text).await.unwrap();
        let expected = "--profiles: FILE is not a JSON object of the form {\"PROVIDER\": {\"PROFILE\": {…}}}, each provider once: line ";
        assert!(message.starts_with(expected), "{test}: {message}");
        assert!(!message.contains("agent_private"), "{test}: {message}");
    }
    let message = file_error("bytes", b"{\"a\": \"\xff\"}").await.unwrap();
    assert!(
        message.starts_with("--profiles: cannot read FILE"),
        "{message}"
    );
}

#[tokio::test]
async fn a_member_of_the_file_is_a_provider_with_profiles() {
    for name in ["cartesia", "elevenlabs_agents", ""] {
        let message = file_error("unknown", json!({name: {}}).to_string())
            .await
            .unwrap();
        let expected = format!(
            "--profiles: FILE has the member {name:?}, but its members are the providers with profiles: "
        );
        assert!(
            message.starts_with(&expected) && message.contains(PROVIDER),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_wrong_profile_is_named_with_its_pointers_and_without_values() {
    let profiles = json!({
        "good": {"agent_id": "agent_private"},
        "typo": {"agentid": "agent_private", "branch_id": "agent_private "},
        "Bad Name": {"agent_id": "agent_private"},
        "text": "agent_private",
    });
    let message = file_error("wrong", json!({PROVIDER: profiles}).to_string())
        .await
        .unwrap();
    for expected in [
        "the profile typo is wrong or has unknown members at /agent_id, /branch_id, /agentid",
        "\"Bad Name\"",
        "the profile text is not a JSON object",
    ] {
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(
        message.matches("elevenlabs-agents: --profiles: ").count(),
        3,
        "{message}"
    );
    assert!(
        !message.contains("agent_private") && !message.contains("good"),
        "{message}"
    );
    assert!(!message.contains("PROFILES_SECRET_ID"), "{message}");
    let list = file_error("secret", json!({PROVIDER: []}).to_string())
        .await
        .unwrap();
    assert!(
        list.contains("--profiles: the secret is not a JSON object"),
        "{list}"
    );
    // A setting that is wrong in all functions is reported once beside it.
    let file = TestFile::new("both", json!({PROVIDER: {"a": {}}}).to_string());
    let message =
        start_error(&["--profiles", file.path(), "--set", "SECRET_CACHE_SECONDS=x"]).await;
    let message = message.unwrap();
    assert!(
        message.starts_with("SECRET_CACHE_SECONDS must be"),
        "{message}"
    );
}

#[tokio::test]
async fn the_default_profile_is_the_one_called_so_unless_a_setting_names_another() {
    let local = Local::start(&["elevenlabs-agents:DEFAULT_PROFILE=tutor"]).await;
    assert_eq!(local.mint(PROVIDER, json!({})).await["profile"], "tutor");
    assert_eq!(
        on_the_page(&local).await,
        json!(["tutor", "default", "support"])
    );
    // For all functions, it concerns those with profiles only.
    let local = Local::start(&["DEFAULT_PROFILE=support"]).await;
    assert_eq!(local.mint(PROVIDER, json!({})).await["profile"], "support");
    assert_eq!(
        local.mint("cartesia", json!({})).await["provider"],
        "cartesia"
    );
    let message = start_error(&["--set", "cartesia:DEFAULT_PROFILE=support"])
        .await
        .unwrap();
    assert!(
        message.contains("DEFAULT_PROFILE has no effect on cartesia"),
        "{message}"
    );
    let message = start_error(&["--set", "DEFAULT_PROFILE=Not a name"])
        .await
        .unwrap();
    assert!(
        message.contains("DEFAULT_PROFILE must be the name of a profile"),
        "{message}"
    );
    let absent = Local::start(&["DEFAULT_PROFILE=absent"]).await;
    assert_eq!(
        absent
            .ask(PROVIDER, &absent.session, json!({}))
            .await
            .status(),
        503
    );
    assert_eq!(
        absent.mint(PROVIDER, json!({"profile": "tutor"})).await["profile"],
        "tutor"
    );
    let two = json!({PROVIDER: {"a": {"agent_id": "agent_standin_tutor"}, "b": {"agent_id": "agent_standin_greeter"}}});
    let file = TestFile::new("two", two.to_string());
    let local = Local::with_flags(&["--profiles", file.path()]).await;
    assert_eq!(
        local
            .ask(PROVIDER, &local.session, json!({}))
            .await
            .status(),
        422
    );
    assert_eq!(
        local.mint(PROVIDER, json!({"profile": "b"})).await["profile"],
        "b"
    );
}

#[tokio::test]
async fn a_signed_url_has_the_host_by_which_pages_reach_the_stand_in() {
    let local = Local::start(&[]).await;
    let minted = local.mint(PROVIDER, json!({})).await;
    let start = format!(
        "{}/v1/convai/conversation?",
        local.standins_url.replace("http", "ws")
    );
    assert!(
        minted["token"].as_str().unwrap().starts_with(&start),
        "{minted}"
    );
    let local = Local::with_flags(&["--base-url", "https://localhost:4443"]).await;
    let minted = local.mint(PROVIDER, json!({})).await;
    let url = minted["token"].as_str().unwrap();
    assert!(
        url.starts_with("wss://localhost:4443/v1/convai/conversation?"),
        "{url}"
    );
    assert_eq!(minted["connect"]["conversation"]["url"], url);
}

#[tokio::test]
async fn the_files_profiles_are_not_served_as_secrets() {
    let own = json!({PROVIDER: {"default": {"agent_id": "agent_private"}}});
    let file = TestFile::new("served", own.to_string());
    let local = Local::with_flags(&["--profiles", file.path()]).await;
    let request = Request::post(&local.standins_url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "secretsmanager.GetSecretValue")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=any");
    let body = json!({"SecretId": "elevenlabs-agents-profiles"}).to_string();
    let secret = send(request, &body).await;
    let text = String::from_utf8_lossy(secret.body()).into_owned();
    assert!(
        text.contains("agent_standin_greeter") && !text.contains("agent_private"),
        "{text}"
    );
}
