//! Performing operations, with spans (feature `tracing`) and counters (feature `metrics`).

use std::future::Future;

use super::{account_service::AccountService, context::Context};
use crate::{
    error::Error,
    model::ClientInfo,
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Performs an operation for this client, unless its sign-in method is disabled.
    ///
    /// The work of the operation `x` is the private method `x_in`: `x` in this context. A guard
    /// could not box the work, which keeps futures that were not polled yet small.
    pub(crate) async fn perform<'a, T, W: Future<Output = Result<T, Error>>>(
        &'a self,
        operation: Operation,
        client: &'a ClientInfo,
        work: impl FnOnce(Context<'a>) -> W,
    ) -> Result<T, Error> {
        let work = || async {
            self.require_method(operation)?;
            work(self.context(operation, client)).await
        };
        self.observed(operation, work).await
    }

    /// Performs the work of an operation, and records its outcome and duration. It records nothing
    /// about the user.
    ///
    /// The work is boxed when it is first polled. Until then the many requests of a flood take
    /// little memory.
    #[cfg_attr(
        not(any(feature = "tracing", feature = "metrics")),
        expect(unused_variables, reason = "nothing is recorded then")
    )]
    pub(crate) async fn observed<T, W: Future<Output = Result<T, Error>>>(
        &self,
        operation: Operation,
        work: impl FnOnce() -> W,
    ) -> Result<T, Error> {
        #[cfg(feature = "metrics")]
        let begun = self.inner.clock.elapsed();
        let work = Box::pin(work());
        #[cfg(feature = "tracing")]
        let work = spans::observed(operation, work);
        let outcome = work.await;
        #[cfg(feature = "metrics")]
        counters::count(operation, &outcome, self.inner.clock.elapsed().saturating_sub(begun));
        outcome
    }
}

/// The outcome as a label of low cardinality: `ok` or the error's code.
#[cfg(any(feature = "tracing", feature = "metrics"))]
fn label<T>(outcome: &Result<T, Error>) -> &'static str {
    outcome.as_ref().err().map_or("ok", Error::code)
}

#[cfg(feature = "tracing")]
mod spans {
    use std::future::Future;

    use tracing::{Instrument as _, field::Empty};

    use super::label;
    use crate::{
        error::Error,
        kind::{Kind, with_causes},
        operation::Operation,
    };

    /// Runs the work in a span, and logs what an operator has to know.
    pub(super) async fn observed<T>(
        operation: Operation,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let span = tracing::debug_span!("account", operation = operation.api_name(), outcome = Empty);
        let outcome = work.instrument(span.clone()).await;
        span.record("outcome", label(&outcome));
        if let Err(error) = &outcome {
            span.in_scope(|| log(operation.api_name(), error));
        }
        outcome
    }

    /// Logs failures of the store, the limiter and other dependencies as errors, and what the
    /// application's own triggers refuse as a warning. Neither the errors of this crate nor those
    /// of its stores' drivers contain stored values.
    fn log(operation: &'static str, error: &Error) {
        let code = error.code();
        match error.kind() {
            Kind::Unavailable | Kind::Internal => {
                tracing::error!(operation, code, "{}", with_causes(error));
            }
            Kind::Forbidden => tracing::warn!(operation, code, "{}", with_causes(error)),
            _ => {}
        }
    }
}

#[cfg(feature = "metrics")]
mod counters {
    use std::time::Duration;

    use super::label;
    use crate::{error::Error, operation::Operation};

    pub(super) fn count<T>(operation: Operation, outcome: &Result<T, Error>, took: Duration) {
        let (operation, outcome) = (operation.api_name(), label(outcome));
        metrics::counter!("account_operations_total", "operation" => operation, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("account_operation_seconds", "operation" => operation).record(took);
    }
}
