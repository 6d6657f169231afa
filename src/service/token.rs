//! Tokens and codes: issuing one, and redeeming it once.
//!
//! A token's digest is bound to its account, purpose and id and to the address that it was sent to,
//! so that it is valid for nothing else. Wrong guesses at short codes are counted before the
//! answer, per code and per account.

use std::{sync::Arc, time::Duration};

use super::{
    account_service::AccountService,
    context::Context,
    draft::{Abort, Draft},
};
use crate::{
    config::Config,
    crypto::{CodeKeys, hex_secret, six_digits, typed_code},
    error::Error,
    model::{
        Account, Channel, CheckedUrl, ClientInfo, EventKind, Passcode, SecondFactor, Timestamp, Token,
        TokenId, TokenPurpose, TokenRecord, UserId,
    },
    ports::{Clock, Mailer, SmsSender, Store},
    secret::Secret,
};

/// How many wrong guesses invalidate a code (ASVS 6.6.3).
pub(crate) const MAX_TRIES: u8 = 5;
/// How many links of one purpose are valid at the same time.
const MAX_LINKS: usize = 5;
/// Shorter secrets can be guessed: 32 hex digits have 128 bits.
const MIN_UNGUESSABLE_LENGTH: usize = 32;

/// A token to be issued, with its random values.
pub(crate) struct NewToken {
    id: TokenId,
    purpose: TokenPurpose,
    secret: Arc<Secret>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// What guesses are checked with: the keys of the digests, the limits and the client.
#[derive(Clone, Copy)]
pub(crate) struct Guard<'a> {
    pub(crate) codes: &'a CodeKeys,
    pub(crate) config: &'a Config,
    pub(crate) client: &'a ClientInfo,
}

impl NewToken {
    pub(crate) fn secret(&self) -> &Arc<Secret> {
        &self.secret
    }

