//! Entry: the gates of one operation.

use std::{net::IpAddr, sync::Arc};

use http::{Method, request::Parts};

#[cfg(feature = "oauth2")]
use super::flow_cookies::KeptFlows;
use super::{
    api::Api,
    arrive::Arrival,
    auth::{AuthState, Principal},
    body::{Fields, MAX_BYTES, MAX_PREFERENCES_BYTES, RequestBody},
    call::Call,
    peer,
    rejection::Rejection,
    route::{Route, is_unsafe},
};
use crate::{
    error::Error,
    model::ClientInfo,
    operation::{Access, Assurance, LimitKey, Operation, Subject},
    ports::{Clock, Mailer, Quota, SmsSender, Store},
    service::SessionHolder,
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    /// The gates of the operation, in the API's order: scope, blocked account, factors, route,
    /// request limits, sign-in method, active session, fresh factor, parameters. `quota` becomes
    /// what is left of the limit that counted the request.
    pub(super) async fn enter(
        &self,
        arrival: Arrival<'_>,
        body: impl RequestBody,
        quota: &mut Option<Quota>,
    ) -> Result<Call<S, M, P, C>, Rejection> {
        let Arrival { parts, peer, route, auth, credential, has_api_key } = arrival;
        let (principal, route) = admit(auth, has_api_key, route, &parts.method)?;
        let operation = route.operation;
        let fields = self.read_fields(operation, parts, body).await;
        let is_change = route.is_change(&parts.method);
        let needs_address = is_change || !operation.limits().is_empty();
        let address =
            needs_address.then(|| self.config.proxies.client_address(&parts.headers, peer)).flatten();
        let counted = fields.as_ref().ok();
        *quota = self.count(operation, address, principal.as_deref(), counted, has_api_key).await?;
        self.check_operation(operation, principal.as_deref())?;
        let client = match is_change {
            true => {
                self.config.cookies.with_device(peer::client(parts, address, has_api_key), &parts.headers)
            }
            false => ClientInfo::default(),
        };
        // A client that manages the secret itself would not notice a new one, which is set as a
        // cookie.
        let keeps_secret = credential.as_ref().is_some_and(|credential| !credential.takes_new_secret);
        let principal = principal.map(|principal| {
            let principal = if keeps_secret { principal.keeping_secret() } else { principal };
            principal.with_client(client.clone())
        });
        Ok(Call {
            service: self.service.clone(),
            config: Arc::clone(&self.config),
            principal,
            credential,
            client,
            #[cfg(feature = "oauth2")]
            flows: self.flows(operation, parts),
            fields: fields?,
            uri: parts.uri.clone(),
            route,
        })
    }

    /// The parameters of the body. An error is kept until the request has been counted.
    async fn read_fields(
        &self,
        operation: Operation,
        parts: &Parts,
        body: impl RequestBody,
    ) -> Result<Fields, Rejection> {
        if !is_unsafe(&parts.method) {
            return Ok(Fields::default());
        }
        let max_bytes = match operation {
            Operation::ReplacePreferences => MAX_PREFERENCES_BYTES,
            _ => MAX_BYTES,
        };
        // Boxed, so that the many requests without a body do not carry the room for one.
        Box::pin(Fields::read(&parts.headers, body, max_bytes, self.config.form_bodies)).await
    }

    /// The OAuth2 flows of the browser, for the operations that begin or end one.
    #[cfg(feature = "oauth2")]
    fn flows(&self, operation: Operation, parts: &Parts) -> KeptFlows {
        match operation {
            Operation::StartOAuth2 | Operation::StartOAuth2Token | Operation::OAuth2Redirect => {
                self.config.flow_cookies.kept(&parts.headers)
            }
            _ => KeptFlows::default(),
        }
    }

    /// Counts the request against the limits of its operation. The API key lifts them.
    async fn count(
        &self,
        operation: Operation,
        ip: Option<IpAddr>,
        caller: Option<&SessionHolder>,
        fields: Option<&Fields>,
        has_api_key: bool,
    ) -> Result<Option<Quota>, Rejection> {
        if !self.config.rate_limits || operation.limits().is_empty() {
            return Ok(None);
        }
        let is_counted_by = |key| operation.limits().iter().any(|limit| limit.by.contains(&key));
        let text = |key, name| fields.filter(|_| is_counted_by(key)).and_then(|fields| fields.text(name));
        let (email, phone) = (text(LimitKey::Email, "email"), text(LimitKey::Phone, "phone"));
        let user_id = text(LimitKey::UserIdParam, "userId");
        let challenge = text(LimitKey::ChallengeId, "challengeId");
        let subject = Subject {
            ip,
            email: email.as_ref().map(|text| text.as_str()),
            phone: phone.as_ref().map(|text| text.as_str()),
            user_id_param: user_id.as_ref().map(|text| text.as_str()),
            caller_id: caller.map(|caller| caller.user_id().as_str()),
            challenge: challenge.as_ref().map(|text| text.as_str()),
        };
        match self.service.admit(operation, &subject).await {
            Err(Error::RateLimited(quota)) if has_api_key => Ok(Some(quota)),
            Err(Error::Limiter(_)) if has_api_key => Ok(None),
            outcome => Ok(outcome?),
        }
    }

    fn check_operation(&self, operation: Operation, holder: Option<&SessionHolder>) -> Result<(), Rejection> {
        self.service.require_method(operation)?;
        match holder {
            Some(_) if operation.refuses_session() => Err(Error::SessionExists.into()),
            Some(holder) => Ok(holder.require(self.service.assurance_of(operation))?),
            None => Ok(()),
        }
    }
}

/// Scope, blocked account, factors, and then the route: only those who may come this far learn
/// whether it exists.
fn admit(
    auth: AuthState,
    has_api_key: bool,
    route: Option<Route>,
    method: &Method,
) -> Result<(Option<Principal>, Route), Rejection> {
    let operation = route.as_ref().map(|route| route.operation);
    let principal = admit_auth(auth, has_api_key, operation);
    let ends_flow = operation == Some(Operation::OAuth2Redirect);
    // A user who is held back here may not be the one who comes from the provider. If it is the
    // same, the flow ends at its failure page.
    let principal = if ends_flow { principal.unwrap_or_default() } else { principal? };
    match route {
        Some(route) if !ends_flow || *method == Method::GET => Ok((principal, route)),
        _ => Err(Rejection::unknown_route()),
    }
}

fn admit_auth(
    auth: AuthState,
    has_api_key: bool,
    operation: Option<Operation>,
) -> Result<Option<Principal>, Rejection> {
    match auth {
        AuthState::SignedIn(holder) if operation.is_some_and(|it| it.assurance() == Assurance::Exempt) => {
            Ok(Some(Principal::Partial(holder)))
        }
        AuthState::SignedIn(holder) => Ok(Some(Principal::Full(holder.into_caller()?))),
        AuthState::Restricted(error) => Err(error.into()),
        AuthState::Guest => {
            let access = operation.map_or(Access::Public, Operation::access);
            if access.allows_guests() {
                return Ok(None);
            }
            let role = if has_api_key { "App (role: applications" } else { "User (role: guests" };
            Err(Rejection::unauthorized_scope(role, access.scope()))
        }
    }
}
