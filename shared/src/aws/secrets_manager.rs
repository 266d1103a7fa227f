//! AWS Secrets Manager.

use std::time::Duration;

use aws_sdk_secretsmanager::{Client, Config};

use super::Service;
use crate::secret::{Loading, SecretStore, Stored};
use crate::settings::Reader;
use crate::transport::Transport;

const SERVICE: Service = Service {
    name: "Secrets Manager",
    endpoint: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    answer_within: Duration::from_millis(1500),
    retry_pause: Duration::from_millis(100),
    // A secret has at most 64 KiB, and JSON may escape each of its bytes.
    most_bytes: 512 * 1024,
};

/// Secrets Manager, as the standard AWS variables describe it.
pub struct SecretsManager {
    client: Client,
    /// What a call needs and the environment does not have.
    lacks: Option<String>,
}

impl SecretsManager {
    /// A client for the function's own region, endpoint and credentials.
    pub fn from_settings(reader: &mut Reader, transport: Transport) -> Self {
        let (config, lacks) = SERVICE.configure(reader, transport);
        Self { client: Client::from_conf(Config::new(&config)), lacks }
    }
}

impl SecretStore for SecretsManager {
    fn load<'a>(&'a self, id: &'a str) -> Loading<'a> {
        Box::pin(async move {
            if let Some(lacks) = &self.lacks {
                return Err(lacks.clone());
            }
            let loading = self.client.get_secret_value().secret_id(id).send();
            let loaded = loading.await.map_err(|error| SERVICE.clause(&error))?;
            let version = loaded.version_id.unwrap_or_default();
            match loaded.secret_string {
                Some(text) => Ok(Stored { text, version }),
                None => Err("the secret is binary: store the key as text".to_owned()),
            }
        })
    }
}
