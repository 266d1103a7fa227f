//! The response for unknown paths. It names the path and the path that was probably meant, so that
//! the developer of an app that calls a wrong path sees which server responded.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::providers::PROVIDERS;
use crate::terminal;

pub async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let advice = match intended_path(path) {
        Some(intended) => format!("use {intended}"),
        None => format!(
            "the endpoints are {}",
            PROVIDERS.map(|provider| provider.token_path()).join(", ")
        ),
    };
    terminal::show(
        request.method(),
        path,
        &format!("404 there is no such path: {advice}"),
    );
    let text = format!(
        "This is Voicemint's local command (make dev), and there is no {} here: {advice}.\n",
        terminal::readable(path)
    );
    (
        StatusCode::NOT_FOUND,
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
        text,
    )
        .into_response()
}

/// The path that was probably meant.
fn intended_path(path: &str) -> Option<String> {
    let path = path.to_ascii_lowercase();
    let provider = PROVIDERS
        .iter()
        .find(|provider| path.split('/').any(|segment| segment == provider.name));
    if let Some(provider) = provider {
        return Some(provider.token_path());
    }
    let letters: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    match letters.as_str() {
        "signin" | "login" => Some("/sign-in".to_owned()),
        "signout" | "logout" => Some("/sign-out".to_owned()),
        _ => None,
    }
}
