//! Whose account a provider's account is: found, made or linked (H50, H51, H53, H55, H82).

use std::mem::take;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{OAuth2Outcome, flow::Flow};
use crate::{
    crypto::Sealer,
    error::Error,
    messages::Notice,
    model::{
        Account, Channel, Contact, Email, EventKind, Factor, IdentityId, IdentityRecord, Key, Name,
        ProviderKey, ProviderTokens, SessionId, SessionProvider, TargetId, TokenPurpose, UserId,
    },
    oauth2::{ProviderUser, Tokens},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    secret::Secret,
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, Guard, NewSession, NewToken,
        SessionHolder, Settled, SignInMethod, StartedSession,
    },
};

/// How many sign-ins by providers an account remembers to have ended.
const MAX_STATES: usize = 20;
/// How many identities an account may have.
const MAX_IDENTITIES: usize = 50;
/// Two: what the provider's account is called on the wire, in one class.
const FACTORS: [Factor; 2] = [Factor::Email, Factor::OAuth2];

/// Somebody who comes from a provider, with all that is random about letting them in.
struct ExternalLogin<'a> {
    provider: &'a ProviderKey,
    user: ProviderUser,
    tokens: Tokens,
    flow: &'a Flow,
    identity: IdentityId,
    target: TargetId,
    nonce: [u8; 24],
    grant: Grant,
}

/// What the login gets.
enum Grant {
    Session(Box<NewSession>),
    Token(NewToken),
}

/// What becomes of a login at an account that is found by the email address.
enum LinkOutcome {
    /// Let in: with a session, or else a token. Whom to tell of it, if the identity is new to the account.
    Entered(Option<StartedSession>, Option<(Email, Name)>),
    /// The address was taken off the account; the login gets one of their own.
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
        cx: Context<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let now = cx.now;
        let grant = match flow.with_token {
            true => Grant::Token(self.new_token(TokenPurpose::OAuth2, now)?),
            false => Grant::Session(Box::new(self.new_session(cx.client, now)?)),
        };
        let login = ExternalLogin {
            provider,
            user,
            tokens,
            flow,
            identity: IdentityId::generate(now, *self.draw()?),
            target: TargetId::generate(now, *self.draw()?),
            nonce: *self.draw()?,
            grant,
        };
        match caller {
            Some(caller) => self.link_to_caller(login, caller, cx).await,
            None => self.sign_in_or_register(login, cx).await,
        }
    }

    /// Links the provider's account to the caller's. A session takes the place of the caller's; a token leaves that for its redemption.
    async fn link_to_caller(
        &self,
        login: ExternalLogin<'_>,
        caller: &SessionHolder,
        cx: Context<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            draft.spend(login.flow)?;
            let told = draft.contact();
            let is_new = draft.link(&login, true, &self.inner.sealer)?;
            draft.gain_profile(&login);
            let started = match &login.grant {
                Grant::Session(new) => {
                    draft.replace_session(caller.session_id(), &new.id(), |draft| draft.grant(&login, guard))
                }
                Grant::Token(_) => draft.grant(&login, guard),
            };
            Ok((started, told.filter(|_| is_new)))
        };
        let linked = self.change_as(caller, cx, Parts::Whole, decide).await;
        let ((started, told), account) = linked.map_err(|error| match error {
            // The identity or its address is on another account.
            Error::TargetExists => Error::UserExists,
            other => other,
        })?;
        self.send_link_notice(told, &login, cx).await;
        self.outcome(&account, login.grant, started, cx).await
    }

    /// Signs in to the account of the identity, or else to that of a proven address, or else to a new one.
    async fn sign_in_or_register(
        &self,
        login: ExternalLogin<'_>,
        cx: Context<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let guard = self.guard(cx.client);
        let identity = login.key();
        // Somebody else may create, link or remove between two looks.
        for _ in 0..3 {
            // The identity decides alone. An address that it brings newly is its own only if nobody else's.
            for claims_address in [true, false] {
                let known = |draft: &mut Draft| {
                    draft.spend(login.flow)?;
                    draft.admit_sign_in()?;
                    draft.link(&login, claims_address, &self.inner.sealer)?;
                    if claims_address {
                        draft.gain_profile(&login);
                    }
                    Ok(draft.grant(&login, guard))
                };
                match self.change(&identity, Parts::Whole, cx, known).await {
                    Ok(Settled::Done(started, account)) => {
                        return self.outcome(&account, login.grant, started, cx).await;
                    }
                    Ok(Settled::PrepareAgain | Settled::Absent) => break,
                    Err(Error::TargetExists) => {}
                    Err(error) => return Err(error),
                }
            }
            let email = login.user.email.clone().ok_or(Error::NoProviderEmail)?;
            let address = Address::Email(email);
            let by_address = |draft: &mut Draft| {
                // Another flow of theirs was faster.
                if draft.keys().binary_search(&identity).is_ok() {
                    return Err(Abort::Stale);
                }
                // The address of another identity says who somebody is at that provider, not whose the account is.
                if !login.user.email_verified || !address.belongs_to(draft) {
                    return Err(Error::UserExists.into());
                }
                draft.spend(login.flow)?;
                draft.admit_sign_in()?;
                if let AddressOwner::NewAccount(_) = draft.verify_address(Channel::Mailbox) {
                    return Ok(LinkOutcome::Apart);
                }
                let told = draft.contact();
                let is_new = draft.link(&login, true, &self.inner.sealer)?;
                draft.gain_profile(&login);
                Ok(LinkOutcome::Entered(draft.grant(&login, guard), told.filter(|_| is_new)))
            };
            match self.change(&address.key(), Parts::Whole, cx, by_address).await {
                Ok(Settled::Done(LinkOutcome::Entered(started, told), account)) => {
                    self.send_link_notice(told, &login, cx).await;
                    return self.outcome(&account, login.grant, started, cx).await;
                }
                Ok(Settled::PrepareAgain) => continue,
                Ok(Settled::Done(LinkOutcome::Apart, _) | Settled::Absent) => {}
                Err(Error::TargetExists) => return Err(Error::UserExists),
                Err(error) => return Err(error),
            }
            let id = UserId::generate(cx.now, *self.draw()?);
            let mut draft = Draft::new(Account::new(id, cx.now), cx.now);
            draft.spend(login.flow).map_err(|_| Error::InvalidState)?;
            draft.note(EventKind::UserCreated, None);
            draft.link(&login, true, &self.inner.sealer).map_err(|_| Error::Internal)?;
            draft.gain_profile(&login);
            let started = draft.grant(&login, guard);
            match self.create(draft, cx).await {
                Ok(account) => return self.outcome(&account, login.grant, started, cx).await,
                Err(Error::UserExists) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::UserExists)
    }

    /// Tells the address that the account had before of an identity that is new to it.
    async fn send_link_notice(
        &self,
        told: Option<(Email, Name)>,
        login: &ExternalLogin<'_>,
        cx: Context<'_>,
    ) {
        let provider = self.provider_name(login.provider.as_str());
        self.send_email(told, cx.client, cx.now, Notice::IdentityLinked { provider }).await;
    }

    async fn outcome(
        &self,
        account: &Account,
        grant: Grant,
        started: Option<StartedSession>,
        cx: Context<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        match (grant, started) {
            (Grant::Session(new), Some(started)) => {
                let signed_in = self.signed_in(account, *new, started, cx).await;
                Ok(OAuth2Outcome::Session(Box::new(signed_in)))
            }
            (Grant::Token(new), None) => Ok(OAuth2Outcome::Token(new.view(account, None))),
            _ => Err(Error::Internal),
        }
    }
}

