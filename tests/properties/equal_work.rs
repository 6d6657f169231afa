//! No one learns from an answer, or from the work behind it, whether an address has an account.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use account::{
    Argon2Pool, EmailSignIn, Error,
    messages::{EmailMessage, SmsMessage},
    model::{Argon2Params, ClientInfo, CustomId, Password, Token, TokenPurpose, UserId},
    ports::{Mailer, SendError, SmsSender},
    testing::{InstantHasher, Outbox, PASSWORD, Step, TestHost, password},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::support::{
    operations::{ADA, WRONG, scene::Scene, service, sign_in, sign_up, table::Operation},
    text_store::TextStore,
    token_kinds::{Kind, page, passcode},
};

/// What an address can be to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Existing,
    Blocked,
    PasswordLess,
    ResetRequired,
    /// No account's own address, but one that a provider vouched for.
    OfAnIdentity,
}

impl State {
    const ALL: [Self; 6] = [
        Self::Missing,
        Self::Existing,
        Self::Blocked,
        Self::PasswordLess,
        Self::ResetRequired,
        Self::OfAnIdentity,
    ];

    fn email(self) -> String {
        format!("{self:?}@example.com")
    }

    fn phone(self) -> String {
        format!("+1617555121{}", self as u8)
    }

    fn plant(self, account: &mut Value) {
        account["phone"] = json!({ "address": self.phone(), "target": "06q2vgk1o0000000000000000f",
            "created_at": 0, "updated_at": 0 });
        match self {
            Self::Missing | Self::Existing => {}
            Self::Blocked => account["blocked"] = json!(true),
            Self::ResetRequired => account["reset_required"] = json!(true),
            Self::PasswordLess => {
                account.as_object_mut().unwrap().retain(|field, _| !field.starts_with("password"));
            }
            Self::OfAnIdentity => {
                account["email"]["address"] = json!("own@example.com");
                account["identities"] = json!([{ "id": "06q2vgk1o0000000000000000e", "provider": "github",
                    "created_at": 0, "updated_at": 0, "uid": "1", "verified_email": self.email().to_lowercase() }]);
            }
        }
    }
}

/// An application with one account in each state.
async fn host() -> TestHost {
    let texts = TextStore::default();
    let host = TestHost::on(texts.clone());
    for state in State::ALL.into_iter().filter(|state| *state != State::Missing) {
        let id: UserId = *host.signed_up(&state.email()).await.user_id();
        texts.edit(&id, |account| state.plant(account));
    }
    host
}

/// The answer to a sign-in and the work behind it, an entry of the log standing for a saved change.
async fn attempt(host: &TestHost, state: State, secret: &str) -> (Option<Error>, Vec<Step>) {
    host.recorder.take();
    let email = state.email().parse().unwrap();
    let outcome = host.service.sign_in_with_password(email, password(secret), &ClientInfo::default()).await;
    let saved = |step| if step == Step::Append { Step::Save } else { step };
    (outcome.err(), host.recorder.take().into_iter().map(saved).collect())
}

const WORK: [Step; 4] = [Step::Load, Step::Check, Step::Load, Step::Save];

#[tokio::test]
async fn a_wrong_password_costs_and_tells_the_same_whatever_the_account_is() {
    let host = host().await;
    // The first, second and tenth wrong guess differ in what is logged.
    for guess in 1..=12 {
        for state in State::ALL {
            let (refused, work) = attempt(&host, state, WRONG).await;
            let refused = refused.unwrap();
            assert_eq!(refused.code(), "user_invalid_credentials", "{state:?}");
            assert_eq!(refused.to_string(), Error::InvalidCredentials.to_string(), "{state:?}");
            assert_eq!(format!("{refused:?}"), "InvalidCredentials", "{state:?}");
            assert_eq!(work, WORK, "{state:?}, guess {guess}");
        }
    }
}

#[tokio::test]
async fn a_right_password_costs_the_same_and_tells_only_who_knows_it() {
    let host = host().await;
    for state in State::ALL {
        let (refused, work) = attempt(&host, state, PASSWORD).await;
        let code = refused.as_ref().map(Error::code);
        let expected = match state {
            State::Existing | State::ResetRequired => None,
            State::Blocked => Some("user_blocked"),
            State::Missing | State::PasswordLess | State::OfAnIdentity => Some("user_invalid_credentials"),
        };
        assert_eq!(code, expected, "{state:?}");
        assert_eq!(work, WORK, "{state:?}");
    }
}

