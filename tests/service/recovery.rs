//! Setting a new password by mail: who is sent a link, what it sets and ends, and what it leaves
//! alone.

use account::{
    Error, MemoryStore,
    messages::Notice,
    model::{ClientInfo, Factor, Passcode, Token},
    testing::{PASSWORD, Step, TestHost, password},
};
use serde_json::json;
use url::Url;

use crate::support::{fixtures::*, text_store::TextStore, token_kinds::*};

async fn verified(host: &TestHost) -> Person {
    let ada = Person::new(host, ADA, PHONE).await;
    let secret = Kind::EmailVerification.sent(host, &ada).await;
    Kind::EmailVerification.redeem(&host.service, &ada, &secret).await.unwrap();
    ada
}

async fn start(host: &TestHost, email: &str) -> Result<Token, Error> {
    host.service.start_recovery(email.parse().unwrap(), &page(), &client().with_locale("it")).await
}

async fn finish(host: &TestHost, person: &Person, secret: &Passcode, text: &str) -> Result<Token, Error> {
    host.service.finish_recovery(&person.id, secret, password(text), None, &client()).await
}

#[tokio::test]
async fn a_link_sets_a_new_password_once_and_ends_all_sessions() {
    let host = TestHost::new();
    let ada = verified(&host).await;
    let other = host.signed_in(ADA).await;
    let jwt = host.service.issue_jwt(&ada.caller).await.unwrap();
    let token = start(&host, "ADA@example.com").await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(DAY / 24));
    assert_eq!(
        (token.owner(), token.user == ada.id),
        (&ada.id, false),
        "the answer does not name the account"
    );
    let mail = host.outbox.mails().pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.locale.as_deref()), (ADA, Some("it")));
    let Notice::Recovery { link } = mail.notice else { panic!("another mail") };
    let link = Url::parse(link.expose()).unwrap();
    let names: Vec<String> = link.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["lang", "b", "userId", "secret", "expire"]);
    let secret = host.link_secret(ADA);
    assert_eq!(secret.expose().len(), 256);

    let done = finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
    assert_eq!((done.id, done.user, done.secret().is_none()), (token.id, ada.id, true));
    assert!(matches!(host.outbox.mails().pop().unwrap().notice, Notice::PasswordChanged));
    for outcome in [
        host.service.user(&ada.caller).await.map(drop),
        host.service.caller(&other.secret).await.map(drop),
        host.service.caller_by_jwt(jwt.as_str()).await.map(drop),
    ] {
        assert_eq!(code(outcome), "general_unauthorized_scope");
    }
    assert!(!opens(&host, ADA).await);
    let again = sign_in(&host, ADA, NEW_PASSWORD).await.unwrap();
    assert_eq!(code(finish(&host, &ada, &secret, OTHER).await), "user_invalid_token");
    let caller = host.caller(&again).await;
    let names = log_names(&host, &caller).await;
    let tail: Vec<_> = names.iter().rev().take(4).rev().copied().collect();
    assert_eq!(tail, ["recovery.create", "recovery.update", "session.refuse", "session.create"]);
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!(user.phone().unwrap().as_str(), PHONE, "a proven account keeps the rest");
}

#[tokio::test]
async fn h02_an_unknown_address_is_answered_alike_and_sent_nothing() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let [first, second] = [start(&host, BOB).await.unwrap(), start(&host, "BOB@example.com").await.unwrap()];
    assert_eq!(first.user, second.user, "the stand-in is the same every time");
    assert_ne!(first.id, second.id);
    assert!(first.secret().is_none() && first.phrase.is_none());
    assert_eq!(first.expires_at, first.created_at.after(DAY / 24));
    assert_ne!(first.user, start(&host, "eve@example.com").await.unwrap().user);
    assert!(host.outbox.mails().is_empty());
    assert_eq!(first.user.as_str().len(), start(&host, ADA).await.unwrap().user.as_str().len());

    let telling = TestHost::with(MemoryStore::new(), |config| config.reveals_unknown_accounts = true);
    let (texts, _) = TextStore::host();
    assert_eq!(code(start(&telling, BOB).await), "user_not_found");
    let blocked = TestHost::with(texts.clone(), |config| config.reveals_unknown_accounts = true);
    let id = *blocked.signed_up(ADA).await.user_id();
    texts.edit(&id, |account| account["blocked"] = json!(true));
    assert_eq!(code(start(&blocked, ADA).await), "user_blocked");
    assert!(blocked.outbox.mails().is_empty());
}

