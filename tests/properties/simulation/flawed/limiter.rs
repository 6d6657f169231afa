//! A limiter with a planted defect.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use account::{
    MemoryLimiter,
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter as _, window_end},
};

use super::Defect;
use crate::simulation::{ledger::Book, ports::pause};

pub(crate) struct FlawedLimiter {
    defect: Defect,
    book: Book,
    limiter: MemoryLimiter,
    rows: Mutex<BTreeMap<LimitKeyText, Row>>,
}

#[derive(Clone, Copy)]
struct Row {
    count: u32,
    max: u32,
    reset: Timestamp,
}

impl FlawedLimiter {
    /// One for so many keys.
    pub(crate) fn new(defect: Defect, book: Book, room: usize) -> Self {
        Self { defect, book, limiter: MemoryLimiter::with_capacity(room), rows: Mutex::default() }
    }

    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// How many keys it holds.
    pub(crate) fn held(&self) -> usize {
        self.rows().len().max(self.limiter.len())
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<LimitKeyText, Row>> {
        self.rows.lock().unwrap()
    }

    /// What sets requests apart that should count together.
    fn apart(&self) -> Option<String> {
        let ledger = self.book.open();
        let request = &ledger.tasks[ledger.current].request;
        match self.defect {
            Defect::SpellingsCountedApart => Some((request.way.spelling % 3).to_string()),
            Defect::EndpointsCountedApart => Some(request.operation.to_owned()),
            Defect::NetworksCountedApart => Some(request.way.network.to_string()),
            _ => None,
        }
    }

    pub(crate) async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        let has_own_rows = [
            Defect::CountedInTwoSteps,
            Defect::WindowsSlide,
            Defect::BlockedForgotten,
            Defect::KeysHeldForEver,
        ];
        match self.apart() {
            Some(what) => {
                let key = LimitKeyText::new(key.as_bytes(), "apart", [what.as_bytes()]);
                self.limiter.hit(&key, max, window, now).await
            }
            None if has_own_rows.contains(&self.defect) => Ok(self.count(key, max, window, now).await),
            None => self.limiter.hit(key, max, window, now).await,
        }
    }

    async fn count(&self, key: &LimitKeyText, max: u32, window: Duration, now: Timestamp) -> Quota {
        let reset = match self.has(Defect::WindowsSlide) {
            true => now.after(window),
            false => window_end(now, window),
        };
        let known = self.rows().get(key).copied().filter(|row| now < row.reset);
        let mut row = known.unwrap_or(Row { count: 0, max, reset });
        row.count += 1;
        if self.has(Defect::CountedInTwoSteps) {
            pause().await;
        }
        let mut rows = self.rows();
        if !self.has(Defect::KeysHeldForEver)
            && !rows.contains_key(key)
            && rows.len() >= self.limiter.capacity()
        {
            rows.retain(|_, row| now < row.reset);
            let first = rows.iter().max_by_key(|(_, row)| row.count >= row.max).map(|(key, _)| *key);
            first.filter(|_| rows.len() >= self.limiter.capacity()).map(|key| rows.remove(&key));
        }
        rows.insert(*key, row);
        Quota::after(row.count, max, row.reset)
    }
}

impl fmt::Debug for FlawedLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlawedLimiter({:?})", self.defect)
    }
}
