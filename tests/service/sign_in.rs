//! Sign-in with a password: one answer for everything that is wrong, counted and bounded.

use std::time::Duration;

use account::{
    AccountService, Argon2Pool, Caller, Config, MasterKey, MemoryStore, SignUp,
    model::{Argon2Params, ClientInfo},
    ports::NoLimits,
    testing::{PASSWORD, Step, TestHost, password},
};

use crate::support::{fixtures::*, text_store::TextStore};

async fn wrong(host: &TestHost, email: &str) -> String {
    let refused = host
        .service
        .sign_in_with_password(email.parse().unwrap(), password("wrong password"), &ClientInfo::default())
        .await;
    refused.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn the_right_password_starts_a_session() {
    let host = TestHost::new();
    let signed_in = host.signed_up(ADA).await;
    let caller = host.caller(&signed_in).await;
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!(user.email().unwrap().as_str(), ADA);
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
}

#[test]
fn an_operation_that_has_not_begun_takes_little_room() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let sign_in = host.service.sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &client);
    let sign_up = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    let sign_up = host.service.sign_up(sign_up, &client);
    let (sign_in, sign_up) = (size_of_val(&sign_in), size_of_val(&sign_up));
    assert!(sign_in < 512 && sign_up < 1_024, "{sign_in} and {sign_up} bytes");
}

#[tokio::test]
async fn unknown_and_wrong_cost_the_same_and_are_told_the_same() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    host.recorder.take();
    assert_eq!(wrong(&host, ADA).await, "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Save]);
    assert_eq!(wrong(&host, "bob@example.com").await, "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Append]);
}

#[tokio::test]
async fn a_second_account_with_the_same_email_is_refused() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let again = SignUp::new("Ada@Example.com".parse().unwrap(), password(PASSWORD));
    assert_eq!(
        host.service.sign_up(again, &ClientInfo::default()).await.unwrap_err().code(),
        "user_already_exists"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_wrong_guesses_at_once_reach_the_hasher_a_hundred_times() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let before = host.hasher.checks();
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { wrong(&host, ADA).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "user_invalid_credentials");
    }
    assert_eq!(host.hasher.checks() - before, 100);
}

#[tokio::test]
async fn sign_in_with_a_password_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.methods.email_password = false);
    assert_eq!(code(sign_in(&host, ADA, PASSWORD).await), "user_auth_method_unsupported");
    assert_eq!(host.recorder.take(), []);
}

#[tokio::test]
async fn h61_the_email_may_be_typed_in_any_case() {
    let host = TestHost::new();
    let ada = host.signed_up(ADA).await;
    assert_eq!(sign_in(&host, "ADA@Example.Com", PASSWORD).await.unwrap().user_id(), ada.user_id());
}

#[tokio::test]
async fn asvs_6_2_8_a_password_counts_exactly_as_it_was_set() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let near = [
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        format!("{PASSWORD}\0"),
        PASSWORD.to_uppercase(),
        PASSWORD[..PASSWORD.len() - 1].to_owned(),
    ];
    for text in near {
        assert_eq!(code(sign_in(&host, ADA, &text).await), "user_invalid_credentials");
    }
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn asvs_6_2_10_a_password_never_expires() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    host.clock.advance(3653 * DAY);
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn h04_a_guess_costs_the_same_whatever_the_account_is() {
    let (texts, host) = TextStore::host();
    let mut work = Vec::new();
    for (email, edit) in
        [("open@example.com", ""), ("bare@example.com", "bare"), ("shut@example.com", "shut")]
    {
        let id = *host.signed_up(email).await.user_id();
        texts.edit(&id, |account| match edit {
            "bare" => _ = account.as_object_mut().unwrap().remove("password"),
            "shut" => account["blocked"] = true.into(),
            _ => {}
        });
        host.recorder.take();
        fail(&host, email, 1).await;
        work.push(host.recorder.take());
    }
    host.recorder.take();
    fail(&host, "nobody@example.com", 1).await;
    let nobody =
        host.recorder.take().into_iter().map(|step| if step == Step::Append { Step::Save } else { step });
    work.push(nobody.collect());
    for each in &work {
        assert_eq!(each, &[Step::Load, Step::Check, Step::Load, Step::Save]);
    }
}

#[tokio::test]
async fn r24_no_password_opens_an_account_without_one() {
    let (texts, host) = TextStore::host();
    let id = *host.signed_up(ADA).await.user_id();
    texts.edit(&id, |account| _ = account.as_object_mut().unwrap().remove("password"));
    for text in [PASSWORD, "password", "correct horse battery staple", "        ", "\0\0\0\0\0\0\0\0"] {
        assert_eq!(code(sign_in(&host, ADA, text).await), "user_invalid_credentials");
    }
}

#[tokio::test]
async fn a_blocked_account_is_told_so_only_to_who_knows_the_password() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.service.block(&caller).await.unwrap();
    host.recorder.take();
    assert_eq!(code(sign_in(&host, ADA, PASSWORD).await), "user_blocked");
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Save]);
    fail(&host, ADA, 1).await;
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Save]);
}

