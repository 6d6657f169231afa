//! Challenges: what passes them, what they are good for, and what ends them.

use std::time::Duration;

use account::{
    model::{ClientInfo, Factor, SecondFactor},
    ports::Clock as _,
    testing::{PASSWORD, password},
};
use serde_json::json;

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, BOB, anonymous, code};

#[tokio::test]
async fn a_code_of_the_app_completes_a_sign_in_under_a_new_secret() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let signed_in = ada.host.signed_in(ADA).await;
    assert!(signed_in.device.is_none(), "a factor is owed still");
    let holder = holder(&ada.host, &signed_in.secret).await;
    let challenge = service.start_challenge(&holder, SecondFactor::Totp).await.unwrap();
    assert_eq!(challenge.user, ada.id);
    assert_eq!(challenge.created_at, ada.host.clock.now());
    assert_eq!(challenge.expires_at.since(challenge.created_at), 15 * MINUTE);

    let passed = service.finish_challenge(&holder, &challenge.id, &ada.otp()).await.unwrap();
    let session = &passed.session;
    assert_eq!((session.id, session.current), (signed_in.session.id, true));
    assert_eq!(session.factors, [Factor::Password, Factor::Totp]);
    assert_eq!(session.challenged_at, Some(ada.host.clock.now()));
    assert_eq!(code(service.session_holder(&signed_in.secret).await), "general_unauthorized_scope");
    let caller = service.caller(&passed.secret.unwrap()).await.unwrap();
    caller.require_fresh_factor().unwrap();

    // Answered once.
    refused(service.finish_challenge(&caller, &challenge.id, &ada.otp()).await);
    // The device is known from now on.
    let client = ClientInfo::default().with_device(passed.device.unwrap());
    let again =
        service.sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &client).await.unwrap();
    let again = crate::mfa::person::holder(&ada.host, &again.secret).await.with_client(client);
    ada.host.clock.advance(STEP);
    let passed = ada.pass(&again, SecondFactor::Totp, &ada.otp()).await.unwrap();
    assert!(passed.device.is_none(), "it is known already");
}

#[tokio::test]
async fn a_client_that_keeps_its_secret_gets_no_new_one() {
    let ada = Ada::with_app().await;
    let signed_in = ada.host.signed_in(ADA).await;
    let holder = holder(&ada.host, &signed_in.secret).await.keeping_secret();
    let passed = ada.pass(&holder, SecondFactor::Totp, &ada.otp()).await.unwrap();
    assert!(passed.secret.is_none());
    ada.host.caller(&signed_in).await;
}

