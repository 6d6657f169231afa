//! Push targets: the devices that your application can send push messages to.

use crate::{
    error::Error,
    model::{CustomId, EventKind, Invalid, ProviderId, PushTargetRecord, Target, TargetId, TargetKind, User},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Caller, Context, Draft},
};

/// A device token: a push provider's id of a device, 1 to 255 characters. `Debug` hides it.
///
/// # Examples
/// ```
/// use account::DeviceToken;
///
/// let token: DeviceToken = "c2Vu-from-the-push-provider".parse()?;
/// assert_eq!(format!("{token:?}"), "DeviceToken(…)");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(Box<str>);

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceToken(…)")
    }
}

impl std::str::FromStr for DeviceToken {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.chars().count() {
            1..=255 if !text.contains('\0') => Ok(Self(text.into())),
            _ => Err(Invalid::Text { min: 1, max: 255 }),
        }
    }
}

/// A push target to be added.
///
/// # Examples
/// ```
/// use account::NewPushTarget;
///
/// let mut new = NewPushTarget::new("c2Vu-from-the-push-provider".parse()?);
/// new.provider = Some("fcm".parse()?); // default: the first of `Config::push_providers`
/// new.id = "phone-of-ada".parse()?; // default: a generated id
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewPushTarget {
    /// The id, chosen by the client or generated.
    pub id: CustomId<TargetId>,
    /// The device token.
    pub token: DeviceToken,
    /// The push provider. Default: the first configured one.
    pub provider: Option<ProviderId>,
}

impl NewPushTarget {
    /// A target with a generated id at the default provider.
    #[must_use]
    pub fn new(token: DeviceToken) -> Self {
        Self { id: CustomId::Generate, token, provider: None }
    }
}

