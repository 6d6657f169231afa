//! The authenticator app.

use std::time::Duration;

use account::{
    model::{Factor, SecondFactor},
    ports::Clock as _,
    testing::{TestHost, totp},
};
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, anonymous, code};

#[tokio::test]
async fn it_counts_once_it_has_shown_a_code() {
    let ada = Ada::new().await;
    let (service, caller) = (&ada.host.service, ada.caller().await);
    assert_eq!(code(service.confirm_authenticator(&caller, "000000").await), "user_authenticator_not_found");
    let app = service.add_authenticator(&caller).await.unwrap();
    assert_eq!(app.secret.expose().len(), 32);
    assert_eq!(
        app.uri.as_str(),
        format!("otpauth://totp/Account%3Aada%40example.com?issuer=Account&secret={}", app.secret.expose())
    );
    assert!(!service.factors(&caller).await.unwrap().totp);

    let otp = totp(app.secret.expose(), ada.host.clock.now());
    let wrong = service.confirm_authenticator(&caller, other_than(&otp)).await;
    assert_eq!(code(wrong), "user_invalid_token");
    assert!(ada.notices().is_empty());
    let user = service.confirm_authenticator(&caller, &otp).await.unwrap();
    assert_eq!(user.email().unwrap().as_str(), ADA);
    assert!(service.factors(&caller).await.unwrap().totp);
    let session = service.session(&caller, caller.session_id()).await.unwrap();
    assert_eq!((session.factors, session.challenged_at), (vec![Factor::Password, Factor::Totp], None));
    assert_eq!(ada.notices(), ["authenticatorAdded"]);

    ada.host.clock.advance(STEP);
    let otp = totp(app.secret.expose(), ada.host.clock.now());
    let again = service.confirm_authenticator(&caller, &otp).await;
    assert_eq!(code(again), "user_authenticator_already_verified");
    assert_eq!(code(service.add_authenticator(&caller).await), "user_authenticator_already_verified");
}

#[tokio::test]
async fn one_that_was_not_confirmed_is_replaced() {
    let ada = Ada::new().await;
    let (service, caller) = (&ada.host.service, ada.caller().await);
    let first = service.add_authenticator(&caller).await.unwrap();
    let second = service.add_authenticator(&caller).await.unwrap();
    let now = ada.host.clock.now();
    let old = service.confirm_authenticator(&caller, &totp(first.secret.expose(), now)).await;
    assert_eq!(code(old), "user_invalid_token");
    service.confirm_authenticator(&caller, &totp(second.secret.expose(), now)).await.unwrap();
}

#[tokio::test]
async fn h47_it_is_labelled_by_what_the_account_has() {
    let ada = Ada::new().await;
    let label = |name: Value, email: bool, phone: bool| {
        ada.verify_phone();
        ada.texts.edit(&ada.id, |account| {
            account["name"] = name;
            if !email {
                account["email"] = Value::Null;
            }
            if !phone {
                account["phone"] = Value::Null;
            }
        });
    };
    let id = ada.id.as_str().to_owned();
    let cases = [
        (json!("Ada: L"), true, true, "ada%40example.com"),
        (json!("Ada: L"), false, true, "Ada%20L"),
        (json!(""), false, true, "%2B16175551212"),
        (json!(""), false, false, id.as_str()),
    ];
    for (name, email, phone, expected) in cases {
        label(name, email, phone);
        let app = ada.host.service.add_authenticator(&ada.caller().await).await.unwrap();
        let start = format!("otpauth://totp/Account%3A{expected}?");
        assert!(app.uri.as_str().starts_with(&start), "{} {start}", app.uri.as_str());
    }
}

