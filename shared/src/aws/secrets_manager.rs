//! AWS Secrets Manager.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::{Client, Config};
use tokio::sync::OnceCell;

use super::{Aws, Service};
use crate::secret::{Loading, SecretStore, Stored};

const SERVICE: Service = Service {
    name: "Secrets Manager",
    answer_within: Duration::from_millis(1500),
    retry_pause: Duration::from_millis(100),
};

/// Secrets Manager.
pub struct SecretsManager {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

impl SecretsManager {
    /// The service, in the function's own region or where `aws` says.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self { aws, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Client, String> {
        let client = || async { SERVICE.config(&self.aws).await.map(|config| Client::from_conf(Config::new(&config))) };
        self.client.get_or_try_init(client).await
    }
}

impl SecretStore for SecretsManager {
    fn load<'a>(&'a self, id: &'a str) -> Loading<'a> {
        Box::pin(async move {
            let loading = self.client().await?.get_secret_value().secret_id(id).send();
            let loaded = loading.await.map_err(|error| clause(&error))?;
            let version = loaded.version_id.unwrap_or_default();
            match loaded.secret_string {
                Some(text) => Ok(Stored { text, version }),
                None => Err("the secret is binary: store the key as text".to_owned()),
            }
        })
    }
}

/// What went wrong. One code stands for two permissions, which only the message tells apart: that of Secrets Manager, and
/// that of the KMS key which the secret is encrypted with
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>).
fn clause<R>(error: &SdkError<GetSecretValueError, R>) -> String {
    let clause = SERVICE.clause(error);
    let refused = error.as_service_error().map(ProvideErrorMetadata::meta);
    match refused.and_then(|refused| Some((refused.code()?, refused.message().unwrap_or_default()))) {
        Some(("AccessDeniedException", message)) if message.to_ascii_lowercase().contains("kms") => {
            format!("{clause}: the function may not decrypt the secret with its KMS key (kms:Decrypt)")
        }
        Some(("AccessDeniedException", _)) => {
            format!("{clause}: the function may not read the secret (secretsmanager:GetSecretValue)")
        }
        Some(("DecryptionFailure", _)) => format!("{clause}: the secret's KMS key cannot decrypt it"),
        _ => clause,
    }
}
