//! The rules: what each deed should come to.

use std::collections::BTreeSet;

use super::{
    Address, Assurance, Code, EXISTS, HOUR, INVALID, MINUTE, Model, NEW, NO_USER, NOT_SIGNED_IN, Person,
    SECOND, TARGET_EXISTS, Verdict, WRONG, oauth2::By,
};
use crate::simulation::deeds::{Act, Deed, Factor, HostAct, Purpose, Who};

const SIGN_IN: [Purpose; 5] =
    [Purpose::MagicUrl, Purpose::EmailCode, Purpose::PhoneCode, Purpose::Generic, Purpose::OAuth2];

impl Model {
    pub(crate) fn holder(&self, address: Address) -> Option<&Person> {
        self.people.values().find(|person| match address {
            Address::Email(email) => person.email.is_some_and(|(address, _)| address == email),
            Address::Phone(phone) => person.phone.is_some_and(|(address, _)| address == phone),
        })
    }

    /// Who has this email, or an identity that a provider vouches it is of.
    pub(crate) fn mailbox(&self, email: usize) -> Option<&Person> {
        self.people.values().find(|person| {
            person.email.is_some_and(|(address, _)| address == email)
                || person.vouched().any(|address| address == email)
        })
    }

    fn is_taken(&self, address: Address) -> bool {
        match address {
            Address::Email(email) => self.mailbox(email).is_some(),
            Address::Phone(_) => self.holder(address).is_some(),
        }
    }

    /// The check of who asks, before the act.
    pub(crate) fn judge_check(&self, who: &Who, exempt: bool, now: i64) -> Verdict {
        if who.jwt.as_ref().is_some_and(|jwt| now.div_euclid(SECOND) >= jwt.expires) {
            return Verdict::refused("user_jwt_invalid");
        }
        let Some(person) = self.people.get(&who.user) else { return Verdict::refused(NOT_SIGNED_IN) };
        let assurance = if exempt { Assurance::Exempt } else { Assurance::Full };
        person.prove(who, now, assurance).map_or_else(|refused| refused, |_| Verdict::default())
    }

    /// The account of its own that the one who proved an address gets.
    pub(crate) fn judge_apart(&self, deed: &Deed, address: Address, now: i64) -> Verdict {
        if self.is_taken(address) {
            return Verdict::refused(INVALID);
        }
        let mut person = Person::new(now);
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

    /// How many messages a deed that was done sends. `None`: one or none, as it depends on what the
    /// account was when the deed began.
    pub(crate) fn messages(deed: &Deed, before: Option<&Person>, after: &Person) -> Option<usize> {
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
                Act::ConfirmApp { .. } | Act::CreateCodes | Act::ReplaceCodes | Act::Unlink(_) => {
                    is_reachable
                }
                _ => 0,
            },
            // Those are told who were there before the identity was.
            Deed::FinishOAuth2(_) => before.map_or(0, |before| {
                let is_linked = before.identities.len() < after.identities.len();
                usize::from(is_linked && before.email.is_some())
            }),
            _ => 0,
        })
    }

    /// The deed itself, asked for from this device.
    pub(crate) fn judge(&self, deed: &Deed, device: Option<&str>, now: i64) -> Verdict {
        match deed {
            Deed::Check(_) | Deed::Flood(_) | Deed::StartOAuth2(_) => Verdict::default(),
            Deed::Sweep { .. } | Deed::RemoveGuests { .. } | Deed::ForgetEvents { .. } => Verdict::default(),
            Deed::SignUp { id, email, password } => {
                let taken = id.as_ref().is_some_and(|id| self.people.contains_key(id));
                if taken || self.is_taken(Address::Email(*email)) {
                    return Verdict::refused(EXISTS);
                }
                let id = id.clone().unwrap_or(NEW.into());
                let person = Person {
                    id,
                    email: Some((*email, false)),
                    password: Some(*password),
                    hash: NEW.into(),
                    ..Person::new(now)
                };
                Verdict::saves(person, vec!["user.create"])
            }
            Deed::Anonymous => {
                let mut person = Person::new(now);
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
                        Purpose::OAuth2 => Factor::Email,
                        _ if purpose.is_by_mail() => Factor::Email,
                        _ => Factor::Phone,
                    };
                    person.start_session(factor, now);
                    if let Some(session) = person.sessions.last_mut().filter(|_| purpose == Purpose::OAuth2) {
                        session.by = By::Token;
                    }
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
            // Another person's code is refused unseen.
            Deed::As { who, act: Act::FinishPhoneVerification { user, .. } } if *user != who.user => {
                Verdict::refused(INVALID)
            }
            Deed::As { who, act, .. } => match self.people.get(&who.user) {
                None => Verdict::refused(NOT_SIGNED_IN),
                Some(person) => {
                    let verdict = person.tidied_for(device, now).act(who, act, now);
                    match verdict {
                        Ok(verdict) => self.unless_taken(verdict, TARGET_EXISTS, now),
                        Err(verdict) => verdict,
                    }
                }
            },
            Deed::FinishOAuth2(back) => self.judge_return(back, device, now),
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

    /// A deed of a person with a secret for an account. Guesses at no one's are logged.
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

    /// Addresses, identities and device tokens belong to one person each. What has expired holds
    /// nothing.
    pub(super) fn unless_taken(&self, verdict: Verdict, code: Code, now: i64) -> Verdict {
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
            let mailboxes = |person: &Person| -> BTreeSet<usize> {
                let email = person.email.map(|(address, _)| address);
                email.into_iter().chain(person.vouched()).collect()
            };
            let identities = |person: &Person| -> BTreeSet<(usize, usize)> {
                person.identities.iter().map(|identity| (identity.provider, identity.uid)).collect()
            };
            if same(after.phone, other.phone)
                || !mailboxes(after).is_disjoint(&mailboxes(&other))
                || !identities(after).is_disjoint(&identities(&other))
                || !identifiers(after).is_disjoint(&identifiers(&other))
            {
                return Verdict::refused(code);
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
            None if self.is_taken(address) => return Verdict::refused(EXISTS),
            None => {
                let mut person = Person::new(now);
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
