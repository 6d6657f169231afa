//! Who is let in, and where.

use account::{
    Config, MasterKey, OAuth2Return, SignedIn,
    model::{ClientInfo, Factor, SecondFactor},
    ports::Clock as _,
    testing::{PASSWORD, totp},
};
use std::time::Duration;

use crate::support::fixtures::{ADA, BOB, code, sign_in};
use crate::{provider::Person, world::*};

#[tokio::test]
async fn a_newcomer_gets_an_account_whose_email_is_as_proven_as_the_provider_says() {
    let world = World::new();
    for (uid, verified, email) in [("1", true, ADA), ("2", false, BOB)] {
        let person = Person { verified, ..Person::new(uid, email) };
        let signed_in = world.come(FORGE, &person, None).await.unwrap();
        assert_eq!(world.email(&signed_in).await, (Some(email.to_owned()), verified));
        let session = &signed_in.session;
        assert_eq!((session.provider.name(), &*session.provider_uid), (FORGE, uid));
        assert_eq!(session.factors, [Factor::Email, Factor::OAuth2]);
        let caller = world.caller(&signed_in).await;
        let user = world.host.service.user(&caller).await.unwrap();
        assert_eq!((user.name().as_str(), world.identities(&caller).await.len()), ("Ada from afar", 1));
    }
}

#[test]
fn a_flow_that_has_not_begun_takes_little_room() {
    let world = World::new();
    let start = world.host.service.start_oauth2(start(FORGE), None);
    let (key, client) = (key(FORGE), ClientInfo::default());
    let finish =
        world.host.service.finish_oauth2(&key, OAuth2Return::default(), None, None, &world.allowed, &client);
    let (start, finish) = (size_of_val(&start), size_of_val(&finish));
    assert!(start < 1_024 && finish < 1_024, "{start} and {finish} bytes");
}

#[tokio::test]
async fn h14_a_token_flow_ends_with_a_token_that_signs_in_once_within_minutes() {
    let world = World::new();
    let person = Person::new("1", ADA);
    let (service, client) = (&world.host.service, ClientInfo::default());
    let mut redeemed = 0;
    for wait in [0, 15 * 60 - 1, 15 * 60] {
        let back = world.back(start_token(FORGE), &person, None).await;
        let token = token(world.end(FORGE, &back, None).await.unwrap());
        let secret = token.secret().unwrap().expose().parse().unwrap();
        world.host.clock.advance(Duration::from_secs(wait));
        let outcome = service.sign_in_with_token(&token.user, &secret, &client).await;
        if wait == 15 * 60 {
            assert_eq!(code(outcome), "user_invalid_token");
            continue;
        }
        let signed_in = outcome.unwrap();
        assert_eq!(signed_in.session.provider.name(), "oauth2");
        assert_eq!(signed_in.session.factors, [Factor::Email]);
        assert_eq!(
            code(service.sign_in_with_token(&token.user, &secret, &client).await),
            "user_invalid_token"
        );
        redeemed += 1;
    }
    assert_eq!(redeemed, 2);
}

#[tokio::test]
async fn h51_the_identity_decides_alone_who_signs_in_whatever_address_the_provider_tells() {
    let world = World::new();
    let person = Person::new("1", AFAR);
    let own = *world.come(FORGE, &person, None).await.unwrap().user_id();
    let bob = *world.host.signed_up(BOB).await.user_id();
    for verified_bob in [false, true] {
        if verified_bob {
            world.verify_email(&bob);
        }
        for person in [
            person.clone().at(BOB),
            person.clone().at(BOB).unverified(),
            person.clone().at("new@example.com"),
            Person { email: None, verified: false, ..person.clone() },
            person.clone(),
        ] {
            let signed_in = world.come(FORGE, &person, None).await.unwrap();
            assert_eq!(*signed_in.user_id(), own, "{person:?}");
            assert_eq!(world.email(&signed_in).await.0.as_deref(), Some(AFAR), "{person:?}");
        }
    }
    assert_eq!(*sign_in(&world.host, BOB, PASSWORD).await.unwrap().user_id(), bob);
}

