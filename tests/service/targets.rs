//! Push targets: the devices of an account, and that no one touches another's.

use std::time::Duration;

use account::{
    DeviceToken, MemoryStore, NewPushTarget,
    model::{CustomId, TargetId, TargetKind},
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password},
};

use crate::support::fixtures::*;

fn token(text: &str) -> DeviceToken {
    text.parse().unwrap()
}

fn named(id: &str, text: &str) -> NewPushTarget {
    let mut new = NewPushTarget::new(token(text));
    new.id = CustomId::Given(id.parse().unwrap());
    new
}

#[tokio::test]
async fn a_device_is_added_with_what_is_known_of_it() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                  Version/17.0 Mobile/15E148 Safari/604.1";
    let caller = caller.with_client(client().with_user_agent(iphone));
    let target = host.service.add_push_target(&caller, named("phone", "token")).await.unwrap();
    assert_eq!((target.id.as_str(), target.kind, &*target.identifier), ("phone", TargetKind::Push, "token"));
    assert_eq!((target.provider, &*target.name), (None, "Apple iPhone"));
    assert_eq!((target.user, target.created_at), (*caller.user_id(), host.clock.now()));
    assert_eq!(host.service.user(&caller).await.unwrap().targets().len(), 2);
}

#[tokio::test]
async fn an_unknown_device_has_a_space_for_a_name() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    assert_eq!(&*host.service.add_push_target(&caller, named("a", "b")).await.unwrap().name, " ");
}

#[tokio::test]
async fn a_device_gets_another_token_and_keeps_its_id() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let before = host.service.add_push_target(&caller, named("phone", "old")).await.unwrap();
    host.clock.advance(Duration::from_secs(1));
    let after = host.service.change_push_target(&caller, &before.id, token("new")).await.unwrap();
    assert_eq!((after.id, after.created_at, &*after.identifier), (before.id, before.created_at, "new"));
    assert_eq!(after.updated_at, host.clock.now());
    // The same token again is no error, and the old one is free.
    host.service.change_push_target(&caller, &before.id, token("new")).await.unwrap();
    host.service.add_push_target(&caller, named("other", "old")).await.unwrap();
}

#[tokio::test]
async fn a_removed_device_is_gone_and_its_id_and_token_are_free() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let target = host.service.add_push_target(&caller, named("phone", "token")).await.unwrap();
    host.service.remove_push_target(&caller, &target.id).await.unwrap();
    assert_eq!(code(host.service.remove_push_target(&caller, &target.id).await), "user_target_not_found");
    let changed = host.service.change_push_target(&caller, &target.id, token("x")).await;
    assert_eq!(code(changed), "user_target_not_found");
    let bob = host.caller(&host.signed_up(BOB).await).await;
    host.service.add_push_target(&bob, named("phone", "token")).await.unwrap();
}

#[tokio::test]
async fn an_id_or_token_is_taken_by_whomever_has_it() {
    let host = TestHost::new();
    let (_, ada) = ada(&host).await;
    let bob = host.caller(&host.signed_up(BOB).await).await;
    host.service.add_push_target(&ada, named("phone", "token")).await.unwrap();
    host.service.add_push_target(&ada, named("tablet", "tablet-token")).await.unwrap();
    for caller in [&ada, &bob] {
        for new in [named("phone", "fresh"), named("fresh", "token")] {
            assert_eq!(code(host.service.add_push_target(caller, new).await), "user_target_already_exists");
        }
    }
    let own = host.service.change_push_target(&ada, &"tablet".parse().unwrap(), token("token")).await;
    assert_eq!(code(own), "user_target_already_exists");
    let device = host.service.add_push_target(&bob, named("bobs", "bobs-token")).await.unwrap();
    let foreign = host.service.change_push_target(&bob, &device.id, token("token")).await;
    assert_eq!(code(foreign), "user_target_already_exists");
}

