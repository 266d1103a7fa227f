//! AWS's own settings: the sources of region, credentials and endpoints, and the log reasons for
//! errors of AWS.

use std::collections::BTreeSet;

use serde_json::json;
use voicemint_tests::{
    ClosedPort, Event, Function, FunctionBuilder, PROVIDERS, Reply, SECRETS_MANAGER_ENDPOINT,
    ScriptedServer, TestEnv,
};

use crate::support::{CaseReport, status_and_code};

/// The environment variables in which Lambda passes the region and the credentials.
const VARIABLES: [&str; 5] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

fn without(builder: FunctionBuilder, names: &[&str]) -> FunctionBuilder {
    names
        .iter()
        .fold(builder, |builder, name| builder.without(name))
}

async fn mint(function: &Function, env: &TestEnv) -> (String, String) {
    let (response, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    (
        status_and_code(&response),
        line["reason"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_profile_provides_region_credentials_and_endpoint() {
    let env = TestEnv::start().await;
    let folder = std::env::temp_dir().join(format!("voicemint-profile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (config, credentials) = (folder.join("config"), folder.join("credentials"));
    let endpoint = format!(
        "[profile voice]\nregion = us-east-1\nendpoint_url = {}\n",
        env.secrets_proxy.url()
    );
    std::fs::write(&config, endpoint).expect("a file");
    let keys = "[voice]\naws_access_key_id = AKIAFROMPROFILE\naws_secret_access_key = fake\n";
    std::fs::write(&credentials, keys).expect("a file");
    let builder = without(env.function("cartesia"), &VARIABLES).without(SECRETS_MANAGER_ENDPOINT);
    let builder = builder
        .env("AWS_PROFILE", "voice")
        .env("AWS_CONFIG_FILE", config.to_string_lossy())
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials.to_string_lossy());
    let function = builder.start().await;
    assert_eq!(mint(&function, &env).await.0, "200", "{}", function.logs());
    assert_eq!(env.secrets_proxy.count("Credential=AKIAFROMPROFILE/"), 1);
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_container_provides_credentials() {
    let env = TestEnv::start().await;
    let given = json!({
        "AccessKeyId": "ASIAFROMCONTAINER", "SecretAccessKey": "fake", "Token": "fake", "Expiration": "2100-01-01T00:00:00Z",
    });
    let container = ScriptedServer::start([Reply::json(200, &given)]).await;
    let builder = without(env.function("cartesia"), &VARIABLES[2..]);
    let function = builder
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url())
        .start()
        .await;
    assert_eq!(mint(&function, &env).await.0, "200", "{}", function.logs());
    assert_eq!(container.requests().len(), 1);
    assert_eq!(env.secrets_proxy.count("Credential=ASIAFROMCONTAINER/"), 1);
}

#[tokio::test]
async fn environment_variables_take_precedence() {
    let env = TestEnv::start().await;
    let container = ScriptedServer::start([Reply::json(200, &json!({}))]).await;
    let function = env
        .function("cartesia")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url())
        .env("AWS_PROFILE", "no-such-profile")
        .start()
        .await;
    assert_eq!(mint(&function, &env).await.0, "200", "{}", function.logs());
    assert_eq!(container.requests().len(), 0);
    assert_eq!(
        env.secrets_proxy.count("Credential=ASIAFAKEFAKEFAKEFAKE/"),
        1
    );
}

#[tokio::test]
async fn the_log_names_what_is_missing_for_a_call() {
    let env = TestEnv::start().await;
    let closed = ClosedPort::reserve();
    // Without this setting, credentials would be requested from the instance metadata service.
    let without_metadata = || {
        env.function("cartesia")
            .env("AWS_EC2_METADATA_DISABLED", "true")
    };
    let mut report = CaseReport::default();
    for (builder, clause) in [
        (
            without(without_metadata(), &VARIABLES[..2]),
            "Secrets Manager cannot be called: there is no AWS region (AWS_REGION)",
        ),
        (
            without(without_metadata(), &VARIABLES[..2]).env("AWS_REGION", ""),
            "Secrets Manager cannot be called: there is no AWS region (AWS_REGION)",
        ),
        (
            without_metadata()
                .without(SECRETS_MANAGER_ENDPOINT)
                .env("AWS_REGION", "not a region!"),
            "Secrets Manager cannot be called: AWS_REGION is not a region, or the secret has no name",
        ),
        (
            without(without_metadata(), &VARIABLES[2..]),
            "Secrets Manager cannot be called: there are no AWS credentials",
        ),
        (
            without_metadata().env(SECRETS_MANAGER_ENDPOINT, closed.url()),
            "Secrets Manager cannot be reached: the connection was refused",
        ),
        (
            without_metadata().env(SECRETS_MANAGER_ENDPOINT, "http://no-such-host.invalid"),
            "Secrets Manager cannot be reached: its name does not resolve",
        ),
        (
            without_metadata().env(SECRETS_MANAGER_ENDPOINT, "no URL"),
            "Secrets Manager cannot be called: its endpoint or credentials are not usable (AWS_ENDPOINT_URL…)",
        ),
    ] {
        let function = builder.start().await;
        let (status, reason) = mint(&function, &env).await;
        report.check_eq(clause, status, "503 secret_unavailable");
        report.check(&format!("{clause}: {reason}"), reason.contains(clause));
    }
    report.finish();
}

#[tokio::test]
async fn values_that_other_sdks_accept_or_ignore_do_not_stop_the_function() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", ""),
        ("AWS_RETRY_MODE", ""),
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "three"),
    ] {
        let function = env.function("cartesia").env(name, value).start().await;
        report.check_eq(
            &format!("{name}={value:?}"),
            mint(&function, &env).await.0,
            "200".to_owned(),
        );
    }
    // This value causes a panic in the SDK, which must not end the function.
    let function = env
        .function("cartesia")
        .env("AWS_ACCESS_KEY_ID", "a\nb")
        .start()
        .await;
    report.check(
        "a line break in a key's id",
        mint(&function, &env).await.0.starts_with('5'),
    );
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn a_function_starts_with_every_variable_that_the_template_leaves_empty() {
    let env = TestEnv::start().await;
    let template =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"))
            .expect("a file");
    let indented = template
        .lines()
        .filter_map(|line| line.strip_prefix("        ")?.split_once(": "));
    let names: BTreeSet<&str> = indented
        .map(|(name, _)| name)
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        })
        .collect();
    assert!(
        names.contains(SECRETS_MANAGER_ENDPOINT) && names.len() > 20,
        "{names:?}"
    );
    let mut report = CaseReport::default();
    for provider in PROVIDERS {
        let known = env
            .function(provider)
            .without(SECRETS_MANAGER_ENDPOINT)
            .env("AWS_ENDPOINT_URL", env.secrets_proxy.url());
        let empty = names
            .iter()
            .fold(known, |builder, name| builder.env_if_absent(name, ""));
        let function = empty.start().await;
        let response = function
            .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        report.check_eq(provider, status_and_code(&response), "200".to_owned());
        report.check(&function.logs(), !function.logs().contains("panicked"));
    }
    report.finish();
}