/// The one state that works less: a lock that hashed on would be no lock, and one that wrote would
/// let guesses at it cost the store. The answer is the same.
#[tokio::test]
async fn a_locked_account_is_refused_by_one_read_in_the_same_words() {
    let host = host().await;
    for _ in 0..100 {
        attempt(&host, State::Existing, WRONG).await;
    }
    for secret in [WRONG, PASSWORD] {
        let (refused, work) = attempt(&host, State::Existing, secret).await;
        assert_eq!(refused.unwrap().to_string(), Error::InvalidCredentials.to_string());
        assert_eq!(work, [Step::Load]);
    }
    let (refused, work) = attempt(&host, State::Missing, WRONG).await;
    assert_eq!((refused.unwrap().code(), work), ("user_invalid_credentials", WORK.to_vec()));
    host.clock.advance(Duration::from_secs(15 * 60));
    assert!(attempt(&host, State::Existing, PASSWORD).await.0.is_none());
}

/// What stands in for the hash of an account without password must match nothing.
#[tokio::test]
async fn no_password_signs_in_to_an_account_without_one() {
    let words = [
        "password",
        "        ",
        "dummypassword",
        "placeholder",
        "00000000",
        "\0\0\0\0\0\0\0\0",
        "correct horse",
    ];
    let texts = TextStore::default();
    let pool = Argon2Pool::builder().params(Argon2Params::new(64, 1, 1).unwrap()).build();
    let service = service(texts.clone(), Outbox::default(), pool, |_| ());
    let id = *sign_up(&service, ADA).await.id();
    texts.edit(&id, |account| State::PasswordLess.plant(account));
    for word in words.into_iter().chain([PASSWORD, ADA]) {
        let refused = sign_in(&service, ADA, word).await.unwrap_err();
        assert_eq!(refused.code(), "user_invalid_credentials", "{word:?}");
    }
}

#[test]
fn a_password_too_long_to_hash_never_reaches_an_account() {
    for length in [257, 1025, 1 << 20] {
        assert!("a".repeat(length).parse::<Password>().is_err());
    }
}

#[tokio::test]
async fn a_guess_leaves_as_durable_a_trace_at_an_address_without_account() {
    let texts = TextStore::default();
    let service = service(texts.clone(), Outbox::default(), InstantHasher::default(), |_| ());
    for email in ["nobody@example.com", "Nobody@Example.com", "other@example.com"] {
        sign_in(&service, email, WRONG).await.unwrap_err();
    }
    let log = texts.dump();
    let users: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"]["user"].clone())
        .collect();
    assert_eq!(users.len(), 3);
    assert_eq!(users[0], users[1], "one address is one stand-in, however it is spelt");
    assert_ne!(users[0], users[2]);
    assert!(!log.contains("example.com"), "an address that somebody tried is not kept");
}

/// The answers that a state gets to a request for a token, and the work behind it, an entry of the
/// log standing for a saved change.
async fn ask(host: &TestHost, kind: Kind, state: State) -> (Result<Token, Error>, Vec<Step>) {
    host.recorder.take();
    let (client, email) = (ClientInfo::default(), state.email().parse().unwrap());
    let outcome = match kind {
        Kind::EmailCode => host.service.send_email_code(EmailSignIn::new(email), &client).await,
        Kind::MagicUrl => host.service.send_magic_url(EmailSignIn::new(email), &page(), &client).await,
        Kind::Recovery => host.service.start_recovery(email, &page(), &client).await,
        _ => host.service.send_phone_code(CustomId::Generate, state.phone().parse().unwrap(), &client).await,
    };
    let saved = |step| if step == Step::Append { Step::Save } else { step };
    (outcome, host.recorder.take().into_iter().map(saved).collect())
}

const REQUESTS: [Kind; 4] = [Kind::EmailCode, Kind::MagicUrl, Kind::PhoneCode, Kind::Recovery];

