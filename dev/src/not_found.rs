//! What is answered where there is nothing: which path was asked, and which one was probably meant.
//! Without it, an app that calls a wrong path would get an empty answer, and its developer would
//! not know which server gave it.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::app::PROVIDERS;
use crate::terminal;

/// Answers, and shows the call.
pub async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let advice = match meant(path) {
        Some(right) => format!("use {right}"),
        None => format!(
            "the endpoints are {}",
            PROVIDERS
                .map(|provider| format!("/{provider}/token"))
                .join(", ")
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
fn meant(path: &str) -> Option<String> {
    let path = path.to_ascii_lowercase();
    let provider = PROVIDERS
        .iter()
        .find(|provider| path.split('/').any(|segment| segment == **provider));
    if let Some(provider) = provider {
        return Some(format!("/{provider}/token"));
    }
    let letters: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    match letters.as_str() {
        "signin" | "login" => Some("/sign-in".to_owned()),
        "signout" | "logout" => Some("/sign-out".to_owned()),
        _ => None,
    }
}
