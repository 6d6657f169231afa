//! From a provider's user to an account: found, created or linked (H50, H51, H53, H55, H82).

use std::sync::Arc;

use super::{
    flow::Flow,
    link::{ExternalLogin, Grant, LinkOutcome},
    types::OAuth2Outcome,
};
use crate::{
    error::Error,
    messages::Notice,
    model::{
        Account, Channel, Email, EventKind, IdentityId, Name, ProviderKey, TargetId, TokenPurpose, UserId,
    },
    oauth2::{ProviderUser, Tokens},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, Guard, SessionHolder, Settled,
        StartedSession,
    },
};

/// How often the look-up is repeated if other requests change the account meanwhile.
const MAX_ROUNDS: u32 = 3;

/// The account that was signed in to. A session was started unless the grant is a token.
struct Granted {
    account: Arc<Account>,
    started: Option<StartedSession>,
}

/// How the look-up by email address ended.
enum ByAddress {
    Granted(Granted),
    /// No account has the address, or it was removed from an account of another owner.
    Unclaimed,
    /// The identity has been linked in the meantime.
    LinkedMeanwhile,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Links the provider's user to the caller's account, or else signs them in.
    pub(super) async fn finish_external_login(
        &self,
        cx: Context<'_>,
        provider: &ProviderKey,
        flow: &Flow,
        user: ProviderUser,
        tokens: Tokens,
        caller: Option<&SessionHolder>,
    ) -> Result<OAuth2Outcome, Error> {
        let grant = match flow.with_token {
            true => Grant::Token(self.new_token(TokenPurpose::OAuth2, cx.now)?),
            false => Grant::Session(Box::new(self.new_session(cx.client, cx.now)?)),
        };
        let login = ExternalLogin {
            provider,
            user,
            tokens,
            flow,
            identity: IdentityId::generate(cx.now, *self.draw()?),
            target: TargetId::generate(cx.now, *self.draw()?),
            nonce: *self.draw()?,
            grant,
        };
        let granted = match caller {
            Some(caller) => self.link_to_caller(cx, &login, caller).await?,
            None => self.sign_in_or_register(cx, &login).await?,
        };
        self.outcome(cx, granted, login.grant).await
    }

    /// Links the identity to the caller's account. A new session replaces the caller's; a token
    /// leaves that to its redemption.
    async fn link_to_caller(
        &self,
        cx: Context<'_>,
        login: &ExternalLogin<'_>,
        caller: &SessionHolder,
    ) -> Result<Granted, Error> {
        let (guard, sealer) = (self.guard(cx.client), &self.inner.sealer);
        let decide = |draft: &mut Draft| {
            draft.spend(login.flow)?;
            let contact = draft.contact();
            let is_new = draft.link(login, true, sealer)?;
            draft.gain_profile(login);
            let started = match &login.grant {
                Grant::Session(new) => {
                    draft.replace_session(caller.session_id(), &new.id(), |draft| draft.grant(login, guard))
                }
                Grant::Token(_) => draft.grant(login, guard),
            };
            Ok((started, contact.filter(|_| is_new)))
        };
        let linked = self.change_as(caller, cx, Parts::Whole, decide).await;
        // The identity or its address belongs to another account.
        let ((started, contact), account) = linked.map_err(target_as_user_exists)?;
        self.send_link_notice(cx, login, contact).await;
        Ok(Granted { account, started })
    }

    /// Signs in to the account of the identity, or else to that of a verified address, or else
    /// creates one.
    async fn sign_in_or_register(
        &self,
        cx: Context<'_>,
        login: &ExternalLogin<'_>,
    ) -> Result<Granted, Error> {
        // Another sign-in may create, link or remove an account between two of these steps.
        for _ in 0..MAX_ROUNDS {
            if let Some(granted) = self.sign_in_by_identity(cx, login).await? {
                return Ok(granted);
            }
            match self.sign_in_by_address(cx, login).await? {
                ByAddress::Granted(granted) => return Ok(granted),
                ByAddress::LinkedMeanwhile => continue,
                ByAddress::Unclaimed => {}
            }
            if let Some(granted) = self.register(cx, login).await? {
                return Ok(granted);
            }
        }
        Err(Error::UserExists)
    }

