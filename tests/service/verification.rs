//! Proving an address: what is sent, what it proves, and what it leaves alone.

use account::{
    MemoryStore,
    messages::{Notice, TextNotice},
    model::ClientInfo,
    testing::{PASSWORD, TestHost, password},
};
use serde_json::json;
use url::Url;

use crate::support::{fixtures::*, text_store::TextStore, token_kinds::*};

#[tokio::test]
async fn a_link_proves_the_address_once_and_signs_nobody_in() {
    let host = TestHost::new();
    let ada = Person::new(&host, ADA, PHONE).await;
    host.service.change_name(&ada.caller, "Ada Lovelace".parse().unwrap()).await.unwrap();
    let caller = ada.caller.clone().with_client(client().with_locale("fr"));
    let token = host.service.start_email_verification(&caller, &page()).await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(7 * DAY));
    let mail = host.outbox.mails().pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.name.as_str()), (ADA, "Ada Lovelace"));
    assert_eq!(mail.locale.as_deref(), Some("fr"));
    let Notice::Verification { link } = mail.notice else { panic!("another mail") };
    let link = Url::parse(link.expose()).unwrap();
    let pairs: Vec<_> = link.query_pairs().into_owned().collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["lang", "b", "userId", "secret", "expire"]);
    assert_eq!((pairs[2].1.as_str(), pairs[4].1.as_str()), (ada.id.as_str(), &*token.expires_at.to_string()));
    assert_eq!(pairs[3].1.len(), 256);

    let sessions = host.service.sessions(&ada.caller).await.unwrap().len();
    let done = host
        .service
        .finish_email_verification(&ada.id, &passcode(&pairs[3].1), &ClientInfo::default())
        .await
        .unwrap();
    assert_eq!((done.id, done.user), (token.id, ada.id));
    assert!(done.secret().is_none(), "H11");
    let user = host.service.user(&ada.caller).await.unwrap();
    assert!(user.is_email_verified() && !user.is_phone_verified());
    assert_eq!(host.service.sessions(&ada.caller).await.unwrap().len(), sessions);
    let again = Kind::EmailVerification.redeem(&host.service, &ada, &pairs[3].1).await;
    assert_eq!(code(again), "user_invalid_token");
    let names = log_names(&host, &ada.caller).await;
    assert_eq!(names[names.len() - 2..], ["verification.create", "verification.update"]);
    let again = host.service.start_email_verification(&ada.caller, &page()).await;
    assert_eq!(code(again), "user_email_already_verified");
}

#[tokio::test]
async fn a_texted_code_proves_the_number_once() {
    let host = TestHost::new();
    let ada = Person::new(&host, ADA, PHONE).await;
    let caller = ada.caller.clone().with_client(client().with_locale("fr"));
    let token = host.service.start_phone_verification(&caller).await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(DAY / 96));
    let text = host.outbox.texts().pop().unwrap();
    assert_eq!((text.to.as_str(), text.locale.as_deref()), (PHONE, Some("fr")));
    let TextNotice::VerificationCode { code: sent } = text.notice else { panic!("another text") };
    assert_eq!(sent.expose().len(), 6);
    let done = host.service.finish_phone_verification(&ada.caller, &ada.id, &passcode(sent.expose())).await;
    assert!(done.unwrap().secret().is_none(), "H11");
    let user = host.service.user(&ada.caller).await.unwrap();
    assert!(user.is_phone_verified() && !user.is_email_verified());
    let names = log_names(&host, &ada.caller).await;
    assert_eq!(names[names.len() - 2..], ["verification.create", "verification.update"]);
    let again = Kind::PhoneVerification.redeem(&host.service, &ada, sent.expose()).await;
    assert_eq!(code(again), "user_invalid_token");
    let again = host.service.start_phone_verification(&ada.caller).await;
    assert_eq!(code(again), "user_phone_already_verified");
}

#[tokio::test]
async fn there_must_be_something_to_prove() {
    let host = TestHost::new();
    let (_, caller) = anonymous(&host).await;
    host.recorder.take();
    assert_eq!(code(host.service.start_email_verification(&caller, &page()).await), "user_email_not_found");
    assert_eq!(code(host.service.start_phone_verification(&caller).await), "user_phone_not_found");
    assert_eq!(host.recorder.take(), [account::testing::Step::Load; 2]);
    assert!(host.outbox.mails().is_empty() && host.outbox.texts().is_empty());
}

