//! Recovery codes.

use std::collections::HashSet;

use account::{
    RecoveryCodes,
    model::{Factor, SecondFactor},
};

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, code};

fn texts(codes: &RecoveryCodes) -> Vec<String> {
    codes.codes().iter().map(|code| code.expose().to_owned()).collect()
}

#[tokio::test]
async fn there_are_six_and_each_opens_once() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let codes = texts(&service.create_recovery_codes(&ada.caller().await).await.unwrap());
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), 6);
    for code in &codes {
        assert!(code.len() == 10 && code.bytes().all(|digit| b"0123456789abcdef".contains(&digit)), "{code}");
    }
    assert_eq!(
        code(service.create_recovery_codes(&ada.caller().await).await),
        "user_recovery_codes_already_exists"
    );

    for (used, otp) in codes.iter().enumerate() {
        let signed_in = ada.host.signed_in(ADA).await;
        let holder = holder(&ada.host, &signed_in.secret).await.keeping_secret();
        assert!(service.factors(&holder).await.unwrap().recovery_code);
        let passed = ada.pass(&holder, SecondFactor::RecoveryCode, otp).await.unwrap();
        assert_eq!(passed.session.factors, [Factor::Password, Factor::RecoveryCode]);
        refused(ada.pass(&holder, SecondFactor::RecoveryCode, otp).await);
        let caller = ada.host.caller(&signed_in).await;
        match used {
            5 => assert_eq!(code(service.recovery_codes(&caller).await), "user_recovery_codes_not_found"),
            _ => assert_eq!(texts(&service.recovery_codes(&caller).await.unwrap()), codes[used + 1..]),
        }
    }
    assert!(ada.stored()["recovery_codes"].is_null());
    assert!(!service.factors(&*ada.caller().await).await.unwrap().recovery_code);
    let again = service.create_recovery_codes(&ada.caller().await).await.unwrap();
    assert_eq!(again.codes().len(), 6);
    assert!(texts(&again).iter().all(|code| !codes.contains(code)));
}

#[tokio::test]
async fn replacing_ends_the_old_ones() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let secret = ada.pass_app(&*ada.caller().await).await.secret.unwrap();
    let caller = service.caller(&secret).await.unwrap();
    assert_eq!(code(service.replace_recovery_codes(&caller).await), "user_recovery_codes_not_found");
    assert_eq!(code(service.recovery_codes(&caller).await), "user_recovery_codes_not_found");
    let old = texts(&service.create_recovery_codes(&caller).await.unwrap());
    let new = texts(&service.replace_recovery_codes(&caller).await.unwrap());
    assert_eq!(texts(&service.recovery_codes(&caller).await.unwrap()), new);
    let holder = ada.sign_in().await;
    refused(ada.pass(&holder, SecondFactor::RecoveryCode, &old[0]).await);
    ada.pass(&holder, SecondFactor::RecoveryCode, &new[0]).await.unwrap();
    let told: Vec<_> = ada.notices().into_iter().skip(2).collect();
    assert_eq!(told, ["recoveryCodesChanged", "recoveryCodesChanged"]);
}

#[tokio::test]
async fn h43_they_are_sealed_anew_each_time() {
    let ada = Ada::with_app().await;
    let codes = texts(&ada.host.service.create_recovery_codes(&ada.caller().await).await.unwrap());
    // After the key's id and a dot, a nonce of 24 bytes.
    let nonce = || ada.stored()["recovery_codes"].as_str().unwrap()[9..41].to_owned();
    let mut nonces = HashSet::from([nonce()]);
    for code in &codes[..5] {
        ada.pass(&ada.sign_in().await, SecondFactor::RecoveryCode, code).await.unwrap();
        assert!(nonces.insert(nonce()), "the same nonce twice");
    }
    for code in &codes {
        assert!(!ada.texts.dump().contains(code.as_str()));
    }
}

#[tokio::test]
async fn debug_shows_nothing_of_them() {
    let ada = Ada::new().await;
    let codes = ada.host.service.create_recovery_codes(&ada.caller().await).await.unwrap();
    let shown = format!("{codes:?}");
    assert!(shown.starts_with("RecoveryCodes([Secret(…)"), "{shown}");
    for code in codes.codes() {
        assert!(!shown.contains(code.expose()));
    }
}

#[tokio::test]
async fn v1_they_may_be_typed_in_capitals_and_with_blanks() {
    let ada = Ada::with_app().await;
    let codes = texts(&ada.host.service.create_recovery_codes(&ada.caller().await).await.unwrap());
    let typed: [fn(&str) -> String; 6] = [
        |code| code.to_uppercase(),
        |code| format!("{} {}", &code[..5], &code[5..]),
        |code| format!("{}-{}", &code[..5], &code[5..].to_uppercase()),
        |code| format!("\u{a0}{code}\u{3000}"),
        |code| format!("{code}\n"),
        |code| code.chars().map(|digit| format!("{digit} ")).collect(),
    ];
    let holder = ada.sign_in().await.keeping_secret();
    for (code, typed) in codes.iter().zip(typed) {
        ada.pass(&holder, SecondFactor::RecoveryCode, &typed(code)).await.unwrap();
        refused(ada.pass(&holder, SecondFactor::RecoveryCode, code).await);
    }
}
