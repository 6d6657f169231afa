//! The simulated world: the real service, those who use it, and a judge.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    hash::{Hash as _, Hasher as _},
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use account::{
    AccountService, Config, EmailSignIn, Error, GenericToken, NewPushTarget, SessionHolder, SignUp,
    model::{
        AllowedRedirects, CheckedUrl, Client, CustomId, PageQuery, Password, SecondFactor, SessionSecret,
        User, UserId,
    },
    ports::{NoLimits, Store},
    testing::{Fault, FaultyStore, InstantHasher, SeededEntropy, Snapshot, totp},
};

use crate::{
    deeds::{Act, Deed, Factor, HostAct, Jwt, Purpose, Who},
    model::{Address, LIMIT_OF_GUESSES, LIMIT_OF_SESSIONS, Person, Verdict},
    ports::{Book, Letter, Paced, Post, SimulatedClock, Stage, Task, Watched, block_on},
    steps::{Kind, SLOTS, Step},
    stored::{self, Body},
};

type Service = AccountService<Arc<dyn Store>, Post, Post, SimulatedClock>;
type Run = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// The instant at which every simulation begins.
const START: i64 = 1_767_225_600_000;
const PASSWORDS: [&str; 3] = ["tr4verse-Cobalt-heron", "another-Cobalt-egret", "third-Umber-bittern"];
/// More pauses than any operation has.
const ENOUGH: usize = 400;

/// What an operation answered.
enum Answer {
    Done,
    SignedIn { user: String, session: String, wire: String },
    Secret(Option<String>),
    Token { user: String, secret: Option<String> },
    Jwt(String),
    Seed(String),
    Codes(Vec<String>),
    View(String),
}

/// A store that can be closed and opened again.
pub trait Home {
    fn open(&self) -> Arc<dyn Store>;
}

pub struct Keeps(pub Arc<dyn Store>);

impl Home for Keeps {
    fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

#[cfg(feature = "sqlite")]
pub struct SqliteFile(crate::scratch::Scratch);

#[cfg(feature = "sqlite")]
impl SqliteFile {
    pub fn new() -> Self {
        Self(crate::scratch::Scratch::new())
    }
}

#[cfg(feature = "sqlite")]
impl Home for SqliteFile {
    fn open(&self) -> Arc<dyn Store> {
        let builder = account::SqliteStore::builder().readers(1).mapped_bytes(0);
        Arc::new(builder.open(self.0.file("account.db")).unwrap())
    }
}

/// How a simulation went.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub trouble: Option<String>,
    /// What was done until there was trouble.
    pub history: Vec<String>,
    pub operations: usize,
    /// Operations that met a fault or were broken off.
    pub disturbed: usize,
    pub succeeded: usize,
    pub changed: usize,
    pub calls: usize,
    pub digest: u64,
    /// How many were begun and how many succeeded.
    pub kinds: BTreeMap<Kind, (usize, usize)>,
    /// How many met which fault, by its place among [`Fault::ALL`].
    pub faults: BTreeMap<(Kind, usize), usize>,
}

struct World<'a> {
    home: &'a dyn Home,
    store: Arc<dyn Store>,
    service: Service,
    entropy: SeededEntropy,
    book: Book,
    slots: [Option<(usize, Kind, Run)>; SLOTS],
    held: Vec<Who>,
    challenges: Vec<(Who, String, Factor)>,
    report: Report,
}

/// Lives through the steps, until something is wrong.
pub fn live(home: &dyn Home, seed: u64, steps: &[Step]) -> Report {
    let book = Book::default();
    book.open().now = START;
    let entropy = SeededEntropy::new(seed);
    let store = home.open();
    let service = serve(&store, &book, &entropy);
    let mut world = World {
        home,
        store,
        service,
        entropy,
        book,
        slots: Default::default(),
        held: Vec::new(),
        challenges: Vec::new(),
        report: Report::default(),
    };
    for step in steps {
        world.step(step);
        if world.book.open().trouble.is_some() {
            return world.close();
        }
    }
    for slot in 0..SLOTS {
        world.end(slot);
    }
    world.restart();
    world.compare_all();
    world.close()
}

fn serve(store: &Arc<dyn Store>, book: &Book, entropy: &SeededEntropy) -> Service {
    let key =
        account::MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| (i * 7 % 256) as u8)).unwrap();
    let mut config = Config::new(key);
    config.session_limit = LIMIT_OF_SESSIONS;
    config.session_lifetime = std::time::Duration::from_secs(30 * 86_400);
    config.guesses.run = LIMIT_OF_GUESSES;
    config.passwords.refuse_common = false;
    let watched = Watched { store: Arc::clone(store), book: book.clone() };
    let faulty = FaultyStore::new(watched);
    let paced = Paced { plan: faulty.plan(), store: faulty, book: book.clone() };
    AccountService::builder(Arc::new(paced) as Arc<dyn Store>)
        .config(config)
        .mailer(Post(book.clone()))
        .sms(Post(book.clone()))
        .clock(SimulatedClock(book.clone()))
        .hasher(InstantHasher::default())
        .entropy(entropy.clone())
        .limiter(NoLimits)
        .build()
        .unwrap()
}

