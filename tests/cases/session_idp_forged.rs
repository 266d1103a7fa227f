//! Tokens that an identity provider signed and that are not sessions of this app.

use serde_json::{Value, json};
use voicemint_dev::identity::Kind;
use voicemint_tests::{Event, IdpServer, ORIGIN, TestEnv, now};

use crate::support::{CaseReport, status_and_code};

const INVALID: &str = "401 session_invalid";

#[tokio::test]
async fn claims_that_an_idp_requires_are_required() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (kind, cases) in [
        (
            Kind::Clerk,
            vec![
                (json!({"azp": "https://evil.example"}), INVALID),
                (json!({"azp": format!("{ORIGIN}/")}), INVALID),
                (json!({"azp": null}), INVALID),
                (json!({"azp": null, "client_id": ORIGIN}), INVALID),
                (json!({"azp": [ORIGIN]}), INVALID),
                (json!({"sid": null}), INVALID),
                (json!({"sts": "pending"}), INVALID),
                (json!({"iss": "https://clerk.evil.example"}), INVALID),
                (json!({"sts": null}), "200"),
            ],
        ),
        (
            Kind::Supabase,
            vec![
                (json!({"aud": "anon"}), INVALID),
                (json!({"aud": null}), INVALID),
                (json!({"role": "anon"}), INVALID),
                (json!({"role": null}), INVALID),
                (json!({"iss": "supabase"}), INVALID),
                (json!({"client_id": "another-app"}), INVALID),
            ],
        ),
        (
            Kind::Firebase,
            vec![
                (json!({"aud": "another-project"}), INVALID),
                (
                    json!({"iss": "https://securetoken.google.com/another-project"}),
                    INVALID,
                ),
                (json!({"sub": "x".repeat(129)}), INVALID),
                (json!({"sub": "x".repeat(128)}), "200"),
                (json!({"auth_time": now() + 60}), INVALID),
                (json!({"auth_time": null}), INVALID),
                (
                    json!({"iss": "https://session.firebase.google.com/voicemint-dev"}),
                    "200",
                ),
            ],
        ),
        (
            Kind::Cognito,
            vec![
                (json!({"token_use": "refresh"}), INVALID),
                (json!({"token_use": null}), INVALID),
                (json!({"client_id": "another-client"}), INVALID),
                // The audience does not turn an access token of another client into one of this
                // app.
                (
                    json!({"client_id": "another-client", "aud": "CLIENT"}),
                    INVALID,
                ),
                (
                    json!({"client_id": null, "aud": "CLIENT", "token_use": "id"}),
                    "200",
                ),
                (
                    json!({"client_id": "CLIENT", "aud": "another", "token_use": "id"}),
                    INVALID,
                ),
            ],
        ),
        (
            Kind::Auth0,
            vec![
                (json!({"aud": "https://another-api.example"}), INVALID),
                (json!({"iss": "https://another.eu.auth0.com/"}), INVALID),
            ],
        ),
        (
            Kind::WorkOs,
            vec![
                (json!({"sid": null}), INVALID),
                (json!({"iss": "https://api.workos.com"}), "200"),
                (json!({"iss": "https://api.workos.com/"}), INVALID),
                (
                    json!({"iss": "https://api.workos.com/user_management/client_other"}),
                    INVALID,
                ),
            ],
        ),
        (
            Kind::BetterAuth,
            vec![
                (json!({"aud": "better-auth:session-cache"}), INVALID),
                (json!({"aud": null}), INVALID),
            ],
        ),
    ] {
        let idp = IdpServer::start(kind, &env).await;
        let function = idp.function(&env, "elevenlabs").start().await;
        let settings = idp.identity.settings();
        let client = settings
            .iter()
            .find(|(name, _)| *name == "SESSION_AUDIENCE")
            .map(|(_, value)| value.as_str());
        for (mut change, want) in cases {
            for value in change
                .as_object_mut()
                .into_iter()
                .flat_map(|members| members.values_mut())
            {
                if *value == "CLIENT" {
                    *value = client.unwrap_or_default().into();
                }
            }
            let token = idp.issue(&idp.changed_claims(change.clone())).bearer;
            let response = status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            );
            report.check_eq(&format!("{} {change}", kind.name()), response, want);
        }
    }
    report.finish();
}

#[tokio::test]
async fn the_header_distinguishes_other_tokens_of_an_idp() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (kind, header, want) in [
        (
            Kind::Clerk,
            json!({"typ": "JWT", "cat": "cl_B7d4PD111AAA"}),
            "200",
        ),
        (Kind::Clerk, json!({"typ": "at+jwt"}), INVALID),
        (
            Kind::Clerk,
            json!({"typ": "JWT", "cat": "cl_B7d4PD333AAA"}),
            INVALID,
        ),
        (Kind::Auth0, json!({"typ": "at+jwt"}), "200"),
        (Kind::Auth0, json!({"typ": "logout+jwt"}), INVALID),
        (
            Kind::BetterAuth,
            json!({"typ": "better-auth.session-cache+jwt"}),
            INVALID,
        ),
        (
            Kind::Supabase,
            json!({"typ": "JWT", "crit": ["exp"]}),
            INVALID,
        ),
    ] {
        let idp = IdpServer::start(kind, &env).await;
        let function = idp.function(&env, "elevenlabs").start().await;
        let token = idp.sign(header.clone(), &idp.claims("ada"));
        let response = status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&token))
                .await,
        );
        report.check_eq(&format!("{} {header}", kind.name()), response, want);
    }
    report.finish();
}

#[tokio::test]
async fn grants_are_read_from_the_place_of_each_idp() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for kind in Kind::ALL {
        let idp = IdpServer::start(kind, &env).await;
        let place = if kind == Kind::Supabase {
            "/app_metadata/grants"
        } else {
            "grants"
        };
        let function = idp
            .function(&env, "elevenlabs")
            .env("GRANTS_CLAIM", place)
            .start()
            .await;
        let claims = |grants: Value| {
            idp.changed_claims(match kind {
                Kind::Supabase => json!({"app_metadata": {"grants": grants}}),
                _ => json!({"grants": grants}),
            })
        };
        let request =
            |kind: &str| Event::post("elevenlabs").json_body(&json!({"token_type": kind}));
        for (grants, requested, want) in [
            (json!(["batch_scribe"]), "batch_scribe", "200"),
            (json!("tts_websocket batch_scribe"), "batch_scribe", "200"),
            (
                json!(["batch_scribe"]),
                "tts_websocket",
                "403 grant_not_allowed",
            ),
            (Value::Null, "batch_scribe", "403 grant_not_allowed"),
        ] {
            let token = idp.issue(&claims(grants.clone())).bearer;
            let response =
                status_and_code(&function.invoke(&request(requested).bearer(&token)).await);
            report.check_eq(
                &format!("{} {grants} for {requested}", kind.name()),
                response,
                want,
            );
        }
    }
    report.finish();
}