#[tokio::test]
async fn an_address_that_the_provider_no_longer_tells_is_free_for_its_next_owner() {
    let world = World::new();
    let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    world.edit(signed_in.user_id(), |account| {
        account["email"]["address"] = AFAR.into();
    });
    let next = Person::new("2", ADA);
    assert_eq!(code(world.come(MILL, &next, None).await), "user_already_exists");
    world.host.signed_up(BOB).await;
    world.come(FORGE, &Person::new("1", BOB), None).await.unwrap();
    world.come(MILL, &next, None).await.unwrap();
}

#[tokio::test]
async fn h50_a_verified_address_of_both_sides_links_once() {
    let world = World::new();
    let ada = world.host.signed_up(ADA).await;
    world.verify_email(ada.user_id());
    let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_eq!(signed_in.user_id(), ada.user_id());
    sign_in(&world.host, ADA, PASSWORD).await.unwrap();
    world.caller(&ada).await;
    let again = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_eq!(again.user_id(), ada.user_id());
    assert_eq!(world.identities(&world.caller(&again).await).await.len(), 1);
}

#[tokio::test]
async fn h50_an_address_that_the_provider_does_not_vouch_for_opens_nothing() {
    let world = World::new();
    let ada = world.host.signed_up(ADA).await;
    for verified in [false, true] {
        if verified {
            world.verify_email(ada.user_id());
        }
        let refused = world.come(FORGE, &Person::new("1", ADA).unverified(), None).await;
        assert_eq!(code(refused), "user_already_exists");
    }
    assert!(world.identities(&world.caller(&ada).await).await.is_empty());
}

#[tokio::test]
async fn h50_the_address_of_an_identity_links_no_other_one() {
    let world = World::new();
    let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    world.edit(signed_in.user_id(), |account| account["email"]["address"] = AFAR.into());
    assert_eq!(code(world.come(MILL, &Person::new("2", ADA), None).await), "user_already_exists");
    assert_eq!(world.identities(&world.caller(&signed_in).await).await.len(), 1);
}

#[tokio::test]
async fn h82_whoever_comes_first_with_proof_leaves_nothing_to_who_registered_the_address() {
    let world = World::new();
    let stranger = world.host.signed_up(ADA).await;
    let owner = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_eq!(owner.user_id(), stranger.user_id());
    assert_eq!(world.email(&owner).await, (Some(ADA.to_owned()), true));
    assert_eq!(code(sign_in(&world.host, ADA, PASSWORD).await), "user_invalid_credentials");
    assert_eq!(code(world.host.service.caller(&stranger.secret).await), "general_unauthorized_scope");
}

#[tokio::test]
async fn h82_an_account_of_another_proven_owner_loses_only_the_address() {
    let world = World::new();
    let stranger = world.host.signed_up(ADA).await;
    let holder = world.host.service.session_holder(&stranger.secret).await.unwrap();
    let stranger = world.come(MILL, &Person::new("9", "eve@example.com"), Some(&holder)).await.unwrap();
    let owner = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_ne!(owner.user_id(), stranger.user_id());
    assert_eq!(world.email(&owner).await, (Some(ADA.to_owned()), true));
    assert_eq!(world.email(&stranger).await.0, None);
    let again = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    assert_eq!(again.user_id(), owner.user_id());
}

#[tokio::test]
async fn without_an_address_there_is_no_new_account() {
    let world = World::new();
    let person = Person { email: None, verified: false, ..Person::new("1", ADA) };
    assert_eq!(code(world.come(FORGE, &person, None).await), "user_unauthorized");
}

#[tokio::test]
async fn a_provider_that_the_host_does_not_have_is_told_as_such() {
    let world = World::new();
    assert_eq!(
        code(world.host.service.start_oauth2(start("other"), None).await),
        "project_provider_disabled"
    );
    // Switched off while a person was there (r45).
    let back = world.back(start(FORGE), &Person::new("1", ADA), None).await;
    let failed = world.restarted(&[MILL]).end(FORGE, &back, None).await.unwrap_err();
    assert_eq!(failed.error.code(), "project_provider_disabled");
}

