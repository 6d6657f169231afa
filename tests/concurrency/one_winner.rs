//! Of many who redeem one token at the same moment, one succeeds, and the others are told no more
//! than that it is none.
//!
//! `ACCOUNT_RACE_TOKENS` says how many tokens of each kind are raced for on each store; without it,
//! as many as take some seconds. The figures of a run of 1,000 are in `one_winner.md` beside this
//! file.
//!
//! Everybody offers what is right, so the first decision wins: no token is worn out by five tries,
//! and each of those who race for one spare code or one step of an app has a challenge of its own
//! and answers it once. Nor is anybody refused by the lock of the hundredth wrong guess: the winner
//! begins the count again and leaves 63 losers, which the log tells by two entries; the lock would
//! be a third.
//!
//! The memory pauses on both sides of every call, so that all have loaded before one saves;
//! otherwise they would hardly meet. In SQLite they meet at the writing thread, in PostgreSQL at
//! the row of the account.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use account::{
    Error, GenericToken, MemoryStore, SessionHolder,
    model::{ChallengeId, ClientInfo, Event, SecondFactor, UserId},
    ports::{Clock as _, Parts, Store},
    testing::{Step, TestHost, totp},
};
use tokio::{sync::Barrier, task::JoinSet, time::Instant};

use crate::support::{campaign, token_kinds::*, yielding::Yielding};

const REDEEMERS: usize = 64;
/// How many tokens are raced for side by side.
const TRACKS: usize = 8;
/// One step of an authenticator app.
const APP_STEP: Duration = Duration::from_secs(30);

/// What is raced for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prize {
    Token(Kind),
    /// A token made by the application, with a secret of so many digits.
    Generic(usize),
    /// One challenge of one session, by its code.
    Challenge(SecondFactor),
    /// What is good once for every session of the account: a recovery code, or a step of the app.
    Spare(SecondFactor),
}

const PRIZES: [Prize; 12] = [
    Prize::Token(Kind::EmailCode),
    Prize::Token(Kind::PhoneCode),
    Prize::Token(Kind::MagicUrl),
    Prize::Token(Kind::Recovery),
    Prize::Token(Kind::EmailVerification),
    Prize::Token(Kind::PhoneVerification),
    Prize::Generic(6),
    Prize::Generic(64),
    Prize::Challenge(SecondFactor::Email),
    Prize::Challenge(SecondFactor::Phone),
    Prize::Spare(SecondFactor::RecoveryCode),
    Prize::Spare(SecondFactor::Totp),
];

/// A token or code that waits for its redeemers.
struct Race {
    person: Person,
    secret: String,
    /// The challenges to answer: one of each redeemer, or one of all.
    challenges: Vec<(Arc<SessionHolder>, ChallengeId)>,
}

/// Those who race again and again for what one account has: each redeemer has a session that owes a
/// factor.
struct Crew {
    person: Person,
    sessions: Vec<Arc<SessionHolder>>,
    seed: String,
    codes: Vec<String>,
}

/// Where the prizes of a kind come from, one after the other.
struct Track {
    prize: Prize,
    number: usize,
    crew: Option<Crew>,
}

impl Prize {
    fn host(store: impl Store) -> TestHost {
        TestHost::with(store, |config| config.session_limit = 100)
    }

    /// Whether a wrong one is counted among the wrong guesses. Long secrets cannot be guessed, and
    /// an answered challenge is none.
    fn counts_losers(self) -> bool {
        match self {
            Self::Token(kind) => kind.is_code(),
            Self::Generic(digits) => digits < 32,
            Self::Challenge(_) => false,
            Self::Spare(_) => true,
        }
    }

    async fn person(self, host: &TestHost, number: usize) -> Person {
        let place = PRIZES.iter().position(|prize| *prize == self).unwrap();
        let phone = format!("+1{}", 2_000_000_000 + number + 10_000_000 * place);
        Person::new(host, &format!("person-{place}-{number}@example.com"), &phone).await
    }

    /// A token of a new account.
    async fn set(self, host: &TestHost, number: usize) -> Race {
        let person = self.person(host, number).await;
        let service = &host.service;
        let (secret, challenges) = match self {
            Self::Token(kind) => (kind.sent(host, &person).await, Vec::new()),
            Self::Generic(digits) => {
                let mut how = GenericToken::default();
                how.digits = digits;
                let token = service.admin(&ClientInfo::default()).issue_token(&person.id, how).await.unwrap();
                (token.secret().unwrap().expose().to_owned(), Vec::new())
            }
            Self::Challenge(factor) | Self::Spare(factor) => {
                verify(host, &person).await;
                service.set_mfa(&person.caller, true).await.unwrap();
                let holder = half(host, &person).await;
                let challenge = service.start_challenge(&holder, factor).await.unwrap();
                let to = if factor == SecondFactor::Email { &person.email } else { &person.phone };
                (host.code_for(to).expose().to_owned(), vec![(holder, challenge.id)])
            }
        };
        Race { person, secret, challenges }
    }

