//! AWS services, over the same HTTP client as all other calls.

pub(crate) mod dynamodb;
mod endpoint;
mod role;
pub(crate) mod secrets_manager;

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

/// The time limit of a call, unless the SDK sets a shorter one.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How much of a response is read, in bytes. A secret has at most 64 KiB, and JSON may escape each
/// byte.
const MAX_BYTES: usize = 512 * 1024;

/// Region, credentials and endpoints, as in any AWS SDK: variables, profiles, roles, containers.
pub struct Aws {
    transport: Transport,
    /// Loaded for the first call, so that wrong settings are reported before AWS is called.
    config: OnceCell<SdkConfig>,
}

impl Aws {
    /// AWS as the environment of this process describes it.
    pub fn from_environment(transport: Transport) -> Arc<Self> {
        Arc::new(Self {
            transport,
            config: OnceCell::new(),
        })
    }

    /// An emulator of AWS at one endpoint, which does not check credentials.
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

/// The SDK's defaults as of one date, which do not change with updates of the SDK.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Loads the configuration. Credentials in variables come first: Lambda sets them, and finding them
/// needs no I/O.
async fn load(transport: Transport) -> SdkConfig {
    let loader = aws_config::defaults(behavior()).http_client(http_client(transport));
    let variables = EnvironmentVariableCredentialsProvider::new();
    let loader = match variables.provide_credentials().await {
        Ok(_) => loader.credentials_provider(variables),
        Err(_) => loader,
    };
    // Each service sets its retries. The SDK would read them from variables, and it panics on some
    // values that other SDKs accept.
    let config = endpoint::without_empty(loader.retry_config(RetryConfig::standard()).load().await);
    endpoint::warn_of_plain_http(&config);
    config
}

/// An AWS service and its time limits.
struct Service {
    /// Its name in the log.
    name: &'static str,
    /// The time limit of one try.
    answer_within: Duration,
    /// The longest pause before the retry. The SDK's default is up to a second.
    retry_pause: Duration,
}

impl Service {
    /// The configuration of its client.
    ///
    /// # Errors
    /// A clause for the log, if no call is possible.
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
        // The longest pause also holds if the service demands a longer one, as a caller is waiting.
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

    /// Describes an error by AWS's error code only: its messages contain names of accounts and roles.
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
                    Some(Failure::TooLarge) => {
                        format!("{} sent a response that is too large", self.name)
                    }
                    Some(Failure::NotConnected(clause) | Failure::Unreachable(clause)) => {
                        format!("{} cannot be reached: {clause}", self.name)
                    }
                    None if cause.is_some_and(|cause| cause.is::<CredentialsError>()) => {
                        format!(
                            "{} cannot be called: there are no AWS credentials",
                            self.name
                        )
                    }
                    None => format!(
                        "{} cannot be called: its endpoint or credentials are not usable (AWS_ENDPOINT_URL…)",
                        self.name
                    ),
                }
            }
            SdkError::ConstructionFailure(_) => {
                format!(
                    "{} cannot be called: AWS_REGION is not a region, or the secret has no name",
                    self.name
                )
            }
            _ => format!("{} sent an unreadable response", self.name),
        }
    }
}

/// The SDK's interface to [`Transport`], so that there is one TLS stack and one connection pool. The
/// SDK's own client would add milliseconds to each cold start, as it reads the operating system's
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
                    Failure::NotConnected(_) | Failure::Unreachable(_) => {
                        ConnectorError::io(failure.into())
                    }
                })?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
