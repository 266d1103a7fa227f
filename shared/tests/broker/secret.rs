//! The cache of a secret, with a store whose results and a clock whose time the tests set.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use voicemint::internals::{
    Clock, LoadFuture, SecretCache, SecretField, SecretStore, SecretValue, StoreError,
};
use voicemint::problem::Code;

struct ScriptedStore {
    /// The secret and its version, or an error. `gone` is permanent, every other error is
    /// transient.
    result: Mutex<Result<(&'static str, &'static str), &'static str>>,
    loads: AtomicUsize,
}

impl SecretStore for ScriptedStore {
    fn load<'a>(&'a self, _id: &'a str) -> LoadFuture<'a> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let result = *self.result.lock().unwrap();
        Box::pin(async move {
            tokio::task::yield_now().await;
            let (text, version) = result.map_err(|reason| match reason {
                "gone" => StoreError::Permanent(reason.to_owned()),
                _ => StoreError::Transient(reason.to_owned()),
            })?;
            Ok(SecretValue::new(text, version))
        })
    }
}

struct CachedSecret {
    store: Arc<ScriptedStore>,
    seconds: Arc<AtomicU64>,
    cache: Arc<SecretCache>,
}

impl CachedSecret {
    fn new(result: Result<(&'static str, &'static str), &'static str>) -> Self {
        Self::with_field(result, SecretField::Field("api_key".to_owned()))
    }

    fn with_field(
        result: Result<(&'static str, &'static str), &'static str>,
        field: SecretField,
    ) -> Self {
        let store = Arc::new(ScriptedStore {
            result: Mutex::new(result),
            loads: AtomicUsize::new(0),
        });
        let seconds = Arc::new(AtomicU64::new(1_800_000_000));
        let now = Arc::clone(&seconds);
        let clock =
            Clock::new(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)));
        let cache = SecretCache::new(
            Arc::clone(&store) as _,
            "id".to_owned(),
            field,
            Duration::from_secs(300),
            clock,
        );
        Self {
            store,
            seconds,
            cache: Arc::new(cache),
        }
    }

    fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn set_result(&self, result: Result<(&'static str, &'static str), &'static str>) {
        *self.store.result.lock().unwrap() = result;
    }

    fn loads(&self) -> usize {
        self.store.loads.load(Ordering::SeqCst)
    }

    async fn key(&self) -> Result<String, Code> {
        self.cache
            .get()
            .await
            .map(|key| key.expose().to_owned())
            .map_err(|problem| problem.code)
    }
}

#[tokio::test]
async fn a_fresh_secret_is_not_loaded_again() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    assert_eq!(env.key().await, Ok("one".to_owned()));
    env.set_result(Ok(("two", "v2")));
    env.advance(299);
    assert_eq!(env.key().await, Ok("one".to_owned()));
    assert_eq!(env.loads(), 1);
    env.advance(1);
    assert_eq!(env.key().await, Ok("two".to_owned()));
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_load() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    let gets: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn({
                let cache = Arc::clone(&env.cache);
                async move { cache.get().await.is_ok() }
            })
        })
        .collect();
    for get in gets {
        assert!(get.await.unwrap());
    }
    assert_eq!(env.loads(), 1);
}

#[tokio::test]
async fn an_api_key_is_used_without_a_time_limit_during_an_outage_and_not_loaded_each_time() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    env.key().await.unwrap();
    env.set_result(Err("down"));
    env.advance(1_000_000);
    for _ in 0..50 {
        assert_eq!(env.key().await, Ok("one".to_owned()));
    }
    assert_eq!(env.loads(), 2);
}

fn not_empty(secret: &str) -> Result<(), &'static str> {
    (!secret.is_empty()).then_some(()).ok_or("it is empty")
}

#[tokio::test]
async fn a_deleted_or_invalid_secret_is_used_for_one_more_minute_even_if_an_outage_follows() {
    for field in [
        SecretField::Field("api_key".to_owned()),
        SecretField::Only(not_empty),
        SecretField::Whole(not_empty),
    ] {
        for gone in [Err("gone"), Ok(("", "v2"))] {
            let env = CachedSecret::with_field(Ok(("one", "v1")), field.clone());
            env.key().await.unwrap();
            env.set_result(gone);
            env.advance(300);
            assert_eq!(env.key().await, Ok("one".to_owned()), "{field:?}");
            env.set_result(Err("down"));
            env.advance(30);
            assert_eq!(env.key().await, Ok("one".to_owned()), "{field:?}");
            env.advance(29);
            assert_eq!(env.key().await, Ok("one".to_owned()), "{field:?}");
            env.advance(1);
            for _ in 0..3 {
                assert_eq!(
                    env.key().await,
                    Err(Code::SecretUnavailable),
                    "{field:?}: one minute after the first result"
                );
            }
            env.set_result(Ok(("two", "v3")));
            assert_eq!(env.key().await, Ok("two".to_owned()), "{field:?}");
            // A valid value ends the grace period.
            env.set_result(Err("down"));
            env.advance(1000);
            assert_eq!(env.key().await, Ok("two".to_owned()), "{field:?}");
        }
    }
}

