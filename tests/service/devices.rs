//! Known devices keep an account's owner in while it is locked for everybody else; and who is told
//! of a new session.

use std::time::Duration;

use account::{
    Error, MemoryStore, SessionAlerts, SignedIn,
    messages::Notice,
    model::{ClientInfo, DeviceSecret, SecondFactor},
    testing::{PASSWORD, Step, TestHost, password},
};
use serde_json::json;

use crate::support::{fixtures::*, text_store::TextStore, token_kinds::*};

/// The client that keeps what the account knows it by.
fn on(device: &DeviceSecret) -> ClientInfo {
    client().with_device(DeviceSecret::from_wire(&device.to_wire()).unwrap())
}

async fn attempt(host: &TestHost, email: &str, text: &str, client: &ClientInfo) -> Result<SignedIn, Error> {
    host.service.sign_in_with_password(email.parse().unwrap(), password(text), client).await
}

/// An account and a device that it knows.
async fn known(host: &TestHost, email: &str) -> (SignedIn, DeviceSecret) {
    let mut signed_in = host.signed_up(email).await;
    let device = signed_in.device.take().expect("a device that was not known yet");
    (signed_in, device)
}

#[tokio::test]
async fn t27_a_known_device_signs_in_while_the_account_is_locked_for_others() {
    let host = TestHost::new();
    let (_, device) = known(&host, ADA).await;
    fail(&host, ADA, 100).await;
    assert!(!opens(&host, ADA).await, "locked for strangers");
    let signed_in = attempt(&host, ADA, PASSWORD, &on(&device)).await.unwrap();
    assert!(signed_in.device.is_none(), "it is known already");
    assert!(opens(&host, ADA).await, "a success forgets the lock");
}

