//! A provider that answers from files, and remembers what it was asked.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Mutex, time::Duration};

use account::{
    model::Timestamp,
    oauth2::{
        Attempt, Callback, Credentials, OAuth2Client, OAuth2Error, Provider, ProviderUser, Registration,
        Tokens,
    },
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
};
use async_trait::async_trait;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const CODE: &str = "c0de-1";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1000)
}

/// One request, as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Answers by URL, without the query.
#[derive(Debug, Default)]
pub(crate) struct Double {
    routes: Mutex<BTreeMap<String, Result<HttpResponse, HttpError>>>,
    seen: Mutex<Vec<Seen>>,
}

impl Double {
    pub(crate) fn answer(&self, url: &str, reply: Result<HttpResponse, HttpError>) {
        self.routes.lock().unwrap().insert(path(url).to_owned(), reply);
    }

    pub(crate) fn answer_json(&self, url: &str, body: &Value) {
        self.answer(url, Ok(HttpResponse::new(200, body.to_string().into_bytes())));
    }

    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn path(url: &str) -> &str {
    url.split('?').next().unwrap()
}

#[async_trait]
impl HttpClient for Double {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        assert!(request.timeout() <= Duration::from_secs(10) && request.reply_limit() <= 256 * 1024);
        assert!(request.is_public_network_only(), "nothing was said of a private network");
        let headers: BTreeMap<_, _> =
            request.headers().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect();
        assert_eq!(headers.len(), request.headers().count(), "a header is sent twice");
        let (method, url, body) =
            (request.method().as_str(), request.url().to_string(), request.body().to_vec());
        self.seen.lock().unwrap().push(Seen { method, url: url.clone(), headers, body });
        let unknown = || Ok(HttpResponse::new(404, Vec::new()));
        self.routes.lock().unwrap().get(path(&url)).cloned().unwrap_or_else(unknown)
    }
}

/// A P-256 key that a test signs with.
pub(crate) struct Signer {
    pub(crate) key_id: Option<&'static str>,
    pkcs8: Vec<u8>,
    pair: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .unwrap()
            .as_ref()
            .to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random).unwrap();
        Self { key_id: Some("k1"), pkcs8, pair }
    }

    pub(crate) fn pem(&self) -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64.encode(&self.pkcs8))
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn keys(&self) -> Value {
        let [x, y] =
            [&self.public_key()[1..33], &self.public_key()[33..]].map(|part| BASE64URL_NOPAD.encode(part));
        json!({"keys": [self.named(json!({"kty": "EC", "crv": "P-256", "use": "sig", "x": x, "y": y}))]})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let parts = [self.named(json!({"alg": "ES256"})), claims.clone()]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let signed = parts.join(".");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn named(&self, mut object: Value) -> Value {
        if let Some(id) = self.key_id {
            object["kid"] = id.into();
        }
        object
    }
}

/// A provider of the table with a customer's credentials, all its good replies in place.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) expected: Value,
    pub(crate) claims: Option<Value>,
    pub(crate) signer: Signer,
    pub(crate) double: Arc<Double>,
    pub(crate) client: OAuth2Client,
    redirect_uri: String,
}

impl Case {
    pub(crate) fn new(id: &str) -> Self {
        let expected: Value = serde_json::from_str(&read(id, "expected.json").unwrap()).unwrap();
        let claims = read(id, "claims.json").map(|claims| serde_json::from_str(&claims).unwrap());
        let signer = Signer::new();
        let double = Arc::new(Double::default());
        let client = OAuth2Client::new(registration(id, &expected, &signer), double.clone());
        let redirect_uri = format!("https://api.example.com/v1/account/sessions/oauth2/callback/{id}/p1");
        let case = Self { id: id.to_owned(), expected, claims, signer, double, client, redirect_uri };
        case.answer_well();
        case
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Provider::builtin_ids().map(|id| Self::new(&id))
    }

