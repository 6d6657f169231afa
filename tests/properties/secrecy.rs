//! Canaries in every field, looked for wherever something is shown or kept.

use std::{error::Error as _, fmt::Debug};

use account::{
    AccountService, Argon2Pool, Caller, Config, DeviceToken, EmailSignIn, Error, Jwt, MasterKey,
    MemoryLimiter, MemoryStore, NewAuthenticator, NewPushTarget, OtpauthUri, PassedChallenge, RecoveryCodes,
    Secret, SignUp, SignedIn,
    error::Invalid,
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{
        Account, AllowedRedirects, ChallengeId, CheckedUrl, ClientInfo, CustomId, DeviceSecret, Email,
        IdentityQuery, Key, Label, Name, PageQuery, Passcode, Password, PasswordHash, Phone, Preferences,
        SecondFactor, SessionSecret, UserId,
    },
    ports::{Clock as _, NoLimits, Parts, SaveError, Store, StoreError, Stored},
    testing::{FaultyStore, InstantHasher, Outbox, SeededEntropy, TestHost, password, totp},
};
use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::support::{master_key, text_store::TextStore};

const PASSWORD: &str = "canary-Zebra-password-1";
const NEW_PASSWORD: &str = "canary-Zebra-password-2";
const GUESS: &str = "canary-Zebra-guess";
const EMAIL: &str = "canary.mailbox@example.com";
const NEW_EMAIL: &str = "canary.moved@example.com";
const PHONE: &str = "+16175550199";
const LINKED_EMAIL: &str = "canary.linked@example.com";
const LINKED_PHONE: &str = "+16175550188";
const WAITING_EMAIL: &str = "canary.waiting@example.com";
const WAITING_PHONE: &str = "+16175550177";
const NAME: &str = "Canaria Quill";
const PREFERENCES: &str = r#"{"diet":"canary-diet"}"#;
const DEVICE: &str = "canary-device-token";
const AGENT: &str = "canary-agent/1.0";

/// What must not be seen, in every spelling that it could have.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    fn text(&mut self, text: &str) {
        self.0.push(text.to_owned());
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for encoding in [HEXLOWER, HEXUPPER, BASE64, BASE64_NOPAD, BASE64URL_NOPAD] {
            self.0.push(encoding.encode(bytes));
        }
        self.0.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    }

    /// The wire form, and the bits inside.
    fn session(&mut self, secret: &SessionSecret) {
        self.text(&secret.to_wire());
        self.text(std::str::from_utf8(&BASE64.decode(secret.to_wire().as_bytes()).unwrap()).unwrap());
        self.0.push(HEXLOWER.encode(&bits_of(secret)));
        self.bytes(&bits_of(secret));
    }

    /// What a sign-in hands out.
    fn signed_in(&mut self, signed_in: &SignedIn) {
        self.session(&signed_in.secret);
        self.device(signed_in.device.as_ref());
    }

    fn device(&mut self, device: Option<&DeviceSecret>) {
        if let Some(wire) = device.map(DeviceSecret::to_wire) {
            self.text(&wire);
            self.bytes(&HEXLOWER.decode(wire.as_bytes()).unwrap());
        }
    }

    fn code(&mut self, code: &Passcode) {
        self.text(code.expose());
    }

    /// The seed of an authenticator app, in every form in which an app takes it.
    fn seed(&mut self, new: &NewAuthenticator) {
        self.text(new.secret.expose());
        self.bytes(&BASE32_NOPAD.decode(new.secret.expose().as_bytes()).unwrap());
        self.text(new.uri.as_str());
    }

    /// The whole and its signature; the header is public, and the claims say nothing that the
    /// account does not.
    fn jwt(&mut self, jwt: &str) {
        self.text(jwt);
        self.0.push(jwt.rsplit('.').next().unwrap().to_owned());
    }

    fn assert_serialized_without(&self, what: &str, value: &impl Serialize) {
        self.assert_absent(what, &serde_json::to_string(value).unwrap());
    }

    fn assert_absent(&self, what: &str, text: &str) {
        for canary in &self.0 {
            assert!(!text.contains(canary.as_str()), "{what} shows {canary}: {text}");
        }
    }
}