#[tokio::test]
async fn t5_a_request_for_a_token_costs_and_tells_the_same_whatever_the_account_is() {
    for kind in REQUESTS {
        let host = host().await;
        for round in 0..7 {
            for state in State::ALL {
                // Who asks to sign in at a borrowed address is told to use the identity.
                if state == State::OfAnIdentity && matches!(kind, Kind::EmailCode | Kind::MagicUrl) {
                    continue;
                }
                // From the second time on, there is an account.
                if state == State::Missing && round > 0 && kind != Kind::Recovery {
                    continue;
                }
                let (outcome, work) = ask(&host, kind, state).await;
                let token = outcome.unwrap();
                let sent = if kind == Kind::PhoneCode { Step::Text } else { Step::Mail };
                assert_eq!(work, [Step::Load, Step::Save, sent], "{kind:?}, {state:?}, request {round}");
                let shape = |id: &str| (id.len(), id.bytes().all(|c| c.is_ascii_alphanumeric()));
                assert_eq!(shape(token.user.as_str()), (26, true), "{kind:?}, {state:?}");
                assert_eq!(token.expires_at.since(token.created_at), kind_purpose(kind).lifetime());
            }
        }
    }
}

fn kind_purpose(kind: Kind) -> TokenPurpose {
    match kind {
        Kind::EmailCode => TokenPurpose::EmailCode,
        Kind::MagicUrl => TokenPurpose::MagicUrl,
        Kind::PhoneCode => TokenPurpose::PhoneCode,
        _ => TokenPurpose::Recovery,
    }
}

#[tokio::test]
async fn r26_a_wrong_secret_costs_and_tells_the_same_whatever_the_account_is() {
    let long = "0".repeat(64);
    for kind in [Kind::EmailCode, Kind::EmailVerification, Kind::Recovery] {
        for secret in ["000000", &long] {
            let mut seen = Vec::new();
            for state in State::ALL {
                let texts = TextStore::default();
                let host = TestHost::on(texts.clone());
                let id = match state {
                    State::Missing => "nobody".parse().unwrap(),
                    _ => {
                        let id = *host.signed_up(&state.email()).await.user_id();
                        texts.edit(&id, |account| state.plant(account));
                        id
                    }
                };
                host.recorder.take();
                let (client, passcode) = (ClientInfo::default(), passcode(secret));
                let outcome = match kind {
                    Kind::EmailCode => {
                        host.service.sign_in_with_token(&id, &passcode, &client).await.map(drop)
                    }
                    Kind::Recovery => {
                        let new = password(PASSWORD);
                        host.service.finish_recovery(&id, &passcode, new, None, &client).await.map(drop)
                    }
                    _ => host.service.finish_email_verification(&id, &passcode, &client).await.map(drop),
                };
                let saved = |step| if step == Step::Append { Step::Save } else { step };
                let work: Vec<Step> = host.recorder.take().into_iter().map(saved).collect();
                seen.push((state, (format!("{outcome:?}"), work)));
            }
            for (state, answer) in &seen {
                assert_eq!(answer, &seen[0].1, "{kind:?} with {secret:?}, {state:?}");
            }
        }
    }
}

/// A mailer and sender of text messages that accepts nothing, or never answers, whether there is
/// anything to send or not.
#[derive(Debug, Clone, Copy)]
enum BadMessenger {
    Fails,
    Hangs,
}

#[async_trait]
impl Mailer for BadMessenger {
    async fn send(&self, _: EmailMessage) -> Result<(), SendError> {
        self.answer().await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.answer().await
    }
}

#[async_trait]
impl SmsSender for BadMessenger {
    async fn send(&self, _: SmsMessage) -> Result<(), SendError> {
        self.answer().await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.answer().await
    }
}

