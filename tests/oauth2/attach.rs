//! Linking a provider's account to one's own while signed in.

use account::{NewPushTarget, SessionHolder, SignedIn, messages::Notice, model::ClientInfo};

use crate::support::fixtures::{ADA, BOB, anonymous, code, opens};
use crate::{provider::Person, world::*};

async fn holder(world: &World, signed_in: &SignedIn) -> SessionHolder {
    world.host.service.session_holder(&signed_in.secret).await.unwrap()
}

#[tokio::test]
async fn h53_a_link_takes_the_place_of_the_session_with_its_push_targets() {
    let world = World::new();
    let first = world.host.signed_up(ADA).await;
    let service = &world.host.service;
    let device = NewPushTarget::new("device-one".parse().unwrap());
    let target = service.add_push_target(&world.caller(&first).await, device).await.unwrap().id;
    let linked =
        world.come(FORGE, &Person::new("1", AFAR), Some(&holder(&world, &first).await)).await.unwrap();
    assert_eq!(linked.user_id(), first.user_id());
    assert_eq!(code(service.caller(&first.secret).await), "general_unauthorized_scope");
    let caller = world.caller(&linked).await;
    assert_eq!(service.sessions(&caller).await.unwrap().len(), 1);
    assert_eq!(world.email(&linked).await, (Some(ADA.to_owned()), false), "the account's own stays");
    assert!(opens(&world.host, ADA).await);
    let again = world.come(FORGE, &Person::new("1", AFAR), None).await.unwrap();
    assert_eq!(again.user_id(), first.user_id());
    let targets = async || service.user(&world.caller(&again).await).await.unwrap().targets();
    assert!(targets().await.iter().any(|kept| kept.id == target));
    service.sign_out(&caller, caller.session_id()).await.unwrap();
    assert!(targets().await.iter().all(|kept| kept.id != target), "it goes with the new session");
}

#[tokio::test]
async fn an_anonymous_account_gains_address_and_name() {
    let world = World::new();
    for (uid, email, verified) in [("1", ADA, true), ("2", BOB, false)] {
        let (guest, _) = anonymous(&world.host).await;
        let person = Person { verified, ..Person::new(uid, email) };
        let linked = world.come(FORGE, &person, Some(&holder(&world, &guest).await)).await.unwrap();
        assert_eq!(linked.user_id(), guest.user_id());
        assert_eq!(world.email(&linked).await, (Some(email.to_owned()), verified));
        let user = world.host.service.user(&world.caller(&linked).await).await.unwrap();
        assert_eq!(user.name().as_str(), "Ada from afar");
    }
}

#[tokio::test]
async fn h55_what_is_somebody_elses_is_linked_to_nobody_and_the_session_stays() {
    let world = World::new();
    world.come(FORGE, &Person::new("1", AFAR), None).await.unwrap();
    world.host.signed_up(BOB).await;
    let first = world.host.signed_up(ADA).await;
    let (guest, _) = anonymous(&world.host).await;
    for (provider, person) in [
        (FORGE, Person::new("1", "new@example.com")),
        (MILL, Person::new("2", AFAR)),
        (MILL, Person::new("2", BOB)),
    ] {
        for caller in [&first, &guest] {
            let refused = world.come(provider, &person, Some(&holder(&world, caller).await)).await;
            assert_eq!(code(refused), "user_already_exists", "{person:?}");
            assert!(world.identities(&world.caller(caller).await).await.is_empty());
        }
    }
}

#[tokio::test]
async fn h53_a_token_flow_leaves_the_session_until_the_token_is_redeemed() {
    let world = World::new();
    let first = world.host.signed_up(ADA).await;
    let by = holder(&world, &first).await;
    let back = world.back(start_token(FORGE), &Person::new("1", AFAR), Some(&by)).await;
    let token = token(world.end(FORGE, &back, Some(&by)).await.unwrap());
    assert_eq!(token.user, *first.user_id());
    assert_eq!(world.identities(&world.caller(&first).await).await.len(), 1);
    let secret = token.secret().unwrap().expose().parse().unwrap();
    world.host.service.sign_in_with_token(&token.user, &secret, &ClientInfo::default()).await.unwrap();
}

#[tokio::test]
async fn h53_who_is_blocked_or_signed_out_meanwhile_links_nothing() {
    let world = World::new();
    let first = world.host.signed_up(ADA).await;
    let by = holder(&world, &first).await;
    let (service, nobody) = (&world.host.service, ClientInfo::default());
    let person = Person::new("1", AFAR);
    let back = world.back(start(FORGE), &person, Some(&by)).await;
    service.admin(&nobody).set_blocked(first.user_id(), true).await.unwrap();
    assert_eq!(world.end(FORGE, &back, Some(&by)).await.unwrap_err().error.code(), "user_blocked");
    service.admin(&nobody).set_blocked(first.user_id(), false).await.unwrap();
    let back = world.back(start(FORGE), &person, Some(&by)).await;
    service.admin(&nobody).end_sessions(first.user_id()).await.unwrap();
    let failed = world.end(FORGE, &back, Some(&by)).await.unwrap_err();
    assert_eq!(failed.error.code(), "general_unauthorized_scope");
    assert!(world.identities(&world.caller(&world.host.signed_in(ADA).await).await).await.is_empty());
}

#[tokio::test]
async fn the_address_that_was_there_before_is_told_once_of_a_new_identity() {
    let world = World::new();
    let first = world.host.signed_up(ADA).await;
    let told = || {
        let mails = world.host.outbox.mails().into_iter().filter_map(|mail| match mail.notice {
            Notice::IdentityLinked { provider } => Some(format!("{} {provider}", mail.to.as_str())),
            _ => None,
        });
        mails.collect::<Vec<_>>()
    };
    let forge = Person::new("1", AFAR);
    let linked = world.come(FORGE, &forge, Some(&holder(&world, &first).await)).await.unwrap();
    assert_eq!(told(), [format!("{ADA} forge")]);
    world.come(FORGE, &forge, Some(&holder(&world, &linked).await)).await.unwrap();
    world.come(FORGE, &forge, None).await.unwrap();
    assert_eq!(told().len(), 1, "it is new no longer");

    // By a token, and by an address that has been proved.
    world.verify_email(first.user_id());
    let back = world.back(start_token(MILL), &Person::new("2", ADA), None).await;
    world.end(MILL, &back, None).await.unwrap();
    assert_eq!(told()[1..], [format!("{ADA} mill")]);

    // Who has no address yet, and who signs up, knows of it.
    let (guest, _) = anonymous(&world.host).await;
    let stranger = Person::new("3", "new@example.com");
    world.come(FORGE, &stranger, Some(&holder(&world, &guest).await)).await.unwrap();
    world.come(FORGE, &Person::new("4", BOB), None).await.unwrap();
    assert_eq!(told().len(), 2);
}
