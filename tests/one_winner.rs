//! Of many who redeem one token at the same moment, one succeeds, and the others are told no more than that it is none.
//!
//! `ACCOUNT_RACE_TOKENS` says how many tokens of each kind are raced for on each store; without it, as many as take some seconds. On a disk,
//! a loser who guessed wrong at a code waits for its count to be saved, 63 times a token.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "sqlite")]
#[allow(dead_code)]
mod scratch;
mod tokens;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use account::{
    Error, MemoryStore, SessionHolder,
    model::{ChallengeId, SecondFactor},
    ports::{Parts, Store},
    testing::TestHost,
};
use tokens::*;
use tokio::{sync::Barrier, task::JoinSet};

const REDEEMERS: usize = 64;
/// How many tokens are raced for side by side.
const TRACKS: usize = 8;

/// What is raced for: a token, or the answer to a challenge of a session that owes a factor.
#[derive(Debug, Clone, Copy)]
enum Prize {
    Token(Kind),
    Challenge(SecondFactor),
}

const PRIZES: [Prize; 8] = [
    Prize::Token(Kind::EmailCode),
    Prize::Token(Kind::PhoneCode),
    Prize::Token(Kind::MagicUrl),
    Prize::Token(Kind::Recovery),
    Prize::Token(Kind::EmailVerification),
    Prize::Token(Kind::PhoneVerification),
    Prize::Challenge(SecondFactor::Email),
    Prize::Challenge(SecondFactor::Phone),
];

/// A token or challenge that waits for its redeemers.
struct Race {
    person: Person,
    secret: String,
    half: Option<(SessionHolder, ChallengeId)>,
}

impl Prize {
    fn place(self) -> usize {
        match self {
            Self::Token(kind) => kind as usize,
            Self::Challenge(SecondFactor::Email) => 10,
            Self::Challenge(_) => 11,
        }
    }

    async fn set(self, host: &TestHost, number: usize) -> Race {
        let email = format!("{self:?}-{number}@example.com").replace(['(', ')'], "-");
        let phone = format!("+1{}", 2_000_000_000 + number + 10_000_000 * self.place());
        let person = Person::new(host, &email, &phone).await;
        match self {
            Self::Token(kind) => Race { secret: kind.sent(host, &person).await, person, half: None },
            Self::Challenge(factor) => {
                for kind in [Kind::EmailVerification, Kind::PhoneVerification] {
                    let secret = kind.sent(host, &person).await;
                    kind.redeem(&host.service, &person, &secret).await.unwrap();
                }
                host.service.set_mfa(&person.caller, true).await.unwrap();
                let signed_in = host.signed_in(&email).await;
                let holder = host.service.session_holder(&signed_in.secret).await.unwrap().keeping_secret();
                let challenge = host.service.start_challenge(&holder, factor).await.unwrap();
                let to = if factor == SecondFactor::Email { &person.email } else { &person.phone };
                let secret = host.code_for(to).expose().to_owned();
                Race { person, secret, half: Some((holder, challenge.id)) }
            }
        }
    }

    async fn redeem(self, host: &TestHost, race: &Race) -> Result<(), Error> {
        match (self, &race.half) {
            (Self::Challenge(_), Some((holder, id))) => {
                host.service.finish_challenge(holder, id, &race.secret).await.map(drop)
            }
            (Self::Token(kind), _) => kind.redeem(&host.service, &race.person, &race.secret).await,
            (Self::Challenge(_), None) => unreachable!(),
        }
    }

    async fn run(self, host: &TestHost, number: usize) {
        let race = Arc::new(self.set(host, number).await);
        let start = Arc::new(Barrier::new(REDEEMERS));
        let mut redeemers = JoinSet::new();
        for _ in 0..REDEEMERS {
            let (host, race, start) = (host.clone(), Arc::clone(&race), Arc::clone(&start));
            redeemers.spawn(async move {
                start.wait().await;
                self.redeem(&host, &race).await
            });
        }
        let outcomes = redeemers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{self:?}");
        for refused in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(refused.code(), "user_invalid_token", "{self:?}");
        }
    }
}

async fn race(host: &TestHost, tokens: usize) {
    for prize in PRIZES {
        let next = Arc::new(AtomicUsize::new(0));
        let mut tracks = JoinSet::new();
        for _ in 0..TRACKS {
            let (host, next) = (host.clone(), Arc::clone(&next));
            tracks.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= tokens {
                        break;
                    }
                    prize.run(&host, number).await;
                }
            });
        }
        while let Some(track) = tracks.join_next().await {
            track.unwrap();
        }
    }
}

fn tokens(usual: usize) -> usize {
    std::env::var("ACCOUNT_RACE_TOKENS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r02_one_of_sixty_four_redeems_a_token_in_memory() {
    race(&TestHost::on(MemoryStore::new()), tokens(300)).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r02_one_of_sixty_four_redeems_a_token_in_sqlite() {
    let scratch = scratch::Scratch::new();
    let store = account::SqliteStore::open(scratch.file("account.db")).unwrap();
    race(&TestHost::on(store), tokens(25)).await;
}

/// What comes of a race is one of everything: one session, one message that tells of it.
async fn one_of_everything(store: impl Store) {
    let host = TestHost::on(store);
    for (number, kind) in
        [Kind::EmailCode, Kind::PhoneCode, Kind::MagicUrl, Kind::Recovery].into_iter().enumerate()
    {
        let prize = Prize::Token(kind);
        let race = Arc::new(prize.set(&host, number).await);
        let sent = host.outbox.mails().len();
        let mut redeemers = JoinSet::new();
        for _ in 0..REDEEMERS {
            let (host, race) = (host.clone(), Arc::clone(&race));
            redeemers.spawn(async move { prize.redeem(&host, &race).await });
        }
        assert_eq!(redeemers.join_all().await.into_iter().filter(Result::is_ok).count(), 1);
        let key = account::model::Key::Id(race.person.id);
        let stored = host.service.store().load(&key, Parts::Whole).await.unwrap().unwrap();
        assert_eq!(stored.account.is_phone_verified(), kind == Kind::PhoneCode);
        assert_eq!(host.outbox.mails().len() - sent, usize::from(kind == Kind::Recovery), "{kind:?}");
        let page = account::model::PageQuery::parse(&[] as &[&str], 5000).unwrap();
        let events = host.service.store().events(&race.person.id, page).await.unwrap().events;
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
    one_of_everything(MemoryStore::new()).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_leaves_one_of_everything_in_sqlite() {
    let scratch = scratch::Scratch::new();
    one_of_everything(account::SqliteStore::open(scratch.file("account.db")).unwrap()).await;
}
