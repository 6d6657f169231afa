//! Uses the core without the axum router: plain hyper, with the session token in an `Authorization`
//! header.
//!
//! Run it with `cargo run --example without_axum`, then:
//!
//! ```text
//! secret=$(curl -s -X POST localhost:8080/join)
//! curl -H "Authorization: Bearer $secret" localhost:8080/me
//! ```

use std::{convert::Infallible, error::Error as StdError};

use account::{
    AccountService, Config, Error, MasterKey, MemoryStore,
    model::{ClientInfo, SessionSecret},
};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::AUTHORIZATION, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Accounts = AccountService<MemoryStore>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let accounts: Accounts =
        AccountService::builder(MemoryStore::new()).config(Config::new(MasterKey::generate()?)).build()?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let client = ClientInfo::at(peer.ip());
            let service = service_fn(|request| handle(&accounts, &client, request));
            // An error here means that the client disconnected or violated the protocol.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn handle(
    accounts: &Accounts,
    client: &ClientInfo,
    request: Request<Incoming>,
) -> Result<Response<String>, Infallible> {
    let outcome = match (request.method(), request.uri().path()) {
        (&Method::POST, "/join") => join(accounts, client).await,
        (&Method::GET, "/me") => me(accounts, &request).await,
        _ => return Ok(reply(StatusCode::NOT_FOUND, "no such page".into())),
    };
    Ok(outcome.map_or_else(
        |error| {
            // Each error has an HTTP status, and its text is safe to show to clients.
            let status =
                StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            reply(status, format!("{}: {error}", error.code()))
        },
        |text| reply(StatusCode::OK, text),
    ))
}

async fn join(accounts: &Accounts, client: &ClientInfo) -> Result<String, Error> {
    Ok(accounts.sign_in_anonymously(client).await?.secret.to_wire())
}

async fn me(accounts: &Accounts, request: &Request<Incoming>) -> Result<String, Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Error::NotSignedIn)?;
    let secret = SessionSecret::from_wire(bearer).map_err(|_| Error::NotSignedIn)?;
    let caller = accounts.caller(&secret).await?;
    Ok(format!("you are {}", caller.user_id()))
}

fn reply(status: StatusCode, text: String) -> Response<String> {
    let mut response = Response::new(text + "\n");
    *response.status_mut() = status;
    response
}
