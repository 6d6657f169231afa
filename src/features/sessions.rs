//! Sessions: starting, listing, extending and ending them.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::{
    AccountService, Caller, Error, SessionAlerts, SessionHolder,
    messages::Notice,
    model::{
        Account, Client, DeviceSecret, EventKind, Factor, Factors, Session, SessionDetails, SessionId,
        SessionProvider, SessionRecord, SessionSecret, Timestamp, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Draft, Errand, Guard},
};

/// A session that has just begun, and the secret that its client must keep.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// What the client sends with each request from now on. It is shown this once.
    pub secret: SessionSecret,
    /// What the client should keep beyond the session and [send along](Client::with_device) at its next sign-in, if the account does not know
    /// it yet.
    pub device: Option<DeviceSecret>,
}

/// A session in the making: everything that is random or slow about it.
pub(crate) struct NewSession {
    pub(crate) record: SessionRecord,
    pub(crate) bits: Zeroizing<[u8; 32]>,
    device: DeviceSecret,
}

/// How a session came into its account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// The account keeps the new session's device secret from now on.
    has_new_device: bool,
    /// Whether this is a sign-in that the account's owner is told of.
    is_alarming: bool,
}

impl NewSession {
    pub(crate) fn id(&self) -> SessionId {
        self.record.id
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// The caller's live sessions, oldest first.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other gates; [`Error::Store`].
    #[doc(alias = "listSessions")]
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        let errand = self.errand(Operation::Sessions, caller.client());
        let account = self.load_as(caller, Parts::Body, errand).await?.account;
        let live = account.sessions.iter().filter(|record| record.is_live(errand.now));
        Ok(live.map(|record| self.session_view(&account, record, Some(caller))).collect())
    }

    /// One of the caller's live sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session; the gates; [`Error::Store`].
    #[doc(alias = "getSession")]
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        let errand = self.errand(Operation::Session, caller.client());
        let account = self.load_as(caller, Parts::Body, errand).await?.account;
        let record = account.session(id, errand.now).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Lets one of the caller's sessions live for another [`session_lifetime`](crate::Config::session_lifetime) from now, but not past
    /// [`session_cap`](crate::Config::session_cap).
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session or it has expired; the gates; [`Error::Store`].
    #[doc(alias = "updateSession")]
    pub async fn extend_session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        let (lifetime, cap) = (self.inner.config.session_lifetime, self.inner.config.session_cap);
        let decide = |draft: &mut Draft| Ok(draft.extend_session(id, lifetime, cap)?);
        let ((), account) = self
            .change_as(caller, self.errand(Operation::ExtendSession, caller.client()), Parts::Body, decide)
            .await?;
        let record = account.sessions.iter().find(|record| record.id == *id).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Ends one of the holder's sessions, with its push targets. From the answer on, its secret and its JWTs are refused. A session that
    /// still owes a factor can end itself only.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the holder has no such session; [`Error::MoreFactorsRequired`]; the gates; [`Error::Store`].
    #[doc(alias = "deleteSession")]
    pub async fn sign_out(&self, holder: &SessionHolder, id: &SessionId) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            let own = draft.session(holder.session_id(), draft.now).ok_or(Error::NotSignedIn)?;
            if *id != own.id && draft.owes_factor(own) {
                return Err(Error::MoreFactorsRequired.into());
            }
            Ok(draft.end_session(id)?)
        };
        self.change_as(holder, self.errand(Operation::SignOut, holder.client()), Parts::Body, decide).await?;
        Ok(())
    }

    /// Ends all sessions of the caller, with their push targets.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "deleteSessions")]
    pub async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
            Ok(())
        };
        self.change_as(
            caller,
            self.errand(Operation::SignOutEverywhere, caller.client()),
            Parts::Body,
            decide,
        )
        .await?;
        Ok(())
    }

    pub(crate) fn new_session(
        &self,
        client: &Client,
        now: Timestamp,
        provider: SessionProvider,
        uid: &str,
        factor: Factor,
    ) -> Result<NewSession, Error> {
        let bits = self.draw::<32>()?;
        let digest = SessionSecret::new(UserId::generate(now, [0; 10]), bits.clone()).digest();
        let details = SessionDetails {
            id: SessionId::generate(now, *self.draw()?),
            created_at: now,
            updated_at: now,
            provider,
            provider_uid: uid.into(),
            ip: client.ip(),
            user_agent: client.user_agent().map(Into::into),
            country: self.country(client),
            challenged_at: None,
        };
        let expires_at = now.after(self.inner.config.session_lifetime);
        let record = SessionRecord::new(digest, expires_at, Factors::from(vec![factor]), details);
        Ok(NewSession { record, bits, device: DeviceSecret::new(self.draw()?) })
    }

    /// The answer to a sign-in. To its own maker the new session is the current one.
    pub(crate) async fn signed_in(
        &self,
        account: &Account,
        new: NewSession,
        arrival: Arrival,
        errand: Errand<'_>,
    ) -> SignedIn {
        let mut session = self.session_view(account, &new.record, None);
        session.current = true;
        if arrival.is_alarming {
            let notice = Notice::SessionAlert {
                device: session.device.clone(),
                ip: session.ip,
                country: session.country.clone(),
            };
            self.notify(account.contact(), errand.client, errand.now, notice).await;
        }
        let device = arrival.has_new_device.then_some(new.device);
        SignedIn { session, secret: SessionSecret::new(account.id, new.bits), device }
    }
}