#[tokio::test]
async fn failures_of_known_devices_count_apart_and_lock_apart() {
    let (texts, host) = TextStore::host();
    let (signed_in, device) = known(&host, ADA).await;
    let client = on(&device);
    fail(&host, ADA, 40).await;
    for _ in 0..100 {
        assert_eq!(code(attempt(&host, ADA, "no such password", &client).await), "user_invalid_credentials");
    }
    let account = texts.account(signed_in.user_id());
    assert_eq!(account["failures"]["run"], json!(40));
    assert_eq!(
        (&account["known_failures"]["run"], &account["known_failures"]["locks"]),
        (&json!(0), &json!(1))
    );
    host.recorder.take();
    assert_eq!(code(attempt(&host, ADA, PASSWORD, &client).await), "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load], "a locked device's guess writes nothing");
    assert!(opens(&host, ADA).await, "others are not locked");
    attempt(&host, ADA, PASSWORD, &client).await.expect("which frees the device too");
}

#[tokio::test]
async fn a_locked_device_waits_as_long_as_others() {
    let host = TestHost::new();
    let (_, device) = known(&host, ADA).await;
    for _ in 0..100 {
        attempt(&host, ADA, "no such password", &on(&device)).await.unwrap_err();
    }
    host.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    assert!(attempt(&host, ADA, PASSWORD, &on(&device)).await.is_err());
    host.clock.advance(Duration::from_millis(1));
    attempt(&host, ADA, PASSWORD, &on(&device)).await.unwrap();
}

#[tokio::test]
async fn a_device_is_known_to_its_own_account_only() {
    let (texts, host) = TextStore::host();
    let (_, device) = known(&host, ADA).await;
    let (bob, _) = known(&host, BOB).await;
    fail(&host, BOB, 100).await;
    assert!(attempt(&host, BOB, PASSWORD, &on(&device)).await.is_err(), "Ada's device is a stranger to Bob");
    let forged = DeviceSecret::from_wire(&"ab".repeat(32)).unwrap();
    assert!(attempt(&host, BOB, PASSWORD, &on(&forged)).await.is_err());
    assert_eq!(texts.account(bob.user_id())["known_failures"]["run"], json!(0));
    host.clock.advance(DAY);
    let signed_in = attempt(&host, BOB, PASSWORD, &on(&device)).await.unwrap();
    assert!(signed_in.device.is_some(), "a client is given a secret of this account's own");
}

#[tokio::test]
async fn codes_are_taken_from_a_known_device_while_others_are_locked() {
    let host = TestHost::new();
    let person = Person::new(&host, ADA, PHONE).await;
    let secret = Kind::PhoneVerification.sent(&host, &person).await;
    Kind::PhoneVerification.redeem(&host.service, &person, &secret).await.unwrap();
    let mut signed_in = host.signed_in(ADA).await;
    let device = signed_in.device.take().unwrap();
    let secret = Kind::PhoneCode.sent(&host, &person).await;
    fail(&host, ADA, 100).await;
    assert_eq!(code(Kind::PhoneCode.redeem(&host.service, &person, &secret).await), "user_invalid_token");
    let entered = host.service.sign_in_with_token(&person.id, &passcode(&secret), &on(&device)).await;
    // The email was not proved, so the number is what remains; see the tests of takeover.
    entered.unwrap();
}

#[tokio::test]
async fn a_session_that_owes_a_factor_makes_no_device_known() {
    let (texts, host) = TextStore::host();
    let (signed_in, device) = known(&host, ADA).await;
    let id = *signed_in.user_id();
    texts.edit(&id, |account| {
        account["mfa"] = json!(true);
        account["email"]["verified"] = json!(true);
    });
    fail(&host, ADA, 9).await;
    let half = host.signed_in(ADA).await;
    assert!(half.device.is_none());
    let account = texts.account(&id);
    assert_eq!(account["devices"].as_array().unwrap().len(), 1);
    assert_eq!(account["failures"]["run"], json!(9), "half a sign-in forgets no wrong guess");

    let holder = host.service.session_holder(&half.secret).await.unwrap();
    let challenge = host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let code_sent = host.code_for(ADA);
    let passed = host.service.finish_challenge(&holder, &challenge.id, code_sent.expose()).await.unwrap();
    assert!(passed.device.is_some());
    let account = texts.account(&id);
    assert_eq!(account["devices"].as_array().unwrap().len(), 2);
    assert_eq!(account["failures"]["run"], json!(0));
    assert_eq!(on(&device).ip(), client().ip());
}

#[tokio::test]
async fn a_change_of_password_keeps_only_the_callers_device_and_recovery_none() {
    let (texts, host) = TextStore::host();
    let (signed_in, first) = known(&host, ADA).await;
    let id = *signed_in.user_id();
    // Otherwise recovery would be the first proof of the address, which leaves nothing at all.
    texts.edit(&id, |account| account["email"]["verified"] = json!(true));
    let second = host.signed_in(ADA).await.device.unwrap();
    let caller = host.caller(&signed_in).await.with_client(on(&first));
    host.service.change_password(&caller, password(OTHER), Some(password(PASSWORD))).await.unwrap();
    assert_eq!(texts.account(&id)["devices"].as_array().unwrap().len(), 1);
    fail(&host, ADA, 100).await;
    assert!(attempt(&host, ADA, OTHER, &on(&second)).await.is_err());
    attempt(&host, ADA, OTHER, &on(&first)).await.unwrap();

    host.service.start_recovery(ADA.parse().unwrap(), &page(), &client()).await.unwrap();
    let secret = host.link_secret(ADA);
    host.service.finish_recovery(&id, &secret, password(NEW_PASSWORD), None, &on(&first)).await.unwrap();
    assert!(texts.account(&id).get("devices").is_none());
    fail(&host, ADA, 100).await;
    assert!(attempt(&host, ADA, NEW_PASSWORD, &on(&first)).await.is_err());
}

#[tokio::test]
async fn an_account_knows_ten_devices_at_the_most() {
    let (texts, host) = TextStore::host();
    let (signed_in, first) = known(&host, ADA).await;
    let mut second = None;
    for _ in 0..10 {
        host.clock.advance(Duration::from_secs(1));
        // The first is used again and again, so the second is the one unused for longest.
        attempt(&host, ADA, PASSWORD, &on(&first)).await.unwrap();
        let device = host.signed_in(ADA).await.device;
        second = second.or(device);
    }
    assert_eq!(texts.account(signed_in.user_id())["devices"].as_array().unwrap().len(), 10);
    fail(&host, ADA, 100).await;
    assert!(attempt(&host, ADA, PASSWORD, &on(&second.unwrap())).await.is_err());
    attempt(&host, ADA, PASSWORD, &on(&first)).await.unwrap();
}

#[tokio::test]
async fn an_account_that_cannot_come_back_knows_no_device() {
    let host = TestHost::new();
    let (signed_in, _) = anonymous(&host).await;
    assert!(signed_in.device.is_none());
}

#[tokio::test]
async fn p2_a_device_secret_is_stored_as_a_digest() {
    let (texts, host) = TextStore::host();
    let (signed_in, device) = known(&host, ADA).await;
    assert!(!texts.account(signed_in.user_id()).to_string().contains(&device.to_wire()));
}

/// Signs in once in each way after a first session, and tells which of them the owner was told of.
async fn told(alerts: SessionAlerts, device: bool) -> Vec<&'static str> {
    let mut told = Vec::new();
    for way in ["password", "magic-url", "email-code", "phone-code", "anonymous"] {
        let store = TextStore::default();
        let host = TestHost::with(store.clone(), |config| config.session_alerts = alerts);
        let person = Person::new(&host, ADA, PHONE).await;
        store.edit(&person.id, |account| {
            account["email"]["verified"] = json!(true);
            account["phone"]["verified"] = json!(true);
        });
        let client = match device {
            true => on(&host.signed_in(ADA).await.device.unwrap()),
            false => client(),
        };
        let client = client.with_locale("de").with_user_agent("curl/8.5.0");
        let alerts = || {
            let mails = host.outbox.mails().into_iter();
            mails.filter(|mail| matches!(mail.notice, Notice::SessionAlert { .. })).collect::<Vec<_>>()
        };
        let before = alerts().len();
        let secret = match way {
            "password" => {
                attempt(&host, ADA, PASSWORD, &client).await.unwrap();
                None
            }
            "anonymous" => {
                host.service.sign_in_anonymously(&client).await.unwrap();
                None
            }
            "magic-url" => Some(Kind::MagicUrl.sent(&host, &person).await),
            "email-code" => Some(Kind::EmailCode.sent(&host, &person).await),
            _ => Some(Kind::PhoneCode.sent(&host, &person).await),
        };
        if let Some(secret) = secret {
            host.service.sign_in_with_token(&person.id, &passcode(&secret), &client).await.unwrap();
        }
        let new = alerts().split_off(before);
        assert!(new.len() <= 1);
        if let Some(mail) = new.first() {
            assert_eq!((mail.to.as_str(), mail.locale.as_deref()), (ADA, Some("de")));
            let Notice::SessionAlert { device, ip, .. } = &mail.notice else { panic!("another mail") };
            assert_eq!((&*device.client_name, *ip), ("curl", client.ip()));
            told.push(way);
        }
    }
    told
}

