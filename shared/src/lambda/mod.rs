//! The one room that knows Lambda: events in, answers out.

mod event;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use lambda_http::lambda_runtime::Runtime;
use lambda_http::{
    Adapter, Body, Error, IntoResponse, LambdaEvent, Request, RequestExt as _, Service as _,
    service_fn,
};
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use crate::aws::Aws;
use crate::aws::dynamodb::DynamoDb;
use crate::aws::secrets_manager::SecretsManager;
use crate::broker::{Broker, Invocation};
use crate::clock::Clock;
use crate::log;
use crate::problem::Problem;
use crate::provider::Provider;
use crate::settings::{Environment, ProcessEnvironment, Reader};
use crate::transport::Transport;
use event::Event;

/// How long an invocation may take whose deadline is not known.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(10);

/// Runs the broker of a provider as a Lambda function, and ends only with one line in the log that
/// says why: wrong settings, or what the Lambda runtime cannot go on with.
pub async fn run<P: Provider>() -> ExitCode {
    let Err(error) = serve::<P>().await else {
        return ExitCode::SUCCESS;
    };
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
    let handler = service_fn(
        move |LambdaEvent { payload, context }: LambdaEvent<Event>| {
            let respond = |Event { request, refusal }| {
                let (broker, clock) = (Arc::clone(&broker), clock.clone());
                let handler = service_fn(move |request| {
                    let (broker, clock, refusal) =
                        (Arc::clone(&broker), clock.clone(), refusal.clone());
                    async move { Ok::<_, Infallible>(handle(&broker, &clock, request, refusal).await) }
                });
                // The adapter of `lambda_http` makes the request, and writes the response as the
                // event's source wants it.
                Adapter::from(handler).call(LambdaEvent::new(request, context.clone()))
            };
            // Making the request is all that can panic here: the broker runs when the future does, and
            // catches its own.
            catch_unwind(AssertUnwindSafe(|| respond(payload)))
                .unwrap_or_else(|_| respond(Event::unknown()))
        },
    );
    Runtime::new(handler).run().await
}

fn start<P: Provider>(clock: &Clock) -> Result<Broker<P>, Error> {
    let mut reader = Reader::new(&ProcessEnvironment);
    let level = log::level(&mut reader);
    log::start(level.unwrap_or(LevelFilter::INFO));
    let transport = Transport::from_settings(&mut reader);
    // All settings are read, so that whatever is wrong is reported at once.
    let any = transport.clone().map_or_else(Transport::new, Ok)?;
    let aws = Aws::from_surroundings(any.clone());
    let (store, table) = (
        Arc::new(SecretsManager::new(Arc::clone(&aws))),
        Arc::new(DynamoDb::new(aws)),
    );
    let broker = Broker::from_settings(&ProcessEnvironment, store, table, any, clock.clone());
    match (reader.finish(level.zip(transport)), broker) {
        (Ok(_), Ok(broker)) => Ok(broker),
        (Err(ours), Err(brokers)) => Err(ours.and(brokers).into()),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error.into()),
    }
}

async fn handle<P: Provider>(
    broker: &Broker<P>,
    clock: &Clock,
    request: Request,
    refusal: Option<Problem>,
) -> Reply {
    let context = request.lambda_context();
    let left = Duration::from_millis(context.deadline).saturating_sub(clock.now());
    // An invocation cannot begin after its end: an emulator that says so does not know.
    let left = if left.is_zero() {
        WITHOUT_DEADLINE
    } else {
        left
    };
    let request_id = context.request_id;
    let (response, request_log) = match refusal {
        None => {
            let invocation = Invocation {
                request_id,
                deadline: Instant::now() + left,
            };
            broker.respond(request.map(bytes), invocation).await
        }
        Some(refusal) => broker.reject(request.headers(), refusal, request_id),
    };
    log::write_request(&request_log);
    Reply(response)
}

fn bytes(body: Body) -> Bytes {
    match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        _ => Bytes::new(),
    }
}

/// An answer, all of which are JSON: so there is no need to look at its media type to know that its
/// body is text.
struct Reply(Response<Bytes>);

impl IntoResponse for Reply {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let body = |bytes: Bytes| match String::from_utf8(bytes.into()) {
            Ok(text) if !text.is_empty() => Body::Text(text),
            _ => Body::Empty,
        };
        Box::pin(ready(self.0.map(body)))
    }
}
