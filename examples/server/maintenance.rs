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
        // Looking for unused guests reads every account.
        if let Err(error) = tidy(&service, hour % 24 == 0).await {
            say::notice(format_args!("expired accounts and old log entries could not be removed: {error}"));
        }
    }
}

async fn tidy<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: &AccountService<S, M, P, C>,
    is_first_of_day: bool,
) -> Result<(), Error> {
    while !service.sweep(STEP).await?.is_nothing() {
        tokio::task::yield_now().await;
    }
    while service.forget_events(LOG, STEP).await? > 0 {
        tokio::task::yield_now().await;
    }
    let mut last = None;
    while is_first_of_day {
        last = service.remove_unused_guests(GUESTS, last.as_ref(), STEP).await?.last;
        if last.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}
