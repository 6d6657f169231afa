//! What the service should do, told a second time and simply: people as plain values, and one rule per deed.
//!
//! Nothing of the crate decides here. A rule is asked at the moment a call reaches the store, which is where an operation takes effect; what it
//! says must be what the service saves and answers.

mod acts;

use std::collections::{BTreeMap, BTreeSet};

use crate::deeds::{Act, Deed, Factor, HostAct, Purpose, Who};

pub const LIMIT_OF_SESSIONS: usize = 4;
pub const LIMIT_OF_GUESSES: u32 = 6;
pub const LIFE_OF_SESSIONS: i64 = 30 * DAY;
pub const LIFE_OF_JWTS: i64 = 900;
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Stands for an id that only the service knows so far.
pub const NEW: &str = "?";

/// Why a deed is refused: the code of the error.
pub type Code = &'static str;
pub const NOT_SIGNED_IN: Code = "general_unauthorized_scope";
pub const WRONG: Code = "user_invalid_credentials";
pub const INVALID: Code = "user_invalid_token";
const BLOCKED: Code = "user_blocked";
const RESET: Code = "user_password_reset_required";
const MORE_FACTORS: Code = "user_more_factors_required";
const CHALLENGE: Code = "user_challenge_required";
const EXISTS: Code = "user_already_exists";
const TARGET_EXISTS: Code = "user_target_already_exists";
const NO_USER: Code = "user_not_found";
const NO_SESSION: Code = "user_session_not_found";

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    pub id: String,
    pub email: Option<(usize, bool)>,
    pub phone: Option<(usize, bool)>,
    pub password: Option<usize>,
    /// The hash of the password, which changes with it and never else.
    pub hash: String,
    pub by_mailbox: bool,
    pub blocked: bool,
    pub reset: bool,
    pub mfa: bool,
    pub preferences: usize,
    pub sessions: Vec<Session>,
    pub tokens: Vec<Token>,
    pub challenges: Vec<Challenge>,
    pub failures: Failures,
    /// Wrong guesses from devices that it knows.
    pub known_failures: Failures,
    pub devices: Vec<Device>,
    /// The device that asks, while a rule is at work.
    pub asking: Option<String>,
    pub app: Option<App>,
    pub codes: Option<Vec<String>>,
    pub targets: Vec<Target>,
    pub generation: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Failures {
    pub run: u32,
    pub locks: u32,
    pub locked_until: Option<i64>,
}

/// A device from which somebody has signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub digest: String,
    pub used: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: String,
    /// How often it got a new secret.
    pub secret: u32,
    pub factors: BTreeSet<Factor>,
    pub expires: i64,
    pub challenged: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub id: String,
    pub purpose: Purpose,
    /// What was sent, once it was.
    pub secret: Option<String>,
    pub guessable: bool,
    pub expires: i64,
    pub tries: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    pub id: String,
    pub session: String,
    pub factor: Factor,
    pub code: Option<String>,
    pub expires: i64,
    pub tries: u8,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct App {
    /// What the service told of it, if it did.
    pub seed: Option<String>,
    pub verified: bool,
    pub last_step: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub id: String,
    pub identifier: String,
    pub session: Option<String>,
}

/// What a deed should come to if it took effect now.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub refusal: Option<Code>,
    /// The person as it should be saved; `None`: nothing is to be saved.
    pub after: Option<Box<Person>>,
    /// The person is to be removed.
    pub removes: Option<String>,
    pub events: Vec<&'static str>,
    /// Nobody is there, and a log entry is to be left.
    pub appends: bool,
    /// Another step follows: the address goes to an account of its own.
    pub apart: Option<Address>,
    /// What is to be read.
    pub view: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    Email(usize),
    Phone(usize),
}

#[derive(Debug, Default)]
pub struct Model {
    pub people: BTreeMap<String, Person>,
    pub log: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Assurance {
    Exempt,
    Full,
    FreshIfActive,
    Fresh,
}

impl Person {
    pub fn tidied(&self, now: i64) -> Self {
        let mut person = self.clone();
        person.sessions.retain(|session| now < session.expires);
        person.tokens.retain(|token| now < token.expires);
        person.challenges.retain(|challenge| now < challenge.expires);
        person.drop_orphans();
        person
    }

