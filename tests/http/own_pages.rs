//! Pages of an application's own: cookies, forms, limits and redirects without the API's JSON.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use account::{
    Caller, SessionHolder,
    axum::{
        Authenticator, SameOrigin, Settings, SignInPage, ViaExtension, limit_requests, require_caller,
        require_caller_or_redirect,
    },
    http::{KeepSignedIn, Rejection, RejectionCause, SetCookies},
    model::ClientInfo,
    operation::{Operation, Subject},
};
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRef, State},
    http::{Request, Response},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse as _, Redirect},
    routing::{get, post},
};
use tower::ServiceExt as _;

use crate::support::http::{APP, Cookie, Server, Service, otp};

#[derive(Clone)]
struct AppState {
    accounts: Service,
    authenticator: Authenticator,
}

impl FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

/// The body of the form is `email password keep`.
async fn sign_in(
    _: SameOrigin,
    client: ClientInfo,
    State(AppState { accounts, authenticator }): State<AppState>,
    form: String,
) -> Result<(SetCookies, Redirect), Rejection> {
    let mut fields = form.split(' ');
    let mut field = || fields.next().unwrap_or_default();
    let (email, password, keep) = (field(), field(), field());
    let subject = Subject { email: Some(email), ..Subject::of(&client) };
    authenticator.admit(Operation::SignInWithPassword, &subject).await?;
    let (email, password) = (email.parse()?, password.parse()?);
    let signed_in = accounts.sign_in_with_password(email, password, &client).await?;
    let keep = if keep == "keep" { KeepSignedIn::UntilExpiry } else { KeepSignedIn::UntilBrowserCloses };
    Ok((authenticator.cookies().signed_in(&signed_in, keep), Redirect::to("/")))
}

async fn sign_out(
    holder: SessionHolder,
    State(AppState { accounts, authenticator }): State<AppState>,
) -> Result<SetCookies, Rejection> {
    accounts.sign_out(&holder, holder.session_id()).await?;
    Ok(authenticator.cookies().signed_out())
}

/// Counts as the link that verifies an address.
async fn send_link(
    caller: Caller,
    State(AppState { authenticator, .. }): State<AppState>,
) -> Result<&'static str, Rejection> {
    authenticator.admit(Operation::StartEmailVerification, &caller.subject()).await?;
    Ok("sent")
}

/// Renders rejections its own way.
async fn home(caller: Result<Caller, Rejection>) -> String {
    match caller {
        Ok(caller) => format!("hello {}", caller.user_id()),
        Err(rejection) => match rejection.cause() {
            RejectionCause::Error(error) => format!("<p>{error}</p>"),
            cause => format!("<p>{cause:?}</p>"),
        },
    }
}

fn authenticator(server: &Server) -> Authenticator {
    let mut settings = Settings::default();
    settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    Authenticator::new(server.service.clone(), &settings).unwrap()
}

fn app(server: &Server) -> Router {
    let authenticator = authenticator(server);
    let page = SignInPage::at("/sign-in", authenticator.clone());
    let notes = Router::new()
        .route("/notes", get(async |caller: Caller| caller.user_id().to_string()).post(async || "added"))
        .route_layer(from_fn_with_state(page, require_caller_or_redirect));
    let data = Router::new()
        .route("/data", get(async |caller: Caller| caller.user_id().to_string()))
        .route_layer(from_fn_with_state(authenticator.clone(), require_caller));
    let join = Router::new()
        .route("/join", post(async || "welcome"))
        .route_layer(from_fn_with_state((authenticator.clone(), Operation::SignUp), limit_requests));
    Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/send-link", post(send_link))
        .merge(notes)
        .merge(data)
        .merge(join)
        .with_state(AppState { accounts: server.service.clone(), authenticator })
}

/// A request of a page of the application's own.
fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711)));
    request.extension(peer).body(Body::from(body.to_owned())).unwrap()
}

async fn send(app: &Router, request: Request<Body>) -> Response<String> {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 4096).await.unwrap();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

fn set_cookies(response: &Response<String>) -> Vec<&str> {
    response.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect()
}

fn cookie_of(line: &str) -> String {
    line.split(';').next().unwrap().to_owned()
}

const OWN: (&str, &str) = ("origin", "http://localhost:8080");