/// # Push targets
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Adds a push target. It is removed when the session that added it ends. A caller with a JWT
    /// adds one that belongs to no session.
    ///
    /// # Errors
    /// [`Error::TargetExists`] if any account has the id or the device token;
    /// [`Error::ProviderNotFound`]; [`Error::TooMany`]; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::{NewPushTarget, model::TargetKind};
    ///
    /// let new = NewPushTarget::new("c2Vu-from-the-push-provider".parse()?);
    /// let target = accounts.add_push_target(&caller, new).await?;
    /// assert_eq!(target.kind, TargetKind::Push);
    ///
    /// // Where your application sends push messages to:
    /// let targets = accounts.user(&caller).await?.targets();
    /// assert!(targets.iter().any(|target| &*target.identifier == "c2Vu-from-the-push-provider"));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createPushTarget")]
    pub async fn add_push_target(&self, caller: &Caller, new: NewPushTarget) -> Result<Target, Error> {
        self.perform(Operation::AddPushTarget, caller.client(), |cx| self.add_push_target_in(cx, caller, new))
            .await
    }

    async fn add_push_target_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        new: NewPushTarget,
    ) -> Result<Target, Error> {
        let providers = &self.inner.config.push_providers;
        let provider = match new.provider {
            Some(id) if providers.is_empty() || providers.contains(&id) => Some(id),
            Some(_) => return Err(Error::ProviderNotFound),
            None => providers.first().copied(),
        };
        let now = cx.now;
        let generated = TargetId::generate(now, *self.draw()?);
        let record = PushTargetRecord {
            id: new.id.given_or(|| generated),
            created_at: now,
            updated_at: now,
            identifier: new.token.0,
            provider,
            name: self.device_name(caller),
            session: caller.current_session().copied(),
        };
        let limit = self.inner.config.target_limit;
        let decide = |draft: &mut Draft| draft.add_push_target(&record, limit);
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        push_target(&User::new(account), &record.id)
    }

    /// Changes the device token of one of the caller's push targets.
    ///
    /// # Errors
    /// [`Error::TargetNotFound`] if the caller has no such push target; [`Error::TargetExists`] if
    /// the token is taken; the [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let new = account::NewPushTarget::new("c2Vu-from-the-push-provider".parse()?);
    /// # let target = accounts.add_push_target(&caller, new).await?;
    /// let token = "ZmNt-after-a-reinstall".parse()?; // the push provider has replaced it
    /// let target = accounts.change_push_target(&caller, &target.id, token).await?;
    /// assert_eq!(&*target.identifier, "ZmNt-after-a-reinstall");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updatePushTarget")]
    pub async fn change_push_target(
        &self,
        caller: &Caller,
        id: &TargetId,
        token: DeviceToken,
    ) -> Result<Target, Error> {
        self.perform(Operation::ChangePushTarget, caller.client(), |cx| {
            self.change_push_target_in(cx, caller, id, token)
        })
        .await
    }

    async fn change_push_target_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        id: &TargetId,
        token: DeviceToken,
    ) -> Result<Target, Error> {
        let name = self.device_name(caller);
        let decide = |draft: &mut Draft| draft.change_push_target(id, &token.0, &name);
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        push_target(&User::new(account), id)
    }

    /// Removes one of the caller's push targets.
    ///
    /// # Errors
    /// [`Error::TargetNotFound`] if the caller has no such push target; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let new = account::NewPushTarget::new("c2Vu-from-the-push-provider".parse()?);
    /// # let target = accounts.add_push_target(&caller, new).await?;
    /// use account::Error;
    ///
    /// accounts.remove_push_target(&caller, &target.id).await?;
    /// let again = accounts.remove_push_target(&caller, &target.id).await;
    /// assert!(matches!(again, Err(Error::TargetNotFound)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "deletePushTarget")]
    pub async fn remove_push_target(&self, caller: &Caller, id: &TargetId) -> Result<(), Error> {
        self.perform(Operation::RemovePushTarget, caller.client(), |cx| {
            self.remove_push_target_in(cx, caller, id)
        })
        .await
    }

    async fn remove_push_target_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        id: &TargetId,
    ) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            let before = draft.targets.len();
            draft.targets.retain(|target| target.id != *id);
            if draft.targets.len() == before {
                return Err(Error::TargetNotFound.into());
            }
            draft.note(EventKind::TargetDeleted, None);
            Ok(())
        };
        self.change_as(caller, cx, Parts::Body, decide).await?;
        Ok(())
    }

    fn device_name(&self, caller: &Caller) -> Box<str> {
        let device = self.device(caller.client().user_agent());
        format!("{} {}", device.device_brand, device.device_model).into()
    }
}

impl Draft {
    fn add_push_target(&mut self, record: &PushTargetRecord, limit: usize) -> Result<(), Abort> {
        let contacts =
            [self.email.as_ref().map(|email| email.target), self.phone.as_ref().map(|phone| phone.target)];
        if contacts.contains(&Some(record.id))
            || self
                .targets
                .iter()
                .any(|target| target.id == record.id || target.identifier == record.identifier)
        {
            return Err(Error::TargetExists.into());
        }
        if self.targets.len() >= limit {
            return Err(Error::TooMany("push targets").into());
        }
        self.targets.push(record.clone());
        self.note(EventKind::TargetCreated, None);
        Ok(())
    }

    fn change_push_target(&mut self, id: &TargetId, identifier: &str, name: &str) -> Result<(), Abort> {
        let now = self.now;
        let taken = self.targets.iter().any(|target| target.id != *id && *target.identifier == *identifier);
        let target = self.targets.iter_mut().find(|target| target.id == *id).ok_or(Error::TargetNotFound)?;
        if taken {
            return Err(Error::TargetExists.into());
        }
        target.identifier = identifier.into();
        target.name = name.into();
        target.updated_at = now;
        self.note(EventKind::TargetUpdated, None);
        Ok(())
    }
}

fn push_target(user: &User, id: &TargetId) -> Result<Target, Error> {
    user.targets()
        .into_iter()
        .find(|target| target.kind == TargetKind::Push && target.id == *id)
        .ok_or(Error::TargetNotFound)
}
