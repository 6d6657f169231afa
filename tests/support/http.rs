//! A service in memory behind the router, and requests to it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use account::{
    AccountService, Builder, Config, MemoryStore, Secret,
    axum::{Settings, router_with},
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::Timestamp,
    ports::{Clock as _, Mailer, NoLimits, SendError, SmsSender},
    testing::{InstantHasher, ManualClock},
};
use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, header},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::Url;

use super::master_key;

pub(crate) type Service = AccountService<MemoryStore, Outbox, Outbox, ManualClock>;

/// A service in the making.
pub(crate) type Building = Builder<MemoryStore, Outbox, Outbox, ManualClock>;

/// An API key.
pub(crate) const KEY: &str = "a key of more than sixteen bytes";

/// 2027-01-15T08:00:00 UTC, the beginning of a window of request limits.
pub(crate) const START: i64 = 1_800_000_000_000;

/// [`START`], and later, as replies write it.
pub(crate) const NOW: &str = "2027-01-15T08:00:00.000+00:00";
pub(crate) const IN_15_MINUTES: &str = "2027-01-15T08:15:00.000+00:00";
pub(crate) const IN_AN_HOUR: &str = "2027-01-15T09:00:00.000+00:00";

/// Where an authenticator app is added, confirmed and removed.
pub(crate) const APP: &str = "/v1/account/mfa/authenticators/totp";

/// Signs in [`Server::user`] `ada`.
pub(crate) const SIGN_IN: &str = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;

/// What redeems a token of this user.
pub(crate) fn redeem(user: &str, secret: &str) -> String {
    json!({ "userId": user, "secret": secret }).to_string()
}

/// Takes mail and texts, or panics if it is told to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    mails: Mutex<Vec<EmailMessage>>,
    texts: Mutex<Vec<SmsMessage>>,
    panics: AtomicBool,
    is_closed: AtomicBool,
}

impl Outbox {
    pub(crate) fn panic_from_now_on(&self) {
        self.0.panics.store(true, Ordering::Relaxed);
    }

    /// As if there were neither mailer nor SMS sender.
    pub(crate) fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
    }

    /// How many mails there are.
    pub(crate) fn len(&self) -> usize {
        self.0.mails.lock().unwrap().len()
    }

    pub(crate) fn texts(&self) -> usize {
        self.0.texts.lock().unwrap().len()
    }

    /// The latest mail.
    pub(crate) fn mail(&self) -> EmailMessage {
        self.0.mails.lock().unwrap().last().expect("a mail").clone()
    }

    /// The link in the latest mail.
    pub(crate) fn link(&self) -> Url {
        match self.mail().notice {
            Notice::Verification { link } | Notice::Recovery { link } | Notice::MagicUrl { link, .. } => {
                Url::parse(link.expose()).unwrap()
            }
            notice => panic!("no link in {notice:?}"),
        }
    }

    /// This parameter of the link in the latest mail.
    pub(crate) fn in_link(&self, name: &str) -> String {
        let link = self.link();
        let found = link.query_pairs().find(|(given, _)| given == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// The code in the latest mail.
    pub(crate) fn mailed_code(&self) -> String {
        match self.mail().notice {
            Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => code.expose().to_owned(),
            notice => panic!("no code in {notice:?}"),
        }
    }

    /// The code in the latest text.
    pub(crate) fn texted_code(&self) -> String {
        match &self.0.texts.lock().unwrap().last().expect("a text").notice {
            TextNotice::SignInCode { code }
            | TextNotice::VerificationCode { code }
            | TextNotice::MfaCode { code } => code.expose().to_owned(),
            notice => panic!("no code in {notice:?}"),
        }
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        tokio::task::yield_now().await;
        self.0.mails.lock().unwrap().push(message);
        assert!(!self.0.panics.load(Ordering::Relaxed), "the mailer was told to panic");
        Ok(())
    }

    fn is_there(&self) -> bool {
        !self.0.is_closed.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl SmsSender for Outbox {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        self.0.texts.lock().unwrap().push(message);
        Ok(())
    }

    fn is_there(&self) -> bool {
        !self.0.is_closed.load(Ordering::Relaxed)
    }
}

/// A server in memory.
pub(crate) struct Server {
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) outbox: Outbox,
    pub(crate) router: Router,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, |_| {}, false)
    }

    /// One that counts requests.
    pub(crate) fn limited() -> Self {
        Self::with(|_| {}, |_| {}, true)
    }

    pub(crate) fn set(settings: impl FnOnce(&mut Settings)) -> Self {
        Self::with(|_| {}, settings, false)
    }

    pub(crate) fn with(
        change_config: impl FnOnce(&mut Config),
        change_settings: impl FnOnce(&mut Settings),
        is_limited: bool,
    ) -> Self {
        Self::built(change_config, change_settings, is_limited, |builder| builder)
    }

    pub(crate) fn built(
        change_config: impl FnOnce(&mut Config),
        change_settings: impl FnOnce(&mut Settings),
        is_limited: bool,
        change_builder: impl FnOnce(Building) -> Building,
    ) -> Self {
        let clock = ManualClock::default();
        clock.set(Timestamp::from_millis(START));
        let outbox = Outbox::default();
        let mut config = Config::new(master_key());
        change_config(&mut config);
        let builder =
            AccountService::builder(MemoryStore::new()).config(config).hasher(InstantHasher::default());
        let builder = builder.mailer(outbox.clone()).sms(outbox.clone()).clock(clock.clone());
        let builder = if is_limited { builder } else { builder.limiter(NoLimits) };
        let service = change_builder(builder).build().unwrap();
        let mut settings = Settings::default();
        settings.allowed_hosts.push("app.example.com".into());
        settings.allowed_apps = vec!["com.example.notes".into()];
        change_settings(&mut settings);
        let router = router_with(service.clone(), &settings).unwrap();
        Self { service, clock, outbox, router }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("x-appwrite-project", "default")
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))))
            .body(Body::empty())
            .unwrap();
        Call { router: self.router.clone(), request }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Call {
        self.call("POST", path).json(body)
    }

    pub(crate) fn put(&self, path: &str, body: &str) -> Call {
        self.call("PUT", path).json(body)
    }

    pub(crate) fn patch(&self, path: &str, body: &str) -> Call {
        self.call("PATCH", path).json(body)
    }

    /// One that takes [`KEY`] from the application's own servers.
    pub(crate) fn keyed() -> Self {
        Self::set(|settings| settings.api_key = Some(Secret::new(KEY.into())))
    }

    /// Signs up `<id>@example.com` and signs it in.
    pub(crate) async fn user(&self, id: &str) -> Cookie {
        let body = format!(
            r#"{{"userId":"{id}","email":"{id}@example.com","password":"violet-anvil-71","name":"{id} Doe"}}"#
        );
        let reply = self.post("/v1/account", &body).send().await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        self.sign_in(id).await
    }

    pub(crate) async fn sign_in(&self, id: &str) -> Cookie {
        let body = format!(r#"{{"email":"{id}@example.com","password":"violet-anvil-71"}}"#);
        let reply = self.post("/v1/account/sessions/email", &body).send().await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.cookie()
    }
}

