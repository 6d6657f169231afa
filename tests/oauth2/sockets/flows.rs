//! Browsers, and the service that they come to: its providers are those of the table, at another
//! address.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use account::{
    ReqwestClient,
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
};
use async_trait::async_trait;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::sockets::server::{Fate, Providers};
use crate::{
    providers::double::Case,
    support::http::{Cookie, Server},
};

static TABLE: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../src/oauth2/providers.json")).unwrap());
const SUCCESS: &str = "https://app.example.com/in";
const FAILURE: &str = "https://app.example.com/out?keep=1";

/// The real client, with a look at what it hands over.
#[derive(Debug)]
pub(crate) struct Watched {
    client: ReqwestClient,
    largest: AtomicUsize,
    slowest: AtomicUsize,
}

impl Watched {
    pub(crate) fn new() -> Arc<Self> {
        let client = ReqwestClient::new().unwrap();
        Arc::new(Self { client, largest: AtomicUsize::new(0), slowest: AtomicUsize::new(0) })
    }

    /// The longest body that was handed over, in bytes.
    pub(crate) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }

    /// The longest time that a request took, in milliseconds.
    pub(crate) fn slowest(&self) -> usize {
        self.slowest.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl HttpClient for Watched {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let begun = Instant::now();
        let outcome = self.client.send(request).await;
        let length = outcome.as_ref().map_or(0, |reply| reply.body().len());
        self.largest.fetch_max(length, Ordering::Relaxed);
        self.slowest.fetch_max(begun.elapsed().as_millis().try_into().unwrap(), Ordering::Relaxed);
        outcome
    }
}

/// A service with these providers, as its operator configured them: all on this machine, with this
/// deadline.
pub(crate) fn service<'a>(
    providers: &Providers,
    ids: impl Iterator<Item = &'a str>,
    http: &Arc<Watched>,
    deadline: Duration,
) -> Server {
    let clients: Vec<OAuth2Client> = ids
        .map(|id| {
            let registration = registration(&providers.cases[id], &providers.base(id));
            let http: Arc<Watched> = Arc::clone(http);
            OAuth2Client::new(registration, http).with_timeout(deadline)
        })
        .collect();
    Server::built(
        |_| {},
        |_| {},
        false,
        |builder| clients.into_iter().fold(builder, |builder, client| builder.provider(client)),
    )
}

fn registration(case: &Case, base: &str) -> Registration {
    let secret = match case.expected["client_secret"].as_str().unwrap() {
        "<signing key>" => case.signer.pem(),
        secret => secret.to_owned(),
    };
    let mut credentials = Credentials::new("client-1", secret).with_private_network();
    for (name, value) in case.expected["parameters"].as_object().unwrap() {
        let value = match (case.id.as_str(), name.as_str()) {
            ("oidc", "well_known") => format!("{base}/.well-known/openid-configuration"),
            _ => value.as_str().unwrap().to_owned(),
        };
        credentials = credentials.with_parameter(name, value);
    }
    Registration::new(provider(&case.id, base), credentials)
        .unwrap_or_else(|error| panic!("{}: {error}", case.id))
}

/// The provider of the table, with its endpoints elsewhere.
fn provider(id: &str, base: &str) -> Provider {
    let mut provider = TABLE[id].clone();
    provider["id"] = id.into();
    // Those of the general one come from its discovery document.
    if id != "oidc" {
        provider["authorize"]["url"] = format!("{base}/authorize").into();
        provider["token"]["url"] = format!("{base}/token").into();
        for (name, place) in [("discovery", ".well-known/openid-configuration"), ("keys", "keys")] {
            if let Some(url) = provider.pointer_mut(&format!("/openid/{name}")) {
                *url = format!("{base}/{place}").into();
            }
        }
        let requests = provider.pointer_mut("/profile/requests").and_then(Value::as_array_mut);
        for (place, request) in requests.into_iter().flatten().enumerate() {
            let prefix = if id == "etsy" { "/{access_token_prefix}" } else { "" };
            request["url"] = format!("{base}/user/{place}{prefix}").into();
        }
    }
    serde_json::from_value(provider).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Where a flow ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Session(Cookie),
    Failed { code: String, message: String },
}

/// The whole way of a browser, by a person of whom the provider has this to tell.
pub(crate) async fn flow(server: &Server, providers: &Providers, id: &str, fate: Fate) -> Ending {
    let query =
        |pairs: &[(&str, &str)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let pages = query(&[("success", SUCCESS), ("failure", FAILURE)]);
    let reply = server.get(&format!("/v1/account/sessions/oauth2/{id}?{pages}")).ok(302).await;
    let to = Url::parse(reply.header("location").unwrap()).unwrap();
    if to.host_str() == Some("app.example.com") {
        return failed(&to);
    }
    let asked: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
    if let Some(nonce) = asked.get("nonce") {
        providers.remember_nonce(fate.serial, nonce.clone());
    }
    let code = fate.code();
    let told = &providers.cases[id].expected["callback"];
    let mut back = vec![("code", code.as_str()), ("state", &asked["state"]), ("project", "default")];
    for (name, value) in
        [("iss", &told["issuer"]), ("location", &told["location"]), ("user", &told["form_user"])]
    {
        // The general one does not announce it here.
        back.extend(value.as_str().filter(|_| id != "oidc").map(|value| (name, value)));
    }
    let path = match id {
        // A form, sent by a page of another site.
        "apple" => {
            let call = server.call("POST", "/v1/account/sessions/oauth2/callback/apple/default");
            let call = call.header("origin", "https://appleid.apple.com").without("x-appwrite-project");
            let reply = call.body("application/x-www-form-urlencoded", &query(&back)).ok(303).await;
            reply.header("location").unwrap().trim_start_matches("http://localhost:8080").to_owned()
        }
        _ => format!("/v1/account/sessions/oauth2/{id}/redirect?{}", query(&back)),
    };
    let reply = server.get(&path).by(&reply.cookie()).ok(302).await;
    let to = Url::parse(reply.header("location").unwrap()).unwrap();
    if to.as_str() != SUCCESS {
        assert!(
            reply.set_cookies().iter().all(|cookie| cookie.contains("=deleted;")),
            "{id}: a failure leaves nothing behind"
        );
        return failed(&to);
    }
    let session = reply.set_cookies().into_iter().find(|cookie| cookie.starts_with("a_session_")).unwrap();
    Ending::Session(Cookie(session.split(';').next().unwrap().to_owned()))
}

fn failed(to: &Url) -> Ending {
    assert!(to.as_str().starts_with(FAILURE), "{to}");
    let (_, error) = to.query_pairs().find(|(name, _)| name == "error").expect("an error");
    let error: Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error, json!({"message": error["message"], "type": error["type"], "code": error["code"]}));
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    let message = text("message");
    for secret in ["fate-", "hush", "PRIVATE KEY", "127.0.0.1"] {
        assert!(!message.contains(secret), "{message}");
    }
    Ending::Failed { code: text("type"), message }
}
