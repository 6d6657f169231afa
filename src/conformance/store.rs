//! What every [`Store`] must do, as tests.
//!
//! [`store_conformance!`](crate::store_conformance) makes one named test of every rule here. Each gets a fresh and empty store
//! in a [`Bench`], and knows nothing of it but the port.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests fails by panicking"
)]

pub mod attachments;
mod bench;
pub mod cancellation;
pub mod keys;
pub mod listing;
pub mod log;
mod people;
pub mod races;
mod rounds;
mod rules;
pub mod service;
pub mod states;
pub mod values;

use std::{future::Future, panic::resume_unwind, pin::Pin, time::Duration};

pub use bench::Bench;
pub use people::KeyKind;

use crate::ports::Store;

/// How long a rule may take: a store that hangs fails, rather than to hold up the run.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tests a [`Store`](crate::ports::Store): one test by name for every rule of its promise.
///
/// Takes an expression whose value is a future of a fresh and empty store; every test evaluates it once. The store must own
/// what it needs to live, such as a directory for its files. The calling crate needs `tokio` with its macros and its
/// multi-threaded runtime. The tests come in modules by subject, so give the macro a module of its own.
///
/// # Examples
/// ```
/// mod memory {
///     account::store_conformance!(async { account::MemoryStore::new() });
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($store:expr) => {
        #[cfg(test)]
        async fn conformance_bench() -> $crate::conformance::store::Bench {
            $crate::conformance::store::Bench::new($store.await)
        }

        $crate::__store_rules!([$crate::__store_tests]);
    };
}

/// Runs the rules whose names are wanted, each on a fresh store, and names those that the store breaks, as `module::rule`.
///
/// The tests of [`store_conformance!`](crate::store_conformance) tell more; this is for who wants one answer. Call it on a
/// multi-threaded runtime.
pub async fn broken_rules<S: Store, F: Future<Output = S>>(
    fresh: impl Fn() -> F,
    wanted: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for (name, rule) in rules().into_iter().filter(|(name, _)| wanted(name)) {
        let bench = Bench::new(fresh().await);
        if tokio::spawn(check(rule(bench))).await.is_err() {
            broken.push(name);
        }
    }
    broken
}

type Rule = fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>;

fn rules() -> Vec<(&'static str, Rule)> {
    macro_rules! list {
        ($($module:ident $source:tt { $($rule:ident)* })*) => {
            vec![$($((
                concat!(stringify!($module), "::", stringify!($rule)),
                |bench| Box::pin(crate::__store_rule!($source $rule bench)),
            )),*),*]
        };
    }
    crate::__store_rules!([list])
}

/// Runs a rule on a task of its own, within bounded time.
#[doc(hidden)]
pub async fn check(rule: impl Future<Output = ()> + Send + 'static) {
    match tokio::time::timeout(PATIENCE, tokio::spawn(rule)).await {
        Ok(Ok(())) => {}
        Ok(Err(failed)) => resume_unwind(failed.into_panic()),
        Err(_) => panic!("the store hangs"),
    }
}
