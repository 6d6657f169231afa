//! A provider that everybody can sign in by: GitHub, where everybody is the person of the fixture's
//! identity.

use std::sync::Arc;

use account::{
    Error, OAuth2Return, OAuth2Start, SessionHolder,
    model::{AllowedRedirects, ClientInfo, ProviderKey},
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
};
use async_trait::async_trait;

use super::{Messenger, Service};

#[derive(Debug)]
struct GitHub;

#[async_trait]
impl HttpClient for GitHub {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = match request.url().path() {
            "/login/oauth/access_token" => r#"{"access_token": "gho-1", "token_type": "bearer"}"#,
            "/user" => r#"{"id": 583231, "name": "Ada"}"#,
            _ => r#"[{"email": "ada@work.example", "primary": true, "verified": true}]"#,
        };
        Ok(HttpResponse::new(200, body.into()))
    }
}

fn key() -> ProviderKey {
    "github".parse().unwrap()
}

pub(crate) fn github() -> OAuth2Client {
    let credentials = Credentials::new("id", "secret".to_owned());
    let registration = Registration::new(Provider::builtin("github").unwrap(), credentials).unwrap();
    OAuth2Client::new(registration, Arc::new(GitHub))
}

/// What a browser keeps, and what comes back with it.
#[derive(Default)]
pub(crate) struct Flow {
    kept: String,
    state: String,
}

/// With a caller, to link the person of the provider to it.
pub(crate) async fn start<M: Messenger>(
    service: &Service<M>,
    with_token: bool,
    caller: Option<&SessionHolder>,
) -> Result<Flow, Error> {
    let mut start = OAuth2Start::new(key(), "https://api.example.com/callback");
    start.with_token = with_token;
    let started = service.start_oauth2(start, caller).await?;
    let state = started.authorize_url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    Ok(Flow { kept: started.state.to_wire(), state })
}

pub(crate) async fn finish<M: Messenger>(
    service: &Service<M>,
    flow: &Flow,
    caller: Option<&SessionHolder>,
) -> Result<(), Error> {
    let kept = account::FlowState::from_wire(&flow.kept).unwrap();
    let mut back = OAuth2Return::default();
    (back.code, back.state) = (Some("c0de"), Some(flow.state.as_str()));
    let (nowhere, client) = (AllowedRedirects::default(), ClientInfo::default());
    let finished = service.finish_oauth2(&key(), back, Some(&kept), caller, &nowhere, &client).await;
    finished.map(drop).map_err(|failed| failed.error)
}