    fn drop_orphans(&mut self) {
        let ids: BTreeSet<String> = self.sessions.iter().map(|session| session.id.clone()).collect();
        self.targets.retain(|target| target.session.as_ref().is_none_or(|id| ids.contains(id)));
        self.challenges.retain(|challenge| ids.contains(&challenge.session));
    }

    fn keep_sessions(&mut self, keep: impl Fn(&Session) -> bool) {
        self.sessions.retain(keep);
        self.drop_orphans();
    }

    fn has_app(&self) -> bool {
        self.app.as_ref().is_some_and(|app| app.verified)
    }

    fn proven(address: Option<(usize, bool)>) -> bool {
        address.is_some_and(|(_, proven)| proven)
    }

    fn asks_for_two(&self) -> bool {
        let seconds = [Self::proven(self.email), Self::proven(self.phone), self.has_app()];
        let seconds = seconds.into_iter().filter(|held| *held).count();
        self.mfa && seconds > 0 && seconds + usize::from(self.password.is_some()) > 1
    }

    fn owes(&self, session: &Session) -> bool {
        let mut kinds = session.factors.iter().filter(|factor| **factor != Factor::Anonymous).count();
        let both = session.factors.contains(&Factor::Password) && session.factors.contains(&Factor::Email);
        let beyond = Self::proven(self.phone) || self.has_app();
        kinds -= usize::from(self.password.is_some() && self.by_mailbox && beyond && both);
        self.asks_for_two() && kinds < 2
    }

    fn tidied_for(&self, asking: Option<&str>, now: i64) -> Self {
        Self { asking: asking.map(str::to_owned), ..self.tidied(now) }
    }

    fn knows(&self, now: i64) -> bool {
        let is_it = |device: &Device| self.asking.as_ref() == Some(&device.digest);
        self.devices.iter().any(|device| is_it(device) && now < device.used + 365 * DAY)
    }

    fn is_locked(&self, now: i64) -> bool {
        let failures = if self.knows(now) { &self.known_failures } else { &self.failures };
        failures.locked_until.is_some_and(|until| now < until)
    }

    /// Counts a wrong guess, and tells what is to be logged of it.
    fn count(&mut self, now: i64) -> Vec<&'static str> {
        let knows = self.knows(now);
        let failures = if knows { &mut self.known_failures } else { &mut self.failures };
        failures.run += 1;
        let events = if matches!(failures.run, 1 | 10 | 100) { vec!["session.refuse"] } else { vec![] };
        if failures.run >= LIMIT_OF_GUESSES {
            let lock = (15 * MINUTE).saturating_mul(1 << failures.locks.min(30)).min(24 * HOUR);
            (failures.locked_until, failures.run) = (Some(now + lock), 0);
            failures.locks += 1;
        }
        events
    }

    fn forgive(&mut self) {
        (self.failures, self.known_failures) = Default::default();
    }

    /// Somebody has proved all that is asked for: the device is known from now on.
    fn welcome(&mut self, now: i64) {
        self.forgive();
        if !self.is_lasting() {
            return;
        }
        let digest = self.asking.clone().filter(|_| self.knows(now)).unwrap_or(NEW.into());
        self.devices.retain(|device| now < device.used + 365 * DAY && device.digest != digest);
        self.devices.push(Device { digest, used: now });
        let over = self.devices.len().saturating_sub(10);
        self.devices.drain(..over);
    }

    fn issue(&mut self, purpose: Purpose, guessable: bool, life: i64, now: i64) {
        let side_by_side = if guessable { 1 } else { 5 };
        while self.tokens.iter().filter(|token| token.purpose == purpose).count() >= side_by_side {
            let place = self.tokens.iter().position(|token| token.purpose == purpose);
            place.map(|place| self.tokens.remove(place));
        }
        let token = Token { id: NEW.into(), purpose, secret: None, guessable, expires: now + life, tries: 0 };
        self.tokens.push(token);
    }

