//! Whose account a provider's account is: found, made or linked (H50, H51, H53, H55, H82).

use std::mem::take;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{OAuth2Outcome, flow::Flow};
use crate::{
    AccountService, Error, Secret, SessionHolder,
    crypto::Sealer,
    messages::Notice,
    model::{
        Account, Channel, Contact, Email, EventKind, Factor, IdentityId, IdentityRecord, Key, Name,
        ProviderKey, ProviderTokens, SessionId, SessionProvider, TargetId, TokenPurpose, UserId,
    },
    oauth2::{ProviderUser, Tokens},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Address, Arrival, Draft, Errand, Guard, NewSession, NewToken, Proven, Refusal, Settled, Way},
};

/// How many sign-ins by providers an account remembers to have ended.
const MOST_STATES: usize = 20;
/// How many identities an account may have.
const MOST_IDENTITIES: usize = 50;
/// Two: what the provider's account is called on the wire, in one class.
const FACTORS: [Factor; 2] = [Factor::Email, Factor::OAuth2];

/// Somebody who comes from a provider, with all that is random about letting them in.
struct Visitor<'a> {
    provider: &'a ProviderKey,
    user: ProviderUser,
    tokens: Tokens,
    flow: &'a Flow,
    identity: IdentityId,
    target: TargetId,
    nonce: [u8; 24],
    entrance: Entrance,
}

/// What the visitor gets.
enum Entrance {
    Session(Box<NewSession>),
    Token(NewToken),
}

/// What becomes of a visitor at an account that is found by the email address.
enum Welcome {
    /// Let in: with a session, or else a token. Whom to tell of it, if the identity is new to the account.
    Entered(Option<Arrival>, Option<(Email, Name)>),
    /// The address was taken off the account; the visitor gets one of their own.
    Apart,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    pub(super) async fn admit_provider_user(
        &self,
        provider: &ProviderKey,
        flow: &Flow,
        user: ProviderUser,
        tokens: Tokens,
        caller: Option<&SessionHolder>,
        errand: Errand<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let now = errand.now;
        let entrance = match flow.with_token {
            true => Entrance::Token(self.new_token(TokenPurpose::OAuth2, now)?),
            false => Entrance::Session(Box::new(self.new_session(errand.client, now)?)),
        };
        let visitor = Visitor {
            provider,
            user,
            tokens,
            flow,
            identity: IdentityId::generate(now, *self.draw()?),
            target: TargetId::generate(now, *self.draw()?),
            nonce: *self.draw()?,
            entrance,
        };
        match caller {
            Some(caller) => self.link_to_caller(visitor, caller, errand).await,
            None => self.let_in(visitor, errand).await,
        }
    }

    /// Links the provider's account to the caller's. A session takes the place of the caller's; a token leaves that for its redemption.
    async fn link_to_caller(
        &self,
        visitor: Visitor<'_>,
        caller: &SessionHolder,
        errand: Errand<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let guard = self.guard(errand.client);
        let decide = |draft: &mut Draft| {
            draft.spend(visitor.flow)?;
            let told = draft.contact();
            let is_new = draft.link(&visitor, true, &self.inner.sealer)?;
            draft.gain_profile(&visitor);
            let arrival = match &visitor.entrance {
                Entrance::Session(new) => draft
                    .replace_session(caller.session_id(), &new.id(), |draft| draft.enter(&visitor, guard)),
                Entrance::Token(_) => draft.enter(&visitor, guard),
            };
            Ok((arrival, told.filter(|_| is_new)))
        };
        let linked = self.change_as(caller, errand, Parts::Whole, decide).await;
        let ((arrival, told), account) = linked.map_err(|error| match error {
            // The identity or its address is on another account.
            Error::TargetExists => Error::UserExists,
            other => other,
        })?;
        self.tell_of_link(told, &visitor, errand).await;
        self.outcome(&account, visitor.entrance, arrival, errand).await
    }

