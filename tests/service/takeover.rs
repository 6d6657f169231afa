//! The one who proves an address that no one had proved takes the account without what a stranger
//! may have put there (H82), or leaves it to its owner and gets one of their own.

use std::collections::BTreeSet;

use account::{
    Caller, MemoryStore, NewPushTarget, SignedIn,
    model::{ClientInfo, DeviceSecret, UserId},
    ports::Store,
    testing::{PASSWORD, TestHost, password},
};
use serde_json::{Value, json};

use crate::support::{fixtures::*, text_store::TextStore, token_kinds::*};

const PROOFS: [Kind; 3] = [Kind::EmailCode, Kind::MagicUrl, Kind::Recovery];

/// What a stranger can prepare in an account of another person's address.
struct Trap {
    person: Person,
    other: SignedIn,
    device: DeviceSecret,
    jwt: String,
    tokens: Vec<(Kind, String)>,
}

async fn set_trap(host: &TestHost) -> Trap {
    let person = Person::new(host, ADA, PHONE).await;
    let other = host.signed_in(ADA).await;
    let (service, caller) = (&host.service, &person.caller);
    service.change_name(caller, "Stranger".parse().unwrap()).await.unwrap();
    service.replace_preferences(caller, r#"{"planted":true}"#.parse().unwrap()).await.unwrap();
    service.add_push_target(caller, NewPushTarget::new("planted".parse().unwrap())).await.unwrap();
    service.add_authenticator(caller).await.unwrap();
    service.create_recovery_codes(caller).await.unwrap();
    let jwt = service.issue_jwt(caller).await.unwrap().as_str().to_owned();
    service.set_mfa(caller, true).await.unwrap();
    let other = match service.caller(&other.secret).await {
        Ok(_) => other,
        Err(_) => host.signed_in(ADA).await,
    };
    fail(host, ADA, 3).await;
    let mut tokens = Vec::new();
    for kind in Kind::ALL {
        tokens.push((kind, kind.sent(host, &person).await));
    }
    let device = DeviceSecret::from_wire(&other.device.as_ref().unwrap().to_wire()).unwrap();
    Trap { person, other, device, jwt, tokens }
}

/// Redeems what was sent, and signs in if that did not.
async fn enter(host: &TestHost, kind: Kind, id: &UserId, secret: &str) -> (SignedIn, Caller) {
    let client = ClientInfo::default();
    let signed_in = match kind {
        Kind::Recovery => {
            let new = password(NEW_PASSWORD);
            host.service.finish_recovery(id, &passcode(secret), new, None, &client).await.unwrap();
            sign_in(host, ADA, NEW_PASSWORD).await.unwrap()
        }
        _ => host.service.sign_in_with_token(id, &passcode(secret), &client).await.unwrap(),
    };
    let caller = host.caller(&signed_in).await;
    (signed_in, caller)
}

async fn nothing_is_left_of_a_stranger(store: impl Store, kind: Kind) {
    let host = TestHost::on(store);
    let trap = set_trap(&host).await;
    let secret = &trap.tokens.iter().find(|(other, _)| *other == kind).unwrap().1;
    let (signed_in, caller) = enter(&host, kind, &trap.person.id, secret).await;
    let service = &host.service;
    assert_eq!(*signed_in.user_id(), trap.person.id);
    let user = service.user(&caller).await.unwrap();
    assert_eq!(user.email().map(|email| email.as_str()), Some(ADA));
    assert!(user.is_email_verified() && user.phone().is_none() && !user.has_mfa());
    assert_eq!(user.password_updated_at().is_some(), kind == Kind::Recovery);
    assert_eq!(user.preferences().as_json(), "{}");
    assert_eq!(service.preferences(&caller).await.unwrap().as_json(), "{}");
    assert_eq!(user.targets().len(), 1, "the address itself");
    assert_eq!(service.sessions(&caller).await.unwrap().len(), 1);
    for outcome in [
        service.user(&trap.person.caller).await.map(drop),
        service.session_holder(&trap.other.secret).await.map(drop),
        service.caller_by_jwt(&trap.jwt).await.map(drop),
    ] {
        assert_eq!(code(outcome), "general_unauthorized_scope");
    }
    assert_eq!(code(sign_in(&host, ADA, PASSWORD).await), "user_invalid_credentials");
    let factors = service.factors(&caller).await.unwrap();
    assert_eq!(
        (factors.totp, factors.phone, factors.email, factors.recovery_code),
        (false, false, true, false)
    );
    for (kind, secret) in &trap.tokens {
        let person = match kind {
            Kind::PhoneVerification => Person { caller: caller.clone(), ..trap.person.clone() },
            _ => trap.person.clone(),
        };
        assert_eq!(code(kind.redeem(service, &person, secret).await), "user_invalid_token", "{kind:?}");
    }
    let bob = *host.signed_up(BOB).await.user_id();
    let bobs = Person::new(&host, "bobs@example.com", PHONE).await;
    assert_ne!((bobs.id, bob), (trap.person.id, trap.person.id), "the number is free again");
    // The stranger's device is no one's: it is locked like all others, and its wrong guesses count
    // among theirs.
    fail(&host, ADA, 100).await;
    let device = DeviceSecret::from_wire(&trap.device.to_wire()).unwrap();
    let known = ClientInfo::default().with_device(device);
    let refused = service.sign_in_with_password(ADA.parse().unwrap(), password(NEW_PASSWORD), &known).await;
    assert_eq!(code(refused), "user_invalid_credentials");
}

#[tokio::test]
async fn r42_nothing_is_left_of_a_stranger_in_memory() {
    for kind in PROOFS {
        nothing_is_left_of_a_stranger(MemoryStore::new(), kind).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn r42_nothing_is_left_of_a_stranger_in_sqlite() {
    for kind in PROOFS {
        let directory = crate::support::tempdir::TempDir::new();
        let store = account::SqliteStore::open(directory.file("account.db")).unwrap();
        nothing_is_left_of_a_stranger(store, kind).await;
    }
}

#[tokio::test]
async fn r42_of_the_stored_account_only_the_proven_address_stays() {
    for kind in PROOFS {
        let (texts, host) = TextStore::host();
        let trap = set_trap(&host).await;
        let all: BTreeSet<&str> = [
            "accessed_at",
            "authenticator",
            "created_at",
            "devices",
            "email",
            "failures",
            "id",
            "jwt_generation",
            "known_failures",
            "mfa",
            "name",
            "password",
            "phone",
            "recovery_codes",
            "sessions",
            "targets",
            "tokens",
            "updated_at",
        ]
        .into();
        let before = texts.account(&trap.person.id);
        // One of the sessions sits at the end of the trap; the history is kept only if the policy
        // says so.
        let found: BTreeSet<&str> = before.as_object().unwrap().keys().map(String::as_str).collect();
        let history = BTreeSet::from(["password_history"]);
        assert_eq!(&found - &history, all, "the trap is complete");
        texts.edit(&trap.person.id, |account| {
            account["known_failures"] = json!({"run": 4, "locks": 2, "locked_until": 1_767_225_700_000_i64});
        });
        let secret = &trap.tokens.iter().find(|(other, _)| *other == kind).unwrap().1;
        enter(&host, kind, &trap.person.id, secret).await;
        let after = texts.account(&trap.person.id);
        let mut expected = all.clone();
        for gone in ["authenticator", "mfa", "name", "phone", "recovery_codes", "targets", "tokens"] {
            expected.remove(gone);
        }
        if kind != Kind::Recovery {
            expected.remove("password");
        }
        let found: BTreeSet<&str> = after.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(&found - &history, expected);
        assert_eq!(after["failures"], json!({"run": 0, "locks": 0}));
        assert_eq!(after["known_failures"], json!({"run": 0, "locks": 0}));
        assert_eq!(after["email"]["verified"], json!(true));
        assert!(after["jwt_generation"].as_u64() > before["jwt_generation"].as_u64());
        assert_eq!(
            (after["sessions"].as_array().unwrap().len(), after["devices"].as_array().unwrap().len()),
            (1, 1)
        );
        assert!(after.get("name").is_none(), "a stranger's words greet nobody");
    }
}

#[tokio::test]
async fn a_proven_number_leaves_no_unproven_address() {
    let (texts, host) = TextStore::host();
    let trap = set_trap(&host).await;
    let secret = &trap.tokens.iter().find(|(kind, _)| *kind == Kind::PhoneCode).unwrap().1;
    let client = ClientInfo::default();
    let signed_in =
        host.service.sign_in_with_token(&trap.person.id, &passcode(secret), &client).await.unwrap();
    let after = texts.account(&trap.person.id);
    assert_eq!(after["phone"]["verified"], json!(true));
    assert!(after.get("email").is_none() && after.get("password").is_none());
    assert_eq!(*signed_in.user_id(), trap.person.id);
    assert_ne!(*host.signed_up(ADA).await.user_id(), trap.person.id, "the address is free again");
}

fn link_github(account: &mut Value) {
    account["identities"] =
        json!([{ "id": "github", "created_at": 1, "updated_at": 1, "provider": "github", "uid": "1" }]);
}

/// How the account, whose email no one has proved, has a proven owner all the same.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Owner {
    Phone,
    Identity,
}

#[tokio::test]
async fn r43_an_address_moves_away_from_an_account_with_a_proven_owner() {
    for (owner, kind) in
        [Owner::Phone, Owner::Identity].into_iter().flat_map(|owner| PROOFS.map(|kind| (owner, kind)))
    {
        let (texts, host) = TextStore::host();
        let bob = Person::new(&host, ADA, PHONE).await;
        host.service.replace_preferences(&bob.caller, r#"{"his":1}"#.parse().unwrap()).await.unwrap();
        texts.edit(&bob.id, |account| match owner {
            Owner::Phone => account["phone"]["verified"] = json!(true),
            Owner::Identity => link_github(account),
        });
        let secret = kind.sent(&host, &bob).await;
        let before = texts.account(&bob.id);
        let (signed_in, caller) = match kind {
            Kind::Recovery => {
                let (client, new) = (ClientInfo::default(), password(NEW_PASSWORD));
                let done = host
                    .service
                    .finish_recovery(&bob.id, &passcode(&secret), new, None, &client)
                    .await
                    .unwrap();
                let signed_in = sign_in(&host, ADA, NEW_PASSWORD).await.unwrap();
                assert_eq!(*signed_in.user_id(), done.user);
                let caller = host.caller(&signed_in).await;
                (signed_in, caller)
            }
            _ => enter(&host, kind, &bob.id, &secret).await,
        };
        assert_ne!(*signed_in.user_id(), bob.id, "{owner:?} {kind:?}");
        let user = host.service.user(&caller).await.unwrap();
        assert_eq!(user.email().unwrap().as_str(), ADA);
        assert!(user.is_email_verified() && user.phone().is_none());
        assert_eq!(user.preferences().as_json(), "{}");
        assert_eq!(user.password_updated_at().is_some(), kind == Kind::Recovery);
        assert_eq!(log_names(&host, &caller).await[0], "user.create");

        let mut expected = before.clone();
        let fields = expected.as_object_mut().unwrap();
        fields.remove("email");
        fields.remove("tokens");
        fields["updated_at"] = texts.account(&bob.id)["updated_at"].clone();
        assert_eq!(texts.account(&bob.id), expected, "the old account keeps everything else");
        let his = host.service.user(&bob.caller).await.unwrap();
        assert_eq!((his.email(), his.preferences().as_json()), (None, r#"{"his":1}"#));
        assert!(!opens(&host, ADA).await, "his password opens nothing at her address");
        assert_eq!(code(kind.redeem(&host.service, &bob, &secret).await), "user_invalid_token");
    }
}

#[tokio::test]
async fn a_number_moves_away_from_an_account_with_a_proven_address() {
    let (texts, host) = TextStore::host();
    let ada = Person::new(&host, ADA, PHONE).await;
    texts.edit(&ada.id, |account| account["email"]["verified"] = json!(true));
    let secret = Kind::PhoneCode.sent(&host, &ada).await;
    let client = ClientInfo::default();
    let signed_in = host.service.sign_in_with_token(&ada.id, &passcode(&secret), &client).await.unwrap();
    assert_ne!(*signed_in.user_id(), ada.id);
    let user = host.service.user(&host.caller(&signed_in).await).await.unwrap();
    assert!(user.is_phone_verified() && user.email().is_none());
    let her = host.service.user(&ada.caller).await.unwrap();
    assert!(her.phone().is_none() && her.is_email_verified() && opens(&host, ADA).await);
}

#[tokio::test]
async fn a_recovery_that_moves_the_address_asks_the_rules_of_the_new_account() {
    let (texts, _) = TextStore::host();
    let host = TestHost::with(texts.clone(), |config| config.passwords.history = 5);
    let bob = Person::new(&host, ADA, PHONE).await;
    texts.edit(&bob.id, |account| account["phone"]["verified"] = json!(true));
    let secret = Kind::Recovery.sent(&host, &bob).await;
    let finish = async |text: &str| {
        host.service
            .finish_recovery(&bob.id, &passcode(&secret), password(text), None, &ClientInfo::default())
            .await
    };
    assert_eq!(code(finish("xx-ada@example.com").await), "password_personal_data", "it is the new account's");
    let done = finish(PASSWORD).await.expect("the old account's passwords are not the prover's to learn");
    assert_ne!(done.user, bob.id);
}

#[tokio::test]
async fn a_proof_of_a_proven_address_drops_nothing() {
    for kind in [Kind::EmailCode, Kind::MagicUrl] {
        for by_identity in [false, true] {
            let (texts, host) = TextStore::host();
            let trap = set_trap(&host).await;
            host.service.set_mfa(&trap.person.caller, false).await.unwrap();
            texts.edit(&trap.person.id, |account| match by_identity {
                false => account["email"]["verified"] = json!(true),
                true => {
                    link_github(account);
                    account["identities"][0]["verified_email"] = json!(ADA);
                }
            });
            let secret = kind.sent(&host, &trap.person).await;
            let before = texts.account(&trap.person.id);
            enter(&host, kind, &trap.person.id, &secret).await;
            let after = texts.account(&trap.person.id);
            for kept in ["password", "phone", "authenticator", "recovery_codes", "targets", "jwt_generation"]
            {
                assert_eq!(after[kept], before[kept], "{kept}");
            }
            let count = |account: &Value, field: &str| account[field].as_array().unwrap().len();
            assert_eq!(count(&after, "sessions"), count(&before, "sessions") + 1);
            assert_eq!(count(&after, "devices"), count(&before, "devices") + 1);
            assert_eq!(count(&after, "tokens"), count(&before, "tokens") - 1);
            assert_eq!(after["email"]["verified"], json!(true));
            let preferences = host.service.preferences(&trap.person.caller).await.unwrap();
            assert_eq!(preferences.as_json(), r#"{"planted":true}"#);
        }
    }
}

#[tokio::test]
async fn an_address_that_was_registered_anew_in_between_is_not_taken_again() {
    let store = account::testing::FaultyStore::new(MemoryStore::new());
    let plan = store.plan();
    let host = TestHost::on(store);
    for kind in PROOFS {
        let (email, phone) = (format!("{kind:?}@example.com"), format!("+1617555{:04}", kind as u8));
        let bob = Person::new(&host, &email, &phone).await;
        let proof = Kind::PhoneVerification.sent(&host, &bob).await;
        Kind::PhoneVerification.redeem(&host.service, &bob, &proof).await.unwrap();
        let secret = kind.sent(&host, &bob).await;
        // The last call but none: the new account is about to be saved.
        let call = if kind == Kind::Recovery { 3 } else { 2 };
        let mut pause = plan.pause(call);
        let redeeming = tokio::spawn({
            let (host, bob) = (host.clone(), bob.clone());
            async move { kind.redeem(&host.service, &bob, &secret).await }
        });
        assert!(pause.reached().await);
        host.signed_up(&email).await;
        pause.release();
        assert_eq!(code(redeeming.await.unwrap()), "user_invalid_token", "{kind:?}");
        assert!(opens(&host, &email).await);
    }
}

#[tokio::test]
async fn h82_a_recovery_by_the_caller_of_that_account_drops_nothing_but_sessions() {
    let host = TestHost::new();
    let person = Person::new(&host, ADA, PHONE).await;
    let service = &host.service;
    service.replace_preferences(&person.caller, r#"{"kept":true}"#.parse().unwrap()).await.unwrap();
    let secret = Kind::Recovery.sent(&host, &person).await;
    let (new, client) = (password(NEW_PASSWORD), ClientInfo::default());
    let holder = Some(&*person.caller);
    service.finish_recovery(&person.id, &passcode(&secret), new, holder, &client).await.unwrap();
    assert_eq!(code(service.user(&person.caller).await), "general_unauthorized_scope");
    let caller = host.caller(&sign_in(&host, ADA, NEW_PASSWORD).await.unwrap()).await;
    let user = service.user(&caller).await.unwrap();
    assert_eq!(user.preferences().as_json(), r#"{"kept":true}"#);
    assert!(user.is_email_verified() && user.phone().is_some());
}