    /// The token that a secret redeems, or what the wrong guess costs.
    fn redeem(&mut self, secret: &str, purposes: &[Purpose], now: i64) -> Result<Purpose, Verdict> {
        let locked = self.is_locked(now);
        let open = |purpose: Purpose| !locked || purpose.is_by_mail();
        let place = self.tokens.iter().position(|token| {
            purposes.contains(&token.purpose)
                && token.secret.as_deref() == Some(secret)
                && open(token.purpose)
        });
        if let Some(place) = place {
            return Ok(self.tokens.remove(place).purpose);
        }
        if secret.len() >= 32 {
            return Err(Verdict::refused(INVALID));
        }
        let mut counted = false;
        for token in self.tokens.iter_mut() {
            if token.guessable && purposes.contains(&token.purpose) && open(token.purpose) {
                (token.tries, counted) = (token.tries + 1, true);
            }
        }
        self.tokens.retain(|token| token.tries < 5);
        match (locked, counted) {
            (true, false) => Err(Verdict::refused(INVALID)),
            (true, true) => Err(Verdict::costs(INVALID, self.clone(), vec![])),
            (false, _) => {
                let events = self.count(now);
                Err(Verdict::costs(INVALID, self.clone(), events))
            }
        }
    }

    fn start_session(&mut self, factor: Factor, now: i64) {
        let session = Session {
            id: NEW.into(),
            secret: 0,
            factors: [factor].into(),
            expires: now + LIFE_OF_SESSIONS,
            challenged: None,
        };
        let owes = self.owes(&session);
        self.sessions.push(session);
        let over = self.sessions.len().saturating_sub(LIMIT_OF_SESSIONS);
        self.sessions.drain(..over);
        self.drop_orphans();
        if !owes {
            self.welcome(now);
        }
    }

    fn set_password(&mut self, password: usize) {
        (self.password, self.hash) = (Some(password), NEW.into());
    }

    fn drop_codes(&mut self, by_mail: bool) {
        self.tokens
            .retain(|token| if by_mail { !token.purpose.is_by_mail() } else { !token.purpose.is_by_phone() });
        let factor = if by_mail { Factor::Email } else { Factor::Phone };
        self.challenges.retain(|challenge| challenge.factor != factor);
    }

    fn drop_entrances(&mut self) {
        self.tokens.retain(|token| token.purpose.proves_only());
    }

    fn end_others(&mut self, own: &str) {
        self.keep_sessions(|session| session.id == own);
        self.devices.retain(|device| self.asking.as_ref() == Some(&device.digest));
        self.drop_entrances();
        self.generation += 1;
    }

    /// What the first proof of an address does. `Some`: it is not this person's any more.
    fn take_proof(&mut self, purpose: Purpose, events: &mut Vec<&'static str>) -> Option<Address> {
        let (own, other) = match purpose {
            Purpose::Generic => return None,
            _ if purpose.is_by_mail() => (Self::proven(self.email), Self::proven(self.phone)),
            _ => (Self::proven(self.phone), Self::proven(self.email)),
        };
        if !own && other {
            events.push("user.update");
            self.drop_codes(purpose.is_by_mail());
            return match purpose.is_by_mail() {
                true => self.email.take().map(|(address, _)| Address::Email(address)),
                false => self.phone.take().map(|(address, _)| Address::Phone(address)),
            };
        }
        if !own {
            let Self { id, email, phone, blocked, reset, generation, .. } = self.clone();
            let blank = Self { id, blocked, reset, generation: generation + 1, ..Self::default() };
            *self = match purpose.is_by_mail() {
                true => Self { email, ..blank },
                false => Self { phone, ..blank },
            };
        }
        let address = if purpose.is_by_mail() { &mut self.email } else { &mut self.phone };
        address.iter_mut().for_each(|(_, proven)| *proven = true);
        None
    }

    /// Whether somebody may act, and by which session.
    fn prove(&self, who: &Who, now: i64, assurance: Assurance) -> Result<usize, Verdict> {
        let place = self.sessions.iter().position(|session| {
            session.id == who.session
                && now < session.expires
                && match &who.jwt {
                    Some(jwt) => jwt.generation == self.generation,
                    None => session.secret == who.secret,
                }
        });
        let Some(place) = place else { return Err(Verdict::refused(NOT_SIGNED_IN)) };
        let session = &self.sessions[place];
        let fresh = session.challenged.is_some_and(|at| now - at <= 30 * MINUTE);
        let asks = match assurance {
            Assurance::Exempt | Assurance::Full => false,
            Assurance::FreshIfActive => self.asks_for_two(),
            Assurance::Fresh => true,
        };
        let refusal = match () {
            () if self.blocked => BLOCKED,
            () if self.reset => RESET,
            () if assurance != Assurance::Exempt && self.owes(session) => MORE_FACTORS,
            () if asks && !fresh => CHALLENGE,
            () => return Ok(place),
        };
        Err(Verdict::refused(refusal))
    }

