//! Text messages through a webhook.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use url::Url;

use super::{
    error::{SmsConfigError, SmsError},
    url::http_url,
};
use crate::{
    messages::{Renderer, SmsMessage, Texts},
    ports::{HttpClient, HttpMethod, HttpRequest, SendError, SmsSender},
    secret::Secret,
};

/// An [`SmsSender`] that posts each message as JSON, `{"to":"+15551234567","message":"…"}`, to a
/// URL.
///
/// Use it to connect an SMS provider or gateway that this crate does not support itself. Replies of
/// 2xx mean that the message was accepted. Replies of 408, 429 and 5xx are temporary errors, all
/// others permanent ones. If a reply is lost, a message can arrive twice.
///
/// The sender waits for the reply, so wrap it in a `Queued` (feature `queue`).
///
/// # Security
/// - Without a queue, the time a reply takes reveals whether a message was sent, and with it
///   whether an account exists (user enumeration by timing).
/// - The URL may contain a password (`https://user:password@host/…`), which is sent as basic
///   authentication, or a secret path. `Debug` shows neither.
/// - Over plain `http`, codes are readable on the network. Use it only on networks you trust.
///
/// # Examples
/// ```
/// # use account::ports::{HttpClient, HttpError, HttpRequest, HttpResponse};
/// # #[derive(Debug)] struct Http;
/// # #[async_trait::async_trait] impl HttpClient for Http {
/// #     async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
/// #         Ok(HttpResponse::new(201, b"{}".to_vec()))
/// #     }
/// # }
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use account::{messages::{SmsMessage, TextNotice}, ports::SmsSender as _};
/// # let code = std::sync::Arc::new(account::Secret::new("123456".into()));
/// # let notice = TextNotice::SignInCode { code };
/// # let message = SmsMessage::new("+64211234567".parse()?, "Example", notice);
/// use account::WebhookSms;
///
/// # let http = Http;
/// // `http` is an `HttpClient`, such as `ReqwestClient` (feature `http-client`).
/// let sms = WebhookSms::new("https://user:hidden@sms.example.com/send", http)?;
/// sms.send(message).await?; // the service does this; put a queue in between
/// # Ok(()) }
/// ```
pub struct WebhookSms {
    client: Arc<dyn HttpClient>,
    renderer: Arc<dyn Renderer>,
    url: Url,
    credentials: Option<(Secret, Secret)>,
}

impl WebhookSms {
    /// Creates a sender that posts to a URL. Call it once, before you build the service.
    ///
    /// # Errors
    /// [`SmsConfigError::Url`] if it is not an absolute `http` or `https` URL.
    pub fn new(url: &str, client: impl HttpClient) -> Result<Self, SmsConfigError> {
        let mut url = http_url(url)?;
        let credentials = credentials(&url);
        // Neither can fail for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { client: Arc::new(client), renderer: Arc::new(Texts::new()), url, credentials })
    }

    /// Sets the renderer that writes the texts. Default: [`Texts::new`].
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
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    has_credentials.then(|| (decode(url.username()), decode(url.password().unwrap_or_default())))
}

fn decode(text: &str) -> Secret {
    Secret::new(percent_decode_str(text).decode_utf8_lossy().into_owned())
}