    async fn redeem(self, host: &TestHost, race: &Race, redeemer: usize) -> Result<(), Error> {
        let (service, secret) = (&host.service, &race.secret);
        match self {
            Self::Token(kind) => kind.redeem(service, &race.person, secret).await,
            Self::Generic(_) => {
                let client = ClientInfo::default();
                service.sign_in_with_token(&race.person.id, &passcode(secret), &client).await.map(drop)
            }
            Self::Challenge(_) | Self::Spare(_) => {
                let (holder, id) = &race.challenges[redeemer % race.challenges.len()];
                service.finish_challenge(holder, id, secret).await.map(drop)
            }
        }
    }

    async fn run(self, host: &TestHost, race: Race) {
        let (user, race) = (race.person.id, Arc::new(race));
        let start = Arc::new(Barrier::new(REDEEMERS));
        let mut redeemers = JoinSet::new();
        for redeemer in 0..REDEEMERS {
            let (host, race, start) = (host.clone(), Arc::clone(&race), Arc::clone(&start));
            redeemers.spawn(async move {
                start.wait().await;
                self.redeem(&host, &race, redeemer).await
            });
        }
        let outcomes = redeemers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{self:?}");
        for refused in outcomes.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, Error::InvalidToken), "{self:?}: {refused:?}");
        }
        let told = log(host, &user, 5).await;
        let refusals = told.iter().take_while(|event| event.kind.name() == "session.refuse").count();
        assert_eq!(refusals, if self.counts_losers() { 2 } else { 0 }, "{self:?}");
    }
}

impl fmt::Debug for Prize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(kind) => write!(f, "{kind:?}"),
            Self::Generic(digits) => write!(f, "Generic, {digits} digits"),
            Self::Challenge(factor) => write!(f, "Challenge, {factor:?}"),
            Self::Spare(factor) => write!(f, "Spare, {factor:?}"),
        }
    }
}

impl Crew {
    async fn new(host: &TestHost, prize: Prize, number: usize) -> Self {
        let person = prize.person(host, number).await;
        verify(host, &person).await;
        let (service, mut seed) = (&host.service, String::new());
        if prize == Prize::Spare(SecondFactor::Totp) {
            seed = service.add_authenticator(&person.caller).await.unwrap().secret.expose().to_owned();
            let otp = totp(&seed, host.clock.now());
            service.confirm_authenticator(&person.caller, &otp).await.unwrap();
        }
        service.set_mfa(&person.caller, true).await.unwrap();
        let mut sessions = Vec::new();
        for _ in 0..REDEEMERS {
            sessions.push(half(host, &person).await);
        }
        Self { person, sessions, seed, codes: Vec::new() }
    }

    async fn set(&mut self, host: &TestHost, factor: SecondFactor) -> Race {
        let service = &host.service;
        let secret = match factor {
            SecondFactor::Totp => totp(&self.seed, host.clock.now()),
            _ => {
                if self.codes.is_empty() {
                    let codes = service.create_recovery_codes(&self.person.caller).await.unwrap();
                    self.codes = codes.codes().iter().map(|code| code.expose().to_owned()).collect();
                }
                self.codes.pop().unwrap()
            }
        };
        let mut challenges = Vec::new();
        for holder in &self.sessions {
            let challenge = service.start_challenge(holder, factor).await.unwrap();
            challenges.push((Arc::clone(holder), challenge.id));
        }
        Race { person: self.person.clone(), secret, challenges }
    }
}

impl Track {
    async fn new(host: &TestHost, prize: Prize, number: usize) -> Self {
        let crew = match prize {
            Prize::Spare(_) => Some(Crew::new(host, prize, number).await),
            _ => None,
        };
        Self { prize, number, crew }
    }

    async fn race(mut self, host: &TestHost) -> Self {
        let race = match (&mut self.crew, self.prize) {
            (Some(crew), Prize::Spare(factor)) => crew.set(host, factor).await,
            (_, prize) => prize.set(host, self.number).await,
        };
        self.prize.run(host, race).await;
        self.number += TRACKS;
        self
    }
}

/// Proves both addresses.
async fn verify(host: &TestHost, person: &Person) {
    for kind in [Kind::EmailVerification, Kind::PhoneVerification] {
        let secret = kind.sent(host, person).await;
        kind.redeem(&host.service, person, &secret).await.unwrap();
    }
}

