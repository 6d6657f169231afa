//! Providers that keep to RFC 6749 and RFC 7636, inside the test.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use account::ports::{HttpClient, HttpError, HttpRequest, HttpResponse};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::yield_now;
use url::{Url, form_urlencoded};

/// A person with an account at a provider.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) uid: &'static str,
    pub(crate) email: Option<&'static str>,
    pub(crate) verified: bool,
    pub(crate) name: &'static str,
}

impl Person {
    /// A person whose address the provider vouches for.
    pub(crate) fn new(uid: &'static str, email: &'static str) -> Self {
        Self { uid, email: Some(email), verified: true, name: "Ada from afar" }
    }

    pub(crate) fn unverified(self) -> Self {
        Self { verified: false, ..self }
    }

    pub(crate) fn at(self, email: &'static str) -> Self {
        Self { email: Some(email), ..self }
    }
}

/// A code that was given out.
#[derive(Debug, Clone)]
struct Grant {
    person: Person,
    challenge: String,
    redirect_uri: String,
}

/// All providers of a test. They differ in their host only.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    grants: Mutex<HashMap<String, Grant>>,
    access: Mutex<HashMap<String, Person>>,
    /// What was given for which code.
    redeemed: Mutex<HashMap<String, String>>,
    refresh: Mutex<HashMap<String, Person>>,
    count: AtomicUsize,
    exchanges: AtomicUsize,
    refreshes: AtomicUsize,
    pub(crate) gives_no_refresh_token: AtomicBool,
    /// The refresh token stays good and is not given again.
    pub(crate) keeps_refresh_token: AtomicBool,
    /// Codes are good more than once, which no provider should allow.
    pub(crate) is_careless: AtomicBool,
    pub(crate) is_down: AtomicBool,
}

impl Providers {
    /// The person says yes; the provider sends the browser back with this code and state.
    pub(crate) fn approve(&self, authorize: &Url, person: &Person) -> (String, String) {
        let query: HashMap<_, _> = authorize.query_pairs().into_owned().collect();
        assert_eq!(query["code_challenge_method"], "S256");
        let code = self.next("code");
        let grant = Grant {
            person: person.clone(),
            challenge: query["code_challenge"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
        };
        self.grants.lock().unwrap().insert(code.clone(), grant);
        (code, query["state"].clone())
    }

    /// How often codes were redeemed, in vain or not.
    pub(crate) fn exchanges(&self) -> usize {
        self.exchanges.load(Ordering::SeqCst)
    }

    /// How often refresh tokens were redeemed, in vain or not.
    pub(crate) fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    /// All tokens that were given out and are not used up.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let (access, refresh) = (self.access.lock().unwrap(), self.refresh.lock().unwrap());
        access.keys().chain(refresh.keys()).cloned().collect()
    }

    fn next(&self, kind: &str) -> String {
        format!("{kind}-hush-{}", self.count.fetch_add(1, Ordering::SeqCst))
    }

    fn token(&self, form: &HashMap<String, String>) -> Result<Value, &'static str> {
        let person = match form["grant_type"].as_str() {
            "authorization_code" => {
                self.exchanges.fetch_add(1, Ordering::SeqCst);
                self.redeem(form)?
            }
            _ => {
                self.refreshes.fetch_add(1, Ordering::SeqCst);
                let (mut known, token) = (self.refresh.lock().unwrap(), &form["refresh_token"]);
                let person = known.get(token).cloned().ok_or("invalid_grant")?;
                if self.keeps_refresh_token.load(Ordering::SeqCst) {
                    drop(known);
                    return Ok(self.access_token(person));
                }
                known.remove(token);
                person
            }
        };
        let mut reply = self.access_token(person.clone());
        if let Some(code) = form.get("code") {
            let token = reply["access_token"].as_str().unwrap().to_owned();
            self.redeemed.lock().unwrap().insert(code.clone(), token);
        }
        if !self.gives_no_refresh_token.load(Ordering::SeqCst) {
            let token = self.next("refresh");
            self.refresh.lock().unwrap().insert(token.clone(), person);
            reply["refresh_token"] = token.into();
        }
        Ok(reply)
    }

    fn access_token(&self, person: Person) -> Value {
        let token = self.next("access");
        self.access.lock().unwrap().insert(token.clone(), person);
        json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 })
    }

    fn redeem(&self, form: &HashMap<String, String>) -> Result<Person, &'static str> {
        let mut grants = self.grants.lock().unwrap();
        let grant = match self.is_careless.load(Ordering::SeqCst) {
            true => grants.get(&form["code"]).cloned(),
            false => grants.remove(&form["code"]),
        };
        let Some(grant) = grant else {
            // RFC 6749 §4.1.2: a code that comes twice may be stolen, and so may be what it was
            // redeemed for.
            if let Some(token) = self.redeemed.lock().unwrap().get(&form["code"]) {
                self.access.lock().unwrap().remove(token);
            }
            return Err("invalid_grant");
        };
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(&form["code_verifier"]));
        let is_theirs = challenge == grant.challenge && form["redirect_uri"] == grant.redirect_uri;
        is_theirs.then_some(grant.person).ok_or("invalid_grant")
    }

    fn user(&self, request: &HttpRequest) -> Option<Value> {
        let mut headers = request.headers();
        let (_, token) = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
        let known = self.access.lock().unwrap();
        let person = known.get(token.expose().strip_prefix("Bearer ")?)?;
        Some(
            json!({ "id": person.uid, "email": person.email, "verified": person.verified, "name": person.name }),
        )
    }
}

#[async_trait]
impl HttpClient for Providers {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        yield_now().await;
        if self.is_down.load(Ordering::SeqCst) {
            return Ok(HttpResponse::new(503, Vec::new()));
        }
        let (status, reply) = match request.url().path() {
            "/token" => {
                let form = form_urlencoded::parse(request.body()).into_owned().collect();
                match self.token(&form) {
                    Ok(reply) => (200, reply),
                    Err(error) => (400, json!({ "error": error })),
                }
            }
            _ => self.user(&request).map_or((401, Value::Null), |user| (200, user)),
        };
        yield_now().await;
        Ok(HttpResponse::new(status, reply.to_string().into_bytes()))
    }
}