#[tokio::test]
async fn a_password_that_breaks_a_rule_leaves_the_link_good() {
    let host = TestHost::with(MemoryStore::new(), |config| config.passwords.history = 3);
    let ada = verified(&host).await;
    start(&host, ADA).await.unwrap();
    let secret = host.link_secret(ADA);
    let id = format!("{}-and-more", ada.id.as_str());
    for (text, told) in [
        ("password", "general_argument_invalid"),
        (PASSWORD, "password_recently_used"),
        ("Ada@example.com", "password_personal_data"),
        ("x-16175551212-x", "password_personal_data"),
        (&id, "password_personal_data"),
    ] {
        assert_eq!(code(finish(&host, &ada, &secret, text).await), told, "{text}");
    }
    finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_wrong_link_is_given_no_hash() {
    let host = TestHost::new();
    let ada = verified(&host).await;
    start(&host, ADA).await.unwrap();
    let before = (host.hasher.hashes(), host.hasher.checks());
    for secret in ["000000", &"0".repeat(256)] {
        assert_eq!(code(finish(&host, &ada, &passcode(secret), NEW_PASSWORD).await), "user_invalid_token");
    }
    assert_eq!((host.hasher.hashes(), host.hasher.checks()), before);
}

#[tokio::test]
async fn asvs_6_4_3_recovery_takes_no_second_factor_off() {
    let host = TestHost::new();
    let ada = verified(&host).await;
    host.service.set_mfa(&ada.caller, true).await.unwrap();
    start(&host, ADA).await.unwrap();
    let secret = host.link_secret(ADA);
    finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
    let signed_in = sign_in(&host, ADA, NEW_PASSWORD).await.unwrap();
    assert_eq!(signed_in.session.factors, [Factor::Password]);
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "user_more_factors_required");
}

#[tokio::test]
async fn r64_recovery_ends_whatever_else_was_sent_before_it() {
    for kind in [Kind::EmailCode, Kind::MagicUrl, Kind::PhoneCode, Kind::Recovery] {
        let host = TestHost::new();
        let ada = verified(&host).await;
        let earlier = kind.sent(&host, &ada).await;
        start(&host, ADA).await.unwrap();
        let secret = host.link_secret(ADA);
        finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
        assert_eq!(code(kind.redeem(&host.service, &ada, &earlier).await), "user_invalid_token", "{kind:?}");
    }
}

#[tokio::test]
async fn a_required_reset_is_done_by_recovery() {
    let (texts, host) = TextStore::host();
    let ada = verified(&host).await;
    texts.edit(&ada.id, |account| account["reset_required"] = json!(true));
    assert_eq!(code(host.service.user(&ada.caller).await), "user_password_reset_required");
    start(&host, ADA).await.unwrap();
    let secret = host.link_secret(ADA);
    finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
    let signed_in = sign_in(&host, ADA, NEW_PASSWORD).await.unwrap();
    host.service.user(&host.caller(&signed_in).await).await.unwrap();
}

#[tokio::test]
async fn an_account_without_password_gets_one() {
    let host = TestHost::new();
    let request = account::EmailSignIn::new(ADA.parse().unwrap());
    let token = host.service.send_email_code(request, &ClientInfo::default()).await.unwrap();
    host.service.sign_in_with_token(&token.user, &host.code_for(ADA), &ClientInfo::default()).await.unwrap();
    start(&host, ADA).await.unwrap();
    let (client, secret) = (ClientInfo::default(), host.link_secret(ADA));
    host.service
        .finish_recovery(token.owner(), &secret, password(NEW_PASSWORD), None, &client)
        .await
        .unwrap();
    sign_in(&host, ADA, NEW_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn t12_without_a_store_nothing_is_sent() {
    let (texts, host) = TextStore::host();
    let ada = verified(&host).await;
    start(&host, ADA).await.unwrap();
    let (secret, mails) = (host.link_secret(ADA), host.outbox.mails().len());
    texts.switch_off(true);
    assert_eq!(code(start(&host, ADA).await), "general_store_unavailable");
    assert_eq!(code(finish(&host, &ada, &secret, NEW_PASSWORD).await), "general_store_unavailable");
    assert_eq!(host.outbox.mails().len(), mails);
    texts.switch_off(false);
    finish(&host, &ada, &secret, NEW_PASSWORD).await.unwrap();
    host.recorder.take();
    start(&host, ADA).await.unwrap();
    assert_eq!(host.recorder.take(), [Step::Load, Step::Save, Step::Mail]);
}