/// A session that owes a factor.
async fn half(host: &TestHost, person: &Person) -> Arc<SessionHolder> {
    let signed_in = host.signed_in(&person.email).await;
    Arc::new(host.service.session_holder(&signed_in.secret).await.unwrap().keeping_secret())
}

/// The newest events of an account, the newest first.
async fn log(host: &TestHost, user: &UserId, limit: usize) -> Vec<Event> {
    let page = account::model::PageQuery::parse(&[] as &[&str], limit).unwrap();
    host.service.store().events(user, page).await.unwrap().events
}

async fn all<T: Send + 'static>(tasks: impl Iterator<Item: Future<Output = T> + Send + 'static>) -> Vec<T> {
    let mut set = JoinSet::new();
    tasks.for_each(|task| drop(set.spawn(task)));
    set.join_all().await
}

async fn race(name: &str, host: &TestHost, tokens: usize) {
    for prize in PRIZES {
        let began = Instant::now();
        let mut saves = 0;
        // A crew is dear, so each races for some tokens at least.
        let side_by_side = if matches!(prize, Prize::Spare(_)) { tokens.div_ceil(4) } else { tokens };
        let side_by_side = side_by_side.min(TRACKS);
        let mut tracks = all((0..side_by_side).map(|number| {
            let host = host.clone();
            async move { Track::new(&host, prize, number).await }
        }))
        .await;
        for round in (0..tokens).step_by(side_by_side) {
            if prize == Prize::Spare(SecondFactor::Totp) {
                host.clock.advance(APP_STEP);
            }
            tracks.truncate(tokens - round);
            tracks = all(tracks.into_iter().map(|track| {
                let host = host.clone();
                async move { track.race(&host).await }
            }))
            .await;
            saves += host.recorder.take().into_iter().filter(|step| *step == Step::Save).count();
        }
        let seconds = began.elapsed().as_secs_f64();
        println!("{name} | {prize:?} | {tokens} | {seconds:.1} s | {} saves a token", saves / tokens);
    }
}

fn tokens(usual: u64) -> usize {
    campaign("ACCOUNT_RACE_TOKENS", usual) as usize
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r02_one_of_sixty_four_redeems_a_token_in_memory() {
    race("memory", &Prize::host(Yielding(MemoryStore::new())), tokens(16)).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r02_one_of_sixty_four_redeems_a_token_in_sqlite() {
    let directory = crate::support::tempdir::TempDir::new();
    let store = account::SqliteStore::open(directory.file("account.db")).unwrap();
    race("SQLite", &Prize::host(store), tokens(8)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r02_one_of_sixty_four_redeems_a_token_in_postgres() {
    let Some(store) = crate::support::services::postgres::store().await else { return };
    race("PostgreSQL", &Prize::host(store), tokens(1)).await;
}

/// What comes of a race is one of everything: one session, one message that tells of it.
async fn one_of_everything(store: impl Store) {
    let host = Prize::host(store);
    for (number, kind) in
        [Kind::EmailCode, Kind::PhoneCode, Kind::MagicUrl, Kind::Recovery].into_iter().enumerate()
    {
        let prize = Prize::Token(kind);
        let race = Arc::new(prize.set(&host, number).await);
        let sent = host.outbox.mails().len();
        let mut redeemers = JoinSet::new();
        for redeemer in 0..REDEEMERS {
            let (host, race) = (host.clone(), Arc::clone(&race));
            redeemers.spawn(async move { prize.redeem(&host, &race, redeemer).await });
        }
        assert_eq!(redeemers.join_all().await.into_iter().filter(Result::is_ok).count(), 1);
        let key = account::model::Key::Id(race.person.id);
        let stored = host.service.store().load(&key, Parts::Whole).await.unwrap().unwrap();
        assert_eq!(stored.account.is_phone_verified(), kind == Kind::PhoneCode);
        assert_eq!(host.outbox.mails().len() - sent, usize::from(kind == Kind::Recovery), "{kind:?}");
        let events = log(&host, &race.person.id, 5000).await;
        let done = if kind == Kind::Recovery { "recovery.update" } else { "session.create" };
        let redeemed =
            events.iter().filter(|event| event.kind.name() == done && event.session.is_some()).count();
        // The session of the sign-up is the other one.
        let expected = if kind == Kind::Recovery { 0 } else { 2 };
        assert_eq!(redeemed, expected, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_leaves_one_of_everything_in_memory() {
    one_of_everything(Yielding(MemoryStore::new())).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_leaves_one_of_everything_in_sqlite() {
    let directory = crate::support::tempdir::TempDir::new();
    one_of_everything(account::SqliteStore::open(directory.file("account.db")).unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_leaves_one_of_everything_in_postgres() {
    let Some(store) = crate::support::services::postgres::store().await else { return };
    one_of_everything(store).await;
}
