//! Text messages to a URL of the host's choice.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::Serialize;
use url::Url;

use super::{SmsConfigError, SmsError, http_url};
use crate::{
    messages::{Renderer, SmsMessage, Texts},
    ports::{HttpClient, HttpMethod, HttpRequest, SendError, SmsSender},
    secret::Secret,
};

/// An [`SmsSender`] that posts each message as JSON, `{"to":"+15551234567","message":"…"}`, to one URL.
///
/// It is the bridge to providers and gateways that this crate does not know. A 2xx reply means "accepted"; 408, 429 and 5xx
/// mean "try again"; any other is final. A message may arrive twice if a reply was lost.
///
/// It waits for the reply, so it belongs into a `Queued` (feature `queue`).
///
/// # Security
/// Used without a queue, its delay tells a guest whether there was an account to send a message to.
///
/// The URL may hold a password (`https://user:password@host/…`), which is sent as basic authentication, or a secret path;
/// neither is shown by `Debug`. Over plain `http` codes are readable on the way: keep that to networks of your own.
pub struct WebhookSms {
    client: Arc<dyn HttpClient>,
    renderer: Arc<dyn Renderer>,
    url: Url,
    credentials: Option<(Secret, Secret)>,
}

impl WebhookSms {
    /// Posts to this URL by this client. Called once, before the service is built.
    ///
    /// # Errors
    /// [`SmsConfigError::Url`] if it is no absolute `http` or `https` URL.
    pub fn new(url: &str, client: impl HttpClient) -> Result<Self, SmsConfigError> {
        let mut url = http_url(url)?;
        let credentials = credentials(&url);
        // Neither fails for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { client: Arc::new(client), renderer: Arc::new(Texts::new()), url, credentials })
    }

    /// Takes the words from here instead of from [`Texts::new`].
    #[must_use]
    pub fn with_renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Arc::new(renderer);
        self
    }
}

#[async_trait]
impl SmsSender for WebhookSms {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        #[derive(Serialize)]
        struct Body<'a> {
            to: &'a str,
            message: &'a str,
        }
        let text = self.renderer.sms(&message);
        let body = serde_json::to_vec(&Body { to: message.to.as_str(), message: &text });
        let mut request = HttpRequest::new(HttpMethod::Post, self.url.clone())
            .with_body("application/json", body.map_err(SendError::permanent)?);
        if let Some((user, password)) = &self.credentials {
            request = request.with_basic_auth(user.expose(), password.expose());
        }
        let reply = self.client.send(request).await.map_err(SmsError::Http)?;
        Ok(SmsError::check(&reply)?)
    }
}

impl fmt::Debug for WebhookSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSms").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

fn credentials(url: &Url) -> Option<(Secret, Secret)> {
    let given = !url.username().is_empty() || url.password().is_some();
    given.then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())))
}

fn decoded(text: &str) -> Secret {
    Secret::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}
