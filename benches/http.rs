//! Compares `GET /v1/account` with a bare axum handler that returns the same bytes: in memory, and
//! on SQLite with one prepared look-up. Also measures session checks while all hashing slots are
//! taken.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark"
)]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use account::{
    AccountService, Config, MasterKey, MemoryStore, SignUp, SqliteStore,
    axum::{Settings, router_with},
    model::{ClientInfo, Password, SessionSecret},
    ports::Store,
};
use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue},
    routing::get,
};
use rusqlite::Connection;
use support::{now, percentile, ratio};
use tokio::runtime::Runtime;

const CONNECTIONS: usize = 8;
const REQUESTS: usize = 1_000;
const ROUNDS: usize = 15;

type Service = AccountService<Arc<dyn Store>>;

fn main() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("account-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("account.db");

    in_memory(&server);
    on_sqlite(&server, &file);
    checks_while_hashing(&server);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn in_memory(server: &Runtime) {
    let (ours, cookie, _) = server.block_on(api(Arc::new(MemoryStore::new())));
    let ours = server.block_on(serve(ours));
    let same = reply_of(&ask(ours, &cookie));
    let bare = Router::new().route("/v1/account", get(async move || same.clone()));
    let bare = server.block_on(serve(bare));
    compare("GET /v1/account in memory / bare axum", bare, ours, &cookie);
}

fn on_sqlite(server: &Runtime, file: &Path) {
    let (ours, cookie, id) = server.block_on(api(Arc::new(SqliteStore::open(file).unwrap())));
    let ours = server.block_on(serve(ours));
    let lookup = lookup(file, id);
    let same = reply_of(&ask(ours, &cookie));
    let bare = Router::new().route(
        "/v1/account",
        get(async move || {
            assert_ne!(lookup(), 0);
            same.clone()
        }),
    );
    let bare = server.block_on(serve(bare));
    compare("GET /v1/account on SQLite / bare axum and one prepared look-up", bare, ours, &cookie);
}

/// A prepared look-up of the version of an account, on one of two connections.
fn lookup(file: &Path, id: String) -> impl Fn() -> i64 + Clone + Send + Sync + 'static {
    let connections: Vec<_> = (0..2).map(|_| Mutex::new(Connection::open(file).unwrap())).collect();
    let connections = Arc::new(connections);
    move || {
        let connection = connections
            .iter()
            .find_map(|one| one.try_lock().ok())
            .unwrap_or_else(|| connections[0].lock().unwrap());
        let mut statement = connection.prepare_cached("SELECT version FROM accounts WHERE id = ?1").unwrap();
        statement.query_row([&id], |row| row.get::<_, i64>(0)).unwrap()
    }
}

/// Creates the API on a store, with the session cookie and the id of a new user.
async fn api(store: Arc<dyn Store>) -> (Router, String, String) {
    let service =
        AccountService::builder(store).config(Config::new(MasterKey::generate().unwrap())).build().unwrap();
    let password = || "tr4verse-Cobalt-heron".parse::<Password>().unwrap();
    let email = || "ada@example.com".parse().unwrap();
    let user = service.sign_up(SignUp::new(email(), password()), &ClientInfo::default()).await.unwrap();
    let signed_in = service.sign_in_with_password(email(), password(), &ClientInfo::default()).await.unwrap();
    let cookie =
        format!("a_session_default={}", signed_in.secret.to_wire().replace('=', "%3D").replace('+', "%2B"));
    (router_with(service, &Settings::default()).unwrap(), cookie, user.id().to_string())
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    address
}

fn request(cookie: &str) -> String {
    format!(
        "GET /v1/account HTTP/1.1\r\nhost: localhost\r\nx-appwrite-project: default\r\n\
         cookie: {cookie}\r\n\r\n"
    )
}

fn ask(address: SocketAddr, cookie: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(request(cookie).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    reply
}

/// The headers and the body of a reply, for a handler that returns the same bytes. axum adds length
/// and date itself.
fn reply_of(reply: &str) -> (HeaderMap, String) {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let own = fields.filter(|(name, _)| !["content-length", "date", "connection"].contains(name));
    let headers = own
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    (headers, body.to_owned())
}

fn compare(name: &str, bare: SocketAddr, ours: SocketAddr, cookie: &str) {
    let slower =
        ratio(name, ROUNDS, (CONNECTIONS * REQUESTS) as u32, || load(bare, cookie), || load(ours, cookie));
    println!("  throughput: {:.2} × that of the bare handler", 1.0 / slower);
}

/// Sends many requests on a few connections that stay open.
fn load(address: SocketAddr, cookie: &str) {
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let request = request(cookie);
                stream.write_all(request.as_bytes()).unwrap();
                let mut buffer = vec![0; 16 * 1024];
                // All replies to the same request have the same length.
                let length = stream.read(&mut buffer).unwrap();
                for _ in 1..REQUESTS {
                    stream.write_all(request.as_bytes()).unwrap();
                    stream.read_exact(&mut buffer[..length]).unwrap();
                }
                assert!(buffer.starts_with(b"HTTP/1.1 200"));
            });
        }
    });
}

/// Measures how late a session check is done, from the moment it is due, with idle hashing threads
/// and while all hashing slots are taken.
fn checks_while_hashing(server: &Runtime) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let service =
        AccountService::builder(store).config(Config::new(MasterKey::generate().unwrap())).build().unwrap();
    let signed_in = server.block_on(service.sign_in_anonymously(&ClientInfo::default())).unwrap();
    let secret = Arc::new(signed_in.secret);
    let lateness = |busy: bool| {
        let guessers: Vec<_> = (0..if busy { 8 } else { 0 })
            .map(|number| server.spawn(guess_forever(service.clone(), number)))
            .collect();
        let mut late = server.block_on(check_sessions(&service, &secret));
        guessers.iter().for_each(tokio::task::JoinHandle::abort);
        (percentile(&mut late, 50), percentile(&mut late, 99))
    };
    let mut ratios: Vec<_> = (0..7)
        .map(|_| {
            let (idle, busy) = (lateness(false), lateness(true));
            (busy.1.as_secs_f64() / idle.1.as_secs_f64(), idle, busy)
        })
        .collect();
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, idle, busy) = ratios[3];
    println!(
        "p99 of session checks with all hashing slots taken / idle: {ratio:.2} ×, \
         {:?} to {:?} (p50 {:?} to {:?})",
        busy.1, idle.1, busy.0, idle.0
    );
}

/// Attempts to sign in to an unknown account again and again.
async fn guess_forever(service: Service, number: usize) {
    loop {
        let email = format!("unknown{number}@example.com").parse().unwrap();
        let password = "tr4verse-Cobalt-heron".parse().unwrap();
        let _ = service.sign_in_with_password(email, password, &ClientInfo::default()).await;
    }
}

/// Starts a session check every 500 µs and returns how long after its due time each was done.
async fn check_sessions(service: &Service, secret: &Arc<SessionSecret>) -> Vec<Duration> {
    const CHECKS: u32 = 4_000;
    let mut tasks = Vec::new();
    let start = now();
    for number in 0..CHECKS {
        let due = start + Duration::from_micros(500) * number;
        tokio::time::sleep_until(due.into()).await;
        let (service, secret) = (service.clone(), Arc::clone(secret));
        tasks.push(tokio::spawn(async move {
            service.caller(&secret).await.unwrap();
            now().duration_since(due)
        }));
    }
    let mut late = Vec::new();
    for task in tasks {
        late.push(task.await.unwrap());
    }
    late
}
