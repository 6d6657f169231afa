//! A PostgreSQL server of one's own: the system's package, in a temporary folder, on loopback only.
//!
//! Where PostgreSQL is not installed, tests say so and pass; under `CI=true` they fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{free_port, skip};

const PATIENCE: Duration = Duration::from_secs(90);
/// Starts the server, and ends it and removes its folder as soon as the one who started it is gone,
/// in whatever way: the pipe closes then.
const GUARD: &str = r#"
"$0" -D "$1/data" -k "$1" "${@:3}" >> "$1/log" 2>&1 &
read -r _
kill -INT $!
wait $!
[ -e "$1/keep" ] || rm -rf "$1"
"#;

/// A running server; ends with the value.
#[derive(Debug)]
pub(crate) struct Postgres {
    guard: Child,
    folder: PathBuf,
    pub(crate) port: u16,
    durable: bool,
    settings: Vec<String>,
}

impl Postgres {
    /// The server that the tests of this process share, if there can be one. It forgets all when it
    /// ends.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start_with(false, &[], &[])).as_ref()
    }

    /// A server that keeps what it has acknowledged, as in production: to be [killed](Self::kill).
    pub(crate) fn durable() -> Option<Self> {
        Self::start_with(true, &[], &[])
    }

    /// The same with these settings.
    pub(crate) fn durable_with(settings: &[&str]) -> Option<Self> {
        Self::start_with(true, &[], settings)
    }

    /// Another server that follows this one and takes over when it is told to, on a copy of its
    /// data; as durable, with the usual settings.
    pub(crate) fn standby(&self) -> Self {
        let programs = programs().unwrap();
        let folder = folder();
        let made = as_server(&programs.join("pg_basebackup"))
            .args(["--write-recovery-conf", "--checkpoint=fast", "-h", "127.0.0.1", "-U", "account", "-p"])
            .arg(self.port.to_string())
            .arg("-D")
            .arg(folder.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        Self::start_in(programs, folder, self.durable, Vec::new())
    }

    /// Makes a standby the server that takes changes.
    pub(crate) fn promote(&self) {
        let mut command = as_server(&programs().unwrap().join("pg_ctl"));
        let told = command.args(["promote", "-D"]).arg(self.folder.join("data")).output().unwrap();
        assert!(told.status.success(), "pg_ctl: {}", String::from_utf8_lossy(&told.stderr));
    }

    /// A server with these files, readable by it only, and settings such as `ssl=on`.
    pub(crate) fn with_files(files: &[(&str, &[u8])], settings: &[&str]) -> Option<Self> {
        Self::start_with(false, files, settings)
    }

    fn start_with(durable: bool, files: &[(&str, &[u8])], settings: &[&str]) -> Option<Self> {
        let programs = programs()?;
        let folder = folder();
        let mut command = as_server(&programs.join("initdb"));
        command
            .args(["-A", "trust", "-U", "account", "-E", "UTF8", "--locale=C", "-D"])
            .arg(folder.join("data"));
        if !durable {
            command.arg("--no-sync");
        }
        let made = command.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        for (name, bytes) in files {
            // Made by the server's user, so that it owns it.
            let path = folder.join("data").join(name);
            assert!(
                as_server(Path::new("install"))
                    .args(["-m", "600", "/dev/null"])
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
            fs::write(path, bytes).unwrap();
        }
        Some(Self::start_in(programs, folder, durable, settings.iter().copied().map(String::from).collect()))
    }

    fn start_in(programs: &Path, folder: PathBuf, durable: bool, settings: Vec<String>) -> Self {
        let port = free_port();
        let guard = launch(programs, &folder, port, durable, &settings);
        let server = Self { guard, folder, port, durable, settings };
        assert!(server.is_ready_within(PATIENCE), "PostgreSQL does not get ready\n{}", server.log());
        server
    }

    /// A new database, as a URL.
    pub(crate) fn database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database of this name, over TCP.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://account@127.0.0.1:{}/{database}", self.port)
    }

    /// A name that no test of this process was given before, for a schema, so that many stores can
    /// share a database.
    pub(crate) fn unused_name() -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        format!("s{}", COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// What the server answers to this SQL, as plain text.
    pub(crate) fn execute(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new(programs().unwrap().join("psql"));
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "account", "-h"]).arg(&self.folder);
        command.args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        let answer = command.output().unwrap();
        assert!(answer.status.success(), "{sql}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    }

    /// Where its socket lies and files for it can be put.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills all its processes at once, as the system does when memory runs out.
    pub(crate) fn kill(&mut self) {
        fs::write(self.folder.join("keep"), "").unwrap();
        let main = self.process();
        // The children live in sessions of their own.
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &main]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let processes = std::iter::once(main.as_str()).chain(children.split_whitespace());
        Command::new("kill").arg("-KILL").args(processes).stderr(Stdio::null()).status().unwrap();
        drop(self.guard.stdin.take());
        self.guard.wait().unwrap();
        fs::remove_file(self.folder.join("keep")).unwrap();
    }

    /// Starts it again after [`kill`](Self::kill), on what it has on the disk.
    pub(crate) fn restart(&mut self) {
        for _ in 0..3 {
            let programs = programs().unwrap();
            self.guard = launch(programs, &self.folder, self.port, self.durable, &self.settings);
            if self.is_ready_within(PATIENCE / 3) {
                return;
            }
            // It refuses to start while a process of its predecessor's still ends.
            self.kill();
        }
        panic!("PostgreSQL does not start again\n{}", self.log());
    }

    /// Stops its main process where it stands until the answer is dropped: the system still accepts
    /// connections for it, but no one answers.
    pub(crate) fn freeze(&self) -> Frozen {
        Frozen::of(vec![self.process()])
    }

    /// Stops all processes that serve connections of this application name where they stand until
    /// the answer is dropped.
    pub(crate) fn freeze_connections(&self, application: &str) -> Frozen {
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE application_name='{application}'");
        Frozen::of(self.execute("postgres", &sql).lines().map(String::from).collect())
    }

    /// What it has printed so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn process(&self) -> String {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    fn is_ready_within(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let mut command = Command::new(programs().unwrap().join("pg_isready"));
            command.args(["-q", "-U", "account", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if command.status().unwrap().success() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

/// Processes that stand still; they go on when the value is dropped.
#[derive(Debug)]
pub(crate) struct Frozen(Vec<String>);

impl Frozen {
    fn of(processes: Vec<String>) -> Self {
        let frozen = Self(processes);
        frozen.signal("STOP");
        frozen
    }

    fn signal(&self, name: &str) {
        // Some of them may have ended.
        Command::new("kill").args(["-s", name]).args(&self.0).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        // Of one that was killed it is still there.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn launch(programs: &Path, folder: &Path, port: u16, durable: bool, settings: &Vec<String>) -> Child {
    let mut command = as_server(Path::new("bash"));
    command.args(["-c", GUARD]).arg(programs.join("postgres")).arg(folder);
    // `$2` is the port, so that the one who reads the list of processes sees whose server this is.
    command.arg(port.to_string());
    command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400"]);
    if !durable {
        command.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A program that refuses to run as root, as the user of the package if this is root.
pub(crate) fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-C is for the one who has started it, and ends it in its turn.
        command.process_group(0);
        if number("-u", None) == 0 {
            command.uid(number("-u", Some("postgres"))).gid(number("-g", Some("postgres")));
        }
    }
    command.current_dir(std::env::temp_dir());
    command
}

/// The number of a user or of its group.
fn number(which: &str, user: Option<&str>) -> u32 {
    let answer = Command::new("id").arg(which).args(user).output().unwrap();
    String::from_utf8(answer.stdout).unwrap().trim().parse().unwrap()
}

/// A new folder that belongs to the server. Paths of sockets must be short, hence not in the
/// build's folder.
fn folder() -> PathBuf {
    let template = std::env::temp_dir().join("account-postgres-XXXXXX");
    let made = as_server(Path::new("mktemp")).arg("-d").arg(template).output().unwrap();
    assert!(made.status.success(), "mktemp: {}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end())
}

/// Where the programs of PostgreSQL lie: in the path, or in Debian's folder for the newest version.
fn programs() -> Option<&'static Path> {
    static PROGRAMS: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(found).as_deref().or_else(|| {
        skip("PostgreSQL is not installed");
        None
    })
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path()).collect();
        versions.sort_by_key(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
        folders.extend(versions.into_iter().rev().map(|path| path.join("bin")));
    }
    let programs = ["initdb", "postgres", "psql", "pg_isready"];
    folders.into_iter().find(|folder| programs.iter().all(|program| folder.join(program).is_file()))
}

/// A store in an empty schema of the server that the tests of this process share.
#[cfg(feature = "postgres")]
pub(crate) async fn store() -> Option<account::PostgresStore> {
    let server = Postgres::shared()?;
    let builder = account::PostgresStore::builder().schema(Postgres::unused_name());
    Some(builder.connect(&server.url("postgres")).await.unwrap())
}
