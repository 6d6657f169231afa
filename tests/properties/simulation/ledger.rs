//! Everything that is known from outside: who does what, how far they are, and what the model says
//! of it.

mod flow;
mod link;
mod request;
mod task;

use std::{
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash as _},
    sync::{Arc, Mutex, MutexGuard},
};

use account::{model::Event, testing::Fault};
use flow::Flows;
use link::wrong_link;
pub(crate) use task::{Changed, Neighbour, Stage, Task};

use crate::simulation::{
    deeds::{Deed, Purpose},
    model::{Address, Model, NEW, Person, Verdict},
    secrets::Secrets,
    stored::{self, Body, Seen},
};

/// A message that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) user: String,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) challenge: Option<String>,
    pub(crate) secret: String,
}

/// Everything that is known from outside.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) model: Model,
    pub(crate) seen: Seen,
    pub(crate) tasks: Vec<Task>,
    /// The task that is being polled.
    pub(crate) current: usize,
    pub(crate) now: i64,
    pub(crate) elapsed: i64,
    /// How many calls of the store or limiter are still to fail, no matter who makes them.
    pub(crate) outage: usize,
    /// Who has asked for a change, by its version.
    pub(crate) savers: BTreeMap<u64, (usize, Stage, i64)>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) secrets: Secrets,
    pub(crate) trouble: Option<String>,
    pub(crate) digest: DefaultHasher,
    pub(crate) flows: Flows,
    unknown: usize,
    pub(crate) calls: usize,
    /// How many requests were one too many.
    pub(crate) limited: usize,
    /// How many changes there were.
    pub(crate) changes: usize,
}

/// A handle to the ledger.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Ledger>>);

impl Book {
    pub(crate) fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Book(…)")
    }
}

impl Ledger {
    pub(crate) fn complain(&mut self, what: impl Into<String>) {
        let task = self.tasks.get(self.current).map(|task| format!("{:?}", task.deed));
        self.trouble.get_or_insert(format!("{}, in task {}: {task:?}", what.into(), self.current));
    }

    pub(crate) fn advance(&mut self, millis: i64) {
        self.now += millis;
        self.elapsed += millis.max(0);
    }

    /// Counts a call of the current task, and tells what is to befall it.
    pub(crate) fn call(&mut self, neighbour: Neighbour) -> Option<Fault> {
        let task = &mut self.tasks[self.current];
        let call = task.calls;
        task.calls += 1;
        if self.outage > 0 {
            self.outage -= 1;
            task.met = true;
            return Some(Fault::Before);
        }
        let (_, fault) = task.fault.filter(|(at, _)| *at == call)?;
        task.met = true;
        task.at = Some(neighbour);
        task.hangs |= fault == Fault::Hang;
        Some(fault)
    }

    fn verdict(&self, task: usize, stage: Stage, now: i64) -> Verdict {
        let Task { deed, device, .. } = &self.tasks[task];
        let device = device.as_deref();
        if let (Stage::Check, Some(who)) = (stage, deed.who()) {
            return self.model.judge_check(who, deed.is_exempt(), now);
        }
        match (stage, deed) {
            (Stage::Apart(_), Deed::FinishOAuth2(back)) => self.model.judge_return(back, device, now),
            (Stage::Apart(address), deed) => self.model.judge_apart(deed, address, now),
            (_, deed) => self.model.judge(deed, device, now),
        }
    }

    /// The current task has seen the state as it is now.
    pub(crate) fn look(&mut self) {
        let Some(task) = self.tasks.get(self.current) else { return };
        let verdict = self.verdict(self.current, task.stage, task.now);
        let after = verdict.after.as_deref();
        let person = after.and_then(|after| self.model.people.get(&after.id)).or(after);
        let asker = task.deed.who().and_then(|who| self.model.people.get(&who.user));
        let addresses: Vec<_> = [person, after, asker]
            .into_iter()
            .flatten()
            .flat_map(|person| {
                let email = person.email.map(|(email, _)| Address::Email(email));
                email.into_iter().chain(person.phone.map(|(phone, _)| Address::Phone(phone)))
            })
            .collect();
        let task = &mut self.tasks[self.current];
        task.addresses.extend(addresses);
        task.verdicts.push(verdict);
    }

    pub(crate) fn enter(&mut self, stage: Stage) {
        let task = &mut self.tasks[self.current];
        task.stage = stage;
        task.verdicts.clear();
    }

