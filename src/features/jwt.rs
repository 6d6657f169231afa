//! JWTs of sessions: short-lived credentials for other servers of the application (RFC 7519).

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    crypto::Claims,
    error::Error,
    model::{EventKind, Timestamp},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft},
};

/// A JWT that authenticates a session until it expires or the session ends (RFC 7519, RFC 7515
/// compact form).
///
/// # Security
/// It is a bearer token: it gives access to the account for its lifetime. `Debug` hides it.
pub struct Jwt {
    text: Zeroizing<String>,
    expires_at: Timestamp,
}

impl Jwt {
    /// The token, for the header `X-Appwrite-JWT` or [`AccountService::caller_by_jwt`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// When it expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// # JWTs
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Issues a JWT of the caller's current session. It is valid for
    /// [`jwt_lifetime`](crate::Config::jwt_lifetime), or until its session ends, the password
    /// changes or the account is removed.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller was authenticated by a JWT;
    /// [`Error::MethodDisabled`]; the [errors of every caller](crate::Caller#errors);
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let jwt = accounts.issue_jwt(&caller).await?;
    /// assert_eq!(jwt.as_str().split('.').count(), 3);
    ///
    /// // Another server of your application, which shares the store and the master key:
    /// let there = accounts.caller_by_jwt(jwt.as_str()).await?;
    /// assert_eq!(there.user_id(), caller.user_id());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createJWT")]
    pub async fn issue_jwt(&self, caller: &Caller) -> Result<Jwt, Error> {
        self.perform(Operation::IssueJwt, caller.client(), |cx| self.issue_jwt_in(cx, caller)).await
    }

    async fn issue_jwt_in(&self, cx: Context<'_>, caller: &Caller) -> Result<Jwt, Error> {
        let session = caller.current_session().copied();
        let decide = |draft: &mut Draft| {
            let session = session.ok_or(Error::SessionNotFound)?;
            draft.note(EventKind::JwtCreated, Some(session));
            Ok(session)
        };
        let (session, account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        let issued = cx.now.as_secs();
        let life = i64::try_from(self.inner.config.jwt_lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            user_id: account.id,
            session_id: session,
            generation: account.jwt_generation,
            aud: self.inner.jwts.audience(),
            iat: issued,
            nbf: None,
            exp: issued.saturating_add(life),
        };
        let text = self.inner.jwts.sign(&claims).ok_or(Error::Internal)?;
        Ok(Jwt {
            text: Zeroizing::new(text),
            expires_at: Timestamp::from_millis(claims.exp.saturating_mul(1000)),
        })
    }
}
