//! Changing password, email and phone: the current password is proved, and what rested on the old
//! one ends.

use std::time::Duration;

use account::{
    AccountService, Config, CredentialChange, MasterKey, MemoryStore, NewPushTarget,
    model::{ClientInfo, TargetKind},
    ports::Clock as _,
    testing::{InstantHasher, PASSWORD, TestHost, password},
};

use crate::support::{fixtures::*, text_store::TextStore};

const NEW: &str = "ada@new.example.com";

fn keep_others() -> TestHost {
    TestHost::with(MemoryStore::new(), |config| config.end_other_sessions = false)
}

/// The three changes, each with the right password.
async fn change(host: &TestHost, caller: &account::Caller, which: usize) -> CredentialChange {
    let (service, right) = (&host.service, password(PASSWORD));
    match which {
        0 => service.change_password(caller, password(OTHER), Some(right)).await.unwrap(),
        1 => service.change_email(caller, NEW.parse().unwrap(), right).await.unwrap(),
        _ => service.change_phone(caller, PHONE.parse().unwrap(), right).await.unwrap(),
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.clock.advance(DAY);
    let done = change(&host, &caller, 0).await;
    assert_eq!(done.user.password_updated_at(), Some(host.clock.now()));
    assert!(done.secret.is_none());
    assert!(!opens(&host, ADA).await);
    sign_in(&host, ADA, OTHER).await.unwrap();
}

#[tokio::test]
async fn asvs_6_2_3_a_change_of_password_takes_the_current_one() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for old in [None, Some(password("no such password")), Some(password(OTHER))] {
        let refused = host.service.change_password(&caller, password(OTHER), old).await;
        assert_eq!(code(refused), "user_invalid_credentials");
    }
    assert!(opens(&host, ADA).await);
    assert!(host.outbox.mails().is_empty());
}

#[tokio::test]
async fn asvs_7_5_1_a_change_of_email_or_phone_takes_the_current_password() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let wrong = || password("no such password");
    let refused = host.service.change_email(&caller, NEW.parse().unwrap(), wrong()).await;
    assert_eq!(code(refused), "user_invalid_credentials");
    let refused = host.service.change_phone(&caller, PHONE.parse().unwrap(), wrong()).await;
    assert_eq!(code(refused), "user_invalid_credentials");
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!((user.email().unwrap().as_str(), user.phone()), (ADA, None));
    assert!(host.outbox.mails().is_empty());
}

#[tokio::test]
async fn h63_a_new_email_keeps_the_id_of_its_target() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let before = host.service.user(&caller).await.unwrap().targets().remove(0);
    host.clock.advance(DAY);
    let user = change(&host, &caller, 1).await.user;
    let after = user.targets().remove(0);
    assert_eq!(user.targets().len(), 1);
    assert_eq!((after.id, after.created_at, after.kind), (before.id, before.created_at, TargetKind::Email));
    assert_eq!((&*after.identifier, after.updated_at), (NEW, host.clock.now()));
    assert_eq!(user.email().unwrap().as_str(), NEW);
    sign_in(&host, NEW, PASSWORD).await.unwrap();
    assert!(!opens(&host, ADA).await);
    // The old address is free.
    host.signed_up(ADA).await;
}

#[tokio::test]
async fn a_phone_number_gets_a_target_that_keeps_its_id() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let user = change(&host, &caller, 2).await.user;
    let first = user.targets().remove(1);
    assert_eq!((first.kind, &*first.identifier), (TargetKind::Sms, PHONE));
    let changed =
        host.service.change_phone(&caller, "+442071838750".parse().unwrap(), password(PASSWORD)).await;
    let second = changed.unwrap().user.targets().remove(1);
    assert_eq!((second.id, &*second.identifier), (first.id, "+442071838750"));
}

#[tokio::test]
async fn h78_a_new_address_counts_as_not_proven() {
    let (texts, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    texts.edit(caller.user_id(), |account| account["email"]["verified"] = true.into());
    assert!(host.service.user(&caller).await.unwrap().is_email_verified());
    let same = host.service.change_email(&caller, ADA.parse().unwrap(), password(PASSWORD)).await.unwrap();
    assert!(same.user.is_email_verified(), "the same address stays proven");
    assert!(!change(&host, &caller, 1).await.user.is_email_verified());
}

#[tokio::test]
async fn h07_the_unchanged_own_address_is_no_error_and_no_news() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let user = change(&host, &caller, 2).await.user;
    let (targets, mails) = (user.targets().len(), host.outbox.mails().len());
    let service = &host.service;
    service.change_email(&caller, "ADA@example.com".parse().unwrap(), password(PASSWORD)).await.unwrap();
    service.change_phone(&caller, PHONE.parse().unwrap(), password(PASSWORD)).await.unwrap();
    let user = service.user(&caller).await.unwrap();
    assert_eq!((user.targets().len(), host.outbox.mails().len()), (targets, mails));
}

