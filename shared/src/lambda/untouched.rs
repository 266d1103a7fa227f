//! Events as they came. The runtime would read each as JSON before we read it once more, and answer by itself what is not JSON:
//! Lambda sends nothing but JSON, emulators send anything. So it is given a null in the place of each event.

use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::Service;
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static EVENT: Bytes;
}

/// The event of the invocation that is being handled; empty outside of one.
pub fn event() -> Bytes {
    EVENT.try_with(Bytes::clone).unwrap_or_default()
}

/// The layer that hands events round the runtime, to [`event`].
#[derive(Clone)]
pub struct Untouched<S>(pub S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Untouched<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let event = mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        EVENT.scope(event, self.0.call(invocation))
    }
}
