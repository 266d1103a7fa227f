//! Secrets Manager for functions that run beside `make dev`, in containers too: `GetSecretValue` of
//! AWS's JSON 1.1 protocol, for whoever signs the call, with whatever credentials. So it gives out
//! stand-ins' secrets alone, never a developer's real key. Sources:
//! docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue,
//! smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::secret_store::Keys;

const JSON: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];

/// The one endpoint.
pub fn router(secrets: Keys) -> Router {
    Router::new()
        .route("/", post(answer))
        .with_state(Arc::new(secrets))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// AWS's name of an error, and what it says.
struct Problem(&'static str, &'static str);

async fn answer(State(secrets): State<Arc<Keys>>, headers: HeaderMap, body: Bytes) -> Response {
    match get_secret_value(&secrets, &headers, &body) {
        Ok(found) => (JSON, found.to_string()).into_response(),
        Err(Problem(kind, message)) => (
            StatusCode::BAD_REQUEST,
            JSON,
            json!({"__type": kind, "Message": message}).to_string(),
        )
            .into_response(),
    }
}

fn get_secret_value(secrets: &Keys, headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if header("x-amz-target") != "secretsmanager.GetSecretValue" {
        return Err(Problem(
            "UnknownOperationException",
            "Only secretsmanager.GetSecretValue is played here.",
        ));
    }
    // What the signature says is not looked at: there is no account whose key it could be made
    // with.
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return Err(Problem(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ));
    }
    let ask: GetSecretValue = serde_json::from_slice(body).map_err(|_| {
        Problem(
            "SerializationException",
            "The body must be a JSON object with a SecretId.",
        )
    })?;
    let missing = Problem(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    );
    let Some(text) = secrets.get(&ask.secret_id) else {
        return Err(missing);
    };
    let version = version(text);
    if ask.version_id.is_some_and(|id| id != version)
        || ask.version_stage.is_some_and(|stage| stage != "AWSCURRENT")
    {
        return Err(missing);
    }
    Ok(json!({
        "ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{}-AbCdEf", ask.secret_id),
        "Name": ask.secret_id,
        "VersionId": version,
        "VersionStages": ["AWSCURRENT"],
        "SecretString": text,
    }))
}

/// The same for the same text alone, so that a function takes up what changed with a new start of
/// `make dev`.
fn version(text: &str) -> String {
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
