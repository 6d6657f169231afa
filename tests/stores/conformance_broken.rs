//! Stores that break one promise each must fail the rules that are made for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use account::{
    conformance::store::broken_rules,
    model::{Event, EventId, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};
use async_trait::async_trait;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Checks under one lock and writes under the next.
    ChecksThenWrites,
    /// The same, without a point at which another task could run on the same thread.
    ChecksUnderAnotherLock,
    /// Never compares versions.
    LastWriteWins,
    /// Compares versions on changes, not on removals.
    RemovesWhateverIsThere,
    /// Creates over an account that is there.
    CreatesOverAnAccount,
    /// Brings back a removed account if a person changes it.
    RevivesTheRemoved,
    /// Never frees a key.
    NeverReleases,
    /// Keeps the keys of removed accounts.
    RemovalKeepsKeys,
    /// Takes keys only when an account is created.
    ClaimsOnlyAtFirst,
    /// Frees keys before it knows whether the claims can be taken.
    ReleasesBeforeItClaims,
    /// Names the key that it would have claimed first, not the one that is taken.
    NamesTheWrongKey,
    /// Looks for taken keys before it compares versions.
    TakenBeforeStale,
    /// Counts versions up and caches accounts by id and version.
    CountsVersions,
    /// Keeps versions in 63 bits.
    DropsABit,
    /// Answers from a copy that is one save old.
    ServesStaleReads,
    /// Compares mailboxes and tokens without case.
    IgnoresCase,
    /// Compares ids without case.
    IgnoresCaseOfIds,
    /// Reads keys as patterns.
    MatchesPatterns,
    /// Forgets to write the events of a change.
    DropsEvents,
    /// Writes events before it knows whether the change can be made.
    KeepsEventsOfRefusedSaves,
    /// Keeps the log of removed accounts.
    RemovalKeepsTheLog,
    /// Refuses events of accounts that are not there, as a foreign key does.
    KnowsOnlyLogsOfAccounts,
    /// Gives the oldest event first.
    OldestFirst,
    /// Gives the length of the page as the total.
    CountsThePage,
    /// Forgets without minding the limit.
    ForgetsAll,
    /// Forgets what happened in that very instant, too.
    ForgetsOneInstantTooMuch,
    /// Loses preferences that a change did not touch.
    LosesAttachments,
    /// Never replaces preferences that are there.
    KeepsFirstAttachments,
    /// Lists in the order of lower-case ids.
    SortsLikePeople,
    /// Lists the account to go on after once more.
    ListsFromAndNotAfter,
    /// Lists who is due by id.
    DueById,
    /// Takes "by" for "before".
    DueBefore,
    /// Does not write the body and the keys in one step: a caller may leave, and a reader come, in
    /// between.
    WritesInTwoSteps,
}

#[derive(Debug)]
struct Faulty(Fault, Mutex<State>);

