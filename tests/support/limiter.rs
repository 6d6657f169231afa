//! A limiter that cannot count.

use std::time::Duration;

use account::{
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter},
};
use async_trait::async_trait;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Down {
    Unavailable,
    Full,
}

#[async_trait]
impl RateLimiter for Down {
    async fn hit(&self, _: &LimitKeyText, _: u32, _: Duration, _: Timestamp) -> Result<Quota, LimiterError> {
        Err(match self {
            Self::Unavailable => LimiterError::unavailable("connection refused"),
            Self::Full => LimiterError::Full,
        })
    }
}
