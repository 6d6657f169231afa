//! The switch, and what a session may do that owes a factor.

use account::{
    model::{Factor, SecondFactor},
    ports::Clock as _,
    testing::{PASSWORD, password},
};
use serde_json::json;

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, anonymous, code, log_names};

#[tokio::test]
async fn without_any_second_factor_it_asks_for_nothing_until_there_is_one() {
    let ada = Ada::new().await;
    let user = ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    assert!(user.has_mfa());
    ada.sign_in().await.into_caller().unwrap();
    ada.verify_email();
    assert_eq!(code(ada.sign_in().await.into_caller()), "user_more_factors_required");
}

#[tokio::test]
async fn the_session_that_switches_it_on_has_proved_what_there_is() {
    let mut ada = Ada::new().await;
    ada.add_app().await;
    ada.verify_email();
    ada.verify_phone();
    let caller = ada.caller().await;
    ada.host.service.set_mfa(&caller, true).await.unwrap();
    let session = ada.host.service.session(&ada.caller().await, caller.session_id()).await.unwrap();
    assert_eq!(session.factors, [Factor::Password, Factor::Totp, Factor::Email, Factor::Phone]);
    assert_eq!(session.challenged_at, None, "no challenge was passed");
}

#[tokio::test]
async fn factors_that_are_not_verified_are_not_proved_by_switching_it_on() {
    let ada = Ada::new().await;
    let caller = ada.caller().await;
    ada.host.service.add_authenticator(&caller).await.unwrap();
    ada.host.service.set_mfa(&caller, true).await.unwrap();
    let session = ada.host.service.session(&caller, caller.session_id()).await.unwrap();
    assert_eq!(session.factors, [Factor::Password]);
}

#[tokio::test]
async fn h22_switching_it_on_ends_other_sessions_and_all_jwts() {
    for keeps in [false, true] {
        let ada = Ada::with(|config| config.end_other_sessions = !keeps).await;
        ada.verify_email();
        let there = ada.host.signed_in(ADA).await;
        let jwt = ada.host.service.issue_jwt(&ada.caller().await).await.unwrap();
        ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
        ada.caller().await;
        let (there, jwt) = (
            ada.host.service.caller(&there.secret).await,
            ada.host.service.caller_by_jwt(jwt.as_str()).await,
        );
        match keeps {
            // It lives on, and owes what it has not proved.
            true => {
                assert_eq!(code(there), "user_more_factors_required");
                jwt.unwrap();
            }
            false => {
                assert_eq!(code(there), "general_unauthorized_scope");
                assert_eq!(code(jwt), "general_unauthorized_scope");
            }
        }
    }
}

#[tokio::test]
async fn switching_it_on_again_ends_nothing_and_tells_nobody() {
    let ada = Ada::new().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    let there = ada.host.signed_in(ADA).await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    ada.host.caller(&there).await;
    assert_eq!(ada.notices(), ["mfaEnabled"]);
}

#[tokio::test]
async fn h40_while_it_asks_for_two_factors_what_weakens_it_takes_a_fresh_challenge() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let caller = ada.caller().await;
    assert_eq!(code(service.set_mfa(&caller, false).await), "user_challenge_required");
    assert_eq!(code(service.add_authenticator(&caller).await), "user_challenge_required");
    assert_eq!(code(service.remove_authenticator(&caller).await), "user_challenge_required");
    assert_eq!(code(service.recovery_codes(&caller).await), "user_challenge_required");
    assert_eq!(code(service.replace_recovery_codes(&caller).await), "user_challenge_required");

    let secret = ada.pass_app(&caller).await.secret.unwrap();
    let user = service.set_mfa(&service.caller(&secret).await.unwrap(), false).await.unwrap();
    assert!(!user.has_mfa());
    ada.sign_in().await.into_caller().unwrap();
    assert_eq!(ada.notices(), ["authenticatorAdded", "mfaEnabled", "mfaDisabled"]);
    assert_eq!(ada.last_mail().to.as_str(), ADA);
}

#[tokio::test]
async fn h40_the_profile_for_migration_asks_for_no_fresh_challenge() {
    let mut ada = Ada::with(|config| config.fresh_challenges = false).await;
    ada.add_app().await;
    let service = &ada.host.service;
    service.set_mfa(&ada.caller().await, true).await.unwrap();
    assert!(!service.set_mfa(&ada.caller().await, false).await.unwrap().has_mfa());
    assert!(!account::Config::appwrite_1_6(account::MasterKey::generate().unwrap()).fresh_challenges);
}

#[tokio::test]
async fn h40_the_last_second_factor_is_not_taken_off_by_a_change_of_address() {
    let ada = Ada::new().await;
    let service = &ada.host.service;
    ada.texts.edit(&ada.id, |account| account["email"]["verified"] = serde_json::json!(true));
    let caller = ada.caller().await;
    service.set_mfa(&caller, true).await.unwrap();
    let new = "new@example.com".parse().unwrap();
    let refused = service.change_email(&ada.caller().await, new, password(PASSWORD)).await;
    assert_eq!(code(refused), "user_challenge_required");
    assert_eq!(ada.stored()["email"]["address"], ADA);
}

#[tokio::test]
async fn a_challenge_is_fresh_for_thirty_minutes() {
    let ada = Ada::with_app().await;
    let secret = ada.pass_app(&*ada.caller().await).await.secret.unwrap();
    ada.host.clock.advance(30 * MINUTE);
    let caller = ada.host.service.caller(&secret).await.unwrap();
    caller.require_fresh_factor().unwrap();
    ada.host.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(code(ada.host.service.set_mfa(&caller, false).await), "user_challenge_required");
}

