//! Sign-in by an OAuth2 provider, from the first request of the browser to the last.

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

use super::support::{Call, Cookie, Reply, Server};

const SESSION: &str = "/v1/account/sessions/oauth2/github";
const TOKEN: &str = "/v1/account/tokens/oauth2/github";
const CALLBACK: &str = "/v1/account/sessions/oauth2/callback/github/default";
const SUCCESS: &str = "https://app.example.com/done?keep=1#/there";
const FAILURE: &str = "https://app.example.com/oh?keep=1";

/// GitHub, where everybody is Ada.
#[derive(Debug, Clone, Default)]
struct GitHub(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    replies: BTreeMap<&'static str, (u16, Value)>,
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
    fn answers(&self, path: &'static str, status: u16, body: Value) {
        self.0.lock().unwrap().replies.insert(path, (status, body));
    }

    fn asked(&self) -> Vec<(String, String)> {
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
fn server(change: impl FnOnce(&mut Settings), is_limited: bool) -> (Server, GitHub) {
    let github = GitHub::default();
    let registration = Registration::new(
        Provider::builtin("github").unwrap(),
        Credentials::new("id-1", "s3cret".to_owned()),
    );
    let client = OAuth2Client::new(registration.unwrap(), Arc::new(github.clone()));
    (Server::built(|_| {}, change, is_limited, |builder| builder.provider(client)), github)
}

fn on_its_own_machine() -> (Server, GitHub) {
    server(|_| {}, false)
}

/// What a browser keeps, of the cookies of this server.
#[derive(Default, Clone)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    fn take(&mut self, reply: &Reply) {
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
    fn ask(&self, server: &Server, method: &str, url: &str) -> Call {
        let path = url.strip_prefix("http://localhost:8080").unwrap_or(url);
        let call = server.call(method, path).without("x-appwrite-project");
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { call } else { call.header("cookie", &pairs.join("; ")) }
    }

    async fn go(&mut self, server: &Server, url: &str) -> Reply {
        let reply = self.ask(server, "GET", url).send().await;
        self.take(&reply);
        reply
    }

    /// Starts, and says what the provider is asked for.
    async fn start(&mut self, server: &Server, route: &str, query: &[(&str, &str)]) -> Url {
        let reply = self.go(server, &with(route, &[&[("project", "default")], query].concat())).await;
        assert_eq!(reply.status, 302, "{}", reply.text);
        location(&reply)
    }

    /// Comes back from the provider with this.
    async fn come_back(&mut self, server: &Server, back: &[(&str, &str)]) -> Reply {
        let passed_on = self.go(server, &with(CALLBACK, back)).await;
        assert_eq!(passed_on.status, 302, "{}", passed_on.text);
        self.go(server, location(&passed_on).as_str()).await
    }

    /// The whole way.
    async fn sign_in(&mut self, server: &Server, route: &str, query: &[(&str, &str)]) -> Reply {
        let state = parameter(&self.start(server, route, query).await, "state");
        self.come_back(server, &[("code", "c0de"), ("state", &state)]).await
    }

    fn session(&self) -> Option<Cookie> {
        self.0.get("a_session_default").map(|value| Cookie(format!("a_session_default={value}")))
    }
}

fn with(path: &str, query: &[(&str, &str)]) -> String {
    let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{pairs}")
}

fn location(reply: &Reply) -> Url {
    Url::parse(reply.header("location").expect("a location")).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(given, _)| given == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

fn names(url: &Url) -> Vec<String> {
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

fn pages() -> [(&'static str, &'static str); 2] {
    [("success", SUCCESS), ("failure", FAILURE)]
}

/// The error that a failure page is told.
fn told(url: &Url) -> Value {
    serde_json::from_str(&parameter(url, "error")).unwrap()
}

#[tokio::test]
async fn h48_h52_a_start_leads_to_the_provider_and_binds_the_flow_to_the_browser() {
    let (server, _) = on_its_own_machine();
    for route in [SESSION, TOKEN] {
        let url =
            with(route, &[&[("project", "default"), ("scopes[]", "gist")], pages().as_slice()].concat());
        // Whatever a request says of its host, what a provider is told comes from the settings.
        let call = server.get(&url).without("x-appwrite-project");
        let reply =
            call.header("host", "evil.example").header("x-forwarded-host", "evil.example").ok(302).await;
        let to = location(&reply);
        assert_eq!((to.host_str(), to.path()), (Some("github.com"), "/login/oauth/authorize"));
        assert_eq!(parameter(&to, "redirect_uri"), format!("http://localhost:8080{CALLBACK}"));
        assert_eq!(parameter(&to, "scope"), "user:email gist");
        assert_eq!(parameter(&to, "code_challenge_method"), "S256");
        assert_eq!(parameter(&to, "state").len(), 64);
        let [cookie] = reply.set_cookies()[..] else { panic!("{:?}", reply.set_cookies()) };
        let name = format!("a_oauth2_default_{}=", &parameter(&to, "state")[..8]);
        assert!(cookie.starts_with(&name), "{cookie}");
        let attributes = "; Max-Age=600; Path=/v1/account; HttpOnly; SameSite=Lax";
        assert!(cookie.ends_with(attributes), "{cookie}");
        assert!(!cookie.contains(&parameter(&to, "state")), "{cookie}");
        assert_eq!(reply.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert!(reply.text.is_empty());
    }
}

#[tokio::test]
async fn behind_https_and_a_path_the_cookie_and_all_addresses_are_too() {
    let (server, _) = server(
        |settings| {
            settings.public_url = "https://api.example.com/auth/".into();
            settings.cross_site_cookies = true;
        },
        false,
    );
    let reply = server.get(SESSION).ok(302).await;
    let callback = parameter(&location(&reply), "redirect_uri");
    assert_eq!(callback, format!("https://api.example.com/auth{CALLBACK}"));
    let path = "Path=/auth/v1/account; Secure; HttpOnly; SameSite=Lax";
    assert!(reply.set_cookies()[0].ends_with(path), "{:?}", reply.set_cookies());
    let passed_on = server.get(&format!("{CALLBACK}?code=c")).ok(302).await;
    let redirect =
        "https://api.example.com/auth/v1/account/sessions/oauth2/github/redirect?code=c&project=default";
    assert_eq!(passed_on.header("location"), Some(redirect));
}

#[tokio::test]
async fn a_sign_in_ends_with_a_session_at_the_page_that_the_start_named() {
    let (server, github) = on_its_own_machine();
    let mut browser = Browser::default();
    let reply = browser.sign_in(&server, SESSION, &pages()).await;
    assert_eq!((reply.status, reply.header("location")), (302, Some(SUCCESS)));
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let kept: Vec<&String> = browser.0.keys().collect();
    assert_eq!(kept, ["a_device_default", "a_session_default"], "the flow is forgotten");
    let cleared = "=deleted; Max-Age=0; Path=/v1/account; HttpOnly; SameSite=Lax";
    assert!(
        reply
            .set_cookies()
            .iter()
            .any(|line| line.starts_with("a_oauth2_default_") && line.ends_with(cleared)),
        "{:?}",
        reply.set_cookies()
    );

    let cookie = browser.session().unwrap();
    let user = server.get("/v1/account").by(&cookie).ok(200).await;
    assert_eq!((user.text("email"), user.text("name")), ("ada@example.com".into(), "Ada".into()));
    assert_eq!(user.value("emailVerification"), true);
    let session = server.get("/v1/account/sessions/current").by(&cookie).ok(200).await;
    assert_eq!((session.text("provider"), session.text("providerUid")), ("github".into(), "583231".into()));
    assert_eq!(session.value("factors"), json!(["email", "oauth2"]));
    assert_eq!(session.text("clientType"), "");

    let (url, body) = &github.asked()[0];
    assert_eq!(url, "https://github.com/login/oauth/access_token");
    assert!(body.contains("code=c0de") && body.contains("code_verifier="), "{body}");
}

#[tokio::test]
async fn h54_tokens_of_the_provider_are_not_shown_but_when_they_expire_is() {
    let (server, _) = on_its_own_machine();
    let mut browser = Browser::default();
    browser.sign_in(&server, SESSION, &pages()).await;
    let cookie = browser.session().unwrap();
    let session = server.get("/v1/account/sessions/current").by(&cookie).ok(200).await;
    let identities = server.get("/v1/account/identities").by(&cookie).ok(200).await;
    assert!(!format!("{} {}", session.text, identities.text).contains("gho-1"));
    for model in [session.json(), identities.json()["identities"][0].clone()] {
        assert_eq!((&model["providerAccessToken"], &model["providerRefreshToken"]), (&json!(""), &json!("")));
        assert_eq!(model["providerAccessTokenExpiry"], "2027-01-15T09:00:00.000+00:00");
    }
    assert_eq!(identities.json()["identities"][0]["providerEmail"], "ada@example.com");
}

#[tokio::test]
async fn h14_the_token_flow_ends_with_what_starts_a_session_once() {
    let (server, _) = on_its_own_machine();
    let mut browser = Browser::default();
    let app = "appwrite-callback-default://localhost/?keep=1";
    for success in [SUCCESS, app] {
        let reply = browser.sign_in(&server, TOKEN, &[("success", success), ("failure", FAILURE)]).await;
        assert_eq!(reply.status, 302);
        assert!(browser.0.is_empty(), "no session is set: {:?}", reply.set_cookies());
        let to = location(&reply);
        assert_eq!(names(&to), ["keep", "userId", "secret"]);
        let (user, secret) = (parameter(&to, "userId"), parameter(&to, "secret"));
        let body = json!({"userId": user, "secret": secret}).to_string();
        let session = server.post("/v1/account/sessions/token", &body).ok(201).await;
        assert_eq!(session.text("provider"), "oauth2");
        server.post("/v1/account/sessions/token", &body).refused(401, "user_invalid_token").await;
    }
}

#[tokio::test]
async fn a_form_of_the_provider_becomes_a_get_with_all_that_it_brings() {
    let (server, _) = on_its_own_machine();
    let mut browser = Browser::default();
    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    // Cross-site: it has a foreign origin, and no cookie that is `SameSite=Lax`.
    let form = format!("state={state}&code=c0de&user=%7B%22name%22%3A%22%C3%A9%22%7D&project=other");
    let call = Browser::default().ask(&server, "POST", CALLBACK);
    let call = call.header("origin", "https://github.com").header("sec-fetch-site", "cross-site");
    let passed_on = call.body("application/x-www-form-urlencoded", &form).ok(303).await;
    let to = location(&passed_on);
    assert_eq!(to.path(), format!("{SESSION}/redirect"));
    assert_eq!(names(&to), ["state", "code", "user", "project"]);
    assert_eq!(
        (parameter(&to, "user"), parameter(&to, "project")),
        (r#"{"name":"é"}"#.into(), "default".into())
    );
    assert!(passed_on.set_cookies().is_empty());
    assert_eq!(browser.go(&server, to.as_str()).await.header("location"), Some(SUCCESS));

    let json = Browser::default().ask(&server, "POST", CALLBACK).json("{}");
    json.refused(400, "general_argument_invalid").await;
    let long = Browser::default().ask(&server, "POST", CALLBACK);
    let long = long.body("application/x-www-form-urlencoded", &"x".repeat(16 * 1024 + 1));
    long.refused(400, "general_argument_invalid").await;
    let elsewhere = CALLBACK.replace("default", "other");
    server.get(&elsewhere).refused(404, "project_not_found").await;
}

#[tokio::test]
async fn h48_a_flow_ends_once_and_only_in_the_browser_that_began_it() {
    let (server, github) = on_its_own_machine();
    let mut browser = Browser::default();
    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let back = [("code", "c0de"), ("state", state.as_str()), ("project", "default")];
    let end = with(&format!("{SESSION}/redirect"), &back);

    // A link with somebody else's code, and a scanner that only looks.
    Browser::default().ask(&server, "GET", &end).refused(400, "user_oauth2_bad_request").await;
    let wrong = end.replace(&state, &"0".repeat(64));
    let reply = browser.ask(&server, "GET", &wrong).refused(400, "user_oauth2_bad_request").await;
    assert!(reply.set_cookies().is_empty(), "the flow under way is left alone");
    browser.ask(&server, "HEAD", &end).ok(404).await;
    browser
        .ask(&server, "GET", &end.replace("github", "gitlab"))
        .refused(400, "user_oauth2_bad_request")
        .await;
    assert!(github.asked().is_empty(), "no code was sent anywhere");

    let kept = browser.clone();
    assert_eq!(browser.go(&server, &end).await.header("location"), Some(SUCCESS));
    let again = kept.ask(&server, "GET", &end).ok(302).await;
    assert_eq!(told(&location(&again))["type"], "user_oauth2_bad_request");
    assert!(again.set_cookies().is_empty(), "{:?}", again.set_cookies());
}

/// The flows that the browser has under way.
fn flows(browser: &Browser) -> Vec<&str> {
    browser.0.keys().filter_map(|name| name.strip_prefix("a_oauth2_default_")).collect()
}

#[tokio::test]
async fn two_tabs_can_be_at_a_provider_at_once_and_both_end_well() {
    let (server, _) = on_its_own_machine();
    for (routes, later_first) in [(SESSION, SESSION), (TOKEN, TOKEN), (SESSION, TOKEN), (TOKEN, SESSION)]
        .into_iter()
        .flat_map(|routes| [(routes, false), (routes, true)])
    {
        let mut browser = Browser::default();
        let mut states = Vec::new();
        for route in [routes.0, routes.1] {
            states.push(parameter(&browser.start(&server, route, &pages()).await, "state"));
        }
        if later_first {
            states.reverse();
        }
        for (done, state) in states.iter().enumerate() {
            assert_eq!(flows(&browser).len(), 2 - done);
            let reply = browser.come_back(&server, &[("code", "c0de"), ("state", state)]).await;
            assert_eq!(location(&reply).path(), "/done", "{routes:?} {later_first}: {:?}", location(&reply));
        }
        assert!(flows(&browser).is_empty());
    }
}

#[tokio::test]
async fn a_tab_that_fails_leaves_the_flow_of_the_other_alone() {
    let (server, _) = on_its_own_machine();
    let mut browser = Browser::default();
    let one = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let other = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let refused = browser.come_back(&server, &[("error", "access_denied"), ("state", &one)]).await;
    assert_eq!(location(&refused).path(), "/oh");
    assert_eq!(flows(&browser), [&other[..8]]);
    // The state of one flow is not good with what was kept for another.
    let mut mixed = Browser::default();
    let kept = browser.0[&format!("a_oauth2_default_{}", &other[..8])].clone();
    mixed.0.insert(format!("a_oauth2_default_{}", &one[..8]), kept);
    let path =
        with(&format!("{SESSION}/redirect"), &[("code", "c0de"), ("state", &one), ("project", "default")]);
    mixed.ask(&server, "GET", &path).refused(400, "user_oauth2_bad_request").await;
    assert_eq!(
        browser.come_back(&server, &[("code", "c"), ("state", &other)]).await.header("location"),
        Some(SUCCESS)
    );
}

#[tokio::test]
async fn a_browser_keeps_four_flows_and_what_headers_have_room_for() {
    let (server, _) = on_its_own_machine();
    let long = format!("https://app.example.com/done?{}", "x".repeat(1_500));
    for (success, kept) in [(SUCCESS, 4), (&*long, 1)] {
        for route in [SESSION, TOKEN] {
            // Browsers send what they kept first first (RFC 6265 §5.4).
            let mut cookies: Vec<(String, String)> = Vec::new();
            let mut begun = Vec::new();
            for _ in 0..7 {
                let line: Vec<String> =
                    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let call = server.get(&with(route, &[("success", success)]));
                let reply = call.header("cookie", &line.join("; ")).ok(302).await;
                for line in reply.set_cookies() {
                    let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                    cookies.retain(|(known, _)| known != name);
                    if value != "deleted" {
                        cookies.push((name.into(), value.into()));
                    }
                }
                begun.push(format!("a_oauth2_default_{}", &parameter(&location(&reply), "state")[..8]));
            }
            let names: Vec<&String> = cookies.iter().map(|(name, _)| name).collect();
            let latest: Vec<&String> = begun.iter().skip(7 - kept).collect();
            assert_eq!(names, latest, "the latest are kept");
            assert!(cookies.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= 4096);
        }
    }
}

#[tokio::test]
async fn h52_every_failure_is_told_to_the_failure_page() {
    let (server, github) = on_its_own_machine();
    const TOKENS: &str = "/login/oauth/access_token";
    for (status, code, name) in [
        (400, 400, "user_oauth2_bad_request"),
        (401, 401, "user_oauth2_unauthorized"),
        (503, 503, "user_oauth2_provider_error"),
    ] {
        github.answers(TOKENS, status, json!({"error": "no"}));
        let mut browser = Browser::default();
        let reply = browser.sign_in(&server, SESSION, &pages()).await;
        let to = location(&reply);
        assert_eq!((reply.status, to.path(), parameter(&to, "keep").as_str()), (302, "/oh", "1"));
        let error = told(&to);
        assert_eq!((&error["type"], &error["code"]), (&json!(name), &json!(code)));
        assert!(parameter(&to, "error").starts_with(r#"{"message":"Failed to sign in with the provider: "#));
        assert_eq!(error.as_object().unwrap().len(), 3);
        assert!(browser.0.is_empty(), "the flow is over");
    }
    github.0.lock().unwrap().replies = State::default().replies;

    // Ada changes her mind.
    let mut browser = Browser::default();
    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let back = [("error", "access_denied"), ("error_description", "no\nthanks"), ("state", &state)];
    let error = told(&location(&browser.come_back(&server, &back).await));
    assert_eq!((&error["type"], &error["code"]), (&json!("user_oauth2_provider_error"), &json!(424)));
    assert!(error["message"].as_str().unwrap().contains("access_denied: no thanks"), "{error}");

    // No address, and an address that nobody vouches for.
    github.answers("/user/emails", 200, json!([]));
    let error = told(&location(&Browser::default().sign_in(&server, SESSION, &pages()).await));
    assert_eq!((&error["type"], &error["code"]), (&json!("user_unauthorized"), &json!(401)));
}

#[tokio::test]
async fn h52_an_answer_that_cannot_be_read_and_a_long_description_are_told_to_the_failure_page() {
    let (server, github) = on_its_own_machine();
    let long = "é".repeat(2_500);
    for (answer, text) in [
        (vec![("error", "server_error"), ("error_description", long.as_str())], "server_error: é"),
        (vec![("error", "access_denied"), ("error", "access_denied")], "malformed"),
        (vec![("code", long.as_str())], "malformed"),
        (vec![("code", "c"), ("iss", "a"), ("iss", "b")], "malformed"),
    ] {
        let mut browser = Browser::default();
        let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
        let back: Vec<_> = answer.into_iter().chain([("state", state.as_str())]).collect();
        let to = location(&browser.come_back(&server, &back).await);
        assert_eq!((to.path(), &told(&to)["type"]), ("/oh", &json!("user_oauth2_provider_error")));
        assert!(told(&to)["message"].as_str().unwrap().contains(text), "{to}");
        assert!(browser.0.is_empty(), "the flow is over");
    }
    assert!(github.asked().is_empty(), "no code was sent");
}

#[tokio::test]
async fn h52_a_session_that_is_held_back_does_not_hold_up_a_flow() {
    let (server, _) = on_its_own_machine();
    let bob = server.user("bob").await;
    for (id, begins_it) in [("nobody's", false), ("his own", true)] {
        let mut browser = Browser::default();
        let (name, value) = bob.0.split_once('=').unwrap();
        let mut keep = |browser: &mut Browser| browser.0.insert(name.into(), value.into());
        if begins_it {
            keep(&mut browser);
        }
        let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
        keep(&mut browser);
        let user = server.get("/v1/account").by(&bob).ok(200).await.text("$id").parse().unwrap();
        let (nobody, service) = (account::model::Client::default(), &server.service);
        service.trusted(&nobody).set_blocked(&user, true).await.unwrap();
        let to = location(&browser.come_back(&server, &[("code", "c0de"), ("state", &state)]).await);
        assert_eq!(to.path(), if begins_it { "/oh" } else { "/done" }, "{id}");
        service.trusted(&nobody).set_blocked(&user, false).await.unwrap();
    }
}

#[tokio::test]
async fn h52_who_may_not_end_a_flow_that_named_no_page_is_led_to_the_one_of_this_server() {
    let (server, _) = on_its_own_machine();
    let (name, value) =
        server.user("bob").await.0.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let mut browser = Browser(BTreeMap::from([(name.clone(), value)]));
    let state = parameter(&browser.start(&server, SESSION, &[]).await, "state");
    browser.0.remove(&name);
    let to = location(&browser.come_back(&server, &[("code", "c0de"), ("state", &state)]).await);
    assert_eq!(to.path(), "/v1/account/sessions/oauth2/complete/failure");
    assert_eq!(told(&to)["type"], "user_oauth2_bad_request");
}

#[tokio::test]
async fn a_client_without_pages_is_led_to_those_of_this_server() {
    let (server, github) = on_its_own_machine();
    let mut browser = Browser::default();
    let to = location(&browser.sign_in(&server, SESSION, &[("success", ""), ("failure", "")]).await);
    assert_eq!(to.path(), "/v1/account/sessions/oauth2/complete/success");
    let given: BTreeMap<_, _> = to.query_pairs().into_owned().collect();
    let given: Vec<(&str, &str)> =
        given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let secret = browser.session().unwrap().wire();
    assert_eq!(
        given,
        [("domain", "localhost"), ("key", "a_session_default"), ("project", "default"), ("secret", &secret)]
    );
    // What the SDK of a native app makes of it.
    let cookie = Cookie(format!("a_session_default={secret}"));
    server.get("/v1/account").by(&cookie).ok(200).await;

    let to = location(&Browser::default().sign_in(&server, TOKEN, &[]).await);
    assert_eq!((names(&to).join(" ").as_str(), to.host_str()), ("userId secret project", Some("localhost")));

    github.answers("/user", 401, json!({}));
    let to = location(&Browser::default().sign_in(&server, SESSION, &[]).await);
    assert_eq!(to.path(), "/v1/account/sessions/oauth2/complete/failure");
    assert_eq!((told(&to)["code"].clone(), parameter(&to, "project")), (json!(401), "default".into()));
}

#[tokio::test]
async fn the_last_pages_are_the_same_whatever_they_are_told() {
    let (server, _) = on_its_own_machine();
    let plain = server.get("/v1/account/sessions/oauth2/complete/success").ok(200).await.text;
    for path in ["success", "failure"] {
        for query in ["?secret=%3Cscript%3E", "?error=%7B%7D&project=default", "?%zz"] {
            let path = format!("/v1/account/sessions/oauth2/complete/{path}{query}");
            let reply = server.get(&path).without("x-appwrite-project").ok(200).await;
            assert_eq!(reply.text, plain);
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("connect-src"), "{policy}");
            assert_eq!(reply.header("x-frame-options"), Some("DENY"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
        }
    }
}

#[tokio::test]
async fn h53_h56_a_flow_of_somebody_signed_in_links_the_identity_in_that_session_alone() {
    let (server, _) = on_its_own_machine();
    let ada = server.user("ada").await;
    let mut browser = Browser::default();
    let keep = |browser: &mut Browser, cookie: &Cookie| {
        let (name, value) = cookie.0.split_once('=').unwrap();
        browser.0.insert(name.into(), value.into());
    };
    keep(&mut browser, &ada);

    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let mut other = browser.clone();
    keep(&mut other, &server.user("bob").await);
    let back = [("code", "c0de"), ("state", state.as_str())];
    let refused = other.come_back(&server, &back).await;
    assert_eq!(told(&location(&refused))["type"], "user_oauth2_bad_request");
    assert!(refused.set_cookies().is_empty(), "bob stays signed in");

    assert_eq!(browser.come_back(&server, &back).await.header("location"), Some(SUCCESS));
    let now = browser.session().unwrap();
    assert_ne!(now, ada, "a session of the provider took the place of the old one");
    server.get("/v1/account").by(&ada).refused(401, "general_unauthorized_scope").await;
    assert_eq!(server.get("/v1/account/identities").by(&now).ok(200).await.value("total"), 1);

    // A token leaves the session alone until it is redeemed.
    let to = location(&browser.sign_in(&server, TOKEN, &pages()).await);
    assert_eq!(names(&to), ["keep", "userId", "secret"]);
    server.get("/v1/account").by(&now).ok(200).await;
}

#[tokio::test]
async fn a_page_of_another_site_cannot_begin_a_link() {
    for (site, referer, links) in [
        ("cross-site", None, false),
        ("cross-site", Some("https://evil.example/"), false),
        ("cross-site", Some("no URL"), false),
        ("cross-site", Some("https://app.example.com/"), true),
        ("same-site", None, true),
        ("none", None, true),
    ] {
        let (server, _) = on_its_own_machine();
        let bob = server.user("bob").await;
        let (name, value) = bob.0.split_once('=').unwrap();
        let mut browser = Browser(BTreeMap::from([(name.to_owned(), value.to_owned())]));
        let start = with(SESSION, &[&[("project", "default")], pages().as_slice()].concat());
        let mut call = browser.ask(&server, "GET", &start).header("sec-fetch-site", site);
        if let Some(referer) = referer {
            call = call.header("referer", referer);
        }
        let reply = call.ok(302).await;
        browser.take(&reply);
        let state = parameter(&location(&reply), "state");
        let reply = browser.come_back(&server, &[("code", "c0de"), ("state", &state)]).await;
        assert_eq!(reply.header("location"), Some(SUCCESS));
        let bob = server.sign_in("bob").await;
        let identities = server.get("/v1/account/identities").by(&bob).ok(200).await;
        assert_eq!(identities.value("total"), u8::from(links), "{site} {referer:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_off_and_one_that_does_not_exist_are_told_apart() {
    let (server, _) = on_its_own_machine();
    for (provider, status, code) in [
        ("gitlab", 412, "project_provider_disabled"),
        ("paypalSandbox", 412, "project_provider_disabled"),
        ("GitHub", 400, "project_provider_unsupported"),
        ("email", 400, "project_provider_unsupported"),
        ("%67ithub", 400, "project_provider_unsupported"),
    ] {
        for route in ["sessions", "tokens"] {
            let path = format!("/v1/account/{route}/oauth2/{provider}");
            server.get(&path).refused(status, code).await;
        }
    }
    let end = "/v1/account/sessions/oauth2/nobody/redirect?state=s";
    server.get(end).refused(400, "project_provider_unsupported").await;
}

#[tokio::test]
async fn h58_only_allowed_pages_and_sound_scopes_come_through() {
    let (server, _) = on_its_own_machine();
    for name in ["success", "failure"] {
        for url in [
            "https://evil.example/",
            "https://app.example.com@evil.example/",
            "javascript:alert(1)",
            "appwrite-callback-other://",
            "//app.example.com",
        ] {
            let reply = server.get(&with(SESSION, &[(name, url)])).send().await;
            assert_eq!(
                (reply.status, reply.text("type").as_str()),
                (400, "general_argument_invalid"),
                "{url}"
            );
            assert!(reply.message().starts_with(&format!("Invalid `{name}` param: ")), "{}", reply.text);
            assert!(reply.set_cookies().is_empty());
        }
        for url in ["", "http://localhost:3000/", "com.example.notes:/done", "appwrite-callback-default://"] {
            server.get(&with(SESSION, &[(name, url)])).ok(302).await;
        }
    }
    let many: String = (0..101).map(|at| format!("scopes[{at}]=s{at}&")).collect();
    let long = format!("scopes[]={}", "s".repeat(4097));
    for query in
        ["scopes=gist", "scopes[]=", "scopes[]=a%20b", &many, &long, "success=&success=", "success=%zz"]
    {
        server.get(&format!("{SESSION}?{query}")).refused(400, "general_argument_invalid").await;
    }
    let to = location(&server.get(&format!("{SESSION}?scopes[0]=gist&scopes[1]=gist")).ok(302).await);
    assert_eq!(parameter(&to, "scope"), "user:email gist");
    for (name, length) in [("code", 2049), ("state", 2049), ("iss", 2049), ("location", 2049), ("user", 4097)]
    {
        let path = with(&format!("{SESSION}/redirect"), &[(name, &"x".repeat(length))]);
        server.get(&path).refused(400, "general_argument_invalid").await;
    }
}

#[tokio::test]
async fn starts_and_ends_are_counted_together_by_address() {
    let (server, _) = server(|_| {}, true);
    for _ in 0..25 {
        server.get(SESSION).ok(302).await;
        server.get(TOKEN).ok(302).await;
    }
    for path in [SESSION, TOKEN, &format!("{SESSION}/redirect")] {
        server.get(path).refused(429, "general_rate_limit_exceeded").await;
        server.get(path).peer("192.0.2.2").send().await;
    }
    // Whom a provider sends back is not held up here.
    server.get(CALLBACK).ok(302).await;
}

#[tokio::test]
async fn h52_a_provider_that_does_not_say_where_it_is_is_told_to_the_failure_page_too() {
    for (status, kind, plain) in [
        (503, "user_oauth2_provider_error", 424),
        (400, "user_oauth2_bad_request", 400),
        (401, "user_oauth2_unauthorized", 401),
    ] {
        let github = GitHub::default();
        github.answers("/.well-known/openid-configuration", status, json!({}));
        let credentials = Credentials::new("id-1", "s3cret".to_owned())
            .with_parameter("well_known", "https://id.example.com/.well-known/openid-configuration");
        let registration = Registration::new(Provider::builtin("oidc").unwrap(), credentials).unwrap();
        let client = OAuth2Client::new(registration, Arc::new(github));
        let server = Server::built(|_| {}, |_| {}, false, |builder| builder.provider(client));
        const START: &str = "/v1/account/sessions/oauth2/oidc";
        server.get(START).refused(plain, kind).await;
        let to = location(&server.get(&with(START, &pages())).ok(302).await);
        let error = told(&to);
        assert_eq!((to.path(), &error["code"], &error["type"]), ("/oh", &json!(status), &json!(kind)));
    }
}

#[tokio::test]
async fn every_recorded_provider_meets_its_verdict() {
    let server = Server::new();
    for (input, is_valid) in super::inputs::corpus("oauthProvider") {
        // As a browser spells what is no URI character, and as it is where it can be sent so.
        let encoded: String = url::form_urlencoded::byte_serialize(input.as_bytes()).collect();
        let is_sendable = input.bytes().all(|byte| byte.is_ascii_graphic());
        for name in [Some(encoded), is_sendable.then(|| input.clone())].into_iter().flatten() {
            let path = format!("/v1/account/sessions/oauth2/{name}?project=default");
            let reply = server.call("GET", &path).without("x-appwrite-project").send().await;
            // A provider that is known but not set up is disabled; anything else is no provider or no route, and never an address to go to.
            assert_eq!(reply.status == 412, is_valid, "{input:?}: {} {}", reply.status, reply.text);
            assert!(is_valid || matches!(reply.status, 400 | 401 | 404), "{input:?}: {}", reply.status);
        }
    }
}
