//! AWS Secrets Manager, over the same HTTP client as everything else.

use std::time::Duration;

use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::{Client, Config};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;

use crate::secret::{Loading, SecretStore, Stored};
use crate::settings::Reader;
use crate::transport::{Failure, Transport};

/// Within which Secrets Manager must answer one try.
const ANSWER_WITHIN: Duration = Duration::from_millis(1500);
/// The longest pause before the second try; the SDK's own, of up to a second, would be most of a cold start.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How much of an answer is read, in bytes: a secret has at most 64 KiB, and JSON may escape each of its bytes.
const MOST_BYTES: usize = 512 * 1024;

/// Secrets Manager, as the standard AWS variables describe it.
pub struct SecretsManager {
    client: Client,
    /// What a call needs and the environment does not have.
    lacks: Option<&'static str>,
}

impl SecretsManager {
    /// A client for the function's own region, endpoint and credentials. They are taken from the variables that Lambda
    /// sets and nothing else is looked at: searching profiles and instance metadata costs each cold start milliseconds.
    pub fn from_settings(reader: &mut Reader, transport: Transport) -> Self {
        // The service's own endpoint goes before the general one, as in every AWS SDK.
        let endpoints = ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"].map(|name| reader.url(name));
        let var = |name| reader.optional(name);
        let is_true = |name| var(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let connector = SharedHttpConnector::new(Connector(transport));
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(RETRY_PAUSE))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ANSWER_WITHIN).build())
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        let mut lacks = None;
        match var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION")) {
            Some(region) => config = config.region(Region::new(region)),
            None => lacks = Some("AWS_REGION is not set"),
        }
        if let (Some(id), Some(secret)) = (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY")) {
            config = config.credentials_provider(Credentials::new(
                id,
                secret,
                var("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ));
        } else {
            lacks = Some("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
        }
        if !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            && let Some(url) = endpoints.into_iter().flatten().next()
        {
            config = config.endpoint_url(url.as_str().trim_end_matches('/'));
        }
        Self { client: Client::from_conf(config.build()), lacks }
    }
}

impl SecretStore for SecretsManager {
    fn load<'a>(&'a self, id: &'a str) -> Loading<'a> {
        Box::pin(async move {
            if let Some(lacks) = self.lacks {
                return Err(format!("Secrets Manager cannot be called: {lacks}"));
            }
            let loaded = self.client.get_secret_value().secret_id(id).send().await.map_err(|error| clause(&error))?;
            let version = loaded.version_id.unwrap_or_default();
            match loaded.secret_string {
                Some(text) => Ok(Stored { text, version }),
                None => Err("the secret is binary: store the key as text".to_owned()),
            }
        })
    }
}

/// What went wrong, by AWS's error code alone: its messages repeat names of accounts and roles.
fn clause<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or("an unnamed error");
            format!("Secrets Manager answered {code}")
        }
        SdkError::TimeoutError(_) => "Secrets Manager did not answer in time".to_owned(),
        _ => "Secrets Manager cannot be reached".to_owned(),
    }
}

/// Lets the SDK speak through our client, so that there is one TLS stack and one pool of connections.
#[derive(Debug)]
struct Connector(Transport);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body: SdkBody| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let response =
                transport.send(request, ANSWER_WITHIN, MOST_BYTES).await.map_err(|failure| match failure {
                    Failure::Timeout => ConnectorError::timeout("no answer in time".into()),
                    Failure::TooLarge => ConnectorError::user("the answer is too large".into()),
                    Failure::Unreachable(clause) => ConnectorError::io(clause.into()),
                })?;
            HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
