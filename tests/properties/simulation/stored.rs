//! What the service saves, read from its stored form, and held against what the model says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::simulation::{
    deeds::{Factor, Purpose},
    model::{self, NEW, Person, oauth2::By},
    provider::PROVIDERS,
};

#[derive(Deserialize)]
pub(crate) struct Body {
    pub(crate) account: Form,
}

#[derive(Deserialize)]
pub(crate) struct Form {
    pub(crate) id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    blocked: bool,
    #[serde(default)]
    reset_required: bool,
    #[serde(default)]
    mfa: bool,
    email: Option<Contact>,
    phone: Option<Contact>,
    password: Option<Password>,
    #[serde(default)]
    sessions: Vec<Session>,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    failures: Failures,
    #[serde(default)]
    known_failures: Failures,
    #[serde(default)]
    devices: Vec<Device>,
    #[serde(default)]
    tokens: Vec<Token>,
    authenticator: Option<App>,
    recovery_codes: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    challenges: Vec<Challenge>,
    #[serde(default)]
    identities: Vec<Identity>,
    #[serde(default)]
    spent_states: Vec<Spent>,
    jwt_generation: u32,
    accessed_at: i64,
}

/// What is kept beside it.
#[derive(Deserialize, Default)]
struct Attachment {
    #[serde(default)]
    provider_tokens: Vec<ProviderTokens>,
}

#[derive(Deserialize)]
struct ProviderTokens {
    identity: String,
}

#[derive(Deserialize)]
struct Contact {
    address: String,
    #[serde(default)]
    verified: bool,
}

#[derive(Deserialize)]
struct Password {
    hash: String,
    #[serde(default)]
    by_mailbox: bool,
}

#[derive(Deserialize)]
struct Session {
    id: String,
    digest: String,
    expires_at: i64,
    factors: Vec<String>,
    challenged_at: Option<i64>,
    provider: String,
    #[serde(default)]
    provider_uid: String,
}

#[derive(Deserialize)]
struct Identity {
    id: String,
    provider: String,
    uid: String,
    email: Option<String>,
    verified_email: Option<String>,
}

#[derive(Deserialize)]
struct Spent {
    digest: String,
    expires_at: i64,
}

#[derive(Deserialize)]
struct Target {
    id: String,
    identifier: String,
    session: Option<String>,
}

#[derive(Deserialize, Default)]
struct Failures {
    #[serde(default)]
    run: u32,
    #[serde(default)]
    locks: u32,
    locked_until: Option<i64>,
}

#[derive(Deserialize)]
struct Device {
    digest: String,
    used_at: i64,
}

#[derive(Deserialize)]
struct Token {
    id: String,
    purpose: String,
    digest: String,
    expires_at: i64,
    #[serde(default)]
    tries: u8,
    #[serde(default)]
    guessable: bool,
}

#[derive(Deserialize)]
struct App {
    #[serde(default)]
    verified: bool,
    last_step: Option<i64>,
}

#[derive(Deserialize)]
struct Challenge {
    id: String,
    session: String,
    factor: String,
    expires_at: i64,
    #[serde(default)]
    tries: u8,
}

/// The number in an address of the simulation: `person-2@example.com`, `+16175551202`.
pub(crate) fn number(address: &str) -> usize {
    let digits: String = address.chars().filter(char::is_ascii_digit).collect();
    digits.get(digits.len().saturating_sub(2)..).and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX)
}

/// The identities with tokens of their provider, in what is kept beside an account.
pub(crate) fn with_tokens(attachment: &str) -> BTreeSet<String> {
    let kept: Attachment = match attachment {
        "" => Attachment::default(),
        kept => serde_json::from_str(kept).unwrap(),
    };
    kept.provider_tokens.into_iter().map(|tokens| tokens.identity).collect()
}

/// By what a session was started: a provider's name and what it calls a person.
fn by(provider: &str, uid: &str) -> By {
    match PROVIDERS.iter().position(|name| *name == provider) {
        Some(provider) => By::Provider(provider, uid.parse().unwrap_or(usize::MAX)),
        None if provider == "oauth2" => By::Token,
        None => By::Else,
    }
}

/// What was seen of ids and digests: none may come twice.
#[derive(Default)]
pub(crate) struct Seen {
    ids: BTreeSet<String>,
    /// The digest of each session, by session and number of its secret.
    digests: BTreeMap<(String, u32), String>,
    used: BTreeSet<String>,
}

impl Seen {
    /// The id of something that should be known or, if it is new, have come never before.
    fn id(&mut self, expected: &str, found: &str) -> Result<String, String> {
        match expected == NEW {
            true if !self.ids.insert(found.into()) => Err(format!("the id {found} comes twice")),
            true => Ok(found.into()),
            false if expected != found => Err(format!("{found} where {expected} should be")),
            false => Ok(found.into()),
        }
    }