    /// The link that redeems it: `url` with the account's id, the secret and `more` added.
    pub(crate) fn link(&self, url: &CheckedUrl, account: &Account, more: &[(&str, &str)]) -> Arc<Secret> {
        let mut pairs = vec![("userId", account.id.as_str()), ("secret", self.secret.expose())];
        pairs.extend_from_slice(more);
        Arc::new(Secret::new(url.with_query(&pairs)))
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The token as its owner may see it. That of a blocked account was not sent, so its secret is
    /// left out.
    pub(crate) fn view(&self, account: &Account, phrase: Option<Box<str>>) -> Token {
        Token {
            id: self.id,
            user: account.id,
            created_at: self.created_at,
            expires_at: self.expires_at,
            phrase,
            owner: account.id,
            secret: (!account.blocked).then(|| Arc::clone(&self.secret)),
        }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// A generic token with a secret of this many hex digits.
    pub(crate) fn new_generic_token(
        &self,
        digits: usize,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<NewToken, Error> {
        let secret = hex_secret::<64>(&*self.inner.entropy).map_err(|_| Error::Internal)?;
        let secret = secret.get(..digits).unwrap_or(&secret).to_owned();
        Ok(NewToken {
            id: TokenId::generate(now, *self.draw()?),
            purpose: TokenPurpose::Generic,
            secret: Arc::new(Secret::new(secret)),
            created_at: now,
            expires_at: now.after(lifetime),
        })
    }

    /// A token of this purpose: a code of six digits, or the secret of a link.
    pub(crate) fn new_token(&self, purpose: TokenPurpose, now: Timestamp) -> Result<NewToken, Error> {
        let entropy = &*self.inner.entropy;
        let secret = match purpose {
            TokenPurpose::EmailVerification | TokenPurpose::Recovery => hex_secret::<128>(entropy),
            TokenPurpose::MagicUrl | TokenPurpose::OAuth2 => hex_secret::<32>(entropy),
            TokenPurpose::PhoneVerification
            | TokenPurpose::EmailCode
            | TokenPurpose::PhoneCode
            | TokenPurpose::Generic => six_digits(entropy),
        };
        let secret = secret.map_err(|_| Error::Internal)?;
        Ok(NewToken {
            id: TokenId::generate(now, *self.draw()?),
            purpose,
            secret: Arc::new(Secret::new(secret.as_str().to_owned())),
            created_at: now,
            expires_at: now.after(purpose.lifetime()),
        })
    }

    /// The refusal of a secret for an account that does not exist. A guess is logged, as one at an
    /// account is.
    pub(crate) async fn refuse_unknown(
        &self,
        user: &UserId,
        secret: &Passcode,
        cx: Context<'_>,
    ) -> Result<Error, Error> {
        if is_guessable(&typed_code(secret.expose())) {
            self.append_event(&Account::new(*user, cx.now), cx, EventKind::SignInRefused, None).await?;
        }
        Ok(if self.inner.config.reveals_unknown_accounts { Error::UserNotFound } else { Error::InvalidToken })
    }

    pub(crate) fn guard<'a>(&'a self, client: &'a ClientInfo) -> Guard<'a> {
        Guard { codes: &self.inner.codes, config: &self.inner.config, client }
    }
}

/// Whether a secret is short enough to be guessed.
pub(crate) fn is_guessable(secret: &str) -> bool {
    secret.len() < MIN_UNGUESSABLE_LENGTH
}

impl Draft {
    /// Adds a token to the account. It replaces an earlier code of its purpose; of links, the
    /// newest five stay valid.
    pub(crate) fn issue(&mut self, new: &NewToken, guard: Guard<'_>) {
        let guessable = is_guessable(new.secret.expose());
        let record = TokenRecord {
            id: new.id,
            purpose: new.purpose,
            digest: guard.codes.digest(&self.token_context(new.purpose, &new.id), new.secret.expose()),
            created_at: new.created_at,
            expires_at: new.expires_at,
            tries: 0,
            guessable,
        };
        let max = if guessable { 1 } else { MAX_LINKS };
        let earlier = self.tokens.iter().filter(|token| token.purpose == new.purpose).count();
        let mut excess = (earlier + 1).saturating_sub(max);
        self.tokens.retain(|token| {
            let goes = excess > 0 && token.purpose == new.purpose;
            excess -= usize::from(goes);
            !goes
        });
        self.tokens.push(record);
    }

    /// Redeems a token of one of these purposes, once. A wrong guess is counted at the account and
    /// at every code that it may have been meant for.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if there is no such live token, or guesses are locked.
    pub(crate) fn redeem(
        &mut self,
        secret: &str,
        purposes: &[TokenPurpose],
        guard: Guard<'_>,
    ) -> Result<TokenRecord, Abort> {
        // Blanks must not make a guess look too long to be one.
        let typed = typed_code(secret);
        let is_locked = self.are_guesses_locked(guard.client);
        // Mailed tokens work while guesses are locked, so that a lockout cannot shut the owner out.
        let is_open = |token: &TokenRecord| !is_locked || token.purpose.channel() == Channel::Mailbox;
        if let Some(place) = self.position_of(secret, &typed, purposes, guard, is_open) {
            return Ok(self.tokens.remove(place));
        }
        if !is_guessable(&typed) {
            return Err(Error::InvalidToken.into());
        }
        let is_counted = self.count_try(|token| purposes.contains(&token.purpose) && is_open(token));
        if !is_locked {
            self.count_failure(guard);
        }
        match is_locked && !is_counted {
            true => Err(Error::InvalidToken.into()),
            false => Err(Abort::SaveAndRefuse(Error::InvalidToken)),
        }
    }

    /// The place of the open token with this secret, or this code as it was typed. All tokens
    /// of these purposes are compared, in constant time.
    fn position_of(
        &self,
        secret: &str,
        typed: &str,
        purposes: &[TokenPurpose],
        guard: Guard<'_>,
        is_open: impl Fn(&TokenRecord) -> bool,
    ) -> Option<usize> {
        let mut found = None;
        let candidates =
            self.tokens.iter().enumerate().filter(|(_, token)| purposes.contains(&token.purpose));
        for (place, token) in candidates {
            let context = self.token_context(token.purpose, &token.id);
            let given = if token.guessable { typed } else { secret };
            if guard.codes.matches(&context, given, &token.digest) && is_open(token) {
                found = Some(place);
            }
        }
        found
    }

    /// Counts a wrong guess at every open code, and removes codes without a try left. Returns
    /// whether there was one.
    fn count_try(&mut self, is_candidate: impl Fn(&TokenRecord) -> bool) -> bool {
        let mut is_counted = false;
        for token in self.tokens.iter_mut().filter(|token| token.guessable && is_candidate(token)) {
            token.tries = token.tries.saturating_add(1);
            is_counted = true;
        }
        self.tokens.retain(|token| token.tries < MAX_TRIES);
        is_counted
    }

    /// Whether guesses of this client are refused unchecked.
    pub(crate) fn are_guesses_locked(&self, client: &ClientInfo) -> bool {
        let failures = if self.knows(client, self.now) { &self.known_failures } else { &self.failures };
        failures.is_locked(self.now)
    }

    /// Counts a wrong guess: for known devices apart from all others.
    pub(crate) fn count_failure(&mut self, guard: Guard<'_>) {
        let (now, known) = (self.now, self.knows(guard.client, self.now));
        let failures = if known { &mut self.known_failures } else { &mut self.failures };
        if failures.count(now, &guard.config.lockout) {
            self.note(EventKind::SignInRefused, None);
        }
    }

    /// Forgets all wrong guesses, after a successful sign-in.
    pub(crate) fn clear_failures(&mut self) {
        self.failures.clear();
        self.known_failures.clear();
    }
}

impl Account {
    /// Whether the client has a device secret of an earlier sign-in to this account.
    pub(crate) fn knows(&self, client: &ClientInfo, now: Timestamp) -> bool {
        !self.devices.is_empty()
            && client.device().is_some_and(|secret| self.devices.knows(&secret.digest(&self.id), now))
    }

    /// Drops the tokens and challenges that reached, or were to reach, their owner by this method.
    pub(crate) fn drop_codes_by(&mut self, channel: Channel) {
        self.tokens.retain(|token| token.purpose.channel() != channel);
        match channel {
            Channel::Mailbox => self.drop_challenges_of(SecondFactor::Email),
            Channel::Phone => self.drop_challenges_of(SecondFactor::Phone),
            Channel::Application => {}
        }
    }

    /// Removes the tokens that sign in or set a password.
    pub(crate) fn revoke_sign_in_tokens(&mut self) {
        let verifies_only = [TokenPurpose::EmailVerification, TokenPurpose::PhoneVerification];
        self.tokens.retain(|token| verifies_only.contains(&token.purpose));
    }

    /// What a token's digest is bound to: the account, the purpose, the token's id and the address.
    fn token_context<'a>(&'a self, purpose: TokenPurpose, id: &'a TokenId) -> [&'a [u8]; 4] {
        let address = match purpose.channel() {
            Channel::Mailbox => self.email().map_or("", |email| email.as_str()),
            Channel::Phone => self.phone().map_or("", |phone| phone.as_str()),
            Channel::Application => "",
        };
        [self.id.as_str().as_bytes(), purpose.name().as_bytes(), id.as_str().as_bytes(), address.as_bytes()]
    }
}

#[cfg(test)]
mod tests;
