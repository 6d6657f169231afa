//! How sign-ins by an OAuth2 provider fail, and who is told.

use std::{collections::BTreeMap, sync::Arc};

use account::oauth2::{Credentials, OAuth2Client, Provider, Registration};
use serde_json::json;

use super::oauth2_world::*;
use crate::support::http::Server;

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

    // No address, and an address that no one vouches for.
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
        let keep = |browser: &mut Browser| browser.0.insert(name.into(), value.into());
        if begins_it {
            keep(&mut browser);
        }
        let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
        keep(&mut browser);
        let user = server.get("/v1/account").by(&bob).ok(200).await.text("$id").parse().unwrap();
        let (nobody, service) = (account::model::ClientInfo::default(), &server.service);
        service.admin(&nobody).set_blocked(&user, true).await.unwrap();
        let to = location(&browser.come_back(&server, &[("code", "c0de"), ("state", &state)]).await);
        assert_eq!(to.path(), if begins_it { "/oh" } else { "/done" }, "{id}");
        service.admin(&nobody).set_blocked(&user, false).await.unwrap();
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
    for (name, length) in [("code", 2049), ("state", 2049), ("iss", 2049), ("location", 2049)] {
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
            // A provider that is known but not set up is disabled; anything else is no provider or
            // no route, and never an address to go to.
            assert_eq!(reply.status == 412, is_valid, "{input:?}: {} {}", reply.status, reply.text);
            assert!(is_valid || matches!(reply.status, 400 | 401 | 404), "{input:?}: {}", reply.status);
        }
    }
}
