//! How connections to a mail server are encrypted.

use std::net::IpAddr;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};

use super::{connections::Security, error::SmtpConfigError};

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmtpEncryption {
    /// The connection begins unencrypted and switches to TLS before anything else is sent (RFC
    /// 3207). If the server does not support that, the connection fails.
    StartTls,
    /// The connection is encrypted from its first byte (RFC 8314 §3.3).
    Tls,
    /// No encryption. For servers on this machine or on a trusted network.
    None,
}

impl SmtpEncryption {
    pub(super) fn default_for(host: &str) -> Self {
        if is_this_machine(host) { Self::None } else { Self::StartTls }
    }

    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls | Self::None => 587,
        }
    }

    /// Prepares it for a host, with certificates (PEM) to trust in addition to Mozilla's.
    pub(super) fn prepare(self, host: &str, certificates: &[Box<[u8]>]) -> Result<Security, SmtpConfigError> {
        Ok(match self {
            Self::StartTls => Security::StartTls(tls(host, certificates)?),
            Self::Tls => Security::Tls(tls(host, certificates)?),
            Self::None => Security::None,
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn tls(host: &str, certificates: &[Box<[u8]>]) -> Result<TlsParameters, SmtpConfigError> {
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    for pem in certificates {
        let certificate = Certificate::from_pem(pem).map_err(SmtpConfigError::certificate)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(SmtpConfigError::certificate)
}
