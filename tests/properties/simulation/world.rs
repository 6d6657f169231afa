//! The simulated world: the real service, those who use it, and a judge.

mod alike;
mod answers;
mod choice;
mod end;
mod flow;
mod home;
mod perform;
mod request;

use std::{
    collections::BTreeMap,
    future::Future,
    hash::{Hash as _, Hasher as _},
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use account::{
    AccountService, Config, Error,
    ports::Store,
    testing::{Fault, FaultyStore, SeededEntropy},
};
use alike::Alike;
#[cfg(feature = "sqlite")]
pub(crate) use home::SqliteFile;
pub(crate) use home::{Broken, Home, Keeps};
use perform::{Answer, PASSWORDS, perform};

use crate::simulation::{
    deeds::{Deed, Factor, Flow, Way, Who},
    flawed::FlawedLimiter,
    ledger::{Book, Neighbour, Task},
    limiter::Limiter,
    model::{LIMIT_OF_GUESSES, LIMIT_OF_SESSIONS},
    ports::{Paced, Post, SimulatedClock, Slow, Watched},
    provider::{PROVIDERS, Providers},
    secrets::Watching,
    steps::{Kind, SLOTS, Step},
};

type Service = AccountService<Arc<dyn Store>, Post, Post, SimulatedClock>;
type Run = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// The instant at which every simulation begins.
const START: i64 = 1_767_225_600_000;
/// More pauses than any operation has.
const ENOUGH: usize = 400;
/// For fewer keys than there are mostly, and for more than there ever are.
const LITTLE_ROOM: usize = 32;
const MUCH_ROOM: usize = 4_096;

/// How a simulation went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) trouble: Option<String>,
    /// What was done until there was trouble.
    pub(crate) history: Vec<String>,
    pub(crate) operations: usize,
    /// Operations that met a fault or were broken off.
    pub(crate) disturbed: usize,
    pub(crate) succeeded: usize,
    pub(crate) changed: usize,
    pub(crate) calls: usize,
    pub(crate) digest: u64,
    /// How many were begun and how many succeeded.
    pub(crate) kinds: BTreeMap<Kind, (usize, usize)>,
    /// How many met which fault, by its place among [`Fault::ALL`], at whom.
    pub(crate) faults: BTreeMap<(Kind, Neighbour, usize), usize>,
    /// Requests that were one too many.
    pub(crate) limited: usize,
}

/// What a device remembers beyond sessions: whose, the secret and its digest.
type Known = (String, String, String);

struct World<'a> {
    home: &'a dyn Home,
    store: Arc<dyn Store>,
    limiter: Arc<FlawedLimiter>,
    /// The limiter ends with the process; else it is one that several share.
    has_own_limiter: bool,
    providers: Arc<Providers>,
    service: Service,
    entropy: Watching,
    book: Book,
    slots: [Option<(usize, Kind, Run)>; SLOTS],
    held: Vec<Who>,
    challenges: Vec<(Who, String, Factor)>,
    devices: Vec<Known>,
    flows: Vec<Flow>,
    alike: Alike,
    report: Report,
}

