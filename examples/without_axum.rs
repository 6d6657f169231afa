//! Uses the HTTP layer without axum: plain hyper, with the cookies of the Account API.
//!
//! Run it with `cargo run --example without_axum --features http`, then:
//!
//! ```text
//! curl -c jar -X POST localhost:8080/join -H 'Sec-Fetch-Site: same-origin'
//! curl -b jar localhost:8080/me
//! ```

use std::{convert::Infallible, error::Error as StdError, net::IpAddr};

use account::{
    AccountService, Config, Error, MasterKey, MemoryStore,
    http::{Authenticator, KeepSignedIn, Rejection, Settings},
    operation::{Operation, Subject},
};
use hyper::{Method, Request, Response, body::Incoming, http::request::Parts, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[derive(Clone)]
struct App {
    accounts: AccountService<MemoryStore>,
    authenticator: Authenticator,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let config = Config::new(MasterKey::generate()?);
    let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
    let authenticator = Authenticator::new(accounts.clone(), &Settings::default())?;
    let app = App { accounts, authenticator };
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let app = app.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| handle(&app, request, peer.ip()));
            // An error here means that the client disconnected or violated the protocol.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn handle(app: &App, request: Request<Incoming>, peer: IpAddr) -> Result<Response<String>, Infallible> {
    let (parts, _) = request.into_parts();
    let outcome = match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/join") => join(app, &parts, peer).await,
        (&Method::GET, "/me") => me(app, &parts, peer).await,
        _ => Err(Rejection::unknown_route()),
    };
    // JSON in the API's shape, with the headers of an exceeded limit.
    let rejected = |rejection: Rejection| {
        rejection.to_response().map(|json| String::from_utf8_lossy(&json).into_owned())
    };
    Ok(outcome.unwrap_or_else(rejected))
}

/// Starts a session for a guest: checks for CSRF, counts the request, and sets the cookies.
async fn join(app: &App, parts: &Parts, peer: IpAddr) -> Result<Response<String>, Rejection> {
    let App { accounts, authenticator } = app;
    authenticator.check_origin(parts)?;
    let client = authenticator.client(parts, Some(peer));
    authenticator.admit(Operation::SignInAnonymously, &Subject::of(&client)).await?;
    let signed_in = accounts.sign_in_anonymously(&client).await?;
    let mut response = Response::new("welcome\n".to_owned());
    authenticator
        .cookies()
        .signed_in(&signed_in, KeepSignedIn::UntilExpiry)
        .append_to(response.headers_mut());
    Ok(response)
}

async fn me(app: &App, parts: &Parts, peer: IpAddr) -> Result<Response<String>, Rejection> {
    let caller = app.authenticator.caller(parts, Some(peer)).await?.ok_or(Error::NotSignedIn)?;
    Ok(Response::new(format!("you are {}\n", caller.user_id())))
}
