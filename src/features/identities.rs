//! Linked accounts at OAuth2 providers.

use crate::{
    config::SignInMethods,
    error::Error,
    messages::Notice,
    model::{
        Account, EventKind, Field, Identity, IdentityAttribute, IdentityId, IdentityQuery, QueryFields,
        SessionId, SessionProvider, TokenPurpose,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft},
};

/// A page of the caller's identities.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IdentityPage {
    /// The identities.
    pub identities: Vec<Identity>,
    /// The number of identities that match the filters, regardless of limit and offset.
    pub total: usize,
}

/// # Linked identities
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Lists the caller's identities that match a query, in its order.
    ///
    /// # Errors
    /// [`Error::CursorNotFound`] if no identity has the query's cursor; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "oauth2"))] fn main() {}
    /// # #[cfg(feature = "oauth2")] use account::{oauth2::*, ports::*, *};
    /// # #[derive(Debug)] struct GitHub;
    /// # #[cfg(feature = "oauth2")] #[async_trait::async_trait]
    /// # impl HttpClient for GitHub {
    /// #     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    /// #         let emails = r#"[{"email": "a@example.com", "primary": true, "verified": true}]"#;
    /// #         let other = r#"{"access_token": "t", "token_type": "bearer", "id": 583231}"#;
    /// #         let body = if request.url().path() == "/user/emails" { emails } else { other };
    /// #         Ok(HttpResponse::new(200, body.into()))
    /// #     }
    /// # }
    /// # #[cfg(feature = "oauth2")] #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let credentials = Credentials::new("client-1", "hidden".to_owned());
    /// # let github = Registration::new(Provider::builtin("github")?, credentials)?;
    /// # let accounts = AccountService::builder(MemoryStore::new())
    /// #     .config(Config::new(MasterKey::generate()?))
    /// #     .provider(OAuth2Client::new(github, std::sync::Arc::new(GitHub)))
    /// #     .build()?;
    /// # let (github, allowed) = ("github".parse()?, model::AllowedRedirects::default());
    /// # let client = model::ClientInfo::default();
    /// # let start = OAuth2Start::new(github, "https://app.example.com/callback/github");
    /// # let started = accounts.start_oauth2(start, None).await?;
    /// # let pairs = || started.authorize_url.query_pairs();
    /// # let state = pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    /// # let cookie = started.state.to_wire();
    /// # let (kept, mut back) = (FlowState::from_wire(&cookie)?, OAuth2Return::default());
    /// # (back.code, back.state) = (Some("c0de"), Some(&*state));
    /// # let kept = Some(&kept);
    /// # let done = accounts.finish_oauth2(&github, back, kept, None, &allowed, &client).await;
    /// # let OAuth2Outcome::Session(signed_in) = done.unwrap().outcome else { unreachable!() };
    /// # let caller = accounts.caller(&signed_in.secret).await?;
    /// use account::model::IdentityQuery;
    ///
    /// let query = [r#"{"method":"equal","attribute":"provider","values":["github"]}"#];
    /// let page = accounts.identities(&caller, &IdentityQuery::parse(&query, 25)?).await?;
    /// assert_eq!(page.total, 1);
    /// assert_eq!(&*page.identities[0].provider_uid, "583231");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "listIdentities")]
    pub async fn identities(&self, caller: &Caller, query: &IdentityQuery) -> Result<IdentityPage, Error> {
        self.perform(Operation::Identities, caller.client(), |cx| self.identities_in(cx, caller, query)).await
    }

    async fn identities_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        query: &IdentityQuery,
    ) -> Result<IdentityPage, Error> {
        let account = self.load_as(caller, Parts::Body, cx).await?.account;
        let identity = |record: &crate::model::IdentityRecord| Identity {
            id: record.id,
            user: *account.id(),
            created_at: record.created_at,
            updated_at: record.updated_at,
            provider: record.provider.clone(),
            provider_uid: record.uid.clone(),
            provider_email: record.email.clone().or_else(|| record.verified_email.clone()),
            access_expires_at: record.access_expires_at,
        };
        let page = query
            .apply(account.identities.iter().map(identity).collect())
            .map_err(|_| Error::CursorNotFound)?;
        Ok(IdentityPage { identities: page.rows, total: page.total })
    }

    /// Removes one of the caller's identities, with the provider's tokens and the sessions that it
    /// started.
    ///
    /// The provider of a sign-in token is not recorded. So unredeemed ones are removed as well, and
    /// the sessions that such tokens started, except for the caller's. The account's email address
    /// is notified.
    ///
    /// # Errors
    /// [`Error::IdentityNotFound`] if the caller has no such identity; [`Error::LastSignIn`] if no
    /// other enabled method could sign in; the [errors of every caller](crate::Caller#errors);
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "oauth2"))] fn main() {}
    /// # #[cfg(feature = "oauth2")] use account::{oauth2::*, ports::*, *};
    /// # #[derive(Debug)] struct GitHub;
    /// # #[cfg(feature = "oauth2")] #[async_trait::async_trait]
    /// # impl HttpClient for GitHub {
    /// #     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    /// #         let emails = r#"[{"email": "a@example.com", "primary": true, "verified": true}]"#;
    /// #         let other = r#"{"access_token": "t", "token_type": "bearer", "id": 583231}"#;
    /// #         let body = if request.url().path() == "/user/emails" { emails } else { other };
    /// #         Ok(HttpResponse::new(200, body.into()))
    /// #     }
    /// # }
    /// # #[cfg(feature = "oauth2")] #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let credentials = Credentials::new("client-1", "hidden".to_owned());
    /// # let github = Registration::new(Provider::builtin("github")?, credentials)?;
    /// # let accounts = AccountService::builder(MemoryStore::new())
    /// #     .config(Config::new(MasterKey::generate()?))
    /// #     .provider(OAuth2Client::new(github, std::sync::Arc::new(GitHub)))
    /// #     .build()?;
    /// # let (github, allowed) = ("github".parse()?, model::AllowedRedirects::default());
    /// # let client = model::ClientInfo::default();
    /// # let start = OAuth2Start::new(github, "https://app.example.com/callback/github");
    /// # let started = accounts.start_oauth2(start, None).await?;
    /// # let pairs = || started.authorize_url.query_pairs();
    /// # let state = pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    /// # let cookie = started.state.to_wire();
    /// # let (kept, mut back) = (FlowState::from_wire(&cookie)?, OAuth2Return::default());
    /// # (back.code, back.state) = (Some("c0de"), Some(&*state));
    /// # let kept = Some(&kept);
    /// # let done = accounts.finish_oauth2(&github, back, kept, None, &allowed, &client).await;
    /// # let OAuth2Outcome::Session(signed_in) = done.unwrap().outcome else { unreachable!() };
    /// # let caller = accounts.caller(&signed_in.secret).await?;
    /// use account::{Error, model::IdentityQuery};
    ///
    /// let query = IdentityQuery::parse(&[] as &[&str], 25)?;
    /// for identity in accounts.identities(&caller, &query).await?.identities {
    ///     accounts.unlink_identity(&caller, &identity.id).await?;
    /// }
    /// // The sessions that it had started end with it.
    /// assert!(matches!(accounts.user(&caller).await, Err(Error::NotSignedIn)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "deleteIdentity")]
    pub async fn unlink_identity(&self, caller: &Caller, id: &IdentityId) -> Result<(), Error> {
        self.perform(Operation::UnlinkIdentity, caller.client(), |cx| self.unlink_identity_in(cx, caller, id))
            .await
    }

    async fn unlink_identity_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        id: &IdentityId,
    ) -> Result<(), Error> {
        let methods = self.inner.config.methods;
        let decide = |draft: &mut Draft| {
            let provider = draft.unlink(id, caller.session_id(), &methods)?;
            draft.note(EventKind::IdentityDeleted, None);
            Ok(provider)
        };
        let (provider, account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        let notice = Notice::IdentityUnlinked { provider: self.provider_name(&provider) };
        self.send_email(cx, account.contact(), notice).await;
        Ok(())
    }

    /// The provider's display name if this service has the provider, otherwise its key.
    pub(crate) fn provider_name(&self, key: &str) -> Box<str> {
        #[cfg(feature = "oauth2")]
        for client in self.inner.providers.iter().map(|client| client.registration().provider()) {
            if client.id == key {
                return client.name.as_str().into();
            }
        }
        key.into()
    }
}

