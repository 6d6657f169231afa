//! Unlinking: the identity goes with all that it started.

use account::model::ClientInfo;

use crate::support::fixtures::{ADA, BOB, code};
use crate::{provider::Person, world::*};

#[tokio::test]
async fn h51_an_unlinked_identity_takes_its_sessions_and_tokens_along() {
    let world = World::new();
    let forge = Person::new("1", ADA);
    let by_forge = world.come(FORGE, &forge, None).await.unwrap();
    let by_mill = world.come(MILL, &Person::new("2", ADA), None).await.unwrap();
    assert_eq!(by_forge.user_id(), by_mill.user_id());
    let (service, client) = (&world.host.service, ClientInfo::default());
    let redeem = async |back| {
        let token = token(world.end(FORGE, back, None).await.unwrap());
        (token.user, token.secret().unwrap().expose().parse().unwrap())
    };
    let back = world.back(start_token(FORGE), &forge, None).await;
    let (user, secret) = redeem(&back).await;
    let by_token = service.sign_in_with_token(&user, &secret, &client).await.unwrap();
    let back = world.back(start_token(FORGE), &forge, None).await;
    let (user, unredeemed) = redeem(&back).await;

    let caller = world.caller(&by_mill).await;
    let identities = world.identities(&caller).await;
    let gone = identities.iter().find(|identity| &*identity.provider == FORGE).unwrap();
    service.unlink_identity(&caller, &gone.id).await.unwrap();
    let mail = world.host.outbox.mails().pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.notice.name()), (ADA, "identityUnlinked"));
    assert!(mail.text().contains("forge"), "{}", mail.text());
    for ended in [&by_forge, &by_token] {
        assert_eq!(code(service.caller(&ended.secret).await), "general_unauthorized_scope");
    }
    assert_eq!(code(service.sign_in_with_token(&user, &unredeemed, &client).await), "user_invalid_token");
    world.caller(&by_mill).await;
    assert_eq!(world.texts.accounts().matches("sealed").count(), 1, "the tokens of the other provider");
}

#[tokio::test]
async fn h51_the_last_way_in_is_not_unlinked() {
    let world = World::new();
    let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    world.edit(signed_in.user_id(), |account| {
        account.as_object_mut().unwrap().remove("email");
    });
    let caller = world.caller(&signed_in).await;
    let id = world.identities(&caller).await[0].id;
    let before = world.texts.accounts();
    assert_eq!(code(world.host.service.unlink_identity(&caller, &id).await), "general_bad_request");
    assert_eq!(world.texts.accounts(), before);
}

#[tokio::test]
async fn h51_a_way_that_is_switched_off_is_none() {
    for (mails, refused) in [(false, true), (true, false)] {
        let world = World::with(|config| {
            config.methods.email_password = false;
            config.methods.magic_url = false;
            config.methods.email_code = mails;
        });
        let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
        let caller = world.caller(&signed_in).await;
        let id = world.identities(&caller).await[0].id;
        let outcome = world.host.service.unlink_identity(&caller, &id).await;
        assert_eq!(outcome.is_err(), refused, "{outcome:?}");
        // With another identity there is a way, whatever is off.
        if refused {
            let holder = world.host.service.session_holder(&signed_in.secret).await.unwrap();
            let linked = world.come(MILL, &Person::new("2", BOB), Some(&holder)).await.unwrap();
            world.host.service.unlink_identity(&world.caller(&linked).await, &id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h06_an_identity_of_somebody_else_is_as_unknown_as_any() {
    let world = World::new();
    let ada = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    let bob = world.come(FORGE, &Person::new("2", BOB), None).await.unwrap();
    let id = world.identities(&world.caller(&bob).await).await[0].id;
    let refused = world.host.service.unlink_identity(&world.caller(&ada).await, &id).await;
    assert_eq!(code(refused), "user_identity_not_found");
    world.caller(&bob).await;
}
