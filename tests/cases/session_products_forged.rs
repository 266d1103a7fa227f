//! Tokens that a product signed, and that are no session of this app's all the same.

use serde_json::{Value, json};
use voicemint_dev::identity::Kind;
use voicemint_tests::{Event, ORIGIN, Product, World, now};

use crate::support::{Tally, said};

const INVALID: &str = "401 session_invalid";

#[tokio::test]
async fn what_a_product_requires_is_required() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
                // An access token whose client is not ours does not become ours by an audience.
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
        let product = Product::start(kind, &world).await;
        let function = product.function(&world, "elevenlabs").start().await;
        let settings = product.identity.settings();
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
            let token = product.issue(&product.changed(change.clone())).bearer;
            let answer = said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            );
            tally.is(&format!("{} {change}", kind.name()), answer, want);
        }
    }
    tally.done();
}

#[tokio::test]
async fn what_a_products_other_tokens_say_in_their_header_counts() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
        let product = Product::start(kind, &world).await;
        let function = product.function(&world, "elevenlabs").start().await;
        let token = product.signed(header.clone(), &product.claims("ada"));
        let answer = said(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&token))
                .await,
        );
        tally.is(&format!("{} {header}", kind.name()), answer, want);
    }
    tally.done();
}

#[tokio::test]
async fn grants_come_out_of_each_products_own_place() {
    let world = World::start().await;
    let mut tally = Tally::default();
    for kind in Kind::ALL {
        let product = Product::start(kind, &world).await;
        let place = if kind == Kind::Supabase {
            "/app_metadata/grants"
        } else {
            "grants"
        };
        let function = product
            .function(&world, "elevenlabs")
            .env("GRANTS_CLAIM", place)
            .start()
            .await;
        let claims = |grants: Value| {
            product.changed(match kind {
                Kind::Supabase => json!({"app_metadata": {"grants": grants}}),
                _ => json!({"grants": grants}),
            })
        };
        let ask = |kind: &str| Event::post("elevenlabs").json_body(&json!({"token_type": kind}));
        for (grants, asked, want) in [
            (json!(["batch_scribe"]), "batch_scribe", "200"),
            (json!("tts_websocket batch_scribe"), "batch_scribe", "200"),
            (
                json!(["batch_scribe"]),
                "tts_websocket",
                "403 grant_not_allowed",
            ),
            (Value::Null, "batch_scribe", "403 grant_not_allowed"),
        ] {
            let token = product.issue(&claims(grants.clone())).bearer;
            let answer = said(&function.invoke(&ask(asked).bearer(&token)).await);
            tally.is(
                &format!("{} {grants} for {asked}", kind.name()),
                answer,
                want,
            );
        }
    }
    tally.done();
}