#[tokio::test]
async fn a_form_signs_in_and_out_with_the_cookies_of_the_api() {
    let server = Server::new();
    let app = app(&server);
    server.user("ada").await;
    let form = |keep: &str| format!("ada@example.com violet-anvil-71 {keep}");

    let kept = send(&app, request("POST", "/sign-in", &[OWN], &form("keep"))).await;
    assert_eq!((kept.status().as_u16(), &kept.headers()["location"]), (303, &"/".parse().unwrap()));
    let cookies = set_cookies(&kept);
    assert_eq!(cookies.len(), 2, "session and device: {cookies:?}");
    assert!(cookies[1].starts_with("a_session_default=") && cookies[1].contains("; Expires="));
    assert!(cookies[1].ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{}", cookies[1]);
    assert!(cookies[0].starts_with("a_device_default=") && cookies[0].contains("; Expires="));

    let device = cookie_of(cookies[0]);
    let headers = [OWN, ("cookie", device.as_str())];
    let short = send(&app, request("POST", "/sign-in", &headers, &form("no"))).await;
    let cookies = set_cookies(&short);
    assert_eq!(cookies.len(), 1, "the device is known: {cookies:?}");
    assert!(!cookies[0].contains("Expires=") && !cookies[0].contains("Max-Age="), "{}", cookies[0]);

    // The API knows the session too.
    let cookie = Cookie(cookie_of(cookies[0]));
    server.get("/v1/account").by(&cookie).ok(200).await;
    let out = send(&app, request("POST", "/sign-out", &[OWN, ("cookie", &cookie.0)], "")).await;
    assert!(set_cookies(&out)[0].starts_with("a_session_default=deleted; Expires=Thu, 01 Jan 1970"));
    server.get("/v1/account").by(&cookie).ok(401).await;
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let server = Server::new();
    let app = app(&server);
    server.user("ada").await;
    let form = "ada@example.com violet-anvil-71 keep";
    for forged in [&[("origin", "https://evil.example")][..], &[("origin", "null")], &[]] {
        let reply = send(&app, request("POST", "/sign-in", forged, form)).await;
        assert_eq!((reply.status().as_u16(), set_cookies(&reply).len()), (403, 0), "{forged:?}");
    }
    for own in [OWN, ("sec-fetch-site", "same-origin"), ("referer", "http://localhost:8080/sign-in")] {
        assert_eq!(send(&app, request("POST", "/sign-in", &[own], form)).await.status(), 303, "{own:?}");
    }
}

#[tokio::test]
async fn a_refused_form_has_the_headers_of_its_limit() {
    let server = Server::limited();
    let app = app(&server);
    let attempt = || request("POST", "/sign-in", &[OWN], "ada@example.com violet-anvil-71 keep");
    for _ in 0..10 {
        assert_eq!(send(&app, attempt()).await.status(), 401);
    }
    let refused = send(&app, attempt()).await;
    let header = |name: &str| refused.headers()[name].to_str().unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!((header("x-ratelimit-limit"), header("x-ratelimit-remaining")), ("10", "0"));
    assert_eq!(header("retry-after"), "3600");
}

#[tokio::test]
async fn a_middleware_counts_requests() {
    let server = Server::limited();
    let app = app(&server);
    for left in (0..10).rev() {
        let reply = send(&app, request("POST", "/join", &[], "")).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["x-ratelimit-remaining"], left.to_string().as_str());
    }
    assert_eq!(send(&app, request("POST", "/join", &[], "")).await.status(), 429);
}

#[tokio::test]
async fn an_application_renders_rejections_its_own_way() {
    let server = Server::new();
    let app = app(&server);
    let Cookie(cookie) = server.user("ada").await;
    let page = |headers: &[(&str, &str)]| request("GET", "/", headers, "");
    assert_eq!(send(&app, page(&[])).await.body(), "<p>You are not signed in.</p>");
    assert_eq!(send(&app, page(&[("cookie", &cookie)])).await.body(), "hello ada");
    server.patch("/v1/account/status", "{}").by(&Cookie(cookie.clone())).ok(200).await;
    let blocked = send(&app, page(&[("cookie", &cookie)])).await;
    assert_eq!(blocked.body(), "<p>This account is blocked. Please contact support.</p>");
}

