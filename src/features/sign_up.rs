//! Sign-up with email and password.

use crate::{
    error::Error,
    model::{
        Account, ClientInfo, CustomId, Email, EventKind, Name, Password, PasswordHash, TargetId, User, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
    service::{AccountService, Context, Draft},
};

/// A new account.
///
/// # Examples
/// ```
/// use account::SignUp;
///
/// let mut new = SignUp::new("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?);
/// new.user_id = "ada".parse()?; // default: a generated id
/// new.name = "Ada Lovelace".parse()?; // default: no name
/// assert_eq!(new.email.domain(), "example.com");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SignUp {
    /// The id, chosen by the application or generated.
    pub user_id: CustomId<UserId>,
    /// The email address, unverified.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// The display name, which may be empty.
    pub name: Name,
}

impl SignUp {
    /// A sign-up with a generated id and no name.
    #[must_use]
    pub fn new(email: Email, password: Password) -> Self {
        Self { user_id: CustomId::Generate, email, password, name: Name::default() }
    }
}

/// # Sign up
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Creates an account with email and password. It does not sign in.
    ///
    /// # Errors
    /// [`Error::UserExists`] if the id or the email is taken; [`Error::Invalid`],
    /// [`Error::PasswordPersonalData`] if the password breaks a rule; [`Error::MethodDisabled`];
    /// [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// The answer reveals whether an email address has an account (user enumeration). Call
    /// [`admit`](AccountService::admit) first, which limits the requests; or sign up with
    /// [`send_email_code`](AccountService::send_email_code), which reveals nothing.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use account::{Error, SignUp};
    ///
    /// let (email, password) = ("ada@example.com", "tr4verse-Cobalt-heron");
    /// let user = accounts.sign_up(SignUp::new(email.parse()?, password.parse()?), &client).await?;
    /// assert!(!user.is_email_verified());
    ///
    /// let again = SignUp::new(email.parse()?, password.parse()?);
    /// assert!(matches!(accounts.sign_up(again, &client).await, Err(Error::UserExists)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "create")]
    #[doc(alias = "register")]
    #[doc(alias = "signup")]
    pub async fn sign_up(&self, request: SignUp, client: &ClientInfo) -> Result<User, Error> {
        self.perform(Operation::SignUp, client, |cx| self.sign_up_in(cx, request)).await
    }

    async fn sign_up_in(&self, cx: Context<'_>, request: SignUp) -> Result<User, Error> {
        let SignUp { user_id, email, password, name } = request;
        let id = match user_id {
            CustomId::Given(id) => id,
            CustomId::Generate => UserId::generate(cx.now, *self.draw()?),
        };
        let target = TargetId::generate(cx.now, *self.draw()?);
        let mut draft = Draft::new(Account::new(id, cx.now), cx.now);
        draft.account.sign_up(email, target, name);
        self.check_new_password(&password, &draft.account).await?;
        let hash = self.hash_password(&password).await?;
        draft.set_password(hash, self.inner.config.passwords.history);
        draft.note(EventKind::UserCreated, None);
        self.create(draft, cx).await.map(User::new)
    }
}

impl Account {
    fn sign_up(&mut self, email: Email, target: TargetId, name: Name) {
        self.set_email(email, target, self.created_at);
        self.name = name;
    }
}

impl Draft {
    /// Sets the password, and keeps it with as many earlier ones as the history holds.
    pub(crate) fn set_password(&mut self, hash: PasswordHash, history: usize) {
        let now = self.now;
        self.account.set_password(hash, history, now);
    }
}
