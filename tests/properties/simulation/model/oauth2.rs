//! What becomes of those who come from a provider: whose account is theirs, and to whom they may be
//! linked.

use super::{Assurance, Code, EXISTS, MINUTE, Model, NEW, NOT_SIGNED_IN, Person, TARGET_EXISTS, Verdict};
use crate::simulation::deeds::{Factor, Purpose, Return, Visitor, Who};

/// Why a return is refused that does not belong to a flow under way.
pub(crate) const BAD_RETURN: Code = "user_oauth2_bad_request";
/// Why it is refused if the provider fails.
pub(crate) const PROVIDER_FAILS: Code = "user_oauth2_provider_error";
const NO_EMAIL: Code = "user_unauthorized";
pub(crate) const LIFE_OF_FLOWS: i64 = 10 * MINUTE;

/// An account at a provider that belongs to a person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) provider: usize,
    pub(crate) uid: usize,
    pub(crate) email: Option<usize>,
    /// The same, if the provider vouches for it.
    pub(crate) vouched: Option<usize>,
}

/// A flow that has ended at a person's account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spent {
    pub(crate) flow: usize,
    pub(crate) expires: i64,
}

/// By what a session was started, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum By {
    #[default]
    Else,
    /// A token that a provider's flow ended with.
    Token,
    /// An account at a provider.
    Provider(usize, usize),
}

impl Return {
    /// Whether it brings back a flow of the browser that began it, in time, to the same provider
    /// and in the same session.
    pub(crate) fn check(&self, now: i64) -> Result<(), Verdict> {
        let refused = Err(Verdict::refused(BAD_RETURN));
        let Some(flow) = self.kept.as_ref().filter(|kept| self.state.as_ref() == Some(&kept.state)) else {
            return refused;
        };
        let is_same = |own: &Who| {
            self.who.as_ref().is_some_and(|who| (&who.user, &who.session) == (&own.user, &own.session))
        };
        let fits =
            flow.provider == self.provider && now < flow.expires && flow.who.as_ref().is_none_or(is_same);
        if fits { Ok(()) } else { refused }
    }

    /// Whether the provider gives anything for the code: it is that of this flow.
    pub(crate) fn is_honoured(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.code == self.code)
    }
}

impl Person {
    pub(super) fn vouched(&self) -> impl Iterator<Item = usize> {
        self.identities.iter().filter_map(|identity| identity.vouched)
    }

    /// Whether a person proved the email, here or at a provider.
    pub(super) fn is_email_owned(&self) -> bool {
        self.email.is_some_and(|(email, proven)| proven || self.vouched().any(|other| other == email))
    }

    fn spend(&mut self, flow: usize, expires: i64) -> Result<(), Verdict> {
        if self.spent.iter().any(|spent| spent.flow == flow) {
            return Err(Verdict::refused(BAD_RETURN));
        }
        self.spent.push(Spent { flow, expires });
        let over = self.spent.len().saturating_sub(20);
        self.spent.drain(..over);
        Ok(())
    }

    /// Adds the identity if it is new. An address that it brings newly is left out unless it is
    /// claimed.
    fn link(&mut self, provider: usize, visitor: &Visitor, claims: bool, events: &mut Vec<&'static str>) {
        let is_it = |identity: &Identity| (identity.provider, identity.uid) == (provider, visitor.uid);
        if !self.identities.iter().any(is_it) {
            let id = NEW.into();
            self.identities.push(Identity { id, provider, uid: visitor.uid, email: None, vouched: None });
            events.push("identity.create");
        }
        for identity in self.identities.iter_mut().filter(|identity| is_it(identity)) {
            let held = identity.vouched;
            identity.email = visitor.email;
            identity.vouched = visitor.vouched().filter(|email| claims || held == Some(*email));
        }
        if claims {
            self.email = self.email.or(visitor.email.map(|email| (email, false)));
            if let Some((email, proven)) = &mut self.email {
                *proven |= visitor.vouched() == Some(*email);
            }
        }
    }

    fn enter(&mut self, back: &Return, now: i64, events: &mut Vec<&'static str>) {
        if back.kept.as_ref().is_some_and(|flow| flow.with_token) {
            self.issue(Purpose::OAuth2, false, 15 * MINUTE, now);
            events.push("token.create");
        } else {
            self.start_session(Factor::Email, now);
            if let Some(session) = self.sessions.last_mut() {
                session.by = By::Provider(back.provider, back.code.visitor.uid);
                session.factors.insert(Factor::OAuth2);
            }
            events.push("session.create");
        }
    }

