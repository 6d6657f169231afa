//! What the service should do, told a second time and simply: people as plain values, and one rule
//! per deed.
//!
//! Nothing of the crate decides here. A rule is asked at the moment a call reaches the store, which
//! is where an operation takes effect; what it says must be what the service saves and answers.

mod acts;
mod judge;
pub(crate) mod limits;
pub(crate) mod oauth2;

use std::collections::{BTreeMap, BTreeSet};

use oauth2::{By, Identity, Spent};

use crate::simulation::deeds::{Factor, Purpose, Who};

pub(crate) const LIMIT_OF_SESSIONS: usize = 4;
pub(crate) const LIMIT_OF_GUESSES: u32 = 6;
pub(crate) const LIFE_OF_SESSIONS: i64 = 30 * DAY;
pub(crate) const LIFE_OF_JWTS: i64 = 900;
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// What people call themselves.
pub(crate) const NAME: &str = "Ada";
/// Stands for an id that only the service knows so far.
pub(crate) const NEW: &str = "?";

/// Why a deed is refused: the code of the error.
pub(crate) type Code = &'static str;
pub(crate) const NOT_SIGNED_IN: Code = "general_unauthorized_scope";
pub(crate) const WRONG: Code = "user_invalid_credentials";
pub(crate) const INVALID: Code = "user_invalid_token";
const BLOCKED: Code = "user_blocked";
const RESET: Code = "user_password_reset_required";
const MORE_FACTORS: Code = "user_more_factors_required";
const CHALLENGE: Code = "user_challenge_required";
const EXISTS: Code = "user_already_exists";
const TARGET_EXISTS: Code = "user_target_already_exists";
const NO_USER: Code = "user_not_found";
const NO_SESSION: Code = "user_session_not_found";

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) email: Option<(usize, bool)>,
    pub(crate) phone: Option<(usize, bool)>,
    pub(crate) password: Option<usize>,
    /// The hash of the password, which changes with it and never else.
    pub(crate) hash: String,
    pub(crate) by_mailbox: bool,
    pub(crate) blocked: bool,
    pub(crate) reset: bool,
    pub(crate) mfa: bool,
    pub(crate) preferences: usize,
    pub(crate) sessions: Vec<Session>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) challenges: Vec<Challenge>,
    pub(crate) failures: Failures,
    /// Wrong guesses from devices that it knows.
    pub(crate) known_failures: Failures,
    pub(crate) devices: Vec<Device>,
    /// The device that asks, while a rule is at work.
    pub(crate) asking: Option<String>,
    pub(crate) app: Option<App>,
    pub(crate) codes: Option<Vec<String>>,
    pub(crate) targets: Vec<Target>,
    pub(crate) identities: Vec<Identity>,
    /// The flows that have ended here lately.
    pub(crate) spent: Vec<Spent>,
    pub(crate) generation: u32,
    /// When it was noted last that a person uses it.
    pub(crate) accessed: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Failures {
    pub(crate) run: u32,
    pub(crate) locks: u32,
    pub(crate) locked_until: Option<i64>,
}

/// A device from which a person has signed in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Device {
    pub(crate) digest: String,
    pub(crate) used: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// How often it got a new secret.
    pub(crate) secret: u32,
    pub(crate) factors: BTreeSet<Factor>,
    pub(crate) expires: i64,
    pub(crate) challenged: Option<i64>,
    pub(crate) by: By,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    /// What was sent, once it was.
    pub(crate) secret: Option<String>,
    pub(crate) guessable: bool,
    pub(crate) expires: i64,
    pub(crate) tries: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Challenge {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) factor: Factor,
    pub(crate) code: Option<String>,
    pub(crate) expires: i64,
    pub(crate) tries: u8,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct App {
    /// What the service told of it, if it did.
    pub(crate) seed: Option<String>,
    pub(crate) verified: bool,
    pub(crate) last_step: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) session: Option<String>,
}

