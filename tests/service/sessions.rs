//! Sessions: how long they live, how many there are, and that what has ended stays ended.

use std::time::Duration;

use account::{
    MemoryStore, NewPushTarget,
    model::{ClientInfo, Factor, SessionProvider, SessionSecret},
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password},
};

use crate::support::{fixtures::*, text_store::TextStore};

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_session_tells_how_and_from_where_it_began() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let signed_in = host
        .service
        .sign_in_with_password("ADA@example.com".parse().unwrap(), password(PASSWORD), &client())
        .await
        .unwrap();
    let session = &signed_in.session;
    assert_eq!((session.provider, &*session.provider_uid), (SessionProvider::Email, ADA));
    assert_eq!(session.factors, [Factor::Password]);
    assert_eq!(session.ip, client().ip());
    assert_eq!(session.expires_at, host.clock.now().after(365 * DAY));
    assert!(session.current && session.country.is_none() && session.challenged_at.is_none());
    assert_eq!(signed_in.user_id(), &session.user);
}

#[tokio::test]
async fn only_the_session_that_asks_is_the_current_one() {
    let host = TestHost::new();
    let (first, caller) = ada(&host).await;
    host.signed_in(ADA).await;
    let current: Vec<_> =
        host.service.sessions(&caller).await.unwrap().iter().map(|session| session.current).collect();
    assert_eq!(current, [true, false]);
    assert!(host.service.session(&caller, &first.session.id).await.unwrap().current);
}

#[tokio::test]
async fn sessions_are_listed_oldest_first() {
    let host = TestHost::new();
    let mut ids = vec![host.signed_up(ADA).await.session.id];
    for _ in 0..4 {
        ids.push(host.signed_in(ADA).await.session.id);
    }
    let caller = host.caller(&host.signed_in(ADA).await).await;
    let listed: Vec<_> = host.service.sessions(&caller).await.unwrap().iter().map(|each| each.id).collect();
    assert_eq!(listed[..5], ids);
}

#[tokio::test]
async fn r34_a_session_is_accepted_until_the_instant_it_expires() {
    let host = TestHost::new();
    let signed_in = host.signed_up(ADA).await;
    let end = signed_in.session.expires_at;
    host.clock.set(end.before(MILLISECOND));
    host.caller(&signed_in).await;
    host.clock.set(end);
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "general_unauthorized_scope");
}

#[tokio::test]
async fn h24_an_expired_session_is_neither_found_nor_listed_nor_revived() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = DAY);
    let old = host.signed_up(ADA).await;
    host.clock.advance(DAY / 2);
    let caller = host.caller(&host.signed_in(ADA).await).await;
    host.clock.set(old.session.expires_at);
    let id = old.session.id;
    assert_eq!(code(host.service.session(&caller, &id).await), "user_session_not_found");
    assert_eq!(code(host.service.extend_session(&caller, &id).await), "user_session_not_found");
    assert_eq!(code(host.service.sign_out(&caller, &id).await), "user_session_not_found");
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
}

#[tokio::test]
async fn h24_an_expired_session_cannot_extend_itself() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    host.clock.set(signed_in.session.expires_at);
    let extended = host.service.extend_session(&caller, &signed_in.session.id).await;
    assert_eq!(code(extended), "general_unauthorized_scope");
}

#[tokio::test]
async fn h24_the_push_targets_of_an_expired_session_are_gone_for_their_owner() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = DAY);
    let (old, caller) = ada(&host).await;
    let lost =
        host.service.add_push_target(&caller, NewPushTarget::new("lost".parse().unwrap())).await.unwrap();
    host.clock.advance(DAY / 2);
    let caller = host.caller(&host.signed_in(ADA).await).await;
    let kept =
        host.service.add_push_target(&caller, NewPushTarget::new("kept".parse().unwrap())).await.unwrap();
    host.clock.set(old.session.expires_at);

    let listed = host.service.user(&caller).await.unwrap().targets();
    assert!(listed.iter().all(|target| target.id != lost.id), "an ended device would still be messaged");
    let changed = host.service.change_push_target(&caller, &lost.id, "new".parse().unwrap()).await;
    assert_eq!(code(changed), "user_target_not_found");
    assert_eq!(code(host.service.remove_push_target(&caller, &lost.id).await), "user_target_not_found");
    // Its token is free again.
    host.service.change_push_target(&caller, &kept.id, "lost".parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_extension_counts_from_now() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    host.clock.advance(100 * DAY);
    let extended = host.service.extend_session(&caller, &signed_in.session.id).await.unwrap();
    assert_eq!(extended.expires_at, host.clock.now().after(365 * DAY));
    assert_eq!(extended.updated_at, host.clock.now());
    assert!(extended.current);
    host.clock.set(signed_in.session.expires_at);
    host.caller(&signed_in).await;
}

