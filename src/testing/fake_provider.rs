//! An OAuth2 provider in memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::{
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
};

/// An OAuth2 provider in memory, which stands for a real one in tests: it redeems codes once,
/// checks PKCE, and answers with the user that approved.
///
/// Register [`client`](FakeProvider::client) with the service. When your application redirects the
/// browser to the provider, [`approve`](FakeProvider::approve) answers with the URL that the
/// provider would send it back to. Clones share the state.
///
/// # Examples
/// ```
/// use account::testing::{FakeProvider, FakeUser, TestHost};
/// use account::{OAuth2Outcome, OAuth2Start, http::OAuth2Query};
/// use account::model::{AllowedRedirects, ClientInfo};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let github = FakeProvider::new("github");
/// let host = TestHost::builder().customize(|builder| builder.provider(github.client())).build();
///
/// let start = OAuth2Start::new("github".parse()?, "https://app.example.com/callback".to_owned());
/// let started = host.service.start_oauth2(start, None).await?;
/// let back = github.approve(&started.authorize_url, &FakeUser::new("42", "ada@example.com"));
///
/// let query = OAuth2Query::parse(back.query().unwrap_or_default())?;
/// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
/// let finished = host
///     .service
///     .finish_oauth2(
///         &"github".parse()?, query.to_return()?, Some(&started.state), None, &allowed,
///         &ClientInfo::default(),
///     )
///     .await
///     .map_err(|failed| failed.error)?;
/// assert!(matches!(finished.outcome, OAuth2Outcome::Session(_)));
/// # Ok(()) }
/// ```
#[doc(alias = "mock")]
#[derive(Clone)]
pub struct FakeProvider {
    id: Arc<str>,
    grants: Arc<Mutex<Grants>>,
}

/// A user of a [`FakeProvider`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FakeUser {
    /// The provider's id of the user.
    pub id: String,
    /// The email address, if the provider returns one.
    pub email: Option<String>,
    /// Whether the provider has verified the address.
    pub email_verified: bool,
    /// The name.
    pub name: String,
}

impl FakeUser {
    /// A user with this id and a verified email address, named after it.
    #[must_use]
    pub fn new(id: &str, email: &str) -> Self {
        let name = email.split('@').next().unwrap_or_default().to_owned();
        Self { id: id.to_owned(), email: Some(email.to_owned()), email_verified: true, name }
    }
}

#[derive(Default)]
struct Grants {
    count: usize,
    codes: HashMap<String, Grant>,
    tokens: HashMap<String, FakeUser>,
}

struct Grant {
    user: FakeUser,
    redirect: String,
    challenge: Option<String>,
}

impl FakeProvider {
    /// A provider with this id, such as `github`.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.into(), grants: Arc::default() }
    }

    /// The client to register with [`Builder::provider`](crate::Builder::provider).
    ///
    /// # Panics
    /// If the id is not one of a provider: small letters, digits, `-` and `_`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test with an invalid provider must fail")]
    pub fn client(&self) -> OAuth2Client {
        let base = format!("https://{}.example.com", self.id);
        let provider: Provider = serde_json::from_value(json!({
            "id": *self.id, "name": *self.id,
            "authorize": { "url": format!("{base}/authorize") },
            "token": { "url": format!("{base}/token") },
            "profile": {
                "requests": [{ "name": "user", "url": format!("{base}/user") }],
                "uid": "user:/id",
                "email": {
                    "address": "user:/email",
                    "verified": { "when": { "at": "user:/verified", "is": "true" } },
                },
                "names": ["user:/name"],
            },
        }))
        .expect("the data of a provider");
        let credentials = Credentials::new("client-1", "secret-1".to_owned());
        let registration = Registration::new(provider, credentials).expect("a provider's id");
        OAuth2Client::new(registration, Arc::new(self.clone()))
    }

    /// The user agrees: returns the URL that the provider sends the browser back to.
    ///
    /// # Panics
    /// If the URL is not one of this provider.
    #[must_use]
    pub fn approve(&self, authorize_url: &Url, user: &FakeUser) -> Url {
        let mut back = self.redirect_of(authorize_url);
        let mut grants = self.lock();
        grants.count += 1;
        let code = format!("code-{}", grants.count);
        let grant = Grant {
            user: user.clone(),
            redirect: back.to_string(),
            challenge: parameter(authorize_url, "code_challenge"),
        };
        grants.codes.insert(code.clone(), grant);
        back.query_pairs_mut().append_pair("code", &code).extend_pairs(state(authorize_url));
        back
    }

    /// The user refuses: returns the URL that the provider sends the browser back to.
    ///
    /// # Panics
    /// If the URL is not one of this provider.
    #[must_use]
    pub fn refuse(&self, authorize_url: &Url) -> Url {
        let mut back = self.redirect_of(authorize_url);
        back.query_pairs_mut().append_pair("error", "access_denied").extend_pairs(state(authorize_url));
        back
    }

    #[expect(clippy::expect_used, reason = "a test helper")]
    fn redirect_of(&self, authorize_url: &Url) -> Url {
        let host = format!("{}.example.com", self.id);
        assert_eq!(authorize_url.host_str(), Some(&*host), "the URL is not one of this provider");
        let redirect = parameter(authorize_url, "redirect_uri").expect("a redirect_uri");
        redirect.parse().expect("the redirect_uri is a URL")
    }

    /// Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5), or refuses.
    fn redeem(&self, body: &[u8]) -> HttpResponse {
        let form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        let sent = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let mut grants = self.lock();
        let Some(grant) = grants.codes.remove(sent("code")) else { return reply(400, &denied()) };
        let verified = grant.challenge.is_none_or(|challenge| {
            challenge == BASE64URL_NOPAD.encode(&Sha256::digest(sent("code_verifier")))
        });
        if !verified || grant.redirect != sent("redirect_uri") {
            return reply(400, &denied());
        }
        grants.count += 1;
        let token = format!("token-{}", grants.count);
        grants.tokens.insert(token.clone(), grant.user);
        reply(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 }))
    }

    fn user(&self, request: &HttpRequest) -> HttpResponse {
        let authorization = request.headers().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let token =
            authorization.and_then(|(_, value)| value.expose().split_once(' ')).map(|(_, token)| token);
        match token.and_then(|token| self.lock().tokens.get(token).cloned()) {
            Some(FakeUser { id, email, email_verified, name }) => {
                reply(200, &json!({ "id": id, "email": email, "verified": email_verified, "name": name }))
            }
            None => reply(401, &denied()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for FakeProvider {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Ok(match request.url().path() {
            "/token" => self.redeem(request.body()),
            _ => self.user(&request),
        })
    }
}

impl fmt::Debug for FakeProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeProvider").field("id", &self.id).finish_non_exhaustive()
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

fn state(url: &Url) -> Option<(&'static str, String)> {
    parameter(url, "state").map(|state| ("state", state))
}

fn reply(status: u16, json: &serde_json::Value) -> HttpResponse {
    HttpResponse::new(status, json.to_string().into_bytes())
}

fn denied() -> serde_json::Value {
    json!({ "error": "invalid_grant" })
}
