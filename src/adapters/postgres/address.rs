//! Parses the URL of the database and sets up TLS.

use std::{net::IpAddr, sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::PostgresError;

/// How long one of several servers may take to connect, unless the URL sets it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The first keepalive probe follows after this much silence.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// The number of unanswered probes after which the peer counts as gone.
const KEEPALIVE_RETRIES: u32 = 3;

/// How to reach the server.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Address {
    /// Parses a URL as libpq does. `roots`, in PEM, replace the root certificates of the URL and
    /// the default ones. Sent data that is not acknowledged within `timeout` ends the connection,
    /// unless the URL says otherwise.
    pub(super) fn parse(url: &str, roots: Option<&[u8]>, timeout: Duration) -> Result<Self, PostgresError> {
        let (url, root_file) = translate(url)?;
        let mut config: Config = url.parse().map_err(|error| parse_error(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresError::Url);
        }
        apply_defaults(&mut config, timeout);
        let roots = match (roots, &root_file) {
            (Some(pem), _) => from_pem(pem)?,
            (None, Some(path)) => from_pem(&std::fs::read(path).map_err(|_| PostgresError::Certificates)?)?,
            (None, None) => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(PostgresError::failed)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }
}

fn apply_defaults(config: &mut Config, timeout: Duration) {
    if config.get_ssl_mode() == SslMode::Prefer {
        // Prevents a downgrade: an attacker on the network can make a preferred TLS fail.
        config.ssl_mode(if is_local(config) { SslMode::Disable } else { SslMode::Require });
    }
    config.connect_timeout(*config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT));
    config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE_IDLE));
    config.keepalives_interval(config.get_keepalives_interval().unwrap_or(KEEPALIVE_INTERVAL));
    config.keepalives_retries(config.get_keepalives_retries().unwrap_or(KEEPALIVE_RETRIES));
    config.tcp_user_timeout(*config.get_tcp_user_timeout().unwrap_or(&timeout));
    if config.get_application_name().is_none() {
        config.application_name("account");
    }
}

/// The URL in the form that the driver accepts, and the file of root certificates that it names.
/// All modes that require TLS become one, because the certificate is always verified.
fn translate(url: &str) -> Result<(String, Option<String>), PostgresError> {
    let Some((base, query)) = url.rsplit_once('?') else { return Ok((url.to_owned(), None)) };
    let (mut kept, mut roots) = (Vec::new(), None);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            // Only the primary accepts changes.
            Some(("target_session_attrs", "primary")) => kept.push("target_session_attrs=read-write"),
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", path)) => {
                let path = percent_decode_str(path).decode_utf8();
                let path = path.map_err(|_| PostgresError::Parameter("sslrootcert"))?;
                roots = Some(path.into_owned());
            }
            _ => kept.push(pair),
        }
    }
    Ok((format!("{base}?{}", kept.join("&")), roots))
}

/// Names the parameter if it is one of libpq's. Other names in the driver's error may be a part of
/// the password.
fn parse_error(error: &tokio_postgres::Error) -> PostgresError {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let name = PARAMETERS.iter().find(|name| cause.ends_with(&format!(" option `{name}`")));
    name.map_or(PostgresError::Url, |name| PostgresError::Parameter(name))
}

/// The parameters of libpq that the driver rejects, always or with some values.
const PARAMETERS: &[&str] = &[
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "passfile",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

fn from_pem(pem: &[u8]) -> Result<RootCertStore, PostgresError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| PostgresError::Certificates)?;
        roots.add(certificate).map_err(|_| PostgresError::Certificates)?;
    }
    if roots.is_empty() { Err(PostgresError::Certificates) } else { Ok(roots) }
}

