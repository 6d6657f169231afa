//! What was counted of a request before it was carried out, and whether it was rightly let through.

use std::hash::Hash as _;

use account::{
    Error,
    ports::{self, LimiterError},
};

use super::Ledger;
use crate::simulation::{
    deeds::{Deed, Way},
    model::limits::{Limit, Quota, limits},
};

const UNAVAILABLE: &str = "general_limiter_unavailable";
const LIMITED: &str = "general_rate_limit_exceeded";

/// A request in front of the service.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) way: Way,
    /// What it is called.
    pub(crate) operation: &'static str,
    limits: Vec<Limit>,
    /// What the service was told by the limiter; `None`: that it fails.
    told: Vec<Option<Quota>>,
}

fn plain(quota: &ports::Quota) -> Quota {
    let ports::Quota { limit, remaining, reset, exceeded, .. } = *quota;
    Quota { most: limit, left: remaining, reset: reset.as_millis(), is_exceeded: exceeded }
}

impl Ledger {
    /// A person asks for this. What comes is counted for them.
    pub(crate) fn ask(&mut self, deed: &Deed, operation: &'static str, way: Way) {
        let limits = limits(deed, way.network);
        self.tasks[self.current].request = Request { way, operation, limits, ..Request::default() };
    }

    /// The limiter has counted a request of the current task, or has not. It holds so many keys.
    pub(crate) fn counted(&mut self, answer: &Result<ports::Quota, LimiterError>, held: usize) {
        let task = &self.tasks[self.current];
        let Request { limits, told, .. } = &task.request;
        let Some(limit) = limits.get(told.len()) else {
            return self.complain("what has no limit is counted");
        };
        let counts = &mut self.model.counts;
        let found = match answer {
            _ if held > counts.room => Err(format!("the limiter holds {held} keys")),
            Ok(quota) => counts.hit(limit, task.now, plain(quota)),
            Err(_) if counts.is_full(task.now) => Ok(()),
            Err(error) => Err(format!("the limiter is not full and says: {error}")),
        };
        if let Err(what) = found {
            self.complain(what);
        }
    }

    /// What of that came back to the service.
    pub(crate) fn told(&mut self, answer: &Result<ports::Quota, LimiterError>) {
        let told = answer.as_ref().ok().map(plain);
        self.tasks[self.current].request.told.push(told);
    }

    /// The service has let the request through, or has not.
    pub(crate) fn admitted(&mut self, outcome: &Result<Option<ports::Quota>, Error>) {
        let task = &mut self.tasks[self.current];
        let Request { limits, told, .. } = &task.request;
        let ends = |(told, limit): (&Option<Quota>, &Limit)| match told {
            Some(quota) => quota.is_exceeded && limit.guards,
            None => true,
        };
        let due = told.iter().zip(limits).position(ends).map_or(limits.len(), |place| place + 1);
        let tightest = told.iter().flatten().min_by_key(|quota| (!quota.is_exceeded, quota.left, quota.most));
        let right = match tightest.copied() {
            _ if told.contains(&None) => (UNAVAILABLE, None),
            Some(quota) if quota.is_exceeded => (LIMITED, Some(quota)),
            quota => ("let through", quota),
        };
        let found = match outcome {
            Ok(quota) => ("let through", quota.as_ref().map(plain)),
            Err(Error::RateLimited(quota)) => (LIMITED, Some(plain(quota))),
            Err(error) => (error.code(), None),
        };
        let seen = told.len();
        found.0.hash(&mut self.digest);
        task.turned_away = outcome.as_ref().err().map(Error::code);
        self.limited += usize::from(right.0 == LIMITED);
        if seen != due {
            self.complain(format!("a request is counted {seen} times and should be {due} times"));
        }
        if found != right {
            self.complain(format!("a request is {found:?} and should be {right:?}"));
        }
    }
}
