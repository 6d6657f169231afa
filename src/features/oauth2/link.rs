//! Linking a provider's identity to an account: the decisions.

use std::mem::take;

use super::flow::Flow;
use crate::{
    crypto::Sealer,
    error::Error,
    model::{
        Channel, Contact, Email, EventKind, Factor, IdentityId, IdentityRecord, Key, Name, ProviderKey,
        SessionId, SessionProvider, TargetId,
    },
    oauth2::{ProviderUser, Tokens},
    service::{Abort, Draft, Guard, NewSession, NewToken, SignInMethod, StartedSession},
};

/// How many finished flows an account remembers.
const MAX_STATES: usize = 20;
/// How many identities an account may have.
const MAX_IDENTITIES: usize = 50;
/// Two names of one factor: the wire's name of a provider sign-in, and its class.
const FACTORS: [Factor; 2] = [Factor::Email, Factor::OAuth2];

/// A user who returns from a provider, with the random values that the sign-in needs.
pub(super) struct ExternalLogin<'a> {
    pub(super) provider: &'a ProviderKey,
    pub(super) user: ProviderUser,
    pub(super) tokens: Tokens,
    pub(super) flow: &'a Flow,
    pub(super) identity: IdentityId,
    pub(super) target: TargetId,
    pub(super) nonce: [u8; 24],
    pub(super) grant: Grant,
}

/// What the sign-in results in.
pub(super) enum Grant {
    Session(Box<NewSession>),
    Token(NewToken),
}

/// What happened at an account that was found by the email address.
pub(super) enum LinkOutcome {
    /// Linked. A session was started unless the grant is a token; the contact is to be notified of
    /// a new identity.
    Linked(Option<StartedSession>, Option<(Email, Name)>),
    /// The address was removed from the account: the user gets an account of their own.
    AddressRemoved,
}

impl Draft {
    /// Records that the flow has finished here, so that it cannot finish twice.
    pub(super) fn spend(&mut self, flow: &Flow) -> Result<(), Abort> {
        let spent = flow.spent();
        if self.spent_states.iter().any(|state| state.digest.matches(&spent.digest)) {
            return Err(Error::InvalidState.into());
        }
        self.spent_states.push(spent);
        let over = self.spent_states.len().saturating_sub(MAX_STATES);
        self.spent_states.drain(..over);
        Ok(())
    }

    /// Adds the identity, or updates it. Returns whether it is new.
    pub(super) fn link(
        &mut self,
        login: &ExternalLogin<'_>,
        claims_address: bool,
        sealer: &Sealer,
    ) -> Result<bool, Abort> {
        let is_new = !self.identities.iter().any(|identity| login.is_of(identity));
        if is_new {
            self.add_identity(login)?;
        }
        let now = self.now;
        let Some(identity) = self.identities.iter_mut().find(|identity| login.is_of(identity)) else {
            return Ok(is_new);
        };
        identity.email.clone_from(&login.user.email);
        let held = identity.verified_email.take();
        identity.verified_email =
            login.verified_email().filter(|email| claims_address || held.as_ref() == Some(email));
        // A refresh of the earlier tokens that is under way must not overwrite these.
        identity.refreshing_until = None;
        identity.access_expires_at = login.tokens.expires_in.map(|span| now.after(span));
        identity.updated_at = now;
        let id = identity.id;
        self.keep_tokens(id, &login.tokens, login.flow.redirect_uri(), sealer, login.nonce);
        Ok(is_new)
    }

    fn add_identity(&mut self, login: &ExternalLogin<'_>) -> Result<(), Abort> {
        if self.identities.len() >= MAX_IDENTITIES {
            return Err(Error::TooMany("identities").into());
        }
        let record = IdentityRecord {
            id: login.identity,
            created_at: self.now,
            updated_at: self.now,
            provider: login.provider.as_str().into(),
            uid: login.user.uid.clone(),
            email: None,
            verified_email: None,
            access_expires_at: None,
            refreshing_until: None,
        };
        self.identities.push(record);
        self.note(EventKind::IdentityCreated, None);
        Ok(())
    }

    /// Takes over the provider's name and address where the account has none, and marks the address
    /// as verified if the provider has verified it.
    pub(super) fn gain_profile(&mut self, login: &ExternalLogin<'_>) {
        let (now, user) = (self.now, &login.user);
        let gains_name = self.name.is_empty() && !user.name.is_empty();
        if gains_name {
            self.name = user.name.clone();
        }
        let gained = user.email.as_ref().filter(|_| self.email.is_none()).cloned();
        let gains_email = gained.is_some();
        if let Some(email) = gained {
            self.email = Some(Contact::new(email, login.target, now));
        }
        let is_verified_there = self.email.is_some() && self.email().cloned() == login.verified_email();
        let gains_verification = is_verified_there && self.mark_verified(Channel::Mailbox, now);
        if gains_name || gains_email || gains_verification {
            self.updated_at = now;
        }
    }

    /// Replaces a session by the one that `start` starts, which takes over its push targets.
    pub(super) fn replace_session<T>(
        &mut self,
        old: &SessionId,
        new: &SessionId,
        start: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let (mut moved, others) = take(&mut self.targets)
            .into_iter()
            .partition::<Vec<_>, _>(|target| target.session.as_ref() == Some(old));
        self.targets = others;
        self.retain_sessions(|session| session.id != *old);
        let started = start(self);
        moved.iter_mut().for_each(|target| target.session = Some(*new));
        self.targets.append(&mut moved);
        started
    }

    /// Starts the session or issues the token.
    pub(super) fn grant(&mut self, login: &ExternalLogin<'_>, guard: Guard<'_>) -> Option<StartedSession> {
        match &login.grant {
            Grant::Session(new) => {
                let provider = SessionProvider::Provider(*login.provider);
                let method = SignInMethod { provider, uid: &login.user.uid, factors: &FACTORS };
                Some(self.start_session(new, method, guard))
            }
            Grant::Token(new) => {
                self.issue(new, guard);
                self.note(EventKind::TokenCreated, None);
                None
            }
        }
    }
}

impl ExternalLogin<'_> {
    pub(super) fn key(&self) -> Key {
        Key::Identity { provider: self.provider.as_str().into(), uid: self.user.uid.clone() }
    }

    /// The address, if the provider has verified it.
    pub(super) fn verified_email(&self) -> Option<Email> {
        self.user.email.clone().filter(|_| self.user.email_verified)
    }

    fn is_of(&self, identity: &IdentityRecord) -> bool {
        *identity.provider == *self.provider.as_str() && identity.uid == self.user.uid
    }
}
