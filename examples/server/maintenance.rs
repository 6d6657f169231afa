//! What no request does: expired things and unused guests go, and the security log is kept for 14 days.

use std::time::Duration;

use account::{
    AccountService, Error,
    ports::{Clock, Mailer, SmsSender, Store},
};

use crate::say;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LOG: Duration = DAY.saturating_mul(14);
const GUESTS: Duration = DAY.saturating_mul(90);
const PERIOD: Duration = Duration::from_secs(3600);
/// Small enough that requests are not held up behind one step.
const STEP: u32 = 500;

/// Tidies at once and then every hour, until it is aborted.
pub(crate) async fn run<S: Store, M: Mailer, P: SmsSender, C: Clock>(service: AccountService<S, M, P, C>) {
    let mut hours = tokio::time::interval(PERIOD);
    for hour in 0_u64.. {
        hours.tick().await;
        told("expired things", sweep(&service).await);
        told("old log entries", forget_events(&service).await);
        // It reads every account.
        if hour % 24 == 0 {
            told("unused guests", remove_unused_guests(&service).await);
        }
    }
}

/// One that fails keeps no other from being done.
fn told(what: &str, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        say::notice(format_args!("{what} could not be removed: {error}"));
    }
}

async fn sweep<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    while !service.sweep(STEP).await?.is_nothing() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn forget_events<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    while service.forget_events(LOG, STEP).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn remove_unused_guests<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    let mut last = None;
    loop {
        last = service.remove_unused_guests(GUESTS, last.as_ref(), STEP).await?.last;
        if last.is_none() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
