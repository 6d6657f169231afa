//! Sign-up: what a new account is, and what it is refused for.

use account::{
    MemoryStore, NewPushTarget, SignUp,
    model::{ClientInfo, TargetKind},
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password},
};

use crate::support::fixtures::*;

fn request(email: &str) -> SignUp {
    SignUp::new(email.parse().unwrap(), password(PASSWORD))
}

#[tokio::test]
async fn a_new_account_has_what_it_was_given_and_nothing_else() {
    let host = TestHost::new();
    let mut ada = request("Ada@Example.COM");
    ada.name = "Ada Lovelace".parse().unwrap();
    let user = host.service.sign_up(ada, &ClientInfo::default()).await.unwrap();

    let now = host.clock.now();
    assert_eq!(user.email().unwrap().as_str(), ADA);
    assert_eq!(user.name().as_str(), "Ada Lovelace");
    assert_eq!(
        [user.created_at(), user.updated_at(), user.accessed_at(), user.password_updated_at().unwrap()],
        [now; 4]
    );
    assert_eq!(user.preferences().as_json(), "{}");
    assert!(user.phone().is_none() && user.labels().is_empty());
    assert!(!user.is_email_verified() && !user.is_phone_verified() && !user.is_blocked() && !user.has_mfa());
}

#[tokio::test]
async fn sign_up_starts_no_session_and_sends_nothing() {
    let host = TestHost::new();
    host.service.sign_up(request(ADA), &ClientInfo::default()).await.unwrap();
    assert_eq!((host.outbox.mails().len(), host.outbox.texts().len()), (0, 0));
    let caller = host.caller(&host.signed_in(ADA).await).await;
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create"]);
}

#[tokio::test]
async fn h27_a_generated_id_is_fresh_and_short_enough() {
    let host = TestHost::new();
    let one = host.service.sign_up(request(ADA), &ClientInfo::default()).await.unwrap();
    let two = host.service.sign_up(request(BOB), &ClientInfo::default()).await.unwrap();
    assert_ne!(one.id(), two.id());
    assert_eq!(one.id().as_str().len(), 26);
}

#[tokio::test]
async fn a_given_id_is_kept_and_cannot_be_given_twice() {
    let host = TestHost::new();
    let mut ada = request(ADA);
    ada.user_id = "ada-1".parse().unwrap();
    assert_eq!(host.service.sign_up(ada, &ClientInfo::default()).await.unwrap().id().as_str(), "ada-1");
    let mut bob = request(BOB);
    bob.user_id = "ada-1".parse().unwrap();
    assert_eq!(code(host.service.sign_up(bob, &ClientInfo::default()).await), "user_already_exists");
    // What was refused left nothing behind.
    host.service.sign_up(request(BOB), &ClientInfo::default()).await.unwrap();
}

#[tokio::test]
async fn h61_one_email_makes_one_account_in_whatever_case() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    for spelling in ["ada@example.com", "ADA@EXAMPLE.COM", "aDa@eXample.Com"] {
        let again = host.service.sign_up(request(spelling), &ClientInfo::default()).await;
        assert_eq!(code(again), "user_already_exists");
    }
}

#[tokio::test]
async fn h01_a_taken_email_costs_its_hash_as_well() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let before = host.hasher.hashes();
    assert_eq!(code(host.service.sign_up(request(ADA), &ClientInfo::default()).await), "user_already_exists");
    assert_eq!(host.hasher.hashes() - before, 1);
}

#[tokio::test]
async fn h63_a_new_account_has_the_email_target_of_its_own() {
    let host = TestHost::new();
    let user = host.service.sign_up(request(ADA), &ClientInfo::default()).await.unwrap();
    let targets = user.targets();
    assert_eq!(targets.len(), 1);
    assert_eq!(
        (targets[0].kind, &*targets[0].identifier, targets[0].user),
        (TargetKind::Email, ADA, *user.id())
    );
}

#[tokio::test]
async fn h07_a_device_token_that_looks_like_an_email_keeps_nobody_from_it() {
    let host = TestHost::new();
    let bob = host.caller(&host.signed_up(BOB).await).await;
    host.service.add_push_target(&bob, NewPushTarget::new(ADA.parse().unwrap())).await.unwrap();
    let user = host.service.sign_up(request(ADA), &ClientInfo::default()).await.unwrap();
    assert_eq!(&*user.targets()[0].identifier, ADA);
}

#[tokio::test]
async fn sign_up_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.methods.email_password = false);
    let refused = host.service.sign_up(request(ADA), &ClientInfo::default()).await;
    assert_eq!(code(refused), "user_auth_method_unsupported");
    assert_eq!(host.hasher.hashes(), 0);
}