/// Lives through the steps, until something is wrong.
pub(crate) fn live(home: &dyn Home, seed: u64, steps: &[Step]) -> Report {
    let book = Book::default();
    book.open().now = START;
    let entropy = Watching { entropy: SeededEntropy::new(seed), book: book.clone() };
    PASSWORDS.iter().for_each(|password| book.open().secrets.learn(password));
    let store = home.open(&book);
    let has_own_limiter = seed.is_multiple_of(2);
    let room = if has_own_limiter { LITTLE_ROOM } else { MUCH_ROOM };
    book.open().model.counts.room = room;
    let limiter = Arc::new(FlawedLimiter::new(home.defect(), book.clone(), room));
    let providers = Arc::new(Providers::new(home.defect(), book.clone()));
    book.open().flows.are_careless = (seed / 2).is_multiple_of(2);
    let service = serve(&store, &limiter, &providers, &book, &entropy);
    let mut world = World {
        home,
        store,
        limiter,
        has_own_limiter,
        providers,
        service,
        entropy,
        book,
        slots: Default::default(),
        held: Vec::new(),
        challenges: Vec::new(),
        devices: Vec::new(),
        flows: Vec::new(),
        alike: Alike::default(),
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
    world.sweep();
    world.compare_all();
    world.close()
}

fn serve(
    store: &Arc<dyn Store>,
    limiter: &Arc<FlawedLimiter>,
    providers: &Arc<Providers>,
    book: &Book,
    entropy: &Watching,
) -> Service {
    let key = crate::support::master_key();
    let mut config = Config::new(key);
    config.session_limit = LIMIT_OF_SESSIONS;
    config.session_lifetime = std::time::Duration::from_secs(30 * 86_400);
    config.lockout.threshold = LIMIT_OF_GUESSES;
    config.passwords.refuse_common = false;
    let watched = Watched { store: Arc::clone(store), book: book.clone() };
    let faulty = FaultyStore::new(watched);
    let paced = Paced { plan: faulty.plan(), store: faulty, book: book.clone() };
    let builder = AccountService::builder(Arc::new(paced) as Arc<dyn Store>);
    PROVIDERS
        .iter()
        .fold(builder, |builder, id| builder.provider(providers.client(id)))
        .config(config)
        .mailer(Post(book.clone()))
        .sms(Post(book.clone()))
        .clock(SimulatedClock(book.clone()))
        .hasher(Slow::default())
        .entropy(entropy.clone())
        .limiter(Limiter { limiter: Arc::clone(limiter), book: book.clone() })
        .build()
        .unwrap()
}

impl World<'_> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Begin { slot, kind, picks, fault, is_mute } => {
                self.end(*slot);
                let deed = self.deed(*kind, *picks);
                let Some(deed) = deed else { return };
                let device = self.device(&deed, picks[1] ^ picks[2]);
                let way =
                    Way { network: picks[0] / 1000 % request::NETWORKS, spelling: picks[1] / 1000 % 18 };
                let task = self.begin(*slot, *kind, deed, device, way);
                let mut ledger = self.book.open();
                (ledger.tasks[task].fault, ledger.tasks[task].is_mute) = (*fault, *is_mute);
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
            Step::Outage { calls } => self.book.open().outage = *calls,
            Step::Restart => self.restart(),
        }
    }

    /// Begins a deed from this device, and tells its number.
    fn begin(&mut self, slot: usize, kind: Kind, deed: Deed, device: Option<Known>, way: Way) -> usize {
        let mut ledger = self.book.open();
        let task = ledger.tasks.len();
        let mut begun = Task::new(deed.clone(), ledger.now);
        begun.since = ledger.changes;
        begun.device = device.clone().map(|(.., digest)| digest);
        ledger.tasks.push(begun);
        drop(ledger);
        let device = device.map(|(_, wire, _)| wire);
        let run = perform(self.service.clone(), self.mistaken(deed), device, way, self.book.clone());
        let run = Box::pin(run);
        self.slots[slot] = Some((task, kind, run));
        self.report.operations += 1;
        self.report.kinds.entry(kind).or_default().0 += 1;
        task
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

    /// The one who asked has gone.
    fn leave(&mut self, slot: usize) {
        if let Some((task, kind, _)) = self.slots[slot].take() {
            self.book.open().tasks[task].is_left = true;
            self.ended(task, kind);
        }
    }

    fn ended(&mut self, task: usize, kind: Kind) {
        let mut ledger = self.book.open();
        ledger.tasks[task].redeems = None;
        let task = &ledger.tasks[task];
        self.report.disturbed += usize::from(task.met || task.is_left || task.is_mute && task.messages > 0);
        let fault = task.fault.filter(|(at, _)| task.met && task.calls > *at);
        let place = fault.and_then(|(_, fault)| Fault::ALL.iter().position(|other| *other == fault));
        if let (Some(place), Some(neighbour)) = (place, task.at) {
            *self.report.faults.entry((kind, neighbour, place)).or_default() += 1;
        }
    }

    /// Lets an operation come to its end. The one who asked for it gives up if the store hangs.
    fn end(&mut self, slot: usize) {
        for round in 0..ENOUGH {
            if self.poll(slot) {
                return;
            }
            if round > 40 && self.hangs(slot) {
                return self.leave(slot);
            }
            // It may wait for another one.
            for other in (0..SLOTS).filter(|other| *other != slot && round > 60) {
                self.poll(other);
                if round > 200 && self.hangs(other) {
                    self.leave(other);
                }
            }
        }
        self.book.open().complain("it does not come to an end");
    }

    fn hangs(&self, slot: usize) -> bool {
        self.slots[slot].as_ref().is_some_and(|(task, ..)| self.book.open().tasks[*task].hangs)
    }

    /// The process ends, and another one opens the store.
    fn restart(&mut self) {
        (0..SLOTS).for_each(|slot| self.leave(slot));
        // So that no one holds the file any more when it is opened again.
        self.store = Arc::new(account::MemoryStore::new());
        self.service = serve(&self.store, &self.limiter, &self.providers, &self.book, &self.entropy);
        self.store = self.home.open(&self.book);
        if self.has_own_limiter {
            self.limiter = Arc::new(FlawedLimiter::new(self.home.defect(), self.book.clone(), LITTLE_ROOM));
            self.book.open().model.counts.forget();
        }
        self.service = serve(&self.store, &self.limiter, &self.providers, &self.book, &self.entropy);
    }

    fn close(mut self) -> Report {
        let mut ledger = self.book.open();
        let trouble = ledger.trouble.take();
        let (calls, limited, digest) = (ledger.calls, ledger.limited, ledger.digest.finish());
        self.report.changed = ledger.tasks.iter().map(|task| task.done).sum();
        if trouble.is_some() {
            let told = |task: &Task| {
                format!("{:?}, {:?}: {}", task.deed, task.fault.filter(|_| task.met), task.outcome)
            };
            self.report.history = ledger.tasks.iter().map(told).collect();
        }
        drop(ledger);
        Report { trouble, calls, limited, digest, ..self.report }
    }
}
