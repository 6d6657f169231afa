//! The ports of the simulated service. They tell the [`Ledger`] of everything that happens, and let the simulation decide when.

use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, poll_fn},
    hash::{DefaultHasher, Hash as _},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::Duration,
};

use account::{
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{
        Change, Clock, Loading, Mailer, Parts, SaveError, Select, SendError, SmsSender, Store, StoreError,
        Stored,
    },
    testing::{Fault, FaultPlan},
};
use async_trait::async_trait;

use crate::{
    deeds::{Act, Deed, Purpose},
    model::{Address, Model, NEW, Verdict},
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
    elapsed: i64,
    savers: BTreeMap<u64, (usize, Stage, i64)>,
    pub letters: Vec<Letter>,
    pub trouble: Option<String>,
    pub digest: DefaultHasher,
    unknown: usize,
    pub calls: usize,
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
            (_, deed) => self.model.judge(deed, now),
        }
    }

    /// The current task has seen the state as it is now.
    pub fn look(&mut self) {
        let Some(task) = self.tasks.get(self.current) else { return };
        let verdict = self.verdict(self.current, task.stage, task.now);
        let after = verdict.after.as_deref();
        let person = after.and_then(|after| self.model.people.get(&after.id)).or(after);
        let addresses: Vec<_> = [person, after]
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
    fn commit(&mut self, next: u64, body: &str, events: &[Event]) {
        body.hash(&mut self.digest);
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
                let task = &mut self.tasks[task];
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

    fn removed(&mut self, version: u64, id: &str) {
        let Some((task, stage, now)) = self.savers.remove(&version) else {
            return self.complain("an account was removed that nobody asked for");
        };
        let verdict = self.verdict(task, stage, now);
        if verdict.removes.as_deref() != Some(id) {
            self.complain(format!("{id} was removed"));
        }
        self.model.people.remove(id);
        self.model.log.remove(id);
        self.tasks[task].done += 1;
        self.tasks[task].verdicts.push(verdict.clone());
        self.tasks[task].carried_out = Some(verdict);
    }

    fn appended(&mut self, events: &[Event]) {
        self.look();
        for event in events {
            *self.model.log.entry(event.user.to_string()).or_default() += 1;
        }
        self.tasks[self.current].appended = true;
    }

    /// A message is handed over.
    fn message(&mut self, to: Address, purpose: Option<Purpose>, secret: Option<&str>) {
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
    fn of(after: &crate::model::Person, person: &crate::model::Person) -> Self {
        let new = |ids: Vec<(&String, &String)>| -> Option<String> {
            ids.into_iter().find(|(before, _)| *before == NEW).map(|(_, found)| found.clone())
        };
        let sessions = after.sessions.iter().zip(&person.sessions);
        let tokens = after.tokens.iter().zip(&person.tokens);
        let challenges = after.challenges.iter().zip(&person.challenges);
        Self {
            user: person.id.clone(),
            session: new(sessions.map(|(one, other)| (&one.id, &other.id)).collect()).map(|id| (id, 0)),
            token: new(tokens.map(|(one, other)| (&one.id, &other.id)).collect()),
            challenge: new(challenges.map(|(one, other)| (&one.id, &other.id)).collect()),
            unknown: after.codes.as_ref().and_then(|codes| codes.iter().find(|code| *code == NEW).cloned()),
            generation: person.generation,
        }
    }
}

/// Time as the simulation says.
#[derive(Debug, Clone)]
pub struct SimulatedClock(pub Book);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let mut ledger = self.0.open();
        let (now, current) = (ledger.now, ledger.current);
        if let Some(task) = ledger.tasks.get_mut(current) {
            task.now = now;
        }
        Timestamp::from_millis(now)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.open().elapsed.unsigned_abs())
    }
}

/// Who carries messages: to the ledger, or nowhere.
#[derive(Debug, Clone)]
pub struct Post(pub Book);

impl Post {
    async fn carry(
        &self,
        to: Address,
        purpose: Option<Purpose>,
        secret: Option<String>,
    ) -> Result<(), SendError> {
        pause().await;
        self.0.open().message(to, purpose, secret.as_deref());
        pause().await;
        let ledger = self.0.open();
        match ledger.tasks[ledger.current].is_mute {
            true => Err(SendError::Temporary(None)),
            false => Ok(()),
        }
    }
}

