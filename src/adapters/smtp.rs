//! Email over SMTP.

mod connections;
mod error;
mod letter;
mod url;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};

pub use self::error::{SmtpConfigError, SmtpError};
use self::{
    connections::{Connections, Security, Server},
    letter::Letters,
};
use crate::{
    messages::{EmailMessage, Renderer, Texts},
    ports::{Mailer, SendError},
    secret::Secret,
};

const TIMEOUT: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS: usize = 4;

/// A [`Mailer`] that hands each message to a mail server by SMTP (RFC 5321, submission as of RFC 6409).
///
/// A message has a text and an HTML part, and headers that keep vacation replies away (RFC 3834). Connections are kept for
/// the messages that follow soon. When the same message is sent again, for instance because an answer was lost, its
/// `Message-ID` is the same, so that mailboxes can drop the second copy.
///
/// It waits for the mail server, so it belongs into a `Queued` (feature `queue`). A reply of 5xx is a permanent error, all
/// else a temporary one, but for a server that does not offer what the settings ask for. It needs a tokio runtime to run on.
///
/// # Security
/// Used without a queue, its delay tells a guest whether there was an account to send a message to.
///
/// Encryption with a verified certificate is required unless the server is on this machine or the host says otherwise. The
/// TLS is rustls with Mozilla's roots; nothing process-wide is installed. No text reaches a header with its control
/// characters, so nothing can be injected there. `Debug` and errors show neither password nor recipient.
///
/// # Examples
/// ```
/// use account::SmtpMailer;
///
/// let mailer = SmtpMailer::from_url("smtp://user:p%40ss@mail.example.com:587", "Example <no-reply@example.com>")?;
/// assert_eq!(format!("{mailer:?}"), r#"SmtpMailer { host: "mail.example.com", port: 587, encryption: StartTls, .. }"#);
/// # Ok::<(), account::SmtpConfigError>(())
/// ```
pub struct SmtpMailer {
    letters: Letters,
    connections: Connections,
    encryption: SmtpEncryption,
    timeout: Duration,
}

impl SmtpMailer {
    /// A mailer from a URL and the sender that recipients see, `no-reply@example.com` or `Example <no-reply@example.com>`.
    ///
    /// `smtp://user:password@host:port` asks for STARTTLS, or for nothing if the host is this machine; `smtps://` begins with
    /// TLS (RFC 8314 §3.3). The port is 587 or 465 by default, and user and password are percent-encoded or left out.
    /// `smtp://…?tls=none` sends everything, the password included, in the clear, and `?tls=required` asks this machine for
    /// STARTTLS too.
    ///
    /// # Errors
    /// [`SmtpConfigError`] says which part is wrong, without the password.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpConfigError> {
        SmtpBuilder::from_url(url, from)?.build()
    }

    /// A mailer for a server and the sender that recipients see, with settings that a URL has no room for.
    pub fn builder(host: &str, from: &str) -> SmtpBuilder {
        SmtpBuilder {
            host: host.into(),
            from: from.into(),
            port: None,
            encryption: None,
            credentials: None,
            certificates: Vec::new(),
            renderer: Arc::new(Texts::new()),
            timeout: TIMEOUT,
            idle_connections: IDLE_CONNECTIONS,
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        let letter = self.letters.write(&message)?;
        // Without the bound, a server that accepts the connection and then says nothing would be waited for forever.
        match tokio::time::timeout(self.timeout, self.connections.send(&letter)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(SmtpError::TimedOut.into()),
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.connections.server();
        f.debug_struct("SmtpMailer")
            .field("host", &server.host)
            .field("port", &server.port)
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmtpEncryption {
    /// It begins in the clear and goes over to TLS before anything is said (RFC 3207), or else ends.
    StartTls,
    /// It is TLS from its first byte (RFC 8314 §3.3).
    Tls,
    /// Not at all: for servers on this machine or on a network that is trusted.
    None,
}

/// The settings of an [`SmtpMailer`], from [`SmtpMailer::builder`].
#[must_use]
pub struct SmtpBuilder {
    host: Box<str>,
    from: Box<str>,
    port: Option<u16>,
    encryption: Option<SmtpEncryption>,
    credentials: Option<(Secret, Secret)>,
    certificates: Vec<Box<[u8]>>,
    renderer: Arc<dyn Renderer>,
    timeout: Duration,
    idle_connections: usize,
}

impl SmtpBuilder {
    /// The settings of a URL, as in [`SmtpMailer::from_url`], to be completed.
    ///
    /// # Errors
    /// [`SmtpConfigError`] says which part is wrong, without the password.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpConfigError> {
        url::parse(url, from)
    }

    /// The port; the default is 465 for [`SmtpEncryption::Tls`] and 587 otherwise.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How connections are protected; the default is [`SmtpEncryption::StartTls`], or nothing if the host is this machine.
    pub fn encryption(mut self, encryption: SmtpEncryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// The user and password to sign in with; the default is to send without.
    pub fn credentials(mut self, user: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Trusts another root certificate (PEM) beside Mozilla's, such as a company's own.
    pub fn root_certificate(mut self, pem: &[u8]) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// Takes the words from here instead of from [`Texts::new`].
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Arc::new(renderer);
        self
    }

    /// The time that one message may take, connecting included; the default is 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many connections wait for more messages; the default is 4.
    pub fn idle_connections(mut self, connections: usize) -> Self {
        self.idle_connections = connections;
        self
    }

    /// The mailer. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SmtpConfigError`] says which setting is wrong.
    pub fn build(self) -> Result<SmtpMailer, SmtpConfigError> {
        let letters = Letters::from(&self.from, self.renderer)?;
        let host = url::host(&self.host)?;
        let encryption = self.encryption.unwrap_or_else(|| {
            if is_this_machine(&host) { SmtpEncryption::None } else { SmtpEncryption::StartTls }
        });
        let security = match encryption {
            SmtpEncryption::StartTls => Security::StartTls(tls(&host, &self.certificates)?),
            SmtpEncryption::Tls => Security::Tls(tls(&host, &self.certificates)?),
            SmtpEncryption::None => Security::None,
        };
        let usual = if encryption == SmtpEncryption::Tls { 465 } else { 587 };
        let server =
            Server { port: self.port.unwrap_or(usual), host, security, credentials: self.credentials };
        let connections = Connections::new(server, self.idle_connections);
        Ok(SmtpMailer { letters, connections, encryption, timeout: self.timeout })
    }
}

impl fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpBuilder")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
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
        builder =
            builder.add_root_certificate(Certificate::from_pem(pem).map_err(SmtpConfigError::certificate)?);
    }
    builder.build_rustls().map_err(SmtpConfigError::certificate)
}
