//! The one room that knows Lambda: events in, answers out.

pub mod event;
mod untouched;

use std::convert::Infallible;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, header};
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Context, Error, LambdaEvent, Runtime, service_fn};
use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use crate::aws::dynamodb::DynamoDb;
use crate::aws::secrets_manager::SecretsManager;
use crate::broker::{Broker, Invocation, internal};
use crate::clock::Clock;
use crate::log;
use crate::provider::Provider;
use crate::settings::{Environment, ProcessEnvironment, Reader};
use crate::transport::Transport;

/// How long an invocation may take whose deadline is not known.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(10);

/// Runs the broker of a provider as a Lambda function, and ends only with one line in the log that says why: wrong settings,
/// or what the Lambda runtime cannot go on with.
pub async fn run<P: Provider>() -> ExitCode {
    let Err(error) = serve::<P>().await else { return ExitCode::SUCCESS };
    log::line("ERROR", &error.to_string());
    ExitCode::FAILURE
}

async fn serve<P: Provider>() -> Result<(), Error> {
    let clock = Clock::system();
    let broker = start::<P>(&clock)?;
    if ProcessEnvironment.var("AWS_LAMBDA_RUNTIME_API").is_none() {
        let advice = "this is a Lambda function: deploy it, or run it with `sam local invoke` or `cargo lambda watch`";
        return Err(advice.into());
    }
    broker.warm().await;
    let broker = Arc::new(broker);
    let handler = service_fn(move |LambdaEvent { context, .. }: LambdaEvent<IgnoredAny>| {
        let (broker, clock) = (Arc::clone(&broker), clock.clone());
        async move { Ok::<_, Infallible>(handle(&broker, &clock, untouched::event(), context).await) }
    });
    Runtime::new(handler).layer(layer_fn(untouched::Untouched)).run().await
}

fn start<P: Provider>(clock: &Clock) -> Result<Broker<P>, Error> {
    let mut reader = Reader::new(&ProcessEnvironment);
    let level = log::level(&mut reader);
    log::start(level.unwrap_or(LevelFilter::INFO));
    let transport = Transport::new()?;
    let store = Arc::new(SecretsManager::from_settings(&mut reader, transport.clone()));
    let table = Arc::new(DynamoDb::from_settings(&mut reader, transport.clone()));
    let broker = Broker::from_settings(&ProcessEnvironment, store, table, transport, clock.clone());
    // Both are read, so that whatever is wrong is reported at once.
    match (reader.finish(level), broker) {
        (Ok(_), Ok(broker)) => Ok(broker),
        (Err(ours), Err(brokers)) => Err(ours.and(brokers).into()),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error.into()),
    }
}

async fn handle<P: Provider>(broker: &Broker<P>, clock: &Clock, event: Bytes, context: Context) -> Reply {
    let request_id = context.request_id;
    let left = Duration::from_millis(context.deadline).saturating_sub(clock.now());
    // An invocation cannot begin after its end: an emulator that says so does not know.
    let left = if left.is_zero() { WITHOUT_DEADLINE } else { left };
    // As in the broker: a bug is one answer of 500, with its log line.
    let read = catch_unwind(|| event::request(&event));
    let read = read.unwrap_or_else(|_| Err(Box::new(event::Unreadable::from(internal("reading the event panicked")))));
    let (response, record) = match read {
        Ok(request) => broker.answer(request, Invocation { request_id, deadline: Instant::now() + left }).await,
        Err(unreadable) => broker.refuse(&unreadable.headers, unreadable.refusal, request_id),
    };
    log::record(&record);
    Reply::from(response)
}

/// An answer as payload format 2.0 wants it: cookies apart from the other headers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    #[serde(serialize_with = "other_headers")]
    headers: HeaderMap,
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        let (Parts { status, headers, .. }, body) = response.into_parts();
        let cookies = headers.get_all(header::SET_COOKIE).iter().map(|cookie| text(cookie).to_owned()).collect();
        // All that is answered is JSON.
        let body = String::from_utf8(body.into()).unwrap_or_default();
        Self { status_code: status.as_u16(), headers, cookies, body, is_base64_encoded: false }
    }
}

fn other_headers<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let others = headers.iter().filter(|(name, _)| *name != header::SET_COOKIE);
    serializer.collect_map(others.map(|(name, value)| (name.as_str(), text(value))))
}

/// Header values of ours are all visible ASCII.
fn text(value: &HeaderValue) -> &str {
    // `to_str` looks at one byte at a time.
    std::str::from_utf8(value.as_bytes()).unwrap_or_default()
}
