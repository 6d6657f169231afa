//! Sessions: sign-in, listing, extension and end; and JWTs.

use crate::{
    error::Error,
    http::{
        call::Call,
        outcome::{Answer, CookieChange, Done, Outcome},
        rejection::Rejection,
    },
    model::{Email, Password, SessionId},
    ports::{Clock, Mailer, SmsSender, Store},
    service::SignedIn,
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn sign_in_with_password(&self) -> Answer {
        let (email, password) = (self.required::<Email>("email")?, self.required::<Password>("password")?);
        let signed_in = self.service.sign_in_with_password(email, password, &self.client).await?;
        Ok(self.signed_in(signed_in))
    }

    pub(super) async fn sign_in_anonymously(&self) -> Answer {
        let signed_in = self.service.sign_in_anonymously(&self.client).await?;
        Ok(self.signed_in(signed_in))
    }

    /// The outcome of every sign-in.
    pub(super) fn signed_in(&self, SignedIn { session, secret, device }: SignedIn) -> Done {
        let cookie = CookieChange::Set(secret, session.expires_at);
        Outcome::SignedIn(Box::new(session)).done().with_cookie(cookie).with_device(device)
    }

    pub(super) async fn sessions(&self) -> Answer {
        let sessions = self.service.sessions(self.caller()?).await?;
        Ok(Outcome::Sessions(sessions).done())
    }

    pub(super) async fn session(&self) -> Answer {
        let session = self.service.session(self.caller()?, &self.session_id()?).await?;
        Ok(Outcome::Session(Box::new(session)).done())
    }

    pub(super) async fn extend_session(&mut self) -> Answer {
        let session = self.service.extend_session(self.caller()?, &self.session_id()?).await?;
        let (is_current, expires_at) = (session.current, session.expires_at);
        let done = Outcome::Session(Box::new(session)).done();
        // A browser would delete the cookie at the expiry that was set first.
        Ok(match self.credential.take().filter(|credential| is_current && credential.by_cookie) {
            Some(credential) => done.with_cookie(CookieChange::Set(credential.secret, expires_at)),
            None => done,
        })
    }

    pub(super) async fn sign_out(&self) -> Answer {
        let (holder, id) = (self.holder()?, self.session_id()?);
        self.service.sign_out(holder, &id).await?;
        let ends_current = holder.current_session() == Some(&id);
        Ok(Outcome::Nothing.done().clearing_cookie_if(ends_current))
    }

    pub(super) async fn sign_out_everywhere(&self) -> Answer {
        self.service.sign_out_everywhere(self.caller()?).await?;
        Ok(Outcome::Nothing.done().with_cookie(CookieChange::Clear))
    }

    pub(super) async fn issue_jwt(&self) -> Answer {
        let jwt = self.service.issue_jwt(self.caller()?).await?;
        Ok(Outcome::Jwt(jwt).done())
    }

    /// The session in the path. `current` is the session of the request.
    fn session_id(&self) -> Result<SessionId, Rejection> {
        if self.segment("sessionId") == Some("current") {
            return self.holder()?.current_session().copied().ok_or(Error::SessionNotFound.into());
        }
        self.in_path("sessionId")
    }
}
