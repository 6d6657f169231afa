//! A server that knows GitHub, and the browsers that come.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use account::{
    http::Settings,
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
};
use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;

use crate::support::http::{Call, Cookie, Reply, Server};

pub(super) const SESSION: &str = "/v1/account/sessions/oauth2/github";
pub(super) const TOKEN: &str = "/v1/account/tokens/oauth2/github";
pub(super) const CALLBACK: &str = "/v1/account/sessions/oauth2/callback/github/default";
pub(super) const SUCCESS: &str = "https://app.example.com/done?keep=1#/there";
pub(super) const FAILURE: &str = "https://app.example.com/oh?keep=1";

/// GitHub, where everybody is Ada.
#[derive(Debug, Clone, Default)]
pub(super) struct GitHub(pub(super) Arc<Mutex<State>>);

#[derive(Debug)]
pub(super) struct State {
    pub(super) replies: BTreeMap<&'static str, (u16, Value)>,
    /// What was asked for, with what it carried.
    asked: Vec<(String, String)>,
}

impl Default for State {
    fn default() -> Self {
        let tokens = json!({"access_token": "gho-1", "token_type": "bearer", "expires_in": 3600});
        let emails = json!([{"email": "ada@example.com", "primary": true, "verified": true}]);
        let replies = BTreeMap::from([
            ("/login/oauth/access_token", (200, tokens)),
            ("/user", (200, json!({"id": 583_231, "name": "Ada", "login": "ada"}))),
            ("/user/emails", (200, emails)),
        ]);
        Self { replies, asked: Vec::new() }
    }
}

impl GitHub {
    pub(super) fn answers(&self, path: &'static str, status: u16, body: Value) {
        self.0.lock().unwrap().replies.insert(path, (status, body));
    }

    pub(super) fn asked(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().asked.clone()
    }
}

#[async_trait]
impl HttpClient for GitHub {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let mut state = self.0.lock().unwrap();
        state.asked.push((request.url().to_string(), body));
        let (status, body) = state.replies[request.url().path()].clone();
        Ok(HttpResponse::new(status, body.to_string().into_bytes()))
    }
}

/// A server that knows GitHub.
pub(super) fn server(change: impl FnOnce(&mut Settings), is_limited: bool) -> (Server, GitHub) {
    let github = GitHub::default();
    let registration = Registration::new(
        Provider::builtin("github").unwrap(),
        Credentials::new("id-1", "s3cret".to_owned()),
    );
    let client = OAuth2Client::new(registration.unwrap(), Arc::new(github.clone()));
    (Server::built(|_| {}, change, is_limited, |builder| builder.provider(client)), github)
}

pub(super) fn on_its_own_machine() -> (Server, GitHub) {
    server(|_| {}, false)
}

/// What a browser keeps, of the cookies of this server.
#[derive(Default, Clone)]
pub(super) struct Browser(pub(super) BTreeMap<String, String>);

impl Browser {
    pub(super) fn take(&mut self, reply: &Reply) {
        for line in reply.set_cookies() {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value == "deleted" {
                self.0.remove(name);
            } else {
                self.0.insert(name.into(), value.into());
            }
        }
    }

    /// Where a link or a redirect leads: no header of the API, and every cookie.
    pub(super) fn ask(&self, server: &Server, method: &str, url: &str) -> Call {
        let path = url.strip_prefix("http://localhost:8080").unwrap_or(url);
        let call = server.call(method, path).without("x-appwrite-project");
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { call } else { call.header("cookie", &pairs.join("; ")) }
    }

    pub(super) async fn go(&mut self, server: &Server, url: &str) -> Reply {
        let reply = self.ask(server, "GET", url).send().await;
        self.take(&reply);
        reply
    }

    /// Starts, and says what the provider is asked for.
    pub(super) async fn start(&mut self, server: &Server, route: &str, query: &[(&str, &str)]) -> Url {
        let reply = self.go(server, &with(route, &[&[("project", "default")], query].concat())).await;
        assert_eq!(reply.status, 302, "{}", reply.text);
        location(&reply)
    }

    /// Comes back from the provider with this.
    pub(super) async fn come_back(&mut self, server: &Server, back: &[(&str, &str)]) -> Reply {
        let passed_on = self.go(server, &with(CALLBACK, back)).await;
        assert_eq!(passed_on.status, 302, "{}", passed_on.text);
        self.go(server, location(&passed_on).as_str()).await
    }

    /// The whole way.
    pub(super) async fn sign_in(&mut self, server: &Server, route: &str, query: &[(&str, &str)]) -> Reply {
        let state = parameter(&self.start(server, route, query).await, "state");
        self.come_back(server, &[("code", "c0de"), ("state", &state)]).await
    }

    pub(super) fn session(&self) -> Option<Cookie> {
        self.0.get("a_session_default").map(|value| Cookie(format!("a_session_default={value}")))
    }
}

pub(super) fn with(path: &str, query: &[(&str, &str)]) -> String {
    let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{pairs}")
}

pub(super) fn location(reply: &Reply) -> Url {
    Url::parse(reply.header("location").expect("a location")).unwrap()
}

pub(super) fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(given, _)| given == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

pub(super) fn names(url: &Url) -> Vec<String> {
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

pub(super) fn pages() -> [(&'static str, &'static str); 2] {
    [("success", SUCCESS), ("failure", FAILURE)]
}

/// The error that a failure page is told.
pub(super) fn told(url: &Url) -> Value {
    serde_json::from_str(&parameter(url, "error")).unwrap()
}
