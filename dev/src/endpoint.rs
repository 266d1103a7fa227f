//! A provider's token endpoint: the broker handles every method, and each call is printed.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use http::header;
use tokio::time::Instant;
use voicemint::internals::{Broker, Invocation, RequestLog};
use voicemint::provider::Provider;
use voicemint::provider::fields::too_large;

use crate::origins::{self, Origins};
use crate::providers::token_path;
use crate::terminal;

/// The timeout of the deployed functions (`Timeout` in template.yaml).
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum length of a body that API Gateway passes on. The broker judges shorter bodies, as it
/// does when it is deployed.
const MAX_GATEWAY_BYTES: usize = 10 * 1024 * 1024;

/// A broker, and the origins whose pages may call it.
pub struct Endpoint<P: Provider> {
    broker: Broker<P>,
    origins: Origins,
}

impl<P: Provider> Endpoint<P> {
    /// An endpoint of this broker.
    pub fn new(broker: Broker<P>, origins: Origins) -> Self {
        Self { broker, origins }
    }

    /// The route of the endpoint.
    pub fn route(self) -> MethodRouter {
        let endpoint = Arc::new(self);
        any(move |request: Request| {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.respond(request).await }
        })
    }

    async fn respond(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let method = parts.method.clone();
        let origin = parts.headers.get(header::ORIGIN).cloned();
        let replaced = self.origins.replace(&mut parts.headers);
        let (response, log) = match to_bytes(body, MAX_GATEWAY_BYTES).await {
            Ok(body) => {
                let invocation = Invocation {
                    request_id: request_id(),
                    deadline: Instant::now() + INVOCATION_TIMEOUT,
                };
                self.broker
                    .respond(http::Request::from_parts(parts, body), invocation)
                    .await
            }
            Err(_) => self
                .broker
                .reject(&parts.headers, too_large(), request_id()),
        };
        let advice = origins::advice(&log, origin.as_ref(), &response);
        terminal::show(&method, &token_path(P::NAME), &summary(&log, advice));
        let mut response = response.map(Body::from);
        origins::restore(&mut response, replaced);
        response
    }
}

/// One line about a request, for the developer.
fn summary(log: &RequestLog, advice: Option<String>) -> String {
    let took = log.total.as_secs_f64() * 1000.0;
    let reason = log
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let advice = advice
        .map(|advice| format!("; {advice}"))
        .unwrap_or_default();
    format!(
        "{} {}{reason}{advice} ({took:.1} ms)",
        log.status.as_u16(),
        log.outcome.name()
    )
}

fn request_id() -> String {
    let mut random = [0; 8];
    // Without random numbers the ID repeats, which is harmless here.
    let _ = rand::fill(&mut random);
    format!("dev-{:016x}", u64::from_be_bytes(random))
}
