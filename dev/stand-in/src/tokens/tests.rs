//! Tests of the token store.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use super::*;
use crate::testing::TestClock;

const SCRIBE: Scope = Scope("batch_scribe");

fn store() -> (Tokens, TestClock) {
    let time = TestClock::new();
    (Tokens::new(time.clock()), time)
}

fn single_use(tokens: &Tokens, seconds: u64) -> String {
    let permissions = Permissions::new([SCRIBE]).single_use();
    tokens
        .mint("t_", permissions, Duration::from_secs(seconds))
        .unwrap()
}

#[test]
fn single_use_token_is_spent_by_its_first_use() {
    let (tokens, _) = store();
    let token = single_use(&tokens, 60);
    assert_eq!(tokens.redeem(&token, SCRIBE), Ok(()));
    assert_eq!(tokens.redeem(&token, SCRIBE), Err(RedeemError::Spent));
}

#[test]
fn reusable_token_is_accepted_until_the_second_it_expires() {
    let (tokens, time) = store();
    let permissions = Permissions::new([Scope("tts")]);
    let token = tokens
        .mint("t_", permissions, Duration::from_secs(60))
        .unwrap();
    let scope = Scope("tts");
    assert_eq!(tokens.redeem(&token, scope), Ok(()));
    time.advance(59);
    assert_eq!(tokens.redeem(&token, scope), Ok(()));
    time.advance(1);
    assert_eq!(tokens.redeem(&token, scope), Err(RedeemError::Expired));
}

#[test]
fn token_for_another_scope_is_refused_and_not_spent() {
    let (tokens, _) = store();
    let token = single_use(&tokens, 60);
    let other = Scope("tts_websocket");
    assert_eq!(tokens.redeem(&token, other), Err(RedeemError::NotGranted));
    assert_eq!(tokens.redeem(&token, SCRIBE), Ok(()));
}

#[test]
fn one_of_many_concurrent_callers_redeems_a_single_use_token() {
    let (tokens, _) = store();
    let token = single_use(&tokens, 60);
    let accepted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                if tokens.redeem(&token, SCRIBE).is_ok() {
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(accepted.into_inner(), 1);
}

#[test]
fn expired_tokens_are_distinguished_for_a_while_and_then_removed() {
    let (tokens, time) = store();
    let token = single_use(&tokens, 1);
    time.advance(601);
    single_use(&tokens, 60);
    assert_eq!(tokens.redeem(&token, SCRIBE), Err(RedeemError::Expired));
    time.advance(1);
    single_use(&tokens, 60);
    assert_eq!(tokens.redeem(&token, SCRIBE), Err(RedeemError::Unknown));
    assert_eq!(tokens.lock().by_token.len(), 2);
    assert_eq!(tokens.lock().by_expiry.len(), 2);
}

#[test]
fn full_store_removes_the_token_that_expires_first() {
    let (tokens, _) = store();
    let first = single_use(&tokens, 60);
    for _ in 0..CAPACITY {
        single_use(&tokens, 61);
    }
    assert_eq!(tokens.lock().by_token.len(), CAPACITY);
    assert_eq!(tokens.lock().by_expiry.len(), CAPACITY);
    assert_eq!(tokens.redeem(&first, SCRIBE), Err(RedeemError::Unknown));
}

#[test]
fn tokens_are_unique_and_have_256_bits() {
    let (tokens, _) = store();
    let (one, two) = (single_use(&tokens, 60), single_use(&tokens, 60));
    assert_ne!(one, two);
    assert_eq!(one.len(), "t_".len() + 64);
}

#[test]
fn request_id_is_a_version_4_uuid() {
    let id = request_id();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(
        id.chars().nth(14) == Some('4') && id.chars().nth(19).is_some_and(|c| "89ab".contains(c))
    );
}

#[test]
fn a_token_says_what_its_session_is_bound_to() {
    let (tokens, _) = store();
    let permissions = Permissions::new([SCRIBE])
        .with_max_session(Duration::from_secs(300))
        .with_configuration(json!({"prompt": "be kind"}));
    assert!(!format!("{permissions:?}").contains("be kind"));
    let token = tokens
        .mint("t_", permissions, Duration::from_secs(60))
        .unwrap();
    let terms = tokens.redeem_for_session(&token, SCRIBE).unwrap();
    assert_eq!(terms.max_duration, Some(Duration::from_secs(300)));
    assert_eq!(terms.configuration.unwrap()["prompt"], "be kind");
}
