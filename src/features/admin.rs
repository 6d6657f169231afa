//! Admin operations: what the application's own server may do with any account.

use std::time::Duration;

use crate::{
    error::Error,
    model::{
        Account, Channel, ClientInfo, CustomId, Email, EventKind, Invalid, Key, Label, Name, PasswordHash,
        Phone, Preferences, TargetId, Token, User, UserId,
    },
    operation::AdminOperation,
    ports::{Clock, Mailer, Parts, Select, SmsSender, Store},
    service::{Abort, AccountService, Context, Draft, Settled},
};

/// Admin operations on any account: look up, import, block, label, sign out, delete.
///
/// [`AccountService::admin`] returns it. Its methods check neither a session nor a permission.
///
/// # Security
/// Check that the client is one of your administrators before you call a method here, and before a
/// client's input decides which account it acts on.
#[derive(Debug)]
#[doc(alias = "administrator")]
#[doc(alias = "backend")]
pub struct Admin<'a, S, M, P, C> {
    service: &'a AccountService<S, M, P, C>,
    client: &'a ClientInfo,
}

/// An account to be imported, for instance from an older system.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewUser {
    /// The id.
    pub user_id: CustomId<UserId>,
    /// The email address, and whether it is verified.
    pub email: Option<(Email, bool)>,
    /// The phone number, and whether it is verified.
    pub phone: Option<(Phone, bool)>,
    /// The name, which may be empty.
    pub name: Name,
    /// The password hash, as [`PasswordHash::parse`] takes it. A hash weaker than
    /// [`Config::hashing`](crate::Config::hashing) is replaced at the next sign-in.
    pub password: Option<PasswordHash>,
    /// The labels.
    pub labels: Vec<Label>,
    /// The preferences.
    pub preferences: Preferences,
}

impl NewUser {
    /// An account with a generated id and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self {
            user_id: CustomId::Generate,
            email: None,
            phone: None,
            name: Name::default(),
            password: None,
            labels: Vec::new(),
            preferences: Preferences::default(),
        }
    }
}

impl Default for NewUser {
    fn default() -> Self {
        Self::new()
    }
}

/// The length and lifetime of a generic token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenericToken {
    /// The number of hex digits of the secret, 4 to 128. Default: 6. Five wrong guesses invalidate
    /// a secret of fewer than 32 digits.
    pub digits: usize,
    /// The lifetime, 1 minute to 1 year. Default: 15 minutes.
    pub lifetime: Duration,
}

impl Default for GenericToken {
    fn default() -> Self {
        Self { digits: 6, lifetime: Duration::from_secs(15 * 60) }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Returns the admin operations. The security log records `client`: the administrator's, or the
    /// default.
    #[must_use]
    #[doc(alias = "administrator")]
    pub fn admin<'a>(&'a self, client: &'a ClientInfo) -> Admin<'a, S, M, P, C> {
        Admin { service: self, client }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// Returns the account with this id.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user(&self, id: &UserId) -> Result<User, Error> {
        self.find(&Key::Id(*id), |_| true).await
    }

    /// Returns the account with this email address of its own.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user_by_email(&self, email: &Email) -> Result<User, Error> {
        self.find(&Key::Mailbox(email.clone()), |account| account.email() == Some(email)).await
    }

