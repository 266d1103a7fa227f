//! Tests of the ElevenLabs stand-in.

use serde_json::json;

use crate::API_KEY;
use crate::testing::{
    MULTIPART_TYPE, RedeemError, TestResponse, TestStandin, call, multipart_body, standin,
};
use crate::token_type::TokenType;
use voicemint_stand_in::MAX_BODY_BYTES;

const KEY: (&str, &str) = ("xi-api-key", API_KEY);
const BATCH: TokenType = TokenType::BatchScribe;

async fn mint(standin: &TestStandin, token_type: &str) -> TestResponse {
    let path = format!("/v1/single-use-token/{token_type}");
    call(standin, "POST", &path, &[KEY], "").await
}

async fn transcribe(standin: &TestStandin, query: &str) -> TestResponse {
    let uri = format!("/v1/speech-to-text{query}");
    let upload = multipart_body(&[("model_id", "scribe_v2"), ("file", "0123")]);
    call(
        standin,
        "POST",
        &uri,
        &[("content-type", MULTIPART_TYPE)],
        &upload,
    )
    .await
}

#[tokio::test]
async fn each_type_is_minted_for_its_own_scope() {
    let (standin, _) = standin();
    for (name, token_type) in [
        ("realtime_scribe", TokenType::RealtimeScribe),
        ("batch_scribe", TokenType::BatchScribe),
        ("tts_websocket", TokenType::TtsWebsocket),
    ] {
        let response = mint(&standin, name).await;
        let token = response.token();
        assert_eq!(response.json(), json!({ "token": token }));
        let scope = token_type;
        assert_eq!(standin.redeem(&token, scope), Ok(()), "{name}");
    }
    assert_eq!(standin.mints(), 3);
}

#[tokio::test]
async fn token_expires_after_fifteen_minutes() {
    let (standin, time) = standin();
    let (early, late) = (
        mint(&standin, "batch_scribe").await.token(),
        mint(&standin, "batch_scribe").await.token(),
    );
    time.advance(899);
    assert_eq!(standin.redeem(&early, BATCH), Ok(()));
    time.advance(1);
    assert_eq!(standin.redeem(&late, BATCH), Err(RedeemError::Expired));
}

#[tokio::test]
async fn unknown_type_is_422_as_an_array() {
    let (standin, _) = standin();
    for name in ["realtime", "Batch_Scribe", "%ff", "batch_scribe%20"] {
        let response = mint(&standin, name).await;
        assert_eq!(response.status, 422, "{name}");
        let detail = &response.json()["detail"][0];
        assert_eq!(detail["loc"], json!(["path", "token_type"]));
        assert!(detail["msg"].is_string() && detail["type"].is_string());
    }
    assert_eq!(standin.requests(), 4);
    assert_eq!(standin.mints(), 0);
}

#[tokio::test]
async fn body_on_a_mint_is_422() {
    let (standin, _) = standin();
    let path = "/v1/single-use-token/batch_scribe";
    let response = call(&standin, "POST", path, &[KEY], "{}").await;
    assert_eq!(response.status, 422);
    assert_eq!(response.json()["detail"][0]["loc"][0], "body");
    let large = "x".repeat(MAX_BODY_BYTES + 1);
    let response = call(&standin, "POST", path, &[KEY], &large).await;
    assert_eq!(response.status, 413);
}

#[tokio::test]
async fn wrong_or_missing_key_is_401_in_the_documented_format() {
    let (standin, _) = standin();
    let path = "/v1/single-use-token/batch_scribe";
    let bearer = ("authorization", "Bearer sk_standin_opens_nothing_real");
    for headers in [
        vec![],
        vec![("xi-api-key", "wrong")],
        vec![bearer],
        vec![KEY, KEY],
    ] {
        let response = call(&standin, "POST", path, &headers, "").await;
        assert_eq!(response.status, 401);
        let detail = &response.json()["detail"];
        assert_eq!(detail["type"], "authentication_error");
        assert_eq!(detail["code"], "invalid_api_key");
        assert_eq!(detail["status"], "invalid_api_key");
        assert!(detail["message"].is_string() && detail["request_id"].is_string());
    }
    assert_eq!(standin.requests(), 4);
}

#[tokio::test]
async fn other_methods_are_405_and_counted() {
    let (standin, _) = standin();
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        let path = "/v1/single-use-token/batch_scribe";
        let response = call(&standin, method, path, &[KEY], "").await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), "POST");
    }
    assert_eq!(standin.requests(), 4);
}

#[tokio::test]
async fn batch_token_transcribes_once() {
    let (standin, _) = standin();
    let query = format!("?token={}", mint(&standin, "batch_scribe").await.token());
    let response = transcribe(&standin, &query).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["language_code"], "eng");
    assert_eq!(response.json()["words"], json!([]));
    let again = transcribe(&standin, &query).await;
    assert_eq!(again.status, 401);
    assert_eq!(again.json()["detail"]["code"], "token_already_used");
}

#[tokio::test]
async fn tokens_of_other_types_are_403_and_not_spent() {
    let (standin, _) = standin();
    let token = mint(&standin, "realtime_scribe").await.token();
    let response = transcribe(&standin, &format!("?token={token}")).await;
    assert_eq!(response.status, 403);
    let scope = TokenType::RealtimeScribe;
    assert_eq!(standin.redeem(&token, scope), Ok(()));
}

#[tokio::test]
async fn expired_unknown_repeated_or_missing_token_is_401() {
    let (standin, time) = standin();
    let token = mint(&standin, "batch_scribe").await.token();
    let twice = format!("?token={token}&token={token}");
    for query in ["", "?token=", "?token=sutkn_guess", "?token=%ff", &twice] {
        assert_eq!(transcribe(&standin, query).await.status, 401, "{query}");
    }
    time.advance(900);
    let response = transcribe(&standin, &format!("?token={token}")).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.json()["detail"]["code"], "token_expired");
}

#[tokio::test]
async fn api_key_transcribes_and_invalid_uploads_are_named() {
    let (standin, _) = standin();
    let headers = [KEY, ("content-type", MULTIPART_TYPE)];
    let field =
        |name| json!([{ "loc": ["body", name], "msg": "Field required", "type": "missing" }]);
    for (parts, status, detail) in [
        (
            vec![("model_id", "scribe_v1"), ("file", "01")],
            200,
            json!(null),
        ),
        (vec![("file", "01")], 422, field("model_id")),
        (vec![("model_id", "scribe_v2")], 422, field("file")),
    ] {
        let uri = "/v1/speech-to-text?enable_logging=true";
        let response = call(&standin, "POST", uri, &headers, &multipart_body(&parts)).await;
        assert_eq!(response.status, status, "{parts:?}");
        assert_eq!(response.json()["detail"], detail);
    }
    for parts in [
        [("model_id", "scribe_v2"), ("file", "")],
        [("model_id", "scribe_v2_realtime"), ("file", "01")],
    ] {
        let uri = "/v1/speech-to-text";
        let response = call(&standin, "POST", uri, &headers, &multipart_body(&parts)).await;
        assert_eq!(response.status, 400, "{parts:?}");
    }
    let json = [KEY, ("content-type", "application/json")];
    let response = call(&standin, "POST", "/v1/speech-to-text", &json, "{}").await;
    assert_eq!(response.status, 422);
}
