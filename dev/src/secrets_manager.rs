//! Secrets Manager for functions that run outside this process, for example in containers:
//! `GetSecretValue` of the AWS JSON 1.1 protocol. It accepts any signature, so it only serves the
//! secrets of stand-ins, never a developer's real API key. Sources:
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

use crate::secret_store::InMemorySecrets;

const JSON: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];

/// The router with its only endpoint.
pub fn router(secrets: InMemorySecrets) -> Router {
    Router::new()
        .route("/", post(handle))
        .with_state(Arc::new(secrets))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// The type of an AWS error, and its message.
struct AwsError(&'static str, &'static str);

async fn handle(
    State(secrets): State<Arc<InMemorySecrets>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match get_secret_value(&secrets, &headers, &body) {
        Ok(found) => (JSON, found.to_string()).into_response(),
        Err(AwsError(kind, message)) => (
            StatusCode::BAD_REQUEST,
            JSON,
            json!({"__type": kind, "Message": message}).to_string(),
        )
            .into_response(),
    }
}

fn get_secret_value(
    secrets: &InMemorySecrets,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, AwsError> {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if header("x-amz-target") != "secretsmanager.GetSecretValue" {
        return Err(AwsError(
            "UnknownOperationException",
            "This server only implements secretsmanager.GetSecretValue.",
        ));
    }
    // The signature is not verified: there is no AWS account whose key could have made it.
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return Err(AwsError(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ));
    }
    let request: GetSecretValue = serde_json::from_slice(body).map_err(|_| {
        AwsError(
            "SerializationException",
            "The body must be a JSON object with a SecretId.",
        )
    })?;
    let missing = AwsError(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    );
    let Some(text) = secrets.get(&request.secret_id) else {
        return Err(missing);
    };
    let version = version(text);
    if request.version_id.is_some_and(|id| id != version)
        || request
            .version_stage
            .is_some_and(|stage| stage != "AWSCURRENT")
    {
        return Err(missing);
    }
    Ok(json!({
        "ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{}-AbCdEf", request.secret_id),
        "Name": request.secret_id,
        "VersionId": version,
        "VersionStages": ["AWSCURRENT"],
        "SecretString": text,
    }))
}

/// The version is derived from the value, so that functions notice secrets that changed when
/// `make dev` was restarted.
fn version(text: &str) -> String {
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
