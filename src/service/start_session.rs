//! Starting a session: the last step of every sign-in.

use zeroize::Zeroizing;

use super::{
    account_service::AccountService,
    context::Context,
    draft::{Abort, Draft},
    token::Guard,
};
use crate::{
    config::SessionAlerts,
    error::Error,
    messages::Notice,
    model::{
        Account, ClientInfo, DeviceSecret, EventKind, Factor, Factors, Session, SessionDetails, SessionId,
        SessionProvider, SessionRecord, SessionSecret, Timestamp, UserId,
    },
    ports::{Clock, Mailer, SmsSender, Store},
};

/// A new session, and the secret that its client must keep.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
/// # let test = account::testing::TestHost::new();
/// # let (accounts, client) = (&test.service, account::model::ClientInfo::default());
/// let signed_in = accounts.sign_in_anonymously(&client).await?;
/// let cookie = format!(
///     "session={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
///     signed_in.secret.to_wire(),
///     accounts.config().session_lifetime.as_secs(),
/// );
/// assert!(cookie.ends_with("Max-Age=31536000"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The secret that the client sends with each request. It is available only here.
    pub secret: SessionSecret,
    /// A secret that the client should keep beyond the session and [send](ClientInfo::with_device)
    /// at its next sign-in. `None` if the account knows the device already.
    pub device: Option<DeviceSecret>,
}

/// How a session was signed in to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignInMethod<'a> {
    pub(crate) provider: SessionProvider,
    /// The provider's id of the user.
    pub(crate) uid: &'a str,
    pub(crate) factors: &'a [Factor],
}

/// A session to be started: everything about it that is random or slow.
pub(crate) struct NewSession {
    pub(crate) record: SessionRecord,
    pub(crate) bits: Zeroizing<[u8; 32]>,
    device: DeviceSecret,
}

/// What starting a session has changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartedSession {
    /// The account now knows the device by the new secret.
    has_new_device: bool,
    /// The account's owner is to be alerted.
    needs_alert: bool,
}

impl NewSession {
    pub(crate) fn id(&self) -> SessionId {
        self.record.id
    }
}

impl SignedIn {
    /// The id of the session's account.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.session.user
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    pub(crate) fn new_session(&self, client: &ClientInfo, now: Timestamp) -> Result<NewSession, Error> {
        let bits = self.draw::<32>()?;
        let digest = SessionSecret::new(UserId::generate(now, [0; 10]), bits.clone()).digest();
        let details = SessionDetails {
            id: SessionId::generate(now, *self.draw()?),
            created_at: now,
            updated_at: now,
            provider: SessionProvider::Token,
            provider_uid: "".into(),
            ip: client.ip(),
            user_agent: client.user_agent().map(Into::into),
            country: self.country(client),
            challenged_at: None,
            is_vouched_for: false,
        };
        let expires_at = now.after(self.inner.config.session_lifetime);
        let record = SessionRecord::new(digest, expires_at, Factors::default(), details);
        Ok(NewSession { record, bits, device: DeviceSecret::new(self.draw()?) })
    }

    /// The result of a sign-in. The new session is the current one.
    pub(crate) async fn signed_in(
        &self,
        account: &Account,
        new: NewSession,
        started: StartedSession,
        cx: Context<'_>,
    ) -> SignedIn {
        let record = account.sessions.iter().find(|record| record.id == new.id());
        let mut session = self.session_view(account, record.unwrap_or(&new.record), None);
        session.current = true;
        if started.needs_alert {
            let notice = Notice::SessionAlert {
                device: session.device.clone(),
                ip: session.ip,
                country: session.country.clone(),
            };
            self.send_email(cx, account.contact(), notice).await;
        }
        let device = started.has_new_device.then_some(new.device);
        SignedIn { session, secret: SessionSecret::new(account.id, new.bits), device }
    }
}

impl Draft {
    /// Starts a session, and ends the oldest one beyond the limit. If no factor is missing, earlier
    /// wrong guesses are forgotten and the device becomes a known one.
    pub(crate) fn start_session(
        &mut self,
        new: &NewSession,
        method: SignInMethod<'_>,
        guard: Guard<'_>,
    ) -> StartedSession {
        let now = self.now;
        let mut record = new.record.clone();
        (record.provider, record.provider_uid) = (method.provider, method.uid.into());
        method.factors.iter().for_each(|factor| record.factors.add(*factor));
        let is_by_provider = matches!(method.provider, SessionProvider::Provider(_));
        if is_by_provider && guard.config.providers_prove_both_factors {
            record.is_vouched_for = true;
        }
        let is_known = self.knows(guard.client, now);
        let is_first = self.devices.is_empty() && self.sessions.is_empty();
        let needs_alert = match guard.config.session_alerts {
            SessionAlerts::Off => false,
            SessionAlerts::NewDevices => !is_known && !is_first,
            SessionAlerts::EverySession => !self.sessions.is_empty() && record.triggers_alert(),
        };
        let lacks_factor = self.lacks_factor(&record);
        self.add_session(record, guard.config.session_limit, now);
        self.accessed_at = now;
        self.note(EventKind::SessionCreated, Some(new.id()));
        let has_new_device = !lacks_factor && self.remember_device(guard.client, &new.device);
        StartedSession { has_new_device, needs_alert }
    }

    /// Forgets wrong guesses and remembers the device, once no factor is missing. Returns whether
    /// the device is known by the fresh secret.
    pub(crate) fn remember_device(&mut self, client: &ClientInfo, fresh: &DeviceSecret) -> bool {
        self.clear_failures();
        if !self.has_sign_in_method() {
            return false;
        }
        let (now, id) = (self.now, self.id);
        let known = client.device().filter(|_| self.knows(client, now));
        self.devices.remember(known.unwrap_or(fresh).digest(&id), now);
        known.is_none()
    }

    /// Refuses a blocked account, after the right password or token only, and with the same work as
    /// any other refusal.
    pub(crate) fn admit_sign_in(&mut self) -> Result<(), Abort> {
        if self.blocked {
            self.note(EventKind::SignInRefused, None);
            return Err(Abort::SaveAndRefuse(Error::Blocked));
        }
        Ok(())
    }
}