#[tokio::test]
async fn a_session_that_owes_a_factor_can_do_nothing_but_prove_it_and_go() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let holder = ada.sign_in().await;
    assert_eq!(code(holder.clone().into_caller()), "user_more_factors_required");
    let factors = service.factors(&holder).await.unwrap();
    assert!(factors.totp && !factors.email && !factors.phone && !factors.recovery_code);
    let own = *holder.session_id();
    let other = *ada.caller().await.session_id();
    assert_eq!(code(service.sign_out(&holder, &other).await), "user_more_factors_required");
    service.sign_out(&holder, &own).await.unwrap();
    assert_eq!(code(service.factors(&holder).await), "general_unauthorized_scope");
}

#[tokio::test]
async fn a_caller_from_before_owes_the_factor_too() {
    let mut ada = Ada::with(|config| config.end_other_sessions = false).await;
    let there = ada.host.signed_in(ADA).await;
    let caller = ada.host.caller(&there).await;
    ada.add_app().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    assert_eq!(code(ada.host.service.user(&caller).await), "user_more_factors_required");
    let change = ada.host.service.change_name(&caller, "Eve".parse().unwrap()).await;
    assert_eq!(code(change), "user_more_factors_required");
}

#[tokio::test]
async fn h41_a_jwt_is_no_way_around_a_factor() {
    let mut ada = Ada::with(|config| config.end_other_sessions = false).await;
    let there = ada.host.signed_in(ADA).await;
    let jwt = ada.host.service.issue_jwt(&ada.host.caller(&there).await).await.unwrap();
    ada.add_app().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    let service = &ada.host.service;
    assert_eq!(code(service.caller_by_jwt(jwt.as_str()).await), "user_more_factors_required");

    let holder = service.session_holder_by_jwt(jwt.as_str()).await.unwrap();
    let passed = ada.pass(&holder, SecondFactor::Totp, &ada.otp()).await.unwrap();
    assert!(passed.secret.is_none(), "its holder has no secret that could be renewed");
    assert!(!passed.session.current);
    assert_eq!(passed.session.id, there.session.id);
    service.caller_by_jwt(jwt.as_str()).await.unwrap();
    ada.host.caller(&there).await;
}

#[tokio::test]
async fn h44_two_factors_of_one_kind_count_once() {
    let ada = Ada::with_addresses().await;
    let holder = ada.sign_in().await;
    // As if it had been signed in by a link sent by email.
    ada.texts.edit(&ada.id, |account| {
        let sessions = account["sessions"].as_array_mut().unwrap();
        sessions.last_mut().unwrap()["factors"] = json!(["email"]);
    });
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let passed = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await.unwrap();
    assert_eq!(passed.session.factors, [Factor::Email]);
    assert!(passed.device.is_none(), "a factor is owed still");
    let secret = passed.secret.unwrap();
    assert_eq!(code(ada.host.service.caller(&secret).await), "user_more_factors_required");

    let holder = crate::mfa::person::holder(&ada.host, &secret).await;
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Phone).await.unwrap();
    let otp = texted(&ada.host.outbox.texts()[0]);
    let passed = ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await.unwrap();
    assert_eq!(passed.session.factors, [Factor::Email, Factor::Phone]);
    ada.host.service.caller(&passed.secret.unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_anonymous_start_is_no_factor_and_the_password_that_it_sets_is_one() {
    let host = account::testing::TestHost::new();
    let service = &host.service;
    let (signed_in, caller) = anonymous(&host).await;
    let done = service.change_email(&caller, ADA.parse().unwrap(), password(PASSWORD)).await.unwrap();
    let caller = service.caller(&done.secret.unwrap()).await.unwrap();
    let session = service.session(&caller, &signed_in.session.id).await.unwrap();
    assert_eq!(session.factors, [Factor::Anonymous, Factor::Password]);
    let app = service.add_authenticator(&caller).await.unwrap();
    let otp = account::testing::totp(app.secret.expose(), host.clock.now());
    service.confirm_authenticator(&caller, &otp).await.unwrap();
    service.set_mfa(&caller, true).await.unwrap();
    service.user(&caller).await.unwrap();
}

#[tokio::test]
async fn an_anonymous_session_does_not_pass_with_one_factor() {
    let mut ada = Ada::with(|config| config.end_other_sessions = false).await;
    let there = ada.host.signed_in(ADA).await;
    ada.add_app().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    // As if it had begun before the account had an address, and others had set the password.
    ada.texts.edit(&ada.id, |account| account["sessions"][1]["factors"] = json!(["anonymous"]));
    let holder = holder(&ada.host, &there.secret).await;
    let passed = ada.pass(&holder, SecondFactor::Totp, &ada.otp()).await.unwrap();
    let owing = ada.host.service.caller(&passed.secret.unwrap()).await;
    assert_eq!(code(owing), "user_more_factors_required");
}

#[tokio::test]
async fn h70_the_log_tells_what_happened() {
    let ada = Ada::with_app().await;
    let service = &ada.host.service;
    let secret = ada.pass_app(&*ada.caller().await).await.secret.unwrap();
    let caller = service.caller(&secret).await.unwrap();
    service.create_recovery_codes(&caller).await.unwrap();
    service.replace_recovery_codes(&caller).await.unwrap();
    service.remove_authenticator(&caller).await.unwrap();
    let names = log_names(&ada.host, &caller).await;
    assert_eq!(
        names,
        [
            "user.create",
            "session.create",
            "authenticator.create",
            "user.update",
            "user.update",
            "challenge.create",
            "challenges.update",
            "recovery-codes.create",
            "recovery-codes.update",
            "authenticator.delete",
        ]
    );
}
