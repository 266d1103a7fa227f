//! Endpoints other than AWS's own, as for emulators such as LocalStack. As in any AWS SDK they may
//! be plain `http`.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use url::Url;

use crate::settings::is_local;

/// The services that are called, and what their requests and responses contain.
const EXPOSED: [(&str, &str); 2] = [
    ("Secrets Manager", "API keys and session secrets"),
    ("DynamoDB", "how many tokens each user requests"),
];

/// The same configuration, with empty endpoints as not set: the SDK panics on them.
pub(super) fn without_empty(config: SdkConfig) -> SdkConfig {
    let mut builder = config.to_builder();
    builder.set_endpoint_url(config.endpoint_url().and_then(filled));
    builder.service_config(WithoutEmpty(config)).build()
}

#[derive(Debug)]
struct WithoutEmpty(SdkConfig);

impl LoadServiceConfig for WithoutEmpty {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0
            .service_config()?
            .load_config(key)
            .as_deref()
            .and_then(filled)
    }
}

fn filled(value: &str) -> Option<String> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    Some(value.to_owned())
}

/// Logs one warning if requests and responses are sent through a network without TLS.
pub(super) fn warn_of_plain_http(config: &SdkConfig) {
    for (service, exposed) in EXPOSED {
        if is_plain(config, service) {
            tracing::warn!(
                "{service} is called over plain http: anyone on the network can read {exposed}"
            );
            // One line is enough: one variable may set the endpoint of all services.
            return;
        }
    }
}

fn is_plain(config: &SdkConfig, service: &str) -> bool {
    // As in the SDK, a service's endpoint takes precedence over the general one.
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = key
        .ok()
        .and_then(|key| config.service_config()?.load_config(key));
    let url = own
        .as_deref()
        .or(config.endpoint_url())
        .and_then(|url| Url::parse(url).ok());
    url.is_some_and(|url| url.scheme() == "http" && !is_local(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A variable as the loader of the SDK finds it.
    #[derive(Debug)]
    struct Variable(&'static str, &'static str);

    impl LoadServiceConfig for Variable {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let name = format!(
                "{}_{}",
                key.env(),
                key.service_id().to_uppercase().replace(' ', "_")
            );
            (self.0 == name).then(|| self.1.to_owned())
        }
    }

    #[test]
    fn plain_http_to_this_machine_causes_no_warning() {
        for (url, plain) in [
            ("http://172.17.0.2:4566", true),
            ("http://localstack:4566", true),
            ("https://localstack:4566", false),
            ("http://127.0.0.1:4566", false),
            ("http://host.docker.internal:4566", false),
            ("no URL", false),
        ] {
            let general = SdkConfig::builder().endpoint_url(url).build();
            assert_eq!(is_plain(&general, "Secrets Manager"), plain, "{url}");
            let own = SdkConfig::builder()
                .service_config(Variable("AWS_ENDPOINT_URL_DYNAMODB", url))
                .build();
            assert_eq!(is_plain(&own, "DynamoDB"), plain, "{url}");
            assert!(!is_plain(&own, "Secrets Manager"), "{url}");
        }
        assert!(!is_plain(&SdkConfig::builder().build(), "DynamoDB"));
    }

    #[test]
    fn an_empty_endpoint_counts_as_not_set() {
        let key = ServiceConfigKey::builder()
            .service_id("DynamoDB")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        let key = key.build().unwrap();
        for (value, wanted) in [
            ("", None),
            ("  ", None),
            ("https://a.test", Some("https://a.test")),
        ] {
            let config = SdkConfig::builder().endpoint_url(value);
            let config = without_empty(
                config
                    .service_config(Variable("AWS_ENDPOINT_URL_DYNAMODB", value))
                    .build(),
            );
            assert_eq!(config.endpoint_url(), wanted, "{value:?}");
            assert_eq!(
                config
                    .service_config()
                    .unwrap()
                    .load_config(key.clone())
                    .as_deref(),
                wanted,
                "{value:?}"
            );
        }
    }
}