fn email(number: usize) -> account::model::Email {
    format!("person-{number}@example.com").parse().unwrap()
}

fn phone(number: usize) -> account::model::Phone {
    format!("+1617555120{number}").parse().unwrap()
}

fn page() -> CheckedUrl {
    AllowedRedirects::new(["localhost"], []).unwrap().check("http://localhost/here").unwrap()
}

/// One of a list, mostly of the last few.
fn pick<T: Clone>(list: &[T], pick: usize) -> Option<T> {
    let reach = if pick.is_multiple_of(4) { list.len() } else { list.len().min(6) };
    let back = (pick / 4).checked_rem(reach)?;
    list.get(list.len() - 1 - back).cloned()
}

impl World<'_> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Begin { slot, kind, picks, fault, is_mute } => {
                self.end(*slot);
                let deed = self.deed(*kind, *picks);
                let Some(deed) = deed else { return };
                let mut ledger = self.book.open();
                let now = ledger.now;
                let task = ledger.tasks.len();
                ledger.tasks.push(Task::new(deed.clone(), *fault, *is_mute, now));
                drop(ledger);
                let run = Box::pin(perform(self.service.clone(), deed, self.book.clone()));
                self.slots[*slot] = Some((task, *kind, run));
                self.report.operations += 1;
                self.report.kinds.entry(*kind).or_default().0 += 1;
            }
            Step::GoOn { slot, times } => {
                for _ in 0..*times {
                    if self.poll(*slot) {
                        break;
                    }
                }
            }
            Step::Leave { slot } => self.leave(*slot),
            Step::Wait { millis } => self.book.open().advance(*millis),
            Step::Restart => self.restart(),
        }
    }

    /// Polls an operation once; tells whether nothing is under way there any more.
    fn poll(&mut self, slot: usize) -> bool {
        let Some((task, kind, run)) = &mut self.slots[slot] else { return true };
        let (task, kind) = (*task, *kind);
        self.book.open().current = task;
        let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let std::task::Poll::Ready(outcome) = polled else {
            task.hash(&mut self.book.open().digest);
            return false;
        };
        self.slots[slot] = None;
        self.ended(task, kind);
        if outcome.is_ok() {
            self.report.succeeded += 1;
            self.report.kinds.entry(kind).or_default().1 += 1;
        }
        self.judge(task, outcome);
        true
    }

    /// Whoever asked has gone.
    fn leave(&mut self, slot: usize) {
        if let Some((task, kind, _)) = self.slots[slot].take() {
            self.book.open().tasks[task].is_left = true;
            self.ended(task, kind);
        }
    }

    fn ended(&mut self, task: usize, kind: Kind) {
        let ledger = self.book.open();
        let task = &ledger.tasks[task];
        self.report.disturbed += usize::from(task.met || task.is_left || task.is_mute && task.messages > 0);
        let fault = task.fault.filter(|_| task.met);
        if let Some(place) = fault.and_then(|(_, fault)| Fault::ALL.iter().position(|other| *other == fault))
        {
            *self.report.faults.entry((kind, place)).or_default() += 1;
        }
    }

    /// Lets an operation come to its end.
    fn end(&mut self, slot: usize) {
        for round in 0..ENOUGH {
            if self.poll(slot) {
                return;
            }
            let hangs = |task: usize| self.book.open().tasks[task].hangs;
            if self.slots[slot].as_ref().is_some_and(|(task, ..)| hangs(*task)) && round > 40 {
                return self.leave(slot);
            }
            // It may wait for another one.
            if round > 60 {
                for other in (0..SLOTS).filter(|other| *other != slot) {
                    self.poll(other);
                    let hangs = |task: usize| self.book.open().tasks[task].hangs;
                    if self.slots[other].as_ref().is_some_and(|(task, ..)| hangs(*task)) && round > 200 {
                        self.leave(other);
                    }
                }
            }
        }
        self.book.open().complain("it does not come to an end");
    }

    fn restart(&mut self) {
        (0..SLOTS).for_each(|slot| self.leave(slot));
        // Closes the file, too.
        let nothing: Arc<dyn Store> = Arc::new(account::MemoryStore::new());
        self.store = Arc::clone(&nothing);
        self.service = serve(&nothing, &self.book, &self.entropy);
        self.store = self.home.open();
        self.service = serve(&self.store, &self.book, &self.entropy);
    }

    fn close(mut self) -> Report {
        let mut ledger = self.book.open();
        let trouble = ledger.trouble.take();
        let (calls, digest) = (ledger.calls, ledger.digest.finish());
        self.report.changed = ledger.tasks.iter().map(|task| task.done).sum();
        if trouble.is_some() {
            let told = |task: &Task| {
                format!("{:?}, {:?}: {}", task.deed, task.fault.filter(|_| task.met), task.outcome)
            };
            self.report.history = ledger.tasks.iter().map(told).collect();
        }
        drop(ledger);
        Report { trouble, calls, digest, ..self.report }
    }

    /// At the end the store holds what the model says, found by every key and by nothing else.
    fn compare_all(&mut self) {
        let snapshot = block_on(Snapshot::of(&self.store)).unwrap();
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
            let logged = ledger.model.log.get(id.as_str()).copied().unwrap_or_default();
            if snapshot.events(id) != logged {
                wrong =
                    Some(format!("{id} has {} log entries and should have {logged}", snapshot.events(id)));
            }
        }
        for address in (0..4).flat_map(|number| [Address::Email(number), Address::Phone(number)]) {
            let key = match address {
                Address::Email(number) => account::model::Key::Mailbox(email(number)),
                Address::Phone(number) => account::model::Key::Phone(phone(number)),
            };
            let found = block_on(self.store.load(&key, account::ports::Parts::Body)).unwrap();
            let found = found.map(|stored| stored.account.id().to_string());
            if found != ledger.model.holder(address).map(|person| person.id.clone()) {
                wrong = Some(format!("{address:?} leads to {found:?}"));
            }
        }
        if let Some(what) = wrong {
            ledger.complain(what);
        }
    }

    /// Makes a deed of what is there.
    fn deed(&self, kind: Kind, [a, b, c]: [usize; 3]) -> Option<Deed> {
        let ledger = self.book.open();
        let people: Vec<&Person> = ledger.model.people.values().collect();
        let someone =
            |pick: usize| people.get(pick.checked_rem(people.len())?).map(|person| person.id.clone());
        // What still counts, mostly; now and then what has long been spent or has expired.
        let counts = |letter: &Letter| {
            let person = ledger.model.people.get(&letter.user);
            person.is_some_and(|person| {
                let is_it = |token: &crate::model::Token| token.secret.as_ref() == Some(&letter.secret);
                person.tokens.iter().any(|token| is_it(token) && ledger.now < token.expires)
            })
        };
        let letter = |number: usize, purposes: &[Purpose]| -> Option<Letter> {
            let fit = |letter: &&Letter| letter.purpose.is_some_and(|purpose| purposes.contains(&purpose));
            let mut letters: Vec<&Letter> = ledger.letters.iter().rev().filter(fit).take(24).collect();
            letters.reverse();
            let good: Vec<&Letter> = letters.iter().copied().filter(|letter| counts(letter)).collect();
            pick(&good, number).filter(|_| c % 7 != 0).or(pick(&letters, number)).cloned()
        };
        // Right mostly; now and then for somebody else, or a guess.
        let said = |letter: Option<Letter>| -> Option<(String, String)> {
            let Letter { user, secret, .. } = match letter {
                Some(letter) => letter,
                None if c % 8 != 5 => return None,
                None => {
                    Letter { user: someone(b)?, purpose: None, challenge: None, secret: "no-idea".into() }
                }
            };
            Some(match c % 12 {
                0 => (someone(b)?, secret),
                1 | 2 => (user, "wrong!".into()),
                3 if secret.len() > 32 => (user, secret.chars().rev().collect()),
                _ => (user, secret),
            })
        };
        let may = |who: &&Who| ledger.model.judge_check(who, true, ledger.now).refusal.is_none();
        let recent = self.held.iter().rev().take(if kind.is_for_guests() { 0 } else { 40 });
        let mut able: Vec<&Who> = recent.filter(may).collect();
        able.reverse();
        let suited = |who: &Who| {
            let Some(person) = ledger.model.people.get(&who.user) else { return false };
            match kind {
                Kind::ConfirmApp | Kind::AddApp => {
                    person.app.as_ref().is_some_and(|app| !app.verified) == (kind == Kind::ConfirmApp)
                }
                Kind::StartEmailVerification => person.email.is_some_and(|(_, proven)| !proven),
                Kind::StartPhoneVerification => person.phone.is_some_and(|(_, proven)| !proven),
                Kind::ReadCodes | Kind::ReplaceCodes => {
                    let own = person.sessions.iter().find(|session| session.id == who.session);
                    person.codes.is_some() && own.is_some_and(|session| session.challenged.is_some())
                }
                Kind::Mfa => !person.mfa,
                Kind::RemoveApp => person.app.is_some(),
                Kind::ChangeTarget | Kind::RemoveTarget => !person.targets.is_empty(),
                _ => true,
            }
        };
        let best: Vec<&Who> = able.iter().copied().filter(|who| suited(who)).collect();
        let who = match c % 9 {
            _ if kind.is_for_guests() => None,
            0 => pick(&self.held, a),
            1 | 2 => pick(&able, a).cloned(),
            _ => pick(&best, a).or(pick(&able, a)).cloned(),
        };
        let who = who.map(|who| Who { keeps: c % 2 == 0, ..who });
        // Mostly the right password.
        let password = |person: Option<&Person>| match person.and_then(|person| person.password) {
            Some(password) if c % 4 != 0 => password,
            _ => c / 4 % PASSWORDS.len(),
        };
        let session = || {
            let own = who.as_ref()?;
            let others: Vec<_> = self.held.iter().filter(|other| other.user == own.user).collect();
            match b % 3 {
                0 => Some(own.session.clone()),
                _ => pick(&others, b / 3).map(|other| other.session.clone()),
            }
        };
        let me = who.as_ref().and_then(|who| ledger.model.people.get(&who.user));
        let app = |user: &str| match &ledger.model.people.get(user)?.app {
            Some(app) if c % 8 != 0 => {
                let seed = app.seed.as_ref().filter(|seed| !seed.starts_with('?'))?;
                let at = ledger.now - [0, 0, 0, 30_000, -30_000, 60_000][c / 8 % 6];
                Some(totp(seed, account::model::Timestamp::from_millis(at)))
            }
            _ => None,
        };
        let act = match kind {
            Kind::SignUp => {
                let taken = |number: &usize| ledger.model.holder(Address::Email(*number)).is_some();
                let free: Vec<usize> = (0..4).filter(|number| !taken(number)).collect();
                let email = pick(&free, a).filter(|_| c % 4 != 0).unwrap_or(a % 4);
                let id = (b % 3 != 0).then(|| format!("user-{}", b / 3 % 2));
                return Some(Deed::SignUp { id, email, password: c % PASSWORDS.len() });
            }
            Kind::Anonymous => return Some(Deed::Anonymous),
            Kind::SignIn => {
                let known: Vec<_> = people.iter().filter(|person| person.password.is_some()).collect();
                let known = pick(&known, a).filter(|_| c % 7 != 0).and_then(|person| person.email);
                let address = known.map_or(a % 4, |(address, _)| address);
                let person = ledger.model.holder(Address::Email(address));
                return Some(Deed::SignIn { email: address, password: password(person) });
            }
            Kind::EmailCode => return Some(Deed::Send(Purpose::EmailCode, Address::Email(a % 4))),
            Kind::MagicUrl => return Some(Deed::Send(Purpose::MagicUrl, Address::Email(a % 4))),
            Kind::PhoneCode => return Some(Deed::Send(Purpose::PhoneCode, Address::Phone(a % 3))),
            Kind::Redeem => {
                let all = [
                    Purpose::EmailCode,
                    Purpose::MagicUrl,
                    Purpose::PhoneCode,
                    Purpose::Generic,
                    Purpose::Recovery,
                ];
                let (user, secret) = said(letter(a, &all[..4 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::Redeem { user, secret });
            }
            Kind::FinishVerification => {
                let all = [Purpose::EmailVerification, Purpose::MagicUrl];
                let (user, secret) = said(letter(a, &all[..1 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::FinishVerification { user, secret });
            }
            Kind::StartRecovery => return Some(Deed::StartRecovery { email: a % 4 }),
            Kind::FinishRecovery => {
                let all = [Purpose::Recovery, Purpose::EmailVerification];
                let (user, secret) = said(letter(a, &all[..1 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::FinishRecovery { user, secret, password: b % PASSWORDS.len() });
            }
            Kind::Check => return Some(Deed::Check(who?)),
            Kind::HostBlock => return Some(Deed::Host { user: someone(a)?, act: HostAct::Block(true) }),
            Kind::HostUnblock => {
                let blocked = people.iter().find(|person| person.blocked).map(|person| person.id.clone());
                return Some(Deed::Host { user: blocked.or(someone(a))?, act: HostAct::Block(false) });
            }
            Kind::HostReset => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::RequireReset(true) });
            }
            Kind::HostNoReset => {
                let reset = people.iter().find(|person| person.reset).map(|person| person.id.clone());
                return Some(Deed::Host { user: reset.or(someone(a))?, act: HostAct::RequireReset(false) });
            }
            Kind::HostEndSessions => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::EndSessions });
            }
            Kind::HostToken => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::IssueToken(b % 2 == 0) });
            }
            Kind::HostDelete => {
                // Somebody who is busy, to see what becomes of what they are doing.
                let mut busy =
                    self.slots.iter().flatten().filter_map(|(task, ..)| match &ledger.tasks[*task].deed {
                        Deed::As { who, .. } | Deed::Check(who) => Some(who.user.clone()),
                        Deed::Redeem { user, .. } | Deed::FinishRecovery { user, .. } => Some(user.clone()),
                        Deed::SignIn { email, .. } => {
                            Some(ledger.model.holder(Address::Email(*email))?.id.clone())
                        }
                        _ => None,
                    });
                let user = busy.next_back().filter(|_| b % 2 == 0).or(someone(a))?;
                return Some(Deed::Host { user, act: HostAct::Delete });
            }
            Kind::User => Act::User,
            Kind::Sessions => Act::Sessions,
            Kind::Events => Act::Events,
            Kind::ReadPreferences => Act::ReadPreferences,
            Kind::ReadCodes => Act::ReadCodes,
            Kind::Name => Act::Name,
            Kind::Preferences => Act::Preferences(1 + b % 1000),
            Kind::Block => Act::Block,
            Kind::Password => {
                let old = me.and_then(|me| me.password).filter(|_| c % 9 != 0).map(|_| password(me));
                Act::Password { new: b % PASSWORDS.len(), old }
            }
            Kind::Email => Act::Address { to: Address::Email(b % 4), password: password(me) },
            Kind::Phone => Act::Address { to: Address::Phone(b % 3), password: password(me) },
            Kind::SignOut => Act::SignOut(session()?),
            Kind::SignOutEverywhere => Act::SignOutEverywhere,
            Kind::Extend => Act::Extend(session()?),
            Kind::Jwt => Act::Jwt,
            Kind::StartEmailVerification => Act::StartVerification { phone: false },
            Kind::StartPhoneVerification => Act::StartVerification { phone: true },
            Kind::FinishPhoneVerification => {
                let all = [Purpose::PhoneVerification, Purpose::PhoneCode];
                let letter = letter(a, &all[..1 + usize::from(b % 20 == 0)]);
                let (user, secret) = said(letter)?;
                let own: Vec<&Who> = able.iter().copied().filter(|who| who.user == user).collect();
                let who = pick(&own, b).cloned().filter(|_| c % 11 != 0).or(who)?;
                return Some(Deed::As { who, act: Act::FinishPhoneVerification { user, secret } });
            }
            Kind::Mfa => Act::Mfa(b % 4 != 0),
            Kind::AddApp => Act::AddApp,
            Kind::ConfirmApp => {
                let otp = app(&who.as_ref()?.user).unwrap_or("wrong!".into());
                Act::ConfirmApp { otp }
            }
            Kind::RemoveApp => Act::RemoveApp,
            Kind::StartChallenge => {
                let all = [Factor::Totp, Factor::Email, Factor::Phone, Factor::RecoveryCode];
                let held = |factor: &Factor| {
                    me.is_some_and(|me| match factor {
                        Factor::Totp => me.app.as_ref().is_some_and(|app| app.verified),
                        Factor::Email => me.email.is_some_and(|(_, proven)| proven),
                        Factor::Phone => me.phone.is_some_and(|(_, proven)| proven),
                        _ => me.codes.is_some(),
                    })
                };
                let useful: Vec<_> = all.iter().copied().filter(held).collect();
                let factor = useful.get((b / 4).checked_rem(useful.len()).unwrap_or(0)).copied();
                Act::StartChallenge(factor.filter(|_| b % 4 != 0).unwrap_or(all[b % 4]))
            }
            Kind::FinishChallenge => {
                let waits = |challenge: &&(Who, String, Factor)| {
                    let person = ledger.model.people.get(&challenge.0.user);
                    person.is_some_and(|person| {
                        let mut own = person.challenges.iter().filter(|own| ledger.now < own.expires);
                        own.any(|own| own.id == challenge.1)
                    })
                };
                let recent: Vec<_> = self.challenges.iter().rev().take(40).collect();
                let waiting: Vec<_> = recent.into_iter().rev().filter(waits).cloned().collect();
                let (holder, id, factor) = match c % 9 {
                    0 => pick(&self.challenges, a)?,
                    _ => pick(&waiting, a).or(pick(&self.challenges, a))?,
                };
                let otp = match factor {
                    Factor::Totp => app(&holder.user),
                    Factor::RecoveryCode => {
                        let codes =
                            ledger.model.people.get(&holder.user).and_then(|person| person.codes.clone());
                        pick(&codes.unwrap_or_default(), c)
                    }
                    _ => {
                        let mut letters = ledger.letters.iter().rev();
                        letters
                            .find(|letter| letter.challenge.as_ref() == Some(&id))
                            .map(|letter| letter.secret.clone())
                    }
                };
                let otp = otp.filter(|otp| c % 4 != 1 && !otp.starts_with('?')).unwrap_or("wrong!".into());
                let own: Vec<_> =
                    able.iter().filter(|other| other.session == holder.session).cloned().collect();
                let own = pick(&own, b * 4 + 1).cloned().unwrap_or(holder);
                // Now and then it is tried by somebody else.
                let who = who.filter(|_| c % 13 == 0).unwrap_or(own);
                return Some(Deed::As {
                    who: Who { keeps: c % 2 == 0, ..who },
                    act: Act::FinishChallenge { id, otp },
                });
            }
            Kind::CreateCodes => Act::CreateCodes,
            Kind::ReplaceCodes => Act::ReplaceCodes,
            Kind::AddTarget => Act::AddTarget(format!("device-{}", b % 6)),
            Kind::ChangeTarget | Kind::RemoveTarget => {
                let mut targets = me?.targets.iter().map(|target| target.id.clone());
                let target = targets.nth(b % me?.targets.len().max(1))?;
                match kind {
                    Kind::ChangeTarget => Act::ChangeTarget(target, format!("device-{}", c % 6)),
                    _ => Act::RemoveTarget(target),
                }
            }
        };
        Some(Deed::As { who: who?, act })
    }

    /// Holds the answer against what the model said when the operation was at the store.
    fn judge(&mut self, task: usize, outcome: Result<Answer, Error>) {
        let mut guard = self.book.open();
        let ledger = &mut *guard;
        ledger.current = task;
        let told = outcome.as_ref().map_or_else(Error::code, |_| "done");
        told.hash(&mut ledger.digest);
        ledger.tasks[task].outcome = told;
        if ledger.tasks[task].verdicts.is_empty() {
            ledger.look();
        }
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                if let Err(what) = is_right_refusal(&ledger.tasks[task], error.code()) {
                    ledger.complain(what);
                }
                return;
            }
        };
        let state = &ledger.tasks[task];
        // What was carried out; else what was right at one of the looks at the store, with nothing to be saved.
        let is_granted = |verdict: &&Verdict| {
            let is_read = verdict.after.is_none() && verdict.removes.is_none();
            verdict.refusal.is_none() && is_read && (state.appended || !verdict.appends)
        };
        let granted = state.carried_out.as_ref().filter(|verdict| verdict.refusal.is_none());
        let granted = granted.or(state.verdicts.iter().rev().find(is_granted)).cloned();
        let Some(verdict) = granted else {
            let said: BTreeSet<_> = state.verdicts.iter().map(|verdict| verdict.refusal).collect();
            return ledger.complain(format!("it is acknowledged, was not saved, and should be {said:?}"));
        };
        let (deed, changed) = (state.deed.clone(), state.changed.clone().unwrap_or_default());
        let mut wrong = None;
        match answer {
            Answer::Done => {}
            Answer::View(found) => {
                let is_known = !verdict.view.contains("\"?");
                if is_known && !state.verdicts.iter().any(|verdict| verdict.view == found) {
                    wrong = Some(format!("it shows {found} and not {}", verdict.view));
                }
            }
            Answer::SignedIn { user, session, wire } => {
                if changed.session.as_ref().map(|(id, _)| id) != Some(&session) || changed.user != user {
                    wrong = Some(format!("it answers session {session}, not {changed:?}"));
                }
                self.held.push(Who { user, session, secret: 0, wire, jwt: None, keeps: false });
            }
            Answer::Secret(fresh) => {
                let Deed::As { who, act } = &deed else { return };
                let (session, secret) = changed.session.clone().unwrap_or((who.session.clone(), who.secret));
                let is_new = who.jwt.is_none() && secret != who.secret;
                if fresh.is_some() != is_new {
                    wrong = Some(format!("a new secret: {}, and it should be {is_new}", fresh.is_some()));
                }
                if let Some(wire) = fresh {
                    self.held.push(Who { session, secret, wire, ..who.clone() });
                }
                if let (Act::StartChallenge(factor), Some(id)) = (act, changed.challenge) {
                    self.challenges.push((who.clone(), id, *factor));
                }
            }
            Answer::Token { user, secret } => {
                if let (Some(secret), Some(person)) = (secret, ledger.model.people.get_mut(&changed.user)) {
                    let token =
                        person.tokens.iter_mut().find(|token| Some(&token.id) == changed.token.as_ref());
                    token.into_iter().for_each(|token| token.secret = Some(secret.clone()));
                    let letter = Letter { user, purpose: Some(Purpose::Generic), challenge: None, secret };
                    ledger.letters.push(letter);
                }
            }
            Answer::Jwt(text) => {
                let Deed::As { who, .. } = &deed else { return };
                let expires = ledger.tasks[task].now.div_euclid(1000) + crate::model::LIFE_OF_JWTS;
                let jwt = Some(Jwt { text, generation: changed.generation, expires });
                self.held.push(Who { jwt, ..who.clone() });
            }
            Answer::Seed(seed) => {
                let person = ledger.model.people.get_mut(&changed.user);
                if let Some(app) = person.and_then(|person| person.app.as_mut())
                    && app.seed == changed.unknown
                {
                    app.seed = Some(seed);
                }
            }
            Answer::Codes(codes) => {
                let person = ledger.model.people.get_mut(&changed.user);
                if let Some(known) = person.and_then(|person| person.codes.as_mut())
                    && known.first() == changed.unknown.as_ref()
                {
                    *known = codes;
                }
            }
        }
        if let Some(what) = wrong {
            ledger.complain(what);
        }
    }
}

