//! New tokens of a provider when a session that it started is extended.

use std::{sync::atomic::Ordering, time::Duration};

use account::{
    Caller, Error, SignedIn,
    model::{ClientInfo, Session},
};

use crate::support::fixtures::{ADA, code};
use crate::{provider::Person, world::*};

async fn came(world: &World) -> (SignedIn, Caller) {
    let signed_in = world.come(FORGE, &Person::new("1", ADA), None).await.unwrap();
    let caller = world.caller(&signed_in).await;
    (signed_in, caller)
}

async fn extend(world: &World, caller: &Caller) -> Result<Session, Error> {
    world.host.service.extend_session(caller, caller.session_id()).await
}

#[tokio::test]
async fn extending_a_session_exchanges_the_tokens_of_its_provider() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let expires = async || world.identities(&caller).await[0].access_expires_at.unwrap();
    let before = expires().await;
    for round in 1..4 {
        world.host.clock.advance(Duration::from_secs(60));
        extend(&world, &caller).await.unwrap();
        assert_eq!(world.providers.refreshes(), round);
    }
    assert_eq!(expires().await, before.after(Duration::from_secs(180)));
}

#[tokio::test]
async fn of_two_who_extend_at_once_one_asks_the_provider() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let (_, other) = came(&world).await;
    let (one, two) = tokio::join!(extend(&world, &caller), extend(&world, &other));
    one.unwrap();
    two.unwrap();
    assert_eq!(world.providers.refreshes(), 1);
    extend(&world, &caller).await.unwrap();
    assert_eq!(world.providers.refreshes(), 2, "the lease was given back, with a token that is good");
}

#[tokio::test]
async fn an_old_refresh_token_is_kept_if_there_is_no_new_one() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    world.providers.keeps_refresh_token.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        extend(&world, &caller).await.unwrap();
    }
    assert_eq!(world.providers.refreshes(), 3);
}

#[tokio::test]
async fn without_a_refresh_token_nobody_is_asked_and_nothing_more_is_saved() {
    let world = World::new();
    world.providers.gives_no_refresh_token.store(true, Ordering::SeqCst);
    let (_, caller) = came(&world).await;
    let writes = world.texts.writes();
    extend(&world, &caller).await.unwrap();
    assert_eq!((world.providers.refreshes(), world.texts.writes() - writes), (0, 1));
}

#[tokio::test]
async fn a_session_of_a_token_flow_or_a_password_asks_no_provider() {
    let world = World::new();
    let back = world.back(start_token(FORGE), &Person::new("1", ADA), None).await;
    let token = token(world.end(FORGE, &back, None).await.unwrap());
    let secret = token.secret().unwrap().expose().parse().unwrap();
    let client = ClientInfo::default();
    let signed_in = world.host.service.sign_in_with_token(&token.user, &secret, &client).await.unwrap();
    extend(&world, &world.caller(&signed_in).await).await.unwrap();
    assert_eq!(world.providers.refreshes(), 0);
}

#[tokio::test]
async fn a_provider_that_fails_leaves_the_session_as_it_was_and_the_next_try_open() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let before = world.texts.accounts();
    world.host.clock.advance(Duration::from_secs(60));
    world.providers.is_down.store(true, Ordering::SeqCst);
    assert_eq!(code(extend(&world, &caller).await), "user_oauth2_provider_error");
    assert_eq!(world.texts.accounts(), before);
    world.providers.is_down.store(false, Ordering::SeqCst);
    extend(&world, &caller).await.unwrap();
    assert_eq!(world.providers.refreshes(), 1);
}

#[tokio::test]
async fn a_provider_that_was_switched_off_keeps_no_session_from_living_on() {
    let world = World::new();
    let (signed_in, _) = came(&world).await;
    let world = world.restarted(&[MILL]);
    extend(&world, &world.caller(&signed_in).await).await.unwrap();
    assert_eq!(world.providers.refreshes(), 0);
}

#[tokio::test]
async fn a_lease_that_was_left_behind_ends_by_itself() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let now = account::ports::Clock::now(&world.host.clock);
    let until = now.after(Duration::from_secs(60)).as_millis();
    world.edit(caller.user_id(), |account| account["identities"][0]["refreshing_until"] = until.into());
    for (wait, refreshes) in [(0, 0), (59, 0), (1, 1)] {
        world.host.clock.advance(Duration::from_secs(wait));
        extend(&world, &caller).await.unwrap();
        assert_eq!(world.providers.refreshes(), refreshes);
    }
}

