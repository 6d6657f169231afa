//! New tokens of a provider in exchange for old ones, when a session that it started is extended.

use std::time::Duration;

use super::link::{KeptTokens, Refreshable, place};
use crate::{
    AccountService, Caller, Error,
    crypto::Sealer,
    model::{Account, IdentityId, ProviderKey, SessionId, SessionProvider, Timestamp},
    oauth2::Tokens,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Draft, Errand},
};

/// How long nobody else may refresh the same tokens: as long as a slow provider takes.
const LEASE: Duration = Duration::from_secs(60);

/// What to ask a provider for, and for whom.
struct Due {
    identity: IdentityId,
    provider: ProviderKey,
    with: Refreshable,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Exchanges the provider's tokens behind a session, if it has been started by a provider that gives new ones. A refresh token is mostly
    /// good for once, so a lease is saved first: of many who extend at once, one asks.
    pub(crate) async fn refresh_provider_tokens(
        &self,
        caller: &Caller,
        session: &SessionId,
        errand: Errand<'_>,
    ) -> Result<(), Error> {
        let sealer = &self.inner.sealer;
        let before = self.load_as(caller, Parts::Body, errand).await?;
        if !before.account.is_of_provider(session) {
            return Ok(());
        }
        let lease = |draft: &mut Draft| {
            let due = draft.due(session, sealer);
            if let Some(due) = &due {
                let until = draft.now.after(LEASE);
                draft.set_lease(&due.identity, Some(until));
            }
            Ok(due)
        };
        let (due, _) = self.change_as(caller, errand, Parts::Whole, lease).await?;
        let Some(due) = due else { return Ok(()) };
        let outcome = match self.provider(&due.provider) {
            Ok(client) => {
                let Refreshable { token, redirect_uri, location } = &due.with;
                client.refresh(token, redirect_uri, location.as_deref(), errand.now).await
            }
            // It has been switched off since; the session goes on without it.
            Err(_) => return self.give_back(caller, &due.identity, errand).await,
        };
        match outcome {
            Ok(tokens) => self.keep_refreshed(caller, &due, &tokens, errand).await,
            Err(error) => {
                self.give_back(caller, &due.identity, errand).await?;
                Err(error.into())
            }
        }
    }

    async fn keep_refreshed(
        &self,
        caller: &Caller,
        due: &Due,
        tokens: &Tokens,
        errand: Errand<'_>,
    ) -> Result<(), Error> {
        let (nonce, identity) = (*self.draw()?, &due.identity);
        let decide = |draft: &mut Draft| {
            let expires_at = tokens.expires_in.map(|span| draft.now.after(span));
            draft.set_lease(identity, None);
            for record in draft.identities.iter_mut().filter(|record| record.id == *identity) {
                record.access_expires_at = expires_at;
            }
            draft.keep_tokens(*identity, tokens, &due.with.redirect_uri, &self.inner.sealer, nonce);
            Ok(())
        };
        self.change_as(caller, errand, Parts::Whole, decide).await.map(|_| ())
    }

    async fn give_back(
        &self,
        caller: &Caller,
        identity: &IdentityId,
        errand: Errand<'_>,
    ) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.set_lease(identity, None);
            Ok(())
        };
        self.change_as(caller, errand, Parts::Body, decide).await.map(|_| ())
    }
}

impl Account {
    fn is_of_provider(&self, session: &SessionId) -> bool {
        self.sessions
            .iter()
            .any(|record| record.id == *session && matches!(record.provider, SessionProvider::Provider(_)))
    }

    fn set_lease(&mut self, identity: &IdentityId, until: Option<Timestamp>) {
        for record in self.identities.iter_mut().filter(|record| record.id == *identity) {
            record.refreshing_until = until;
        }
    }
}

impl Draft {
    /// What to ask for, if there is a refresh token and nobody else is asking.
    fn due(&self, session: &SessionId, sealer: &Sealer) -> Option<Due> {
        let session = self.session(session, self.now)?;
        let SessionProvider::Provider(provider) = session.provider else { return None };
        let identity = self.identities.iter().find(|identity| {
            *identity.provider == *provider.as_str() && identity.uid == session.provider_uid
        })?;
        if identity.refreshing_until.is_some_and(|until| self.now < until) {
            return None;
        }
        let attachment = self.attachment.as_deref()?;
        let kept = attachment.provider_tokens.iter().find(|tokens| tokens.identity == identity.id)?;
        let json = sealer.open(&place(&self.id, &identity.id), &kept.sealed)?;
        let with = serde_json::from_slice::<KeptTokens>(&json).ok()?.into_refresh()?;
        Some(Due { identity: identity.id, provider, with })
    }
}
