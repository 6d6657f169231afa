//! Sign-in by link and code: what is sent to whom, what it opens, and for whom nothing is sent.

use std::time::Duration;

use account::{
    AccountService, EmailSignIn, Error, MasterKey, MemoryStore, SignedIn,
    messages::{Notice, TextNotice},
    model::{ClientInfo, CustomId, Factor, SessionProvider, Token, UserId},
    ports::NoLimits,
    testing::{FaultyStore, ManualClock, TestHost},
};
use serde_json::json;
use url::Url;

use crate::support::{fixtures::*, operations::scene::identity, text_store::TextStore, token_kinds::*};

fn visitor() -> ClientInfo {
    ClientInfo::at("192.0.2.7".parse().unwrap())
        .with_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
        .with_locale("de")
}

fn asking(email: &str) -> EmailSignIn {
    EmailSignIn::new(email.parse().unwrap())
}

async fn mail_code(host: &TestHost, email: &str) -> Result<Token, Error> {
    host.service.send_email_code(asking(email), &visitor()).await
}

async fn mail_link(host: &TestHost, email: &str) -> Result<Token, Error> {
    host.service.send_magic_url(asking(email), &page(), &visitor()).await
}

async fn text_code(host: &TestHost, phone: &str) -> Result<Token, Error> {
    host.service.send_phone_code(CustomId::Generate, phone.parse().unwrap(), &visitor()).await
}

async fn redeem(host: &TestHost, user: &UserId, secret: &str) -> Result<SignedIn, Error> {
    host.service.sign_in_with_token(user, &passcode(secret), &visitor()).await
}

#[tokio::test]
async fn an_email_code_makes_an_account_signs_in_and_proves_the_address() {
    let host = TestHost::new();
    let token = mail_code(&host, "Ada@Example.com").await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(Duration::from_secs(15 * 60)));
    assert_eq!((token.phrase.as_deref(), host.outbox.mails().len()), (None, 1));
    let mail = host.outbox.mails().remove(0);
    assert_eq!((mail.to.as_str(), mail.locale.as_deref(), &*mail.project), (ADA, Some("de"), "Account"));
    let Notice::EmailCode { code, device, phrase: None } = mail.notice else { panic!("another mail") };
    assert!(code.expose().len() == 6 && code.expose().bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(device.client_name, "Firefox");
    assert_eq!(token.secret().unwrap().expose(), code.expose());

    let signed_in = redeem(&host, &token.user, code.expose()).await.unwrap();
    assert_eq!(*signed_in.user_id(), token.user);
    assert_eq!(signed_in.session.provider, SessionProvider::Token);
    assert_eq!(signed_in.session.factors, [Factor::Email]);
    assert_eq!(signed_in.session.ip, visitor().ip());
    assert!(signed_in.session.current);
    let caller = host.caller(&signed_in).await;
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!(user.email().unwrap().as_str(), ADA);
    assert!(user.is_email_verified() && !user.is_phone_verified());
    assert_eq!((user.password_updated_at(), user.targets().len()), (None, 1));
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create", "session.create"]);
    assert_eq!(host.outbox.mails().len(), 1, "nobody is told of their own first session");
}