/// Whether an operation may be refused like this.
fn is_right_refusal(task: &Task, code: &str) -> Result<(), String> {
    let fits = |verdict: &&Verdict| verdict.refusal.is_some_and(|refusal| refusal == code);
    match code {
        "general_store_unavailable" if task.failed => return Ok(()),
        "general_busy" if task.collided => return Ok(()),
        _ => {}
    }
    let is_apart = matches!(task.stage, Stage::Apart(_));
    let carried_out = task.carried_out.as_ref().filter(|_| !is_apart);
    if let Some(verdict) = carried_out {
        return match fits(&verdict) {
            true => Ok(()),
            false => Err(format!("it is refused as {code} and was done")),
        };
    }
    let mut fitting = task.verdicts.iter().filter(fits);
    if fitting.any(|verdict| verdict.after.is_none() && (task.appended || !verdict.appends)) {
        return Ok(());
    }
    let said: BTreeSet<_> = task.verdicts.iter().map(|verdict| verdict.refusal).collect();
    match said.contains(&Some(code)) {
        true => Err(format!("it is refused as {code} and leaves no trace")),
        false => Err(format!("it is refused as {code} and should be {said:?}")),
    }
}

fn user_view(user: &User) -> String {
    let address = |address: Option<String>, proven| address.map(|address| (stored::number(&address), proven));
    let email = address(user.email().map(|email| email.to_string()), user.is_email_verified());
    let phone = address(user.phone().map(|phone| phone.to_string()), user.is_phone_verified());
    let targets: Vec<_> = user
        .targets()
        .into_iter()
        .filter(|target| target.kind == account::model::TargetKind::Push)
        .map(|target| target.identifier)
        .collect();
    format!("{email:?} {phone:?} {} {targets:?}", user.has_mfa())
}

