//! Ways to come in that are no ways around a second factor.

use account::{
    EmailSignIn, SessionHolder,
    messages::Notice,
    model::{AllowedRedirects, CheckedUrl, ClientInfo, Factor, Passcode, SecondFactor},
    testing::{PASSWORD, password},
};

use crate::mfa::person::*;
use crate::support::fixtures::{ADA, OTHER, code, fail, sign_in};

/// With app, verified email and the switch on.
async fn with_app_and_mailbox() -> Ada {
    let ada = Ada::with_app().await;
    ada.verify_email();
    ada
}

fn page() -> CheckedUrl {
    AllowedRedirects::new(["localhost"], []).unwrap().check("http://localhost/here").unwrap()
}

/// The secret in the link that was mailed last.
fn link_secret(ada: &Ada) -> Passcode {
    let mail = ada.last_mail();
    let (Notice::MagicUrl { link, .. } | Notice::Recovery { link }) = &mail.notice else { panic!() };
    let rest = link.expose().split("secret=").nth(1).unwrap();
    rest.split('&').next().unwrap().parse().unwrap()
}

async fn by_magic_url(ada: &Ada) -> SessionHolder {
    let (service, client) = (&ada.host.service, ClientInfo::default());
    service.send_magic_url(EmailSignIn::new(ADA.parse().unwrap()), &page(), &client).await.unwrap();
    let signed_in = service.sign_in_with_token(&ada.id, &link_secret(ada), &client).await.unwrap();
    assert!(signed_in.device.is_none());
    holder(&ada.host, &signed_in.secret).await
}

async fn recover(ada: &Ada, to: &str) {
    let (service, client) = (&ada.host.service, ClientInfo::default());
    service.start_recovery(ADA.parse().unwrap(), &page(), &client).await.unwrap();
    service.finish_recovery(&ada.id, &link_secret(ada), password(to), None, &client).await.unwrap();
}

/// Passes a challenge by email, and tells whether a factor is owed still.
async fn still_owes_after_email(ada: &Ada, holder: &SessionHolder) -> bool {
    let challenge = ada.host.service.start_challenge(holder, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let passed = ada.host.service.finish_challenge(holder, &challenge.id, &otp).await.unwrap();
    ada.host.service.caller(&passed.secret.unwrap()).await.is_err()
}

#[tokio::test]
async fn a_magic_link_and_a_code_to_the_same_mailbox_are_one_factor() {
    let ada = with_app_and_mailbox().await;
    let holder = by_magic_url(&ada).await;
    assert_eq!(code(holder.clone().into_caller()), "user_more_factors_required");
    assert!(still_owes_after_email(&ada, &holder).await);
    let passed = ada.pass_app(&by_magic_url(&ada).await).await;
    assert_eq!(passed.session.factors, [Factor::Email, Factor::Totp]);
    ada.host.service.caller(&passed.secret.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_recovery_takes_no_second_factor_off() {
    let ada = with_app_and_mailbox().await;
    recover(&ada, OTHER).await;
    let signed_in = sign_in(&ada.host, ADA, OTHER).await.unwrap();
    let holder = holder(&ada.host, &signed_in.secret).await;
    assert_eq!(code(holder.clone().into_caller()), "user_more_factors_required");
    assert!(ada.host.service.factors(&holder).await.unwrap().totp);
    let passed = ada.pass_app(&holder).await;
    ada.host.service.caller(&passed.secret.unwrap()).await.unwrap();
}

#[tokio::test]
async fn with_an_app_the_mailbox_alone_does_not_open_by_way_of_a_recovery() {
    let ada = with_app_and_mailbox().await;
    recover(&ada, OTHER).await;
    let signed_in = sign_in(&ada.host, ADA, OTHER).await.unwrap();
    assert!(still_owes_after_email(&ada, &holder(&ada.host, &signed_in.secret).await).await);

    // The one who changes it with two factors proved knows it for good.
    let signed_in = sign_in(&ada.host, ADA, OTHER).await.unwrap();
    let passed = ada.pass_app(&holder(&ada.host, &signed_in.secret).await).await;
    let caller = ada.host.service.caller(&passed.secret.unwrap()).await.unwrap();
    ada.host.service.change_password(&caller, password(PASSWORD), Some(password(OTHER))).await.unwrap();
    assert!(!still_owes_after_email(&ada, &ada.sign_in().await).await);
}

#[tokio::test]
async fn without_an_app_a_recovered_password_and_the_mailbox_are_all_there_is_to_ask_for() {
    let ada = Ada::new().await;
    ada.verify_email();
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    recover(&ada, OTHER).await;
    let signed_in = sign_in(&ada.host, ADA, OTHER).await.unwrap();
    let holder = holder(&ada.host, &signed_in.secret).await;
    assert_eq!(code(holder.clone().into_caller()), "user_more_factors_required");
    assert!(!still_owes_after_email(&ada, &holder).await);
}

#[tokio::test]
async fn a_password_that_was_recovered_before_the_switch_counts_as_known() {
    let mut ada = Ada::new().await;
    ada.verify_email();
    recover(&ada, PASSWORD).await;
    ada.secret = ada.host.signed_in(ADA).await.secret;
    ada.add_app().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    assert!(!still_owes_after_email(&ada, &ada.sign_in().await).await);
}

#[tokio::test]
async fn the_mailbox_alone_forgives_no_wrong_guesses() {
    let ada = with_app_and_mailbox().await;
    fail(&ada.host, ADA, 3).await;
    by_magic_url(&ada).await;
    assert_eq!(ada.stored()["failures"]["run"], 3);
    recover(&ada, PASSWORD).await;
    assert_eq!(ada.stored()["failures"]["run"], 3);
    ada.pass_app(&ada.sign_in().await).await;
    assert_eq!(ada.stored()["failures"]["run"], 0);
}