#[tokio::test]
async fn a_magic_link_carries_its_parameters_behind_those_of_the_page() {
    let host = TestHost::new();
    let mut request = asking(ADA);
    request.with_phrase = true;
    let token = host.service.send_magic_url(request, &page(), &visitor()).await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(Duration::from_secs(3600)));
    let mail = host.outbox.mails().remove(0);
    assert_eq!(mail.to.as_str(), ADA);
    let Notice::MagicUrl { link, device, phrase } = mail.notice else { panic!("another mail") };
    assert_eq!(device.os_name, "GNU/Linux");
    assert!(token.phrase.is_some() && phrase == token.phrase, "both show the same words");
    let link = Url::parse(link.expose()).unwrap();
    let secret = token.secret().unwrap().expose();
    assert!(secret.len() == 64 && secret.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
    let pairs: Vec<(String, String)> = link.query_pairs().into_owned().collect();
    let expected = [
        ("lang", "en"),
        ("b", "2"),
        ("userId", token.user.as_str()),
        ("secret", secret),
        ("expire", &token.expires_at.to_string()),
        ("project", "default"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((link.path(), link.fragment()), ("/page", Some("top")));
    assert_eq!(token.expires_at.to_string(), "2026-01-01T01:00:00.000+00:00");

    let signed_in = redeem(&host, &token.user, secret).await.unwrap();
    assert_eq!(signed_in.session.provider, SessionProvider::MagicUrl);
    assert_eq!(signed_in.session.factors, [Factor::Email]);
    assert!(host.service.user(&host.caller(&signed_in).await).await.unwrap().is_email_verified());
}

#[tokio::test]
async fn a_texted_code_makes_an_account_signs_in_and_proves_the_number() {
    let host = TestHost::new();
    let token = text_code(&host, PHONE).await.unwrap();
    assert_eq!(token.expires_at, token.created_at.after(Duration::from_secs(15 * 60)));
    let text = host.outbox.texts().remove(0);
    assert_eq!((text.to.as_str(), text.locale.as_deref()), (PHONE, Some("de")));
    let TextNotice::SignInCode { code } = text.notice else { panic!("another text") };
    let signed_in = redeem(&host, &token.user, code.expose()).await.unwrap();
    assert_eq!(signed_in.session.provider, SessionProvider::Phone);
    assert_eq!(signed_in.session.factors, [Factor::Phone]);
    let user = host.service.user(&host.caller(&signed_in).await).await.unwrap();
    assert!(user.is_phone_verified() && user.email().is_none());
    assert_eq!(user.phone().unwrap().as_str(), PHONE);
    assert!(host.outbox.mails().is_empty());
}

#[tokio::test]
async fn h03_an_id_counts_only_for_a_new_account() {
    let host = TestHost::new();
    let ada = *host.signed_up(ADA).await.user_id();
    let given = |email: &str, id: &str| {
        let mut request = asking(email);
        request.user_id = CustomId::Given(id.parse().unwrap());
        request
    };
    let send = async |request| host.service.send_email_code(request, &visitor()).await;
    assert_eq!(send(given(ADA, "other")).await.unwrap().user, ada);
    assert_eq!(send(given("ADA@example.com", "other")).await.unwrap().user, ada, "H61");
    assert_eq!(send(given(BOB, "bob")).await.unwrap().user.as_str(), "bob");
    assert_eq!(code(send(given("eve@example.com", "bob")).await), "user_already_exists");
    assert_eq!(host.outbox.mails().len(), 3);
    let phone = |id: &str| CustomId::Given(id.parse().unwrap());
    let text = async |id| host.service.send_phone_code(phone(id), PHONE.parse().unwrap(), &visitor()).await;
    assert_eq!(code(text("bob").await), "user_already_exists");
    assert_eq!(text("cy").await.unwrap().user, text("cyrus").await.unwrap().user);
    assert_eq!(host.outbox.texts().len(), 2);
}

#[tokio::test]
async fn an_address_that_only_an_identity_has_gets_no_token() {
    let (texts, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    texts.edit(caller.user_id(), |account| {
        account["email"]["address"] = "own@example.com".into();
        account["identities"] = identity();
        account["identities"][0]["verified_email"] = ADA.into();
    });
    let before = texts.account(caller.user_id());
    assert_eq!(code(mail_code(&host, ADA).await), "user_already_exists");
    assert_eq!(code(mail_link(&host, ADA).await), "user_already_exists");
    assert_eq!(texts.account(caller.user_id()), before);
    assert!(host.outbox.mails().is_empty());
}

#[tokio::test]
async fn without_a_carrier_every_request_is_refused_before_anything_is_read() {
    let store = FaultyStore::new(MemoryStore::new());
    let plan = store.plan();
    let service = AccountService::builder(store)
        .config(account::Config::new(MasterKey::generate().unwrap()))
        .clock(ManualClock::default())
        .limiter(NoLimits)
        .build()
        .unwrap();
    let client = ClientInfo::default();
    let no_mail = "general_smtp_disabled";
    assert_eq!(code(service.send_email_code(asking(ADA), &client).await), no_mail);
    assert_eq!(code(service.send_magic_url(asking(ADA), &page(), &client).await), no_mail);
    assert_eq!(code(service.start_recovery(ADA.parse().unwrap(), &page(), &client).await), no_mail);
    let texted = service.send_phone_code(CustomId::Generate, PHONE.parse().unwrap(), &client).await;
    assert_eq!(code(texted), "general_phone_disabled");
    assert_eq!(plan.calls(), 0);

    let signed_in = service.sign_in_anonymously(&client).await.unwrap();
    let caller = service.caller(&signed_in.secret).await.unwrap();
    plan.clear();
    assert_eq!(code(service.start_email_verification(&caller, &page()).await), no_mail);
    assert_eq!(code(service.start_phone_verification(&caller).await), "general_phone_disabled");
    assert_eq!(plan.calls(), 0);
}

#[tokio::test]
async fn h74_a_method_that_is_off_sends_nothing_and_takes_nothing() {
    for kind in [Kind::EmailCode, Kind::MagicUrl, Kind::PhoneCode] {
        let store = std::sync::Arc::new(MemoryStore::new());
        let host = TestHost::on(std::sync::Arc::clone(&store));
        let person = Person::new(&host, ADA, PHONE).await;
        let secret = kind.sent(&host, &person).await;
        let off = TestHost::with(store, |config| match kind {
            Kind::EmailCode => config.methods.email_code = false,
            Kind::MagicUrl => config.methods.magic_url = false,
            _ => config.methods.phone = false,
        });
        assert_eq!(code(kind.ask(&off.service, &person).await), "user_auth_method_unsupported");
        assert_eq!(off.recorder.take(), []);
        assert_eq!(code(kind.redeem(&off.service, &person, &secret).await), "user_auth_method_unsupported");
        kind.redeem(&host.service, &person, &secret).await.expect("it was not used up");
    }
}

#[tokio::test]
async fn h26_a_blocked_account_gets_nothing_and_the_answer_does_not_tell() {
    let (texts, host) = TextStore::host();
    let person = Person::new(&host, ADA, PHONE).await;
    let code_before = Kind::EmailCode.sent(&host, &person).await;
    texts.edit(&person.id, |account| account["blocked"] = json!(true));
    let sent = (host.outbox.mails().len(), host.outbox.texts().len());
    for kind in [Kind::MagicUrl, Kind::PhoneCode, Kind::Recovery] {
        let token = kind.ask(&host.service, &person).await.unwrap();
        assert_eq!(*token.owner(), person.id);
        assert!(token.secret().is_none(), "{kind:?}: nothing was sent, so there is nothing to hand out");
    }
    assert_eq!((host.outbox.mails().len(), host.outbox.texts().len()), sent);
    assert_eq!(code(redeem(&host, &person.id, "not a code").await), "user_invalid_token");
    assert_eq!(code(redeem(&host, &person.id, &code_before).await), "user_blocked");
    assert_eq!(code(redeem(&host, &person.id, &code_before).await), "user_invalid_token", "it is used up");
    assert!(texts.account(&person.id)["email"].get("verified").is_none(), "and has proved nothing");
}

#[tokio::test]
async fn what_opens_nothing_is_refused_in_one_way() {
    let host = TestHost::new();
    let person = Person::new(&host, ADA, PHONE).await;
    let code_sent = Kind::EmailCode.sent(&host, &person).await;
    let wrong = if code_sent == "000000" { "000001" } else { "000000" };
    let long = "0".repeat(64);
    for secret in [wrong, "x", &long, &format!("{code_sent}0"), &format!(".{code_sent}")] {
        assert_eq!(code(redeem(&host, &person.id, secret).await), "user_invalid_token", "{secret:?}");
    }
    let nobody = "nobody".parse().unwrap();
    for secret in [&code_sent, &long] {
        assert_eq!(code(redeem(&host, &nobody, secret).await), "user_invalid_token");
    }
    redeem(&host, &person.id, &code_sent).await.unwrap();
    assert_eq!(code(redeem(&host, &person.id, &code_sent).await), "user_invalid_token");
}

#[tokio::test]
async fn h10_a_new_code_ends_the_earlier_one() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_code()) {
        let host = TestHost::new();
        let person = Person::new(&host, ADA, PHONE).await;
        let [first, second] = [kind.sent(&host, &person).await, kind.sent(&host, &person).await];
        assert_ne!(first, second);
        assert_eq!(code(kind.redeem(&host.service, &person, &first).await), "user_invalid_token", "{kind:?}");
        kind.redeem(&host.service, &person, &second).await.unwrap();
    }
}

#[tokio::test]
async fn h10_five_links_are_good_side_by_side() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_code()) {
        for (used, opens) in [(0, false), (1, true), (5, true)] {
            let host = TestHost::new();
            let person = Person::new(&host, ADA, PHONE).await;
            let mut links = Vec::new();
            for _ in 0..6 {
                links.push(kind.sent(&host, &person).await);
            }
            let outcome = kind.redeem(&host.service, &person, &links[used]).await;
            assert_eq!(outcome.is_ok(), opens, "{kind:?}, link {used} of 6: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_token_in_a_debug_text_shows_no_secret() {
    let host = TestHost::new();
    let token = mail_code(&host, ADA).await.unwrap();
    assert!(!format!("{token:?}").contains(token.secret().unwrap().expose()));
}
