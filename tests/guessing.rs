//! No secret that can be guessed is found by guessing: not one code, not one password, not over all doors together.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod people;
#[cfg(feature = "sqlite")]
#[allow(dead_code)]
mod scratch;
mod tokens;

use std::{sync::Arc, time::Duration};

use account::{
    MemoryStore,
    model::{ChallengeId, Client},
    ports::Store,
    testing::{PASSWORD, Step, TestHost, password},
};
use people::*;
use serde_json::json;
use tokens::*;
use tokio::{sync::Barrier, task::JoinSet};

/// A code that was not sent.
fn wrong(sent: &str) -> String {
    let number: u32 = sent.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let tasks: Vec<F> = tasks.into_iter().collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let mut set = JoinSet::new();
    for task in tasks {
        let start = Arc::clone(&start);
        set.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    set.join_all().await
}

const CODES: [Kind; 3] = [Kind::EmailCode, Kind::PhoneCode, Kind::PhoneVerification];

#[tokio::test]
async fn asvs_6_6_3_a_code_survives_four_wrong_guesses_and_not_five() {
    for kind in CODES {
        for guesses in [4, 5] {
            let host = TestHost::new();
            let ada = Person::new(&host, ADA, PHONE).await;
            let sent = kind.sent(&host, &ada).await;
            for _ in 0..guesses {
                let refused = kind.redeem(&host.service, &ada, &wrong(&sent)).await;
                assert_eq!(code(refused), "user_invalid_token");
            }
            let outcome = kind.redeem(&host.service, &ada, &sent).await;
            assert_eq!(outcome.is_ok(), guesses == 4, "{kind:?} after {guesses}: {outcome:?}");
        }
    }
}

/// Whatever the order, one of these holds: the right guess was among the first five, or it opened nothing and opens nothing any more.
async fn two_hundred_guesses(store: impl Store, rounds: usize) {
    let host = TestHost::on(store);
    let mut hits = 0;
    for (round, kind) in CODES.into_iter().cycle().take(rounds).enumerate() {
        let (email, phone) = (format!("ada{round}@example.com"), format!("+1617555{round:04}"));
        let ada = Person::new(&host, &email, &phone).await;
        let sent = kind.sent(&host, &ada).await;
        let guess = |n: usize| {
            let (host, ada) = (host.clone(), ada.clone());
            let secret = if n == 17 * round { sent.clone() } else { format!("{n:05}x") };
            async move { kind.redeem(&host.service, &ada, &secret).await }
        };
        let outcomes = at_once((0..200).map(guess)).await;
        let right = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(right <= 1);
        hits += right;
        for refused in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(refused.code(), "user_invalid_token");
        }
        assert_eq!(code(kind.redeem(&host.service, &ada, &sent).await), "user_invalid_token", "it is dead");
    }
    assert!(hits < rounds, "of 200 guesses the right one is not always among the first five");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_of_two_hundred_guesses_at_once_five_count_in_memory() {
    two_hundred_guesses(MemoryStore::new(), 12).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_of_two_hundred_guesses_at_once_five_count_in_sqlite() {
    let scratch = scratch::Scratch::new();
    two_hundred_guesses(account::SqliteStore::open(scratch.file("account.db")).unwrap(), 3).await;
}

/// The strict form: a hundred and ninety-five wrong guesses are under way, five have been counted, and the right one is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_after_a_burst_of_wrong_guesses_the_right_one_is_refused() {
    for kind in CODES {
        let host = TestHost::new();
        let ada = Person::new(&host, ADA, PHONE).await;
        let sent = kind.sent(&host, &ada).await;
        let guesses = (0..200).map(|_| {
            let (host, ada, secret) = (host.clone(), ada.clone(), wrong(&sent));
            async move { kind.redeem(&host.service, &ada, &secret).await }
        });
        assert!(at_once(guesses).await.iter().all(Result::is_err));
        // The lock must not be what refuses it.
        host.clock.advance(Duration::from_millis(1));
        assert_eq!(code(kind.redeem(&host.service, &ada, &sent).await), "user_invalid_token", "{kind:?}");
    }
}

/// Passwords and codes are guessed at the same time; together they get what the limit says.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r12_guesses_at_all_doors_at_once_share_one_limit() {
    let (texts, host) = Texts::host();
    let ada = Person::new(&host, ADA, PHONE).await;
    let checks = host.hasher.checks();
    let guesses = (0..500).map(|n| {
        let (host, ada) = (host.clone(), ada.clone());
        async move {
            match n % 4 {
                0 => drop(Kind::PhoneCode.redeem(&host.service, &ada, "000000").await.unwrap_err()),
                1 => drop(Kind::PhoneVerification.redeem(&host.service, &ada, "000000").await.unwrap_err()),
                _ => drop(sign_in(&host, ADA, "no such password").await.unwrap_err()),
            }
        }
    });
    at_once(guesses).await;
    assert!(host.hasher.checks() - checks <= 100);
    let failures = &texts.account(&ada.id)["failures"];
    assert_eq!((&failures["run"], &failures["locks"]), (&json!(0), &json!(1)), "exactly one lock's worth");
}