fn secret_of(link: &str) -> String {
    let link = url::Url::parse(link).unwrap();
    link.query_pairs().find(|(name, _)| name == "secret").unwrap().1.into_owned()
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        let to = Address::Email(stored::number(message.to.as_str()));
        let (purpose, secret) = match &message.notice {
            Notice::Verification { link } => {
                (Some(Purpose::EmailVerification), Some(secret_of(link.expose())))
            }
            Notice::Recovery { link } => (Some(Purpose::Recovery), Some(secret_of(link.expose()))),
            Notice::MagicUrl { link, .. } => (Some(Purpose::MagicUrl), Some(secret_of(link.expose()))),
            Notice::EmailCode { code, .. } => (Some(Purpose::EmailCode), Some(code.expose().to_owned())),
            Notice::MfaCode { code, .. } => (None, Some(code.expose().to_owned())),
            _ => (None, None),
        };
        self.carry(to, purpose, secret).await
    }
}

#[async_trait]
impl SmsSender for Post {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        let to = Address::Phone(stored::number(message.to.as_str()));
        let (purpose, code) = match &message.notice {
            TextNotice::SignInCode { code } => (Some(Purpose::PhoneCode), code),
            TextNotice::VerificationCode { code } => (Some(Purpose::PhoneVerification), code),
            TextNotice::MfaCode { code } => (None, code),
            other => panic!("{other:?}"),
        };
        self.carry(to, purpose, Some(code.expose().to_owned())).await
    }
}

/// Lets the simulation decide who goes on.
pub async fn pause() {
    let mut paused = false;
    poll_fn(|_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that another thread answers, so that real time decides nothing.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// The store as it really is; tells the ledger of what happens in it, at the moment it happens.
#[derive(Debug)]
pub struct Watched<S> {
    pub store: S,
    pub book: Book,
}

#[async_trait]
impl<S: Store> Store for Watched<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        let answer = block_on(self.store.load(key, parts));
        self.book.open().look();
        Loading::ready(answer)
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let (next, body, events) = (change.next().to_bits(), change.body()?, change.events().to_vec());
        let answer = block_on(self.store.save(change));
        let mut ledger = self.book.open();
        match &answer {
            Ok(()) => ledger.commit(next, &body, &events),
            Err(_) => ledger.look(),
        }
        answer
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let answer = block_on(self.store.remove(account));
        let mut ledger = self.book.open();
        match &answer {
            Ok(()) => ledger.removed(account.version.to_bits(), account.account.id().as_str()),
            Err(_) => ledger.look(),
        }
        answer
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Stored>, StoreError> {
        block_on(self.store.list(which, limit))
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let answer = block_on(self.store.append(events));
        if answer.is_ok() {
            self.book.open().appended(events);
        }
        answer
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        block_on(self.store.events(user, page))
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        block_on(self.store.forget(before, limit))
    }
}

/// The store as the service sees it: each call waits on both sides until the simulation goes on, and fails where the simulation says so.
#[derive(Debug)]
pub struct Paced<S> {
    pub store: S,
    pub plan: FaultPlan,
    pub book: Book,
}

impl<S: Store> Paced<S> {
    /// Counts a call of the current task and arms its fault. `version`: that of the change.
    fn arm(&self, version: Option<u64>) {
        let mut ledger = self.book.open();
        ledger.calls += 1;
        let current = ledger.current;
        let task = &mut ledger.tasks[current];
        let call = task.calls;
        task.calls += 1;
        let saver = (current, task.stage, task.now);
        self.plan.clear();
        if let Some((_, fault)) = task.fault.filter(|(at, _)| *at == call) {
            task.met = true;
            task.failed |= Fault::FAILURES.contains(&fault);
            task.hangs |= fault == Fault::Hang;
            task.collided |= fault == Fault::Conflict;
            self.plan.fail(0, fault);
        }
        if let Some(version) = version {
            ledger.savers.insert(version, saver);
        }
    }

    fn note<T>(&self, answer: Result<T, SaveError>) -> Result<T, SaveError> {
        if matches!(answer, Err(SaveError::Stale | SaveError::Taken(_))) {
            let mut ledger = self.book.open();
            let current = ledger.current;
            ledger.tasks[current].collided = true;
        }
        answer
    }
}

#[async_trait]
impl<S: Store> Store for Paced<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            pause().await;
            self.arm(None);
            let answer = self.store.load(key, parts).await;
            pause().await;
            answer
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        pause().await;
        self.arm(Some(change.next().to_bits()));
        let answer = self.store.save(change).await;
        pause().await;
        self.note(answer)
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        pause().await;
        self.arm(Some(account.version.to_bits()));
        let answer = self.store.remove(account).await;
        pause().await;
        self.note(answer)
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.store.list(which, limit).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.append(events).await;
        pause().await;
        answer
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.events(user, page).await;
        pause().await;
        answer
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.forget(before, limit).await
    }
}