#[tokio::test]
async fn an_address_of_somebody_else_is_refused() {
    let host = TestHost::new();
    let (_, ada) = ada(&host).await;
    let bob = host.caller(&host.signed_up(BOB).await).await;
    change(&host, &bob, 2).await;
    let service = &host.service;
    let taken = service.change_email(&ada, "Bob@Example.com".parse().unwrap(), password(PASSWORD)).await;
    assert_eq!(code(taken), "user_target_already_exists");
    let taken = service.change_phone(&ada, PHONE.parse().unwrap(), password(PASSWORD)).await;
    assert_eq!(code(taken), "user_target_already_exists");
    let user = service.user(&ada).await.unwrap();
    assert_eq!((user.email().unwrap().as_str(), user.phone()), (ADA, None));
}

#[tokio::test]
async fn h07_a_device_token_that_looks_like_an_address_keeps_nobody_from_it() {
    let host = TestHost::new();
    let (_, ada) = ada(&host).await;
    let bob = host.caller(&host.signed_up(BOB).await).await;
    for token in [NEW, PHONE] {
        host.service.add_push_target(&bob, NewPushTarget::new(token.parse().unwrap())).await.unwrap();
    }
    change(&host, &ada, 1).await;
    change(&host, &ada, 2).await;
}

#[tokio::test]
async fn h22_each_change_ends_the_other_sessions_and_all_earlier_jwts() {
    for which in 0..3 {
        let host = TestHost::new();
        let (here, caller) = ada(&host).await;
        let there = host.signed_in(ADA).await;
        let other = host.caller(&there).await;
        host.service.add_push_target(&other, NewPushTarget::new("there".parse().unwrap())).await.unwrap();
        let jwts =
            [host.service.issue_jwt(&caller).await.unwrap(), host.service.issue_jwt(&other).await.unwrap()];
        let user = change(&host, &caller, which).await.user;

        assert_eq!(code(host.service.caller(&there.secret).await), "general_unauthorized_scope");
        assert_eq!(code(host.service.user(&other).await), "general_unauthorized_scope");
        for jwt in jwts {
            assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "general_unauthorized_scope");
        }
        assert!(user.targets().iter().all(|target| target.kind != TargetKind::Push));
        // The session that made the change stays as it is.
        host.caller(&here).await;
        assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn h22_other_sessions_stay_where_the_policy_says_so() {
    for which in 0..3 {
        let host = keep_others();
        let (_, caller) = ada(&host).await;
        let there = host.signed_in(ADA).await;
        let jwt = host.service.issue_jwt(&caller).await.unwrap();
        change(&host, &caller, which).await;
        host.caller(&there).await;
        let jwt_lives = host.service.caller_by_jwt(jwt.as_str()).await.is_ok();
        assert_eq!(jwt_lives, which != 0, "only a change of password ends JWTs then");
    }
}

#[tokio::test]
async fn h79_the_address_from_before_is_told_of_each_change() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    let caller = caller.with_client(ClientInfo::default().with_locale("de-CH"));
    change(&host, &caller, 2).await;
    change(&host, &caller, 1).await;
    let old = Some(password(PASSWORD));
    host.service.change_password(&caller, password(OTHER), old).await.unwrap();
    let told: Vec<_> = host
        .outbox
        .mails()
        .into_iter()
        .map(|mail| (mail.to.as_str().to_owned(), mail.notice.name()))
        .collect();
    assert_eq!(
        told,
        [
            (ADA.to_owned(), "phoneChanged"),
            (ADA.to_owned(), "emailChanged"),
            (NEW.to_owned(), "passwordChanged"),
        ]
    );
    let first = &host.outbox.mails()[0];
    assert_eq!(
        (first.name.as_str(), first.locale.as_deref(), &*first.project),
        ("Ada", Some("de-CH"), "Account")
    );
    assert!(host.outbox.texts().is_empty());
}

