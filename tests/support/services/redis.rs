//! A Redis server of one's own: the system's package, in memory only, on loopback and a free port.
//!
//! Where Redis is not installed, tests say so and pass; under `CI=true` they fail.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{free_port, skip};

const PATIENCE: Duration = Duration::from_secs(30);
/// Starts the server, and ends it and removes its folder as soon as the one who started it is gone,
/// in whatever way: the pipe closes then. It has nothing to save, and may be paused.
const GUARD: &str = r#"
redis-server "${@:2}" >> "$1/log" 2>&1 &
read -r _
exec 2> "$1/end"
kill -KILL $!
wait $!
rm -rf "$1"
"#;

/// A running server; ends with the value.
#[derive(Debug)]
pub(crate) struct Redis {
    guard: Child,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Redis {
    /// The server that the tests of this process share, if there can be one.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Redis>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of a test's own, to be ended, paused or flushed.
    pub(crate) fn start() -> Option<Self> {
        is_installed().then(|| Self::at(free_port()))
    }

    /// Ends the server as if by a crash; all counters are gone.
    pub(crate) fn kill(mut self) -> Gone {
        self.end();
        Gone { port: self.port }
    }

    /// Stops it from running, so that it neither answers nor closes connections.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// The URL of its first database.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The line in which it answers a command without spaces in its words; of a text of many lines,
    /// its length.
    pub(crate) fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
        match first.strip_prefix('$') {
            None | Some("-1") => Ok(first),
            Some(_) => lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)?,
        }
    }

    fn at(port: u16) -> Self {
        let folder = folder();
        let mut command = Command::new("bash");
        command.args(["-c", GUARD, "guard"]).arg(&folder).args(["--port", &port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(&folder);
        command.arg("--pidfile").arg(folder.join("pid"));
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // Ctrl-C is for the one who has started it, and ends it in its turn.
            command.process_group(0);
        }
        let guard = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let server = Self { guard, folder, port };
        for _ in 0..3_000 {
            if server.ask("PING").is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!(
            "Redis does not get ready\n{}",
            fs::read_to_string(server.folder.join("log")).unwrap_or_default()
        );
    }

    fn signal(&self, signal: &str) {
        let process = fs::read_to_string(self.folder.join("pid")).unwrap();
        let status = Command::new("kill").args([signal, process.trim()]).status();
        assert!(status.unwrap().success());
    }

    fn end(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where a server was.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) port: u16,
}

impl Gone {
    /// Starts a new and empty server in the same place.
    pub(crate) fn restart(self) -> Redis {
        Redis::at(self.port)
    }
}

fn folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("account-redis-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

fn is_installed() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    if version.is_ok_and(|version| version.status.success()) {
        return true;
    }
    skip("Redis is not installed");
    false
}
