//! Sign-in with GitHub, or with any OpenID Connect provider: a page that greets the signed-in user,
//! and a link to the provider.
//!
//! Register an application at the provider with the callback URL that this example prints, then
//! run:
//!
//! ```text
//! CLIENT_ID=… CLIENT_SECRET=… cargo run --example oauth2 --features axum,oauth2,http-client
//! ```
//!
//! and open <http://localhost:8080>. To use another provider, set `DISCOVERY_URL` to the URL of its
//! discovery document, such as `https://id.example.com/.well-known/openid-configuration`.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use account::{
    AccountService, Caller, Config, MasterKey, MemoryStore, ReqwestClient,
    axum::{Authenticator, Settings, router_with},
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

const PUBLIC_URL: &str = "http://localhost:8080";

/// Registers this application with a built-in provider. Invalid credentials are an error here,
/// before the server starts.
fn provider() -> Result<OAuth2Client, Box<dyn Error>> {
    let credentials = Credentials::new(env::var("CLIENT_ID")?, env::var("CLIENT_SECRET")?);
    let registration = match env::var("DISCOVERY_URL") {
        Ok(url) => {
            Registration::new(Provider::builtin("oidc")?, credentials.with_parameter("well_known", url))?
        }
        Err(_) => Registration::new(Provider::builtin("github")?, credentials)?,
    };
    Ok(OAuth2Client::new(registration, Arc::new(ReqwestClient::new()?)))
}

#[derive(Clone)]
struct AppState {
    authenticator: Authenticator,
    /// The route of the Account API that redirects the browser to the provider.
    sign_in: Arc<str>,
}

impl axum::extract::FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

/// Greets a signed-in user and shows others a link to the provider. The provider sends the browser
/// back here, signed in or with `?error=…`.
async fn home(caller: Option<Caller>, State(state): State<AppState>) -> impl IntoResponse {
    match caller {
        // Plain text, because the name comes from the provider and is not escaped for HTML.
        Some(caller) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], hello(&caller)),
        None => (
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            format!("<!doctype html><title>Hello</title><p><a href=\"{}\">Sign in</a></p>", state.sign_in),
        ),
    }
}

fn hello(caller: &Caller) -> String {
    let account = caller.account();
    match account.email() {
        Some(email) => format!("Hello, {}! We know you as {email}.", account.name()),
        None => format!("Hello, {}!", account.name()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = provider()?;
    let key = provider.registration().id().to_owned();
    let config = Config::new(MasterKey::generate()?);
    println!("Callback URL: {PUBLIC_URL}/v1/account/sessions/oauth2/callback/{key}/{}", config.project);
    let sign_in = format!(
        "/v1/account/sessions/oauth2/{key}?project={}&amp;success={PUBLIC_URL}/&amp;failure={PUBLIC_URL}/",
        config.project
    );

    let service = AccountService::builder(MemoryStore::new()).provider(provider).config(config).build()?;
    let settings = Settings::default();
    let state =
        AppState { authenticator: Authenticator::new(service.clone(), &settings)?, sign_in: sign_in.into() };
    let app = Router::new()
        .route("/", get(home))
        .with_state(state)
        .merge(router_with(service, &settings)?)
        .fallback(async || StatusCode::NOT_FOUND);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on {PUBLIC_URL}");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
