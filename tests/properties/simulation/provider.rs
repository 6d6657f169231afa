//! Providers that keep to RFC 6749 and RFC 7636, inside the simulation, and fail where it says so.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex},
};

use account::{
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
    testing::Fault,
};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::simulation::{
    deeds::{Code, Visitor},
    flawed::Defect,
    ledger::{Book, Neighbour},
    ports::pause,
};

pub(crate) const PROVIDERS: [&str; 2] = ["forge", "mill"];
/// Where a provider takes codes.
const TOKEN: &str = "/token";
const CLIENT_SECRET: &str = "hush-between-the-service-and-its-providers";

/// A code that was given out.
#[derive(Debug, Clone)]
struct Grant {
    visitor: Visitor,
    challenge: String,
    redirect_uri: String,
}

/// All providers. They differ in their host only.
#[derive(Debug)]
pub(crate) struct Providers {
    pub(crate) book: Book,
    pub(crate) defect: Defect,
    grants: Mutex<BTreeMap<String, Grant>>,
    tokens: Mutex<BTreeMap<String, Visitor>>,
}

pub(crate) fn callback(provider: usize) -> String {
    format!("https://api.example.com/callback/{}", PROVIDERS[provider])
}

impl Providers {
    pub(crate) fn new(defect: Defect, book: Book) -> Self {
        book.open().secrets.learn(CLIENT_SECRET);
        Self { book, defect, grants: Mutex::default(), tokens: Mutex::default() }
    }

    /// How the service knows one of them.
    pub(crate) fn client(self: &Arc<Self>, id: &str) -> OAuth2Client {
        let base = format!("https://{id}.example.com");
        let provider: Provider = serde_json::from_value(json!({
            "id": id, "name": id,
            "authorize": { "url": format!("{base}/authorize") },
            "token": { "url": format!("{base}{TOKEN}") },
            "profile": {
                "requests": [{ "name": "user", "url": format!("{base}/user") }],
                "uid": "user:/id",
                "email": { "address": "user:/email", "verified": { "when": { "at": "user:/verified", "is": "true" } } }
            }
        }))
        .unwrap();
        let credentials = Credentials::new("client-1", CLIENT_SECRET.to_owned());
        OAuth2Client::new(
            Registration::new(provider, credentials).unwrap(),
            Arc::clone(self) as Arc<dyn HttpClient>,
        )
    }

    /// A person says yes; their browser is sent back with this code and state.
    pub(crate) fn approve(&self, authorize: &str, visitor: Visitor) -> (Code, String) {
        let authorize = Url::parse(authorize).unwrap();
        let query: BTreeMap<String, String> = authorize.query_pairs().into_owned().collect();
        let mut grants = self.grants.lock().unwrap();
        let text = format!("code-of-somebody-{}", grants.len());
        let (challenge, redirect_uri) = (query["code_challenge"].clone(), query["redirect_uri"].clone());
        grants.insert(text.clone(), Grant { visitor, challenge, redirect_uri });
        (Code { text, visitor }, query["state"].clone())
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (status, reply) = match request.url().path() {
            TOKEN => self.token(&form_urlencoded::parse(request.body()).into_owned().collect()),
            _ => self.user(request).map_or((401, Value::Null), |user| (200, user)),
        };
        HttpResponse::new(status, reply.to_string().into_bytes())
    }

    fn token(&self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let code = &form["code"];
        let grant = self.grants.lock().unwrap().get(code).cloned();
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(&form["code_verifier"]));
        let is_theirs = |grant: &Grant| {
            let is_bound = grant.challenge == challenge || self.defect == Defect::CodeOfAnyFlow;
            is_bound && grant.redirect_uri == form["redirect_uri"]
        };
        let grant = grant.filter(is_theirs);
        if !self.book.open().redeemed(code, grant.is_some()) {
            return (400, json!({ "error": "invalid_grant" }));
        }
        let mut tokens = self.tokens.lock().unwrap();
        let token = format!("access-of-somebody-{}", tokens.len());
        self.book.open().secrets.learn(&token);
        tokens.extend(grant.map(|grant| (token.clone(), grant.visitor)));
        (200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 }))
    }

    fn user(&self, request: &HttpRequest) -> Option<Value> {
        let mut headers = request.headers();
        let (_, token) = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
        let visitor = *self.tokens.lock().unwrap().get(token.expose().strip_prefix("Bearer ")?)?;
        let email = visitor.email.map(|email| format!("Person-{email}@example.com"));
        let verified = visitor.is_vouched_for || self.defect == Defect::AnyAddressVouchedFor;
        Some(json!({ "id": visitor.uid.to_string(), "email": email, "verified": verified }))
    }
}

#[async_trait]
impl HttpClient for Providers {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        pause().await;
        if request.url().path() == TOKEN {
            self.book.open().code_goes_out();
        }
        let fault = self.book.open().call(Neighbour::Provider);
        let answer = match fault {
            None => Ok(self.answer(&request)),
            Some(Fault::Before) => Err(HttpError::Unavailable(None)),
            Some(Fault::After) => {
                self.answer(&request);
                Err(HttpError::TimedOut)
            }
            Some(Fault::Late) => Ok(HttpResponse::new(503, Vec::new())),
            Some(Fault::Conflict) => Ok(HttpResponse::new(200, b"<html>Sorry".to_vec())),
            Some(Fault::Repeat) => {
                let first = self.answer(&request);
                self.answer(&request);
                Ok(first)
            }
            Some(Fault::Delay) => {
                pause().await;
                let answer = self.answer(&request);
                pause().await;
                Ok(answer)
            }
            Some(Fault::Hang) => pending().await,
            Some(other) => panic!("{other:?}"),
        };
        let fails = matches!(fault, Some(Fault::Before | Fault::After | Fault::Late | Fault::Conflict));
        let status = answer.as_ref().ok().map(HttpResponse::status).filter(|_| !fails);
        self.book.open().provider_answers(status);
        pause().await;
        answer
    }
}
