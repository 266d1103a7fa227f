//! AWS Secrets Manager, as a secret store.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::{Client, Config};
use tokio::sync::OnceCell;

use super::{Aws, Service};
use crate::secret::{LoadFuture, SecretStore, SecretValue, StoreError};

const SERVICE: Service = Service {
    name: "Secrets Manager",
    answer_within: Duration::from_millis(1500),
    retry_pause: Duration::from_millis(100),
};

/// A client of Secrets Manager.
pub struct SecretsManager {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

impl SecretsManager {
    /// A client for the region and the endpoint of `aws`.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, String> {
        let client = || async {
            SERVICE
                .config(&self.aws)
                .await
                .map(|config| Client::from_conf(Config::new(&config)))
        };
        self.client.get_or_try_init(client).await
    }
}

impl SecretStore for SecretsManager {
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a> {
        Box::pin(async move {
            let client = self.client().await.map_err(StoreError::Transient)?;
            let loaded = client
                .get_secret_value()
                .secret_id(id)
                .send()
                .await
                .map_err(|error| store_error(&error))?;
            let version = loaded.version_id.unwrap_or_default();
            match loaded.secret_string {
                Some(text) => Ok(SecretValue::new(text, version)),
                None => Err(StoreError::Permanent(
                    "the secret is binary: store the key as text".to_owned(),
                )),
            }
        })
    }
}

/// Classifies an error. With some codes there is no secret until an operator changes something
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>):
/// `InvalidRequestException` means that the secret is marked for deletion.
fn store_error<R>(error: &SdkError<GetSecretValueError, R>) -> StoreError {
    let clause = SERVICE.clause(error);
    let refused = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = refused
        .and_then(|refused| refused.code())
        .unwrap_or_default();
    match code {
        // Access to the secret or to the KMS key that encrypts it: only the message says which
        // (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>).
        "AccessDeniedException" | "AccessDenied" => {
            let message = refused
                .and_then(|refused| refused.message())
                .unwrap_or_default();
            let permission = if message.to_ascii_lowercase().contains("kms") {
                "the function may not decrypt the secret with its KMS key (kms:Decrypt)"
            } else {
                "the function may not read the secret (secretsmanager:GetSecretValue)"
            };
            StoreError::Permanent(format!("{clause}: {permission}"))
        }
        "DecryptionFailure" => {
            StoreError::Permanent(format!("{clause}: the secret's KMS key cannot decrypt it"))
        }
        "ResourceNotFoundException" | "InvalidRequestException" | "InvalidParameterException" => {
            StoreError::Permanent(clause)
        }
        _ => StoreError::Transient(clause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::error::ErrorMetadata;

    #[test]
    fn only_an_error_that_an_operator_must_fix_is_permanent() {
        let store_error = |code: &str| {
            let refused = GetSecretValueError::generic(ErrorMetadata::builder().code(code).build());
            store_error(&SdkError::service_error(refused, ()))
        };
        for code in [
            "ResourceNotFoundException",
            "AccessDeniedException",
            "AccessDenied",
            "InvalidRequestException",
            "InvalidParameterException",
            "DecryptionFailure",
        ] {
            assert!(
                matches!(store_error(code), StoreError::Permanent(_)),
                "{code}"
            );
        }
        for code in [
            "InternalServiceError",
            "ThrottlingException",
            "ExpiredTokenException",
            "ServiceUnavailable",
            "",
        ] {
            assert!(
                matches!(store_error(code), StoreError::Transient(_)),
                "{code}"
            );
        }
        assert!(matches!(
            store_error_of_a_timeout(),
            StoreError::Transient(_)
        ));
    }

    fn store_error_of_a_timeout() -> StoreError {
        store_error(&SdkError::<_, ()>::timeout_error("no response in time"))
    }
}