impl BadMessenger {
    async fn answer(self) -> Result<(), SendError> {
        match self {
            Self::Fails => Err(SendError::Temporary(None)),
            Self::Hangs => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn t5_a_mailer_that_fails_or_hangs_tells_nothing_about_the_account() {
    for mailer in [BadMessenger::Fails, BadMessenger::Hangs] {
        for kind in REQUESTS {
            for state in State::ALL {
                if state == State::OfAnIdentity && matches!(kind, Kind::EmailCode | Kind::MagicUrl) {
                    continue;
                }
                let texts = TextStore::default();
                let service = service(texts.clone(), mailer, InstantHasher::default(), |_| ());
                if state != State::Missing {
                    let id = *sign_up(&service, &state.email()).await.id();
                    texts.edit(&id, |account| state.plant(account));
                }
                let (client, writes) = (ClientInfo::default(), texts.writes());
                let request = EmailSignIn::new(state.email().parse().unwrap());
                let (email, page) = (state.email().parse().unwrap(), page());
                let outcome = match kind {
                    Kind::EmailCode => now_or_never(service.send_email_code(request, &client)),
                    Kind::MagicUrl => now_or_never(service.send_magic_url(request, &page, &client)),
                    Kind::PhoneCode => {
                        let phone = state.phone().parse().unwrap();
                        now_or_never(service.send_phone_code(CustomId::Generate, phone, &client))
                    }
                    _ => now_or_never(service.start_recovery(email, &page, &client)),
                };
                match mailer {
                    BadMessenger::Fails => assert!(outcome.unwrap().is_ok(), "{kind:?}, {state:?}"),
                    BadMessenger::Hangs => assert!(outcome.is_none(), "{kind:?}, {state:?}"),
                }
                assert_eq!(texts.writes() - writes, 1, "{kind:?}, {state:?}: saved before it is sent");
            }
        }
    }
}

/// A service in memory never has to wait for itself.
fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_messenger_that_fails_or_hangs_changes_nothing() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let (texts, outbox) = (scene.texts(), Outbox::default());
        let service = scene.service(texts.clone(), outbox.clone(), InstantHasher::default());
        let expected = operation.run(&service, &scene.fixture).await.map_err(|error| error.to_string());
        let state = texts.dump();
        let sent = outbox.mails().len() + outbox.texts().len();

        let texts = scene.texts();
        let service = scene.service(texts.clone(), BadMessenger::Fails, InstantHasher::default());
        let outcome = operation.run(&service, &scene.fixture).await.map_err(|error| error.to_string());
        assert_eq!((&outcome, &texts.dump()), (&expected, &state), "{operation:?}");

        let texts = scene.texts();
        let service = scene.service(texts.clone(), BadMessenger::Hangs, InstantHasher::default());
        let outcome = now_or_never(operation.run(&service, &scene.fixture));
        assert_eq!(texts.dump(), state, "{operation:?}");
        match outcome {
            Some(outcome) => {
                assert_eq!(outcome.map_err(|error| error.to_string()), expected, "{operation:?}");
                assert_eq!(sent, 0, "{operation:?}");
            }
            // The one who changes how they sign in, or asks for a message, waits until it is taken
            // over; a guest who signs in does not. Who asks for a message to no one waits as long
            // as for one to a person.
            None => {
                assert_eq!(sent, usize::from(operation != Operation::StartRecoveryOfNobody), "{operation:?}");
                assert!(
                    operation.takes_a_caller() || ASKS_FOR_A_MESSAGE.contains(&operation),
                    "{operation:?}"
                );
            }
        }
    }
}

/// The operations for guests that send something, or tell of a new password.
const ASKS_FOR_A_MESSAGE: [Operation; 7] = [
    Operation::SendEmailCode,
    Operation::SendEmailCodeToNobody,
    Operation::SendMagicUrl,
    Operation::SendPhoneCode,
    Operation::StartRecovery,
    Operation::StartRecoveryOfNobody,
    Operation::FinishRecovery,
];

#[tokio::test]
async fn an_account_is_told_apart_by_its_own_address_only() {
    let texts = TextStore::default();
    let service = service(texts.clone(), Outbox::default(), InstantHasher::default(), |_| ());
    let id = *sign_up(&service, ADA).await.id();
    texts.edit(&id, |account| State::OfAnIdentity.plant(account));
    let other = State::OfAnIdentity.email();
    assert_eq!(sign_in(&service, &other, PASSWORD).await.unwrap_err().code(), "user_invalid_credentials");
    for _ in 0..100 {
        sign_in(&service, &other, WRONG).await.unwrap_err();
    }
    sign_in(&service, "own@example.com", PASSWORD).await.expect("guesses at a borrowed address lock nobody");
}
