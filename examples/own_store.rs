//! A custom store: everything is behind one lock, which makes every guarantee of the trait easy to
//! keep.
//!
//! `cargo run --example own_store` signs a user up and in. This runs the conformance suite on the
//! store: `cargo test --features testing --example own_store`

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
};

use account::{
    AccountService, Config, MasterKey, SignUp,
    model::{ClientInfo, Event, EventId, EventPage, Key, PageQuery, Password, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};
use async_trait::async_trait;

#[derive(Debug, Default)]
struct OwnStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<UserId, Stored>,
    holders: BTreeMap<Key, UserId>,
    log: BTreeMap<(UserId, EventId), Event>,
}

impl OwnStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entries(events: &[Event]) -> impl Iterator<Item = ((UserId, EventId), Event)> {
    events.iter().map(|event| ((event.user, event.id), event.clone()))
}

#[async_trait]
impl Store for OwnStore {
    fn load<'a>(&'a self, key: &'a Key, _: Parts) -> Loading<'a> {
        let state = self.state();
        Loading::ready(Ok(state.holders.get(key).and_then(|id| state.accounts.get(id)).cloned()))
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let (mut state, id) = (self.state(), *change.after().id());
        let current = state.accounts.get(&id);
        if let Some(before) = change.before()
            && current.map(|stored| stored.version) != Some(before.version)
        {
            return Err(SaveError::Stale);
        }
        let (whole, claims) = (change.whole(current), change.claims());
        if let Some(taken) = claims.iter().find(|key| state.holders.contains_key(key)) {
            return Err(SaveError::Taken(taken.clone()));
        }
        // Nothing can fail from here on.
        state.holders.extend(claims.into_iter().map(|key| (key, id)));
        let releases = change.releases();
        state.holders.retain(|key, _| !releases.contains(key));
        state.accounts.insert(id, whole);
        state.log.extend(entries(change.events()));
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let (mut state, id) = (self.state(), *account.account.id());
        if state.accounts.get(&id).map(|stored| stored.version) != Some(account.version) {
            return Err(SaveError::Stale);
        }
        state.accounts.remove(&id);
        state.holders.retain(|_, holder| *holder != id);
        state.log.retain(|(user, _), _| *user != id);
        Ok(())
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let (state, limit) = (self.state(), usize::try_from(limit).unwrap_or(usize::MAX));
        let all = state.accounts.values();
        let mut found: Vec<_> = match which {
            Select::After(after) => all.filter(|it| Some(it.account.id()) > after).cloned().collect(),
            Select::DueBy(instant) => {
                let is_due = |it: &&Stored| it.account.due_at().is_some_and(|at| at <= instant);
                let mut due: Vec<_> = all.filter(is_due).cloned().collect();
                due.sort_by_key(|it| it.account.due_at());
                due
            }
            _ => return Err(StoreError::Unavailable(None)),
        };
        found.truncate(limit);
        Ok(found.into_iter().map(Listed::from).collect())
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.state().log.extend(entries(events));
        Ok(())
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let state = self.state();
        let all: Vec<_> = state.log.values().filter(|event| event.user == *user).rev().collect();
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let events = all.iter().skip(offset).take(page.limit()).map(|event| Event::clone(event)).collect();
        Ok(EventPage { events, total: all.len() as u64 })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let (mut state, mut deleted) = (self.state(), 0);
        state.log.retain(|_, event| {
            let is_deleted = event.at < before && deleted < limit;
            deleted += u32::from(is_deleted);
            !is_deleted
        });
        Ok(deleted)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new(MasterKey::generate()?);
    let service = AccountService::builder(OwnStore::default()).config(config).build()?;
    let password = || Password::parse("correct horse battery staple".to_owned());
    let email: account::model::Email = "ada@example.com".parse()?;

    let client = ClientInfo::default();
    let user = service.sign_up(SignUp::new(email.clone(), password()?), &client).await?;
    let signed_in = service.sign_in_with_password(email, password()?, &client).await?;
    let caller = service.caller(&signed_in.secret).await?;
    println!("{} signed up and has session {}", user.id(), caller.session_id());
    Ok(())
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    account::store_conformance!(async { super::OwnStore::default() });
}