    /// Whether nobody could come back to it.
    pub fn is_abandoned(&self, now: i64) -> bool {
        let tidied = self.tidied(now);
        !tidied.is_lasting() && tidied.sessions.is_empty() && tidied.tokens.is_empty()
    }

    fn is_lasting(&self) -> bool {
        self.password.is_some() || self.email.is_some() || self.phone.is_some()
    }

    /// Spends a code of the app, if it is one.
    fn spend_otp(&mut self, otp: &str, now: i64) -> bool {
        let Some(App { seed: Some(seed), last_step, .. }) = &mut self.app else { return false };
        if seed.starts_with(NEW) || otp.parse::<u32>().is_err() {
            return false;
        }
        let step = now.div_euclid(30 * SECOND);
        let shows = |step: i64| {
            let at = account::model::Timestamp::from_millis(step * 30 * SECOND);
            account::testing::totp(seed, at) == otp
        };
        let found =
            (step - 1..=step + 1).find(|step| last_step.is_none_or(|last| *step > last) && shows(*step));
        *last_step = found.or(*last_step);
        found.is_some()
    }

    pub fn user_view(&self) -> String {
        let targets: Vec<_> = self.targets.iter().map(|target| &target.identifier).collect();
        format!("{:?} {:?} {} {targets:?}", self.email, self.phone, self.mfa)
    }
}

impl Verdict {
    fn refused(code: Code) -> Self {
        Self { refusal: Some(code), ..Self::default() }
    }

    fn costs(code: Code, after: Person, events: Vec<&'static str>) -> Self {
        Self { refusal: Some(code), after: Some(Box::new(after)), events, ..Self::default() }
    }

    fn saves(after: Person, events: Vec<&'static str>) -> Self {
        Self { after: Some(Box::new(after)), events, ..Self::default() }
    }

    fn reads(view: String) -> Self {
        Self { view, ..Self::default() }
    }
}

const SIGN_IN: [Purpose; 4] = [Purpose::MagicUrl, Purpose::EmailCode, Purpose::PhoneCode, Purpose::Generic];

impl Model {
    pub fn holder(&self, address: Address) -> Option<&Person> {
        self.people.values().find(|person| match address {
            Address::Email(email) => person.email.is_some_and(|(address, _)| address == email),
            Address::Phone(phone) => person.phone.is_some_and(|(address, _)| address == phone),
        })
    }

    /// The check of who asks, before the act.
    pub fn judge_check(&self, who: &Who, exempt: bool, now: i64) -> Verdict {
        if who.jwt.as_ref().is_some_and(|jwt| now.div_euclid(SECOND) >= jwt.expires) {
            return Verdict::refused("user_jwt_invalid");
        }
        let Some(person) = self.people.get(&who.user) else { return Verdict::refused(NOT_SIGNED_IN) };
        let assurance = if exempt { Assurance::Exempt } else { Assurance::Full };
        person.prove(who, now, assurance).map_or_else(|refused| refused, |_| Verdict::default())
    }

    /// The account of its own that whoever proved an address gets.
    pub fn judge_apart(&self, deed: &Deed, address: Address, now: i64) -> Verdict {
        if self.holder(address).is_some() {
            return Verdict::refused(INVALID);
        }
        let mut person = Person { id: NEW.into(), ..Person::default() };
        match address {
            Address::Email(email) => person.email = Some((email, true)),
            Address::Phone(phone) => person.phone = Some((phone, true)),
        }
        let mut events = vec!["user.create"];
        match deed {
            Deed::FinishRecovery { password, .. } => person.set_password(*password),
            _ => {
                let factor = if matches!(address, Address::Email(_)) { Factor::Email } else { Factor::Phone };
                person.start_session(factor, now);
                events.push("session.create");
            }
        }
        Verdict::saves(person, events)
    }

