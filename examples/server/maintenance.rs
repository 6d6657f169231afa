//! Work that no request does: expired data and unused guests are removed, and the security log is
//! kept for 14 days.

use std::time::Duration;

use account::{
    AccountService, Error,
    ports::{Clock, Mailer, SmsSender, Store},
};

use crate::console;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MAX_EVENT_AGE: Duration = DAY.saturating_mul(14);
const MAX_GUEST_AGE: Duration = DAY.saturating_mul(90);
const INTERVAL: Duration = Duration::from_secs(3600);
/// Small enough that requests do not wait long for one batch.
const BATCH: u32 = 500;

/// Runs the maintenance immediately and then every hour, until it is aborted.
pub(crate) async fn run<S: Store, M: Mailer, P: SmsSender, C: Clock>(service: AccountService<S, M, P, C>) {
    let mut hours = tokio::time::interval(INTERVAL);
    for hour in 0_u64.. {
        hours.tick().await;
        report("expired data", sweep(&service).await);
        report("old log entries", forget_events(&service).await);
        // Reads every account, so once a day is enough.
        if hour % 24 == 0 {
            report("unused guests", remove_unused_guests(&service).await);
        }
    }
}

/// A failed step does not keep the others from running.
fn report(what: &str, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        console::notice(format_args!("{what} could not be removed and will be tried again later: {error}"));
    }
}

async fn sweep<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    while !service.sweep(BATCH).await?.is_nothing() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn forget_events<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    while service.forget_events(MAX_EVENT_AGE, BATCH).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn remove_unused_guests<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
) -> Result<(), Error> {
    let mut last = None;
    loop {
        last = service.remove_unused_guests(MAX_GUEST_AGE, last.as_ref(), BATCH).await?.last;
        if last.is_none() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
