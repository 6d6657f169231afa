//! Tests of the [`Store`] contract.
//!
//! [`store_conformance!`](crate::store_conformance) generates one named test for each rule of these
//! modules. Each rule gets a fresh, empty store in a [`Bench`] and uses nothing but the trait.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests fails by panicking"
)]

pub mod attachments;
mod bench;
pub mod cancellation;
mod concurrently;
mod fixtures;
pub mod keys;
pub mod listing;
pub mod log;
pub mod races;
mod rounds;
mod rules;
pub mod service;
pub mod states;
pub mod values;

use std::{future::Future, panic::resume_unwind, pin::Pin};

pub use bench::Bench;
use bench::RULE_TIMEOUT;
pub use fixtures::KeyKind;

use crate::ports::Store;

/// Generates the tests that every [`Store`](crate::ports::Store) must pass, one for each rule of
/// the trait's contract.
///
/// Takes an expression that evaluates to a future of a fresh, empty store; each test evaluates it
/// once. The store must own everything it depends on, such as the directory of its files. The
/// calling crate needs `tokio` with its macros and multi-threaded runtime. The tests are grouped in
/// modules by subject, so invoke the macro in a module of its own. A rule that takes longer than a
/// minute fails.
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

/// Runs the rules whose names pass `wanted`, each on a fresh store, and returns the names of those
/// that the store breaks, as `module::rule`.
///
/// Use it to test all rules in one call, for example to check a deliberately faulty store. The
/// tests of [`store_conformance!`](crate::store_conformance) report more detail. Must be called on
/// a multi-threaded tokio runtime.
#[expect(clippy::future_not_send, reason = "it is Send if its arguments are")]
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

/// Runs a rule on its own task and fails if it does not end in time.
#[doc(hidden)]
pub async fn check(rule: impl Future<Output = ()> + Send + 'static) {
    match tokio::time::timeout(RULE_TIMEOUT, tokio::spawn(rule)).await {
        Ok(Ok(())) => {}
        Ok(Err(failed)) => resume_unwind(failed.into_panic()),
        Err(_) => panic!("the store hangs"),
    }
}
