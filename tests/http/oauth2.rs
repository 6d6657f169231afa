//! Sign-in by an OAuth2 provider, from the first request of the browser to the last.

use std::collections::BTreeMap;

use serde_json::json;

use super::oauth2_world::*;
use crate::support::http::Cookie;

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
async fn a_form_field_that_is_too_long_to_be_looked_at_holds_up_nobody() {
    let (server, _) = on_its_own_machine();
    let mut browser = Browser::default();
    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let long = "x".repeat(5_000);
    let reply = browser.come_back(&server, &[("code", "c0de"), ("state", &state), ("user", &long)]).await;
    assert_eq!(reply.header("location"), Some(SUCCESS));
}