/// A wrong guess at every door in turn.
async fn guess_at(
    host: &TestHost,
    door: usize,
    ada: &Person,
    half: &(Arc<account::SessionHolder>, ChallengeId),
) {
    let service = &host.service;
    match door % 7 {
        0 => assert_eq!(code(sign_in(host, ADA, "no such password").await), "user_invalid_credentials"),
        1 => {
            let old = Some(password("no such password"));
            let refused = service.change_password(&ada.caller, password(OTHER), old).await;
            assert_eq!(code(refused), "user_invalid_credentials");
        }
        2 => assert_eq!(
            code(service.finish_challenge(&half.0, &half.1, "no code").await),
            "user_invalid_token"
        ),
        door => {
            let kind = [Kind::EmailCode, Kind::PhoneVerification, Kind::EmailVerification, Kind::Recovery];
            let refused = kind[door - 3].redeem(service, ada, "no code").await;
            assert_eq!(code(refused), "user_invalid_token");
        }
    }
}

#[tokio::test]
async fn r12_a_hundred_failures_over_all_doors_lock_the_accounts_guesses() {
    let (texts, _) = Texts::host();
    let host = TestHost::with(Arc::clone(&texts), |config| config.session_limit = 100);
    let ada = Person::new(&host, ADA, PHONE).await;
    texts.edit(&ada.id, |account| account["email"]["verified"] = json!(true));
    host.service.set_mfa(&ada.caller, true).await.unwrap();
    let mut half = challenge(&host, ADA).await;
    for guess in 0..100 {
        if guess % 7 == 2 {
            // r13: neither a new session nor a new challenge begins a new count.
            half = challenge(&host, ADA).await;
        }
        assert!(texts.account(&ada.id)["failures"].get("locked_until").is_none(), "guess {guess}");
        guess_at(&host, guess, &ada, &half).await;
    }
    let locked = texts.account(&ada.id);
    assert_eq!(locked["failures"]["locks"], json!(1));
    host.service.user(&ada.caller).await.expect("live sessions go on");

    // From now on not even what is right passes, and nothing is written.
    let phone = Kind::PhoneVerification.sent(&host, &ada).await;
    let texted = Kind::PhoneCode.sent(&host, &ada).await;
    let mailed = host.service.start_challenge(&half.0, account::model::SecondFactor::Email).await.unwrap();
    let answer = host.code_for(ADA);
    let before = texts.account(&ada.id);
    let checks = host.hasher.checks();
    host.recorder.take();
    let service = &host.service;
    let old = Some(password(PASSWORD));
    let refused = [
        code(sign_in(&host, ADA, PASSWORD).await),
        code(service.change_password(&ada.caller, password(OTHER), old).await),
        code(service.finish_challenge(&half.0, &mailed.id, answer.expose()).await),
        code(Kind::PhoneVerification.redeem(service, &ada, &phone).await),
        code(Kind::PhoneCode.redeem(service, &ada, &texted).await),
    ];
    assert_eq!(refused[..2], ["user_invalid_credentials"; 2]);
    assert_eq!(refused[2..], ["user_invalid_token"; 3]);
    for door in 0..7 {
        guess_at(&host, door, &ada, &half).await;
    }
    assert!(host.recorder.take().iter().all(|step| *step == Step::Load));
    assert_eq!((texts.account(&ada.id), host.hasher.checks()), (before, checks));

    host.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    assert!(!opens(&host, ADA).await);
    host.clock.advance(Duration::from_millis(1));
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn t27_what_proves_the_mailbox_goes_on_and_lifts_the_lock() {
    for kind in [Kind::MagicUrl, Kind::EmailCode, Kind::Recovery] {
        let (texts, host) = Texts::host();
        let ada = Person::new(&host, ADA, PHONE).await;
        texts.edit(&ada.id, |account| account["email"]["verified"] = json!(true));
        fail(&host, ADA, 100).await;
        assert!(!opens(&host, ADA).await);
        let secret = kind.sent(&host, &ada).await;
        kind.redeem(&host.service, &ada, &secret).await.unwrap();
        assert_eq!(texts.account(&ada.id)["failures"], json!({"run": 0, "locks": 0}), "{kind:?}");
        let right = if kind == Kind::Recovery { NEW_PASSWORD } else { PASSWORD };
        sign_in(&host, ADA, right).await.unwrap();
    }
}

#[tokio::test]
async fn a_locked_account_still_counts_the_tries_of_a_mailed_code() {
    let (texts, host) = Texts::host();
    let ada = Person::new(&host, ADA, PHONE).await;
    fail(&host, ADA, 100).await;
    let sent = Kind::EmailCode.sent(&host, &ada).await;
    let failures = texts.account(&ada.id)["failures"].clone();
    for _ in 0..5 {
        assert_eq!(
            code(Kind::EmailCode.redeem(&host.service, &ada, &wrong(&sent)).await),
            "user_invalid_token"
        );
    }
    assert_eq!(texts.account(&ada.id)["failures"], failures, "the lock is not prolonged");
    assert_eq!(code(Kind::EmailCode.redeem(&host.service, &ada, &sent).await), "user_invalid_token");
    host.recorder.take();
    assert_eq!(code(Kind::EmailCode.redeem(&host.service, &ada, "000000").await), "user_invalid_token");
    assert_eq!(host.recorder.take(), [Step::Load]);
}

#[tokio::test]
async fn a_success_before_the_limit_begins_the_count_anew() {
    for kind in
        [None, Some(Kind::EmailCode), Some(Kind::MagicUrl), Some(Kind::PhoneCode), Some(Kind::Recovery)]
    {
        let (texts, host) = Texts::host();
        let ada = Person::new(&host, ADA, PHONE).await;
        texts.edit(&ada.id, |account| {
            account["email"]["verified"] = json!(true);
            account["phone"]["verified"] = json!(true);
        });
        fail(&host, ADA, 99).await;
        match kind {
            None => assert!(opens(&host, ADA).await),
            Some(kind) => {
                let secret = kind.sent(&host, &ada).await;
                kind.redeem(&host.service, &ada, &secret).await.unwrap();
            }
        }
        fail(&host, ADA, 99).await;
        let right = if kind == Some(Kind::Recovery) { NEW_PASSWORD } else { PASSWORD };
        sign_in(&host, ADA, right).await.unwrap_or_else(|refused| panic!("{kind:?}: {refused:?}"));
    }
}

#[tokio::test]
async fn the_log_tells_a_run_of_guesses_at_codes_by_three_entries() {
    let host = TestHost::new();
    let ada = Person::new(&host, ADA, PHONE).await;
    for _ in 0..120 {
        Kind::PhoneCode.redeem(&host.service, &ada, "000000").await.unwrap_err();
    }
    let refused = log_names(&host, &ada.caller).await;
    assert_eq!(refused.iter().filter(|name| **name == "session.refuse").count(), 3);
    let guess = log(&host, &ada.caller).await.entries.remove(0);
    assert_eq!(&*guess.event.operation, "createSession");
    assert_eq!(Client::default().ip(), guess.event.ip);
}