fn bits_of(secret: &SessionSecret) -> Vec<u8> {
    let json = BASE64.decode(secret.to_wire().as_bytes()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    HEXLOWER.decode(json["secret"].as_str().unwrap().as_bytes()).unwrap()
}

/// What a person would not like to read in a log: shown by no `Debug`.
fn personal() -> Canaries {
    let mut canaries = Canaries::default();
    for text in [
        "canary.mailbox",
        "canary.moved",
        "canary.linked",
        "canary.waiting",
        "6175550199",
        "6175550188",
        "6175550177",
        NAME,
        "canary-diet",
        DEVICE,
    ] {
        canaries.text(text);
    }
    canaries
}

/// What no one may see anywhere, in whatever form.
fn secret() -> Canaries {
    let mut canaries = Canaries::default();
    for text in [PASSWORD, NEW_PASSWORD, GUESS] {
        canaries.text(text);
    }
    let key = BASE64.decode(master_key().to_base64().as_bytes()).unwrap();
    canaries.bytes(&key);
    canaries
}

/// What was shown, and where.
#[derive(Default)]
struct Shown(Vec<(String, String)>);

impl Shown {
    fn debug(&mut self, what: &str, value: impl Debug) {
        self.0.push((what.to_owned(), format!("{value:?} {value:#?}")));
    }

    fn error(&mut self, what: &str, error: &Error) {
        let mut text = format!("{error:?} {error} {} {:?}", error.code(), error.kind());
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(&format!(" {inner:?} {inner}"));
            cause = inner.source();
        }
        self.0.push((what.to_owned(), text));
    }

    fn assert_without(&self, canaries: &Canaries) {
        for (what, text) in &self.0 {
            canaries.assert_absent(what, text);
        }
    }
}

fn device() -> NewPushTarget {
    NewPushTarget::new(DEVICE.parse().unwrap())
}

/// Where links lead to.
fn page() -> CheckedUrl {
    let allowed = AllowedRedirects::new(["app.example.com"], []).unwrap();
    allowed.check("https://app.example.com/page").unwrap()
}

/// An account with a session and a phone number, neither of whose addresses is proved.
async fn newcomer(
    host: &TestHost,
    (email, phone): (&str, &str),
    shown: &mut Shown,
    secrets: &mut Canaries,
) -> Caller {
    let client = ClientInfo::default();
    let request = SignUp::new(email.parse().unwrap(), password(PASSWORD));
    host.service.sign_up(request, &client).await.unwrap();
    let signed_in =
        host.service.sign_in_with_password(email.parse().unwrap(), password(PASSWORD), &client).await;
    let signed_in = signed_in.unwrap();
    assert!(signed_in.device.is_some());
    secrets.signed_in(&signed_in);
    shown.debug("SignedIn", &signed_in);
    shown.debug("DeviceSecret", &signed_in.device);
    shown.debug("Client", client.with_device(signed_in.device.unwrap()));
    let caller = host.service.caller(&signed_in.secret).await.unwrap();
    host.service.change_phone(&caller, phone.parse().unwrap(), password(PASSWORD)).await.unwrap();
    caller
}

