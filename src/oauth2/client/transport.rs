//! Sending requests to a provider.

use super::{
    super::{
        error::OAuth2Error,
        error_response::{ErrorResponse, spellings},
    },
    OAuth2Client,
};
use crate::ports::{HttpError, HttpRequest, HttpResponse};

/// The largest reply that is read, in bytes; profiles, key sets and discovery documents are
/// smaller.
const MAX_REPLY_LENGTH: usize = 256 * 1024;

impl OAuth2Client {
    /// Sends a request with the client's limits. A status other than 2xx is a reply, not an error.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OAuth2Error> {
        let request = request.with_timeout(self.timeout).with_reply_limit(MAX_REPLY_LENGTH);
        let request = match self.registration.allows_private_network() {
            true => request,
            false => request.with_public_network_only(),
        };
        let reply = self.http.send(request).await?;
        // Checked again, because an implementation of the port might ignore the limit.
        if reply.body().len() > MAX_REPLY_LENGTH { Err(HttpError::TooLarge.into()) } else { Ok(reply) }
    }

    /// Sends a request, and returns an error for a status other than 2xx.
    pub(super) async fn send_ok(
        &self,
        request: HttpRequest,
        secrets: &[&str],
    ) -> Result<HttpResponse, OAuth2Error> {
        let reply = self.send(request).await?;
        if reply.is_success() {
            return Ok(reply);
        }
        Err(OAuth2Error::refused(self.with_secrets(secrets, |secrets| ErrorResponse::read(&reply, secrets))))
    }

    /// Calls `read` with every spelling of the given secrets and of the client secret, so that it
    /// can detect a reply that repeats one.
    pub(super) fn with_secrets<T>(&self, secrets: &[&str], read: impl FnOnce(&[&str]) -> T) -> T {
        let client_secret = self.registration.credentials.client_secret.expose();
        let spelled = spellings(&[secrets, &[client_secret]].concat());
        read(&spelled.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
