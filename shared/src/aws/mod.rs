//! AWS's services, over the same HTTP client as everything else.

pub mod dynamodb;
mod endpoint;
pub mod secrets_manager;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::config::{
    Credentials, ProvideCredentials as _, SharedCredentialsProvider,
};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::transport::{Failure, Transport};

/// Within which any of AWS's services must answer, where the SDK names no shorter time.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How much of a response is read: a secret has at most 64 KiB, and JSON may escape each of its
/// bytes.
const MAX_BYTES: usize = 512 * 1024;

/// Region, credentials and endpoints, as in any AWS SDK: variables, profiles, roles, containers.
pub struct Aws {
    transport: Transport,
    /// Loaded for the first call, so that wrong settings are reported before anything is asked of
    /// AWS.
    config: OnceCell<SdkConfig>,
}

impl Aws {
    /// AWS as the surroundings of this process describe it.
    pub fn from_surroundings(transport: Transport) -> Arc<Self> {
        Arc::new(Self {
            transport,
            config: OnceCell::new(),
        })
    }

    /// An emulator of AWS at one endpoint, which looks at no credentials.
    pub fn emulated(endpoint: &str, transport: Transport) -> Arc<Self> {
        let credentials = Credentials::new("emulated", "emulated", None, None, "emulated");
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .http_client(http_client(transport.clone()))
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .build();
        Arc::new(Self {
            transport,
            config: OnceCell::new_with(Some(config)),
        })
    }

    async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| load(self.transport.clone()))
            .await
    }
}

/// What the SDK does where nothing is said, as of one date: an update of the SDK changes none of
/// it.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The variables first: Lambda sets them, and then there is nothing to look for.
async fn load(transport: Transport) -> SdkConfig {
    let loader = aws_config::defaults(behavior()).http_client(http_client(transport));
    let variables = EnvironmentVariableCredentialsProvider::new();
    let loader = match variables.provide_credentials().await {
        Ok(_) => loader.credentials_provider(variables),
        Err(_) => loader,
    };
    // The retries are each service's own: read from variables, some values that other SDKs take
    // make this one panic.
    let config = endpoint::without_empty(loader.retry_config(RetryConfig::standard()).load().await);
    endpoint::warn_of_plain_http(&config);
    config
}

/// One of AWS's services, and how long we wait for it.
struct Service {
    /// Its name in words.
    name: &'static str,
    /// Within which it must answer one try.
    answer_within: Duration,
    /// The longest pause before the one retry. The SDK's own is of up to a second.
    retry_pause: Duration,
}

impl Service {
    /// What its client needs.
    ///
    /// # Errors
    /// A clause for the log, where no call can be made.
    async fn config(&self, aws: &Aws) -> Result<SdkConfig, String> {
        let config = aws.config().await;
        if config
            .region()
            .is_none_or(|region| region.as_ref().trim().is_empty())
        {
            return Err(format!(
                "{} cannot be called: there is no AWS region (AWS_REGION)",
                self.name
            ));
        }
        // Also where the service asks for a longer pause: there are callers waiting.
        let retry = RetryConfig::standard()
            .with_max_attempts(2)
            .with_initial_backoff(self.retry_pause)
            .with_max_backoff(self.retry_pause);
        let timeout = TimeoutConfig::builder()
            .operation_attempt_timeout(self.answer_within)
            .build();
        Ok(config
            .to_builder()
            .retry_config(retry)
            .timeout_config(timeout)
            .build())
    }

    /// What went wrong, by AWS's error code alone: its messages repeat names of accounts and roles.
    fn clause<E: ProvideErrorMetadata, R>(&self, error: &SdkError<E, R>) -> String {
        match error {
            SdkError::ServiceError(refused) => {
                format!(
                    "{} answered {}",
                    self.name,
                    refused.err().code().unwrap_or("an unnamed error")
                )
            }
            SdkError::TimeoutError(_) => format!("{} did not answer in time", self.name),
            SdkError::DispatchFailure(failure) => {
                let cause = failure
                    .as_connector_error()
                    .and_then(|error| error.source());
                match cause.and_then(|cause| cause.downcast_ref::<Failure>()) {
                    Some(Failure::Timeout) => format!("{} did not answer in time", self.name),
                    Some(Failure::TooLarge) => format!("{} answered more than is read", self.name),
                    Some(Failure::Unreachable(clause)) => {
                        format!("{} cannot be reached: {clause}", self.name)
                    }
                    None if cause.is_some_and(|cause| cause.is::<CredentialsError>()) => {
                        format!(
                            "{} cannot be called: there are no AWS credentials",
                            self.name
                        )
                    }
                    None => format!(
                        "{} cannot be called: its endpoint or its credentials are none that can be used (AWS_ENDPOINT_URL…)",
                        self.name
                    ),
                }
            }
            SdkError::ConstructionFailure(_) => {
                format!(
                    "{} cannot be called: AWS_REGION is no region, or the secret has no name",
                    self.name
                )
            }
            _ => format!("{} gave no answer that can be read", self.name),
        }
    }
}

/// Lets the SDK speak through our client, so that there is one TLS stack and one pool of
/// connections. The SDK's own would add milliseconds to each cold start: it reads the system's
/// certificate authorities.
fn http_client(transport: Transport) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(transport));
    SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()))
}

#[derive(Debug)]
struct Connector(Transport);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let request = request
                .map(|body: SdkBody| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let response = transport
                .send(request, ANSWER_WITHIN, MAX_BYTES)
                .await
                .map_err(|failure| match failure {
                    Failure::Timeout => ConnectorError::timeout(failure.into()),
                    Failure::TooLarge => ConnectorError::user(failure.into()),
                    Failure::Unreachable(_) => ConnectorError::io(failure.into()),
                })?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
