//! Sessions: sign-in, list, extension and end; and the JWTs of a session.

use crate::{
    error::Error,
    http::{
        call::Call,
        models::{JwtModel, SessionListModel, SessionModel},
        rejection::Rejection,
        reply::{Answer, CookieChange, Reply},
    },
    model::{Email, Password, Session, SessionId},
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

    /// The answer to every sign-in. Only a server that holds the API key sees the secret; others get it as a cookie.
    pub(super) fn signed_in(&self, SignedIn { session, secret, device }: SignedIn) -> Reply {
        let shown = if self.has_api_key { secret.to_wire() } else { String::new() };
        let reply = Reply::created(&SessionModel::new(&session, &shown));
        reply.with_cookie(CookieChange::Set(secret, session.expires_at)).with_device(device)
    }

    pub(super) async fn sessions(&self) -> Answer {
        let sessions = self.service.sessions(self.caller()?).await?;
        Ok(Reply::ok(&SessionListModel::new(&sessions)))
    }

    pub(super) async fn session(&self) -> Answer {
        let session = self.service.session(self.caller()?, &self.session_id()?).await?;
        Ok(Self::shown(&session))
    }

    pub(super) async fn extend_session(&mut self) -> Answer {
        let session = self.service.extend_session(self.caller()?, &self.session_id()?).await?;
        let reply = Self::shown(&session);
        // A browser would forget the cookie at the expiry it was told first.
        Ok(match self.credential.take().filter(|credential| session.current && credential.by_cookie) {
            Some(credential) => reply.with_cookie(CookieChange::Set(credential.secret, session.expires_at)),
            None => reply,
        })
    }

    pub(super) async fn sign_out(&self) -> Answer {
        let (holder, id) = (self.holder()?, self.session_id()?);
        self.service.sign_out(holder, &id).await?;
        let ends_current = holder.current_session() == Some(&id);
        Ok(Reply::empty().with_cookie(if ends_current { CookieChange::Clear } else { CookieChange::Keep }))
    }

    pub(super) async fn sign_out_everywhere(&self) -> Answer {
        self.service.sign_out_everywhere(self.caller()?).await?;
        Ok(Reply::empty().with_cookie(CookieChange::Clear))
    }

    pub(super) async fn issue_jwt(&self) -> Answer {
        let jwt = self.service.issue_jwt(self.caller()?).await?;
        Ok(Reply::created(&JwtModel { jwt: jwt.as_str() }))
    }

    fn shown(session: &Session) -> Reply {
        Reply::ok(&SessionModel::new(session, ""))
    }

    /// The session that the path names; `current` is the one that made the request.
    fn session_id(&self) -> Result<SessionId, Rejection> {
        if self.segment("sessionId") == Some("current") {
            return self.holder()?.current_session().copied().ok_or(Error::SessionNotFound.into());
        }
        self.in_path("sessionId")
    }
}
