//! HTTP servers on loopback that stop with the runtime of the test.

use axum::Router;
use tokio::net::TcpListener;

/// Serves the router that `router` returns for the URL of the server, and returns that URL.
pub async fn serve(router: impl FnOnce(&str) -> Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = router(&url);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
