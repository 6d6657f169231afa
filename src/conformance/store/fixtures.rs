//! Accounts and events for the rules.

use std::{net::Ipv6Addr, ops::Range, str::FromStr, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::model::{
    Account, Attachment, Contact, Email, Event, EventId, EventKind, Factor, Factors, IdentityId,
    IdentityRecord, Key, PasswordHash, PasswordRecord, Phone, Preferences, PushTargetRecord, SessionDetails,
    SessionId, SessionProvider, SessionRecord, SessionSecret, TargetId, Timestamp, UserId,
};

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$mFaD8VyRfSkbfFZ2h3iWYB8bpsvXRw1cu4ThTAq1i7A";

/// The instant `seconds` after 2026-09-21T13:33:20 UTC, when the accounts were created.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000).after(Duration::from_secs(seconds))
}

/// The kinds of keys that an account claims and releases during its lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// The account's own email address.
    Mailbox,
    /// The phone number.
    Phone,
    /// A linked identity of an OAuth2 provider.
    Identity,
    /// The email address of a linked identity, as verified by its provider.
    VerifiedMailbox,
    /// The id of a push target.
    Target,
    /// The device token of a push target.
    TargetIdentifier,
}

impl KeyKind {
    /// The key of this kind with this number.
    pub(super) fn key(self, number: u32) -> Key {
        match self {
            Self::Mailbox | Self::VerifiedMailbox => {
                Key::Mailbox(email(&format!("person-{number}@example.com")))
            }
            Self::Phone => Key::Phone(phone(number)),
            Self::Identity => {
                Key::Identity { provider: "github".into(), uid: format!("uid-{number}").into() }
            }
            Self::Target => Key::Target(id(&format!("target-{number}"))),
            Self::TargetIdentifier => Key::TargetIdentifier(format!("token-{number}").into()),
        }
    }

    /// Gives an account the key of this kind with this number instead of its keys of this kind.
    pub(super) fn give(self, account: &mut Account, number: u32) {
        self.take(account);
        let own = account.id;
        match (self, self.key(number)) {
            (Self::VerifiedMailbox, Key::Mailbox(address)) => {
                account.identities.push(identity("google", &format!("of-{own}"), Some(address)));
            }
            (_, Key::Mailbox(address)) => account.email = Some(contact(address)),
            (_, Key::Phone(number)) => account.phone = Some(contact(number)),
            (_, Key::Identity { provider, uid }) => account.identities.push(identity(&provider, &uid, None)),
            (_, Key::Target(id)) => account.targets.push(target(id, &format!("device-of-{own}"))),
            (_, Key::TargetIdentifier(token)) => {
                let mut target_id = format!("t{own}");
                target_id.truncate(36);
                account.targets.push(target(id(&target_id), &token));
            }
            (_, Key::Id(_)) => {}
        }
    }

    /// Takes all keys of this kind from an account.
    pub(super) fn take(self, account: &mut Account) {
        match self {
            Self::Mailbox => account.email = None,
            Self::Phone => account.phone = None,
            Self::Identity | Self::VerifiedMailbox => account.identities.clear(),
            Self::Target | Self::TargetIdentifier => account.targets.clear(),
        }
    }

    /// A new account that holds this key.
    pub(super) fn holder(self, account: u32, number: u32) -> Account {
        let mut account = bare(account);
        self.give(&mut account, number);
        account
    }
}

/// An account that holds no key except its id.
pub(super) fn bare(number: u32) -> Account {
    named(&format!("person-{number}"))
}

/// An account with this id that holds no other key.
pub(super) fn named(text: &str) -> Account {
    Account::new(id(text), at(0))
}

/// An account with an email address.
pub(super) fn with_email(number: u32) -> Account {
    KeyKind::Mailbox.holder(number, number)
}

