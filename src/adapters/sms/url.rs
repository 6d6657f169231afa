//! URLs of SMS providers.

use url::Url;

use super::error::SmsConfigError;

pub(super) fn http_url(text: &str) -> Result<Url, SmsConfigError> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or(SmsConfigError::Url)
}
