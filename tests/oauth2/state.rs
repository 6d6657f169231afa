//! What ends a flow: the browser that began it, once, in time, at the same provider and by the same
//! session.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use account::{
    AccountService, Config, Error, FailedOAuth2, FlowState, MasterKey, MemoryStore,
    model::ClientInfo,
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
};

use crate::{provider::Person, world::*};
use crate::{
    support::fixtures::{ADA, BOB, anonymous},
    support::text_store::TextStore,
};

fn is_invalid_state<T: std::fmt::Debug>(outcome: Result<T, FailedOAuth2>) -> bool {
    matches!(outcome, Err(FailedOAuth2 { error: Error::InvalidState, .. }))
}

fn ada() -> Person {
    Person::new("1", ADA)
}

#[tokio::test]
async fn h48_another_browser_or_none_ends_nothing() {
    let world = World::new();
    let back = world.back(start(FORGE), &ada(), None).await;
    let other = world.back(start(FORGE), &Person::new("2", BOB), None).await;
    let (allowed, client) = (&world.allowed, ClientInfo::default());
    for kept in [None, Some(&other.kept)] {
        let service = &world.host.service;
        let outcome = service.finish_oauth2(&key(FORGE), back.read(), kept, None, allowed, &client).await;
        assert!(is_invalid_state(outcome));
    }
    let mut without = back.read();
    without.state = None;
    let service = &world.host.service;
    let outcome = service.finish_oauth2(&key(FORGE), without, Some(&back.kept), None, allowed, &client).await;
    assert!(is_invalid_state(outcome));
    assert!(world.texts.dump().is_empty());
    world.end(FORGE, &back, None).await.unwrap();
}

#[tokio::test]
async fn h48_a_flow_of_one_provider_does_not_end_at_another() {
    let world = World::new();
    for begun in [FORGE, MILL, QUARRY] {
        for ended in [FORGE, MILL, QUARRY] {
            let back = world.back(start(begun), &ada(), None).await;
            let outcome = world.end(ended, &back, None).await;
            assert_eq!(outcome.is_ok(), begun == ended, "{begun} {ended}: {outcome:?}");
            if begun != ended {
                assert!(is_invalid_state(outcome), "{begun} {ended}");
                continue;
            }
            // One account per provider and address, so that the next is as new.
            let user = *session(outcome.unwrap()).user_id();
            world.host.service.admin(&ClientInfo::default()).delete(&user).await.unwrap();
        }
    }
}

#[tokio::test]
async fn r47_the_state_of_one_provider_ends_at_no_other_of_all_the_api_has() {
    let ids: Vec<String> = Provider::builtin_ids().collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let texts = TextStore::default();
    let world = World::on(texts.clone(), texts, 1, &names, |_| ());
    let mut refused = 0;
    for begun in &names {
        let back = world.back(start(begun), &ada(), None).await;
        for ended in names.iter().filter(|ended| *ended != begun) {
            assert!(is_invalid_state(world.end(ended, &back, None).await), "{begun} {ended}");
            refused += 1;
        }
        assert_eq!(world.providers.exchanges(), 0, "no code was sent anywhere");
    }
    assert_eq!(refused, 38 * 37);
    assert!(world.texts.dump().is_empty());
    // Each of them is good where it began.
    let mut accounts = BTreeSet::new();
    for begun in &names {
        let person = Person::new("1", Box::leak(format!("{begun}@example.com").into_boxed_str()));
        let back = world.back(start(begun), &person, None).await;
        accounts.insert(*session(world.end(begun, &back, None).await.unwrap()).user_id());
    }
    assert_eq!(accounts.len(), 38);
}

#[tokio::test]
async fn asvs_10_1_2_no_provider_takes_a_state_of_another_browser_nor_one_that_is_used_expired_missing_or_changed()
 {
    for id in Provider::builtin_ids() {
        let texts = TextStore::default();
        let world = World::on(texts.clone(), texts, 1, &[&id], |_| ());
        world.careless();
        let service = &world.host.service;
        let (allowed, client) = (&world.allowed, ClientInfo::default());
        let (back, other) =
            (world.back(start(&id), &ada(), None).await, world.back(start(&id), &ada(), None).await);
        let changed = back.state.replace(&back.state[60..], "zzzz");
        for (state, kept) in [
            (Some(&back.state), None),
            (Some(&back.state), Some(&other.kept)),
            (Some(&other.state), Some(&back.kept)),
            (Some(&changed), Some(&back.kept)),
            (None, Some(&back.kept)),
            (None, None),
        ] {
            let mut read = back.read();
            read.state = state.map(String::as_str);
            let outcome = service.finish_oauth2(&key(&id), read, kept, None, allowed, &client).await;
            assert!(is_invalid_state(outcome), "{id}");
        }
        assert_eq!(world.providers.exchanges(), 0, "{id}: no code was sent anywhere");
        // Of two at once one gets a session, and no one later.
        let (one, two) = tokio::join!(world.end(&id, &back, None), world.end(&id, &back, None));
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "{id}: {one:?} {two:?}");
        assert!(is_invalid_state(world.end(&id, &back, None).await), "{id}");
        let caller = world.caller(&session(one.or(two).unwrap())).await;
        assert_eq!(service.sessions(&caller).await.unwrap().len(), 1, "{id}");
        world.host.clock.advance(Duration::from_secs(600));
        assert!(is_invalid_state(world.end(&id, &other, None).await), "{id}");
    }
}

