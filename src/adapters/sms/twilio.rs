//! Text messages through Twilio.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use url::{Url, form_urlencoded};

use super::{
    error::{SmsConfigError, SmsError},
    url::http_url,
};
use crate::{
    messages::{Renderer, SmsMessage, Texts},
    ports::{HttpClient, HttpMethod, HttpRequest, SendError, SmsSender},
    secret::Secret,
};

const BASE_URL: &str = "https://api.twilio.com";
/// How many seconds Twilio may delay a message: the lifetime of the code in it.
const VALIDITY_PERIOD: &str = "900";

/// An [`SmsSender`] that uses [Twilio's Messages
/// resource](https://www.twilio.com/docs/messaging/api/message-resource).
///
/// The sender waits for Twilio's reply, so wrap it in a `Queued` (feature `queue`). Replies of 408,
/// 429 and 5xx are temporary errors, all others but 2xx permanent ones. If a reply is lost, a
/// message can arrive twice.
///
/// # Security
/// Without a queue, the time a reply takes reveals whether a message was sent, and with it whether
/// an account exists (user enumeration by timing).
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
/// use account::TwilioSms;
///
/// # let http = Http;
/// // `http` is an `HttpClient`, such as `ReqwestClient` (feature `http-client`).
/// let sms = TwilioSms::new("AC0123456789abcdef", "hidden".to_owned(), "+15005550006", http)?;
/// sms.send(message).await?; // the service does this; put a queue in between
/// # Ok(()) }
/// ```
pub struct TwilioSms {
    client: Arc<dyn HttpClient>,
    renderer: Arc<dyn Renderer>,
    account: Box<str>,
    token: Secret,
    from: Box<str>,
    url: Url,
}

impl TwilioSms {
    /// Creates a sender for a Twilio account (`AC…`) and its auth token. `from` is a phone number,
    /// an alphanumeric sender id, or a messaging service (`MG…`). Call it once, before you build
    /// the service.
    ///
    /// # Errors
    /// [`SmsConfigError`] names the invalid argument.
    pub fn new(
        account: &str,
        token: impl Into<Secret>,
        from: &str,
        client: impl HttpClient,
    ) -> Result<Self, SmsConfigError> {
        let token = token.into();
        let is_line = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        // The account id becomes a part of the URL's path.
        if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SmsConfigError::Account);
        }
        if !is_line(token.expose()) {
            return Err(SmsConfigError::Token);
        }
        if !is_line(from) {
            return Err(SmsConfigError::Sender);
        }
        let url = messages_url(BASE_URL, account)?;
        Ok(Self {
            client: Arc::new(client),
            renderer: Arc::new(Texts::new()),
            account: account.into(),
            token,
            from: from.into(),
            url,
        })
    }

    /// Sets another base URL than `https://api.twilio.com`: a regional one, or a test server.
    ///
    /// # Errors
    /// [`SmsConfigError::Url`] if it is not an absolute `http` or `https` URL.
    pub fn with_base_url(self, base: &str) -> Result<Self, SmsConfigError> {
        Ok(Self { url: messages_url(base, &self.account)?, ..self })
    }

    /// Sets the renderer that writes the texts. Default: [`Texts::new`].
    #[must_use]
    pub fn with_renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Arc::new(renderer);
        self
    }
}

#[async_trait]
impl SmsSender for TwilioSms {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        let sender = if is_messaging_service(&self.from) { "MessagingServiceSid" } else { "From" };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", message.to.as_str())
            .append_pair(sender, &self.from)
            .append_pair("Body", &self.renderer.sms(&message))
            .append_pair("ValidityPeriod", VALIDITY_PERIOD)
            .finish();
        let request = HttpRequest::new(HttpMethod::Post, self.url.clone())
            .with_basic_auth(&self.account, self.token.expose())
            .with_body("application/x-www-form-urlencoded", form.into_bytes());
        let reply = self.client.send(request).await.map_err(SmsError::Http)?;
        Ok(SmsError::check(&reply)?)
    }
}

impl fmt::Debug for TwilioSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSms").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Whether the sender is `MG` and 32 hexadecimal digits. A sender id has at most 11 characters.
fn is_messaging_service(from: &str) -> bool {
    from.strip_prefix("MG")
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn messages_url(base: &str, account: &str) -> Result<Url, SmsConfigError> {
    let mut url = http_url(base)?;
    url.path_segments_mut().map_err(|()| SmsConfigError::Url)?.pop_if_empty().extend([
        "2010-04-01",
        "Accounts",
        account,
        "Messages.json",
    ]);
    Ok(url)
}