#[tokio::test]
async fn the_log_distinguishes_errors_of_secrets_manager() {
    let env = TestEnv::start().await;
    let refused = |code: &str, message: &str| {
        Reply::json(400, &json!({ "__type": code, "Message": message }))
            .header("x-amzn-errortype", code)
    };
    let mut report = CaseReport::default();
    for (code, message, wanted) in [
        (
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: secretsmanager:GetSecretValue",
            "Secrets Manager answered AccessDeniedException: the function may not read the secret (secretsmanager:GetSecretValue)",
        ),
        (
            "AccessDeniedException",
            "Access to KMS is not allowed",
            "Secrets Manager answered AccessDeniedException: the function may not decrypt the secret with its KMS key (kms:Decrypt)",
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: kms:Decrypt",
            "Secrets Manager answered AccessDeniedException: the function may not decrypt the secret with its KMS key (kms:Decrypt)",
        ),
        (
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key",
            "Secrets Manager answered DecryptionFailure: the secret's KMS key cannot decrypt it",
        ),
        (
            "ResourceNotFoundException",
            "no such secret",
            "Secrets Manager answered ResourceNotFoundException",
        ),
    ] {
        let service = ScriptedServer::start([refused(code, message)]).await;
        let function = env
            .function("cartesia")
            .env(SECRETS_MANAGER_ENDPOINT, service.url())
            .start()
            .await;
        let (status, reason) = mint(&function, &env).await;
        report.check_eq(
            message,
            (status.as_str(), reason.as_str()),
            ("503 secret_unavailable", wanted),
        );
        report.check(
            "no account ID in the log",
            !function.logs().contains("123456789012"),
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_plain_http_endpoint_is_accepted_with_one_warning() {
    let env = TestEnv::start().await;
    let warnings = |function: &Function| {
        let lines = function
            .log_lines()
            .into_iter()
            .filter_map(|line| line["message"].as_str().map(str::to_owned));
        lines
            .filter(|message| message.contains("plain http"))
            .collect::<Vec<_>>()
    };
    // The proxy is a closed port, so no request leaves this machine.
    let proxy = ClosedPort::reserve();
    let remote = "http://no-such-host.invalid:4566";
    let builder = env
        .function("cartesia")
        .without(SECRETS_MANAGER_ENDPOINT)
        .env("HTTPS_PROXY", proxy.url());
    let function = builder
        .clone()
        .env("AWS_ENDPOINT_URL", remote)
        .start()
        .await;
    assert_eq!(mint(&function, &env).await.0, "503 secret_unavailable");
    assert_eq!(warnings(&function).len(), 1, "{}", function.logs());
    assert!(
        warnings(&function)[0].contains("Secrets Manager"),
        "{}",
        function.logs()
    );

    // A configured endpoint that is to be ignored is ignored, as in every SDK. The function calls
    // AWS's own endpoint through the proxy.
    let ignoring = builder
        .env("AWS_ENDPOINT_URL", env.secrets_proxy.url())
        .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let function = ignoring.start().await;
    let (status, reason) = mint(&function, &env).await;
    assert_eq!(
        (status.as_str(), env.secrets_proxy.connections()),
        ("503 secret_unavailable", 0)
    );
    assert!(
        reason.contains("the proxy refused the connection"),
        "{reason}"
    );
    assert_eq!(warnings(&function).len(), 0, "{}", function.logs());

    let function = env.function("cartesia").start().await;
    assert_eq!(mint(&function, &env).await.0, "200");
    assert_eq!(
        warnings(&function).len(),
        0,
        "loopback needs no warning: {}",
        function.logs()
    );
}