#[tokio::test]
async fn a_middleware_shows_each_rejection_as_a_page() {
    async fn error_page(response: Response<Body>) -> Response<Body> {
        match response.extensions().get::<Arc<Rejection>>() {
            Some(rejection) => (rejection.status(), format!("<p>{}</p>", rejection.code())).into_response(),
            None => response,
        }
    }
    let server = Server::new();
    let app = app(&server).layer(map_response(error_page));
    server.user("ada").await;
    let cases = [
        // An extractor, a handler, a middleware.
        (request("POST", "/sign-in", &[], "ada@example.com x y"), 403, "<p>general_unknown_origin</p>"),
        (
            request("POST", "/sign-in", &[OWN], "ada@example.com wrong-anvil-71 no"),
            401,
            "<p>user_invalid_credentials</p>",
        ),
        (request("GET", "/data", &[], ""), 401, "<p>general_unauthorized_scope</p>"),
        (request("GET", "/nowhere", &[], ""), 404, ""),
    ];
    for (request, status, body) in cases {
        let reply = send(&app, request).await;
        assert_eq!((reply.status().as_u16(), &**reply.body()), (status, body));
    }
}

#[tokio::test]
async fn a_value_of_a_form_that_breaks_a_rule_is_rejected() {
    let app = app(&Server::new());
    let reply = send(&app, request("POST", "/sign-in", &[OWN], "ada violet-anvil-71 no")).await;
    let json: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
    assert_eq!((reply.status().as_u16(), &json["type"]), (400, &"general_argument_invalid".into()));
    assert_eq!(json["message"], "Value must be a valid email address");
}