impl ExternalLogin<'_> {
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
    fn spend(&mut self, flow: &Flow) -> Result<(), Abort> {
        let spent = flow.spent();
        if self.spent_states.iter().any(|state| state.digest.matches(&spent.digest)) {
            return Err(Error::InvalidState.into());
        }
        self.spent_states.push(spent);
        let over = self.spent_states.len().saturating_sub(MAX_STATES);
        self.spent_states.drain(..over);
        Ok(())
    }

    /// Adds the identity, or notes what is new about it. Tells whether it was added.
    fn link(
        &mut self,
        login: &ExternalLogin<'_>,
        claims_address: bool,
        sealer: &Sealer,
    ) -> Result<bool, Abort> {
        let (now, user) = (self.now, &login.user);
        let is_it = |identity: &IdentityRecord| {
            *identity.provider == *login.provider.as_str() && identity.uid == user.uid
        };
        let is_new = !self.identities.iter().any(is_it);
        if is_new {
            if self.identities.len() >= MAX_IDENTITIES {
                return Err(Error::TooMany("identities").into());
            }
            self.identities.push(IdentityRecord {
                id: login.identity,
                created_at: now,
                updated_at: now,
                provider: login.provider.as_str().into(),
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
            login.verified_email().filter(|email| claims_address || held.as_ref() == Some(email));
        // Whoever is exchanging the earlier tokens comes too late.
        identity.refreshing_until = None;
        identity.access_expires_at = login.tokens.expires_in.map(|span| now.after(span));
        identity.updated_at = now;
        let id = identity.id;
        self.keep_tokens(id, &login.tokens, login.flow.redirect_uri(), sealer, login.nonce);
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
    fn gain_profile(&mut self, login: &ExternalLogin<'_>) {
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
        let is_vouched_for = self.email.is_some() && self.email().cloned() == login.verified_email();
        let gains_proof = is_vouched_for && self.mark_verified(Channel::Mailbox, now);
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
    fn grant(&mut self, login: &ExternalLogin<'_>, guard: Guard<'_>) -> Option<StartedSession> {
        match &login.grant {
            Grant::Session(new) => {
                let provider = SessionProvider::Provider(*login.provider);
                let way = SignInMethod { provider, uid: &login.user.uid, factors: &FACTORS };
                Some(self.start_session(new, way, guard))
            }
            Grant::Token(new) => {
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