/// Proves both addresses, signs in without password, and leaves some of everything unredeemed.
async fn linked_life(host: &TestHost, shown: &mut Shown, secrets: &mut Canaries) -> Caller {
    let (service, client) = (&host.service, ClientInfo::default());
    let caller = newcomer(host, (LINKED_EMAIL, LINKED_PHONE), shown, secrets).await;
    let id = *caller.user_id();
    let wrong: Passcode = "canary-Zebra-guess".parse().unwrap();

    shown.debug("Token", service.start_email_verification(&caller, &page()).await.unwrap());
    let secret = host.link_secret(LINKED_EMAIL);
    secrets.code(&secret);
    shown.debug("Passcode", &secret);
    let refused = service.finish_email_verification(&id, &wrong, &client).await;
    shown.error("a wrong link", &refused.unwrap_err());
    shown.debug("Token", service.finish_email_verification(&id, &secret, &client).await.unwrap());
    shown.debug("Token", service.start_phone_verification(&caller).await.unwrap());
    let code = host.code_for(LINKED_PHONE);
    secrets.code(&code);
    let refused = service.finish_phone_verification(&caller, &id, &wrong).await;
    shown.error("a wrong code", &refused.unwrap_err());
    shown.debug("Token", service.finish_phone_verification(&caller, &id, &code).await.unwrap());

    // The second time each stays unredeemed.
    for redeems in [true, false] {
        for way in ["email code", "magic link", "phone code", "recovery"] {
            let (email, url) = (|| LINKED_EMAIL.parse().unwrap(), page());
            let token = match way {
                "email code" => service.send_email_code(EmailSignIn::new(email()), &client).await,
                "magic link" => service.send_magic_url(EmailSignIn::new(email()), &url, &client).await,
                "recovery" => service.start_recovery(email(), &url, &client).await,
                _ => {
                    let phone = LINKED_PHONE.parse().unwrap();
                    service.send_phone_code(CustomId::Generate, phone, &client).await
                }
            };
            shown.debug("Token", token.unwrap());
            let secret = match way {
                "email code" => host.code_for(LINKED_EMAIL),
                "phone code" => host.code_for(LINKED_PHONE),
                _ => host.link_secret(LINKED_EMAIL),
            };
            secrets.code(&secret);
            if way == "recovery" {
                let refused = service.finish_recovery(&id, &wrong, password(PASSWORD), None, &client).await;
                shown.error("a wrong link", &refused.unwrap_err());
            } else if redeems {
                let refused = service.sign_in_with_token(&id, &wrong, &client).await;
                shown.error("a wrong secret", &refused.unwrap_err());
                let signed_in = service.sign_in_with_token(&id, &secret, &client).await.unwrap();
                secrets.signed_in(&signed_in);
                shown.debug("SignedIn", &signed_in);
                let refused = service.sign_in_with_token(&id, &secret, &client).await;
                shown.error("a spent secret", &refused.unwrap_err());
            }
        }
    }
    guarded_life(host, &caller, shown, secrets).await;

    let waiting = newcomer(host, (WAITING_EMAIL, WAITING_PHONE), shown, secrets).await;
    service.start_email_verification(&waiting, &page()).await.unwrap();
    secrets.code(&host.link_secret(WAITING_EMAIL));
    service.start_phone_verification(&waiting).await.unwrap();
    secrets.code(&host.code_for(WAITING_PHONE));
    caller
}

