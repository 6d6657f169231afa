//! JWTs: a proof of a session that dies with it.

use std::{sync::Arc, time::Duration};

use account::{
    AccountService, Config, MasterKey, MemoryStore,
    model::ClientInfo,
    ports::{Clock as _, NoMailer, NoSms},
    testing::{InstantHasher, ManualClock, PASSWORD, TestHost, password},
};

use crate::support::fixtures::*;

#[tokio::test]
async fn a_jwt_stands_for_its_session_without_being_it() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let by_jwt = host.service.caller_by_jwt(jwt.as_str()).await.unwrap();
    assert_eq!(by_jwt.user_id(), caller.user_id());
    assert_eq!(by_jwt.session_id(), &signed_in.session.id);
    assert_eq!(by_jwt.current_session(), None);
    let sessions = host.service.sessions(&by_jwt).await.unwrap();
    assert!(sessions.iter().all(|session| !session.current));
    assert!(!host.service.session(&by_jwt, &signed_in.session.id).await.unwrap().current);
    host.service.change_name(&by_jwt, "Ada".parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_caller_by_jwt_gets_no_other_jwt() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let by_jwt = host.service.caller_by_jwt(jwt.as_str()).await.unwrap();
    assert_eq!(code(host.service.issue_jwt(&by_jwt).await), "user_session_not_found");
}

#[tokio::test]
async fn r34_a_jwt_is_accepted_until_the_instant_it_expires() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.clock.advance(Duration::from_millis(400));
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    assert_eq!(jwt.expires_at().as_secs(), host.clock.now().as_secs() + 900);
    host.clock.set(jwt.expires_at().before(Duration::from_millis(1)));
    let by_jwt = host.service.caller_by_jwt(jwt.as_str()).await.unwrap();
    host.clock.set(jwt.expires_at());
    assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "user_jwt_invalid");
    // Who came in time may finish the request.
    host.service.user(&by_jwt).await.unwrap();
}

#[tokio::test]
async fn h57_a_jwt_dies_when_its_session_expires() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = Duration::from_secs(60));
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    host.clock.set(signed_in.session.expires_at);
    assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "general_unauthorized_scope");
}

#[tokio::test]
async fn asvs_7_4_1_a_jwt_dies_with_the_sign_out_of_its_session_and_no_other() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let other = host.caller(&host.signed_in(ADA).await).await;
    let other_jwt = host.service.issue_jwt(&other).await.unwrap();
    let by_jwt = host.service.caller_by_jwt(jwt.as_str()).await.unwrap();
    host.service.sign_out(&other, &signed_in.session.id).await.unwrap();
    assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "general_unauthorized_scope");
    assert_eq!(code(host.service.user(&by_jwt).await), "general_unauthorized_scope");
    host.service.caller_by_jwt(other_jwt.as_str()).await.unwrap();
}

#[tokio::test]
async fn h22_a_change_of_password_ends_the_jwts_issued_before_it_also_those_of_the_session_that_stays() {
    for end_other_sessions in [true, false] {
        let host =
            TestHost::with(MemoryStore::new(), |config| config.end_other_sessions = end_other_sessions);
        let (_, caller) = ada(&host).await;
        let other = host.caller(&host.signed_in(ADA).await).await;
        let before =
            [host.service.issue_jwt(&caller).await.unwrap(), host.service.issue_jwt(&other).await.unwrap()];
        host.service.change_password(&caller, password(OTHER), Some(password(PASSWORD))).await.unwrap();
        for jwt in before {
            assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "general_unauthorized_scope");
        }
        let after = host.service.issue_jwt(&caller).await.unwrap();
        host.service.caller_by_jwt(after.as_str()).await.unwrap();
    }
}

#[tokio::test]
async fn jwts_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.methods.jwt = false);
    let (_, caller) = ada(&host).await;
    assert_eq!(code(host.service.issue_jwt(&caller).await), "user_auth_method_unsupported");
}

#[tokio::test]
async fn h57_what_is_no_jwt_of_this_service_is_refused() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let parts: Vec<_> = jwt.as_str().split('.').collect();
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"none"}"#);
    let forged = [
        String::new(),
        "..".into(),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{} ", jwt.as_str()),
        "x".repeat(100_000),
    ];
    for text in forged {
        assert_eq!(code(host.service.caller_by_jwt(&text).await), "user_jwt_invalid");
    }
    let claims = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["userId"], caller.user_id().as_str());
    assert_eq!(claims["sessionId"], caller.session_id().as_str());
    assert_eq!(claims["aud"], "default");
}

type Service = AccountService<Arc<MemoryStore>, NoMailer, NoSms, ManualClock>;

fn key(first: u8) -> MasterKey {
    MasterKey::from_bytes(&(first..first + 32).collect::<Vec<u8>>()).unwrap()
}

fn service(store: &Arc<MemoryStore>, keys: Vec<MasterKey>, project: &str) -> Service {
    let mut config = Config::new(key(0));
    config.keys = keys;
    config.project = project.into();
    AccountService::builder(Arc::clone(store))
        .config(config)
        .clock(ManualClock::default())
        .hasher(InstantHasher::default())
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_jwts_of_an_old_key_are_accepted_as_long_as_it_is_listed() {
    let store = Arc::new(MemoryStore::new());
    let old = service(&store, vec![key(0)], "default");
    let signed_in = old.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let jwt = old.issue_jwt(&old.caller(&signed_in.secret).await.unwrap()).await.unwrap();

    let rotated = service(&store, vec![key(200), key(0)], "default");
    rotated.caller_by_jwt(jwt.as_str()).await.unwrap();
    let new = rotated.issue_jwt(&rotated.caller(&signed_in.secret).await.unwrap()).await.unwrap();
    assert_eq!(code(old.caller_by_jwt(new.as_str()).await), "user_jwt_invalid");

    let dropped = service(&store, vec![key(200)], "default");
    assert_eq!(code(dropped.caller_by_jwt(jwt.as_str()).await), "user_jwt_invalid");
    dropped.caller_by_jwt(new.as_str()).await.unwrap();
    // Sessions rest on no key.
    dropped.caller(&signed_in.secret).await.unwrap();
}

#[tokio::test]
async fn asvs_9_2_3_a_jwt_of_another_project_is_refused() {
    let store = Arc::new(MemoryStore::new());
    let (one, two) = (service(&store, vec![key(0)], "one"), service(&store, vec![key(0)], "two"));
    let signed_in = one.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let jwt = one.issue_jwt(&one.caller(&signed_in.secret).await.unwrap()).await.unwrap();
    assert_eq!(code(two.caller_by_jwt(jwt.as_str()).await), "user_jwt_invalid");
}

#[tokio::test]
async fn a_jwt_is_never_printed() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    assert!(!format!("{jwt:?}").contains(jwt.as_str().rsplit('.').next().unwrap()));
}