impl Account {
    /// Whether an enabled method can sign in to the account. A password can be reset by email.
    fn can_still_sign_in(&self, methods: &SignInMethods) -> bool {
        let by_mail = methods.email_password || methods.magic_url || methods.email_code;
        (self.email.is_some() && by_mail)
            || (self.phone.is_some() && methods.phone)
            || !self.identities.is_empty()
    }

    /// Returns the provider's key.
    fn unlink(
        &mut self,
        id: &IdentityId,
        own: &SessionId,
        methods: &SignInMethods,
    ) -> Result<Box<str>, Error> {
        let place = self.identities.iter().position(|identity| identity.id == *id);
        let gone = self.identities.remove(place.ok_or(Error::IdentityNotFound)?);
        if !self.can_still_sign_in(methods) {
            return Err(Error::LastSignIn);
        }
        self.retain_sessions(|session| match &session.provider {
            SessionProvider::Provider(key) => {
                *key.as_str() != *gone.provider || session.provider_uid != gone.uid
            }
            SessionProvider::OAuth2 => session.id == *own,
            _ => true,
        });
        self.tokens.retain(|token| token.purpose != TokenPurpose::OAuth2);
        if let Some(attachment) = self.attachment.as_deref().filter(|kept| !kept.provider_tokens.is_empty()) {
            let mut attachment = attachment.clone();
            attachment.provider_tokens.retain(|tokens| tokens.identity != *id);
            self.attachment = Some(attachment.into());
        }
        Ok(gone.provider)
    }
}

impl QueryFields for Identity {
    fn field(&self, attribute: IdentityAttribute) -> Field<'_> {
        match attribute {
            IdentityAttribute::Id => Field::Text(self.id.as_str()),
            IdentityAttribute::UserId => Field::Text(self.user.as_str()),
            IdentityAttribute::Provider => Field::Text(&self.provider),
            IdentityAttribute::ProviderUid => Field::Text(&self.provider_uid),
            IdentityAttribute::ProviderEmail => {
                self.provider_email.as_ref().map_or(Field::Null, |email| Field::Text(email.as_str()))
            }
            IdentityAttribute::ProviderAccessTokenExpiry => {
                self.access_expires_at.map_or(Field::Null, Field::Date)
            }
            IdentityAttribute::CreatedAt => Field::Date(self.created_at),
            IdentityAttribute::UpdatedAt => Field::Date(self.updated_at),
        }
    }
}