#[tokio::test]
async fn pages_are_below_the_public_url() {
    let server = Server::new();
    let mut settings = Settings::default();
    for (public_url, page) in [
        ("https://a.example", "https://a.example/verify?a=b"),
        ("https://a.example/", "https://a.example/verify?a=b"),
        ("https://a.example:8443/app/", "https://a.example:8443/app/verify?a=b"),
    ] {
        settings.public_url = public_url.into();
        let authenticator = Authenticator::new(server.service.clone(), &settings).unwrap();
        assert_eq!(authenticator.page("/verify?a=b").unwrap().as_str(), page);
        for bad in ["", "verify", ".evil.example/", "@evil.example/", "/a b", "/\\evil.example"] {
            assert!(authenticator.page(bad).is_err(), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_limit_per_user_counts_each_caller() {
    let server = Server::limited();
    let app = app(&server);
    let (Cookie(ada), Cookie(bob)) = (server.user("ada").await, server.user("bob").await);
    let ask = |cookie: &str| request("POST", "/send-link", &[OWN, ("cookie", cookie)], "");
    for _ in 0..10 {
        assert_eq!(send(&app, ask(&ada)).await.status(), 200);
    }
    assert_eq!(send(&app, ask(&ada)).await.status(), 429);
    assert_eq!(send(&app, ask(&bob)).await.status(), 200);
}

#[tokio::test]
async fn guests_are_redirected_to_sign_in_and_can_return() {
    let server = Server::new();
    let app = app(&server);
    let Cookie(cookie) = server.user("ada").await;
    let get = |headers: &[(&str, &str)]| request("GET", "/notes?page=2", headers, "");
    let guest = send(&app, get(&[])).await;
    assert_eq!(guest.status(), 303);
    assert_eq!(guest.headers()["location"], "/sign-in?next=%2Fnotes%3Fpage%3D2");
    assert_eq!(send(&app, get(&[("cookie", &cookie)])).await.body(), "ada");

    // A form cannot be returned to, and a forged one is no reason to sign in.
    let posted = send(&app, request("POST", "/notes", &[OWN], "")).await;
    assert_eq!(posted.headers()["location"], "/sign-in");
    let forged = [("origin", "https://evil.example"), ("cookie", cookie.as_str())];
    assert_eq!(send(&app, request("POST", "/notes", &forged, "")).await.status(), 403);
}

#[tokio::test]
async fn a_route_for_callers_answers_as_the_api() {
    let server = Server::new();
    let app = app(&server);
    let Cookie(cookie) = server.user("ada").await;
    let guest = send(&app, request("GET", "/data", &[], "")).await;
    assert_eq!(guest.status(), 401);
    assert!(guest.body().contains("general_unauthorized_scope"));
    assert_eq!(send(&app, request("GET", "/data", &[("cookie", &cookie)], "")).await.body(), "ada");
}

#[tokio::test]
async fn a_framework_that_owns_the_state_uses_extensions() {
    async fn who(
        ViaExtension(caller): ViaExtension<Option<Caller>>,
        ViaExtension(client): ViaExtension<ClientInfo>,
    ) -> String {
        let name = caller.map(|caller| caller.user_id().to_string()).unwrap_or_default();
        format!("{name} from {}", client.ip().unwrap())
    }
    let server = Server::new();
    let Cookie(cookie) = server.user("ada").await;
    let bare: Router = Router::new().route("/who", get(who));
    let app = bare.clone().layer(Extension(authenticator(&server)));
    let ask = |headers: &[(&str, &str)]| request("GET", "/who", headers, "");
    assert_eq!(send(&app, ask(&[("cookie", &cookie)])).await.body(), "ada from 192.0.2.1");
    assert_eq!(send(&app, ask(&[])).await.body(), " from 192.0.2.1");
    let reply = send(&bare, ask(&[])).await;
    assert_eq!(reply.status(), 500);
    assert!(reply.body().contains("Extension(authenticator)"));
}

#[tokio::test]
async fn cookies_are_added_to_those_of_the_response() {
    let server = Server::new();
    let authenticator = authenticator(&server);
    let flash = [("set-cookie", "flash=signed-out")];
    let response = (flash, authenticator.cookies().signed_out(), "bye").into_response();
    let lines: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(format!("{:?}", authenticator.cookies().signed_out()), "SetCookies { .. }");
}

#[tokio::test]
async fn a_caller_of_one_service_is_none_of_another() {
    let (one, other) = (Server::new(), Server::new());
    let Cookie(cookie) = one.user("ada").await;
    let app: Router = Router::new()
        .route("/data", get(async |caller: Caller| caller.user_id().to_string()))
        .route_layer(from_fn_with_state(authenticator(&one), require_caller))
        .with_state(authenticator(&other));
    let reply = send(&app, request("GET", "/data", &[("cookie", &cookie)], "")).await;
    assert_eq!(reply.status(), 401);
}

#[tokio::test]
async fn a_session_that_lacks_a_factor_is_sent_to_the_page_for_it() {
    let server = Server::new();
    let ada = server.user("ada").await;
    let app = server.post(APP, "{}").by(&ada).ok(200).await;
    let code = otp(&app.text("secret"), &server.clock);
    server.put(APP, &format!(r#"{{"otp":"{code}"}}"#)).by(&ada).ok(200).await;
    server.patch("/v1/account/mfa", r#"{"mfa":true}"#).by(&ada).ok(200).await;
    let Cookie(half) = server.sign_in("ada").await;
    let page = SignInPage::at("/sign-in", authenticator(&server)).second_factor("/second-factor");
    let app: Router = Router::new()
        .route("/notes", get(async || "notes"))
        .route_layer(from_fn_with_state(page, require_caller_or_redirect));
    let location = async |cookie: &str| {
        let reply = send(&app, request("GET", "/notes", &[("cookie", cookie)], "")).await;
        reply.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(location(&half).await, "/second-factor?next=%2Fnotes");
    assert_eq!(location("").await, "/sign-in?next=%2Fnotes");
}

#[tokio::test]
async fn a_change_goes_on_when_its_client_hangs_up() {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    let steps = Mutex::new(Some((begun, may_go_on, ended)));
    let steps = Arc::new(steps);
    let handler = move || async move {
        let (begun, may_go_on, ended) = steps.lock().unwrap().take().unwrap();
        begun.send(()).unwrap();
        may_go_on.await.unwrap();
        ended.send(()).unwrap();
    };
    let app: Router = Router::new()
        .route("/change", post(handler))
        .layer(axum::middleware::from_fn(account::axum::run_to_end));
    let client = tokio::spawn(app.oneshot(request("POST", "/change", &[], "")));
    has_begun.await.unwrap();
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    has_ended.await.unwrap();
}