    /// How many messages a deed that was done sends. `None`: one or none, as it depends on what the account was when the deed began.
    pub fn messages(deed: &Deed, before: Option<&Person>, after: &Person) -> Option<usize> {
        let is_reachable = usize::from(after.email.is_some());
        let was_confirmed = before.is_some_and(Person::has_app);
        Some(match deed {
            Deed::Send(..) | Deed::StartRecovery { .. } => usize::from(!after.blocked),
            Deed::FinishRecovery { .. } => usize::from(before.is_some() && after.email.is_some()),
            Deed::As { act, .. } => match act {
                Act::Password { .. } | Act::Address { .. } => return None,
                Act::StartVerification { .. } => 1,
                Act::StartChallenge(factor) => usize::from(matches!(factor, Factor::Email | Factor::Phone)),
                Act::Mfa(on) if before.is_some_and(|before| before.mfa != *on) => is_reachable,
                Act::RemoveApp if was_confirmed => is_reachable,
                Act::ConfirmApp { .. } | Act::CreateCodes | Act::ReplaceCodes => is_reachable,
                _ => 0,
            },
            _ => 0,
        })
    }

    /// The deed itself, asked for from this device.
    pub fn judge(&self, deed: &Deed, device: Option<&str>, now: i64) -> Verdict {
        match deed {
            Deed::Check(_) | Deed::Sweep => Verdict::default(),
            Deed::SignUp { id, email, password } => {
                let taken = id.as_ref().is_some_and(|id| self.people.contains_key(id));
                if taken || self.holder(Address::Email(*email)).is_some() {
                    return Verdict::refused(EXISTS);
                }
                let id = id.clone().unwrap_or(NEW.into());
                let person = Person {
                    id,
                    email: Some((*email, false)),
                    password: Some(*password),
                    hash: NEW.into(),
                    ..Person::default()
                };
                Verdict::saves(person, vec!["user.create"])
            }
            Deed::Anonymous => {
                let mut person = Person { id: NEW.into(), ..Person::default() };
                person.start_session(Factor::Anonymous, now);
                Verdict::saves(person, vec!["user.create", "session.create"])
            }
            Deed::SignIn { email, password } => self.judge_sign_in(*email, *password, device, now),
            Deed::Send(purpose, address) => self.judge_send(*purpose, *address, now),
            Deed::Redeem { user, secret } => self.with(user, secret, device, now, |person| {
                let purpose = person.redeem(secret, &SIGN_IN, now)?;
                let mut events = Vec::new();
                person.admit(&mut events)?;
                let apart = person.take_proof(purpose, &mut events);
                if apart.is_none() {
                    let factor = match purpose {
                        Purpose::Generic => Factor::Token,
                        _ if purpose.is_by_mail() => Factor::Email,
                        _ => Factor::Phone,
                    };
                    person.start_session(factor, now);
                    events.push("session.create");
                }
                Ok((events, apart))
            }),
            Deed::FinishVerification { user, secret } => self.with(user, secret, device, now, |person| {
                person.redeem(secret, &[Purpose::EmailVerification], now)?;
                let mut events = Vec::new();
                person.admit(&mut events)?;
                person.email.iter_mut().for_each(|(_, proven)| *proven = true);
                events.push("verification.update");
                Ok((events, None))
            }),
            Deed::StartRecovery { email } => match self.holder(Address::Email(*email)) {
                None => Verdict { appends: true, ..Verdict::default() },
                Some(person) => {
                    let mut person = person.tidied(now);
                    person.issue(Purpose::Recovery, false, HOUR, now);
                    Verdict::saves(person, vec!["recovery.create"])
                }
            },
            Deed::FinishRecovery { user, secret, password } => {
                self.with(user, secret, device, now, |person| {
                    person.redeem(secret, &[Purpose::Recovery], now)?;
                    let mut events = Vec::new();
                    person.admit(&mut events)?;
                    events.push("recovery.update");
                    let apart = person.take_proof(Purpose::Recovery, &mut events);
                    if apart.is_none() {
                        person.keep_sessions(|_| false);
                        person.devices.clear();
                        person.drop_entrances();
                        person.generation += 1;
                        person.reset = false;
                        if !person.asks_for_two() {
                            person.forgive();
                        }
                        person.set_password(*password);
                        person.by_mailbox = person.asks_for_two();
                    }
                    Ok((events, apart))
                })
            }
            // Somebody else's code is refused unseen.
            Deed::As { who, act: Act::FinishPhoneVerification { user, .. } } if *user != who.user => {
                Verdict::refused(INVALID)
            }
            Deed::As { who, act, .. } => match self.people.get(&who.user) {
                None => Verdict::refused(NOT_SIGNED_IN),
                Some(person) => {
                    let verdict = person.tidied_for(device, now).act(who, act, now);
                    match verdict {
                        Ok(verdict) => self.unless_taken(verdict, now),
                        Err(verdict) => verdict,
                    }
                }
            },
            Deed::Host { user, act } => {
                let Some(person) = self.people.get(user) else { return Verdict::refused(NO_USER) };
                let mut person = person.tidied(now);
                let event = match act {
                    HostAct::Delete => return Verdict { removes: Some(user.clone()), ..Verdict::default() },
                    HostAct::Block(blocked) => {
                        person.blocked = *blocked;
                        "user.update"
                    }
                    HostAct::RequireReset(required) => {
                        person.reset = *required;
                        "user.update"
                    }
                    HostAct::EndSessions => {
                        person.keep_sessions(|_| false);
                        "session.delete"
                    }
                    HostAct::IssueToken(long) => {
                        person.issue(Purpose::Generic, !long, 15 * MINUTE, now);
                        "token.create"
                    }
                };
                Verdict::saves(person, vec![event])
            }
        }
    }