#[tokio::test]
async fn r25_a_mailer_that_fails_fails_no_change() {
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .hasher(InstantHasher::default())
        .build()
        .unwrap();
    let request = account::SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    service.sign_up(request, &ClientInfo::default()).await.unwrap();
    let client = ClientInfo::default();
    let signed_in =
        service.sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &client).await.unwrap();
    let caller = service.caller(&signed_in.secret).await.unwrap();
    service.change_email(&caller, NEW.parse().unwrap(), password(PASSWORD)).await.unwrap();
    service.change_password(&caller, password(OTHER), Some(password(PASSWORD))).await.unwrap();
}

/// The three ways to make an anonymous account a lasting one.
async fn convert(host: &TestHost, caller: &account::Caller, which: usize) -> CredentialChange {
    let (service, first) = (&host.service, password(PASSWORD));
    match which {
        0 => service.change_password(caller, first, None).await.unwrap(),
        1 => service.change_email(caller, ADA.parse().unwrap(), first).await.unwrap(),
        _ => service.change_phone(caller, PHONE.parse().unwrap(), first).await.unwrap(),
    }
}

#[tokio::test]
async fn h23_an_anonymous_account_becomes_a_lasting_one_under_a_new_secret() {
    for which in 0..3 {
        let host = TestHost::new();
        let (signed_in, caller) = anonymous(&host).await;
        let jwt = host.service.issue_jwt(&caller).await.unwrap();
        let done = convert(&host, &caller, which).await;
        assert_eq!(done.user.id(), signed_in.user_id());
        assert_eq!(done.user.password_updated_at(), Some(host.clock.now()));

        let secret = done.secret.expect("a new secret");
        assert_eq!(code(host.service.caller(&signed_in.secret).await), "general_unauthorized_scope");
        assert_eq!(code(host.service.user(&caller).await), "general_unauthorized_scope");
        assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "general_unauthorized_scope");
        let caller = host.service.caller(&secret).await.unwrap();
        assert_eq!(caller.session_id(), &signed_in.session.id, "it is the same session");
        // From now on the password is asked for, and no secret changes any more.
        let refused = host.service.change_password(&caller, password(OTHER), None).await;
        assert_eq!(code(refused), "user_invalid_credentials");
        assert!(change(&host, &caller, 1).await.secret.is_none());
        sign_in(&host, NEW, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn an_anonymous_account_cannot_take_an_address_of_somebody_else() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let (signed_in, caller) = anonymous(&host).await;
    let refused = host.service.change_email(&caller, ADA.parse().unwrap(), password(OTHER)).await;
    assert_eq!(code(refused), "user_target_already_exists");
    // Nothing of it happened: no password, no new secret.
    host.caller(&signed_in).await;
    assert_eq!(host.service.user(&caller).await.unwrap().password_updated_at(), None);
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn h30_a_first_password_obeys_all_rules() {
    let host = TestHost::new();
    let (signed_in, caller) = anonymous(&host).await;
    let service = &host.service;
    let email = || ADA.parse().unwrap();
    let phone = || PHONE.parse().unwrap();
    let refused = [
        code(service.change_email(&caller, email(), password("password1")).await),
        code(service.change_email(&caller, email(), password("I am ADA@example.com")).await),
        code(service.change_phone(&caller, phone(), password("password1")).await),
        code(service.change_phone(&caller, phone(), password("call 16175551212 now")).await),
        code(service.change_password(&caller, password("password1"), None).await),
    ];
    let (weak, personal) = ("general_argument_invalid", "password_personal_data");
    assert_eq!(refused, [weak, personal, weak, personal, weak]);
    host.caller(&signed_in).await;
    let user = service.user(&caller).await.unwrap();
    assert!(user.email().is_none() && user.phone().is_none() && user.password_updated_at().is_none());
}

#[tokio::test]
async fn an_account_with_a_password_is_not_measured_by_the_rules_of_new_ones() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    // The current password would now contain the new address; it is proved, not set.
    let email = format!("{PASSWORD}@example.com").parse().unwrap();
    host.service.change_email(&caller, email, password(PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_tells_nothing_of_the_new_one() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let refused = host
        .service
        .change_password(&caller, password("password1"), Some(password("no such password")))
        .await;
    assert_eq!(code(refused), "user_invalid_credentials");
}

#[tokio::test]
async fn a_change_is_one_entry_of_the_log() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for which in [2, 1, 0] {
        host.clock.advance(Duration::from_secs(1));
        change(&host, &caller, which).await;
    }
    let operations: Vec<_> =
        log(&host, &caller).await.entries.into_iter().take(3).map(|entry| entry.event.operation).collect();
    assert_eq!(operations, ["updatePassword", "updateEmail", "updatePhone"].map(Box::<str>::from));
}