#[tokio::test]
async fn h76_session_alerts_are_told_as_the_policy_says() {
    let devices = ["password", "magic-url", "email-code", "phone-code"].to_vec();
    let every = ["password", "phone-code"].to_vec();
    for (alerts, known, expected) in [
        (SessionAlerts::Off, false, vec![]),
        (SessionAlerts::NewDevices, false, devices),
        (SessionAlerts::NewDevices, true, vec![]),
        (SessionAlerts::EverySession, false, every.clone()),
        (SessionAlerts::EverySession, true, every),
    ] {
        assert_eq!(told(alerts, known).await, expected, "{alerts:?}, known: {known}");
    }
}

#[tokio::test]
async fn nobody_is_told_of_an_accounts_first_session() {
    for alerts in [SessionAlerts::NewDevices, SessionAlerts::EverySession] {
        let host = TestHost::with(MemoryStore::new(), |config| config.session_alerts = alerts);
        let signed_in = host.signed_up(ADA).await;
        assert!(host.outbox.mails().is_empty());
        let caller = host.caller(&signed_in).await;
        host.service.sign_out(&caller, &signed_in.session.id).await.unwrap();
        // Without a session left, Appwrite tells no one; but the account does not know this device.
        host.signed_in(ADA).await;
        assert_eq!(host.outbox.mails().len(), usize::from(alerts == SessionAlerts::NewDevices));
    }
}