#[derive(Debug, Default, Clone)]
struct State {
    accounts: BTreeMap<UserId, Stored>,
    holders: BTreeMap<String, UserId>,
    log: BTreeMap<(UserId, EventId), Event>,
    /// What the last save found.
    earlier: Option<Box<Self>>,
    cache: BTreeMap<(UserId, u64), Stored>,
    attachments: BTreeMap<UserId, String>,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.0 == fault
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, key: &Key) -> String {
        let text = key.to_text();
        match (self.0, key) {
            (Fault::IgnoresCase, Key::TargetIdentifier(_) | Key::Identity { .. }) => text.to_lowercase(),
            (Fault::IgnoresCaseOfIds, Key::Id(_)) => text.to_lowercase(),
            _ => text,
        }
    }

    fn holder(&self, state: &State, key: &Key) -> Option<UserId> {
        let wanted = self.index(key);
        let matches = |held: &String| match self.0 {
            Fault::MatchesPatterns => is_like(held, &wanted),
            _ => *held == wanted,
        };
        match self.has(Fault::MatchesPatterns) {
            true => state.holders.iter().find(|(held, _)| matches(held)).map(|(_, id)| *id),
            false => state.holders.get(&wanted).copied(),
        }
    }

    fn version(&self, version: Version) -> Version {
        match self.0 {
            Fault::DropsABit => Version::from_bits(version.to_bits() & (u64::MAX >> 1)),
            _ => version,
        }
    }

    fn is_expected(&self, change: &Change<'_>, current: Option<&Stored>) -> bool {
        let Some(before) = change.before() else { return true };
        match self.0 {
            Fault::LastWriteWins => current.is_some(),
            Fault::RevivesTheRemoved => current.is_none_or(|current| current.version == before.version),
            _ => current.is_some_and(|current| current.version == self.version(before.version)),
        }
    }

    fn check(&self, state: &State, change: &Change<'_>) -> Result<(), SaveError> {
        let current = state.accounts.get(change.after().id());
        let is_expected = self.is_expected(change, current);
        if !is_expected && !self.has(Fault::TakenBeforeStale) {
            return Err(SaveError::Stale);
        }
        let mut claims = change.claims();
        if self.has(Fault::CreatesOverAnAccount) {
            claims.retain(|key| !matches!(key, Key::Id(_)));
        }
        if self.has(Fault::ClaimsOnlyAtFirst) && change.before().is_some() {
            claims.clear();
        }
        if claims.iter().any(|key| self.holder(state, key).is_some()) {
            let wrong = self.has(Fault::NamesTheWrongKey);
            let taken = claims.iter().find(|key| wrong || self.holder(state, key).is_some());
            return Err(taken.map_or(SaveError::Stale, |key| SaveError::Taken(key.clone())));
        }
        if is_expected { Ok(()) } else { Err(SaveError::Stale) }
    }

    fn claim(&self, state: &mut State, change: &Change<'_>) {
        let id = *change.after().id();
        let first_only = self.has(Fault::ClaimsOnlyAtFirst) && change.before().is_some();
        if !first_only {
            let claims: Vec<_> = change.claims().iter().map(|key| (self.index(key), id)).collect();
            state.holders.extend(claims);
        }
        if !self.has(Fault::NeverReleases) {
            for key in change.releases() {
                state.holders.remove(&self.index(&key));
            }
        }
    }

    fn put(&self, state: &mut State, change: &Change<'_>) -> Result<(), StoreError> {
        let id = *change.after().id();
        let current = state.accounts.get(&id).cloned();
        let mut whole = change.whole(current.as_ref());
        whole.version = self.version(whole.version);
        let (body, changed) = (change.body()?, change.attachment()?);
        match self.0 {
            Fault::LosesAttachments => {
                whole = Stored::decode(whole.version, &body, Some(changed.as_deref()))?;
            }
            Fault::KeepsFirstAttachments => {
                if let Some(text) = changed {
                    state.attachments.entry(id).or_insert(text);
                }
                let first = state.attachments.get(&id).map(String::as_str);
                whole = Stored::decode(whole.version, &body, Some(first))?;
            }
            Fault::CountsVersions => {
                let count = current.map_or(1, |current| current.version.to_bits() + 1);
                whole.version = Version::from_bits(count);
                whole = state.cache.entry((id, count)).or_insert(whole).clone();
            }
            _ => {}
        }
        state.accounts.insert(id, whole);
        Ok(())
    }
}

