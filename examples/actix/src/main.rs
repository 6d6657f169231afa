//! The whole Account API on actix-web, beside routes of an application. `cargo run`, then:
//! `curl -c jar -X POST localhost:8080/v1/account/sessions/anonymous -H 'X-Appwrite-Project: default'`
//! and `curl -b jar localhost:8080/me`.

use std::{error::Error as StdError, future::Future, net::IpAddr, pin::Pin};

use account::http::{Authenticator, Rejection, Settings};
use account::{AccountService, Caller, Config, Error, MasterKey, MemoryStore};
use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, InternalError};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, dev, web};

type Api = account::http::Api<MemoryStore>;
type Extracted<T> = Pin<Box<dyn Future<Output = actix_web::Result<T>>>>;

/// The signed-in user; guests get 401.
struct User(Caller);
/// The signed-in user, or a guest.
struct Visitor(Option<Caller>);

impl FromRequest for Visitor {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let authenticator = request.app_data::<web::Data<Authenticator>>().expect("set by routes").clone();
        let request = from_actix(request, ());
        Box::pin(async move {
            let (request, peer) = request?;
            authenticator.caller(&request.into_parts().0, peer).await.map(Self).map_err(rejected)
        })
    }
}

impl FromRequest for User {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload);
        Box::pin(async { visitor.await?.0.map(Self).ok_or_else(|| rejected(Error::NotSignedIn.into())) })
    }
}

fn rejected(rejection: Rejection) -> actix_web::Error {
    InternalError::from_response(rejection.code(), to_actix(rejection.to_response())).into()
}

/// A request of the crate `http` 1, and its peer; actix has that of 0.2.
fn from_actix<B>(request: &HttpRequest, body: B) -> actix_web::Result<(http::Request<B>, Option<IpAddr>)> {
    let new = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    let headers = request.headers().iter();
    let new = headers.fold(new, |new, (name, value)| new.header(name.as_str(), value.as_bytes()));
    Ok((new.body(body).map_err(ErrorBadRequest)?, request.peer_addr().map(|peer| peer.ip())))
}

fn to_actix(response: http::Response<web::Bytes>) -> HttpResponse {
    let mut new = HttpResponse::build(response.status().as_u16().try_into().expect("a status"));
    for (name, value) in response.headers() {
        new.append_header((name.as_str(), value.as_bytes()));
    }
    new.body(response.into_body())
}

/// A task of its own completes what a client that hangs up has begun.
async fn api(api: web::Data<Api>, request: HttpRequest, body: web::Bytes) -> actix_web::Result<HttpResponse> {
    let (request, peer) = from_actix(&request, body)?;
    let call = actix_web::rt::spawn(async move { api.call(request, peer).await });
    Ok(to_actix(call.await.map_err(ErrorInternalServerError)?))
}

/// All routes, on a new service.
fn routes() -> Result<impl Fn(&mut web::ServiceConfig) + Clone, Box<dyn StdError>> {
    let config = Config::new(MasterKey::generate()?);
    let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
    let authenticator = web::Data::new(Authenticator::new(service.clone(), &Settings::default())?);
    let data = web::Data::new(Api::new(service, &Settings::default())?);
    Ok(move |app: &mut web::ServiceConfig| {
        let bodies = web::PayloadConfig::new(Api::MAX_BODY_BYTES);
        app.app_data(authenticator.clone()).app_data(data.clone()).app_data(bodies);
        app.route("/me", web::get().to(async |user: User| user.0.user_id().to_string()));
        app.route(
            "/hello",
            web::get().to(async |visitor: Visitor| match visitor.0 {
                Some(caller) => format!("Hello, {}!", caller.account().name()),
                None => "Hello!".to_owned(),
            }),
        );
        app.route("/v1/account{rest:(/.*)?}", web::to(api));
    })
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let routes = routes()?;
    Ok(HttpServer::new(move || App::new().configure(routes.clone())).bind("127.0.0.1:8080")?.run().await?)
}

#[cfg(test)]
mod tests;
