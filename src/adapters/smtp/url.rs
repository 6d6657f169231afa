//! The URL of a mail server.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{encryption::SmtpEncryption, error::SmtpConfigError};
use crate::secret::Secret;

/// The settings in a URL. What the URL does not say is `None`.
pub(super) struct ServerUrl {
    pub(super) host: Box<str>,
    pub(super) port: Option<u16>,
    pub(super) encryption: Option<SmtpEncryption>,
    pub(super) credentials: Option<(Secret, Secret)>,
    pub(super) client_name: Option<Box<str>>,
}

impl ServerUrl {
    pub(super) fn parse(text: &str) -> Result<Self, SmtpConfigError> {
        let url = Url::parse(text).map_err(|_| SmtpConfigError::Url)?;
        // An unencoded `#` or `/` in a password cuts off the rest.
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpConfigError::Url);
        }
        let [tls, client_name] = parameters(&url)?;
        Ok(Self {
            host: url.host_str().ok_or(SmtpConfigError::Url)?.into(),
            port: url.port(),
            encryption: encryption(url.scheme(), tls.as_deref())?,
            credentials: credentials(&url)?,
            client_name,
        })
    }
}

/// The values of `tls` and `client_name`.
fn parameters(url: &Url) -> Result<[Option<Box<str>>; 2], SmtpConfigError> {
    let (mut tls, mut client_name) = (None, None);
    for (key, value) in url.query_pairs() {
        let place = match &*key {
            "tls" => &mut tls,
            "client_name" => &mut client_name,
            _ => return Err(SmtpConfigError::Parameter),
        };
        if place.replace((*value).into()).is_some() {
            return Err(SmtpConfigError::Parameter);
        }
    }
    Ok([tls, client_name])
}

fn encryption(scheme: &str, tls: Option<&str>) -> Result<Option<SmtpEncryption>, SmtpConfigError> {
    match (scheme, tls) {
        ("smtps", None | Some("required")) => Ok(Some(SmtpEncryption::Tls)),
        ("smtp", Some("required")) => Ok(Some(SmtpEncryption::StartTls)),
        ("smtp", Some("none")) => Ok(Some(SmtpEncryption::None)),
        ("smtp", None) => Ok(None),
        ("smtp" | "smtps", Some(_)) => Err(SmtpConfigError::Parameter),
        _ => Err(SmtpConfigError::Url),
    }
}

fn credentials(url: &Url) -> Result<Option<(Secret, Secret)>, SmtpConfigError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    Ok(Some((decode(url.username())?, decode(url.password().unwrap_or_default())?)))
}

fn decode(text: &str) -> Result<Secret, SmtpConfigError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpConfigError::Url)?;
    Ok(Secret::new(text.into_owned()))
}

/// Normalizes a host to the form in which it is resolved and its certificate is verified.
pub(super) fn parse_host(text: &str) -> Result<Box<str>, SmtpConfigError> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(ip.to_string().into());
    }
    match Host::parse(text) {
        Ok(host) => Ok(host.to_string().into()),
        Err(_) => Err(SmtpConfigError::Host),
    }
}