    /// Takes an identity off.
    pub(super) fn unlink(&mut self, id: &str, own: &str) -> Result<(), Verdict> {
        let place = self.identities.iter().position(|identity| identity.id == id);
        let gone = self.identities.remove(place.ok_or(Verdict::refused("user_identity_not_found"))?);
        if self.email.is_none() && self.phone.is_none() && self.identities.is_empty() {
            return Err(Verdict::refused("general_bad_request"));
        }
        self.keep_sessions(|session| match session.by {
            By::Provider(provider, uid) => (provider, uid) != (gone.provider, gone.uid),
            By::Token => session.id == own,
            By::Else => true,
        });
        self.tokens.retain(|token| token.purpose != Purpose::OAuth2);
        Ok(())
    }
}

impl Visitor {
    fn vouched(&self) -> Option<usize> {
        self.email.filter(|_| self.is_vouched_for)
    }
}

impl Model {
    /// Whose identity it is.
    pub(crate) fn known(&self, provider: usize, uid: usize) -> Option<&Person> {
        let is_it = |identity: &Identity| (identity.provider, identity.uid) == (provider, uid);
        self.people.values().find(|person| person.identities.iter().any(is_it))
    }

    /// A person comes back from a provider. The identity decides; without one, an address that both
    /// sides have proved does; or else they are new.
    pub(crate) fn judge_return(&self, back: &Return, device: Option<&str>, now: i64) -> Verdict {
        let judged = match back.check(now) {
            Err(refused) => Err(refused),
            Ok(()) if back.kept.as_ref().is_some_and(|flow| flow.who.is_some()) => {
                self.link_to_caller(back, device, now)
            }
            Ok(()) => self.let_in(back, device, true, now),
        };
        judged.unwrap_or_else(|refused| refused)
    }

    fn link_to_caller(&self, back: &Return, device: Option<&str>, now: i64) -> Result<Verdict, Verdict> {
        let (Some(who), Some(flow)) = (&back.who, &back.kept) else {
            return Err(Verdict::refused(BAD_RETURN));
        };
        let person = self.people.get(&who.user).ok_or(Verdict::refused(NOT_SIGNED_IN))?;
        let mut person = person.tidied_for(device, now);
        person.prove(who, now, Assurance::Full)?;
        person.spend(flow.number, flow.expires)?;
        let mut events = Vec::new();
        person.link(back.provider, &back.code.visitor, true, &mut events);
        if flow.with_token {
            person.enter(back, now, &mut events);
        } else {
            let is_moved = |session: &Option<String>| session.as_ref() == Some(&who.session);
            let (mut moved, others): (Vec<_>, Vec<_>) =
                person.targets.drain(..).partition(|target| is_moved(&target.session));
            person.targets = others;
            person.keep_sessions(|session| session.id != who.session);
            person.enter(back, now, &mut events);
            moved.iter_mut().for_each(|target| target.session = Some(NEW.into()));
            person.targets.extend(moved);
        }
        Ok(self.unless_taken(Verdict::saves(person, events), EXISTS, now))
    }

    fn let_in(
        &self,
        back: &Return,
        device: Option<&str>,
        claims: bool,
        now: i64,
    ) -> Result<Verdict, Verdict> {
        let (visitor, Some(flow)) = (&back.code.visitor, &back.kept) else {
            return Err(Verdict::refused(BAD_RETURN));
        };
        let mut events = Vec::new();
        if let Some(person) = self.known(back.provider, visitor.uid) {
            let mut person = person.tidied_for(device, now);
            person.spend(flow.number, flow.expires)?;
            person.admit(&mut events)?;
            person.link(back.provider, visitor, claims, &mut events);
            person.enter(back, now, &mut events);
            let verdict = self.unless_taken(Verdict::saves(person, events), TARGET_EXISTS, now);
            return match claims && verdict.refusal == Some(TARGET_EXISTS) {
                true => self.let_in(back, device, false, now),
                false => Ok(verdict),
            };
        }
        let email = visitor.email.ok_or(Verdict::refused(NO_EMAIL))?;
        let mut person = match self.mailbox(email) {
            None => {
                events.push("user.create");
                let mut person = Person::new(now);
                person.spend(flow.number, flow.expires)?;
                person
            }
            Some(person) => {
                if !visitor.is_vouched_for || person.email.is_none_or(|(address, _)| address != email) {
                    return Err(Verdict::refused(EXISTS));
                }
                let mut person = person.tidied_for(device, now);
                person.spend(flow.number, flow.expires)?;
                person.admit(&mut events)?;
                if let Some(address) = person.take_proof(Purpose::EmailCode, &mut events) {
                    return Ok(Verdict { apart: Some(address), ..Verdict::saves(person, events) });
                }
                person
            }
        };
        person.link(back.provider, visitor, true, &mut events);
        person.enter(back, now, &mut events);
        Ok(self.unless_taken(Verdict::saves(person, events), EXISTS, now))
    }
}