impl Draft {
    /// Starts a session, ending the oldest beyond the limit in the same save. With all factors proved, earlier wrong guesses are forgotten and
    /// the device is known from now on.
    pub(crate) fn start_session(&mut self, new: &NewSession, guard: Guard<'_>) -> Arrival {
        let now = self.now;
        let is_known = self.knows(guard.client, now);
        let is_first = self.devices.is_empty() && self.sessions.is_empty();
        let is_alarming = match guard.config.session_alerts {
            SessionAlerts::Off => false,
            SessionAlerts::NewDevices => !is_known && !is_first,
            SessionAlerts::EverySession => !self.sessions.is_empty() && new.record.is_told_of(),
        };
        self.add_session(new.record.clone(), guard.config.session_limit, now);
        self.accessed_at = now;
        self.note(EventKind::SessionCreated, Some(new.id()));
        let has_new_device = !self.owes_factor(&new.record) && self.welcome(guard.client, &new.device);
        Arrival { has_new_device, is_alarming }
    }

    /// After all factors have been proved: forgets wrong guesses and knows the device. Tells whether it is known by the fresh secret.
    pub(crate) fn welcome(&mut self, client: &Client, fresh: &DeviceSecret) -> bool {
        self.clear_failures();
        if !self.is_lasting() {
            return false;
        }
        let (now, id) = (self.now, self.id);
        let known = client.device().filter(|_| self.knows(client, now));
        self.devices.remember(known.unwrap_or(fresh).digest(&id), now);
        known.is_none()
    }

    fn extend_session(
        &mut self,
        id: &SessionId,
        lifetime: Duration,
        cap: Option<Duration>,
    ) -> Result<(), Error> {
        let now = self.now;
        let session = self.session_mut(id, now).ok_or(Error::SessionNotFound)?;
        let wanted = now.after(lifetime);
        session.expires_at = cap.map_or(wanted, |cap| wanted.min(session.created_at.after(cap)));
        session.updated_at = now;
        self.note(EventKind::SessionUpdated, Some(*id));
        Ok(())
    }

    fn end_session(&mut self, id: &SessionId) -> Result<(), Error> {
        let now = self.now;
        self.session(id, now).ok_or(Error::SessionNotFound)?;
        self.retain_sessions(|session| session.id != *id);
        self.note(EventKind::SessionDeleted, Some(*id));
        Ok(())
    }
}

impl SignedIn {
    /// Whose session it is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.session.user
    }
}