/// Whether all servers are on this machine.
fn is_local(config: &Config) -> bool {
    let is_local_host = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_local_host),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, roots: Option<&[u8]>) -> Result<Address, PostgresError> {
        Address::parse(url, roots, Duration::from_secs(10))
    }

    #[test]
    fn a_silent_server_is_noticed_within_the_timeout_by_default() {
        let config = parse("postgres://db.example/app", None).unwrap().config;
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(15));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(5)));
        assert_eq!(config.get_keepalives_retries(), Some(3));
        let url = "postgres://db.example/app?tcp_user_timeout=7&keepalives_idle=4&keepalives_interval=2\
                   &keepalives_retries=9";
        let config = parse(url, None).unwrap().config;
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(4));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(2)));
        assert_eq!(config.get_keepalives_retries(), Some(9));
    }

    fn mode(url: &str) -> SslMode {
        parse(url, None).unwrap_or_else(|error| panic!("{url}: {error}")).config.get_ssl_mode()
    }

    #[test]
    fn tls_is_required_except_on_this_machine() {
        for url in [
            "postgres://db.example/app",
            "postgresql://u:p@db.example:6432/app?sslmode=prefer",
            "postgres://10.0.0.1/app?sslmode=verify-full&sslrootcert=system",
            "postgres://127.0.0.1,db.example/app?target_session_attrs=read-write",
            "postgres://localhost/app?hostaddr=10.0.0.1",
            "postgres://localhost/app?sslmode=verify-ca",
            "postgres://u:what?@db.example/app?sslmode=verify-full",
        ] {
            assert_eq!(mode(url), SslMode::Require, "{url}");
        }
        for url in [
            "postgres://localhost/app",
            "postgres://127.0.0.1:5433,[::1]:5434/app",
            "postgres:///app?host=/run/postgresql",
            "postgres://db.example/app?sslmode=disable",
        ] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
    }

    #[test]
    fn several_servers_are_accepted_with_a_choice_of_the_primary() {
        use tokio_postgres::config::TargetSessionAttrs;
        let url = "postgres://u:p%40ss@a.example:5432,b.example:5433/app\
                   ?target_session_attrs=read-write&connect_timeout=1";
        let config = parse(url, None).unwrap().config;
        assert_eq!((config.get_hosts().len(), config.get_ports()), (2, [5432, 5433].as_slice()));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let primary = parse("postgres://a,b/app?target_session_attrs=primary", None).unwrap().config;
        assert_eq!(primary.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(1)));
        assert_eq!(config.get_password(), Some(b"p@ss".as_slice()));
    }

    #[test]
    fn a_malformed_url_is_rejected_and_not_shown() {
        for url in [
            "",
            "postgres://",
            "mysql://u:hidden@db.example/app",
            "postgres://u:hidden@db.example/app?hidden=1",
        ] {
            let Err(error) = parse(url, None) else { panic!("{url}") };
            assert!(matches!(error, PostgresError::Url), "{url}");
            assert!(!format!("{error} {error:?}").contains("hid"), "{url}");
        }
    }

    #[test]
    fn an_unsupported_parameter_is_named_without_its_value() {
        for (url, name) in [
            ("postgres://u:hidden@db.example:hidden/app", "port"),
            ("postgres://u:hidden@db.example/app?sslmode=hidden", "sslmode"),
            ("postgres://u:hidden@db.example/app?sslcert=hidden.pem", "sslcert"),
            ("postgres://u:hidden@db.example/app?target_session_attrs=hidden", "target_session_attrs"),
            ("postgres://u:hidden@db.example/app?sslrootcert=%ff", "sslrootcert"),
        ] {
            let Err(error) = parse(url, None) else { panic!("{url}") };
            assert!(matches!(error, PostgresError::Parameter(named) if named == name), "{url}: {error}");
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(name) && !shown.contains("hid"), "{url}: {shown}");
        }
    }

    #[test]
    fn roots_must_be_certificates() {
        let url = "postgres://db.example/app";
        for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(parse(url, Some(pem.as_bytes())), Err(PostgresError::Certificates)));
        }
        let missing = parse("postgres://db.example/app?sslrootcert=/nowhere/at-all.pem", None);
        assert!(matches!(missing, Err(PostgresError::Certificates)));
    }
}
