//! What is sent serves one purpose, one account and one address, until one instant, and once.

use std::time::Duration;

use account::{
    MemoryStore,
    model::{Key, TokenPurpose},
    ports::{Parts, Store as _},
    testing::{FaultyStore, PASSWORD, TestHost, password},
};

use crate::support::{fixtures::*, token_kinds::*};

const OTHER_PHONE: &str = "+442071838750";

async fn person(host: &TestHost) -> Person {
    Person::new(host, ADA, PHONE).await
}

#[tokio::test]
async fn r69_a_token_serves_no_purpose_but_its_own() {
    for kind in Kind::ALL {
        for door in Kind::ALL {
            // Whatever signs in goes through one door.
            if kind == door || (kind.signs_in() && door.signs_in()) {
                continue;
            }
            let host = TestHost::new();
            let person = person(&host).await;
            let secret = kind.sent(&host, &person).await;
            // The door is open for what belongs there.
            door.sent(&host, &person).await;
            let refused = door.redeem(&host.service, &person, &secret).await;
            assert_eq!(code(refused), "user_invalid_token", "{kind:?} at {door:?}");
            kind.redeem(&host.service, &person, &secret).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h46_a_token_serves_no_account_but_its_own() {
    for kind in Kind::ALL {
        let host = TestHost::new();
        let (ada, bob) = (person(&host).await, Person::new(&host, BOB, OTHER_PHONE).await);
        let secret = kind.sent(&host, &ada).await;
        kind.sent(&host, &bob).await;
        assert_eq!(code(kind.redeem(&host.service, &bob, &secret).await), "user_invalid_token", "{kind:?}");
        let mixed = Person { caller: bob.caller.clone(), ..ada.clone() };
        if kind == Kind::PhoneVerification {
            assert_eq!(code(kind.redeem(&host.service, &mixed, &secret).await), "user_invalid_token");
        }
        kind.redeem(&host.service, &ada, &secret).await.unwrap();
    }
}

#[tokio::test]
async fn h17_a_token_dies_with_the_address_it_was_sent_to() {
    for kind in Kind::ALL {
        for returns in [false, true] {
            let host = TestHost::new();
            let ada = person(&host).await;
            let secret = kind.sent(&host, &ada).await;
            let phone = matches!(kind, Kind::PhoneCode | Kind::PhoneVerification);
            let addresses = if phone { [OTHER_PHONE, PHONE] } else { [BOB, ADA] };
            for address in addresses.into_iter().take(1 + usize::from(returns)) {
                let changed = match phone {
                    true => {
                        let phone = address.parse().unwrap();
                        host.service.change_phone(&ada.caller, phone, password(PASSWORD)).await
                    }
                    false => {
                        let email = address.parse().unwrap();
                        host.service.change_email(&ada.caller, email, password(PASSWORD)).await
                    }
                };
                changed.unwrap();
            }
            let refused = kind.redeem(&host.service, &ada, &secret).await;
            assert_eq!(code(refused), "user_invalid_token", "{kind:?}, changed back: {returns}");
            let user = host.service.user(&ada.caller).await.unwrap();
            assert!(!user.is_email_verified() && !user.is_phone_verified());
        }
    }
}

#[tokio::test]
async fn r64_a_change_of_password_ends_what_could_sign_in_or_set_another() {
    for kind in Kind::ALL {
        let host = TestHost::new();
        let ada = person(&host).await;
        let secret = kind.sent(&host, &ada).await;
        let old = Some(password(PASSWORD));
        host.service.change_password(&ada.caller, password(OTHER), old).await.unwrap();
        let outcome = kind.redeem(&host.service, &ada, &secret).await;
        match kind {
            Kind::EmailVerification | Kind::PhoneVerification => outcome.unwrap(),
            _ => assert_eq!(code(outcome), "user_invalid_token", "{kind:?}"),
        }
    }
}

#[tokio::test]
async fn r34_a_token_is_good_until_the_instant_it_expires() {
    for kind in Kind::ALL {
        for late in [false, true] {
            let host = TestHost::new();
            let ada = person(&host).await;
            let expires_at = kind.ask(&host.service, &ada).await.unwrap().expires_at;
            let life = match kind {
                Kind::EmailVerification => 7 * DAY,
                Kind::MagicUrl | Kind::Recovery => Duration::from_secs(3600),
                _ => Duration::from_secs(900),
            };
            assert_eq!(expires_at.since(account::ports::Clock::now(&host.clock)), life);
            host.clock.advance(life - Duration::from_millis(u64::from(!late)));
            let secret = match kind {
                Kind::EmailCode => host.code_for(ADA),
                Kind::PhoneCode | Kind::PhoneVerification => host.code_for(PHONE),
                _ => host.link_secret(ADA),
            };
            let outcome = kind.redeem(&host.service, &ada, secret.expose()).await;
            assert_eq!(outcome.is_ok(), !late, "{kind:?}: {outcome:?}");
            if late {
                assert_eq!(code(outcome), "user_invalid_token");
            }
        }
    }
}

/// The address changes at the worst moment: before any one call of the store that redeeming makes.
#[tokio::test]
async fn r01_no_change_of_address_slips_past_a_redemption() {
    for kind in [Kind::EmailCode, Kind::MagicUrl, Kind::EmailVerification, Kind::Recovery] {
        for call in 0.. {
            let store = FaultyStore::new(MemoryStore::new());
            let plan = store.plan();
            let host = TestHost::on(store);
            let ada = person(&host).await;
            let secret = kind.sent(&host, &ada).await;
            let mut pause = plan.pause(call);
            let mut redeeming = tokio::spawn({
                let (host, ada) = (host.clone(), ada.clone());
                async move { kind.redeem(&host.service, &ada, &secret).await }
            });
            let held = tokio::select! {
                biased;
                outcome = &mut redeeming => {
                    outcome.unwrap().unwrap();
                    assert!(call > 1);
                    break;
                }
                held = pause.reached() => held,
            };
            assert!(held);
            host.service.change_email(&ada.caller, BOB.parse().unwrap(), password(PASSWORD)).await.unwrap();
            pause.release();
            assert_eq!(code(redeeming.await.unwrap()), "user_invalid_token", "{kind:?} before call {call}");
            let stored = host.service.store().load(&Key::Id(ada.id), Parts::Body).await.unwrap().unwrap();
            assert!(!stored.account.is_email_verified(), "{kind:?} before call {call}");
        }
    }
}

#[test]
fn every_purpose_has_a_name_and_a_lifetime_of_its_own_kind() {
    let all = [
        (TokenPurpose::EmailVerification, "verification", 7 * DAY),
        (TokenPurpose::Recovery, "recovery", DAY / 24),
        (TokenPurpose::MagicUrl, "magic-url", DAY / 24),
        (TokenPurpose::PhoneVerification, "phone-verification", DAY / 96),
        (TokenPurpose::EmailCode, "email-code", DAY / 96),
        (TokenPurpose::PhoneCode, "phone-code", DAY / 96),
        (TokenPurpose::Generic, "generic", DAY / 96),
    ];
    for (purpose, name, lifetime) in all {
        assert_eq!((purpose.name(), purpose.lifetime()), (name, lifetime));
    }
}

#[tokio::test]
async fn v1_a_code_may_be_typed_with_blanks_and_the_secret_of_a_link_may_not() {
    for kind in Kind::ALL {
        let host = TestHost::new();
        let person = person(&host).await;
        let secret = kind.sent(&host, &person).await;
        // A passcode has 256 characters at most, and so have the longest secrets.
        if secret.len() < 256 {
            let typed = format!("{} {}", &secret[..3], &secret[3..]);
            let redeemed = kind.redeem(&host.service, &person, &typed).await;
            assert_eq!(redeemed.is_ok(), kind.is_code(), "{kind:?}");
        }
        if !kind.is_code() {
            let capitals = kind.redeem(&host.service, &person, &secret.to_uppercase()).await;
            assert_eq!(code(capitals), "user_invalid_token", "{kind:?}");
            kind.redeem(&host.service, &person, &secret).await.unwrap();
        }
    }
}

/// Else blanks would make a guess look too long to be one.
#[tokio::test]
async fn v1_a_guess_among_blanks_counts_as_one() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_code()) {
        let host = TestHost::new();
        let person = person(&host).await;
        let sent = kind.sent(&host, &person).await;
        let wrong = if sent == "000000" { "000001" } else { "000000" };
        for blanks in [0, 10, 26, 100, 250] {
            let guess = format!("{wrong}{}", " ".repeat(blanks));
            let refused = kind.redeem(&host.service, &person, &guess).await;
            assert_eq!(code(refused), "user_invalid_token", "{kind:?}");
        }
        assert_eq!(code(kind.redeem(&host.service, &person, &sent).await), "user_invalid_token", "{kind:?}");
    }
}