#[async_trait]
impl Store for Faulty {
    fn load<'a>(&'a self, key: &'a Key, _: Parts) -> Loading<'a> {
        Loading::of(async move {
            let state = self.state();
            let seen =
                state.earlier.as_deref().filter(|_| self.has(Fault::ServesStaleReads)).unwrap_or(&state);
            Ok(self.holder(seen, key).and_then(|id| seen.accounts.get(&id)).cloned())
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        if self.has(Fault::KeepsEventsOfRefusedSaves) {
            self.append_events(change.events()).await?;
        }
        if self.has(Fault::ReleasesBeforeItClaims) {
            let mut state = self.state();
            if self.is_expected(&change, state.accounts.get(change.after().id())) {
                for key in change.releases() {
                    state.holders.remove(&self.index(&key));
                }
            }
        }
        let early = self.has(Fault::ChecksThenWrites) || self.has(Fault::ChecksUnderAnotherLock);
        if early {
            self.check(&self.state(), &change)?;
        }
        match self.0 {
            Fault::ChecksThenWrites => tokio::task::yield_now().await,
            Fault::ChecksUnderAnotherLock => std::thread::yield_now(),
            _ => {}
        }
        {
            let mut state = self.state();
            if self.has(Fault::ServesStaleReads) {
                state.earlier = None;
                let copy = state.clone();
                state.earlier = Some(Box::new(copy));
            }
            if !early {
                self.check(&state, &change)?;
            }
            self.put(&mut state, &change)?;
            if !self.has(Fault::WritesInTwoSteps) {
                self.claim(&mut state, &change);
            }
        }
        if self.has(Fault::WritesInTwoSteps) {
            tokio::task::yield_now().await;
            self.claim(&mut self.state(), &change);
        }
        match self.has(Fault::DropsEvents) {
            true => Ok(()),
            false => Ok(self.append_events(change.events()).await?),
        }
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let (mut state, id) = (self.state(), *account.account.id());
        let Some(current) = state.accounts.get(&id) else { return Err(SaveError::Stale) };
        let anything = self.has(Fault::RemovesWhateverIsThere) || self.has(Fault::LastWriteWins);
        if current.version != self.version(account.version) && !anything {
            return Err(SaveError::Stale);
        }
        state.accounts.remove(&id);
        let keeps = self.has(Fault::RemovalKeepsKeys);
        let own = self.index(&Key::Id(id));
        state.holders.retain(|key, holder| *holder != id || (keeps && *key != own));
        if !self.has(Fault::RemovalKeepsTheLog) {
            state.log.retain(|(user, _), _| *user != id);
        }
        Ok(())
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let state = self.state();
        let mut found: Vec<_> = match which {
            Select::After(after) => {
                let bound =
                    if self.has(Fault::ListsFromAndNotAfter) { Bound::Included } else { Bound::Excluded };
                let from = after.map_or(Bound::Unbounded, bound);
                state.accounts.range((from, Bound::Unbounded)).map(|(_, stored)| stored.clone()).collect()
            }
            Select::DueBy(instant) => {
                let before = self.has(Fault::DueBefore);
                let is_due = |at: Timestamp| if before { at < instant } else { at <= instant };
                let due =
                    state.accounts.values().filter(|stored| stored.account.due_at().is_some_and(is_due));
                let mut due: Vec<_> = due.cloned().collect();
                if !self.has(Fault::DueById) {
                    due.sort_by_key(|stored| stored.account.due_at());
                }
                due
            }
            _ => return Err(StoreError::Unavailable(None)),
        };
        if self.has(Fault::SortsLikePeople) {
            found.sort_by_key(|stored| stored.account.id().as_str().to_lowercase());
        }
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found.into_iter().map(Listed::from).collect())
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let mut state = self.state();
        for event in events {
            if self.has(Fault::KnowsOnlyLogsOfAccounts) && !state.accounts.contains_key(&event.user) {
                return Err(StoreError::Unavailable(None));
            }
            state.log.insert((event.user, event.id), event.clone());
        }
        Ok(())
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let state = self.state();
        let mut all: Vec<_> = state.log.values().filter(|event| event.user == *user).cloned().collect();
        if !self.has(Fault::OldestFirst) {
            all.reverse();
        }
        let total = all.len();
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let events: Vec<_> = all.into_iter().skip(offset).take(page.limit()).collect();
        let total = if self.has(Fault::CountsThePage) { events.len() } else { total };
        Ok(EventPage { events, total: total as u64 })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let (mut state, mut forgotten) = (self.state(), 0);
        let limit = if self.has(Fault::ForgetsAll) { u32::MAX } else { limit };
        let too_much = self.has(Fault::ForgetsOneInstantTooMuch);
        state.log.retain(|_, event| {
            let is_old = event.at < before || (too_much && event.at == before);
            let goes = is_old && forgotten < limit;
            forgotten += u32::from(goes);
            !goes
        });
        Ok(forgotten)
    }
}

/// SQL's LIKE: `%` stands for anything, `_` for one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            text.char_indices().any(|(at, _)| is_like(&text[at..], rest.as_str()))
                || is_like("", rest.as_str())
        }
        Some(first) => {
            let mut others = text.chars();
            others.next().is_some_and(|other| first == '_' || first == other)
                && is_like(others.as_str(), rest.as_str())
        }
    }
}

/// Which of these rules a store with this fault breaks, without the noise of the panics.
async fn broken_by(fault: Fault, wanted: impl Fn(&str) -> bool + Send + Sync) -> BTreeSet<&'static str> {
    std::panic::set_hook(Box::new(|_| ()));
    let broken = broken_rules(|| async { Faulty(fault, Mutex::default()) }, wanted).await;
    let _ = std::panic::take_hook();
    broken.into_iter().collect()
}

