//! Tests of the two mints.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use voicemint_stand_in::Standin as _;

use crate::ElevenLabsAgentsStandin;
use crate::testing::{SIGNED_URL, TOKEN, call, mint, signed_path, standin};

const GREETER: &str = "agent_id=agent_standin_greeter";

#[tokio::test]
async fn a_signed_url_has_the_host_by_which_the_stand_in_was_called() {
    let (standin, _) = standin();
    let response = mint(&standin, SIGNED_URL, GREETER).await;
    let url = response.json()["signed_url"].as_str().unwrap().to_owned();
    let start = format!(
        "ws://localhost:8788/v1/convai/conversation?{GREETER}&conversation_signature=cvtkn_standin_"
    );
    assert!(url.starts_with(&start), "{url}");
    let members = response.json();
    assert_eq!(members.as_object().unwrap().len(), 1, "{members}");
    let path = signed_path(
        &standin,
        "agent_id=agent_standin_support&environment=staging",
    )
    .await;
    let start = "/v1/convai/conversation?agent_id=agent_standin_support&environment=staging&conversation_id=conv_standin_";
    assert!(path.starts_with(start), "{path}");
}

#[tokio::test]
async fn a_conversation_token_is_an_access_token_of_livekit() {
    let (standin, _) = standin();
    let response = mint(
        &standin,
        TOKEN,
        &format!("{GREETER}&participant_name=Ada%20L"),
    )
    .await;
    let body = response.json();
    assert!(
        body["conversation_id"]
            .as_str()
            .unwrap()
            .starts_with("conv_")
    );
    let payload = body["token"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(claims["exp"], 1_800_000_900);
    assert_eq!(claims["name"], "Ada L");
    assert_eq!(claims["video"]["roomJoin"], true);
    let other = mint(&standin, TOKEN, GREETER).await.json();
    assert_ne!(other["token"], body["token"]);
    assert_eq!(standin.mints(), 2);
}

#[tokio::test]
async fn a_wrong_request_is_refused_in_the_vendors_format() {
    let (standin, _) = standin();
    for path in [SIGNED_URL, TOKEN] {
        for (query, status) in [
            ("", 422),
            ("agent_id=", 404),
            ("agent_id=agent_unknown", 404),
            (
                "agent_id=agent_standin_greeter&branch_id=agtbrch_unknown",
                404,
            ),
            ("agent_id=agent_standin_greeter&environment=staging", 404),
            (
                "agent_id=agent_standin_greeter&agent_id=agent_standin_greeter",
                422,
            ),
        ] {
            let response = mint(&standin, path, query).await;
            assert_eq!(response.status, status, "{path} {query}");
            let detail = &response.json()["detail"];
            let code = if status == 422 {
                &detail[0]["type"]
            } else {
                &detail["code"]
            };
            assert!(code.is_string(), "{detail}");
        }
        for key in [None, Some("sk_other")] {
            let headers: Vec<_> = key.map(|key| ("xi-api-key", key)).into_iter().collect();
            let response = call(&standin, "GET", &format!("{path}?{GREETER}"), &headers, "").await;
            assert_eq!(response.status, 401);
            assert_eq!(response.json()["detail"]["code"], "invalid_api_key");
        }
        let response = call(&standin, "POST", path, &[], "").await;
        assert_eq!(
            (response.status.as_u16(), response.header("allow")),
            (405, "GET")
        );
    }
    let response = mint(
        &standin,
        SIGNED_URL,
        &format!("{GREETER}&include_conversation_id=maybe"),
    )
    .await;
    assert_eq!(response.json()["detail"][0]["type"], "bool_parsing");
    assert_eq!(standin.mints(), 0);
    assert_eq!(standin.requests(), 19);
}

#[test]
fn the_minted_part_of_a_signed_url_is_its_signature() {
    let url = ElevenLabsAgentsStandin.mint_response("cvtkn_1")["signed_url"].clone();
    assert_eq!(
        ElevenLabsAgentsStandin.minted_token(url.as_str().unwrap()),
        "cvtkn_1"
    );
    assert_eq!(ElevenLabsAgentsStandin.minted_token("cvtkn_1"), "cvtkn_1");
    let profiles: Value =
        serde_json::from_str(ElevenLabsAgentsStandin.profiles().unwrap()).unwrap();
    assert_eq!(
        profiles["default"],
        json!({"agent_id": "agent_standin_greeter"})
    );
}