/// Does it.
async fn perform(service: Service, deed: Deed, book: Book) -> Result<Answer, Error> {
    let client = &Client::default();
    let signed_in = |signed_in: account::SignedIn| Answer::SignedIn {
        user: signed_in.session.user.to_string(),
        session: signed_in.session.id.to_string(),
        wire: signed_in.secret.to_wire(),
    };
    let password = |number: usize| -> Password { PASSWORDS[number].parse().unwrap() };
    let id = |user: &str| -> UserId { user.parse().unwrap() };
    match deed {
        Deed::SignUp { id: user, email: address, password: number } => {
            let mut request = SignUp::new(email(address), password(number));
            request.user_id = user.map_or(CustomId::Generate, |user| CustomId::Given(id(&user)));
            service.sign_up(request, client).await?;
            Ok(Answer::Done)
        }
        Deed::Anonymous => service.sign_in_anonymously(client).await.map(signed_in),
        Deed::SignIn { email: address, password: number } => {
            service.sign_in_with_password(email(address), password(number), client).await.map(signed_in)
        }
        Deed::Send(purpose, address) => {
            match (purpose, address) {
                (Purpose::MagicUrl, Address::Email(to)) => {
                    service.send_magic_url(EmailSignIn::new(email(to)), &page(), client).await?
                }
                (_, Address::Email(to)) => {
                    service.send_email_code(EmailSignIn::new(email(to)), client).await?
                }
                (_, Address::Phone(to)) => {
                    service.send_phone_code(CustomId::Generate, phone(to), client).await?
                }
            };
            Ok(Answer::Done)
        }
        Deed::Redeem { user, secret } => {
            service.sign_in_with_token(&id(&user), &secret.parse().unwrap(), client).await.map(signed_in)
        }
        Deed::FinishVerification { user, secret } => {
            service.finish_email_verification(&id(&user), &secret.parse().unwrap(), client).await?;
            Ok(Answer::Done)
        }
        Deed::StartRecovery { email: address } => {
            service.start_recovery(email(address), &page(), client).await?;
            Ok(Answer::Done)
        }
        Deed::FinishRecovery { user, secret, password: number } => {
            let secret = secret.parse().unwrap();
            service.finish_recovery(&id(&user), &secret, password(number), None, client).await?;
            Ok(Answer::Done)
        }
        Deed::Check(who) => {
            caller(&service, &who, false).await?;
            Ok(Answer::Done)
        }
        Deed::Host { user, act } => {
            let (host, user) = (service.trusted(client), id(&user));
            match act {
                HostAct::Block(blocked) => host.set_blocked(&user, blocked).await.map(drop)?,
                HostAct::RequireReset(required) => {
                    host.require_password_reset(&user, required).await.map(drop)?
                }
                HostAct::EndSessions => host.end_sessions(&user).await.map(drop)?,
                HostAct::Delete => host.delete(&user).await?,
                HostAct::IssueToken(long) => {
                    let mut how = GenericToken::default();
                    how.digits = if long { 64 } else { 6 };
                    let token = host.issue_token(&user, how).await?;
                    let secret = token.secret().map(|secret| secret.expose().to_owned());
                    return Ok(Answer::Token { user: user.to_string(), secret });
                }
            }
            Ok(Answer::Done)
        }
        Deed::As { who, act } => {
            let exempt =
                matches!(act, Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_));
            let holder = caller(&service, &who, exempt).await?;
            book.open().enter(Stage::Act);
            act_as(&service, holder, act).await
        }
    }
}

