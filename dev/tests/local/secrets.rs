//! Tests of Secrets Manager: what functions in containers can read, and what is never served.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use voicemint::internals::{Aws, SecretStore, SecretValue, SecretsManager, StoreError, Transport};
use voicemint_dev::app::App;
use voicemint_dev::providers::PROVIDERS;

use crate::harness::*;

const GET_SECRET_VALUE: &str = "secretsmanager.GetSecretValue";

/// Loads a secret like a deployed function, through the AWS SDK.
async fn load(url: &str, id: &str) -> Result<SecretValue, StoreError> {
    let aws = Aws::emulated(url, Transport::new().unwrap());
    SecretsManager::new(aws).load(id).await
}

/// Sends a call without the SDK.
async fn call(local: &Local, target: &str, body: &str) -> Response<Bytes> {
    let request = Request::post(&local.standins_url).header("x-amz-target", target);
    send(
        request.header("authorization", "AWS4-HMAC-SHA256 Credential=any"),
        body,
    )
    .await
}

/// The type of an error in the format of AWS.
fn kind(response: &Response<Bytes>) -> Value {
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers()["content-type"],
        "application/x-amz-json-1.1"
    );
    json_of(response)["__type"].clone()
}

#[tokio::test]
async fn the_sdk_reads_the_standins_keys_and_those_of_sessions() {
    let local = Local::start(&[]).await;
    let text = async |id: &str| {
        load(&local.standins_url, id)
            .await
            .map(|value| value.expose().to_owned())
    };
    for provider in PROVIDERS {
        let key = provider.standin.secret();
        assert_eq!(text(provider.name).await.as_deref(), Ok(key));
    }
    assert_eq!(text("dev/session").await.unwrap().len(), 64);
    assert!(
        text("dev/introspection")
            .await
            .unwrap()
            .contains("client_secret")
    );
    let gone =
        StoreError::Permanent("Secrets Manager answered ResourceNotFoundException".to_owned());
    assert_eq!(text("mistral").await.unwrap_err(), gone);
}

#[tokio::test]
async fn a_different_secret_has_another_version() {
    let (one, other) = (Local::start(&[]).await, Local::start(&[]).await);
    let version = async |local: &Local, id: &str| {
        load(&local.standins_url, id)
            .await
            .unwrap()
            .version()
            .to_owned()
    };
    assert_eq!(
        version(&one, "cartesia").await,
        version(&other, "cartesia").await
    );
    assert_ne!(
        version(&one, "dev/session").await,
        version(&other, "dev/session").await
    );
}

#[tokio::test]
async fn a_real_key_is_never_served() {
    let (app_listener, standins_listener) = (bind().await, bind().await);
    let arguments = arguments(&app_listener, &standins_listener, &[]);
    let app = App::new(&arguments, &all_keys("sk_car_real")).unwrap();
    serve(standins_listener, app.secrets_manager);
    assert_eq!(
        load(&arguments.standins_url(), "cartesia")
            .await
            .map(|value| value.expose().to_owned())
            .as_deref(),
        Ok(voicemint_cartesia_stand_in::API_KEY)
    );
}

#[tokio::test]
async fn unsupported_calls_are_refused_as_aws_does() {
    let local = Local::start(&[]).await;
    let known = r#"{"SecretId":"cartesia"}"#;
    let found = call(&local, GET_SECRET_VALUE, known).await;
    assert_eq!(
        (found.status().as_u16(), &json_of(&found)["VersionStages"]),
        (200, &json!(["AWSCURRENT"]))
    );
    for (target, body, wanted) in [
        (
            GET_SECRET_VALUE,
            r#"{"SecretId":"cartesia","VersionStage":"AWSPREVIOUS"}"#,
            "ResourceNotFoundException",
        ),
        (
            GET_SECRET_VALUE,
            r#"{"SecretId":"cartesia","VersionId":"another"}"#,
            "ResourceNotFoundException",
        ),
        (
            GET_SECRET_VALUE,
            r#"{"SecretId":""}"#,
            "ResourceNotFoundException",
        ),
        (GET_SECRET_VALUE, "{}", "SerializationException"),
        (
            GET_SECRET_VALUE,
            "SecretId=cartesia",
            "SerializationException",
        ),
        (
            "secretsmanager.ListSecrets",
            "{}",
            "UnknownOperationException",
        ),
        (
            "DynamoDB_20120810.GetItem",
            known,
            "UnknownOperationException",
        ),
    ] {
        assert_eq!(
            kind(&call(&local, target, body).await),
            wanted,
            "{target} {body}"
        );
    }
    let bare = send(
        Request::post(&local.standins_url).header("x-amz-target", GET_SECRET_VALUE),
        known,
    )
    .await;
    assert_eq!(kind(&bare), "MissingAuthenticationTokenException");
    assert_eq!(
        kind(&send(Request::post(&local.standins_url), known).await),
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn containers_can_read_secrets_but_a_rebound_name_cannot() {
    let local = Local::start(&[]).await;
    let port = local.standins_url.rsplit_once(':').unwrap().1;
    for (host, status) in [
        ("host.docker.internal", 200),
        ("localhost", 200),
        ("evil.test", 421),
    ] {
        let request = Request::post(&local.standins_url).header("host", format!("{host}:{port}"));
        let request = request
            .header("x-amz-target", GET_SECRET_VALUE)
            .header("authorization", "AWS4-HMAC-SHA256 any");
        assert_eq!(
            send(request, r#"{"SecretId":"cartesia"}"#).await.status(),
            status,
            "{host}"
        );
    }
    // No page of another origin can call: its preflight is not allowed.
    let preflight = Request::options(&local.standins_url)
        .header("access-control-request-headers", "x-amz-target");
    let refused = send(preflight.header("origin", "https://evil.test"), "").await;
    assert!(
        !refused
            .headers()
            .contains_key("access-control-allow-origin")
    );
}