    /// Signs in to the account of the identity, or else to that of a proven address, or else to a new one.
    async fn let_in(&self, visitor: Visitor<'_>, errand: Errand<'_>) -> Result<OAuth2Outcome, Error> {
        let guard = self.guard(errand.client);
        let identity = visitor.key();
        // Somebody else may create, link or remove between two looks.
        for _ in 0..3 {
            // The identity decides alone. An address that it brings newly is its own only if nobody else's.
            for claims_address in [true, false] {
                let known = |draft: &mut Draft| {
                    draft.spend(visitor.flow)?;
                    draft.admit_sign_in()?;
                    draft.link(&visitor, claims_address, &self.inner.sealer)?;
                    if claims_address {
                        draft.gain_profile(&visitor);
                    }
                    Ok(draft.enter(&visitor, guard))
                };
                match self.change(&identity, Parts::Whole, errand, known).await {
                    Ok(Settled::Done(arrival, account)) => {
                        return self.outcome(&account, visitor.entrance, arrival, errand).await;
                    }
                    Ok(Settled::PrepareAgain | Settled::Absent) => break,
                    Err(Error::TargetExists) => {}
                    Err(error) => return Err(error),
                }
            }
            let email = visitor.user.email.clone().ok_or(Error::NoProviderEmail)?;
            let address = Address::Email(email);
            let by_address = |draft: &mut Draft| {
                // Another flow of theirs was faster.
                if draft.keys().binary_search(&identity).is_ok() {
                    return Err(Refusal::Stale);
                }
                // The address of another identity says who somebody is at that provider, not whose the account is.
                if !visitor.user.email_verified || !address.belongs_to(draft) {
                    return Err(Error::UserExists.into());
                }
                draft.spend(visitor.flow)?;
                draft.admit_sign_in()?;
                if let Proven::Apart(_) = draft.take_proof(Channel::Mailbox) {
                    return Ok(Welcome::Apart);
                }
                let told = draft.contact();
                let is_new = draft.link(&visitor, true, &self.inner.sealer)?;
                draft.gain_profile(&visitor);
                Ok(Welcome::Entered(draft.enter(&visitor, guard), told.filter(|_| is_new)))
            };
            match self.change(&address.key(), Parts::Whole, errand, by_address).await {
                Ok(Settled::Done(Welcome::Entered(arrival, told), account)) => {
                    self.tell_of_link(told, &visitor, errand).await;
                    return self.outcome(&account, visitor.entrance, arrival, errand).await;
                }
                Ok(Settled::PrepareAgain) => continue,
                Ok(Settled::Done(Welcome::Apart, _) | Settled::Absent) => {}
                Err(Error::TargetExists) => return Err(Error::UserExists),
                Err(error) => return Err(error),
            }
            let id = UserId::generate(errand.now, *self.draw()?);
            let mut draft = Draft::new(Account::new(id, errand.now), errand.now);
            draft.spend(visitor.flow).map_err(|_| Error::InvalidState)?;
            draft.note(EventKind::UserCreated, None);
            draft.link(&visitor, true, &self.inner.sealer).map_err(|_| Error::Internal)?;
            draft.gain_profile(&visitor);
            let arrival = draft.enter(&visitor, guard);
            match self.create(draft, errand).await {
                Ok(account) => return self.outcome(&account, visitor.entrance, arrival, errand).await,
                Err(Error::UserExists) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::UserExists)
    }

    /// Tells the address that the account had before of an identity that is new to it.
    async fn tell_of_link(&self, told: Option<(Email, Name)>, visitor: &Visitor<'_>, errand: Errand<'_>) {
        let provider = self.provider_name(visitor.provider.as_str());
        self.notify(told, errand.client, errand.now, Notice::IdentityLinked { provider }).await;
    }

    async fn outcome(
        &self,
        account: &Account,
        entrance: Entrance,
        arrival: Option<Arrival>,
        errand: Errand<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        match (entrance, arrival) {
            (Entrance::Session(new), Some(arrival)) => {
                let signed_in = self.signed_in(account, *new, arrival, errand).await;
                Ok(OAuth2Outcome::Session(Box::new(signed_in)))
            }
            (Entrance::Token(new), None) => Ok(OAuth2Outcome::Token(new.view(account, None))),
            _ => Err(Error::Internal),
        }
    }
}

impl Visitor<'_> {
    fn key(&self) -> Key {
        Key::Identity { provider: self.provider.as_str().into(), uid: self.user.uid.clone() }
    }

    /// The address, if the provider vouches for it.
    fn verified_email(&self) -> Option<Email> {
        self.user.email.clone().filter(|_| self.user.email_verified)
    }
}

impl Draft {
    /// Remembers that the flow has ended here; it cannot twice.
    fn spend(&mut self, flow: &Flow) -> Result<(), Refusal> {
        let spent = flow.spent();
        if self.spent_states.iter().any(|state| state.digest.matches(&spent.digest)) {
            return Err(Error::InvalidState.into());
        }
        self.spent_states.push(spent);
        let over = self.spent_states.len().saturating_sub(MOST_STATES);
        self.spent_states.drain(..over);
        Ok(())
    }

