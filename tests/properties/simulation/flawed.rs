//! A store with a planted defect: the proof that the simulation finds what is broken.
//!
//! Some defects are those of a store. Others are those of the service, planted by keeping something
//! else than what it decided: the one who does not drop a redeemed token and the one who puts it
//! back leave the same behind.

mod binding;
mod limiter;
mod tamper;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard},
};

use account::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};
use async_trait::async_trait;
use binding::{Former, asked_for};
pub(crate) use limiter::FlawedLimiter;
use serde_json::Value;

use crate::simulation::ledger::Book;

macro_rules! defects {
    ($($(#[doc = $text:literal])* $defect:ident),* $(,)?) => {
        /// What is broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Defect {
            $($(#[doc = $text])* $defect),*
        }

        impl Defect {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$defect),*];
        }
    };
}

defects! {
    /// The control: nothing is.
    None,
    /// A redeemed token can be redeemed again.
    SingleUseDropped,
    /// A wrong guess is acknowledged before it is counted, and counted when a person saves next.
    CountedAfterTheAnswer,
    /// Keys are released although the claims that go with them are refused.
    ReleasedBeforeClaimed,
    /// The last writer wins.
    StaleCompareSkipped,
    /// A proof of an address counts for the next address, too.
    ProofOutlivesTheAddress,
    /// Two accounts may have one key.
    ClaimsNotChecked,
    /// Keys that were released stay taken.
    KeysNeverReleased,
    /// The keys of a removed account stay taken.
    RemovedKeepsKeys,
    /// Now and then a save keeps its log entries to itself.
    EventsLost,
    /// Now and then a save is acknowledged and forgotten.
    SaveLost,
    /// A change is made first and compared afterwards.
    SavedAlthoughStale,
    /// Now and then the state before the present one is read.
    StaleReads,
    /// Now and then a save that was made is called stale.
    DoneCalledStale,
    /// Now and then a crash comes between the value and its keys.
    ValueWithoutKeys,
    /// Preferences are not written.
    AttachmentLost,
    /// Codes take any number of guesses.
    TriesNotCounted,
    /// Accounts take any number of guesses.
    GuessesNotCounted,
    /// No number of guesses locks an account.
    NeverLocked,
    /// Signing out is not written.
    SignedOutLives,
    /// Other sessions outlive a change of password or address.
    SessionsOutliveChanges,
    /// Sessions outlive a recovery.
    SessionsOutliveRecovery,
    /// There may be any number of sessions.
    NoLimitOfSessions,
    /// JWTs outlive what ends them.
    JwtsOutlive,
    /// Tokens and sessions live a day longer than they should.
    ExpiredLives,
    /// A challenge can be answered again.
    ChallengeAnsweredTwice,
    /// A code of the app is good twice.
    AppCodeReplayed,
    /// A recovery code is good twice.
    RecoveryCodeReused,
    /// A block is not written.
    BlockIgnored,
    /// What a stranger set up survives the first proof of the address.
    StrangerStays,
    /// A new session counts as having proved a second factor.
    FactorForNothing,
    /// A new session counts as freshly challenged.
    FreshForNothing,
    /// An earlier code stays good beside a new one.
    EarlierCodeStays,
    /// A session keeps its secret when its powers grow.
    SecretNotRenewed,
    /// What was sent for signing in outlives a change of password.
    EntrancesStay,
    /// What was sent to an address outlives its change.
    CodesOutliveTheAddress,
    /// Devices stay known when all others are to be forgotten.
    DevicesStay,
    /// A sweep is acknowledged and not written.
    SweepLost,
    /// A code or link is good for an address to which it was not sent.
    AddressBindingSkipped,
    /// An account has a secret in it that was sent.
    SecretInTheClear,
    /// Each spelling of an address has limits of its own.
    SpellingsCountedApart,
    /// Each of several ways to the same has limits of its own.
    EndpointsCountedApart,
    /// What is limited for one address or person is limited for each network.
    NetworksCountedApart,
    /// Of requests at once, all count as the same one.
    CountedInTwoSteps,
    /// An hour begins with the first request.
    WindowsSlide,
    /// A limiter without room forgets those who are at a limit first.
    BlockedForgotten,
    /// A limiter takes room without end.
    KeysHeldForEver,
    /// What cannot be counted passes.
    LimiterFailureAdmits,
    /// An earlier challenge stays open beside a new one.
    ChallengesPile,
    /// A flow can be ended again at the same account.
    FlowEndsTwice,
    /// A flow can be ended by a browser that did not begin it.
    FlowOfAnyBrowser,
    /// A flow can be ended by another provider than the one where it began.
    FlowOfAnyProvider,
    /// A flow can be ended in another session than the one that began it.
    FlowOfAnySession,
    /// A code is good for another flow than the one it was given for.
    CodeOfAnyFlow,
    /// Any address counts as one that the provider vouches for.
    AnyAddressVouchedFor,
    /// What was unlinked stays linked.
    UnlinkedStays,
    /// The sessions of an identity outlive it.
    SessionsOutliveTheIdentity,
    /// Versions are counted, again for an account that is removed and made again.
    CounterVersions,
}

pub(crate) struct Flawed {
    defect: Defect,
    book: Book,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    rows: BTreeMap<UserId, Row>,
    keys: BTreeMap<Key, UserId>,
    log: BTreeMap<UserId, Vec<Event>>,
    calls: usize,
    /// A save that is still to be made.
    owed: Option<(UserId, u64, String)>,
    /// Who is to be swept.
    due: Vec<UserId>,
}

#[derive(Clone)]
struct Row {
    version: u64,
    body: String,
    attachment: Option<String>,
    earlier: Option<(u64, String)>,
    former: Vec<Former>,
}

impl Flawed {
    pub(crate) fn new(defect: Defect, book: Book) -> Self {
        Self { defect, book, tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn now_and_then(&self, defect: Defect, tables: &Tables) -> bool {
        self.defect == defect && tables.calls.is_multiple_of(23)
    }

    fn find(&self, key: &Key, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let mut tables = self.tables();
        tables.calls += 1;
        let id = match key {
            Key::Id(id) => Some(*id),
            key => tables.keys.get(key).copied(),
        };
        let Some(row) = id.and_then(|id| tables.rows.get(&id)) else { return Ok(None) };
        let (version, body) = match &row.earlier {
            Some((version, body)) if self.now_and_then(Defect::StaleReads, &tables) => (*version, body),
            _ => (row.version, &row.body),
        };
        let attachment = (parts == Parts::Whole).then_some(row.attachment.as_deref());
        let ledger = self.book.open();
        let shown = asked_for(&ledger, &row.former).map(|former| former.show(body, ledger.now));
        Stored::decode(Version::from_bits(version), shown.as_ref().unwrap_or(body), attachment).map(Some)
    }
}

#[async_trait]
impl Store for Flawed {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::ready(self.find(key, parts))
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let mut tables = self.tables();
        tables.calls += 1;
        let id = *change.after().id();
        if let Some((whose, version, body)) = tables.owed.take()
            && let Some(row) = tables.rows.get_mut(&whose)
            && row.version == version
            && whose != id
        {
            row.body = body;
        }
        let current = tables.rows.get(&id).cloned();
        let before = change.before().map(|stored| stored.version.to_bits());
        let is_stale = before.is_some() && current.as_ref().map(|row| row.version) != before;
        if is_stale && !self.has(Defect::StaleCompareSkipped) && !self.has(Defect::SavedAlthoughStale) {
            return Err(SaveError::Stale);
        }
        if is_stale && current.is_none() {
            return Err(SaveError::Stale);
        }
        if before.is_none() && current.is_some() {
            return Err(SaveError::Taken(Key::Id(id)));
        }
        let (claims, releases) = (change.claims(), change.releases());
        let release = |tables: &mut Tables| {
            if !self.has(Defect::KeysNeverReleased) {
                tables.keys.retain(|key, _| !releases.contains(key));
            }
        };
        if self.has(Defect::ReleasedBeforeClaimed) {
            release(&mut tables);
        }
        let taken = claims.iter().find(|key| tables.keys.get(key).is_some_and(|holder| *holder != id));
        if let Some(taken) = taken.filter(|_| !self.has(Defect::ClaimsNotChecked)) {
            return Err(SaveError::Taken(taken.clone()));
        }
        if self.has(Defect::SweepLost) && change.events().is_empty() && tables.due.contains(&id) {
            return Ok(());
        }
        if self.now_and_then(Defect::SaveLost, &tables) && before.is_some() {
            return Ok(());
        }
        let mut body = change.body()?;
        let mut former = current.as_ref().map(|row| row.former.clone()).unwrap_or_default();
        if self.has(Defect::AddressBindingSkipped)
            && let (Some(row), Some(before)) = (&current, change.before())
        {
            match Former::put_back(before, &row.body, &body) {
                Some(present) => body = present,
                None => former.extend(Former::of(&account(&row.body), &account(&body))),
            }
        }
        if let Some(row) = &current {
            body = self.tamper(&row.body, &body, change.events());
        } else if matches!(
            self.defect,
            Defect::ExpiredLives | Defect::FactorForNothing | Defect::FreshForNothing
        ) {
            body = self.tamper(&body.replace("\"sessions\"", "\"none\""), &body, change.events());
        }
        let version = match self.has(Defect::CounterVersions) {
            true => current.as_ref().map_or(1, |row| row.version + 1),
            false => change.next().to_bits(),
        };
        if self.has(Defect::CountedAfterTheAnswer)
            && let Some(row) = &current
            && run(&body) > run(&row.body)
        {
            tables.owed = Some((id, version, body));
            body = row.body.clone();
        }
        let kept = current.as_ref().and_then(|row| row.attachment.clone());
        let attachment = change.attachment()?.filter(|_| !self.has(Defect::AttachmentLost)).or(kept);
        let earlier = current.map(|row| (row.version, row.body));
        tables.rows.insert(id, Row { version, body, attachment, earlier, former });
        if !self.now_and_then(Defect::ValueWithoutKeys, &tables) {
            tables
                .keys
                .extend(claims.into_iter().filter(|key| !matches!(key, Key::Id(_))).map(|key| (key, id)));
            release(&mut tables);
        }
        if !self.now_and_then(Defect::EventsLost, &tables) {
            tables.log.entry(id).or_default().extend(change.events().iter().cloned());
        }
        match is_stale && self.has(Defect::SavedAlthoughStale)
            || before.is_some() && self.now_and_then(Defect::DoneCalledStale, &tables)
        {
            true => Err(SaveError::Stale),
            false => Ok(()),
        }
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let mut tables = self.tables();
        let id = account.account.id();
        match tables.rows.get(id) {
            Some(row) if row.version == account.version.to_bits() => {
                tables.rows.remove(id);
                tables.log.remove(id);
                if !self.has(Defect::RemovedKeepsKeys) {
                    tables.keys.retain(|_, holder| holder != id);
                }
                Ok(())
            }
            _ => Err(SaveError::Stale),
        }
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let after = match which {
            Select::After(after) => after.copied(),
            _ => None,
        };
        let ids: Vec<UserId> = self.tables().rows.keys().copied().collect();
        let ids = ids.into_iter().filter(|id| after.is_none_or(|after| *id > after));
        let found = ids.filter_map(|id| self.find(&Key::Id(id), Parts::Body).transpose());
        let Select::DueBy(instant) = which else {
            return found.take(limit as usize).map(|found| found.map(Listed::from)).collect();
        };
        let is_due = |stored: &Stored| stored.account.due_at().is_some_and(|at| at <= instant);
        let mut due: Vec<Stored> = found.collect::<Result<Vec<_>, _>>()?.into_iter().filter(is_due).collect();
        due.sort_by_key(|stored| (stored.account.due_at(), *stored.account.id()));
        due.truncate(limit as usize);
        self.tables().due = due.iter().map(|stored| *stored.account.id()).collect();
        Ok(due.into_iter().map(Listed::from).collect())
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for event in events {
            tables.log.entry(event.user).or_default().push(event.clone());
        }
        Ok(())
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let tables = self.tables();
        let log = tables.log.get(user).cloned().unwrap_or_default();
        let events = log.iter().rev().take(page.limit()).cloned().collect();
        Ok(EventPage { events, total: log.len() as u64 })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut forgotten = 0;
        for log in self.tables().log.values_mut() {
            log.retain(|event| {
                let goes = forgotten < limit && event.at < before;
                forgotten += u32::from(goes);
                !goes
            });
        }
        Ok(forgotten)
    }
}

fn account(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap()["account"].take()
}

fn run(body: &str) -> u64 {
    account(body)["failures"]["run"].as_u64().unwrap_or(0)
}

impl fmt::Debug for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flawed({:?})", self.defect)
    }
}
