//! Refreshing a provider's tokens when a session that it started is extended.

use std::time::Duration;

use super::{
    failed,
    provider_tokens::{KeptTokens, Refreshable, seal_context},
};
use crate::{
    crypto::Sealer,
    error::Error,
    model::{Account, IdentityId, Key, ProviderKey, Sealed, SessionId, SessionProvider, Timestamp},
    oauth2::Tokens,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Caller, Context, Draft},
};

/// How long the tokens are reserved for one refresh: as long as a slow provider takes.
const LEASE: Duration = Duration::from_secs(60);

/// A refresh to be made.
struct Due {
    identity: IdentityId,
    provider: ProviderKey,
    with: Refreshable,
    /// The sealed form of `with`, to notice newer tokens.
    from: Sealed,
    /// When the lease ends. It distinguishes this refresh from a later one.
    until: Timestamp,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Refreshes the provider's tokens of a session, if there is a refresh token. Most refresh
    /// tokens are valid once, so a lease is saved first: of several concurrent extensions, one asks
    /// the provider.
    pub(crate) async fn refresh_provider_tokens(
        &self,
        caller: &Caller,
        session: &SessionId,
        cx: Context<'_>,
    ) -> Result<(), Error> {
        let sealer = &self.inner.sealer;
        if !caller.account().is_of_provider(session) {
            return Ok(());
        }
        // Most sessions have nothing to refresh, and nothing is saved for them.
        let before = self.load_as(caller, Parts::Whole, cx).await?;
        let due = before.account.due(session, sealer, cx.now);
        if due.is_none_or(|due| self.provider(&due.provider).is_err()) {
            return Ok(());
        }
        let lease = |draft: &mut Draft| {
            let due = draft.due(session, sealer, draft.now);
            if let Some(due) = &due {
                draft.set_lease(&due.identity, Some(due.until));
            }
            Ok(due)
        };
        let (due, _) = self.change_as(caller, cx, Parts::Whole, lease).await?;
        let Some(due) = due else { return Ok(()) };
        let Refreshable { token, redirect_uri, location } = &due.with;
        let client = self.provider(&due.provider)?;
        match client.refresh(token, redirect_uri, location.as_deref(), cx.now).await {
            Ok(tokens) => self.end_lease(caller, &due, Some(&tokens), cx).await,
            Err(error) => {
                self.end_lease(caller, &due, None, cx).await?;
                Err(failed(cx.action.name(), &due.provider, error))
            }
        }
    }

    /// Ends the lease and keeps the new tokens. They belong to the identity, so they are kept even
    /// if the caller has been signed out meanwhile; but not if there are newer ones, or the
    /// identity was removed.
    async fn end_lease(
        &self,
        caller: &Caller,
        due: &Due,
        tokens: Option<&Tokens>,
        cx: Context<'_>,
    ) -> Result<(), Error> {
        let nonce = *self.draw()?;
        let decide = |draft: &mut Draft| {
            let (is_lent, is_newest) = (draft.holds_lease(due), draft.holds_tokens(due));
            match tokens.filter(|_| is_newest) {
                Some(tokens) => draft.keep_refreshed(due, tokens, &self.inner.sealer, nonce),
                None if is_lent => {}
                None => return Err(Abort::PrepareAgain),
            }
            if is_lent {
                draft.set_lease(&due.identity, None);
            }
            Ok(())
        };
        self.change(&Key::Id(*caller.user_id()), Parts::Whole, cx, decide).await.map(|_| ())
    }
}

impl Account {
    fn is_of_provider(&self, session: &SessionId) -> bool {
        self.sessions
            .iter()
            .any(|record| record.id == *session && matches!(record.provider, SessionProvider::Provider(_)))
    }

    fn holds_lease(&self, due: &Due) -> bool {
        let record = self.identities.iter().find(|record| record.id == due.identity);
        record.is_some_and(|record| record.refreshing_until == Some(due.until))
    }

    /// Whether the tokens are still those that are being refreshed.
    fn holds_tokens(&self, due: &Due) -> bool {
        let kept = self.attachment.iter().flat_map(|attachment| &attachment.provider_tokens);
        kept.into_iter().any(|tokens| tokens.identity == due.identity && tokens.sealed == due.from)
    }

    fn set_lease(&mut self, identity: &IdentityId, until: Option<Timestamp>) {
        for record in self.identities.iter_mut().filter(|record| record.id == *identity) {
            record.refreshing_until = until;
        }
    }

    /// The refresh to be made, if there is a refresh token and no other refresh is in progress.
    fn due(&self, session: &SessionId, sealer: &Sealer, now: Timestamp) -> Option<Due> {
        let session = self.session(session, now)?;
        let SessionProvider::Provider(provider) = session.provider else { return None };
        let identity = self.identities.iter().find(|identity| {
            *identity.provider == *provider.as_str() && identity.uid == session.provider_uid
        })?;
        if identity.refreshing_until.is_some_and(|until| now < until) {
            return None;
        }
        let attachment = self.attachment.as_deref()?;
        let kept = attachment.provider_tokens.iter().find(|tokens| tokens.identity == identity.id)?;
        let json = sealer.open(&seal_context(&self.id, &identity.id), &kept.sealed)?;
        let with = serde_json::from_slice::<KeptTokens>(&json).ok()?.into_refresh()?;
        let from = kept.sealed.clone();
        Some(Due { identity: identity.id, provider, with, from, until: now.after(LEASE) })
    }
}

impl Draft {
    fn keep_refreshed(&mut self, due: &Due, tokens: &Tokens, sealer: &Sealer, nonce: [u8; 24]) {
        let now = self.now;
        for record in self.identities.iter_mut().filter(|record| record.id == due.identity) {
            record.access_expires_at = tokens.expires_in.map(|span| now.after(span));
            record.updated_at = now;
        }
        self.keep_tokens(due.identity, tokens, &due.with.redirect_uri, sealer, nonce);
    }
}