#[tokio::test]
async fn h39_no_code_is_accepted_twice_nor_an_older_one() {
    let ada = Ada::with_app().await;
    let holder = ada.sign_in().await.keeping_secret();
    let confirmed = totp(&ada.seed, account::model::Timestamp::from_millis(1_767_225_600_000));
    refused(ada.pass(&holder, SecondFactor::Totp, &confirmed).await);

    let now = ada.otp();
    ada.pass(&holder, SecondFactor::Totp, &now).await.unwrap();
    for _ in 0..2 {
        refused(ada.pass(&holder, SecondFactor::Totp, &now).await);
        refused(ada.pass(&holder, SecondFactor::Totp, &confirmed).await);
    }
    ada.host.clock.advance(STEP);
    refused(ada.pass(&holder, SecondFactor::Totp, &now).await);
    ada.pass(&holder, SecondFactor::Totp, &ada.otp()).await.unwrap();
}

#[tokio::test]
async fn h39_a_clock_that_is_a_step_off_is_forgiven() {
    let ada = Ada::with_app().await;
    let holder = ada.sign_in().await.keeping_secret();
    ada.host.clock.advance(60 * MINUTE);
    let now = ada.host.clock.now();
    let at = |seconds: i64| {
        totp(&ada.seed, account::model::Timestamp::from_millis(now.as_millis() + seconds * 1000))
    };
    for seconds in [-60, 60] {
        refused(ada.pass(&holder, SecondFactor::Totp, &at(seconds)).await);
    }
    for seconds in [-30, 0, 30] {
        ada.pass(&holder, SecondFactor::Totp, &at(seconds)).await.unwrap();
    }
}

#[tokio::test]
async fn h39_a_challenge_takes_no_code_of_an_app_that_was_not_confirmed() {
    let ada = Ada::new().await;
    let (service, caller) = (&ada.host.service, ada.caller().await.keeping_secret());
    refused(ada.pass(&caller, SecondFactor::Totp, "000000").await);
    let app = service.add_authenticator(&caller).await.unwrap();
    let otp = totp(app.secret.expose(), ada.host.clock.now());
    refused(ada.pass(&caller, SecondFactor::Totp, &otp).await);
    assert!(!service.factors(&caller).await.unwrap().totp);
    // It was not spent by that.
    service.confirm_authenticator(&caller, &otp).await.unwrap();
}

#[tokio::test]
async fn h45_once_it_is_removed_no_session_has_proved_it() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let there = ada.pass_app(&ada.sign_in().await).await;
    let secret = ada.pass_app(&*ada.caller().await).await.secret.unwrap();
    let caller = service.caller(&secret).await.unwrap();
    service.start_challenge(&caller, SecondFactor::Totp).await.unwrap();
    service.remove_authenticator(&caller).await.unwrap();
    assert!(ada.stored()["challenges"].is_null(), "its challenges end with it");
    assert_eq!(ada.last_mail().notice.name(), "authenticatorRemoved");
    for session in service.sessions(&caller).await.unwrap() {
        assert_eq!(session.factors, [Factor::Password]);
    }
    // Nothing is left to ask for: all go on, and the switch stays where it is.
    service.caller(&there.secret.unwrap()).await.unwrap();
    assert!(service.user(&caller).await.unwrap().has_mfa());
    ada.sign_in().await.into_caller().unwrap();
    assert_eq!(code(service.remove_authenticator(&caller).await), "user_authenticator_not_found");
}

#[tokio::test]
async fn h45_where_another_factor_is_left_sessions_that_rested_on_the_app_owe_it() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let passed = ada.pass_app(&ada.sign_in().await).await;
    ada.verify_email();
    let caller = service.caller(&passed.secret.unwrap()).await.unwrap();
    service.remove_authenticator(&caller).await.unwrap();
    assert_eq!(code(service.user(&caller).await), "user_more_factors_required");
    let challenge = service.start_challenge(&caller, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let passed = service.finish_challenge(&caller, &challenge.id, &otp).await.unwrap();
    service.caller(&passed.secret.unwrap()).await.unwrap();
}