    /// A change has been made.
    pub(crate) fn commit(&mut self, next: u64, body: &str, events: &[Event]) {
        body.hash(&mut self.digest);
        self.changes += 1;
        let form = serde_json::from_str::<Body>(body).unwrap().account;
        let Some((task, stage, now)) = self.savers.remove(&next) else {
            return self.complain("a change was made twice, or nobody asked for it");
        };
        if let Some(event) = events.iter().find(|event| event.at.as_millis() != now) {
            self.complain(format!("{} is not logged at its time", event.kind.name()));
        }
        if let Some(code) = self.tasks[task].turned_away {
            self.complain(format!("it is done and should be refused as {code}"));
        }
        self.log(events);
        let events: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        let verdict = self.verdict(task, stage, now);
        let expected = verdict.after.clone().filter(|_| verdict.events == events);
        let found = match &expected {
            Some(after) => stored::compare(after, &form, &mut self.seen),
            None => {
                Err(format!("logs {events:?} where {:?} should be, {:?}", verdict.events, verdict.refusal))
            }
        };
        match found {
            Ok(mut person) => {
                let Some(after) = expected else { return };
                let mut changed = Changed::of(&after, &person);
                if changed.unknown.is_none() && after.app.as_ref().is_some_and(|app| app.seed.is_none()) {
                    changed.unknown = Some(NEW.into());
                }
                if changed.unknown.is_some() {
                    self.unknown += 1;
                    let name = format!("{NEW}{}", self.unknown);
                    if let Some(app) = person.app.as_mut().filter(|app| app.seed.is_none()) {
                        app.seed = Some(name.clone());
                    }
                    if person.codes.as_ref().is_some_and(|codes| codes[0] == NEW) {
                        person.codes = Some(vec![name.clone()]);
                    }
                    changed.unknown = Some(name);
                }
                changed.session = changed.session.or_else(|| match &self.tasks[task].deed {
                    Deed::As { who, .. } => {
                        let own = person.sessions.iter().find(|session| session.id == who.session);
                        own.map(|session| (session.id.clone(), session.secret))
                    }
                    _ => None,
                });
                let before = self.model.people.get(&person.id);
                let due = Model::messages(&self.tasks[task].deed, before, &person);
                if let Some(wrong) = wrong_link(&self.tasks[task].deed, before, &person, now) {
                    self.complain(format!("of {}: {wrong}", person.id));
                }
                let task = &mut self.tasks[task];
                task.due = due;
                task.done += 1;
                task.changed = Some(changed);
                task.verdicts.push(verdict.clone());
                task.carried_out = Some(verdict.clone());
                if let Some(address) = verdict.apart {
                    task.stage = Stage::Apart(address);
                    task.verdicts.clear();
                }
                self.model.people.insert(person.id.clone(), person);
            }
            Err(wrong) => {
                // Whatever has expired may be dropped at any time, and use may be noted once a day.
                let person = self.model.people.get(&form.id).filter(|_| events.is_empty());
                let tidied = person.map(|person| person.tidied(now));
                let used = tidied.clone().filter(|person| now - person.accessed >= 86_400_000);
                let used = used.map(|person| Person { accessed: now, ..person });
                let mut likely = [tidied, used].into_iter().flatten();
                match likely.find(|person| stored::compare(person, &form, &mut self.seen).is_ok()) {
                    Some(person) => {
                        self.tasks[task].swept += 1;
                        self.model.people.insert(person.id.clone(), person);
                    }
                    None => self.complain(format!("saved of {}: {wrong}", form.id)),
                }
            }
        }
    }

    pub(crate) fn removed(&mut self, version: u64, id: &str) {
        let Some((task, stage, now)) = self.savers.remove(&version) else {
            return self.complain("an account was removed that nobody asked for");
        };
        let verdict = self.verdict(task, stage, now);
        let person = self.model.people.get(id);
        let may_go = match &self.tasks[task].deed {
            Deed::Sweep { .. } => person.is_some_and(|person| person.is_abandoned(now)),
            Deed::RemoveGuests { days } => person.is_some_and(|person| person.is_unused(*days, now)),
            _ => verdict.removes.as_deref() == Some(id),
        };
        if !may_go {
            self.complain(format!("{id} was removed"));
        }
        self.tasks[task].swept += 1;
        self.model.people.remove(id);
        self.model.log.remove(id);
        self.tasks[task].done += 1;
        self.tasks[task].verdicts.push(verdict.clone());
        self.tasks[task].carried_out = Some(verdict);
    }

    pub(crate) fn appended(&mut self, events: &[Event]) {
        self.look();
        self.log(events);
        self.tasks[self.current].appended = true;
    }

    fn log(&mut self, events: &[Event]) {
        for event in events {
            self.model.log.entry(event.user.to_string()).or_default().push(event.at.as_millis());
        }
    }

    /// So many log entries that are older were removed.
    pub(crate) fn forgotten(&mut self, before: i64, count: u32) {
        self.look();
        let mut old = 0;
        for log in self.model.log.values_mut() {
            let all = log.len();
            log.retain(|at| *at >= before);
            old += all - log.len();
        }
        if old != count as usize {
            self.complain(format!("{count} log entries are forgotten and {old} should be"));
        }
        self.tasks[self.current].swept += old;
    }

    /// A message is handed over.
    pub(crate) fn message(&mut self, to: Address, purpose: Option<Purpose>, secret: Option<&str>) {
        let task = &mut self.tasks[self.current];
        task.messages += 1;
        let (is_mute, changed) = (task.is_mute, task.changed.clone());
        let known = task.addresses.contains(&to);
        if task.done == 0 {
            self.complain("a message tells of what has not happened");
        }
        if !known {
            self.complain(format!("a message goes to {to:?}"));
        }
        let (Some(secret), Some(changed)) = (secret, changed) else { return };
        self.secrets.learn(secret);
        let right = match &self.tasks[self.current].deed {
            Deed::Send(_, address) => *address == to,
            Deed::StartRecovery { email } => Address::Email(*email) == to,
            _ => true,
        };
        if !right {
            self.complain("a secret goes to somebody else");
        }
        if let Some(person) = self.model.people.get_mut(&changed.user) {
            for token in person.tokens.iter_mut().filter(|token| changed.token.as_ref() == Some(&token.id)) {
                token.secret = Some(secret.into());
            }
            for challenge in person.challenges.iter_mut() {
                if changed.challenge.as_ref() == Some(&challenge.id) {
                    challenge.code = Some(secret.into());
                }
            }
        }
        if !is_mute {
            let Changed { user, challenge, .. } = changed;
            self.letters.push(Letter { user, purpose, challenge, secret: secret.into() });
        }
    }
}
