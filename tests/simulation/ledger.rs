//! Everything that is known from outside: who does what, how far they are, and what the model says of it.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    hash::{DefaultHasher, Hash as _},
    sync::{Arc, Mutex, MutexGuard},
};

use account::{model::Event, testing::Fault};

use crate::{
    deeds::{Act, Deed, Purpose},
    model::{Address, Model, NEW, Person, Verdict},
    stored::{self, Body, Seen},
};

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// Who asks is being checked.
    Check,
    Act,
    /// The address that was proved gets an account of its own.
    Apart(Address),
}

/// An operation that is under way, or was.
pub struct Task {
    pub deed: Deed,
    /// The digest of the device that asks.
    pub device: Option<String>,
    pub stage: Stage,
    /// What it read from the clock last.
    pub now: i64,
    pub calls: usize,
    pub fault: Option<(usize, Fault)>,
    /// Its messages get lost.
    pub is_mute: bool,
    /// What the model said at each of its calls in this stage.
    pub verdicts: Vec<Verdict>,
    /// How often it changed an account as the model says it should.
    pub done: usize,
    pub changed: Option<Changed>,
    /// What the model said when it changed something last.
    pub carried_out: Option<Verdict>,
    pub appended: bool,
    /// A call of its failed or hung.
    pub failed: bool,
    pub hangs: bool,
    /// A save of its was too late.
    pub collided: bool,
    /// Its fault came.
    pub met: bool,
    /// Whoever asked has gone.
    pub is_left: bool,
    addresses: Vec<Address>,
    pub messages: usize,
    /// How many it should send. `None`: one or none.
    pub due: Option<usize>,
    /// How many changes there were before it began.
    pub since: usize,
    /// What it came to.
    pub outcome: &'static str,
}

/// What a change brought that only the service knew.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    pub user: String,
    pub session: Option<(String, u32)>,
    pub token: Option<String>,
    pub challenge: Option<String>,
    /// The digest of a device that was not known.
    pub device: Option<String>,
    pub unknown: Option<String>,
    pub generation: u32,
}

/// A message that has arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    pub user: String,
    pub purpose: Option<Purpose>,
    pub challenge: Option<String>,
    pub secret: String,
}

/// Everything that is known from outside.
#[derive(Default)]
pub struct Ledger {
    pub model: Model,
    pub seen: Seen,
    pub tasks: Vec<Task>,
    /// The task that is being polled.
    pub current: usize,
    pub now: i64,
    pub elapsed: i64,
    /// How many calls of the store are still to fail, whoever makes them.
    pub outage: usize,
    /// Who has asked for a change, by its version.
    pub savers: BTreeMap<u64, (usize, Stage, i64)>,
    pub letters: Vec<Letter>,
    /// Every secret that was sent, answered or entered.
    pub secrets: Vec<String>,
    /// Every word that was ever saved.
    words: HashSet<String>,
    pub trouble: Option<String>,
    pub digest: DefaultHasher,
    unknown: usize,
    pub calls: usize,
    /// How many changes there were.
    pub changes: usize,
}

/// A handle to the ledger.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<Ledger>>);

impl Book {
    pub fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Book(…)")
    }
}

impl Task {
    pub fn new(deed: Deed, fault: Option<(usize, Fault)>, is_mute: bool, now: i64) -> Self {
        let stage = if matches!(deed, Deed::As { .. } | Deed::Check(_)) { Stage::Check } else { Stage::Act };
        Self {
            deed,
            device: None,
            stage,
            now,
            calls: 0,
            fault,
            is_mute,
            verdicts: Vec::new(),
            done: 0,
            changed: None,
            carried_out: None,
            appended: false,
            failed: false,
            hangs: false,
            collided: false,
            met: false,
            is_left: false,
            addresses: Vec::new(),
            messages: 0,
            due: Some(0),
            since: 0,
            outcome: "has not ended",
        }
    }
}

impl Ledger {
    pub fn complain(&mut self, what: impl Into<String>) {
        let task = self.tasks.get(self.current).map(|task| format!("{:?}", task.deed));
        self.trouble.get_or_insert(format!("{}, in task {}: {task:?}", what.into(), self.current));
    }

    pub fn advance(&mut self, millis: i64) {
        self.now += millis;
        self.elapsed += millis.max(0);
    }