/// A hundred wrong guesses in a row, over all operations that take the current password.
async fn a_hundred_wrong_guesses_over_all_operations(host: &TestHost, caller: &Caller) {
    let wrong = || password("no such password");
    for _ in 0..25 {
        fail(host, ADA, 1).await;
        let service = &host.service;
        let changed = service.change_password(caller, password(OTHER), Some(wrong())).await;
        assert_eq!(code(changed), "user_invalid_credentials");
        let changed = service.change_email(caller, BOB.parse().unwrap(), wrong()).await;
        assert_eq!(code(changed), "user_invalid_credentials");
        let changed = service.change_phone(caller, "+16175551212".parse().unwrap(), wrong()).await;
        assert_eq!(code(changed), "user_invalid_credentials");
    }
}

#[tokio::test]
async fn r12_h33_a_hundred_wrong_guesses_over_all_operations_lock_all_of_them() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    a_hundred_wrong_guesses_over_all_operations(&host, &caller).await;
    let right = || password(PASSWORD);
    host.recorder.take();
    assert_eq!(code(sign_in(&host, ADA, PASSWORD).await), "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load], "a locked account is refused by a read");
    let service = &host.service;
    let refused = [
        code(service.change_password(&caller, password(OTHER), Some(right())).await),
        code(service.change_email(&caller, BOB.parse().unwrap(), right()).await),
        code(service.change_phone(&caller, "+16175551212".parse().unwrap(), right()).await),
    ];
    assert_eq!(refused, ["user_invalid_credentials"; 3]);
    // The session that is there goes on, with everything that takes no password.
    service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    service.issue_jwt(&caller).await.unwrap();

    host.clock.advance(Duration::from_secs(15 * 60) - Duration::from_millis(1));
    assert!(!opens(&host, ADA).await);
    host.clock.advance(Duration::from_millis(1));
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn each_further_lock_lasts_twice_as_long_up_to_a_day_and_a_success_begins_anew() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    for lock in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
        let checks = host.hasher.checks();
        fail(&host, ADA, 100).await;
        assert_eq!(host.hasher.checks() - checks, 100, "the lock before has ended");
        host.clock.advance(minutes(lock) - Duration::from_millis(1));
        host.recorder.take();
        fail(&host, ADA, 1).await;
        assert_eq!(host.recorder.take(), [Step::Load], "still locked after {lock} minutes less a moment");
        host.clock.advance(Duration::from_millis(1));
    }
    assert!(opens(&host, ADA).await);
    fail(&host, ADA, 100).await;
    host.clock.advance(minutes(15));
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn a_success_clears_the_count() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    fail(&host, ADA, 99).await;
    assert!(opens(&host, ADA).await);
    fail(&host, ADA, 99).await;
    // Proving the password anywhere counts as a success.
    let own = ADA.parse().unwrap();
    host.service.change_email(&caller, own, password(PASSWORD)).await.unwrap();
    fail(&host, ADA, 99).await;
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn r15_ones_own_success_clears_nobody_elses_count() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    host.signed_up(BOB).await;
    for _ in 0..100 {
        fail(&host, ADA, 1).await;
        assert!(opens(&host, BOB).await);
    }
    assert!(!opens(&host, ADA).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_honest_sign_ins_in_parallel_all_succeed() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_limit = 100);
    host.signed_up(ADA).await;
    fail(&host, ADA, 98).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { opens(&host, ADA).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
}

#[tokio::test]
async fn h70_a_run_of_failures_is_one_event_at_1_10_and_100() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let mut seen = Vec::new();
    for guess in 1..=100 {
        fail(&host, ADA, 1).await;
        let refusals =
            log_names(&host, &caller).await.iter().filter(|name| **name == "session.refuse").count();
        if refusals > seen.len() {
            seen.push(guess);
        }
    }
    assert_eq!(seen, [1, 10, 100]);
}

/// A service that hashes with Argon2id of this cost, on one store with others.
fn service(store: &TextStore, memory_kib: u32) -> AccountService<TextStore> {
    let key: Vec<u8> = (0..32).collect();
    let params = Argon2Params::new(memory_kib, 1, 1).unwrap();
    AccountService::builder(store.clone())
        .config(Config::new(MasterKey::from_bytes(&key).unwrap()))
        .hasher(Argon2Pool::builder().params(params).threads(1).build())
        .limiter(NoLimits)
        .build()
        .unwrap()
}

#[tokio::test]
async fn h29_a_weaker_hash_is_made_anew_at_the_next_sign_in() {
    let store = TextStore::default();
    let (weak, strong) = (service(&store, 8), service(&store, 16));
    let request = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    let id = *weak.sign_up(request, &ClientInfo::default()).await.unwrap().id();
    let hash = || store.account(&id)["password"]["hash"].as_str().unwrap().to_owned();
    let set_at = store.account(&id)["password"]["updated_at"].clone();
    assert!(hash().contains("$m=8,t=1,p=1$"));

    let sign_in = async |service: &AccountService<TextStore>, text: &str| {
        service.sign_in_with_password(ADA.parse().unwrap(), password(text), &ClientInfo::default()).await
    };
    assert_eq!(code(sign_in(&strong, "no such password").await), "user_invalid_credentials");
    assert!(hash().contains("$m=8,t=1,p=1$"), "a wrong guess must not set a hash");
    sign_in(&strong, PASSWORD).await.unwrap();
    let stronger = hash();
    assert!(stronger.contains("$m=16,t=1,p=1$"));
    sign_in(&strong, PASSWORD).await.unwrap();
    // An older node knows the stronger hash and does not weaken it.
    sign_in(&weak, PASSWORD).await.unwrap();
    assert_eq!(hash(), stronger);
    assert_eq!(store.account(&id)["password"]["updated_at"], set_at);
}
