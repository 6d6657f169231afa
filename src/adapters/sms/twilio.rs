//! Text messages by Twilio.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use url::{Url, form_urlencoded};

use super::{SmsConfigError, SmsError, http_url};
use crate::{
    messages::{Renderer, SmsMessage, Texts},
    ports::{HttpClient, HttpMethod, HttpRequest, SendError, SmsSender},
    secret::Secret,
};

const BASE: &str = "https://api.twilio.com";
/// For how many seconds Twilio may hold a message back: as long as its code is good for.
const VALIDITY: &str = "900";

/// An [`SmsSender`] that uses [Twilio's Messages resource](https://www.twilio.com/docs/messaging/api/message-resource).
///
/// It waits for Twilio's reply, so it belongs into a `Queued` (feature `queue`). 408, 429 and 5xx mean "try again"; any other
/// refusal is final. A message may arrive twice if a reply was lost.
///
/// # Security
/// Used without a queue, its delay tells a guest whether there was an account to send a message to.
pub struct TwilioSms {
    client: Arc<dyn HttpClient>,
    renderer: Arc<dyn Renderer>,
    account: Box<str>,
    token: Secret,
    from: Box<str>,
    url: Url,
}

impl TwilioSms {
    /// Sends in the name of an account (`AC…`, with its auth token) from a number, a sender name, or a messaging service
    /// (`MG…`). Called once, before the service is built.
    ///
    /// # Errors
    /// [`SmsConfigError`] if one of them cannot be what it should be.
    pub fn new(
        account: &str,
        token: impl Into<Secret>,
        from: &str,
        client: impl HttpClient,
    ) -> Result<Self, SmsConfigError> {
        let token = token.into();
        let is_line = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        // It becomes a part of the path.
        if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SmsConfigError::Account);
        }
        if !is_line(token.expose()) {
            return Err(SmsConfigError::Token);
        }
        if !is_line(from) {
            return Err(SmsConfigError::Sender);
        }
        let url = messages(BASE, account)?;
        Ok(Self {
            client: Arc::new(client),
            renderer: Arc::new(Texts::new()),
            account: account.into(),
            token,
            from: from.into(),
            url,
        })
    }

    /// Sends to another base URL than `https://api.twilio.com`: a regional one, or a stand-in for tests.
    ///
    /// # Errors
    /// [`SmsConfigError::Url`] if it is no absolute `http` or `https` URL.
    pub fn with_base_url(self, base: &str) -> Result<Self, SmsConfigError> {
        Ok(Self { url: messages(base, &self.account)?, ..self })
    }

    /// Takes the words from here instead of from [`Texts::new`].
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
            .append_pair("ValidityPeriod", VALIDITY)
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

/// `MG` and 32 hexadecimal digits, which is more than the 11 characters that a sender's name may have.
fn is_messaging_service(from: &str) -> bool {
    from.strip_prefix("MG")
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn messages(base: &str, account: &str) -> Result<Url, SmsConfigError> {
    let mut url = http_url(base)?;
    url.path_segments_mut().map_err(|()| SmsConfigError::Url)?.pop_if_empty().extend([
        "2010-04-01",
        "Accounts",
        account,
        "Messages.json",
    ]);
    Ok(url)
}
