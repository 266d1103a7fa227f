//! AWS's own settings: where region, credentials and endpoints come from, and what the log says of
//! AWS's refusals.

use std::collections::BTreeSet;

use serde_json::json;
use voicemint_tests::{
    Builder, ClosedPort, ENDPOINT_OF_SECRETS, Event, FaultyService, Function, PROVIDERS, Reply,
    World,
};

use crate::support::{Tally, said};

/// The variables by which Lambda gives a function its region and credentials.
const VARIABLES: [&str; 5] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

fn without(builder: Builder, names: &[&str]) -> Builder {
    names
        .iter()
        .fold(builder, |builder, name| builder.without(name))
}

async fn mint(function: &Function, world: &World) -> (String, String) {
    let (answer, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&world.issuer.token("ada")))
        .await;
    (
        said(&answer),
        line["reason"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_profile_gives_region_credentials_and_endpoint() {
    let world = World::start().await;
    let folder = std::env::temp_dir().join(format!("voicemint-profile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (config, credentials) = (folder.join("config"), folder.join("credentials"));
    let endpoint = format!(
        "[profile voice]\nregion = us-east-1\nendpoint_url = {}\n",
        world.gate.url()
    );
    std::fs::write(&config, endpoint).expect("a file");
    let keys = "[voice]\naws_access_key_id = AKIAFROMPROFILE\naws_secret_access_key = fake\n";
    std::fs::write(&credentials, keys).expect("a file");
    let builder = without(world.function("cartesia"), &VARIABLES).without(ENDPOINT_OF_SECRETS);
    let builder = builder
        .env("AWS_PROFILE", "voice")
        .env("AWS_CONFIG_FILE", config.to_string_lossy())
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials.to_string_lossy());
    let function = builder.start().await;
    assert_eq!(
        mint(&function, &world).await.0,
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(world.gate.count("Credential=AKIAFROMPROFILE/"), 1);
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_container_gives_credentials() {
    let world = World::start().await;
    let given = json!({
        "AccessKeyId": "ASIAFROMCONTAINER", "SecretAccessKey": "fake", "Token": "fake", "Expiration": "2100-01-01T00:00:00Z",
    });
    let container = FaultyService::start([Reply::json(200, &given)]).await;
    let builder = without(world.function("cartesia"), &VARIABLES[2..]);
    let function = builder
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url())
        .start()
        .await;
    assert_eq!(
        mint(&function, &world).await.0,
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(container.requests().len(), 1);
    assert_eq!(world.gate.count("Credential=ASIAFROMCONTAINER/"), 1);
}

#[tokio::test]
async fn variables_go_before_everything_else() {
    let world = World::start().await;
    let container = FaultyService::start([Reply::json(200, &json!({}))]).await;
    let function = world
        .function("cartesia")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url())
        .env("AWS_PROFILE", "no-such-profile")
        .start()
        .await;
    assert_eq!(
        mint(&function, &world).await.0,
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(container.requests().len(), 0);
    assert_eq!(world.gate.count("Credential=ASIAFAKEFAKEFAKEFAKE/"), 1);
}

#[tokio::test]
async fn what_a_call_lacks_is_named() {
    let world = World::start().await;
    let closed = ClosedPort::reserve();
    // Neither is looked for outside of this machine.
    let alone = || {
        world
            .function("cartesia")
            .env("AWS_EC2_METADATA_DISABLED", "true")
    };
    let mut tally = Tally::default();
    for (builder, clause) in [
        (
            without(alone(), &VARIABLES[..2]),
            "Secrets Manager cannot be called: there is no AWS region (AWS_REGION)",
        ),
        (
            without(alone(), &VARIABLES[..2]).env("AWS_REGION", ""),
            "Secrets Manager cannot be called: there is no AWS region (AWS_REGION)",
        ),
        (
            alone()
                .without(ENDPOINT_OF_SECRETS)
                .env("AWS_REGION", "not a region!"),
            "Secrets Manager cannot be called: AWS_REGION is no region, or the secret has no name",
        ),
        (
            without(alone(), &VARIABLES[2..]),
            "Secrets Manager cannot be called: there are no AWS credentials",
        ),
        (
            alone().env(ENDPOINT_OF_SECRETS, closed.url()),
            "Secrets Manager cannot be reached: the connection was refused",
        ),
        (
            alone().env(ENDPOINT_OF_SECRETS, "http://no-such-host.invalid"),
            "Secrets Manager cannot be reached: its name does not resolve",
        ),
        (
            alone().env(ENDPOINT_OF_SECRETS, "no URL"),
            "Secrets Manager cannot be called: its endpoint or its credentials are none that can be used (AWS_ENDPOINT_URL…)",
        ),
    ] {
        let function = builder.start().await;
        let (status, reason) = mint(&function, &world).await;
        tally.is(clause, status, "503 secret_unavailable");
        tally.holds(&format!("{clause}: {reason}"), reason.contains(clause));
    }
    tally.done();
}

#[tokio::test]
async fn values_that_other_sdks_take_or_leave_end_no_start() {
    let world = World::start().await;
    let mut tally = Tally::default();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", ""),
        ("AWS_RETRY_MODE", ""),
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "three"),
    ] {
        let function = world.function("cartesia").env(name, value).start().await;
        tally.is(
            &format!("{name}={value:?}"),
            mint(&function, &world).await.0,
            "200".to_owned(),
        );
    }
    // A value that panics all the same is no reason to stop.
    let function = world
        .function("cartesia")
        .env("AWS_ACCESS_KEY_ID", "a\nb")
        .start()
        .await;
    tally.holds(
        "a line break in a key's id",
        mint(&function, &world).await.0.starts_with('5'),
    );
    tally.is("starts", function.starts(), 1);
    tally.done();
}

#[tokio::test]
async fn a_function_starts_with_every_variable_that_the_template_leaves_empty() {
    let world = World::start().await;
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
        names.contains(ENDPOINT_OF_SECRETS) && names.len() > 20,
        "{names:?}"
    );
    let mut tally = Tally::default();
    for provider in PROVIDERS {
        let known = world
            .function(provider)
            .without(ENDPOINT_OF_SECRETS)
            .env("AWS_ENDPOINT_URL", world.gate.url());
        let empty = names
            .iter()
            .fold(known, |builder, name| builder.env_if_absent(name, ""));
        let function = empty.start().await;
        let answer = function
            .invoke(&Event::post(provider).bearer(&world.issuer.token("ada")))
            .await;
        tally.is(provider, said(&answer), "200".to_owned());
        tally.holds(&function.logs(), !function.logs().contains("panicked"));
    }
    tally.done();
}

#[tokio::test]
async fn what_secrets_manager_refuses_is_told_apart() {
    let world = World::start().await;
    let refused = |code: &str, message: &str| {
        Reply::json(400, &json!({ "__type": code, "Message": message }))
            .header("x-amzn-errortype", code)
    };
    let mut tally = Tally::default();
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
        let service = FaultyService::start([refused(code, message)]).await;
        let function = world
            .function("cartesia")
            .env(ENDPOINT_OF_SECRETS, service.url())
            .start()
            .await;
        let (status, reason) = mint(&function, &world).await;
        tally.is(
            message,
            (status.as_str(), reason.as_str()),
            ("503 secret_unavailable", wanted),
        );
        tally.holds(
            "no account in the log",
            !function.logs().contains("123456789012"),
        );
    }
    tally.done();
}

#[tokio::test]
async fn an_endpoint_of_plain_http_is_taken_with_one_warning() {
    let world = World::start().await;
    let warnings = |function: &Function| {
        let lines = function
            .log_lines()
            .into_iter()
            .filter_map(|line| line["message"].as_str().map(str::to_owned));
        lines
            .filter(|message| message.contains("plain http"))
            .collect::<Vec<_>>()
    };
    // No network: what is not on this machine is asked of nobody.
    let proxy = ClosedPort::reserve();
    let remote = "http://no-such-host.invalid:4566";
    let builder = world
        .function("cartesia")
        .without(ENDPOINT_OF_SECRETS)
        .env("HTTPS_PROXY", proxy.url());
    let function = builder
        .clone()
        .env("AWS_ENDPOINT_URL", remote)
        .start()
        .await;
    assert_eq!(mint(&function, &world).await.0, "503 secret_unavailable");
    assert_eq!(warnings(&function).len(), 1, "{}", function.logs());
    assert!(
        warnings(&function)[0].contains("Secrets Manager"),
        "{}",
        function.logs()
    );

    // As every SDK, one that is to be ignored is; AWS's own would be called, by way of the proxy.
    let ignoring = builder
        .env("AWS_ENDPOINT_URL", world.gate.url())
        .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let function = ignoring.start().await;
    let (status, reason) = mint(&function, &world).await;
    assert_eq!(
        (status.as_str(), world.gate.connections()),
        ("503 secret_unavailable", 0)
    );
    assert!(reason.contains("the proxy gave no connection"), "{reason}");
    assert_eq!(warnings(&function).len(), 0, "{}", function.logs());

    let function = world.function("cartesia").start().await;
    assert_eq!(mint(&function, &world).await.0, "200");
    assert_eq!(
        warnings(&function).len(),
        0,
        "this machine is no network: {}",
        function.logs()
    );
}