/// Each fault with rules that are made for it.
const AIMED_AT: &[(Fault, &[&str])] = &[
    (
        Fault::ChecksThenWrites,
        &["keys_of_mailboxes::one_of_many_new_accounts_gets_the_key", "races::no_change_is_lost"],
    ),
    (
        Fault::LastWriteWins,
        &[
            "states::a_change_from_an_earlier_state_is_stale",
            "races::one_of_many_changes_of_one_state_is_made",
        ],
    ),
    (Fault::RemovesWhateverIsThere, &["states::a_removal_from_an_earlier_state_is_stale"]),
    (Fault::CreatesOverAnAccount, &["states::an_id_is_created_once"]),
    (Fault::RevivesTheRemoved, &["states::a_change_of_a_removed_account_is_stale"]),
    (
        Fault::NeverReleases,
        &[
            "keys_of_phones::a_released_key_leads_nowhere",
            "keys_of_targets::a_key_moves_from_one_account_to_another",
        ],
    ),
    (Fault::RemovalKeepsKeys, &["keys_of_identities::a_removed_account_frees_its_key"]),
    (Fault::ClaimsOnlyAtFirst, &["keys_of_mailboxes::a_change_claims_a_free_key"]),
    (Fault::ReleasesBeforeItClaims, &["keys_of_phones::a_refused_change_releases_nothing"]),
    (Fault::NamesTheWrongKey, &["keys_of_mailboxes::the_taken_key_is_named_among_free_ones"]),
    (Fault::TakenBeforeStale, &["keys_of_mailboxes::stale_wins_over_taken"]),
    (Fault::CountsVersions, &["states::no_state_outlives_a_removal"]),
    (Fault::DropsABit, &["values::versions_are_compared_in_full", "values::every_version_is_kept"]),
    (Fault::ServesStaleReads, &["races::an_acknowledged_save_is_seen_by_everybody"]),
    (Fault::IgnoresCase, &["values::device_tokens_that_look_alike_are_distinct"]),
    (Fault::IgnoresCaseOfIds, &["values::ids_differ_in_case"]),
    (
        Fault::MatchesPatterns,
        &["values::addresses_with_percent_signs_are_no_patterns", "values::ids_have_no_wildcards"],
    ),
    (Fault::DropsEvents, &["log::entries_are_saved_with_a_change"]),
    (Fault::KeepsEventsOfRefusedSaves, &["log::a_stale_change_leaves_no_entry"]),
    (Fault::RemovalKeepsTheLog, &["states::an_account_made_again_sees_nothing_of_the_old"]),
    (Fault::KnowsOnlyLogsOfAccounts, &["log::entries_of_unknown_accounts_can_be_appended"]),
    (Fault::OldestFirst, &["log::the_newest_entry_comes_first"]),
    (Fault::CountsThePage, &["log::a_page_has_at_most_its_limit"]),
    (Fault::ForgetsAll, &["log::no_more_entries_are_forgotten_than_asked_for"]),
    (Fault::ForgetsOneInstantTooMuch, &["log::an_entry_of_that_instant_is_kept"]),
    (Fault::LosesAttachments, &["attachments::a_change_keeps_preferences_that_were_not_loaded"]),
    (Fault::KeepsFirstAttachments, &["attachments::a_change_replaces_preferences"]),
    (Fault::SortsLikePeople, &["listing::accounts_are_listed_bytewise_by_id"]),
    (Fault::ListsFromAndNotAfter, &["listing::a_list_goes_on_after_an_id"]),
    (Fault::DueById, &["listing::the_earliest_due_comes_first"]),
    (Fault::DueBefore, &["listing::due_is_what_expires_by_that_instant"]),
    (Fault::WritesInTwoSteps, &["cancellation::a_dropped_change_is_whole_or_nothing"]),
];

/// Faults of which all rules are asked, and how many of them must notice.
const NOTICED_BY: &[(Fault, usize)] = &[
    (Fault::ChecksThenWrites, 15),
    (Fault::ChecksUnderAnotherLock, 1),
    (Fault::LastWriteWins, 25),
    (Fault::NeverReleases, 60),
    (Fault::CountsVersions, 150),
];

// One test, because the hook that silences panics is the process's.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_fault_fails_the_rules_that_are_made_for_it() {
    assert_eq!(broken_by(Fault::None, |_| true).await, BTreeSet::new(), "without a fault every rule holds");
    for (fault, aimed_at) in AIMED_AT {
        let broken = broken_by(*fault, |rule| aimed_at.contains(&rule)).await;
        assert_eq!(broken, aimed_at.iter().copied().collect(), "{fault:?} must break the rules aimed at it");
    }
    for (fault, least) in NOTICED_BY {
        let broken = broken_by(*fault, |_| true).await;
        assert!(broken.len() >= *least, "{fault:?} breaks only {broken:?}");
    }
}