    /// Adds the identity, or notes what is new about it. Tells whether it was added.
    fn link(
        &mut self,
        visitor: &Visitor<'_>,
        claims_address: bool,
        sealer: &Sealer,
    ) -> Result<bool, Refusal> {
        let (now, user) = (self.now, &visitor.user);
        let is_it = |identity: &IdentityRecord| {
            *identity.provider == *visitor.provider.as_str() && identity.uid == user.uid
        };
        let is_new = !self.identities.iter().any(is_it);
        if is_new {
            if self.identities.len() >= MOST_IDENTITIES {
                return Err(Error::TooMany("identities").into());
            }
            self.identities.push(IdentityRecord {
                id: visitor.identity,
                created_at: now,
                updated_at: now,
                provider: visitor.provider.as_str().into(),
                uid: user.uid.clone(),
                email: None,
                verified_email: None,
                access_expires_at: None,
                refreshing_until: None,
            });
            self.note(EventKind::IdentityCreated, None);
        }
        let Some(identity) = self.identities.iter_mut().find(|identity| is_it(identity)) else {
            return Ok(is_new);
        };
        identity.email.clone_from(&user.email);
        let held = identity.verified_email.take();
        identity.verified_email =
            visitor.verified_email().filter(|email| claims_address || held.as_ref() == Some(email));
        // Whoever is exchanging the earlier tokens comes too late.
        identity.refreshing_until = None;
        identity.access_expires_at = visitor.tokens.expires_in.map(|span| now.after(span));
        identity.updated_at = now;
        let id = identity.id;
        self.keep_tokens(id, &visitor.tokens, visitor.flow.redirect_uri(), sealer, visitor.nonce);
        Ok(is_new)
    }

    /// Seals what the provider gave, for this account and identity.
    pub(super) fn keep_tokens(
        &mut self,
        identity: IdentityId,
        tokens: &Tokens,
        redirect_uri: &str,
        sealer: &Sealer,
        nonce: [u8; 24],
    ) {
        let kept = KeptTokens {
            redirect_uri: redirect_uri.into(),
            access: tokens.access_token.expose().into(),
            refresh: tokens.refresh_token.as_ref().map(|token| token.expose().into()),
            location: tokens.location.as_deref().map(Into::into),
        };
        let Ok(json) = serde_json::to_vec(&kept).map(Zeroizing::new) else { return };
        let sealed = sealer.seal(&place(&self.id, &identity), &json, nonce);
        let mut attachment = self.attachment.as_deref().cloned().unwrap_or_default();
        attachment.provider_tokens.retain(|tokens| tokens.identity != identity);
        attachment.provider_tokens.push(ProviderTokens { identity, sealed });
        self.attachment = Some(attachment.into());
    }

    /// An account without name or address gains those that the provider told, and the proof of its address.
    fn gain_profile(&mut self, visitor: &Visitor<'_>) {
        let (now, user) = (self.now, &visitor.user);
        let gains_name = self.name.is_empty() && !user.name.is_empty();
        if gains_name {
            self.name = user.name.clone();
        }
        let gained = user.email.as_ref().filter(|_| self.email.is_none()).cloned();
        let gains_email = gained.is_some();
        if let Some(email) = gained {
            self.email = Some(Contact::new(email, visitor.target, now));
        }
        let is_vouched_for = self.email.is_some() && self.email().cloned() == visitor.verified_email();
        let gains_proof = is_vouched_for && self.mark_proven(Channel::Mailbox, now);
        if gains_name || gains_email || gains_proof {
            self.updated_at = now;
        }
    }

    /// Ends a session for the one that `enter` starts, which takes over its push targets.
    fn replace_session<T>(
        &mut self,
        old: &SessionId,
        new: &SessionId,
        enter: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let (mut moved, others) = take(&mut self.targets)
            .into_iter()
            .partition::<Vec<_>, _>(|target| target.session.as_ref() == Some(old));
        self.targets = others;
        self.retain_sessions(|session| session.id != *old);
        let entered = enter(self);
        moved.iter_mut().for_each(|target| target.session = Some(*new));
        self.targets.append(&mut moved);
        entered
    }

    /// Starts the session or puts the token down.
    fn enter(&mut self, visitor: &Visitor<'_>, guard: Guard<'_>) -> Option<Arrival> {
        match &visitor.entrance {
            Entrance::Session(new) => {
                let provider = SessionProvider::Provider(*visitor.provider);
                let way = Way { provider, uid: &visitor.user.uid, factors: &FACTORS };
                Some(self.start_session(new, way, guard))
            }
            Entrance::Token(new) => {
                self.issue(new, guard);
                self.note(EventKind::TokenCreated, None);
                None
            }
        }
    }
}

/// What a provider's tokens are sealed for.
pub(super) fn place<'a>(user: &'a UserId, identity: &'a IdentityId) -> [&'a [u8]; 3] {
    [user.as_str().as_bytes(), b"provider tokens", identity.as_str().as_bytes()]
}

/// A provider's tokens as they are sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptTokens {
    access: String,
    refresh: Option<String>,
    /// The callback that they came by; some providers ask for it again.
    redirect_uri: String,
    location: Option<String>,
}

impl Drop for KeptTokens {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

/// What new tokens can be got for, and where.
pub(super) struct Refreshable {
    pub(super) token: Secret,
    pub(super) redirect_uri: String,
    pub(super) location: Option<String>,
}

impl KeptTokens {
    /// What new ones can be got for, and where.
    pub(super) fn into_refresh(mut self) -> Option<Refreshable> {
        let token = Secret::new(self.refresh.take()?);
        let (redirect_uri, location) = (take(&mut self.redirect_uri), self.location.take());
        Some(Refreshable { token, redirect_uri, location })
    }
}
