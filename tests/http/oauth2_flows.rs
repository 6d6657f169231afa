//! Whose a flow is: of one browser, which may have several, and of the session that began it.

use std::collections::BTreeMap;

use super::oauth2_world::*;
use crate::support::http::Cookie;

#[tokio::test]
async fn h48_a_flow_ends_once_and_only_in_the_browser_that_began_it() {
    let (server, github) = on_its_own_machine();
    let mut browser = Browser::default();
    let state = parameter(&browser.start(&server, SESSION, &pages()).await, "state");
    let back = [("code", "c0de"), ("state", state.as_str()), ("project", "default")];
    let end = with(&format!("{SESSION}/redirect"), &back);

    // A link with another person's code, and a scanner that only looks.
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
