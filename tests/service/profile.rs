//! The profile: name, preferences, and the block that its owner can set.

use std::time::Duration;

use account::{ports::Clock as _, testing::TestHost};

use crate::support::{fixtures::*, text_store::TextStore};

#[tokio::test]
async fn a_new_name_is_kept() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.clock.advance(Duration::from_secs(5));
    let changed = host.service.change_name(&caller, "Ada King".parse().unwrap()).await.unwrap();
    assert_eq!(changed.name().as_str(), "Ada King");
    assert_eq!(changed.updated_at(), host.clock.now());
    let read = host.service.user(&caller).await.unwrap();
    assert_eq!(read.name().as_str(), "Ada King");
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create", "user.update"]);
}

#[tokio::test]
async fn a_name_is_data_and_comes_back_as_it_was_sent() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for name in ["<b>Ada</b>", "{{name}}", "'; drop table users; --", "👩‍🚀", " Ada ", &"x".repeat(128)]
    {
        host.service.change_name(&caller, name.parse().unwrap()).await.unwrap();
        assert_eq!(host.service.user(&caller).await.unwrap().name().as_str(), name);
    }
}

#[tokio::test]
async fn preferences_are_empty_at_first() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    assert_eq!(host.service.preferences(&caller).await.unwrap().as_json(), "{}");
}

#[tokio::test]
async fn preferences_come_back_byte_for_byte() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let sent =
        r#"{"z":1.0,"a":[1e2,-0,12345678901234567890.5],"é":"\u0041\/","n":null,"o":{"b":true,"a":{}}}"#;
    let user = host.service.replace_preferences(&caller, sent.parse().unwrap()).await.unwrap();
    assert_eq!(user.preferences().as_json(), sent);
    assert_eq!(host.service.preferences(&caller).await.unwrap().as_json(), sent);
    assert_eq!(host.service.user(&caller).await.unwrap().preferences().as_json(), sent);
}

#[tokio::test]
async fn preferences_are_replaced_as_a_whole() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for sent in [r#"{"theme":"dark","size":2}"#, r#"{"theme":"light"}"#, "{}"] {
        host.service.replace_preferences(&caller, sent.parse().unwrap()).await.unwrap();
        assert_eq!(host.service.preferences(&caller).await.unwrap().as_json(), sent);
    }
}

#[tokio::test]
async fn preferences_survive_every_other_change() {
    let (_, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    let sent = r#"{"theme":"dark"}"#;
    host.service.replace_preferences(&caller, sent.parse().unwrap()).await.unwrap();
    host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    host.service.extend_session(&caller, &signed_in.session.id).await.unwrap();
    host.signed_in(ADA).await;
    host.clock.advance(2 * DAY);
    host.caller(&signed_in).await;
    let user = host.service.change_name(&caller, "King".parse().unwrap()).await.unwrap();
    assert_eq!(user.preferences().as_json(), sent);
    assert_eq!(host.service.preferences(&caller).await.unwrap().as_json(), sent);
}

#[tokio::test]
async fn who_blocks_the_account_ends_its_use_at_once() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let other = host.signed_in(ADA).await;
    assert!(host.service.block(&caller).await.unwrap().is_blocked());
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "user_blocked");
    assert_eq!(code(host.service.caller(&other.secret).await), "user_blocked");
    assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "user_blocked");
    assert_eq!(code(host.service.block(&caller).await), "user_blocked");
}

#[tokio::test]
async fn a_store_of_the_applications_own_may_refuse_a_change() {
    let (store, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    store.refuse(Some("closed for the night"));
    let writes = store.writes();
    let error = host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap_err();
    assert_eq!((error.code(), error.kind().status()), ("general_access_forbidden", 403));
    assert!(!error.to_string().contains("night"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "closed for the night");
    assert_eq!(store.writes(), writes + 1, "it is not tried again");
    let client = account::model::ClientInfo::default();
    let kept = host.service.admin(&client).delete(caller.user_id()).await;
    assert!(matches!(kept, Err(account::Error::RefusedByHost(_))), "{kept:?}");
    store.refuse(None);
    host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
}