#[tokio::test]
async fn h48_a_flow_ends_once_even_if_the_provider_is_careless() {
    for known in [false, true] {
        let world = World::new();
        world.careless();
        if known {
            world.come(FORGE, &ada(), None).await.unwrap();
        }
        for with_token in [false, true] {
            let begun = if with_token { start_token(FORGE) } else { start(FORGE) };
            let back = world.back(begun, &ada(), None).await;
            // Two processes, because one alone sends no code twice at once.
            let twin = world.restarted(&[FORGE]);
            let (one, other) = tokio::join!(world.end(FORGE, &back, None), twin.end(FORGE, &back, None));
            assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
            assert!(is_invalid_state(if one.is_ok() { other } else { one }));
            assert!(is_invalid_state(world.end(FORGE, &back, None).await));
        }
    }
}

#[tokio::test]
async fn h48_of_two_who_bring_the_same_code_at_once_one_is_let_in_by_a_strict_provider_too() {
    let world = World::new();
    for begin in [start, start_token] {
        let back = world.back(begin(FORGE), &ada(), None).await;
        let (one, other) = tokio::join!(world.end(FORGE, &back, None), world.end(FORGE, &back, None));
        one.unwrap();
        assert!(is_invalid_state(other));
    }
}

#[tokio::test]
async fn h48_a_sign_in_that_was_broken_off_does_not_stand_in_the_way_of_the_next_try() {
    let world = World::new();
    world.careless();
    let back = world.back(start(FORGE), &ada(), None).await;
    {
        let mut end = std::pin::pin!(world.end(FORGE, &back, None));
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(end.as_mut().poll(context).is_pending()))
                .await
        );
    }
    world.end(FORGE, &back, None).await.unwrap();
}

#[tokio::test]
async fn h48_a_flow_lasts_ten_minutes() {
    let world = World::new();
    for (wait, is_good) in [(599, true), (600, false)] {
        let back = world.back(start(FORGE), &ada(), None).await;
        assert_eq!(back.kept.lifetime(), Duration::from_secs(600));
        world.host.clock.advance(Duration::from_secs(wait));
        let outcome = world.end(FORGE, &back, None).await;
        assert_eq!(outcome.is_ok(), is_good);
        assert!(is_good || is_invalid_state(outcome));
    }
}

