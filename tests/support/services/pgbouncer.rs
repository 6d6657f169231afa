//! PgBouncer of the system's package before a [`Postgres`], each transaction on whichever of few
//! connections is free.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use super::{
    free_port,
    postgres::{Postgres, as_server},
    skip,
};

/// Ends it as soon as the one who started it is gone, in whatever way: the pipe closes then.
const GUARD: &str = r#"
"$0" -q "$1" &
read -r _
kill -KILL $!
"#;

/// A running pooler; ends with the value.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    guard: Child,
    port: u16,
}

impl PgBouncer {
    /// The one that the tests of this process share, before the server that they share, if there
    /// can be one.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PgBouncer>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Postgres::shared()?)).as_ref()
    }

    fn start(server: &Postgres) -> Option<Self> {
        const PROGRAM: &str = "/usr/sbin/pgbouncer";
        if !Path::new(PROGRAM).exists() {
            skip("PgBouncer is not installed");
            return None;
        }
        let port = free_port();
        let settings = server.folder().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=account\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 400\n",
            server.port
        );
        fs::write(&settings, text).unwrap();
        let guard = as_server(Path::new("bash"))
            .args(["-c", GUARD, PROGRAM])
            .arg(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "PgBouncer does not get ready");
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self { guard, port })
    }

    /// The URL of a database, through the pooler.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://account@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
