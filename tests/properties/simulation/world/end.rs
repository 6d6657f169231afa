//! What must hold at the end of a life.

use std::collections::BTreeSet;

use account::{
    model::{Key, Timestamp},
    ports::{Parts, Select, Store as _},
    testing::Snapshot,
};

use super::{
    ENOUGH, World,
    perform::{email, phone},
};
use crate::simulation::{
    deeds::{Deed, Way},
    model::Address,
    ports::block_on,
    steps::Kind,
    stored::{self, Body},
};

impl World<'_> {
    /// A minute later the application sweeps, and nothing that has expired is left.
    pub(super) fn sweep(&mut self) {
        let mut ledger = self.book.open();
        ledger.advance(60_000);
        ledger.outage = 0;
        drop(ledger);
        for _ in 0..ENOUGH {
            let task = self.begin(0, Kind::Sweep, Deed::Sweep { limit: 10 }, None, Way::default());
            self.end(0);
            if self.book.open().tasks[task].swept == 0 {
                break;
            }
        }
        let now = self.book.open().now;
        let due = block_on(self.store.list(Select::DueBy(Timestamp::from_millis(now)), 1)).unwrap();
        let mut ledger = self.book.open();
        let mut people = ledger.model.people.values();
        let left = people.find(|person| **person != person.tidied(now) || person.is_abandoned(now));
        if left.is_some() || !due.is_empty() {
            let what = format!("after a sweep there is {left:?}, and the store has {due:?}");
            ledger.complain(what);
        }
    }

    /// Whose each address is in the store.
    fn found(&self) -> Vec<(Address, Option<String>)> {
        let addresses = (0..4).flat_map(|number| [Address::Email(number), Address::Phone(number)]);
        let found = addresses.map(|address| {
            let key = match address {
                Address::Email(number) => Key::Mailbox(email(number)),
                Address::Phone(number) => Key::Phone(phone(number)),
            };
            let found = block_on(self.store.load(&key, Parts::Body)).unwrap();
            (address, found.map(|stored| stored.account.id().to_string()))
        });
        found.collect()
    }

    /// At the end the store holds what the model says, found by every key and by nothing else.
    pub(super) fn compare_all(&mut self) {
        let snapshot = block_on(Snapshot::of(&self.store)).unwrap();
        let found = self.found();
        let mut guard = self.book.open();
        let ledger = &mut *guard;
        let mut wrong = None;
        let ids: BTreeSet<_> = snapshot.accounts().map(|(id, ..)| id.to_string()).collect();
        if ids != ledger.model.people.keys().cloned().collect() {
            wrong = Some(format!("the accounts are {ids:?}"));
        }
        for (id, body, attachment) in snapshot.accounts() {
            let form = serde_json::from_str::<Body>(body).unwrap().account;
            let Some(person) = ledger.model.people.get(id.as_str()) else { continue };
            if let Err(what) = stored::compare(person, &form, &mut ledger.seen) {
                wrong = Some(format!("the store holds of {id}: {what}"));
            }
            let preferences = format!(r#"{{"n":{}}}"#, person.preferences);
            let holds =
                attachment.contains(&preferences.replace('"', "\\\"")) || attachment.contains(&preferences);
            if person.preferences != 0 && !holds {
                wrong = Some(format!("the preferences of {id} are {attachment}"));
            }
            let identities = person.identities.iter().map(|identity| identity.id.clone()).collect();
            let with_tokens = stored::with_tokens(attachment);
            if with_tokens != identities {
                wrong = Some(format!("{id} has tokens of {with_tokens:?} and identities {identities:?}"));
            }
            let logged = ledger.model.log.get(id.as_str()).map_or(0, Vec::len);
            if snapshot.events(id) != logged {
                wrong =
                    Some(format!("{id} has {} log entries and should have {logged}", snapshot.events(id)));
            }
        }
        for (address, found) in found {
            let holder = match address {
                Address::Email(email) => ledger.model.mailbox(email),
                Address::Phone(_) => ledger.model.holder(address),
            };
            if found != holder.map(|person| person.id.clone()) {
                wrong = Some(format!("{address:?} leads to {found:?}"));
            }
        }
        let held = snapshot.to_string();
        if let Some(secret) = ledger.secrets.saved().or(ledger.secrets.within(&held)) {
            wrong = Some(format!("the secret {secret} is saved"));
        }
        if let Some(who) = self.held.last().filter(|who| !ledger.secrets.has_saved(&who.session)) {
            wrong = Some(format!("nothing is found, not even the session {}", who.session));
        }
        if let Some(what) = wrong {
            ledger.complain(what);
        }
    }
}
