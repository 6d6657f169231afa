//! What is started, in order, and ended in the other one.

use std::{
    env,
    error::Error,
    net::{Ipv4Addr, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use account::MasterKey;
use tokio::signal::unix::{SignalKind, signal};

use crate::{postgres::Postgres, redis::Redis};

const PORTS: [u16; 2] = [8081, 8082];

/// Runs until a signal comes or a server ends.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let program = built_server()?;
    // What is started here ends when these values do.
    let (database, _postgres) = database()?;
    let (limits, _redis) = limits()?;
    let key = match (env::var("ACCOUNT_KEY"), env::var_os("ACCOUNT_DATABASE")) {
        (Ok(key), _) => key,
        (Err(_), None) => MasterKey::generate()?.to_base64(),
        (Err(_), Some(_)) => {
            return Err("ACCOUNT_DATABASE needs the ACCOUNT_KEY that its accounts were made with".into());
        }
    };

    let mut servers = Vec::new();
    for port in PORTS {
        servers.push(Server::start(
            &program,
            port,
            &[("ACCOUNT_DATABASE", &database), ("ACCOUNT_REDIS", &limits), ("ACCOUNT_KEY", &key)],
        )?);
    }
    let mut is_explained = false;
    let mut pulse = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = pulse.tick() => {}
        }
        // One that ends by itself has said why.
        if servers.iter_mut().any(|server| !matches!(server.0.try_wait(), Ok(None))) {
            return Err("a server has ended".into());
        }
        if !is_explained && PORTS.iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok())
        {
            println!("\n{}\nTwo servers, one service. Ctrl-C ends it.", explanation());
            is_explained = true;
        }
    }
    // They finish what they have begun before what they need goes away.
    servers.iter().try_for_each(Server::terminate)?;
    servers.iter_mut().try_for_each(|server| server.0.wait().map(drop))?;
    Ok(())
}

fn database() -> Result<(String, Option<Postgres>), Box<dyn Error>> {
    if let Ok(url) = env::var("ACCOUNT_DATABASE") {
        return Ok((url, None));
    }
    println!("Starting PostgreSQL …");
    let server =
        Postgres::with_files(&[], &[]).ok_or("install PostgreSQL, or name one in ACCOUNT_DATABASE")?;
    Ok((server.database(), Some(server)))
}

fn limits() -> Result<(String, Option<Redis>), Box<dyn Error>> {
    if let Ok(url) = env::var("ACCOUNT_REDIS") {
        return Ok((url, None));
    }
    println!("Starting Redis …");
    let server = Redis::start().ok_or("install Redis, or name one in ACCOUNT_REDIS")?;
    Ok((server.url(), Some(server)))
}

/// The reference server, built as this program was, beside which cargo puts it.
fn built_server() -> Result<PathBuf, Box<dyn Error>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--quiet", "--example", "server", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status()?.success() {
        return Err("the server does not build".into());
    }
    Ok(env::current_exe()?.with_file_name("server"))
}

/// A running server; killed with the value if it has not ended before.
struct Server(Child);

impl Server {
    fn start(program: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Self, Box<dyn Error>> {
        let process = Command::new(program)
            .envs(settings.iter().copied())
            .env("ACCOUNT_LISTEN", format!("127.0.0.1:{port}"))
            .env("ACCOUNT_PUBLIC_URL", format!("http://localhost:{port}"))
            // Ctrl-C is for this program alone, which ends them in order.
            .process_group(0)
            .spawn()?;
        Ok(Self(process))
    }

    fn terminate(&self) -> Result<(), Box<dyn Error>> {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err("a server could not be ended".into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What to try.
fn explanation() -> String {
    let [a, b] = PORTS.map(|port| format!("http://localhost:{port}/v1/account"));
    let curl = "curl -H 'X-Appwrite-Project: default' -H 'Content-Type: application/json'";
    let (account, sign_in) = (
        r#"{"userId":"unique()","email":"ada@example.com","password":"violet-anvil-71"}"#,
        r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#,
    );
    format!(
        "Sign up on one, sign in on the other, sign out on the first:\n  \
         {curl} {a} -d '{account}'\n  \
         {curl} -c jar {b}/sessions/email -d '{sign_in}'\n  \
         {curl} -b jar {a}\n  \
         {curl} -b jar -X DELETE {a}/sessions/current\n  \
         {curl} -b jar {b}"
    )
}