#[tokio::test]
async fn codes_to_phones_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.methods.phone = false);
    let ada = Person::new(&host, ADA, PHONE).await;
    host.recorder.take();
    let refused = host.service.start_phone_verification(&ada.caller).await;
    assert_eq!((code(refused), host.recorder.take()), ("user_auth_method_unsupported", vec![]));
}

#[tokio::test]
async fn h05_an_unknown_account_is_told_only_where_the_policy_tells() {
    for (tells, told) in [(false, "user_invalid_token"), (true, "user_not_found")] {
        let host = TestHost::with(MemoryStore::new(), |config| config.reveals_unknown_accounts = tells);
        let ada = Person::new(&host, ADA, PHONE).await;
        let nobody = Person { id: "nobody".parse().unwrap(), ..ada.clone() };
        for secret in ["000000", &"0".repeat(256)] {
            for kind in [Kind::EmailVerification, Kind::PhoneVerification, Kind::Recovery] {
                assert_eq!(code(kind.redeem(&host.service, &nobody, secret).await), told, "{kind:?}");
                let refused = kind.redeem(&host.service, &ada, secret).await;
                assert_eq!(code(refused), "user_invalid_token");
            }
        }
    }
}

#[tokio::test]
async fn h82_proving_an_address_by_its_link_or_code_drops_nothing() {
    let (texts, host) = TextStore::host();
    let ada = Person::new(&host, ADA, PHONE).await;
    host.service.replace_preferences(&ada.caller, r#"{"theme":"dark"}"#.parse().unwrap()).await.unwrap();
    let email = Kind::EmailVerification.sent(&host, &ada).await;
    let phone = Kind::PhoneVerification.sent(&host, &ada).await;
    let mut expected = texts.account(&ada.id);
    Kind::EmailVerification.redeem(&host.service, &ada, &email).await.unwrap();
    Kind::PhoneVerification.redeem(&host.service, &ada, &phone).await.unwrap();
    let mut found = texts.account(&ada.id);
    for contact in ["email", "phone"] {
        assert_eq!(found[contact]["verified"], json!(true));
        found[contact].as_object_mut().unwrap().remove("verified");
    }
    expected.as_object_mut().unwrap().remove("tokens");
    assert_eq!(found, expected);
    assert!(opens(&host, ADA).await);
    let preferences = host.service.preferences(&ada.caller).await.unwrap();
    assert_eq!(preferences.as_json(), r#"{"theme":"dark"}"#);
}

#[tokio::test]
async fn asvs_7_4_2_a_blocked_account_proves_nothing_and_sets_no_password() {
    for kind in [Kind::EmailVerification, Kind::Recovery] {
        let (texts, host) = TextStore::host();
        let ada = Person::new(&host, ADA, PHONE).await;
        let secret = kind.sent(&host, &ada).await;
        texts.edit(&ada.id, |account| account["blocked"] = json!(true));
        let mails = host.outbox.mails().len();
        assert_eq!(code(kind.redeem(&host.service, &ada, "000000").await), "user_invalid_token");
        assert_eq!(code(kind.redeem(&host.service, &ada, &secret).await), "user_blocked", "{kind:?}");
        assert_eq!(code(kind.redeem(&host.service, &ada, &secret).await), "user_invalid_token");
        texts.edit(&ada.id, |account| account["blocked"] = json!(false));
        assert!(texts.account(&ada.id)["email"].get("verified").is_none());
        assert!(opens(&host, ADA).await, "the old password holds");
        assert_eq!(host.outbox.mails().len(), mails);
    }
}

#[tokio::test]
async fn whoever_may_not_act_may_not_ask_for_a_proof() {
    let (texts, host) = TextStore::host();
    let ada = Person::new(&host, ADA, PHONE).await;
    texts.edit(&ada.id, |account| account["blocked"] = json!(true));
    assert_eq!(code(Kind::EmailVerification.ask(&host.service, &ada).await), "user_blocked");
    assert_eq!(code(Kind::PhoneVerification.ask(&host.service, &ada).await), "user_blocked");
    texts.edit(&ada.id, |account| account["blocked"] = json!(false));
    host.service.change_password(&ada.caller, password(OTHER), Some(password(PASSWORD))).await.unwrap();
    host.service.sign_out_everywhere(&ada.caller).await.unwrap();
    let refused = Kind::EmailVerification.ask(&host.service, &ada).await;
    assert_eq!(code(refused), "general_unauthorized_scope");
}