#[tokio::test]
async fn a_rejected_key_whose_secret_was_deleted_expires_after_one_minute_even_if_fresh() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    let used = env.cache.get().await.ok().unwrap();
    env.set_result(Err("gone"));
    assert!(env.cache.newer_than(&used).await.is_none());
    env.advance(59);
    assert_eq!(env.key().await, Ok("one".to_owned()));
    env.advance(1);
    assert_eq!(env.key().await, Err(Code::SecretUnavailable));
}

#[tokio::test]
async fn a_session_secret_is_used_for_one_hour_during_an_outage() {
    for field in [SecretField::Only(not_empty), SecretField::Whole(not_empty)] {
        let env = CachedSecret::with_field(Ok(("one", "v1")), field);
        env.key().await.unwrap();
        env.set_result(Err("down"));
        env.advance(3599);
        assert_eq!(env.key().await, Ok("one".to_owned()));
        env.advance(1);
        assert_eq!(env.key().await, Err(Code::SecretUnavailable));
        env.set_result(Ok(("one", "v1")));
        assert_eq!(env.key().await, Ok("one".to_owned()));
    }
}

#[tokio::test]
async fn without_a_cached_value_every_request_loads_the_secret() {
    let env = CachedSecret::new(Err("not there"));
    for loads in 1..=3 {
        assert_eq!(env.key().await, Err(Code::SecretUnavailable));
        assert_eq!(env.loads(), loads);
    }
    env.set_result(Ok(("late", "v1")));
    assert_eq!(env.key().await, Ok("late".to_owned()));
}

#[tokio::test]
async fn a_rejected_key_is_reloaded_at_most_once_in_ten_seconds() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    let used = env.cache.get().await.ok().unwrap();
    assert!(
        env.cache.newer_than(&used).await.is_none(),
        "nothing newer is stored"
    );
    env.set_result(Ok(("two", "v2")));
    assert!(
        env.cache.newer_than(&used).await.is_none(),
        "too early to load again"
    );
    assert_eq!(env.loads(), 2);
    env.advance(10);
    assert_eq!(env.cache.newer_than(&used).await.unwrap().expose(), "two");
    assert_eq!(
        env.cache.newer_than(&used).await.unwrap().expose(),
        "two",
        "the newer key is cached"
    );
    assert_eq!(env.loads(), 3);
}

#[tokio::test]
async fn a_secret_is_text_or_a_member_of_an_object() {
    for (text, key) in [
        ("plain", Some("plain")),
        (" plain\n", Some("plain")),
        (r#"{"api_key":"member","other":"x"}"#, Some("member")),
        (r#"{"other":"x"}"#, None),
        (r#"{"api_key":7}"#, None),
        (r#"{"api_key":"member""#, None),
        (r#"{"api_key":"member","api_key":"other"}"#, None),
        ("", None),
        ("two words", None),
        ("zwei\nZeilen", None),
        (r#""sk_quoted""#, None),
        ("'sk_quoted'", None),
        ("`sk_quoted`", None),
        (r#"sk_half""#, None),
        (r#"{"api_key":"\"sk_quoted\""}"#, None),
        ("ELEVENLABS_API_KEY=sk_assigned", None),
        ("_k9=sk_assigned", None),
        ("KEY=sk_assigned=", None),
        (r#"{"api_key":"KEY=sk"}"#, None),
        // Base64 may end with `=`, and a key may contain one.
        ("c2VjcmV0a2V5=", Some("c2VjcmV0a2V5=")),
        ("c2VjcmV0a2U==", Some("c2VjcmV0a2U==")),
        ("sk-live+1=x", Some("sk-live+1=x")),
        ("9key=x", Some("9key=x")),
    ] {
        let env = CachedSecret::new(Ok((text, "v1")));
        assert_eq!(env.key().await.ok().as_deref(), key, "{text:?}");
    }
}

#[tokio::test]
async fn the_log_says_why_a_key_is_invalid() {
    for (text, part) in [
        (r#""sk_quoted""#, "in quotes"),
        ("NAME=sk_assigned", "NAME=value"),
        ("two words", "characters"),
    ] {
        let problem = CachedSecret::new(Ok((text, "v1")))
            .cache
            .get()
            .await
            .err()
            .unwrap();
        assert_eq!(problem.code, Code::SecretUnavailable);
        assert!(
            problem.reason.contains(part) && !problem.reason.contains("sk_"),
            "{}",
            problem.reason
        );
    }
}

#[tokio::test]
async fn an_invalid_new_version_does_not_replace_a_valid_one() {
    let env = CachedSecret::new(Ok(("one", "v1")));
    env.key().await.unwrap();
    env.set_result(Ok(("{}", "v2")));
    env.advance(300);
    assert_eq!(env.key().await, Ok("one".to_owned()));
}
