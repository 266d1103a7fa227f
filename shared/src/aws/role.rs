//! The credentials of the function's role.

use std::time::UNIX_EPOCH;

use aws_sdk_secretsmanager::config::ProvideCredentials as _;

use super::Aws;
use crate::secret::role::{Role, RoleCredentials, RoleFuture};

impl Role for Aws {
    fn credentials(&self) -> RoleFuture<'_> {
        Box::pin(async {
            let config = self.config().await;
            let region = config.region().map(AsRef::as_ref).unwrap_or_default();
            if region.trim().is_empty() {
                return Err("there is no AWS region (AWS_REGION)".to_owned());
            }
            let provider = config.credentials_provider();
            let provider = provider.ok_or("there are no AWS credentials")?;
            // The library's error may contain a role's name.
            let loaded = provider.provide_credentials().await;
            let loaded = loaded.map_err(|_| "there are no AWS credentials")?;
            let expiry = loaded
                .expiry()
                .and_then(|expiry| expiry.duration_since(UNIX_EPOCH).ok());
            let credentials =
                RoleCredentials::new(region, loaded.access_key_id(), loaded.secret_access_key());
            Ok(credentials.with_session(
                loaded.session_token(),
                expiry.map(|expiry| expiry.as_secs()),
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;

    #[tokio::test]
    async fn credentials_come_with_the_region() {
        let aws = Aws::emulated("http://127.0.0.1:1", Transport::new().unwrap());
        let credentials = aws.credentials().await.unwrap();
        assert_eq!(
            (credentials.region(), credentials.access_key_id()),
            ("us-east-1", "emulated")
        );
        assert_eq!(credentials.secret_access_key(), "emulated");
        assert_eq!(credentials.session_token(), None);
        let shown = format!("{:?}", RoleCredentials::new("r", "id", "secret-1"));
        assert!(!shown.contains("secret-1"), "{shown}");
    }
}
