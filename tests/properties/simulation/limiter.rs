//! The limiter of the simulated service: it tells the ledger of what it counts, and fails where the
//! simulation says so.

use std::{future::pending, sync::Arc, time::Duration};

use account::{
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter},
    testing::Fault,
};
use async_trait::async_trait;

use crate::simulation::{
    flawed::{Defect, FlawedLimiter},
    ledger::{Book, Neighbour},
    ports::pause,
};

/// A limiter as the service sees it.
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(crate) limiter: Arc<FlawedLimiter>,
    pub(crate) book: Book,
}

#[async_trait]
impl RateLimiter for Limiter {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        pause().await;
        let fault = self.book.open().call(Neighbour::Limiter);
        let count = async || {
            let answer = self.limiter.hit(key, max, window, now).await;
            self.book.open().counted(&answer, self.limiter.held());
            answer
        };
        let lost = || Err(LimiterError::unavailable("connection reset"));
        let answer = match fault {
            None => count().await,
            Some(Fault::Before | Fault::Late) => lost(),
            Some(Fault::After) => count().await.and_then(|_| lost()),
            Some(Fault::Conflict) => Err(LimiterError::Full),
            Some(Fault::Repeat) => {
                let first = count().await;
                let _ = count().await;
                first
            }
            Some(Fault::Delay) => {
                pause().await;
                let answer = count().await;
                pause().await;
                answer
            }
            Some(Fault::Hang) => pending().await,
            Some(other) => panic!("{other:?}"),
        };
        self.book.open().told(&answer);
        match answer {
            Err(_) if self.limiter.has(Defect::LimiterFailureAdmits) => {
                Ok(Quota::after(0, max, account::ports::window_end(now, window)))
            }
            answer => answer,
        }
    }
}