    /// Signs in to the account of the identity, which alone decides. `None` if no account has it.
    async fn sign_in_by_identity(
        &self,
        cx: Context<'_>,
        login: &ExternalLogin<'_>,
    ) -> Result<Option<Granted>, Error> {
        let (guard, sealer) = (self.guard(cx.client), &self.inner.sealer);
        // An address that the provider newly reports is claimed only if no other account has it.
        for claims_address in [true, false] {
            let decide = |draft: &mut Draft| {
                draft.spend(login.flow)?;
                draft.admit_sign_in()?;
                draft.link(login, claims_address, sealer)?;
                if claims_address {
                    draft.gain_profile(login);
                }
                Ok(draft.grant(login, guard))
            };
            match self.change(&login.key(), Parts::Whole, cx, decide).await {
                Ok(Settled::Done(started, account)) => return Ok(Some(Granted { account, started })),
                Ok(Settled::PrepareAgain | Settled::Absent) => return Ok(None),
                Err(Error::TargetExists) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Signs in to the account of the provider's address and links the identity, if the provider
    /// has verified the address. An account that has not is cleared of what an earlier registrant
    /// set up, or loses the address.
    async fn sign_in_by_address(
        &self,
        cx: Context<'_>,
        login: &ExternalLogin<'_>,
    ) -> Result<ByAddress, Error> {
        let address = Address::Email(login.user.email.clone().ok_or(Error::NoProviderEmail)?);
        let (guard, identity) = (self.guard(cx.client), login.key());
        let decide = |draft: &mut Draft| {
            if draft.keys().binary_search(&identity).is_ok() {
                return Err(Abort::PrepareAgain);
            }
            // The address of another identity names a user of that provider, not the owner of the
            // account.
            if !login.user.email_verified || !address.belongs_to(draft) {
                return Err(Error::UserExists.into());
            }
            draft.spend(login.flow)?;
            draft.admit_sign_in()?;
            self.link_by_address(draft, login, guard)
        };
        let changed = self.change(&address.key(), Parts::Whole, cx, decide).await;
        match changed.map_err(target_as_user_exists)? {
            Settled::Done(LinkOutcome::Linked(started, contact), account) => {
                self.send_link_notice(cx, login, contact).await;
                Ok(ByAddress::Granted(Granted { account, started }))
            }
            Settled::PrepareAgain => Ok(ByAddress::LinkedMeanwhile),
            Settled::Done(LinkOutcome::AddressRemoved, _) | Settled::Absent => Ok(ByAddress::Unclaimed),
        }
    }

    fn link_by_address(
        &self,
        draft: &mut Draft,
        login: &ExternalLogin<'_>,
        guard: Guard<'_>,
    ) -> Result<LinkOutcome, Abort> {
        if let AddressOwner::NewAccount(_) = draft.verify_address(Channel::Mailbox) {
            return Ok(LinkOutcome::AddressRemoved);
        }
        let contact = draft.contact();
        let is_new = draft.link(login, true, &self.inner.sealer)?;
        draft.gain_profile(login);
        Ok(LinkOutcome::Linked(draft.grant(login, guard), contact.filter(|_| is_new)))
    }

    /// Creates an account for the provider's user. `None` if one of its keys is taken.
    async fn register(&self, cx: Context<'_>, login: &ExternalLogin<'_>) -> Result<Option<Granted>, Error> {
        let id = UserId::generate(cx.now, *self.draw()?);
        let mut draft = Draft::new(Account::new(id, cx.now), cx.now);
        draft.spend(login.flow).map_err(|_| Error::InvalidState)?;
        draft.note(EventKind::UserCreated, None);
        draft.link(login, true, &self.inner.sealer).map_err(|_| Error::Internal)?;
        draft.gain_profile(login);
        let started = draft.grant(login, self.guard(cx.client));
        match self.create(draft, cx).await {
            Ok(account) => Ok(Some(Granted { account, started })),
            Err(Error::UserExists) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends the notice of a new identity to the address that the account had before.
    async fn send_link_notice(
        &self,
        cx: Context<'_>,
        login: &ExternalLogin<'_>,
        contact: Option<(Email, Name)>,
    ) {
        let provider = self.provider_name(login.provider.as_str());
        self.send_email(cx, contact, Notice::IdentityLinked { provider }).await;
    }

    async fn outcome(
        &self,
        cx: Context<'_>,
        Granted { account, started }: Granted,
        grant: Grant,
    ) -> Result<OAuth2Outcome, Error> {
        match (grant, started) {
            (Grant::Session(new), Some(started)) => {
                let signed_in = self.signed_in(&account, *new, started, cx).await;
                Ok(OAuth2Outcome::Session(Box::new(signed_in)))
            }
            (Grant::Token(new), None) => Ok(OAuth2Outcome::Token(new.view(&account, None))),
            _ => Err(Error::Internal),
        }
    }
}

fn target_as_user_exists(error: Error) -> Error {
    match error {
        Error::TargetExists => Error::UserExists,
        other => other,
    }
}
