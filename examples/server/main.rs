//! The reference server: the whole library behind the Appwrite Account REST API, configured by
//! environment variables alone.
//!
//! `cargo run --release --example server --all-features` starts it on a fresh machine, without any
//! other step. `settings.rs` reads the variables, this file puts the parts together, and each other
//! file is one part that a server needs beside the library.

mod channels;
mod console;
mod dev;
mod health;
mod keys;
mod maintenance;
mod oauth2;
mod outbox;
mod serve;
mod settings;
mod shutdown;
mod variables;

use std::{error::Error, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use account::{
    AccountService, Config, MasterKey, MemoryStore, PostgresLimiter, PostgresStore, RedisLimiter, Secret,
    SessionAlerts, SqliteStore,
    axum::router_with,
    http::{self, Rejection},
    ports::Store,
};
use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    channels::Channels,
    settings::{Database, Profile, Settings},
    shutdown::Signals,
};

/// How long queued messages may take at shutdown. This is part of the time that requests and
/// messages have together.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args_os().len() > 1 {
        console::error(
            "the server takes no arguments; configure it with environment variables named ACCOUNT_…",
        );
        return ExitCode::from(2);
    }
    console::log_failures();
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(error) => {
            console::error(error);
            return ExitCode::from(2);
        }
    };
    match run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::error(with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::catch()?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr()?;
    let keys = master_keys(&settings)?;
    let (store, limiter) = open_store(&settings).await?;
    let channels = Channels::open(&settings)?;
    let (app, maintenance) = app(&settings, keys, (Arc::clone(&store), limiter), &channels, address)?;
    print_greeting(&settings, &channels, address);

    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve::serve(listener, app, async {
        let _ = stopped.await;
    }));
    let maintenance = tokio::spawn(maintenance);

    signals.next().await;
    console::info("Shutting down: finishing requests in progress.");
    maintenance.abort();
    let _ = stop.send(());
    signals
        .drain(async {
            let _ = server.await;
            // Operations that outlive their client queue their messages before the queues drain.
            shutdown::operations_finished(&store).await;
            channels.drain(DRAIN_TIMEOUT).await;
        })
        .await;
    // If the shutdown was cut off, this reports how many messages are lost.
    channels.drain(Duration::ZERO).await;
    Ok(())
}

fn master_keys(settings: &Settings) -> Result<Vec<MasterKey>, keys::KeyError> {
    if let Some(keys) = &settings.keys {
        return Ok(keys.clone());
    }
    let found = keys::key_for(&settings.database)?;
    if let Some(notice) = found.notice {
        console::notice(notice);
    }
    Ok(vec![found.key])
}

/// Opens the store. A PostgreSQL store also provides the limiter that several servers share.
async fn open_store(
    settings: &Settings,
) -> Result<(Arc<dyn Store>, Option<PostgresLimiter>), Box<dyn Error>> {
    let database = &settings.database;
    match database {
        Database::Memory => Ok((Arc::new(MemoryStore::default()), None)),
        Database::Sqlite(path) => {
            let store =
                SqliteStore::open(path).map_err(|error| format!("cannot open {database}: {error}"))?;
            Ok((Arc::new(store), None))
        }
        Database::Postgres(url) => {
            let builder = match &settings.database_schema {
                Some(schema) => PostgresStore::builder().schema(schema),
                None => PostgresStore::builder(),
            };
            let store = builder.connect(url.expose()).await?;
            let limiter = store.limiter();
            Ok((Arc::new(store), Some(limiter)))
        }
    }
}

