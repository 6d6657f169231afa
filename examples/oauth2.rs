//! Sign-in by GitHub, or by any OpenID Connect provider: one page that knows who is signed in, and the way there.
//!
//! Register an application at the provider with the callback that this prints, then:
//!
//! ```text
//! CLIENT_ID=… CLIENT_SECRET=… cargo run --example oauth2 --features axum,oauth2,http-client
//! ```
//!
//! and open <http://localhost:8080>. With `DISCOVERY_URL=https://id.example.com/.well-known/openid-configuration` it is that provider instead.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use account::{
    AccountService, Caller, Config, MasterKey, MemoryStore, ReqwestClient,
    http::{Authenticator, Settings, router_with},
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

const HERE: &str = "http://localhost:8080";

/// A provider is data, and credentials make it one's own. What is wrong with them is told at the start.
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
    /// Where the link leads: the route of the Account API that sends the browser to the provider.
    sign_in: Arc<str>,
}

impl axum::extract::FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

/// A guest is sent to the provider by a click and comes back here, signed in or with `?error=…`.
async fn home(caller: Option<Caller>, State(state): State<AppState>) -> impl IntoResponse {
    match caller {
        // Plain text, because the provider's word for the name is no HTML.
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
    println!("Callback: {HERE}/v1/account/sessions/oauth2/callback/{key}/{}", config.project);
    let sign_in = format!(
        "/v1/account/sessions/oauth2/{key}?project={}&amp;success={HERE}/&amp;failure={HERE}/",
        config.project
    );

    let service = AccountService::builder(MemoryStore::new()).provider(provider).config(config).build()?;
    let settings = Settings::default();
    let state =
        AppState { authenticator: Authenticator::new(service.clone(), &settings)?, sign_in: sign_in.into() };
    let app = Router::new()
        .route("/", get(home))
        .with_state(state)
        .merge(router_with(service, settings)?)
        .fallback(async || StatusCode::NOT_FOUND);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on {HERE}");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