/// The code that an authenticator app with this secret shows now.
pub(crate) fn otp(secret: &str, clock: &ManualClock) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let app = totp_rs::Builder::new().with_algorithm(totp_rs::Algorithm::SHA1).with_digits(6);
    let app = app.with_step_duration(30).with_secret(secret.as_slice()).build().unwrap();
    app.generate(clock.now().as_secs().try_into().unwrap()).to_string()
}

/// `name=value` of a session cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cookie(pub(crate) String);

impl Cookie {
    /// The value as `X-Appwrite-Session` carries it.
    pub(crate) fn wire(&self) -> String {
        let value = self.0.split_once('=').unwrap().1;
        value.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/")
    }
}

/// A request in the making.
pub(crate) struct Call {
    router: Router,
    pub(crate) request: Request<Body>,
}

impl Call {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, header::HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    pub(crate) fn body(mut self, kind: &str, body: &str) -> Self {
        *self.request.body_mut() = Body::from(body.to_owned());
        self.header("content-type", kind)
    }

    pub(crate) fn by(self, cookie: &Cookie) -> Self {
        self.header("cookie", &cookie.0)
    }

    pub(crate) fn peer(mut self, address: &str) -> Self {
        self.request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 4711)));
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.router.oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Sends it and expects to be refused.
    pub(crate) async fn refused(self, status: u16, code: &str) -> Reply {
        let reply = self.send().await;
        assert_eq!((reply.status, reply.value("type").as_str()), (status, Some(code)), "{}", reply.text);
        reply
    }

    pub(crate) async fn ok(self, status: u16) -> Reply {
        let reply = self.send().await;
        assert_eq!(reply.status, status, "{}", reply.text);
        reply
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text))
    }

    /// The text under this key.
    pub(crate) fn text(&self, key: &str) -> String {
        self.value(key).as_str().unwrap_or_else(|| panic!("no text {key}: {}", self.text)).to_owned()
    }

    pub(crate) fn value(&self, key: &str) -> Value {
        self.json().get(key).cloned().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> String {
        self.value("message").as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn cookie(&self) -> Cookie {
        Cookie(self.set_cookies().last().expect("a cookie").split(';').next().unwrap().to_owned())
    }
}