/// What a deed should come to if it took effect now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) refusal: Option<Code>,
    /// The person as it should be saved; `None`: nothing is to be saved.
    pub(crate) after: Option<Box<Person>>,
    /// The person is to be removed.
    pub(crate) removes: Option<String>,
    pub(crate) events: Vec<&'static str>,
    /// No one is there, and a log entry is to be left.
    pub(crate) appends: bool,
    /// Another step follows: the address goes to an account of its own.
    pub(crate) apart: Option<Address>,
    /// What is to be read.
    pub(crate) view: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Address {
    Email(usize),
    Phone(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) people: BTreeMap<String, Person>,
    /// When each entry was made.
    pub(crate) log: BTreeMap<String, Vec<i64>>,
    pub(crate) counts: limits::Counts,
}

#[derive(Clone, Copy, PartialEq)]
enum Assurance {
    Exempt,
    Full,
    FreshIfActive,
    Fresh,
}

impl Person {
    pub(crate) fn new(now: i64) -> Self {
        Self { id: NEW.into(), accessed: now, ..Self::default() }
    }

    pub(crate) fn tidied(&self, now: i64) -> Self {
        let mut person = self.clone();
        person.sessions.retain(|session| now < session.expires);
        person.tokens.retain(|token| now < token.expires);
        person.challenges.retain(|challenge| now < challenge.expires);
        person.spent.retain(|spent| now < spent.expires);
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
        let firsts = [self.password.is_some(), !Self::proven(self.email) && !self.identities.is_empty()];
        let firsts = firsts.into_iter().filter(|held| *held).count();
        self.mfa && seconds > 0 && seconds + firsts > 1
    }

    fn owes(&self, session: &Session) -> bool {
        // The one who has the mailbox has the account at the provider, too.
        let counts = |factor: &&Factor| !matches!(factor, Factor::Anonymous | Factor::OAuth2);
        let mut kinds = session.factors.iter().filter(counts).count();
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

    /// A person has proved all that is asked for: the device is known from now on.
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
            by: By::Else,
        };
        let owes = self.owes(&session);
        self.accessed = now;
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
            Purpose::Generic | Purpose::OAuth2 => return None,
            _ if purpose.is_by_mail() => (self.is_email_owned(), Self::proven(self.phone)),
            _ => (Self::proven(self.phone), self.is_email_owned()),
        };
        if !own && (other || !self.identities.is_empty()) {
            events.push("user.update");
            self.drop_codes(purpose.is_by_mail());
            return match purpose.is_by_mail() {
                true => self.email.take().map(|(address, _)| Address::Email(address)),
                false => self.phone.take().map(|(address, _)| Address::Phone(address)),
            };
        }
        if !own {
            let Self { id, email, phone, blocked, reset, generation, accessed, spent, .. } = self.clone();
            let generation = generation + 1;
            let blank = Self { id, blocked, reset, generation, accessed, spent, ..Self::default() };
            *self = match purpose.is_by_mail() {
                true => Self { email, ..blank },
                false => Self { phone, ..blank },
            };
        }
        let address = if purpose.is_by_mail() { &mut self.email } else { &mut self.phone };
        address.iter_mut().for_each(|(_, proven)| *proven = true);
        None
    }

    /// Whether a person may act, and by which session.
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

    /// Whether no one could come back to it.
    pub(crate) fn is_abandoned(&self, now: i64) -> bool {
        let tidied = self.tidied(now);
        !tidied.is_lasting() && tidied.sessions.is_empty() && tidied.tokens.is_empty()
    }

    /// Whether it has no way in but a session, and no one has used it for so many days. Use is
    /// noted once a day.
    pub(crate) fn is_unused(&self, days: i64, now: i64) -> bool {
        !self.is_lasting() && now - self.accessed >= days.max(2) * DAY
    }

    fn is_lasting(&self) -> bool {
        self.password.is_some() || self.email.is_some() || self.phone.is_some() || !self.identities.is_empty()
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

    pub(crate) fn user_view(&self) -> String {
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
