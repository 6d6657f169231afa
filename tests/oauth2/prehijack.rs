//! Five ways to lie in wait for the owner of an address, as "Pre-hijacked accounts" (USENIX
//! Security 2022) tells them: a person registers it, and its owner comes later by a provider.
//! Whatever was prepared, the owner's account is the owner's alone.

use std::time::Duration;

use account::{
    SignedIn,
    model::{CheckedUrl, ClientInfo},
    testing::{PASSWORD, password},
};

use crate::support::fixtures::{ADA, code, opens, sign_in};
use crate::{provider::Person, world::*};

const EVE: &str = "eve@example.com";
const NUMBER: &str = "+16175551212";

fn page(world: &World) -> CheckedUrl {
    world.allowed.check("https://app.example.com/page").unwrap()
}

/// Ada, of whom the provider says that the address is hers.
async fn owner_comes(world: &World) -> SignedIn {
    let owner = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_eq!(world.email(&owner).await, (Some(ADA.to_owned()), true));
    owner
}

/// What is the owner's: one session, one identity, and no other way in.
async fn is_the_owners_alone(world: &World, owner: &SignedIn) {
    let (service, caller) = (&world.host.service, world.caller(owner).await);
    let user = service.user(&caller).await.unwrap();
    assert!(user.phone().is_none() && user.password_updated_at().is_none() && !user.has_mfa());
    assert_eq!((user.targets().len(), user.preferences().as_json()), (1, "{}"));
    assert_eq!(service.sessions(&caller).await.unwrap().len(), 1);
    let identities = world.identities(&caller).await;
    assert_eq!((identities.len(), &*identities[0].provider), (1, FORGE));
    assert!(!opens(&world.host, ADA).await);
}

#[tokio::test]
async fn r43_classic_federated_merge() {
    let world = World::new();
    let stranger = world.host.signed_up(ADA).await;
    let owner = owner_comes(&world).await;
    assert_eq!(owner.user_id(), stranger.user_id());
    assert_eq!(code(sign_in(&world.host, ADA, PASSWORD).await), "user_invalid_credentials");
    is_the_owners_alone(&world, &owner).await;
}

#[tokio::test]
async fn r43_unexpired_session() {
    let world = World::new();
    let service = &world.host.service;
    let stranger = world.host.signed_up(ADA).await;
    let caller = world.caller(&stranger).await;
    let jwt = service.issue_jwt(&caller).await.unwrap().as_str().to_owned();
    let under_way = world.back(start(MILL), &Person::new("9", EVE), Some(&caller)).await;
    world.host.clock.advance(Duration::from_secs(60));
    service.extend_session(&caller, caller.session_id()).await.unwrap();
    let owner = owner_comes(&world).await;
    assert_eq!(code(service.caller(&stranger.secret).await), "general_unauthorized_scope");
    assert_eq!(code(service.caller_by_jwt(&jwt).await), "general_unauthorized_scope");
    assert_eq!(code(service.user(&caller).await), "general_unauthorized_scope");
    // Nor does a link that had begun end in the account.
    let failed = world.end(MILL, &under_way, Some(&caller)).await.unwrap_err();
    assert_eq!(failed.error.code(), "general_unauthorized_scope");
    is_the_owners_alone(&world, &owner).await;
}

#[tokio::test]
async fn r43_trojan_identifier() {
    // A number that no one proved goes.
    let world = World::new();
    let service = &world.host.service;
    let stranger = world.host.signed_up(ADA).await;
    let caller = world.caller(&stranger).await;
    service.change_phone(&caller, NUMBER.parse().unwrap(), password(PASSWORD)).await.unwrap();
    let owner = owner_comes(&world).await;
    is_the_owners_alone(&world, &owner).await;

    // An identity proves a person: the address leaves their account, and they leave with it.
    let world = World::new();
    let stranger = world.host.signed_up(ADA).await;
    let holder = world.host.service.session_holder(&stranger.secret).await.unwrap();
    let trojan = Person::new("9", EVE);
    let stranger = world.come(MILL, &trojan, Some(&holder)).await.unwrap();
    let owner = owner_comes(&world).await;
    assert_ne!(owner.user_id(), stranger.user_id());
    is_the_owners_alone(&world, &owner).await;
    let again = world.come(MILL, &trojan, None).await.unwrap();
    assert_eq!(again.user_id(), stranger.user_id());
    assert_eq!(world.email(&again).await.0.as_deref(), Some(EVE), "with an address of their own, if any");
}

#[tokio::test]
async fn r43_unexpired_email_change() {
    let world = World::new();
    let service = &world.host.service;
    let stranger = world.host.signed_up(ADA).await;
    let caller = world.caller(&stranger).await;
    // A link that proves the stranger's own address is kept for later.
    service.change_email(&caller, EVE.parse().unwrap(), password(PASSWORD)).await.unwrap();
    service.start_email_verification(&caller, &page(&world)).await.unwrap();
    let kept = world.host.link_secret(EVE);
    service.start_recovery(EVE.parse().unwrap(), &page(&world), &ClientInfo::default()).await.unwrap();
    let recovery = world.host.link_secret(EVE);
    service.change_email(&caller, ADA.parse().unwrap(), password(PASSWORD)).await.unwrap();
    let owner = owner_comes(&world).await;
    let (id, client) = (*stranger.user_id(), ClientInfo::default());
    assert_eq!(*owner.user_id(), id);
    assert_eq!(code(service.finish_email_verification(&id, &kept, &client).await), "user_invalid_token");
    let reset = service.finish_recovery(&id, &recovery, password("copper-lantern-9"), None, &client).await;
    assert_eq!(code(reset), "user_invalid_token");
    assert_eq!(world.email(&owner).await, (Some(ADA.to_owned()), true));
    is_the_owners_alone(&world, &owner).await;
}

#[tokio::test]
async fn r43_non_verifying_provider() {
    // A person comes first, by a provider that believes every address.
    let world = World::new();
    let claimed = Person::new("9", ADA).unverified();
    let stranger = world.come(QUARRY, &claimed, None).await.unwrap();
    assert_eq!(world.email(&stranger).await, (Some(ADA.to_owned()), false));
    let owner = owner_comes(&world).await;
    assert_ne!(owner.user_id(), stranger.user_id());
    is_the_owners_alone(&world, &owner).await;
    let again = world.come(QUARRY, &claimed, None).await.unwrap();
    assert_eq!((again.user_id(), world.email(&again).await.0), (stranger.user_id(), None));

    // Or later, r40: there is no link and no session.
    let world = World::new();
    let owner = owner_comes(&world).await;
    assert_eq!(code(world.come(QUARRY, &claimed, None).await), "user_already_exists");
    is_the_owners_alone(&world, &owner).await;
}