    fn digest(&mut self, session: &str, secret: u32, digest: &str) -> Result<(), String> {
        let key = (session.to_owned(), secret);
        match self.digests.get(&key) {
            Some(known) if known == digest => Ok(()),
            Some(_) => Err(format!("session {session} got another secret")),
            None if !self.used.insert(digest.into()) => {
                Err(format!("a secret of session {session} comes twice"))
            }
            None => {
                self.digests.insert(key, digest.into());
                Ok(())
            }
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<(), String> {
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what} is {found:?} where {expected:?} should be")),
    }
}

/// Holds what is saved against what should be, and tells it with the ids that were not known.
pub(crate) fn compare(expected: &Person, found: &Form, seen: &mut Seen) -> Result<Person, String> {
    let mut person = Person { asking: None, ..expected.clone() };
    if person.id != NEW {
        seen.ids.insert(found.id.clone());
    }
    person.id = seen.id(&expected.id, &found.id)?;
    same("name", &expected.name, &found.name.as_str())?;
    let contact = |contact: &Option<Contact>| {
        contact.as_ref().map(|contact| (number(&contact.address), contact.verified))
    };
    same("email", &expected.email, &contact(&found.email))?;
    same("phone", &expected.phone, &contact(&found.phone))?;
    same("having a password", &expected.password.is_some(), &found.password.is_some())?;
    if let Some(password) = &found.password {
        person.hash = seen.id(&expected.hash, &password.hash)?;
    }
    let by_mailbox = found.password.as_ref().is_some_and(|password| password.by_mailbox);
    same("password by mailbox", &(expected.password.is_some() && expected.by_mailbox), &by_mailbox)?;
    same("blocked", &expected.blocked, &found.blocked)?;
    same("reset required", &expected.reset, &found.reset_required)?;
    same("mfa", &expected.mfa, &found.mfa)?;
    same("generation of JWTs", &expected.generation, &found.jwt_generation)?;
    same("last use", &expected.accessed, &found.accessed_at)?;
    let failures = |found: &Failures| model::Failures {
        run: found.run,
        locks: found.locks,
        locked_until: found.locked_until,
    };
    same("wrong guesses", &expected.failures, &failures(&found.failures))?;
    same("wrong guesses of known devices", &expected.known_failures, &failures(&found.known_failures))?;
    same("number of devices", &expected.devices.len(), &found.devices.len())?;
    for (device, found) in person.devices.iter_mut().zip(&found.devices) {
        device.digest = seen.id(&device.digest, &found.digest)?;
        same("use of the device", &device.used, &found.used_at)?;
    }
    let app = |verified, last_step| format!("{verified} {last_step:?}");
    same(
        "authenticator",
        &expected.app.as_ref().map(|known| app(known.verified, known.last_step)),
        &found.authenticator.as_ref().map(|known| app(known.verified, known.last_step)),
    )?;
    same("having recovery codes", &expected.codes.is_some(), &found.recovery_codes.is_some())?;

    same("number of sessions", &expected.sessions.len(), &found.sessions.len())?;
    for (session, found) in person.sessions.iter_mut().zip(&found.sessions) {
        session.id = seen.id(&session.id, &found.id)?;
        same("end of the session", &session.expires, &found.expires_at)?;
        same("challenge of the session", &session.challenged, &found.challenged_at)?;
        same("start of the session", &session.by, &by(&found.provider, &found.provider_uid))?;
        let factors: Option<BTreeSet<_>> = found.factors.iter().map(|name| Factor::named(name)).collect();
        same("factors", &Some(&session.factors), &factors.as_ref())?;
        seen.digest(&session.id, session.secret, &found.digest)?;
    }
    same("number of tokens", &expected.tokens.len(), &found.tokens.len())?;
    for (token, found) in person.tokens.iter_mut().zip(&found.tokens) {
        if token.id == NEW && !seen.used.insert(found.digest.clone()) {
            return Err("the digest of a token comes twice".into());
        }
        token.id = seen.id(&token.id, &found.id)?;
        same("purpose", &Some(token.purpose), &Purpose::named(&found.purpose))?;
        same("end of the token", &token.expires, &found.expires_at)?;
        same("tries", &(token.tries, token.guessable), &(found.tries, found.guessable))?;
    }
    same("number of challenges", &expected.challenges.len(), &found.challenges.len())?;
    for (challenge, found) in person.challenges.iter_mut().zip(&found.challenges) {
        challenge.id = seen.id(&challenge.id, &found.id)?;
        same("session of the challenge", &challenge.session, &found.session)?;
        same("factor", &Some(challenge.factor), &Factor::named(&found.factor))?;
        same("end of the challenge", &challenge.expires, &found.expires_at)?;
        same("tries", &challenge.tries, &found.tries)?;
    }
    same("number of push targets", &expected.targets.len(), &found.targets.len())?;
    for (target, found) in person.targets.iter_mut().zip(&found.targets) {
        target.id = seen.id(&target.id, &found.id)?;
        same("identifier", &target.identifier, &found.identifier)?;
        if target.session.as_deref() == Some(NEW) {
            target.session = person.sessions.last().map(|session| session.id.clone());
        }
        same("session of the push target", &target.session, &found.session)?;
    }
    same("number of identities", &expected.identities.len(), &found.identities.len())?;
    for (identity, found) in person.identities.iter_mut().zip(&found.identities) {
        identity.id = seen.id(&identity.id, &found.id)?;
        let address = |email: &Option<String>| email.as_deref().map(number);
        let is_it = By::Provider(identity.provider, identity.uid);
        same("identity", &is_it, &by(&found.provider, &found.uid))?;
        same("address of the identity", &identity.email, &address(&found.email))?;
        same("address vouched for", &identity.vouched, &address(&found.verified_email))?;
    }
    same("number of flows", &expected.spent.len(), &found.spent_states.len())?;
    for (spent, found) in person.spent.iter().zip(&found.spent_states) {
        same("end of the flow", &spent.expires, &found.expires_at)?;
        seen.digest(&format!("flow {}", spent.flow), 0, &found.digest)?;
    }
    Ok(person)
}