    /// Puts all good replies in place.
    pub(crate) fn answer_well(&self) {
        self.double.answer(&self.token_url(), Ok(HttpResponse::new(200, self.good_token())));
        for (url, body) in self.profile_urls().into_iter().zip(self.good_profile()) {
            self.double.answer(&url, Ok(HttpResponse::new(200, body)));
        }
        if let Some(url) = self.expected["keys_url"].as_str() {
            self.double.answer_json(url, &self.signer.keys());
        }
        if let Some(url) = self.expected["discovery_url"].as_str() {
            let document = read(&self.id, "discovery.json").unwrap();
            self.double.answer(url, Ok(HttpResponse::new(200, document.into_bytes())));
        }
    }

    pub(crate) fn token_url(&self) -> String {
        self.expected["token"]["url"].as_str().unwrap().to_owned()
    }

    pub(crate) fn profile_urls(&self) -> Vec<String> {
        let requests = self.expected["profile"].as_array().unwrap();
        requests.iter().map(|request| request["url"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn good_token(&self) -> Vec<u8> {
        let Some(json) = read(&self.id, "token.json") else {
            return read(&self.id, "token.txt").unwrap().into_bytes();
        };
        let id_token = self.claims.as_ref().map(|claims| self.signer.sign(claims)).unwrap_or_default();
        json.replace("<id_token>", &id_token).into_bytes()
    }

    pub(crate) fn good_profile(&self) -> Vec<Vec<u8>> {
        let requests = &self.client.registration().provider().profile.requests;
        requests
            .iter()
            .map(|request| read(&self.id, &format!("{}.json", request.name)).unwrap().into_bytes())
            .collect()
    }

    pub(crate) fn attempt<'a>(&'a self, scopes: &'a [&'a str]) -> Attempt<'a> {
        Attempt {
            redirect_uri: &self.redirect_uri,
            state: "st4te-Of-the_attempt",
            verifier: VERIFIER,
            nonce: "n0nce-of-the-attempt",
            scopes,
        }
    }

    pub(crate) fn callback(&self) -> Callback<'_> {
        let told = &self.expected["callback"];
        Callback {
            code: CODE,
            issuer: told["issuer"].as_str(),
            location: told["location"].as_str(),
            user: told["form_user"].as_str(),
        }
    }

    pub(crate) fn scopes(&self) -> Vec<&str> {
        self.expected["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect()
    }

    pub(crate) async fn tokens(&self) -> Result<Tokens, OAuth2Error> {
        self.client.exchange(&self.attempt(&self.scopes()), &self.callback(), now()).await
    }

    /// The whole way from a code to a person.
    pub(crate) async fn sign_in(&self) -> Result<ProviderUser, OAuth2Error> {
        let tokens = self.tokens().await?;
        self.client.user(&tokens, &self.attempt(&[]), &self.callback(), now()).await
    }
}

fn registration(id: &str, expected: &Value, signer: &Signer) -> Registration {
    let secret = match expected["client_secret"].as_str().unwrap() {
        "<signing key>" => signer.pem(),
        secret => secret.to_owned(),
    };
    let parameters = expected["parameters"].as_object().unwrap();
    let credentials =
        parameters.iter().fold(Credentials::new("client-1", secret), |credentials, (name, value)| {
            credentials.with_parameter(name, value.as_str().unwrap())
        });
    Registration::new(Provider::builtin(id).unwrap(), credentials)
        .unwrap_or_else(|error| panic!("{id}: {error}"))
}

fn read(id: &str, name: &str) -> Option<String> {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/oauth2", id, name].iter().collect();
    fs::read_to_string(place).ok()
}

/// The same shape, with this in the place of every text, number and switch.
pub(crate) fn with_leaves(value: &Value, leaf: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_leaves(value, leaf))).collect()
        }
        Value::Array(elements) => elements.iter().map(|element| with_leaves(element, leaf)).collect(),
        _ => leaf.clone(),
    }
}