/// Sets up every second factor, and passes a challenge and fails others.
async fn guarded_life(host: &TestHost, caller: &Caller, shown: &mut Shown, secrets: &mut Canaries) {
    let service = &host.service;
    let app = service.add_authenticator(caller).await.unwrap();
    secrets.seed(&app);
    shown.debug("NewAuthenticator", &app);
    shown.debug("OtpauthUri", &app.uri);
    shown.error("a wrong code", &service.confirm_authenticator(caller, "canary").await.unwrap_err());
    let code = totp(app.secret.expose(), host.clock.now());
    shown.debug("User", service.confirm_authenticator(caller, &code).await.unwrap());
    let codes = service.create_recovery_codes(caller).await.unwrap();
    shown.debug("RecoveryCodes", &codes);
    assert!(!codes.codes().is_empty());
    for code in codes.codes() {
        secrets.text(code.expose());
    }
    shown.debug("User", service.set_mfa(caller, true).await.unwrap());

    let email = LINKED_EMAIL.parse().unwrap();
    let signed_in = service.sign_in_with_password(email, password(PASSWORD), &ClientInfo::default()).await;
    let signed_in = signed_in.unwrap();
    secrets.signed_in(&signed_in);
    shown.error("half a sign-in", &service.caller(&signed_in.secret).await.unwrap_err());
    let holder = service.session_holder(&signed_in.secret).await.unwrap();
    shown.debug("SessionHolder", &holder);
    let challenge = service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    shown.debug("Challenge", &challenge);
    let code = host.code_for(LINKED_EMAIL);
    secrets.code(&code);
    let refused = async |id: &ChallengeId, otp: &str| service.finish_challenge(&holder, id, otp).await;
    shown.error("a wrong code", &refused(&challenge.id, GUESS).await.unwrap_err());
    let passed = service.finish_challenge(&holder, &challenge.id, code.expose()).await.unwrap();
    secrets.session(passed.secret.as_ref().unwrap());
    assert!(passed.device.is_some());
    secrets.device(passed.device.as_ref());
    shown.debug("PassedChallenge", &passed);
    let holder = service.session_holder(passed.secret.as_ref().unwrap()).await.unwrap();
    for factor in [SecondFactor::Email, SecondFactor::Phone] {
        shown.debug("Challenge", service.start_challenge(&holder, factor).await.unwrap());
    }
    secrets.code(&host.code_for(LINKED_EMAIL));
    secrets.code(&host.code_for(LINKED_PHONE));
}