/// Runs an extension up to the provider's answer, then something else, then the rest.
async fn overtaken(
    world: &World,
    caller: &Caller,
    meanwhile: impl Future<Output = ()>,
) -> Result<Session, Error> {
    let mut extension = std::pin::pin!(extend(world, caller));
    while world.providers.refreshes() == 0 {
        assert!(poll(&mut extension).is_none());
    }
    meanwhile.await;
    extension.await
}

fn poll<T>(future: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn an_exchange_that_outlives_its_lease_does_not_undo_a_later_one() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let sealed = || {
        let accounts = world.texts.accounts();
        accounts.split("sealed").nth(1).unwrap().split(',').next().unwrap().to_owned()
    };
    let mut newest = String::new();
    overtaken(&world, &caller, async {
        world.host.clock.advance(Duration::from_secs(61));
        came(&world).await;
        newest = sealed();
    })
    .await
    .unwrap();
    assert_eq!(sealed(), newest, "the tokens of the sign-in");
    extend(&world, &caller).await.unwrap();
    assert_eq!(world.providers.refreshes(), 2);
}

#[tokio::test]
async fn an_exchange_that_outlives_its_lease_is_good_if_the_next_one_is_not() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    overtaken(&world, &caller, async {
        world.host.clock.advance(Duration::from_secs(61));
        assert_eq!(code(extend(&world, &caller).await), "user_oauth2_bad_request", "the token is used up");
    })
    .await
    .unwrap();
    extend(&world, &caller).await.unwrap();
    assert_eq!(world.providers.refreshes(), 3);
}

#[tokio::test]
async fn an_exchange_that_outlives_its_lease_leaves_that_of_the_next() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let until = || world.texts.accounts().contains("refreshing_until");
    let mut next = std::pin::pin!(extend(&world, &caller));
    overtaken(&world, &caller, async {
        world.host.clock.advance(Duration::from_secs(61));
        while world.providers.refreshes() < 2 {
            assert!(poll(&mut next).is_none());
        }
    })
    .await
    .unwrap();
    assert!(until(), "the next one still asks");
    assert_eq!(code(next.await), "user_oauth2_bad_request");
    assert!(!until());
    extend(&world, &caller).await.unwrap();
}

#[tokio::test]
async fn nothing_is_kept_for_an_identity_that_has_gone_meanwhile() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let other = world.caller(&came(&world).await.0).await;
    let outcome = overtaken(&world, &caller, async {
        let id = world.identities(&other).await[0].id;
        world.host.service.unlink_identity(&other, &id).await.unwrap();
    })
    .await;
    assert_eq!(code(outcome), "general_unauthorized_scope");
    assert!(!world.texts.accounts().contains("sealed"));
}

#[tokio::test]
async fn tokens_are_kept_even_if_the_caller_was_signed_out_meanwhile() {
    let world = World::new();
    let (_, caller) = came(&world).await;
    let (_, other) = came(&world).await;
    let outcome = overtaken(&world, &caller, async {
        world.host.service.sign_out(&other, caller.session_id()).await.unwrap();
    })
    .await;
    assert_eq!(code(outcome), "general_unauthorized_scope");
    extend(&world, &other).await.unwrap();
    assert_eq!(world.providers.refreshes(), 2);
}

#[tokio::test]
async fn h54_the_tokens_of_a_provider_are_nowhere_to_be_read() {
    let world = World::new();
    let (signed_in, caller) = came(&world).await;
    extend(&world, &caller).await.unwrap();
    let stored = format!("{}{}", world.texts.dump(), world.texts.accounts());
    assert!(stored.contains("sealed") && !world.providers.tokens().is_empty());
    let shown = format!("{signed_in:?} {:?} {:?}", signed_in.session, world.identities(&caller).await);
    for token in world.providers.tokens() {
        assert!(!stored.contains(&token) && !shown.contains(&token), "{token}");
    }
    assert!(!stored.contains("hush") && !shown.contains("hush"));
}