    /// Remembers the words of what was saved. Secrets are made of letters that no word ends at.
    pub fn keep(&mut self, text: &str) {
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter)) {
            if !self.words.contains(word) {
                self.words.insert(word.into());
            }
        }
    }

    pub fn keep_events(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.keep(&serde_json::to_string(event).unwrap()));
    }

    /// Whether a text was ever saved as a word of its own.
    pub fn was_kept(&self, text: &str) -> bool {
        self.words.contains(text.trim_end_matches('='))
    }

    fn verdict(&self, task: usize, stage: Stage, now: i64) -> Verdict {
        let deed = &self.tasks[task].deed;
        match (stage, deed) {
            (Stage::Check, Deed::Check(who)) => self.model.judge_check(who, false, now),
            (Stage::Check, Deed::As { who, act }) => {
                let exempt =
                    matches!(act, Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_));
                self.model.judge_check(who, exempt, now)
            }
            (Stage::Apart(address), deed) => self.model.judge_apart(deed, address, now),
            (_, deed) => self.model.judge(deed, self.tasks[task].device.as_deref(), now),
        }
    }

    /// The current task has seen the state as it is now.
    pub fn look(&mut self) {
        let Some(task) = self.tasks.get(self.current) else { return };
        let verdict = self.verdict(self.current, task.stage, task.now);
        let after = verdict.after.as_deref();
        let person = after.and_then(|after| self.model.people.get(&after.id)).or(after);
        let asker = match &task.deed {
            Deed::As { who, .. } => self.model.people.get(&who.user),
            _ => None,
        };
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

    pub fn enter(&mut self, stage: Stage) {
        let task = &mut self.tasks[self.current];
        task.stage = stage;
        task.verdicts.clear();
    }

    /// A change has been made.
    pub fn commit(&mut self, next: u64, body: &str, events: &[Event]) {
        body.hash(&mut self.digest);
        self.changes += 1;
        let form = serde_json::from_str::<Body>(body).unwrap().account;
        let events: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        let Some((task, stage, now)) = self.savers.remove(&next) else {
            return self.complain("a change was made twice, or nobody asked for it");
        };
        let verdict = self.verdict(task, stage, now);
        *self.model.log.entry(form.id.clone()).or_default() += events.len();
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
                // Whatever has expired may be dropped at any time.
                let tidied = self.model.people.get(&form.id).map(|person| person.tidied(now));
                let is_tidied = events.is_empty()
                    && tidied
                        .as_ref()
                        .is_some_and(|tidied| stored::compare(tidied, &form, &mut self.seen).is_ok());
                match tidied.filter(|_| is_tidied) {
                    Some(tidied) => drop(self.model.people.insert(tidied.id.clone(), tidied)),
                    None => self.complain(format!("saved of {}: {wrong}", form.id)),
                }
            }
        }
    }

    pub fn removed(&mut self, version: u64, id: &str) {
        let Some((task, stage, now)) = self.savers.remove(&version) else {
            return self.complain("an account was removed that nobody asked for");
        };
        let verdict = self.verdict(task, stage, now);
        let is_swept = matches!(self.tasks[task].deed, Deed::Sweep)
            && self.model.people.get(id).is_some_and(|person| person.is_abandoned(now));
        if verdict.removes.as_deref() != Some(id) && !is_swept {
            self.complain(format!("{id} was removed"));
        }
        self.model.people.remove(id);
        self.model.log.remove(id);
        self.tasks[task].done += 1;
        self.tasks[task].verdicts.push(verdict.clone());
        self.tasks[task].carried_out = Some(verdict);
    }

    pub fn appended(&mut self, events: &[Event]) {
        self.look();
        for event in events {
            *self.model.log.entry(event.user.to_string()).or_default() += 1;
        }
        self.tasks[self.current].appended = true;
    }

    /// A message is handed over.
    pub fn message(&mut self, to: Address, purpose: Option<Purpose>, secret: Option<&str>) {
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
        self.secrets.push(secret.into());
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

impl Changed {
    fn of(after: &Person, person: &Person) -> Self {
        let new = |ids: Vec<(&String, &String)>| -> Option<String> {
            ids.into_iter().find(|(before, _)| *before == NEW).map(|(_, found)| found.clone())
        };
        let sessions = after.sessions.iter().zip(&person.sessions);
        let tokens = after.tokens.iter().zip(&person.tokens);
        let challenges = after.challenges.iter().zip(&person.challenges);
        let devices = after.devices.iter().zip(&person.devices);
        Self {
            user: person.id.clone(),
            session: new(sessions.map(|(one, other)| (&one.id, &other.id)).collect()).map(|id| (id, 0)),
            token: new(tokens.map(|(one, other)| (&one.id, &other.id)).collect()),
            challenge: new(challenges.map(|(one, other)| (&one.id, &other.id)).collect()),
            device: new(devices.map(|(one, other)| (&one.digest, &other.digest)).collect()),
            unknown: after.codes.as_ref().and_then(|codes| codes.iter().find(|code| *code == NEW).cloned()),
            generation: person.generation,
        }
    }
}
