//! AWS's services, over the same HTTP client as everything else.

pub mod dynamodb;
pub mod secrets_manager;

use std::time::Duration;

use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use bytes::Bytes;

use crate::settings::Reader;
use crate::transport::{Failure, Transport};

/// One of AWS's services, and how long we wait for it.
struct Service {
    /// Its name in words.
    name: &'static str,
    /// The variable for its own endpoint.
    endpoint: &'static str,
    /// Within which it must answer one try.
    answer_within: Duration,
    /// The longest pause before the one retry. The SDK's own is of up to a second.
    retry_pause: Duration,
    /// How much of an answer is read, in bytes.
    most_bytes: usize,
}

impl Service {
    /// What a client needs, out of the standard AWS variables: the function's own region, endpoint and credentials. They are
    /// taken from the variables that Lambda sets and nothing else is looked at: searching profiles and instance metadata costs
    /// each cold start milliseconds.
    ///
    /// Also, in words, what is lacking: then every call fails.
    fn configure(&self, reader: &mut Reader, transport: Transport) -> (SdkConfig, Option<String>) {
        // The service's own endpoint goes before the general one, as in every AWS SDK.
        let endpoints = [self.endpoint, "AWS_ENDPOINT_URL"].map(|name| reader.url(name));
        let var = |name| reader.optional(name);
        let is_true = |name| var(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let (within, most_bytes) = (self.answer_within, self.most_bytes);
        // Also where the service asks for a longer pause: there are callers waiting.
        let retry = RetryConfig::standard()
            .with_max_attempts(2)
            .with_initial_backoff(self.retry_pause)
            .with_max_backoff(self.retry_pause);
        let connector = SharedHttpConnector::new(Connector { transport, within, most_bytes });
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .retry_config(retry)
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(self.answer_within).build())
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        let mut lacks = None;
        match var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION")) {
            Some(region) => config = config.region(Region::new(region)),
            None => lacks = Some("AWS_REGION is not set"),
        }
        if let (Some(id), Some(secret)) = (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY")) {
            let credentials = Credentials::new(id, secret, var("AWS_SESSION_TOKEN"), None, "environment");
            config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        } else {
            lacks = Some("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
        }
        if !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            && let Some(url) = endpoints.into_iter().flatten().next()
        {
            config = config.endpoint_url(url.as_str().trim_end_matches('/'));
        }
        (config.build(), lacks.map(|lacks| format!("{} cannot be called: {lacks}", self.name)))
    }

    /// What went wrong, by AWS's error code alone: its messages repeat names of accounts and roles.
    fn clause<E: ProvideErrorMetadata, R>(&self, error: &SdkError<E, R>) -> String {
        match error {
            SdkError::ServiceError(refused) => {
                format!("{} answered {}", self.name, refused.err().code().unwrap_or("an unnamed error"))
            }
            SdkError::TimeoutError(_) => format!("{} did not answer in time", self.name),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                format!("{} did not answer in time", self.name)
            }
            _ => format!("{} cannot be reached", self.name),
        }
    }
}

/// Lets the SDK speak through our client, so that there is one TLS stack and one pool of connections.
#[derive(Debug)]
struct Connector {
    transport: Transport,
    within: Duration,
    most_bytes: usize,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (transport, within, most_bytes) = (self.transport.clone(), self.within, self.most_bytes);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body: SdkBody| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let response = transport.send(request, within, most_bytes).await.map_err(|failure| match failure {
                Failure::Timeout => ConnectorError::timeout("no answer in time".into()),
                Failure::TooLarge => ConnectorError::user("the answer is too large".into()),
                Failure::Unreachable(clause) => ConnectorError::io(clause.into()),
            })?;
            HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
