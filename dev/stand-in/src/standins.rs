//! The stand-ins of several providers on one server.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use voicemint::internals::Clock;

use crate::account::Account;
use crate::standin::{Paths, Standin};

/// The maximum length of a request body: two minutes of 16 kHz audio. Longer ones are rejected with
/// 413.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Stand-ins, each with an account. Clones share the accounts.
#[derive(Clone)]
pub struct Standins(Arc<[Entry]>);

struct Entry {
    standin: &'static dyn Standin,
    account: Account,
}

impl Standins {
    /// Starts these stand-ins. Their tokens expire by this clock.
    pub fn new(standins: &[&'static dyn Standin], clock: &Clock) -> Self {
        let entry = |standin: &&'static dyn Standin| Entry {
            standin: *standin,
            account: Account::new(standin.secret(), standin.token_prefix(), clock.clone()),
        };
        Self(standins.iter().map(entry).collect())
    }

    /// The account at the provider of this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.0
            .iter()
            .find(|entry| entry.standin.name() == name)
            .map(|entry| &entry.account)
    }

    /// The paths of all stand-ins on one router. `GET /` lists them.
    ///
    /// # Panics
    /// If two stand-ins have the same path.
    pub fn router(&self) -> Router {
        let about = self.about();
        let standins = self.clone();
        self.0
            .iter()
            .map(|entry| entry.standin.routes().with_state(entry.account.clone()))
            .fold(Router::new(), Router::merge)
            .route("/", get(async move || Json(about)))
            .fallback(async move |uri: Uri| standins.not_found(uri.path()))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
    }

    fn about(&self) -> Value {
        let titles: Vec<_> = self.0.iter().map(|entry| entry.standin.title()).collect();
        let paths = |select: fn(Paths) -> &'static [&'static str]| {
            let paths = self.0.iter().map(|entry| entry.standin.paths());
            paths.flat_map(select).copied().collect::<Vec<_>>()
        };
        json!({
            "what": format!("Stand-ins for {}: local imitations for development and tests.", titles.join(", ")),
            "mint": paths(|paths| paths.mint),
            "use": paths(|paths| paths.uses),
        })
    }

    fn not_found(&self, path: &str) -> Response {
        let imitated = self.0.iter().map(|entry| entry.standin);
        imitated
            .filter(|standin| path.starts_with(standin.path_prefix()))
            .max_by_key(|standin| standin.path_prefix().len())
            .map_or_else(
                || StatusCode::NOT_FOUND.into_response(),
                |standin| standin.not_found(),
            )
    }
}
