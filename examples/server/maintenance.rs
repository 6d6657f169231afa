//! Tidying that no request does: the security log is kept for 14 days.

use std::{sync::Arc, time::Duration};

use account::ports::{Clock as _, Store, StoreError, SystemClock};

use crate::say;

const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);
const PERIOD: Duration = Duration::from_secs(3600);
/// Small enough that requests are not held up behind one removal.
const BATCH: u32 = 500;

/// Tidies at once and then every hour, until it is aborted.
pub(crate) async fn run(store: Arc<dyn Store>) {
    let mut hours = tokio::time::interval(PERIOD);
    loop {
        hours.tick().await;
        if let Err(error) = forget_old_events(&*store).await {
            say::notice(format_args!("old log entries could not be removed: {error}"));
        }
    }
}

async fn forget_old_events(store: &dyn Store) -> Result<(), StoreError> {
    let before = SystemClock::default().now().before(KEPT);
    while store.forget(before, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    Ok(())
}