async fn caller(service: &Service, who: &Who, exempt: bool) -> Result<SessionHolder, Error> {
    let holder = match (&who.jwt, exempt) {
        (Some(jwt), true) => service.session_holder_by_jwt(&jwt.text).await?,
        (Some(jwt), false) => (*service.caller_by_jwt(&jwt.text).await?).clone(),
        (None, true) => service.session_holder(&SessionSecret::from_wire(&who.wire).unwrap()).await?,
        (None, false) => (*service.caller(&SessionSecret::from_wire(&who.wire).unwrap()).await?).clone(),
    };
    Ok(if who.keeps { holder.keeping_secret() } else { holder })
}

async fn act_as(service: &Service, holder: SessionHolder, act: Act) -> Result<Answer, Error> {
    let password = |number: usize| -> Password { PASSWORDS[number].parse().unwrap() };
    let wire = |secret: Option<SessionSecret>| Answer::Secret(secret.map(|secret| secret.to_wire()));
    let shown = |codes: &account::RecoveryCodes| -> Vec<String> {
        codes.codes().iter().map(|code| code.expose().to_owned()).collect()
    };
    match act {
        Act::StartChallenge(factor) => {
            let factor = match factor {
                Factor::Email => SecondFactor::Email,
                Factor::Phone => SecondFactor::Phone,
                Factor::RecoveryCode => SecondFactor::RecoveryCode,
                _ => SecondFactor::Totp,
            };
            service.start_challenge(&holder, factor).await?;
            return Ok(Answer::Secret(None));
        }
        Act::FinishChallenge { id, otp } => {
            return Ok(wire(service.finish_challenge(&holder, &id.parse().unwrap(), &otp).await?.secret));
        }
        Act::SignOut(id) => {
            service.sign_out(&holder, &id.parse().unwrap()).await?;
            return Ok(Answer::Done);
        }
        _ => {}
    }
    let caller = &holder.into_caller()?;
    match act {
        Act::User => return Ok(Answer::View(user_view(&service.user(caller).await?))),
        Act::Sessions => {
            let sessions = service.sessions(caller).await?;
            let ids: Vec<_> = sessions.iter().map(|session| session.id.to_string()).collect();
            return Ok(Answer::View(format!("{ids:?}")));
        }
        Act::Events => drop(service.events(caller, PageQuery::parse(&[] as &[&str], 5).unwrap()).await?),
        Act::ReadPreferences => {
            let preferences = service.preferences(caller).await?;
            return Ok(Answer::View(preferences_number(preferences.as_json()).to_string()));
        }
        Act::ReadCodes => {
            let codes = service.recovery_codes(caller).await?;
            return Ok(Answer::View(format!("{:?}", shown(&codes))));
        }
        Act::Name => drop(service.change_name(caller, "Ada".parse().unwrap()).await?),
        Act::Preferences(number) => {
            let preferences = format!(r#"{{"n":{number}}}"#).parse().unwrap();
            drop(service.replace_preferences(caller, preferences).await?);
        }
        Act::Block => drop(service.block(caller).await?),
        Act::Password { new, old } => {
            let change = service.change_password(caller, password(new), old.map(password)).await?;
            return Ok(wire(change.secret));
        }
        Act::Address { to: Address::Email(to), password: number } => {
            return Ok(wire(service.change_email(caller, email(to), password(number)).await?.secret));
        }
        Act::Address { to: Address::Phone(to), password: number } => {
            return Ok(wire(service.change_phone(caller, phone(to), password(number)).await?.secret));
        }
        Act::SignOutEverywhere => service.sign_out_everywhere(caller).await?,
        Act::Extend(id) => drop(service.extend_session(caller, &id.parse().unwrap()).await?),
        Act::Jwt => return Ok(Answer::Jwt(service.issue_jwt(caller).await?.as_str().to_owned())),
        Act::StartVerification { phone: false } => {
            drop(service.start_email_verification(caller, &page()).await?);
        }
        Act::StartVerification { phone: true } => drop(service.start_phone_verification(caller).await?),
        Act::FinishPhoneVerification { user, secret } => {
            let (user, secret) = (user.parse().unwrap(), secret.parse().unwrap());
            drop(service.finish_phone_verification(caller, &user, &secret).await?);
        }
        Act::Mfa(on) => drop(service.set_mfa(caller, on).await?),
        Act::AddApp => {
            let app = service.add_authenticator(caller).await?;
            return Ok(Answer::Seed(app.secret.expose().to_owned()));
        }
        Act::ConfirmApp { otp } => drop(service.confirm_authenticator(caller, &otp).await?),
        Act::RemoveApp => service.remove_authenticator(caller).await?,
        Act::CreateCodes => return Ok(Answer::Codes(shown(&service.create_recovery_codes(caller).await?))),
        Act::ReplaceCodes => return Ok(Answer::Codes(shown(&service.replace_recovery_codes(caller).await?))),
        Act::AddTarget(identifier) => {
            drop(service.add_push_target(caller, NewPushTarget::new(identifier.parse().unwrap())).await?);
        }
        Act::ChangeTarget(id, identifier) => {
            let (id, token) = (id.parse().unwrap(), identifier.parse().unwrap());
            drop(service.change_push_target(caller, &id, token).await?);
        }
        Act::RemoveTarget(id) => service.remove_push_target(caller, &id.parse().unwrap()).await?,
        Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_) => {}
    }
    Ok(Answer::Done)
}

/// The number in preferences of the simulation.
fn preferences_number(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}