#[tokio::test]
async fn a_blocked_account_is_closed_by_every_way() {
    let world = World::new();
    let person = Person::new("1", ADA);
    let id = *world.come(FORGE, &person, None).await.unwrap().user_id();
    let back = world.back(start_token(FORGE), &person, None).await;
    let token = token(world.end(FORGE, &back, None).await.unwrap());
    let (service, nobody) = (&world.host.service, ClientInfo::default());
    service.admin(&nobody).set_blocked(&id, true).await.unwrap();
    let secret = token.secret().unwrap().expose().parse().unwrap();
    assert_eq!(code(service.sign_in_with_token(&id, &secret, &nobody).await), "user_blocked");
    assert_eq!(code(world.come(FORGE, &person, None).await), "user_blocked");
    assert_eq!(code(world.come(MILL, &Person::new("2", ADA), None).await), "user_blocked");
    let back = world.back(start_token(FORGE), &person, None).await;
    assert_eq!(world.end(FORGE, &back, None).await.unwrap_err().error.code(), "user_blocked");
}

/// Switches two factors on, with an app; tells its seed.
async fn asks_for_two_factors(world: &World, signed_in: &SignedIn) -> String {
    let service = &world.host.service;
    let caller = world.caller(signed_in).await;
    let seed = service.add_authenticator(&caller).await.unwrap().secret.expose().to_owned();
    service.confirm_authenticator(&caller, &totp(&seed, world.host.clock.now())).await.unwrap();
    service.set_mfa(&caller, true).await.unwrap();
    seed
}

/// Redeems what a flow with a token ends with.
async fn by_token(world: &World, person: &Person) -> SignedIn {
    let back = world.back(start_token(FORGE), person, None).await;
    let token = token(world.end(FORGE, &back, None).await.unwrap());
    let secret = token.secret().unwrap().expose().parse().unwrap();
    world.host.service.sign_in_with_token(&token.user, &secret, &ClientInfo::default()).await.unwrap()
}

#[tokio::test]
async fn h42_a_provider_is_one_factor_of_two() {
    for person in [Person::new("1", ADA), Person::new("1", ADA).unverified()] {
        let world = World::new();
        let signed_in = world.come(FORGE, &person, None).await.unwrap();
        let seed = asks_for_two_factors(&world, &signed_in).await;
        let (service, clock) = (&world.host.service, &world.host.clock);

        let second = world.come(FORGE, &person, None).await.unwrap();
        assert_eq!(second.session.factors, [Factor::Email, Factor::OAuth2]);
        for owes in [&second, &by_token(&world, &person).await] {
            let verified = person.verified;
            assert_eq!(code(service.caller(&owes.secret).await), "user_more_factors_required", "{verified}");
            // Who owes a factor links nothing.
            let owing = service.session_holder(&owes.secret).await.unwrap();
            let refused = world.come(MILL, &Person::new("2", BOB), Some(&owing)).await;
            assert_eq!(code(refused), "user_more_factors_required");
            clock.advance(Duration::from_secs(30));
            let challenge = service.start_challenge(&owing, SecondFactor::Totp).await.unwrap().id;
            let passed = service.finish_challenge(&owing, &challenge, &totp(&seed, clock.now())).await;
            service.caller(&passed.unwrap().secret.unwrap()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h42_in_the_profile_for_migration_a_provider_is_both_factors_and_its_token_is_one() {
    assert!(Config::appwrite_1_6(MasterKey::generate().unwrap()).providers_prove_both_factors);
    let world = World::with(|config| config.providers_prove_both_factors = true);
    let person = Person::new("1", ADA);
    let signed_in = world.come(FORGE, &person, None).await.unwrap();
    asks_for_two_factors(&world, &signed_in).await;
    let second = world.come(FORGE, &person, None).await.unwrap();
    assert_eq!(second.session.factors, [Factor::Email, Factor::OAuth2]);
    world.caller(&second).await;
    let third = by_token(&world, &person).await;
    let refused = world.host.service.caller(&third.secret).await;
    assert_eq!(code(refused), "user_more_factors_required");
}
