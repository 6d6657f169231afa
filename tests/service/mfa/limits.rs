//! Guessing at challenges.

use account::{
    model::{ClientInfo, SecondFactor},
    testing::{PASSWORD, password},
};

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, code, fail};

#[tokio::test]
async fn h38_a_challenge_takes_five_tries() {
    let ada = Ada::with_addresses().await;
    let service = &ada.host.service;
    let holder = ada.sign_in().await;
    for wrong in [4, 5] {
        let holder = holder.clone().keeping_secret();
        let challenge = service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
        let otp = mailed(&ada.last_mail());
        for _ in 0..wrong {
            refused(service.finish_challenge(&holder, &challenge.id, other_than(&otp)).await);
        }
        let finished = service.finish_challenge(&holder, &challenge.id, &otp).await;
        match wrong {
            4 => assert!(finished.is_ok()),
            _ => refused(finished),
        }
    }
}

#[tokio::test]
async fn what_is_no_code_at_all_costs_a_try_like_any_other() {
    let ada = Ada::with_app().await;
    ada.host.service.create_recovery_codes(&ada.caller().await).await.unwrap();
    let holder = ada.sign_in().await;
    for factor in [SecondFactor::Totp, SecondFactor::RecoveryCode] {
        let challenge = ada.host.service.start_challenge(&holder, factor).await.unwrap();
        let long = "9".repeat(10_000);
        for otp in ["", " ", "000 000", "💥", &long] {
            refused(ada.host.service.finish_challenge(&holder, &challenge.id, otp).await);
        }
        assert!(ada.stored()["challenges"].is_null(), "it is dead");
    }
    assert_eq!(ada.stored()["failures"]["run"], 10);
}

#[tokio::test]
async fn h38_wrong_codes_count_in_the_account_whatever_the_factor() {
    let ada = Ada::with_app().await;
    let holder = ada.sign_in().await;
    fail(&ada.host, ADA, 3).await;
    refused(ada.pass(&holder, SecondFactor::Totp, other_than(&ada.otp())).await);
    refused(ada.pass(&holder, SecondFactor::RecoveryCode, "0123456789").await);
    assert_eq!(ada.stored()["failures"]["run"], 5);
    // The password alone forgives nothing; with the second factor all is forgotten.
    let holder = ada.sign_in().await;
    assert_eq!(ada.stored()["failures"]["run"], 5);
    ada.pass(&holder, SecondFactor::Totp, &ada.otp()).await.unwrap();
    assert_eq!(ada.stored()["failures"]["run"], 0);
}

#[tokio::test]
async fn while_guesses_are_locked_a_right_code_is_refused_unseen() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    // From a device that the account knows, and from another one.
    let device = ada.pass_app(&ada.sign_in().await).await.device.unwrap();
    let client = ClientInfo::default().with_device(device);
    let known =
        service.sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &client).await.unwrap();
    let known = holder(&ada.host, &known.secret).await.with_client(client);
    let unknown = ada.sign_in().await;
    fail(&ada.host, ADA, 100).await;

    ada.host.clock.advance(STEP);
    let here = service.start_challenge(&unknown, SecondFactor::Totp).await.unwrap();
    let writes = ada.texts.writes();
    refused(service.finish_challenge(&unknown, &here.id, &ada.otp()).await);
    refused(service.finish_challenge(&unknown, &here.id, other_than(&ada.otp())).await);
    assert_eq!(ada.texts.writes(), writes, "a locked guess writes nothing");
    assert_eq!(ada.stored()["challenges"][0]["tries"], 0);

    // The known device goes on, and its success ends the lock.
    ada.pass(&known, SecondFactor::Totp, &ada.otp()).await.unwrap();
    ada.host.clock.advance(STEP);
    service.finish_challenge(&unknown, &here.id, &ada.otp()).await.unwrap();
}

#[tokio::test]
async fn a_factor_that_leaves_another_owed_forgives_nothing() {
    let ada = Ada::with_addresses().await;
    let signed_in = ada.host.signed_in(ADA).await;
    ada.texts.edit(&ada.id, |account| {
        let sessions = account["sessions"].as_array_mut().unwrap();
        sessions.last_mut().unwrap()["factors"] = serde_json::json!(["email"]);
    });
    fail(&ada.host, ADA, 3).await;
    let holder = holder(&ada.host, &signed_in.secret).await;
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let passed = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await.unwrap();
    assert_eq!(code(ada.host.service.caller(&passed.secret.unwrap()).await), "user_more_factors_required");
    assert_eq!(ada.stored()["failures"]["run"], 3);
}