#[tokio::test]
async fn a_code_goes_to_the_verified_mailbox() {
    let ada = Ada::with_addresses().await;
    let client = ClientInfo::default().with_user_agent("curl/8.5.0").with_locale("de-CH");
    let holder = ada.sign_in().await.with_client(client);
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let mail = ada.last_mail();
    assert_eq!((mail.to.as_str(), mail.notice.name()), (ADA, "mfaChallenge"));
    assert_eq!(mail.locale.as_deref(), Some("de-CH"));
    let otp = mailed(&mail);
    assert_eq!(otp.len(), 6);
    assert!(!ada.texts.dump().contains(&format!("\"{otp}\"")));
    assert!(ada.host.outbox.texts().is_empty());
    let passed = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await.unwrap();
    assert_eq!(passed.session.factors, [Factor::Password, Factor::Email]);
    ada.host.service.caller(&passed.secret.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_code_goes_to_the_verified_phone() {
    let ada = Ada::with_addresses().await;
    let holder = ada.sign_in().await;
    let mails = ada.notices().len();
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Phone).await.unwrap();
    let texts = ada.host.outbox.texts();
    assert_eq!((texts.len(), texts[0].to.as_str(), ada.notices().len()), (1, PHONE, mails));
    let otp = texted(&texts[0]);
    let passed = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await.unwrap();
    assert_eq!(passed.session.factors, [Factor::Password, Factor::Phone]);
}

#[tokio::test]
async fn what_cannot_be_reached_is_not_challenged() {
    let ada = Ada::new().await;
    let service = &ada.host.service;
    let (_, nobody) = anonymous(&ada.host).await;
    let (email, phone) = (SecondFactor::Email, SecondFactor::Phone);
    assert_eq!(code(service.start_challenge(&nobody, email).await), "user_email_not_found");
    assert_eq!(code(service.start_challenge(&nobody, phone).await), "user_phone_not_found");
    let caller = ada.caller().await;
    assert_eq!(code(service.start_challenge(&caller, email).await), "user_email_not_verified");
    service.change_phone(&caller, PHONE.parse().unwrap(), password(PASSWORD)).await.unwrap();
    assert_eq!(code(service.start_challenge(&caller, phone).await), "user_phone_not_verified");

    // Without a carrier the account is not even looked at.
    let mute = mute(&ada);
    for factor in [email, phone] {
        let expected = if factor == email { "general_smtp_disabled" } else { "general_phone_disabled" };
        assert_eq!(code(mute.start_challenge(&caller, factor).await), expected);
        assert_eq!(code(mute.start_challenge(&nobody, factor).await), expected);
    }
    for factor in [SecondFactor::Totp, SecondFactor::RecoveryCode] {
        mute.start_challenge(&caller, factor).await.unwrap();
    }
    assert!(ada.host.outbox.texts().is_empty());
    assert_eq!(ada.notices(), ["phoneChanged"]);
}

#[tokio::test]
async fn h37_a_challenge_ends_after_fifteen_minutes() {
    let ada = Ada::with_addresses().await;
    let holder = ada.sign_in().await;
    for (age, passes) in [(Duration::from_millis(899_999), true), (15 * MINUTE, false)] {
        let holder = holder.clone().keeping_secret();
        let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
        let otp = mailed(&ada.last_mail());
        ada.host.clock.advance(age);
        let finished = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await;
        match passes {
            true => assert!(finished.is_ok()),
            false => refused(finished),
        }
    }
}

#[tokio::test]
async fn a_challenge_belongs_to_the_session_that_asked_for_it() {
    let ada = Ada::with_addresses().await;
    let service = &ada.host.service;
    let (here, there) = (ada.sign_in().await, ada.sign_in().await);
    let challenge = service.start_challenge(&here, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let bob = ada.host.signed_up(BOB).await;
    let bob = ada.host.caller(&bob).await;
    let writes = ada.texts.writes();
    refused(service.finish_challenge(&there, &challenge.id, &otp).await);
    refused(service.finish_challenge(&bob, &challenge.id, &otp).await);
    let unknown = "06q2vgk1o0000000000000000z".parse().unwrap();
    refused(service.finish_challenge(&here, &unknown, &otp).await);
    assert_eq!(ada.texts.writes(), writes, "a guess at nothing costs nothing");
    service.finish_challenge(&here, &challenge.id, &otp).await.unwrap();
}

#[tokio::test]
async fn h38_a_session_has_one_live_challenge_of_each_factor() {
    let ada = Ada::with_addresses().await;
    let service = &ada.host.service;
    let (here, there) = (ada.sign_in().await.keeping_secret(), ada.sign_in().await);
    let elsewhere = service.start_challenge(&there, SecondFactor::Email).await.unwrap();
    let elsewhere_otp = mailed(&ada.last_mail());
    let first = service.start_challenge(&here, SecondFactor::Email).await.unwrap();
    let first_otp = mailed(&ada.last_mail());
    let texted_one = service.start_challenge(&here, SecondFactor::Phone).await.unwrap();
    let second = service.start_challenge(&here, SecondFactor::Email).await.unwrap();
    let second_otp = mailed(&ada.last_mail());
    refused(service.finish_challenge(&here, &first.id, &first_otp).await);
    if first_otp != second_otp {
        refused(service.finish_challenge(&here, &second.id, &first_otp).await);
    }
    service.finish_challenge(&here, &second.id, &second_otp).await.unwrap();
    let otp = texted(&ada.host.outbox.texts()[0]);
    service.finish_challenge(&here, &texted_one.id, &otp).await.unwrap();
    service.finish_challenge(&there, &elsewhere.id, &elsewhere_otp).await.unwrap();
}

#[tokio::test]
async fn a_code_serves_the_factor_and_challenge_it_was_made_for() {
    let ada = Ada::with_addresses().await;
    let service = &ada.host.service;
    let holder = ada.sign_in().await;
    let by_mail = service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let by_text = service.start_challenge(&holder, SecondFactor::Phone).await.unwrap();
    let (mail, text) = (mailed(&ada.last_mail()), texted(&ada.host.outbox.texts()[0]));
    // Swapped in the store, each under the other's id, factor or address.
    ada.texts.edit(&ada.id, |account| {
        let (a, b) = (account["challenges"][0]["digest"].clone(), account["challenges"][1]["digest"].clone());
        account["challenges"][0]["digest"] = b;
        account["challenges"][1]["digest"] = a;
    });
    refused(service.finish_challenge(&holder, &by_mail.id, &text).await);
    refused(service.finish_challenge(&holder, &by_text.id, &mail).await);
}

#[tokio::test]
async fn a_code_of_one_challenge_is_no_answer_to_another() {
    let ada = Ada::with_addresses().await;
    let service = &ada.host.service;
    let (here, there) = (ada.sign_in().await, ada.sign_in().await);
    let challenge = service.start_challenge(&here, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    service.start_challenge(&there, SecondFactor::Email).await.unwrap();
    // The other's digest in its place, and then its own again.
    let swap = |account: &mut serde_json::Value| {
        let digests = [1, 0].map(|at: usize| account["challenges"][at]["digest"].clone());
        for (at, digest) in digests.into_iter().enumerate() {
            account["challenges"][at]["digest"] = digest;
        }
    };
    let other = mailed(&ada.last_mail());
    ada.texts.edit(&ada.id, swap);
    refused(service.finish_challenge(&here, &challenge.id, &other).await);
    ada.texts.edit(&ada.id, swap);
    service.finish_challenge(&here, &challenge.id, &otp).await.unwrap();
}

#[tokio::test]
async fn a_change_of_the_address_ends_its_challenges() {
    let ada = Ada::with(|config| config.end_other_sessions = false).await;
    ada.verify_email();
    ada.verify_phone();
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    let service = &ada.host.service;
    let holder = ada.sign_in().await;
    let by_mail = service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let mail = mailed(&ada.last_mail());
    let by_text = service.start_challenge(&holder, SecondFactor::Phone).await.unwrap();
    let text = texted(&ada.host.outbox.texts()[0]);

    let caller = ada.caller().await;
    let before = ada.stored();
    service.change_email(&caller, "new@example.com".parse().unwrap(), password(PASSWORD)).await.unwrap();
    assert_eq!(ada.stored()["challenges"].as_array().unwrap().len(), 1);
    // With the number goes the last second factor, which would take a fresh challenge.
    ada.texts.edit(&ada.id, |account| account["email"]["verified"] = json!(true));
    service.change_phone(&caller, "+16175551213".parse().unwrap(), password(PASSWORD)).await.unwrap();
    assert!(ada.stored()["challenges"].is_null());

    // Were they still there, the address would not fit.
    ada.texts.edit(&ada.id, |account| account["challenges"] = before["challenges"].clone());
    ada.texts.edit(&ada.id, |account| account["email"]["verified"] = json!(true));
    ada.texts.edit(&ada.id, |account| account["phone"]["verified"] = json!(true));
    refused(service.finish_challenge(&holder, &by_mail.id, &mail).await);
    refused(service.finish_challenge(&holder, &by_text.id, &text).await);
}

#[tokio::test]
async fn a_challenge_ends_with_its_session() {
    let ada = Ada::with_app().await;
    let holder = ada.sign_in().await;
    ada.host.service.start_challenge(&holder, SecondFactor::Totp).await.unwrap();
    ada.host.service.sign_out(&holder, holder.session_id()).await.unwrap();
    assert!(ada.stored()["challenges"].is_null());
}

#[tokio::test]
async fn debug_shows_nothing_of_what_was_passed() {
    let ada = Ada::with_app().await;
    let passed = ada.pass_app(&ada.sign_in().await).await;
    let (wire, device) =
        (passed.secret.as_ref().unwrap().to_wire(), passed.device.as_ref().unwrap().to_wire());
    let shown = format!("{passed:?}");
    assert!(shown.contains("SessionSecret(…)") && shown.contains("DeviceSecret(…)"));
    assert!(!shown.contains(&wire) && !shown.contains(&device));
}

#[tokio::test]
async fn v1_a_code_that_was_sent_may_be_typed_with_blanks() {
    let ada = Ada::with_addresses().await;
    let holder = ada.sign_in().await.keeping_secret();
    for (factor, to) in [(SecondFactor::Email, ADA), (SecondFactor::Phone, PHONE)] {
        let challenge = ada.host.service.start_challenge(&holder, factor).await.unwrap();
        let sent = ada.host.code_for(to);
        let typed = format!("{}\u{a0}{}-", &sent.expose()[..3], &sent.expose()[3..]);
        ada.host.service.finish_challenge(&holder, &challenge.id, &typed).await.unwrap();
    }
}