    /// Returns the account with this phone number.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user_by_phone(&self, phone: &Phone) -> Result<User, Error> {
        self.find(&Key::Phone(phone.clone()), |_| true).await
    }

    /// Lists at most `limit` accounts by ascending id, after the given one. Pass the last id of a
    /// page to get the next one, until a page is empty.
    ///
    /// Preferences are not loaded. Unreadable accounts are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, Error> {
        let inner = &self.service.inner;
        let now = inner.clock.now();
        let mut after = after.copied();
        loop {
            let page = inner.store.list(Select::After(after.as_ref()), limit).await?;
            let is_last = page.is_empty();
            after = page.last().map(|listed| listed.id);
            let readable = page.into_iter().filter_map(|listed| listed.found.ok());
            let users: Vec<User> = readable.map(|stored| User::at(stored.account, now)).collect();
            if is_last || !users.is_empty() {
                return Ok(users);
            }
        }
    }

    /// Creates an account from existing data. It sends no message and starts no session.
    ///
    /// # Errors
    /// [`Error::UserExists`] if the id, email or phone is taken; [`Error::Store`].
    pub async fn import(&self, new: NewUser) -> Result<User, Error> {
        let cx = self.context(AdminOperation::Import);
        let now = cx.now;
        let id = match new.user_id {
            CustomId::Given(id) => id,
            CustomId::Generate => UserId::generate(now, *self.service.draw()?),
        };
        let mut draft = Draft::new(Account::new(id, now), now);
        let account = &mut draft.account;
        if let Some((email, verified)) = new.email {
            account.set_email(email, TargetId::generate(now, *self.service.draw()?), now);
            verified.then(|| account.mark_verified(Channel::Mailbox, now));
        }
        if let Some((phone, verified)) = new.phone {
            account.set_phone(phone, TargetId::generate(now, *self.service.draw()?), now);
            verified.then(|| account.mark_verified(Channel::Phone, now));
        }
        (account.name, account.labels) = (new.name, new.labels);
        account.set_preferences(new.preferences);
        if let Some(hash) = new.password {
            draft.set_password(hash, self.service.inner.config.passwords.history);
        }
        draft.note(EventKind::UserCreated, None);
        self.service.create(draft, cx).await.map(User::new)
    }

    /// Blocks or unblocks the account. A blocked account cannot sign in; its sessions are refused
    /// but kept.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn set_blocked(&self, id: &UserId, blocked: bool) -> Result<User, Error> {
        self.change(id, AdminOperation::SetBlocked, |draft| {
            draft.blocked = blocked;
            draft.touch();
        })
        .await
    }

    /// Replaces the account's labels. Handlers check them with
    /// [`Account::has_label`](crate::model::Account::has_label).
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn set_labels(&self, id: &UserId, labels: Vec<Label>) -> Result<User, Error> {
        self.change(id, AdminOperation::SetLabels, |draft| {
            draft.labels.clone_from(&labels);
            draft.touch();
        })
        .await
    }

    /// Requires a new password, or withdraws that: until then every session of the account is
    /// refused with [`Error::PasswordResetRequired`]. A [recovery](AccountService::finish_recovery)
    /// sets the new password.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn require_password_reset(&self, id: &UserId, required: bool) -> Result<User, Error> {
        self.change(id, AdminOperation::RequirePasswordReset, |draft| {
            draft.reset_required = required;
            draft.touch();
        })
        .await
    }

    /// Ends all sessions of the account, with their JWTs.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn end_sessions(&self, id: &UserId) -> Result<User, Error> {
        self.change(id, AdminOperation::EndSessions, |draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
        })
        .await
    }

    /// Issues a token that [signs in](AccountService::sign_in_with_token) to the account, once. It
    /// replaces an earlier one with a short secret.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Invalid`] if length or lifetime is out of bounds;
    /// [`Error::Store`].
    ///
    /// # Security
    /// [`Token::secret`] is all that a sign-in needs. Give it only to the account's owner.
    pub async fn issue_token(&self, id: &UserId, how: GenericToken) -> Result<Token, Error> {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        if !(4..=128).contains(&how.digits) {
            return Err(Invalid::Text { min: 4, max: 128 }.into());
        }
        if !(Duration::from_secs(60)..=YEAR).contains(&how.lifetime) {
            return Err(Invalid::Lifetime.into());
        }
        let cx = self.context(AdminOperation::IssueToken);
        let new = self.service.new_generic_token(how.digits, how.lifetime, cx.now)?;
        let guard = self.service.guard(self.client);
        let decide = |draft: &mut Draft| {
            draft.issue(&new, guard);
            draft.note(EventKind::TokenCreated, None);
            Ok(())
        };
        match self.service.change(&Key::Id(*id), Parts::Body, cx, decide).await? {
            Settled::Done((), account) => Ok(new.view(&account, None)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }

    /// Deletes the account with all its data: sessions, identities, preferences, keys and log.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Referenced`] if a row of your application refers to it;
    /// [`Error::RefusedByHost`] if your application does not allow it; [`Error::Busy`] if other
    /// changes kept it busy; [`Error::Store`].
    pub async fn delete(&self, id: &UserId) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.remove();
            Ok(())
        };
        match self
            .service
            .change(&Key::Id(*id), Parts::Body, self.context(AdminOperation::Delete), decide)
            .await?
        {
            Settled::Done((), _) => Ok(()),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }

    fn context(&self, operation: AdminOperation) -> Context<'_> {
        self.service.admin_context(operation, self.client)
    }

    async fn find(&self, key: &Key, belongs: impl FnOnce(&Account) -> bool) -> Result<User, Error> {
        let inner = &self.service.inner;
        let stored = inner.store.load(key, Parts::Whole).await?;
        let account = stored.map(|stored| stored.account).filter(|account| belongs(account));
        Ok(User::at(account.ok_or(Error::UserNotFound)?, inner.clock.now()))
    }

    async fn change(
        &self,
        id: &UserId,
        operation: AdminOperation,
        change: impl Fn(&mut Draft) + Send + Sync,
    ) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            change(draft);
            Ok::<_, Abort>(())
        };
        match self.service.change(&Key::Id(*id), Parts::Whole, self.context(operation), decide).await? {
            Settled::Done((), account) => Ok(User::new(account)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }
}
