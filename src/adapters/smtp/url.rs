//! A mail server as a URL.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{SmtpBuilder, SmtpConfigError, SmtpEncryption, SmtpMailer};
use crate::secret::Secret;

pub(super) fn parse(text: &str, from: &str) -> Result<SmtpBuilder, SmtpConfigError> {
    let url = Url::parse(text).map_err(|_| SmtpConfigError::Url)?;
    // An unencoded `#` or `/` in a password cuts the rest off.
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(SmtpConfigError::Url);
    }
    let mut builder = SmtpMailer::builder(url.host_str().ok_or(SmtpConfigError::Url)?, from);
    let mut parameters = url.query_pairs();
    let encryption = match (url.scheme(), parameters.next().as_ref().map(|(key, value)| (&**key, &**value))) {
        ("smtps", None | Some(("tls", "required"))) => Some(SmtpEncryption::Tls),
        ("smtp", Some(("tls", "required"))) => Some(SmtpEncryption::StartTls),
        ("smtp", Some(("tls", "none"))) => Some(SmtpEncryption::None),
        ("smtp", None) => None,
        ("smtp" | "smtps", Some(_)) => return Err(SmtpConfigError::Parameter),
        _ => return Err(SmtpConfigError::Url),
    };
    if parameters.next().is_some() {
        return Err(SmtpConfigError::Parameter);
    }
    if let Some(encryption) = encryption {
        builder = builder.encryption(encryption);
    }
    if let Some(port) = url.port() {
        builder = builder.port(port);
    }
    if !url.username().is_empty() || url.password().is_some() {
        builder = builder.credentials(decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
    }
    Ok(builder)
}

fn decoded(text: &str) -> Result<Secret, SmtpConfigError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpConfigError::Url)?;
    Ok(Secret::new(text.into_owned()))
}

/// A host in the form in which it is looked up and its certificate is checked.
pub(super) fn host(text: &str) -> Result<Box<str>, SmtpConfigError> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(ip.to_string().into());
    }
    match Host::parse(text) {
        Ok(host) => Ok(host.to_string().into()),
        Err(_) => Err(SmtpConfigError::Host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> SmtpMailer {
        SmtpMailer::from_url(url, "a@b.example").unwrap()
    }

    #[test]
    fn encryption_is_the_default_but_on_this_machine() {
        use SmtpEncryption::{None, StartTls, Tls};
        for (url, host, port, encryption) in [
            ("smtp://mail.example.com", "mail.example.com", 587, StartTls),
            ("SMTP://MAIL.example.com:25?tls=none", "mail.example.com", 25, None),
            ("smtps://mail.example.com/", "mail.example.com", 465, Tls),
            ("smtps://localhost:1465?tls=required", "localhost", 1465, Tls),
            ("smtp://localhost:1025", "localhost", 1025, None),
            ("smtp://127.0.0.9", "127.0.0.9", 587, None),
            ("smtp://[::1]:1025", "::1", 1025, None),
            ("smtp://localhost?tls=required", "localhost", 587, StartTls),
            ("smtp://10.0.0.1", "10.0.0.1", 587, StartTls),
            ("smtp://localhost.example.com", "localhost.example.com", 587, StartTls),
            ("smtp://bücher.example", "xn--bcher-kva.example", 587, StartTls),
        ] {
            let mailer = parsed(url);
            let server = mailer.connections.server();
            assert_eq!((&*server.host, server.port, mailer.encryption), (host, port, encryption), "{url}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let mailer = parsed("smtp://ada%40example.com:p%40ss%2Fw+rd%23@mail.example.com");
        let (user, password) = mailer.connections.server().credentials.as_ref().unwrap();
        assert_eq!((user.expose(), password.expose()), ("ada@example.com", "p@ss/w+rd#"));
        assert!(parsed("smtp://mail.example.com").connections.server().credentials.is_none());
    }

    #[test]
    fn what_is_no_url_of_a_mail_server_is_refused_without_its_password() {
        for url in [
            "",
            "mail.example.com",
            "http://hunter2@mail.example.com",
            "smtp:///x",
            "smtp://ada:hunter2#@mail.example.com",
            "smtp://ada:hunter2/@mail.example.com",
            "smtp://ada:hunter2@",
            "smtp://ada:hunter2@mail.example.com:99999",
            "smtp://ada:hunter2@mail.example.com?tls=maybe",
            "smtp://ada:hunter2@mail.example.com?tls=none&tls=required",
            "smtp://ada:hunter2@mail.example.com?hunter2",
            "smtps://ada:hunter2@mail.example.com?tls=none",
            "smtp://ada:hunter%FF2@mail.example.com",
            "smtp://ada:hunter2@mail_%20.example.com",
        ] {
            let error = SmtpMailer::from_url(url, "a@b.example").unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter"), "{url}");
        }
        let refused = SmtpMailer::from_url("smtp://mail.example.com", "nobody").unwrap_err();
        assert!(matches!(refused, SmtpConfigError::Sender));
    }
}
