//! How often what may be asked for: by one network, about one address, by one person, in each hour.

use std::collections::BTreeMap;

use super::{Address, HOUR};
use crate::simulation::deeds::{Act, Deed, Purpose};

/// So many requests pass in each hour of all that agree in whom they are counted for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) most: u32,
    pub(crate) whom: String,
    /// A request beyond it is not counted by the limits that follow.
    pub(crate) guards: bool,
}

/// What a limit says of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quota {
    pub(crate) most: u32,
    pub(crate) left: u32,
    pub(crate) reset: i64,
    pub(crate) is_exceeded: bool,
}

#[derive(Debug, Clone)]
struct Count {
    most: u32,
    hits: u32,
    end: i64,
    /// Another one may have taken its place in a limiter that was full.
    may_be_lost: bool,
}

/// The requests of the present hour.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    counts: BTreeMap<String, Count>,
    /// How many of them a limiter must remember; beyond that it may forget the one who is not at a
    /// limit.
    pub(crate) room: usize,
}

/// What is counted of a request from a network, in this order.
pub(crate) fn limits(deed: &Deed, network: usize) -> Vec<Limit> {
    let limit =
        |most: u32, what: &str, whom: &str| Limit { most, whom: format!("{what} {whom}"), guards: false };
    let net = format!("from {network}");
    let by_net = |most: u32, what: &str| vec![limit(most, what, &net)];
    let about = |guard: u32, most: u32, what: &str, address: Address| {
        let guard = Limit { guards: true, ..limit(guard, what, &net) };
        vec![guard, limit(most, what, &format!("{address:?}"))]
    };
    match deed {
        Deed::SignUp { .. } => by_net(10, "sign-up"),
        Deed::Anonymous | Deed::StartOAuth2(_) | Deed::FinishOAuth2(_) => by_net(50, "any"),
        Deed::SignIn { email, .. } => about(100, 10, "sign-in", Address::Email(*email)),
        Deed::Send(Purpose::MagicUrl, to) => about(60, 60, "link", *to),
        Deed::Send(_, to @ Address::Email(_)) => about(60, 10, "code", *to),
        Deed::Send(_, to @ Address::Phone(_)) => about(10, 10, "text", *to),
        Deed::Redeem { user, .. } => by_net(10, &format!("token of {user}")),
        Deed::FinishVerification { user, .. } => vec![limit(10, "proof", user)],
        Deed::StartRecovery { email } => about(10, 10, "recovery", Address::Email(*email)),
        Deed::FinishRecovery { user, .. } => vec![limit(10, "recovered", user)],
        Deed::As { who, act } => match act {
            Act::Password { .. } => by_net(10, "password"),
            Act::SignOut(_) => by_net(100, "sign-out"),
            Act::SignOutEverywhere => by_net(100, "sign-out everywhere"),
            Act::Extend(_) => by_net(10, "extension"),
            Act::Jwt => vec![limit(100, "jwt", &who.user)],
            Act::StartVerification { phone: false } => vec![limit(10, "verification", &who.user)],
            Act::StartVerification { phone: true } => {
                vec![limit(10, "phone verification", &who.user), limit(10, "phone verification", &net)]
            }
            Act::FinishPhoneVerification { user, .. } => vec![limit(10, "phone proof", user)],
            Act::StartChallenge(_) => vec![limit(10, "challenge", &who.user)],
            Act::FinishChallenge { id, .. } => vec![limit(10, "answer", id)],
            _ => vec![],
        },
        _ => vec![],
    }
}

impl Counts {
    /// Counts one more, and holds what is told of it against that.
    pub(crate) fn hit(&mut self, limit: &Limit, now: i64, told: Quota) -> Result<(), String> {
        let end = (now.div_euclid(HOUR) + 1) * HOUR;
        let fresh = Count { most: limit.most, hits: 0, end, may_be_lost: false };
        let may_be_new = self.counts.get(&limit.whom).is_none_or(|count| count.may_be_lost);
        let is_crowded = may_be_new && self.live(now).count() >= self.room;
        for count in self.counts.values_mut() {
            count.may_be_lost |= count.end <= now || is_crowded && count.hits < count.most;
        }
        let count = self.counts.entry(limit.whom.clone()).or_insert(fresh.clone());
        if count.end <= now {
            *count = fresh.clone();
        }
        // What was counted while the clock was far ahead does not last for more than an hour beyond
        // the present one.
        count.end = count.end.min(end + HOUR);
        let lost = Count { hits: 1, ..fresh };
        count.hits += 1;
        if count.may_be_lost && lost.quota() == told {
            *count = lost;
        }
        match count.quota() {
            right if right == told => Ok(()),
            right => Err(format!("{limit:?} tells {told:?} where {right:?} should be")),
        }
    }

    /// Whether all the room there is holds those who are at a limit.
    pub(crate) fn is_full(&self, now: i64) -> bool {
        self.live(now).filter(|count| count.hits >= count.most).count() >= self.room
    }

    /// The limiter begins again.
    pub(crate) fn forget(&mut self) {
        self.counts.clear();
    }

    fn live(&self, now: i64) -> impl Iterator<Item = &Count> {
        self.counts.values().filter(move |count| now < count.end)
    }
}

impl Count {
    fn quota(&self) -> Quota {
        let left = self.most.saturating_sub(self.hits);
        Quota { most: self.most, left, reset: self.end, is_exceeded: self.hits > self.most }
    }
}