#[tokio::test]
async fn what_the_caller_does_not_have_is_not_found_whatever_the_new_token_is() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.service.add_push_target(&caller, named("phone", "token")).await.unwrap();
    for text in ["token", "fresh"] {
        let changed =
            host.service.change_push_target(&caller, &"unknown".parse().unwrap(), token(text)).await;
        assert_eq!(code(changed), "user_target_not_found");
    }
}

#[tokio::test]
async fn h64_email_and_phone_are_no_push_targets() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.service.change_phone(&caller, "+16175551212".parse().unwrap(), password(PASSWORD)).await.unwrap();
    for target in host.service.user(&caller).await.unwrap().targets() {
        let changed = host.service.change_push_target(&caller, &target.id, token("mine")).await;
        assert_eq!(code(changed), "user_target_not_found");
        let removed = host.service.remove_push_target(&caller, &target.id).await;
        assert_eq!(code(removed), "user_target_not_found");
        // Nor is the id of one to be had.
        let added = host.service.add_push_target(&caller, named(target.id.as_str(), "mine")).await;
        assert_eq!(code(added), "user_target_already_exists");
    }
}

#[tokio::test]
async fn h64_an_unknown_provider_is_refused() {
    let host = TestHost::with(MemoryStore::new(), |config| {
        config.push_providers = vec!["fcm".parse().unwrap(), "apns".parse().unwrap()];
    });
    let (_, caller) = ada(&host).await;
    let mut new = named("one", "one");
    new.provider = Some("carrier-pigeon".parse().unwrap());
    assert_eq!(code(host.service.add_push_target(&caller, new).await), "provider_not_found");
    let mut new = named("two", "two");
    new.provider = Some("apns".parse().unwrap());
    assert_eq!(host.service.add_push_target(&caller, new).await.unwrap().provider.unwrap().as_str(), "apns");
    let first = host.service.add_push_target(&caller, named("three", "three")).await.unwrap();
    assert_eq!(first.provider.unwrap().as_str(), "fcm");
}

#[tokio::test]
async fn an_account_has_so_many_devices_and_no_more() {
    let host = TestHost::with(MemoryStore::new(), |config| config.target_limit = 2);
    let (_, caller) = ada(&host).await;
    for text in ["one", "two"] {
        host.service.add_push_target(&caller, NewPushTarget::new(token(text))).await.unwrap();
    }
    let refused = host.service.add_push_target(&caller, NewPushTarget::new(token("three"))).await;
    assert_eq!(code(refused), "general_bad_request");
    assert_eq!(host.service.user(&caller).await.unwrap().targets().len(), 3);
}

#[tokio::test]
async fn a_token_that_is_held_only_by_an_expired_session_is_free() {
    let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = DAY);
    let (signed_in, caller) = ada(&host).await;
    host.service.add_push_target(&caller, named("phone", "token")).await.unwrap();
    host.clock.set(signed_in.session.expires_at);
    let bob = host.caller(&host.signed_up(BOB).await).await;
    host.service.add_push_target(&bob, named("phone", "token")).await.unwrap();
    let ada = host.caller(&host.signed_in(ADA).await).await;
    assert_eq!(host.service.user(&ada).await.unwrap().targets().len(), 1);
}

#[tokio::test]
async fn a_caller_by_jwt_adds_a_device_that_belongs_to_no_session() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let by_jwt = host.service.caller_by_jwt(jwt.as_str()).await.unwrap();
    host.service.add_push_target(&by_jwt, named("phone", "token")).await.unwrap();
    host.service.sign_out(&caller, &signed_in.session.id).await.unwrap();
    let caller = host.caller(&host.signed_in(ADA).await).await;
    assert_eq!(host.service.user(&caller).await.unwrap().targets().len(), 2);
}

#[tokio::test]
async fn h70_what_happens_to_devices_is_logged() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let id: TargetId = "phone".parse().unwrap();
    host.service.add_push_target(&caller, named("phone", "token")).await.unwrap();
    host.service.change_push_target(&caller, &id, token("new")).await.unwrap();
    host.service.remove_push_target(&caller, &id).await.unwrap();
    let names = log_names(&host, &caller).await;
    assert_eq!(names[2..], ["target.create", "target.update", "target.delete"]);
}