#[tokio::test]
async fn one_that_was_not_confirmed_can_be_removed_without_a_word() {
    let ada = Ada::new().await;
    let (service, caller) = (&ada.host.service, ada.caller().await);
    service.add_authenticator(&caller).await.unwrap();
    service.remove_authenticator(&caller).await.unwrap();
    assert!(ada.notices().is_empty());
}

#[tokio::test]
async fn its_seed_is_sealed_for_this_account() {
    let ada = Ada::with_app().await;
    let bytes = BASE32_NOPAD.decode(ada.seed.as_bytes()).unwrap();
    let dump = ada.texts.dump();
    let list = format!("{bytes:?}").replace(' ', "");
    for form in [
        ada.seed.clone(),
        HEXLOWER.encode(&bytes),
        BASE64_NOPAD.encode(&bytes),
        BASE64URL_NOPAD.encode(&bytes),
        list.trim_matches(['[', ']']).to_owned(),
    ] {
        assert!(!dump.to_lowercase().contains(&form.to_lowercase()), "{form}");
    }
    // In another account it opens nothing, and is reported as what it is.
    let seed = ada.stored()["authenticator"].clone();
    ada.host.signed_up("bob@example.com").await;
    let bob = ada.host.signed_in("bob@example.com").await;
    ada.texts.edit(&bob.session.user, |account| account["authenticator"] = seed);
    let caller = ada.host.caller(&bob).await;
    let moved = ada.pass(&caller, SecondFactor::Totp, &ada.otp()).await.unwrap_err();
    assert!(matches!(moved, account::Error::Store(account::ports::StoreError::Corrupt)), "{moved:?}");
}

#[tokio::test]
async fn debug_shows_nothing_of_it() {
    let host = TestHost::new();
    let (_, caller) = anonymous(&host).await;
    let app = host.service.add_authenticator(&caller).await.unwrap();
    assert_eq!(format!("{app:?}"), "NewAuthenticator { secret: Secret(…), uri: OtpauthUri(…) }");
}

#[tokio::test]
async fn h33_wrong_codes_count_in_the_account_and_lock_it() {
    let mut ada = Ada::with(|config| config.lockout.threshold = 5).await;
    let caller = ada.caller().await;
    let app = ada.host.service.add_authenticator(&caller).await.unwrap();
    ada.seed = app.secret.expose().to_owned();
    for _ in 0..5 {
        let wrong = ada.host.service.confirm_authenticator(&caller, other_than(&ada.otp())).await;
        assert_eq!(code(wrong), "user_invalid_token");
    }
    let writes = ada.texts.writes();
    let right = ada.host.service.confirm_authenticator(&caller, &ada.otp()).await;
    assert_eq!(code(right), "user_invalid_token");
    assert_eq!(ada.texts.writes(), writes, "a locked guess writes nothing");
    ada.host.clock.advance(Duration::from_secs(15 * 60));
    ada.host.service.confirm_authenticator(&caller, &ada.otp()).await.unwrap();
}

#[tokio::test]
async fn v1_a_code_may_be_typed_as_the_app_shows_it() {
    let mut ada = Ada::new().await;
    let app = ada.host.service.add_authenticator(&ada.caller().await).await.unwrap();
    ada.seed = app.secret.expose().to_owned();
    let shown = |otp: &str, blank: &str| format!(" {}{blank}{}\n", &otp[..3], &otp[3..]);
    let (caller, otp) = (ada.caller().await, ada.otp());
    ada.host.service.confirm_authenticator(&caller, &shown(&otp, " ")).await.unwrap();
    let holder = ada.sign_in().await.keeping_secret();
    for blank in [" ", "\u{a0}", "\u{2009}", "\u{202f}", "-", "\u{2011}"] {
        ada.host.clock.advance(STEP);
        let full_width: String = ada
            .otp()
            .bytes()
            .map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xff10).unwrap())
            .collect();
        refused(ada.pass(&holder, SecondFactor::Totp, &full_width).await);
        ada.pass(&holder, SecondFactor::Totp, &shown(&ada.otp(), blank)).await.unwrap();
    }
}
