//! Shared code of the fuzz targets: published tokens with their keys. No other token may be
//! accepted.

use serde_json::{Value, json};
use voicemint::internals::Algorithm;

/// The published tokens, each with the key that verifies it.
pub const VECTORS: &str = include_str!("../../shared/tests/vectors/rfc.json");

/// A published token and its key.
pub struct Published {
    /// The token in compact serialization.
    pub token: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Its key as a JWK.
    pub key: Value,
}

/// All published tokens.
pub fn published() -> Vec<Published> {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let text = |vector: &Value, name: &str| {
        vector[name]
            .as_str()
            .expect("a member is a string")
            .to_owned()
    };
    let vectors = vectors.as_array().expect("the vectors are an array").iter();
    let published = vectors.map(|vector| Published {
        token: text(vector, "token"),
        payload: text(vector, "payload").into_bytes(),
        key: vector["key"].clone(),
    });
    published.collect()
}

/// The JWK Sets that a fuzzed token is verified with: one with all public keys that have no ID (each
/// of a different key type or curve), and one for each symmetric key.
pub fn jwk_sets(published: &[Published]) -> Vec<Vec<u8>> {
    let keys = || published.iter().map(|vector| &vector.key);
    let public: Vec<&Value> = keys()
        .filter(|key| key["kty"] != "oct" && key["kid"].is_null())
        .collect();
    let mut sets = vec![json!({ "keys": public }).to_string().into_bytes()];
    sets.extend(
        keys()
            .filter(|key| key["kty"] == "oct")
            .map(|key| json!({ "keys": [key] }).to_string().into_bytes()),
    );
    sets
}

/// All supported algorithms.
pub fn algorithms() -> Vec<Algorithm> {
    let names = Algorithm::ASYMMETRIC.iter().chain(&Algorithm::SYMMETRIC);
    names.filter_map(|name| name.parse().ok()).collect()
}