/// Puts the parts together: the routes, and the maintenance that runs beside them.
fn app(
    settings: &Settings,
    keys: Vec<MasterKey>,
    (store, limiter): (Arc<dyn Store>, Option<PostgresLimiter>),
    channels: &Channels,
    address: SocketAddr,
) -> Result<(Router, impl Future<Output = ()> + Send + use<>), Box<dyn Error>> {
    let mut builder = AccountService::builder(Arc::clone(&store))
        .mailer(channels.mailer())
        .sms(channels.sms())
        .config(config(settings, keys)?);
    if let Some(url) = &settings.redis {
        builder = builder.limiter(RedisLimiter::from_url(url.expose())?);
    } else if let Some(limiter) = limiter {
        builder = builder.limiter(limiter);
    }
    let providers = oauth2::clients(&settings.providers)?;
    let service =
        providers.into_iter().fold(builder, |builder, provider| builder.provider(provider)).build()?;
    let maintenance = maintenance::run(service.clone());
    let mut app = router_with(service, &http_settings(settings, address))?
        .merge(health::router(store))
        .fallback(async || Rejection::unknown_route());
    if let Some(outbox) = channels.outbox() {
        app = app.merge(dev::router(outbox));
    }
    Ok((app, maintenance))
}

fn config(settings: &Settings, keys: Vec<MasterKey>) -> Result<Config, Box<dyn Error>> {
    let first = keys.first().cloned().ok_or("no master key")?;
    let mut config = match settings.profile {
        Profile::Default => Config::new(first),
        Profile::Appwrite16 => Config::appwrite_1_6(first),
    };
    config.keys = keys;
    config.project.clone_from(&settings.project);
    if let Some(name) = &settings.project_name {
        config.project_name.clone_from(name);
    }
    config.session_alerts = match (settings.session_alerts, settings.profile) {
        (false, _) => SessionAlerts::Off,
        (true, Profile::Default) => SessionAlerts::NewDevices,
        (true, Profile::Appwrite16) => SessionAlerts::EverySession,
    };
    config.push_providers.clone_from(&settings.push_providers);
    Ok(config)
}

fn http_settings(settings: &Settings, address: SocketAddr) -> http::Settings {
    let mut http = match settings.profile {
        Profile::Default => http::Settings::default(),
        Profile::Appwrite16 => http::Settings::appwrite_1_6(),
    };
    http.public_url = public_url(settings, address);
    http.allowed_hosts.clone_from(&settings.allowed_hosts);
    http.allowed_apps.clone_from(&settings.allowed_apps);
    http.trusted_proxies.clone_from(&settings.trusted_proxies);
    if let Some(cross_site) = settings.cross_site_cookies {
        http.cross_site_cookies = cross_site;
    }
    http.rate_limits = settings.rate_limits;
    http.api_key = settings.api_key.as_ref().map(|key| Secret::new(key.expose().to_owned()));
    http
}

fn public_url(settings: &Settings, address: SocketAddr) -> String {
    settings.public_url.clone().unwrap_or_else(|| format!("http://localhost:{}", address.port()))
}

fn print_greeting(settings: &Settings, channels: &Channels, address: SocketAddr) {
    let (url, project) = (public_url(settings, address), &settings.project);
    console::info(format_args!(
        "account {} is listening on http://{address} (public URL {url}, project {project}, database {}).",
        env!("CARGO_PKG_VERSION"),
        settings.database
    ));
    if channels.outbox().is_some() {
        console::info(format_args!(
            "Unsent messages are shown at http://{address}/dev\nCreate the first account with:\n  \
             curl http://{address}/v1/account -H 'X-Appwrite-Project: {project}' \
             -H 'Content-Type: application/json' \
             -d '{{\"userId\":\"unique()\",\"email\":\"ada@example.com\",\"password\":\"violet-anvil-71\"}}'"
        ));
    }
    if let Some(missing) = channels.missing() {
        console::notice(missing);
    }
    // A scheme has no underscore (RFC 3986 §3.1), so no app can listen on that of such a project.
    if project.contains('_') {
        console::notice(
            "native apps cannot be called back, because the project id has an underscore; use another id",
        );
    }
    if !settings.is_https() {
        console::notice("cookies are not Secure because the public URL is http; use https in production");
    }
}

fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
