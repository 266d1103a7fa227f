//! HTTP servers on loopback, which end with the test's runtime.

use axum::Router;
use tokio::net::TcpListener;

/// Serves what `router` makes for the server's own URL, and returns that URL.
pub async fn serve(router: impl FnOnce(&str) -> Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = router(&url);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
