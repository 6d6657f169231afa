//! The browser and the provider of the test kit, on the routes of an application.

use account::{
    Caller, SessionHolder,
    axum::{Authenticator, Settings, router_of},
    http::{Api, KeepSignedIn, Rejection, SetCookies},
    operation::Operation,
    testing::{Browser, FakeProvider, FakeUser, TestHost},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue},
    routing::get,
};

const HOME: &str = "http://localhost:8080/me";

/// An application whose users sign in with GitHub, and the provider.
fn app() -> (TestHost, Router, Authenticator, FakeProvider) {
    let github = FakeProvider::new("github");
    let host = TestHost::builder().customize(|builder| builder.provider(github.client())).build();
    let settings = Settings::default();
    let authenticator = Authenticator::new(host.service.clone(), &settings).unwrap();
    let api = Api::new(host.service.clone(), &settings).unwrap();
    let app = Router::new()
        .route("/me", get(async |caller: Caller| caller.account().name().to_string()).post(sign_out))
        .route("/cookies", get(echo_cookies))
        .with_state(authenticator.clone())
        .merge(router_of(api.only(Operation::OAUTH2.iter().copied())));
    (host, app, authenticator, github)
}

async fn sign_out(
    _: SessionHolder,
    State(authenticator): State<Authenticator>,
) -> Result<SetCookies, Rejection> {
    Ok(authenticator.cookies().signed_out())
}

/// Sets two cookies, and answers with those of the request.
async fn echo_cookies(headers: HeaderMap) -> (HeaderMap, String) {
    let mut set = HeaderMap::new();
    for line in ["plain=1", "below=2; Path=/deep", "kept=3; Max-Age=60"] {
        set.append("set-cookie", HeaderValue::from_static(line));
    }
    let sent = headers.get("cookie").map(|value| value.to_str().unwrap()).unwrap_or_default();
    (set, sent.to_owned())
}

#[tokio::test]
async fn a_browser_signs_in_with_a_provider() {
    let (_, app, _, github) = app();
    let mut browser = Browser::new(app);
    let start = format!("/v1/account/sessions/oauth2/github?project=default&success={HOME}&failure={HOME}");
    let sent = browser.get(&start).await;
    let back =
        github.approve(&sent.location().unwrap().parse().unwrap(), &FakeUser::new("42", "ada@example.com"));
    let page = browser.get(back.as_str()).await;
    let page = browser.follow(page).await;
    assert_eq!((page.status.as_u16(), page.text.as_str()), (200, "ada"));
    assert!(browser.cookie("a_session_default").is_some());

    // The code is spent, and the flow too.
    let replayed = browser.get(back.as_str()).await;
    assert_eq!(browser.follow(replayed).await.status, 400);
}

#[tokio::test]
async fn a_user_can_refuse_at_the_provider() {
    let (_, app, _, github) = app();
    let mut browser = Browser::new(app);
    let start = format!("/v1/account/sessions/oauth2/github?project=default&success={HOME}&failure={HOME}");
    let sent = browser.get(&start).await;
    let back = github.refuse(&sent.location().unwrap().parse().unwrap());
    let page = browser.get(back.as_str()).await;
    let to = browser.get(page.location().unwrap()).await;
    assert!(to.location().unwrap().starts_with(&format!("{HOME}?error=")), "{to:?}");
    assert_eq!(browser.follow(to).await.status, 401);
}

#[tokio::test]
async fn a_browser_keeps_and_clears_cookies() {
    let (host, app, authenticator, _) = app();
    let mut browser = Browser::new(app);
    let ada = host.signed_up("ada@example.com").await;
    browser.keep(authenticator.cookies().signed_in(&ada, KeepSignedIn::UntilExpiry));
    assert_eq!(browser.get("/me").await.status, 200);
    assert_eq!(browser.post_from("https://evil.example", "/me", &[]).await.status, 403);
    assert_eq!(browser.get("/me").await.status, 200, "the forged form changed nothing");
    assert_eq!(browser.post("/me", &[]).await.status, 200);
    assert_eq!(browser.cookie("a_session_default"), None);
    assert_eq!(browser.get("/me").await.status, 401);
}

#[tokio::test]
async fn a_browser_sends_cookies_below_their_path_and_closes() {
    let (host, app, authenticator, _) = app();
    let mut browser = Browser::new(app);
    assert_eq!(browser.get("/cookies").await.text, "");
    assert_eq!(browser.get("/cookies").await.text, "plain=1; kept=3");
    let ada = host.signed_up("ada@example.com").await;
    browser.keep(authenticator.cookies().signed_in(&ada, KeepSignedIn::UntilBrowserCloses));
    assert_eq!(browser.get("/me").await.status, 200);
    browser.close();
    assert_eq!(browser.get("/me").await.status, 401);
    let kept = browser.get("/cookies").await.text;
    assert!(kept.starts_with("kept=3; a_device_default="), "{kept}");
}
