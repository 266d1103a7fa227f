//! Tests of AssemblyAI's Voice Agent API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::{sleep, timeout};

use serde_json::json;

use super::*;
use crate::API_KEY;
use crate::mint::STREAMING;
use crate::testing::{Received, SocketClient, TestStandin, agent_token, standin, token};
use voicemint_stand_in::conversation::GREETING;
use voicemint_stand_in::synth::{self, Encoding};

/// 300 ms of 24 kHz, 16-bit audio: one word.
const WORD: usize = 14_400;

async fn connect(
    standin: &TestStandin,
    query: &str,
    headers: &[(&'static str, &str)],
) -> SocketClient {
    SocketClient::connect(standin, &format!("/v1/ws{query}"), headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn connected(standin: &TestStandin) -> SocketClient {
    let token = agent_token(standin, 10_800).await;
    connect(standin, &format!("?token={token}"), &[]).await
}

/// A session with this configuration, and its id.
async fn begin(standin: &TestStandin, session: Value) -> (SocketClient, String) {
    let mut client = connected(standin).await;
    client.send(update(session)).await;
    let ready = client.frame().await;
    assert_eq!(ready["type"], "session.ready");
    (client, ready["session_id"].as_str().unwrap().to_owned())
}

fn update(session: Value) -> Value {
    json!({ "type": "session.update", "session": session })
}

/// Loud audio of this many bytes, or silence.
fn audio(bytes: usize, is_loud: bool) -> Value {
    let samples = vec![u8::from(is_loud); bytes];
    json!({ "type": "input.audio", "audio": STANDARD.encode(samples) })
}

fn types(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(message_type).collect()
}

/// All frames up to the end of a reply.
async fn until_done(client: &mut SocketClient) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        frames.push(client.frame().await);
        if frames.last().unwrap()["type"] == "reply.done" {
            return frames;
        }
    }
}

fn sound(frames: &[Value]) -> Vec<u8> {
    let audio = frames.iter().filter_map(|frame| frame["data"].as_str());
    audio
        .flat_map(|data| STANDARD.decode(data).unwrap())
        .collect()
}

/// The only frame and the close of a refused client.
async fn refused(mut client: SocketClient) -> (String, String) {
    let (frames, close, reason) = client.rest().await;
    let [frame] = frames.as_slice() else {
        panic!("{frames:?}");
    };
    assert_eq!(
        (close, frame["message"].as_str()),
        (1008, Some(reason.as_str()))
    );
    assert_eq!(frame["type"], "session.error");
    (frame["code"].as_str().unwrap().to_owned(), reason)
}

#[tokio::test]
async fn unauthorized_clients_get_the_documented_error_as_the_first_frame() {
    let (standin, time) = standin();
    let (spent, late) = (
        agent_token(&standin, 60).await,
        agent_token(&standin, 60).await,
    );
    let streaming = token(&standin, 60).await;
    let mut first = connect(&standin, &format!("?token={spent}"), &[]).await;
    first.send(update(json!({}))).await;
    assert_eq!(first.frame().await["type"], "session.ready");
    let other = ("authorization", "Bearer wrong");
    for (query, headers, words) in [
        (format!("?token={spent}"), vec![], "used before"),
        (format!("?token={streaming}"), vec![], "another product"),
        ("?token=guess".to_owned(), vec![], "not known"),
        (format!("?token={API_KEY}"), vec![], "not known"),
        (
            format!("?token={late}&token={late}"),
            vec![],
            "more than once",
        ),
        (String::new(), vec![], "required"),
        (String::new(), vec![other], "not known"),
        (
            String::new(),
            vec![("authorization", late.as_str())],
            "not known",
        ),
    ] {
        let (code, reason) = refused(connect(&standin, &query, &headers).await).await;
        assert_eq!(code, "unauthorized");
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(standin.redeem(&streaming, STREAMING), Ok(()), "not spent");
    time.advance(60);
    let (code, reason) = refused(connect(&standin, &format!("?token={late}"), &[]).await).await;
    assert_eq!(
        (code.as_str(), reason.as_str()),
        ("unauthorized", "The token has expired.")
    );
}

#[tokio::test]
async fn streaming_sessions_refuse_the_tokens_of_agents() {
    let (standin, _) = standin();
    let token = agent_token(&standin, 60).await;
    let path = format!("/v3/ws?sample_rate=16000&token={token}");
    let mut client = SocketClient::connect(&standin, &path, &[])
        .await
        .ok()
        .unwrap();
    assert_eq!(client.rest().await.1, 1008);
    assert_eq!(standin.redeem(&token, AGENT), Ok(()), "not spent");
}

#[tokio::test]
async fn a_server_may_use_its_key() {
    let (standin, _) = standin();
    let bearer = format!("Bearer {API_KEY}");
    for key in [bearer.as_str(), API_KEY] {
        let mut client = connect(&standin, "", &[("authorization", key)]).await;
        client.send(update(json!({}))).await;
        assert_eq!(client.frame().await["type"], "session.ready");
    }
}

#[tokio::test(start_paused = true)]
async fn the_agent_greets_if_its_configuration_says_so() {
    let (standin, _) = standin();
    for (session, greeting) in [
        (json!({ "greeting": "Hi there" }), Some("Hi there")),
        (json!({ "agent_id": "any" }), Some(GREETING)),
        (json!({ "system_prompt": "Be brief." }), None),
        (json!({ "greeting": "" }), None),
    ] {
        let (mut client, _) = begin(&standin, session.clone()).await;
        let Some(greeting) = greeting else {
            let silence = timeout(Duration::from_secs(30), client.frame()).await;
            assert!(silence.is_err(), "{session}: {silence:?}");
            continue;
        };
        let frames = until_done(&mut client).await;
        let expected = synth::pcm(greeting, 24_000, Encoding::S16);
        assert!(sound(&frames) == expected, "the whole greeting");
        let [started, .., transcript, done] = frames.as_slice() else {
            panic!("{frames:?}");
        };
        let id = &started["reply_id"];
        assert_eq!(*started, json!({ "type": "reply.started", "reply_id": id }));
        let said = json!({
            "type": "transcript.agent", "reply_id": id, "text": greeting, "interrupted": false,
        });
        assert_eq!(*transcript, said);
        assert_eq!(
            *done,
            json!({ "type": "reply.done", "reply_id": id, "status": "completed" })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_with_silence_and_is_answered() {
    let (standin, _) = standin();
    let (mut client, _) = begin(&standin, json!({})).await;
    for _ in 0..3 {
        client.send(audio(WORD, true)).await;
    }
    for _ in 0..2 {
        client.send(audio(12_000, false)).await;
    }
    let frames = until_done(&mut client).await;
    let (user, reply) = frames.split_at(6);
    let delta = "transcript.user.delta";
    assert_eq!(
        types(user),
        [
            "input.speech.started",
            delta,
            delta,
            delta,
            "input.speech.stopped",
            "transcript.user",
        ]
    );
    let texts: Vec<_> = user
        .iter()
        .filter_map(|frame| frame["text"].as_str())
        .collect();
    assert_eq!(
        texts,
        ["Hello", "Hello from", "Hello from the", "Hello from the."]
    );
    assert!(user[1]["item_id"].is_string());
    assert_eq!(user[1]["item_id"], user[5]["item_id"]);
    assert_eq!(types(reply)[0], "reply.started");
    let text = &reply[reply.len() - 2]["text"];
    assert_eq!(text, "The stand-in heard 3 words.");
    assert!(!sound(reply).is_empty());
    // Silence alone is no turn.
    client.send(audio(48_000, false)).await;
    let silence = timeout(Duration::from_secs(5), client.frame()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_speaks_interrupts_the_reply() {
    let (standin, _) = standin();
    let greeting = "A greeting that is long enough to be interrupted.";
    let (mut client, _) = begin(&standin, json!({ "greeting": greeting })).await;
    let mut frames = vec![client.frame().await, client.frame().await];
    client.send(audio(WORD, true)).await;
    frames.extend(until_done(&mut client).await);
    let [.., started, transcript, done] = frames.as_slice() else {
        panic!("{frames:?}");
    };
    assert_eq!(started["type"], "input.speech.started");
    assert_eq!(
        (&transcript["interrupted"], &done["status"]),
        (&json!(true), &json!("interrupted"))
    );
    let said = transcript["text"].as_str().unwrap();
    assert!(
        greeting.starts_with(said) && said.len() < greeting.len(),
        "{said}"
    );
    assert!(
        sound(&frames) == synth::pcm(said, 24_000, Encoding::S16),
        "what was said"
    );
    assert_eq!(client.frame().await["type"], "transcript.user.delta");
}

#[tokio::test(start_paused = true)]
async fn a_client_can_ask_for_a_reply_and_change_the_session() {
    let (standin, _) = standin();
    let (mut client, _) = begin(&standin, json!({})).await;
    client
        .send(update(json!({ "system_prompt": "Be brief." })))
        .await;
    assert_eq!(client.frame().await, json!({ "type": "session.updated" }));
    client.send(json!({ "type": "reply.create" })).await;
    let frames = until_done(&mut client).await;
    assert_eq!(
        frames[frames.len() - 2]["text"],
        "The stand-in was asked to reply."
    );
}

#[tokio::test(start_paused = true)]
async fn session_end_is_confirmed_before_the_close() {
    let (standin, _) = standin();
    let (mut client, id) = begin(&standin, json!({})).await;
    sleep(Duration::from_secs(7)).await;
    client.send(json!({ "type": "session.end" })).await;
    let (frames, code, _) = client.rest().await;
    let ended = json!({ "type": "session.ended", "session_duration_seconds": 7 });
    assert_eq!((frames, code), (vec![ended], 1000));
    let mut again = connected(&standin).await;
    again
        .send(json!({ "type": "session.resume", "session_id": id }))
        .await;
    assert_eq!(refused(again).await.0, "session_not_found");
}

#[tokio::test(start_paused = true)]
async fn the_session_ends_without_a_warning_at_the_limit_of_the_token() {
    let (standin, _) = standin();
    let token = agent_token(&standin, 60).await;
    let mut client = connect(&standin, &format!("?token={token}"), &[]).await;
    let start = Instant::now();
    client.send(update(json!({}))).await;
    assert_eq!(client.frame().await["type"], "session.ready");
    sleep(Duration::from_secs(30)).await;
    client.send(audio(2_400, false)).await;
    assert_eq!(client.frame().await["type"], "session.ended");
    assert_eq!(client.next().await, Received::Closed(1000, String::new()));
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn the_first_message_configures_the_session() {
    let (standin, _) = standin();
    for message in [
        audio(2_400, true),
        json!({ "type": "session.end" }),
        json!({ "type": "reply.create" }),
        json!({ "type": "session.update" }),
        json!({ "type": "session.resume" }),
        json!({}),
        json!([]),
        update(json!({ "agent_id": "a", "greeting": "Hi" })),
        update(json!({ "agent_id": "a", "system_prompt": "Hi" })),
        update(json!({ "agent_id": "" })),
        update(json!({ "agent_id": 7 })),
        update(json!({ "prompt": "Hi" })),
        update(json!({ "greeting": null })),
        update(json!({ "tools": {} })),
        update(json!({ "input": { "format": { "encoding": "audio/pcmu" } } })),
        update(
            json!({ "output": { "format": { "encoding": "audio/pcm", "sample_rate": 16_000 } } }),
        ),
    ] {
        let mut client = connected(&standin).await;
        client.send(message.clone()).await;
        assert_eq!(refused(client).await.0, "invalid_request", "{message}");
    }
    let format = json!({ "encoding": "audio/pcm", "sample_rate": 24_000 });
    let input = json!({ "format": format, "turn_detection": { "type": "server_vad" } });
    let output = json!({ "format": format, "voice": "claire" });
    begin(
        &standin,
        json!({ "input": input, "output": output, "tools": [] }),
    )
    .await;
}

#[tokio::test]
async fn messages_outside_the_documentation_end_the_session() {
    let (standin, _) = standin();
    for message in [
        json!({ "type": "session.resume", "session_id": "any" }),
        json!({ "type": "tool.result", "call_id": "c", "result": "1" }),
        json!({ "type": "input.audio" }),
        json!({ "type": "input.audio", "audio": "" }),
        json!({ "type": "input.audio", "audio": "AAA=" .repeat(2) }),
        json!({ "type": "input.audio", "audio": STANDARD.encode([1; 3]) }),
        json!({ "type": "Terminate" }),
        update(json!({ "agent_id": "another" })),
    ] {
        let (mut client, _) = begin(&standin, json!({})).await;
        client.send(message.clone()).await;
        assert_eq!(refused(client).await.0, "invalid_request", "{message}");
    }
    let (mut client, _) = begin(&standin, json!({})).await;
    client.audio(2_400).await;
    assert_eq!(
        refused(client).await.0,
        "invalid_request",
        "audio is base64"
    );
}

/// Leaves without `session.end`, and returns when the stand-in has noticed.
async fn leave(mut client: SocketClient) {
    client.0.close(None).await.unwrap();
    while futures_util::StreamExt::next(&mut client.0).await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_client_that_left_resumes_its_session_within_half_a_minute() {
    let (standin, time) = standin();
    let token = agent_token(&standin, 100).await;
    let mut client = connect(&standin, &format!("?token={token}"), &[]).await;
    let start = Instant::now();
    client.send(update(json!({ "greeting": "Hi" }))).await;
    let ready = client.frame().await;
    let resume = json!({ "type": "session.resume", "session_id": ready["session_id"] });

    let mut early = connected(&standin).await;
    early.send(resume.clone()).await;
    assert_eq!(
        refused(early).await.0,
        "session_not_found",
        "its client is there"
    );

    sleep(Duration::from_secs(20)).await;
    leave(client).await;
    time.advance(29);
    let mut back = connected(&standin).await;
    back.send(resume.clone()).await;
    assert_eq!(back.frame().await, ready, "no greeting follows");
    back.send(json!({ "type": "reply.create" })).await;
    until_done(&mut back).await;
    sleep(Duration::from_secs(50)).await;
    back.send(audio(2_400, false)).await;
    let ended = back.frame().await;
    assert_eq!(
        ended["type"], "session.ended",
        "the limit of the first token"
    );
    assert_eq!(start.elapsed().as_secs(), 100);

    let (client, id) = begin(&standin, json!({})).await;
    leave(client).await;
    time.advance(30);
    let mut late = connected(&standin).await;
    late.send(json!({ "type": "session.resume", "session_id": id }))
        .await;
    assert_eq!(refused(late).await.0, "session_not_found");
}
