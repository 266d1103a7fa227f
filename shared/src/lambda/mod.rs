//! The Lambda runtime: events in, responses out. No other module knows Lambda.

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

/// How long an invocation without a known deadline may take.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(10);

/// Runs the broker of a provider as a Lambda function. It returns only on wrong settings or an error
/// of the Lambda runtime, after logging the reason.
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
            let respond = |Event { request, problem }| {
                let (broker, clock) = (Arc::clone(&broker), clock.clone());
                let handler = service_fn(move |request| {
                    let (broker, clock, problem) =
                        (Arc::clone(&broker), clock.clone(), problem.clone());
                    async move { Ok::<_, Infallible>(handle(&broker, &clock, request, problem).await) }
                });
                // The adapter of `lambda_http` builds the request and writes the response in the
                // format of the event source.
                Adapter::from(handler).call(LambdaEvent::new(request, context.clone()))
            };
            // Only building the request can panic here: the broker runs in the future and catches its
            // own panics.
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
    // All settings are read, so that all errors are reported at once.
    let any = transport.clone().map_or_else(Transport::new, Ok)?;
    let aws = Aws::from_environment(any.clone());
    let (store, table) = (
        Arc::new(SecretsManager::new(Arc::clone(&aws))),
        Arc::new(DynamoDb::new(Arc::clone(&aws))),
    );
    let broker = Broker::from_settings(&ProcessEnvironment, store, table, any, clock.clone());
    let broker = broker.map(|broker: Broker<P>| broker.with_role(aws));
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
    problem: Option<Problem>,
) -> TextResponse {
    let context = request.lambda_context();
    let left = Duration::from_millis(context.deadline).saturating_sub(clock.now());
    // A deadline in the past comes from an emulator that does not know it.
    let left = if left.is_zero() {
        WITHOUT_DEADLINE
    } else {
        left
    };
    let request_id = context.request_id;
    let (response, mut request_log) = match problem {
        None => {
            let invocation = Invocation {
                request_id,
                deadline: Instant::now() + left,
            };
            broker.respond(request.map(bytes), invocation).await
        }
        Some(problem) => broker.reject(request.headers(), problem, request_id),
    };
    request_log.function_version = Some(context.env_config.version.clone());
    log::write_request(&request_log);
    TextResponse(response)
}

fn bytes(body: Body) -> Bytes {
    match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        _ => Bytes::new(),
    }
}

/// A response whose body is text, as all of them are JSON. `lambda_http` would look at the media
/// type.
struct TextResponse(Response<Bytes>);

impl IntoResponse for TextResponse {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let body = |bytes: Bytes| match String::from_utf8(bytes.into()) {
            Ok(text) if !text.is_empty() => Body::Text(text),
            _ => Body::Empty,
        };
        Box::pin(ready(self.0.map(body)))
    }
}