#[tokio::test]
async fn h24_no_extension_passes_the_cap() {
    let host = TestHost::with(MemoryStore::new(), |config| {
        config.session_lifetime = DAY;
        config.session_max_lifetime = Some(2 * DAY);
    });
    let (signed_in, caller) = ada(&host).await;
    let cap = signed_in.session.created_at.after(2 * DAY);
    for _ in 0..5 {
        host.clock.advance(DAY * 9 / 20);
        let Ok(extended) = host.service.extend_session(&caller, &signed_in.session.id).await else { break };
        assert!(extended.expires_at <= cap);
    }
    host.clock.set(cap.before(MILLISECOND));
    host.caller(&signed_in).await;
    host.clock.set(cap);
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "general_unauthorized_scope");
}

#[tokio::test]
async fn h25_beyond_the_limit_the_oldest_session_ends_with_its_push_targets() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_limit = 3);
    let (oldest, caller) = ada(&host).await;
    host.service.add_push_target(&caller, NewPushTarget::new("oldest".parse().unwrap())).await.unwrap();
    let second = host.signed_in(ADA).await;
    let caller = host.caller(&second).await;
    host.service.add_push_target(&caller, NewPushTarget::new("second".parse().unwrap())).await.unwrap();
    for _ in 0..2 {
        host.clock.advance(MILLISECOND);
        host.signed_in(ADA).await;
    }
    assert_eq!(code(host.service.caller(&oldest.secret).await), "general_unauthorized_scope");
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 3);
    let tokens: Vec<_> =
        host.service.user(&caller).await.unwrap().targets().into_iter().map(|each| each.identifier).collect();
    assert_eq!(tokens, [ADA, "second"].map(Box::<str>::from));
}

#[tokio::test]
async fn h25_expired_sessions_take_no_place_under_the_limit() {
    let host = TestHost::with(MemoryStore::new(), |config| {
        config.session_limit = 2;
        config.session_lifetime = DAY;
    });
    host.signed_up(ADA).await;
    host.clock.advance(DAY / 2);
    let live = host.signed_in(ADA).await;
    host.clock.advance(DAY / 2);
    host.signed_in(ADA).await;
    host.caller(&live).await;
}

#[tokio::test]
async fn signing_out_ends_one_session_and_its_push_targets() {
    let host = TestHost::new();
    let (here, caller) = ada(&host).await;
    host.service.add_push_target(&caller, NewPushTarget::new("here".parse().unwrap())).await.unwrap();
    let there = host.signed_in(ADA).await;
    host.service.sign_out(&caller, &here.session.id).await.unwrap();

    assert_eq!(code(host.service.caller(&here.secret).await), "general_unauthorized_scope");
    assert_eq!(code(host.service.user(&caller).await), "general_unauthorized_scope");
    let caller = host.caller(&there).await;
    assert_eq!(host.service.user(&caller).await.unwrap().targets().len(), 1);
    assert_eq!(code(host.service.sign_out(&caller, &here.session.id).await), "user_session_not_found");
}

#[tokio::test]
async fn one_device_can_sign_out_another() {
    let host = TestHost::new();
    let lost = host.signed_up(ADA).await;
    let caller = host.caller(&host.signed_in(ADA).await).await;
    host.service.sign_out(&caller, &lost.session.id).await.unwrap();
    assert_eq!(code(host.service.caller(&lost.secret).await), "general_unauthorized_scope");
    host.service.user(&caller).await.unwrap();
}