    /// A deed of somebody with a secret for an account. Guesses at nobody's are logged.
    fn with(
        &self,
        user: &str,
        secret: &str,
        device: Option<&str>,
        now: i64,
        deed: impl FnOnce(&mut Person) -> Result<(Vec<&'static str>, Option<Address>), Verdict>,
    ) -> Verdict {
        let Some(person) = self.people.get(user) else {
            return Verdict { refusal: Some(INVALID), appends: secret.len() < 32, ..Verdict::default() };
        };
        let mut person = person.tidied_for(device, now);
        match deed(&mut person) {
            Err(verdict) => verdict,
            Ok((events, apart)) => Verdict { apart, ..Verdict::saves(person, events) },
        }
    }

    /// Addresses and device tokens belong to one person each. What has expired holds nothing.
    fn unless_taken(&self, verdict: Verdict, now: i64) -> Verdict {
        let Some(after) = &verdict.after else { return verdict };
        let others =
            self.people.values().filter(|person| person.id != after.id).map(|person| person.tidied(now));
        for other in others {
            let same = |one: Option<(usize, bool)>, other: Option<(usize, bool)>| {
                one.is_some() && one.map(|(address, _)| address) == other.map(|(address, _)| address)
            };
            let identifiers = |person: &Person| -> BTreeSet<String> {
                person.targets.iter().map(|target| target.identifier.clone()).collect()
            };
            if same(after.email, other.email)
                || same(after.phone, other.phone)
                || !identifiers(after).is_disjoint(&identifiers(&other))
            {
                return Verdict::refused(TARGET_EXISTS);
            }
        }
        verdict
    }

    fn judge_sign_in(&self, email: usize, password: usize, device: Option<&str>, now: i64) -> Verdict {
        let Some(person) = self.holder(Address::Email(email)) else {
            return Verdict { refusal: Some(WRONG), appends: true, ..Verdict::default() };
        };
        let mut person = person.tidied_for(device, now);
        if let Err(verdict) = person.guess(password, now) {
            return verdict;
        }
        let mut events = Vec::new();
        if let Err(verdict) = person.admit(&mut events) {
            return verdict;
        }
        person.start_session(Factor::Password, now);
        Verdict::saves(person, vec!["session.create"])
    }

    fn judge_send(&self, purpose: Purpose, address: Address, now: i64) -> Verdict {
        let life = if purpose == Purpose::MagicUrl { HOUR } else { 15 * MINUTE };
        let (mut person, mut events) = match self.holder(address) {
            Some(person) => (person.tidied(now), vec![]),
            None => {
                let mut person = Person { id: NEW.into(), ..Person::default() };
                match address {
                    Address::Email(email) => person.email = Some((email, false)),
                    Address::Phone(phone) => person.phone = Some((phone, false)),
                }
                (person, vec!["user.create"])
            }
        };
        person.issue(purpose, purpose != Purpose::MagicUrl, life, now);
        events.push("session.create");
        Verdict::saves(person, events)
    }
}