/// An account with a value in every field and keys of all kinds.
pub(super) fn full(number: u32) -> Account {
    let mut account = with_email(number);
    let hash = PasswordHash::parse(HASH).expect("a PHC string");
    KeyKind::Phone.give(&mut account, number);
    KeyKind::Identity.give(&mut account, number);
    let verified = email(&format!("verified-{number}@example.net"));
    account.identities.push(identity("google", &format!("google-{number}"), Some(verified)));
    account.sessions = vec![session("first", at(3600)), session("second", at(7200))].into();
    KeyKind::Target.give(&mut account, number);
    account.targets.push(PushTargetRecord {
        session: Some(id("first")),
        ..target(id(&format!("other-target-{number}")), &format!("token-{number}"))
    });
    account.name = format!("Ada \u{1f469}\u{200d}\u{1f4bb} {number}").parse().expect("a name");
    account.labels = vec!["staff".parse().expect("a label"), "Staff2".parse().expect("a label")];
    account.blocked = number % 2 == 1;
    account.mfa = true;
    account.reset_required = true;
    account.password_history = vec![hash.clone(), hash.clone()];
    account.password = Some(PasswordRecord { hash, updated_at: at(0), by_mailbox: true });
    account.failures.run = number;
    account.failures.locked_until = Some(at(60));
    account.jwt_generation = u32::MAX;
    prefer(&mut account, r#"{"theme":"dark","size":1.0}"#);
    account
}

/// Replaces the preferences.
pub(super) fn prefer(account: &mut Account, json: &str) {
    let preferences: Preferences = json.parse().expect("preferences");
    assert_eq!(preferences.as_json(), json, "the rules compare the stored text");
    account.attachment = Some(Arc::new(Attachment { preferences, ..Attachment::default() }));
}

/// Renames an account to this number: a change of neither keys nor attachment.
pub(super) fn rename(account: &mut Account, number: u32) {
    account.name = format!("name {number}").parse().expect("a name");
}

/// The number of the last [`rename`].
pub(super) fn number_of(account: &Account) -> u32 {
    account.name.as_str().strip_prefix("name ").and_then(|text| text.parse().ok()).unwrap_or_default()
}

pub(super) fn session(name: &str, expires_at: Timestamp) -> SessionRecord {
    let secret = SessionSecret::new(id("person"), Zeroizing::new([7; 32]));
    let details = SessionDetails {
        id: id::<SessionId>(name),
        created_at: at(0),
        updated_at: at(0),
        provider: SessionProvider::Email,
        provider_uid: "ada@example.com".into(),
        ip: Some([192, 0, 2, 1].into()),
        user_agent: Some("curl/8.0".into()),
        country: Some("CH".into()),
        challenged_at: Some(at(0)),
        is_vouched_for: true,
    };
    SessionRecord::new(secret.digest(), expires_at, Factors::from(vec![Factor::Password]), details)
}

pub(super) fn target(id: TargetId, identifier: &str) -> PushTargetRecord {
    PushTargetRecord {
        id,
        created_at: at(0),
        updated_at: at(0),
        identifier: identifier.into(),
        provider: Some("fcm".parse().expect("an id")),
        name: "Phone".into(),
        session: None,
    }
}

pub(super) fn identity(provider: &str, uid: &str, verified_email: Option<Email>) -> IdentityRecord {
    IdentityRecord {
        id: id::<IdentityId>(&format!("{provider}-identity")),
        created_at: at(0),
        updated_at: at(0),
        provider: provider.into(),
        uid: uid.into(),
        email: verified_email.clone(),
        verified_email,
        access_expires_at: None,
        refreshing_until: None,
    }
}

pub(super) fn contact<A>(address: A) -> Contact<A> {
    Contact { address, verified: true, target: id("contact"), created_at: at(0), updated_at: at(0) }
}

pub(super) fn email(text: &str) -> Email {
    text.parse().expect("an email address")
}

pub(super) fn mailbox(text: &str) -> Key {
    Key::Mailbox(email(text))
}

fn phone(number: u32) -> Phone {
    format!("+1617{number:07}").parse().expect("a phone number")
}

pub(super) fn id<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect("an id")
}

/// An entry of an account's log. Entries of the same instant sort by their numbers.
pub(super) fn event(user: &UserId, at: Timestamp, number: u32) -> Event {
    let mut bits = [0; 10];
    bits.iter_mut().zip(number.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
    // Entry ids are unique across accounts, so the account is part of the id.
    let salt = user.as_str().bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    bits.iter_mut().skip(4).zip(salt.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
    Event {
        id: EventId::generate(at, bits),
        user: *user,
        kind: EventKind::UserUpdated,
        at,
        operation: "updateName".into(),
        session: Some(id("first")),
        ip: Some(Ipv6Addr::LOCALHOST.into()),
        user_agent: Some("curl/8.0 \"quoted\" '; --".into()),
        email: "ada@example.com".into(),
        name: format!("entry {number}").into(),
    }
}

/// Entries with these numbers, one per second.
pub(super) fn events(user: &UserId, numbers: Range<u32>) -> Vec<Event> {
    numbers.map(|number| event(user, at(number.into()), number)).collect()
}