#[tokio::test]
async fn h81_signing_out_everywhere_ends_all_sessions_and_their_push_targets() {
    let host = TestHost::new();
    let (one, caller) = ada(&host).await;
    let two = host.signed_in(ADA).await;
    let other = host.caller(&two).await;
    for (caller, token) in [(&caller, "one"), (&other, "two")] {
        host.service.add_push_target(caller, NewPushTarget::new(token.parse().unwrap())).await.unwrap();
    }
    host.service.sign_out_everywhere(&caller).await.unwrap();
    for ended in [&one, &two] {
        assert_eq!(code(host.service.caller(&ended.secret).await), "general_unauthorized_scope");
    }
    let caller = host.caller(&host.signed_in(ADA).await).await;
    assert_eq!(host.service.user(&caller).await.unwrap().targets().len(), 1);
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_is_worth_nothing_under_another_account() {
    let host = TestHost::new();
    let (ada, _) = ada(&host).await;
    let bob = host.signed_up(BOB).await;
    let hex = |wire: &str| {
        let json = data_encoding::BASE64.decode(wire.as_bytes()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&json).unwrap()["secret"].as_str().unwrap().to_owned()
    };
    let forged = format!(r#"{{"id":"{}","secret":"{}"}}"#, bob.user_id(), hex(&ada.secret.to_wire()));
    let forged = SessionSecret::from_wire(&data_encoding::BASE64.encode(forged.as_bytes())).unwrap();
    assert_eq!(code(host.service.caller(&forged).await), "general_unauthorized_scope");
    let again = SessionSecret::from_wire(&ada.secret.to_wire()).unwrap();
    assert_eq!(host.service.caller(&again).await.unwrap().user_id(), ada.user_id());
}

#[tokio::test]
async fn the_secret_is_shown_once_and_never_printed() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    let wire = signed_in.secret.to_wire();
    let json = data_encoding::BASE64.decode(wire.as_bytes()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let hex = json["secret"].as_str().unwrap();
    let stored = texts.account(caller.user_id()).to_string();
    for shown in [format!("{signed_in:?} {caller:?} {host:?}"), stored] {
        assert!(!shown.contains(hex) && !shown.contains(&wire) && !shown.contains(PASSWORD));
    }
}

#[tokio::test]
async fn an_account_in_use_is_noted_once_a_day() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let start = host.clock.now();
    host.clock.advance(DAY - MILLISECOND);
    host.caller(&signed_in).await;
    assert_eq!(host.service.user(&caller).await.unwrap().accessed_at(), start);
    host.clock.advance(MILLISECOND);
    host.caller(&signed_in).await;
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!(user.accessed_at(), start.after(DAY));
    assert_eq!(user.updated_at(), start);
    // No entry of the log comes of it.
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create"]);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_no_harm() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    host.clock.advance(30 * DAY);
    let newer = host.signed_in(ADA).await;
    host.clock.set(signed_in.session.created_at.before(10 * DAY));
    host.caller(&signed_in).await;
    host.caller(&newer).await;
    host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    fail(&host, ADA, 3).await;
    assert!(opens(&host, ADA).await);
    host.service.extend_session(&caller, &newer.session.id).await.unwrap();
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 3);
    host.clock.set(newer.session.created_at);
    host.caller(&signed_in).await;
}

#[tokio::test]
async fn an_anonymous_session_belongs_to_an_account_of_its_own() {
    let host = TestHost::new();
    let (one, caller) = anonymous(&host).await;
    let (two, _) = anonymous(&host).await;
    assert_ne!(one.user_id(), two.user_id());
    assert_eq!((one.session.provider, &*one.session.provider_uid), (SessionProvider::Anonymous, ""));
    assert_eq!(one.session.factors, [Factor::Anonymous]);
    let user = host.service.user(&caller).await.unwrap();
    assert!(user.email().is_none() && user.phone().is_none() && user.password_updated_at().is_none());
    assert!(user.targets().is_empty() && user.name().is_empty());
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create"]);
}

#[tokio::test]
async fn anonymous_accounts_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.methods.anonymous = false);
    let refused = host.service.sign_in_anonymously(&ClientInfo::default()).await;
    assert_eq!(code(refused), "user_auth_method_unsupported");
}
