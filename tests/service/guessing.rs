//! No secret that can be guessed is found by guessing: not one code, not one password, not over all
//! doors together.

use std::time::Duration;

use account::{
    MemoryStore,
    model::ClientInfo,
    ports::Store,
    testing::{PASSWORD, Step, TestHost},
};
use serde_json::json;

use crate::guessable::*;
use crate::support::{concurrently::concurrently, fixtures::*, text_store::TextStore, token_kinds::*};

/// A code that was not sent.
fn wrong(sent: &str) -> String {
    let number: u32 = sent.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
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

/// Whatever the order, one of these holds: the right guess was among the first five, or it opened
/// nothing and opens nothing any more.
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
        let outcomes = concurrently((0..200).map(guess)).await;
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
    let directory = crate::support::tempdir::TempDir::new();
    two_hundred_guesses(account::SqliteStore::open(directory.file("account.db")).unwrap(), 3).await;
}

/// The strict form: a hundred and ninety-five wrong guesses are under way, five have been counted,
/// and the right one is refused.
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
        assert!(concurrently(guesses).await.iter().all(Result::is_err));
        // The lock must not be what refuses it.
        host.clock.advance(Duration::from_millis(1));
        assert_eq!(code(kind.redeem(&host.service, &ada, &sent).await), "user_invalid_token", "{kind:?}");
    }
}

/// Passwords and codes are guessed at the same time; together they get what the limit says.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r12_guesses_at_all_doors_at_once_share_one_limit() {
    let guarded = Guarded::new().await;
    let checks = guarded.host.hasher.checks();
    // An app that is confirmed cannot be guessed at by confirming it.
    let doors = DOORS.into_iter().filter(|door| *door != Door::ConfirmApp);
    let guesses = doors.cycle().take(520).map(|door| {
        let guarded = guarded.clone();
        async move { assert_eq!(code(guarded.knock(door, door.wrong()).await), door.refusal(), "{door:?}") }
    });
    concurrently(guesses).await;
    assert!(guarded.host.hasher.checks() - checks <= 100);
    let failures = guarded.failures();
    assert_eq!((&failures["run"], &failures["locks"]), (&json!(0), &json!(1)), "exactly one lock's worth");
}

#[tokio::test]
async fn each_door_opens_to_what_is_right() {
    for door in DOORS {
        let mut guarded = Guarded::new().await;
        if door == Door::Token(Kind::EmailVerification) {
            guarded.texts.edit(&guarded.ada.id, |account| account["email"]["verified"] = json!(false));
        }
        guarded.prepare(door);
        let right = guarded.right(door).await;
        guarded.knock(door, &right).await.unwrap_or_else(|refused| panic!("{door:?}: {refused:?}"));
    }
}

#[tokio::test]
async fn r12_a_hundred_failures_over_all_doors_lock_the_accounts_guesses() {
    let mut guarded = Guarded::new().await;
    for (guess, door) in DOORS.into_iter().cycle().take(100).enumerate() {
        if matches!(door, Door::Challenge(_)) {
            // r13: neither a new session nor a new challenge begins a new count.
            guarded.begin_again().await;
        }
        guarded.prepare(door);
        assert_eq!(guarded.failures(), json!({"run": guess, "locks": 0}), "{door:?}");
        assert_eq!(code(guarded.knock(door, door.wrong()).await), door.refusal(), "{door:?}");
    }
    assert_eq!(guarded.failures()["locks"], json!(1));
    guarded.host.service.user(&guarded.ada.caller).await.expect("live sessions go on");

    // From now on not even what is right passes, and nothing is written.
    for door in DOORS {
        guarded.prepare(door);
        let mut secrets = vec![door.wrong().to_owned()];
        if !door.proves_mailbox() {
            secrets.push(guarded.right(door).await);
        }
        for secret in secrets {
            let (before, checks) = (guarded.texts.account(&guarded.ada.id), guarded.host.hasher.checks());
            guarded.host.recorder.take();
            assert_eq!(code(guarded.knock(door, &secret).await), door.refusal(), "{door:?}");
            assert!(guarded.host.recorder.take().iter().all(|step| *step == Step::Load), "{door:?}");
            let after = (guarded.texts.account(&guarded.ada.id), guarded.host.hasher.checks());
            assert_eq!(after, (before, checks), "{door:?}");
        }
    }

    guarded.host.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    assert!(!opens(&guarded.host, ADA).await);
    guarded.host.clock.advance(Duration::from_millis(1));
    assert!(opens(&guarded.host, ADA).await);
}

#[tokio::test]
async fn t27_what_proves_the_mailbox_goes_on_and_lifts_the_lock() {
    for kind in [Kind::MagicUrl, Kind::EmailCode, Kind::Recovery] {
        let (texts, host) = TextStore::host();
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
    let (texts, host) = TextStore::host();
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
        let (texts, host) = TextStore::host();
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
    assert_eq!(ClientInfo::default().ip(), guess.event.ip);
}