/// Goes through every operation with canaries in every field.
async fn lived_life(host: &TestHost) -> (Shown, Canaries) {
    let (mut shown, mut secrets) = (Shown::default(), secret());
    let service = &host.service;
    let client = ClientInfo::at("192.0.2.1".parse().unwrap()).with_user_agent(AGENT).with_locale("de-CH");
    let none: [&str; 0] = [];

    let mut request = SignUp::new(EMAIL.parse().unwrap(), password(PASSWORD));
    request.name = NAME.parse().unwrap();
    shown.debug("SignUp", &request);
    shown.debug("User", service.sign_up(request, &client).await.unwrap());
    let signed_in = async |email: &str, secret: &str| {
        service.sign_in_with_password(email.parse().unwrap(), password(secret), &client).await
    };
    shown.error("a wrong password", &signed_in(EMAIL, GUESS).await.unwrap_err());
    let ada = signed_in(EMAIL, PASSWORD).await.unwrap();
    secrets.signed_in(&ada);
    shown.debug("SignedIn", &ada);
    shown.debug("SessionSecret", &ada.secret);
    let caller = service.caller(&ada.secret).await.unwrap().with_client(client.clone());
    shown.debug("Caller", &caller);
    shown.debug("Account", caller.account());
    let jwt = service.issue_jwt(&caller).await.unwrap();
    secrets.jwt(jwt.as_str());
    shown.debug("Jwt", &jwt);
    shown.debug("Caller by JWT", service.caller_by_jwt(jwt.as_str()).await.unwrap());
    let tampered = format!("{}x", jwt.as_str());
    shown.error("a tampered JWT", &service.caller_by_jwt(&tampered).await.unwrap_err());

    shown.debug("Target", service.add_push_target(&caller, device()).await.unwrap());
    shown.error("a taken device", &service.add_push_target(&caller, device()).await.unwrap_err());
    shown.debug("User", service.replace_preferences(&caller, PREFERENCES.parse().unwrap()).await.unwrap());
    shown.debug("Preferences", service.preferences(&caller).await.unwrap());
    let wrong = service.change_password(&caller, password(NEW_PASSWORD), Some(password(GUESS))).await;
    shown.error("a wrong current password", &wrong.unwrap_err());
    let personal = service.change_password(&caller, password(EMAIL), Some(password(PASSWORD))).await;
    shown.error("a password of personal data", &personal.unwrap_err());
    let changed = service.change_password(&caller, password(NEW_PASSWORD), Some(password(PASSWORD))).await;
    shown.debug("CredentialChange", changed.unwrap());
    let changed = service.change_phone(&caller, PHONE.parse().unwrap(), password(NEW_PASSWORD)).await;
    shown.debug("CredentialChange", changed.unwrap());
    let changed = service.change_email(&caller, NEW_EMAIL.parse().unwrap(), password(NEW_PASSWORD)).await;
    shown.debug("CredentialChange", changed.unwrap());
    shown.debug("User", service.user(&caller).await.unwrap());
    shown.debug("Targets", service.user(&caller).await.unwrap().targets());
    shown.debug("Sessions", service.sessions(&caller).await.unwrap());
    let log = service.events(&caller, PageQuery::parse(&none, 100).unwrap()).await.unwrap();
    for entry in &log.entries {
        secrets.assert_absent("the log", &entry.event.to_json());
    }
    shown.debug("LogPage", log);
    let query = IdentityQuery::parse(&none, 25).unwrap();
    shown.debug("IdentityPage", service.identities(&caller, &query).await.unwrap());

    let anonymous = service.sign_in_anonymously(&client).await.unwrap();
    secrets.session(&anonymous.secret);
    let guest = service.caller(&anonymous.secret).await.unwrap();
    let taken = service.change_email(&guest, NEW_EMAIL.parse().unwrap(), password(PASSWORD)).await;
    shown.error("a taken email", &taken.unwrap_err());
    let lasting = service.change_email(&guest, EMAIL.parse().unwrap(), password(PASSWORD)).await.unwrap();
    secrets.session(lasting.secret.as_ref().unwrap());
    shown.debug("CredentialChange", &lasting);
    let mut again = SignUp::new(EMAIL.parse().unwrap(), password(PASSWORD));
    again.name = NAME.parse().unwrap();
    shown.error("a taken email", &service.sign_up(again, &client).await.unwrap_err());
    service.sign_out_everywhere(&caller).await.unwrap();
    shown.error("an ended session", &service.caller(&ada.secret).await.unwrap_err());

    for mail in host.outbox.mails() {
        secrets.assert_absent("a mail", &format!("{}\n{}", mail.subject(), mail.text()));
    }
    // From here on messages carry secrets, and to whom they belong.
    let linked = linked_life(host, &mut shown, &mut secrets).await;
    for mail in host.outbox.mails() {
        shown.debug("Notice", &mail.notice);
        shown.debug("EmailMessage", mail);
    }
    for text in host.outbox.texts() {
        shown.debug("TextNotice", &text.notice);
        shown.debug("SmsMessage", text);
    }
    // What can be serialized is no secret: it may hold a person's data, which its owner reads and
    // the store keeps.
    let user = service.user(&linked).await.unwrap();
    for entry in service.events(&linked, PageQuery::parse(&none, 100).unwrap()).await.unwrap().entries {
        secrets.assert_serialized_without("Event", &entry.event);
        secrets.assert_serialized_without("Device", &entry.device);
    }
    for session in service.sessions(&linked).await.unwrap() {
        secrets.assert_serialized_without("Session", &(session.id, session.provider, session.factors));
        secrets.assert_serialized_without("Device", &session.device);
    }
    secrets.assert_serialized_without("User", &(user.id(), user.name(), user.preferences()));
    secrets.assert_serialized_without("CheckedUrl", &page());
    shown.debug("TestHost", host);
    shown.debug("AccountService", service);
    (shown, secrets)
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret_or_a_persons_data() {
    let host = TestHost::on(FaultyStore::new(MemoryStore::new()));
    let (shown, secrets) = lived_life(&host).await;
    assert!(shown.0.len() > 100);
    shown.assert_without(&secrets);
    shown.assert_without(&personal());
}

#[tokio::test]
async fn what_is_kept_holds_digests_and_hashes_only() {
    let texts = TextStore::default();
    let host = TestHost::on(texts.clone());
    let (_, secrets) = lived_life(&host).await;
    let ada = host.signed_up("plain@example.com").await;
    let kept = texts.dump();
    secrets.assert_absent("the store", &kept);
    // The search itself works: what should be there is found.
    let digest = HEXLOWER.encode(&Sha256::digest(bits_of(&ada.secret)));
    for kept_on_purpose in [digest.as_str(), NEW_EMAIL, PHONE, NAME, "canary-diet", AGENT, "$argon2id$v=19$"]
    {
        assert!(kept.contains(kept_on_purpose), "{kept_on_purpose}");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn no_file_of_a_database_holds_a_secret() {
    let directory = crate::support::tempdir::TempDir::new();
    let path = directory.file("account.db");
    let host = TestHost::on(account::SqliteStore::open(&path).unwrap());
    let (_, mut secrets) = lived_life(&host).await;
    let ada = host.signed_up("plain@example.com").await;
    secrets.session(&ada.secret);
    let kept = || -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    };
    let holds = |files: &[Vec<u8>], what: &[u8]| {
        files.iter().any(|file| file.windows(what.len()).any(|window| window == what))
    };
    let open = kept();
    drop(host);
    for files in [open, kept()] {
        // Canaries are ASCII, which stays as it is; and texts are searched faster than bytes.
        for file in &files {
            secrets.assert_absent("a file", &String::from_utf8_lossy(file));
        }
        assert!(!holds(&files, &bits_of(&ada.secret)), "a file holds the bits of a session");
        assert!(
            holds(&files, b"canary-diet") && holds(&files, b"$argon2id$v=19$"),
            "nothing is found at all"
        );
    }
}

#[tokio::test]
async fn what_a_store_is_handed_shows_nothing() {
    let host = TestHost::on(TextStore::default());
    let (_, mut secrets) = lived_life(&host).await;
    let ada = host.signed_up("plain@example.com").await;
    secrets.session(&ada.secret);
    secrets.0.push(HEXLOWER.encode(&Sha256::digest(bits_of(&ada.secret))));
    let stored = host.service.store().load(&Key::Id(*ada.user_id()), Parts::Whole).await.unwrap().unwrap();
    let mut shown = Shown::default();
    shown.debug("Stored", &stored);
    for key in stored.account.keys() {
        shown.debug("Key", &key);
        shown.debug("SaveError", SaveError::Taken(key));
    }
    shown.assert_without(&secrets);
    secrets.0 = vec!["plain@".into()];
    shown.assert_without(&secrets);
}

#[test]
fn values_and_ports_hide_what_they_hold() {
    let mut shown = Shown::default();
    shown.debug("Secret", Secret::new(PASSWORD.into()));
    shown.debug("Password", password(PASSWORD));
    shown.debug("Email", EMAIL.parse::<Email>().unwrap());
    shown.debug("Phone", PHONE.parse::<Phone>().unwrap());
    shown.debug("Name", NAME.parse::<Name>().unwrap());
    shown.debug("Preferences", PREFERENCES.parse::<Preferences>().unwrap());
    shown.debug("DeviceToken", DEVICE.parse::<DeviceToken>().unwrap());
    shown.debug("NewPushTarget", device());
    shown.debug("MasterKey", master_key());
    shown.debug("Config", Config::new(master_key()));
    shown.debug("SeededEntropy", SeededEntropy::new(1));
    shown.debug("InstantHasher", InstantHasher::default());
    shown.debug("MemoryStore", MemoryStore::new());
    shown.debug("MemoryLimiter", MemoryLimiter::default());
    shown.debug("Argon2Pool", Argon2Pool::default());
    let builder = AccountService::builder(MemoryStore::new()).config(Config::new(master_key()));
    shown.debug("Builder", &builder);
    shown.debug("AccountService", builder.limiter(NoLimits).mailer(Outbox::default()).build().unwrap());
    let hash =
        "$argon2id$v=19$m=19456,t=2,p=1$Y2FuYXJ5Y2FuYXJ5Y2FuYQ$mFaD8VyRfSkbfFZ2h3iWYB8bpsvXRw1cu4ThTAq1i7A";
    shown.debug("PasswordHash", PasswordHash::parse(hash).unwrap());
    shown.assert_without(&secret());
    shown.assert_without(&personal());
    // For the store: the one secret that serializes, since without it there is no check.
    let stored = serde_json::to_string(&PasswordHash::parse(hash).unwrap()).unwrap();
    assert_eq!(stored, format!("{hash:?}"));
    let mut salt_and_hash = Canaries::default();
    salt_and_hash.0.extend(hash.split('$').skip(4).map(ToOwned::to_owned));
    shown.assert_without(&salt_and_hash);
}

/// Who serializes these hands them to a log or a client; so it does not compile. What is serialized
/// is public, or meant for the store.
#[test]
fn what_holds_a_secret_can_be_neither_serialized_nor_displayed() {
    /// Two implementations fit whatever is serialized or displayed, and then `_` cannot be
    /// inferred.
    trait Kept<Reason> {
        fn is_kept() {}
    }
    struct Serialized;
    struct Displayed;
    impl<T> Kept<()> for T {}
    impl<T: Serialize> Kept<Serialized> for T {}
    impl<T: std::fmt::Display> Kept<Displayed> for T {}
    macro_rules! kept {
        ($($type:ty),* $(,)?) => { $(<$type as Kept<_>>::is_kept();)* };
    }
    kept!(Secret, Password, Passcode, SessionSecret, DeviceSecret, MasterKey, Jwt, Config);
    kept!(SignUp, SignedIn, NewAuthenticator, OtpauthUri, RecoveryCodes, PassedChallenge, DeviceToken);
    kept!(Notice, EmailMessage, TextNotice, SmsMessage, ClientInfo, Caller, Account, Stored);
}

/// A value that cannot be read does not come back in the words that say so.
#[test]
fn a_refusal_does_not_repeat_what_it_refuses() {
    const BAD: &str = "canary\u{0}";
    fn refusal<T: std::str::FromStr<Err = Invalid>>(text: &str) -> Option<(String, Error)> {
        text.parse::<T>().err().map(|invalid| (std::any::type_name::<T>().to_owned(), invalid.into()))
    }
    let long = "canary-".repeat(500);
    let mut shown = Shown::default();
    for text in [BAD, &long, "\u{0}canary", "canary <b>", "{\"canary\":"] {
        let refusals = [
            refusal::<Email>(text),
            refusal::<Phone>(text),
            refusal::<Name>(text),
            refusal::<Label>(text),
            refusal::<UserId>(text),
            refusal::<Password>(text),
            refusal::<Preferences>(text),
            refusal::<DeviceToken>(text),
        ];
        for (what, error) in refusals.into_iter().flatten() {
            shown.error(&what, &error);
        }
        shown.error("SessionSecret", &SessionSecret::from_wire(text).unwrap_err().into());
        shown.error("MasterKey", &MasterKey::from_base64(text).unwrap_err().into());
        shown.error("MasterKey", &MasterKey::from_bytes(text.as_bytes()).unwrap_err().into());
        shown.debug("PasswordHash", PasswordHash::parse(text).unwrap_err());
    }
    assert!(shown.0.len() > 30);
    let canaries = Canaries(vec!["canary".into()]);
    shown.assert_without(&canaries);
}

#[tokio::test]
async fn the_cause_of_a_failing_store_is_kept_for_the_log_and_shown_to_nobody() {
    let cause = std::io::Error::other("canary-host:5432 refused the connection");
    let error = Error::from(StoreError::unavailable(cause));
    assert!(!error.to_string().contains("canary"));
    let inner = error.source().unwrap();
    assert!(!inner.to_string().contains("canary"));
    assert!(inner.source().unwrap().to_string().contains("canary-host"));
}