#[tokio::test]
async fn h48_what_the_browser_keeps_is_sealed() {
    let world = World::new();
    let mut begun = start(FORGE);
    begun.success = Some(world.allowed.check("https://app.example.com/in").unwrap());
    let back = world.back(begun, &ada(), None).await;
    let wire = back.kept.to_wire();
    assert!(wire.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{wire}");
    assert!(!wire.contains(&back.state) && !format!("{:?}", back.kept).contains(&wire));
    for place in 0..wire.len() {
        let mut bytes = wire.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let Ok(kept) = FlowState::from_wire(std::str::from_utf8(&bytes).unwrap()) else { continue };
        let (code, state) = (back.code.clone(), back.state.clone());
        let outcome = world.end(FORGE, &Back { code, state, kept }, None).await;
        // The last letter may hold bits that say nothing.
        assert!(outcome.is_err() || place + 1 == wire.len(), "at {place}");
    }
    assert!(FlowState::from_wire("").is_err() && FlowState::from_wire(&"A".repeat(5000)).is_err());
}

#[tokio::test]
async fn a_flow_that_no_cookie_could_hold_does_not_begin() {
    let world = World::new();
    for (length, is_good) in [(500, true), (4000, false)] {
        let mut begun = start(FORGE);
        let url = format!("https://app.example.com/{}", "a".repeat(length));
        begun.success = Some(world.allowed.check(&url).unwrap());
        match world.host.service.start_oauth2(begun, None).await {
            Ok(started) => assert!(is_good && started.state.to_wire().len() < 4000),
            Err(error) => assert_eq!((error.code(), is_good), ("general_argument_invalid", false)),
        }
    }
}

#[tokio::test]
async fn h56_only_the_session_that_began_a_link_ends_it() {
    let world = World::new();
    let signed_up = world.host.signed_up(ADA).await;
    let holder = async |secret| world.host.service.session_holder(secret).await.unwrap();
    let begun_by = holder(&signed_up.secret).await;
    let second = world.host.signed_in(ADA).await;
    let same_account = holder(&second.secret).await;
    let (other, _) = anonymous(&world.host).await;
    let other_account = holder(&other.secret).await;
    let person = Person::new("1", BOB);
    let back = world.back(start(FORGE), &person, Some(&begun_by)).await;
    for wrong in [None, Some(&same_account), Some(&other_account)] {
        assert!(is_invalid_state(world.end(FORGE, &back, wrong).await));
    }
    world.end(FORGE, &back, Some(&begun_by)).await.unwrap();
}

#[tokio::test]
async fn h56_a_flow_begun_by_nobody_signs_in_whoever_has_signed_in_meanwhile_and_links_nothing() {
    let world = World::new();
    let (one, other) = (Person::new("1", ADA), Person::new("2", BOB));
    let (first, second) =
        (world.back(start(FORGE), &one, None).await, world.back(start(MILL), &other, None).await);
    let ada = session(world.end(FORGE, &first, None).await.unwrap());
    let holder = world.host.service.session_holder(&ada.secret).await.unwrap();
    let bob = session(world.end(MILL, &second, Some(&holder)).await.unwrap());
    assert_ne!(ada.user_id(), bob.user_id());
    for signed_in in [&ada, &bob] {
        assert_eq!(world.identities(&world.caller(signed_in).await).await.len(), 1);
    }
}

#[tokio::test]
async fn h58_where_a_flow_leads_is_checked_again_at_its_end() {
    let world = World::new();
    let (success, failure) = ("https://app.example.com/in", "https://app.example.com/out");
    let elsewhere = account::model::AllowedRedirects::new(["other.example.com"], []).unwrap();
    for (allowed, is_allowed) in [(&world.allowed, true), (&elsewhere, false)] {
        for refused in [false, true] {
            let mut begun = start(FORGE);
            begun.success = Some(world.allowed.check(success).unwrap());
            begun.failure = Some(world.allowed.check(failure).unwrap());
            let back = world.back(begun, &ada(), None).await;
            let mut read = back.read();
            if refused {
                read.error = Some(("access_denied", Some("no\r\nthanks")));
            }
            let (service, client) = (&world.host.service, ClientInfo::default());
            let outcome =
                service.finish_oauth2(&key(FORGE), read, Some(&back.kept), None, allowed, &client).await;
            let (url, expected) = match outcome {
                Ok(finished) => (finished.success, success),
                Err(failed) => {
                    assert_eq!(failed.error.code(), "user_oauth2_provider_error");
                    (failed.failure, failure)
                }
            };
            assert_eq!(url.as_ref().map(|url| url.as_str()), is_allowed.then_some(expected));
        }
    }
}

#[tokio::test]
async fn h49_every_flow_has_a_challenge_and_a_nonce_of_its_own() {
    let google = Registration::new(
        Provider::builtin("google").unwrap(),
        Credentials::new("client-1", "client-hush".to_owned()),
    );
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .provider(OAuth2Client::new(google.unwrap(), World::new().providers))
        .build()
        .unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let url = service.start_oauth2(start("google"), None).await.unwrap().authorize_url;
        for name in ["state", "nonce", "code_challenge"] {
            let (_, value) = url.query_pairs().find(|(found, _)| found == name).unwrap();
            assert!(value.len() >= 43 && seen.insert(value.into_owned()), "{name}");
        }
    }
}

#[tokio::test]
async fn h49_a_code_of_another_flow_is_good_for_nothing() {
    let world = World::new();
    let own = world.back(start(FORGE), &ada(), None).await;
    let planted = world.back(start(FORGE), &Person::new("2", BOB), None).await;
    let back = Back { code: planted.code, state: own.state, kept: own.kept };
    let failed = world.end(FORGE, &back, None).await.unwrap_err();
    assert_eq!(failed.error.code(), "user_oauth2_bad_request");
    assert!(world.texts.dump().is_empty());
}

#[tokio::test]
async fn h52_every_failure_of_a_flow_that_is_known_leads_to_its_failure_url() {
    let world = World::new();
    let failure = world.allowed.check("https://app.example.com/out").unwrap();
    let signed_up = world.host.signed_up(BOB).await;
    let holder = world.host.service.session_holder(&signed_up.secret).await.unwrap();
    let nameless = Person { email: None, verified: false, ..ada() };
    let cases = [
        (nameless, "user_unauthorized"),
        (Person::new("2", BOB).unverified(), "user_already_exists"),
        (ada(), "user_oauth2_bad_request"),
        (ada(), "user_oauth2_provider_error"),
    ];
    for (place, (person, expected)) in cases.into_iter().enumerate() {
        let mut begun = start(FORGE);
        begun.failure = Some(failure.clone());
        let caller = (place == 2).then_some(&holder);
        let back = world.back(begun, &person, caller).await;
        world.providers.is_down.store(place == 3, Ordering::SeqCst);
        let failed = world.end(FORGE, &back, None).await.unwrap_err();
        assert_eq!(failed.error.code(), expected);
        assert_eq!(failed.failure.unwrap().as_str(), failure.as_str());
    }
}
