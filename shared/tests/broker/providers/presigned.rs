//! A provider without any key: a URL that is signed with the credentials of the function's role.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use serde_json::json;
use voicemint::internals::{Role, RoleFuture};
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, ProviderToken, RoleCredentials, SecretFormat, Socket, TokenDetails, TokenRequest,
};
use voicemint::settings::Reader;

use super::env::{NOW, SECRET, TestBroker, start, try_start};
use crate::support::signers::encode;

struct Presigned {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
}

impl Provider for Presigned {
    const NAME: &'static str = "presigned";
    const SECRET: SecretFormat = SecretFormat::Sealing;
    const USES_ROLE: bool = true;
    const CALLS: bool = false;
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://presigned.test"),
            lifetimes: Lifetimes::from_settings(reader, 1..=300),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        fields.finish()?;
        Ok(TokenRequest::new(expires_in).with_grants(["stt"]))
    }

    fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
        assert!(context.key().is_err(), "the provider has no key");
        let role = context.role()?;
        let text = format!(
            "{}/{}/{}/{}",
            role.region(),
            role.access_key_id(),
            role.session_token().unwrap_or_default(),
            context.now().as_secs()
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, role.secret_access_key().as_bytes());
        let signature = encode(hmac::sign(&key, text.as_bytes()));
        let url = format!("wss://presigned.test:8443/stream?of={text}&signature={signature}");
        let token = ProviderToken::new(url).ok_or(MintError::TooLong)?;
        let minted = MintedToken::new(token);
        Ok(minted.expires_at(role.expires_at()).into())
    }

    fn details(
        &self,
        _request: &TokenRequest,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let url = token.token.expose().to_owned();
        TokenDetails::new(&self.base_url).with_socket(Socket::at("stream", url))
    }
}

/// The role's session number, and when it expires.
struct TestRole(Mutex<Result<(u32, u64), &'static str>>);

impl Role for TestRole {
    fn credentials(&self) -> RoleFuture<'_> {
        let session = *self.0.lock().unwrap();
        Box::pin(async move {
            let (number, expires_at) = session?;
            Ok(RoleCredentials::new("eu-west-1", "AKID", "secret-1")
                .with_session(Some(&format!("session-{number}")), Some(expires_at)))
        })
    }
}

fn presigned() -> (TestBroker<Presigned>, Arc<TestRole>) {
    let role = Arc::new(TestRole(Mutex::new(Ok((1, NOW + 9000)))));
    let started = start::<Presigned>(
        &[
            ("SEALING_SECRET_ID", "sealing"),
            ("SECRET_CACHE_SECONDS", "0"),
        ],
        &[("sealing", SECRET)],
    );
    let broker = started.broker.with_role(Arc::clone(&role) as _);
    (TestBroker { broker, ..started }, role)
}

#[tokio::test]
async fn a_token_is_signed_with_the_role_of_this_very_request() {
    let (broker, role) = presigned();
    for session in [1, 2] {
        *role.0.lock().unwrap() = Ok((session, NOW + 9000));
        let reply = broker.post(json!({})).await;
        let token = reply.body["token"].as_str().unwrap_or_default();
        let signed = format!("of=eu-west-1/AKID/session-{session}/{NOW}&");
        assert!(token.contains(&signed), "{token}");
        assert_eq!(reply.body["connect"]["stream"]["url"], token);
        assert_eq!(reply.body["base_url"], "https://presigned.test");
    }
}

#[tokio::test]
async fn a_token_expires_with_the_roles_session() {
    let (broker, role) = presigned();
    *role.0.lock().unwrap() = Ok((1, NOW + 20));
    let reply = broker.post(json!({"expires_in": 300})).await;
    assert_eq!(reply.body["expires_in"], 20);
}

#[tokio::test]
async fn without_credentials_the_secret_is_unavailable() {
    let (broker, role) = presigned();
    *role.0.lock().unwrap() = Err("there are no AWS credentials");
    let reply = broker.post(json!({})).await;
    assert_eq!(reply.problem(), (503, "secret_unavailable"));
    assert_eq!(reply.reason(), "there are no AWS credentials");
}

#[tokio::test]
async fn the_sealing_secret_seals_cookies_and_hashes_subjects() {
    let (broker, role) = presigned();
    let first = broker.post(json!({})).await;
    *role.0.lock().unwrap() = Ok((2, NOW + 9000));
    let again = broker.resume(json!({}), &first).await;
    assert!(again.is_resumed(), "whatever the role's session is");
    broker.secrets.put("sealing", &SECRET.replace('a', "b"));
    let later = broker.resume(json!({}), &first).await;
    assert!(!later.is_resumed());
    assert_ne!(later.log["subject"], first.log["subject"]);
    broker.secrets.put("sealing", "short");
    broker.clock.advance(61);
    broker.post(json!({})).await;
    broker.clock.advance(61);
    let reply = broker.post(json!({})).await;
    assert_eq!(reply.problem(), (503, "secret_unavailable"));
    assert!(reply.reason().contains("32 bytes"), "{}", reply.reason());
}

#[test]
fn the_sealing_secret_is_required_and_a_key_has_no_effect() {
    let error = |settings: &[(&str, &str)]| try_start::<Presigned>(settings, &[]).err();
    let message = error(&[]).unwrap_or_default();
    assert!(message.contains("SEALING_SECRET_ID"), "{message}");
    let sealing = ("SEALING_SECRET_ID", "sealing");
    assert_eq!(error(&[sealing]), None);
    let message = error(&[sealing, ("API_KEY_SECRET_ID", "key")]).unwrap_or_default();
    assert!(message.contains("API_KEY_SECRET_ID"), "{message}");
    assert_eq!(error(&[sealing, ("API_KEY_JSON_FIELD", "api_key")]), None);
}
