//! A provider's endpoint: any method goes to the broker, and each call is shown.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use http::header;
use tokio::time::Instant;
use voicemint::broker::{Broker, Invocation};
use voicemint::log::request::RequestLog;
use voicemint::provider::Provider;
use voicemint::provider::request::too_large;

use crate::origins::{self, Origins};
use crate::terminal;

/// As long as the deployed functions have (`Timeout` in template.yaml).
const INVOCATION: Duration = Duration::from_secs(10);

/// The longest body that API Gateway passes on. The broker judges all that is shorter, as it does
/// where it is deployed.
const MAX_GATEWAY_BYTES: usize = 10 * 1024 * 1024;

/// A broker, and whose pages may call it.
pub struct Endpoint<P> {
    broker: Broker<P>,
    origins: Origins,
}

impl<P: Provider> Endpoint<P> {
    /// Puts both together.
    pub fn new(broker: Broker<P>, origins: Origins) -> Self {
        Self { broker, origins }
    }

    /// The route.
    pub fn route(self) -> MethodRouter {
        let endpoint = Arc::new(self);
        any(move |request: Request| {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.answer(request).await }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let method = parts.method.clone();
        let origin = parts.headers.get(header::ORIGIN).cloned();
        let replaced = self.origins.replace(&mut parts.headers);
        let (response, record) = match to_bytes(body, MAX_GATEWAY_BYTES).await {
            Ok(body) => {
                let invocation = Invocation {
                    request_id: request_id(),
                    deadline: Instant::now() + INVOCATION,
                };
                self.broker
                    .respond(http::Request::from_parts(parts, body), invocation)
                    .await
            }
            Err(_) => self
                .broker
                .reject(&parts.headers, too_large(), request_id()),
        };
        let advice = origins::advice(&record, origin.as_ref(), &response);
        terminal::show(
            &method,
            &format!("/{}/token", P::NAME),
            &in_one_line(&record, advice),
        );
        let mut response = response.map(Body::from);
        origins::restore(&mut response, replaced);
        response
    }
}

/// A request for the eyes of a developer.
fn in_one_line(record: &RequestLog, advice: Option<String>) -> String {
    let took = record.total.as_secs_f64() * 1000.0;
    let reason = record
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let advice = advice
        .map(|advice| format!("; {advice}"))
        .unwrap_or_default();
    format!(
        "{} {}{reason}{advice} ({took:.1} ms)",
        record.status.as_u16(),
        record.outcome.name()
    )
}

fn request_id() -> String {
    let mut random = [0; 8];
    // An id that repeats is no harm here.
    let _ = rand::fill(&mut random);
    format!("dev-{:016x}", u64::from_be_bytes(random))
}
