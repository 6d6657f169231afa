//! Measures how much slower a session check on SQLite gets with the size of the file, compared with
//! a bare look-up: from 10,000 sessions to a million accounts with ten sessions each.
//!
//! `cargo bench --features sqlite --bench sqlite_growth -- 1000000` takes some minutes and 5 GB of
//! disk space. Without a number, the large file has 20,000 accounts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a benchmark")]

mod support;

use std::{hint::black_box, path::Path, time::Duration};

use account::{
    AccountService, Config, GenericToken, MasterKey, SqliteStore,
    model::{ClientInfo, SessionSecret},
};
use data_encoding::BASE64;
use rusqlite::{Connection, types::Value};
use support::{median, processor_time};
use tokio::runtime::Runtime;

/// The number of accounts in the small file, and of accounts in use in either file.
const FEW: usize = 1_000;
const SESSIONS: usize = 10;
const ROUNDS: usize = 41;
const VERSION: &str = "SELECT version FROM accounts WHERE id=?1";
const BODY: &str = "SELECT body FROM account_bodies WHERE id=?1";

type Service = AccountService<SqliteStore>;

struct File {
    cached: Service,
    uncached: Service,
    bare: Connection,
    /// One session of each account in use, not in the order of the accounts.
    secrets: Vec<SessionSecret>,
}

fn main() {
    let many: usize = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    let directory = std::env::temp_dir().join(format!("account-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (small, large) = (directory.join("small.db"), directory.join("large.db"));
    let people = runtime.block_on(fill(&small));
    let copies = many.div_ceil(FEW);
    multiply(&small, &large, &people, copies);
    let in_use = people.iter().enumerate().map(|(number, person)| copy_of(person, number * 7 % copies));
    let in_use = in_use.collect();
    let files = [File::open(&small, people), File::open(&large, in_use)];
    println!("from {FEW} to {} accounts of {SESSIONS} sessions, {FEW} of them in use:", copies * FEW);
    growth(
        "checks with cached account / reads of the version",
        &runtime,
        &files,
        |file| &file.cached,
        VERSION,
    );
    growth("checks without cache / reads of the body", &runtime, &files, |file| &file.uncached, BODY);
    drop(files);
    std::fs::remove_dir_all(&directory).unwrap();
}

/// Prints the growth of a check and of the bare read, and the median of the ratio of the two.
fn growth(what: &str, runtime: &Runtime, files: &[File; 2], of: fn(&File) -> &Service, sql: &str) {
    let mut rounds: Vec<[Duration; 4]> = Vec::new();
    for _ in 0..=ROUNDS {
        let [small, large] = files;
        rounds.push([
            check(runtime, of(small), &small.secrets),
            read(&small.bare, sql, &small.secrets),
            check(runtime, of(large), &large.secrets),
            read(&large.bare, sql, &large.secrets),
        ]);
    }
    // The first round fills the caches.
    let rounds = &rounds[1..];
    let ratio = |above: usize, below: usize| {
        median(rounds.iter().map(|times| times[above].as_secs_f64() / times[below].as_secs_f64()))
    };
    let more = |times: &[Duration; 4]| {
        let [check, bare, larger_check, larger_bare] = times.map(|time| time.as_secs_f64());
        (larger_check / check) / (larger_bare / bare)
    };
    println!(
        "{what}: {:.2} × in the small file, {:.2} × in the large one; \
         checks grew {:.2} ×, bare reads {:.2} ×, so checks grew {:.2} × as much as bare reads",
        ratio(0, 1),
        ratio(2, 3),
        ratio(2, 0),
        ratio(3, 1),
        median(rounds.iter().map(more)),
    );
}

fn check(runtime: &Runtime, service: &Service, secrets: &[SessionSecret]) -> Duration {
    processor_time(|| {
        runtime.block_on(async {
            for secret in secrets {
                assert!(black_box(service.caller(secret).await).is_ok(), "the session lives");
            }
        });
    })
}

fn read(bare: &Connection, sql: &str, secrets: &[SessionSecret]) -> Duration {
    let mut statement = bare.prepare_cached(sql).unwrap();
    processor_time(|| {
        for secret in secrets {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, Value>(0);
            assert!(
                black_box(statement.query_row([secret.user().as_str()], read)).is_ok(),
                "the account is there"
            );
        }
    })
}

/// Creates the accounts of the small file and returns one session of each.
async fn fill(path: &Path) -> Vec<SessionSecret> {
    let service = service(SqliteStore::open(path).unwrap());
    let tasks: Vec<_> = (0..FEW).map(|_| tokio::spawn(person(service.clone()))).collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.push(task.await.unwrap());
    }
    secrets
}

async fn person(service: Service) -> SessionSecret {
    let client = ClientInfo::at([192, 0, 2, 1].into())
        .with_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let mut newest = service.sign_in_anonymously(&client).await.unwrap();
    let id = *newest.user_id();
    for _ in 1..SESSIONS {
        let token = service.admin(&client).issue_token(&id, GenericToken::default()).await.unwrap();
        let secret = token.secret().unwrap().expose().parse().unwrap();
        newest = service.sign_in_with_token(&id, &secret, &client).await.unwrap();
    }
    newest.secret
}

/// Creates a file with `copies` copies of every account, each under its own id.
fn multiply(small: &Path, large: &Path, people: &[SessionSecret], copies: usize) {
    drop(SqliteStore::open(large).unwrap());
    let mut target = Connection::open(large).unwrap();
    target.execute("ATTACH ?1 AS small", [small.to_str().unwrap()]).unwrap();
    for copy in 0..copies {
        let change = target.transaction().unwrap();
        for person in people {
            let (id, copied) = (person.user().as_str(), copy_of(person, copy));
            let copied = copied.user().as_str();
            change
                .prepare_cached(
                    "INSERT INTO accounts SELECT ?2, version, email, phone, name, status, email_verified, \
                     phone_verified, created_at, updated_at, accessed_at, due_at \
                     FROM small.accounts WHERE id=?1",
                )
                .and_then(|mut insert| insert.execute([id, copied]))
                .unwrap();
            change
                .prepare_cached(
                    "INSERT INTO account_bodies SELECT ?2, replace(body, ?1, ?2) \
                     FROM small.account_bodies WHERE id=?1",
                )
                .and_then(|mut insert| insert.execute([id, copied]))
                .unwrap();
        }
        change.commit().unwrap();
        if copies >= 100 && copy % (copies / 10) == 0 {
            eprintln!("{} of {} accounts written", copy * FEW, copies * FEW);
        }
    }
    target.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
}

/// The session of one copy of an account.
fn copy_of(secret: &SessionSecret, copy: usize) -> SessionSecret {
    let wire = String::from_utf8(BASE64.decode(secret.to_wire().as_bytes()).unwrap()).unwrap();
    let id = secret.user().as_str();
    let wire = wire.replace(id, &format!("{id}{copy:05}"));
    SessionSecret::from_wire(&BASE64.encode(wire.as_bytes())).unwrap()
}

impl File {
    fn open(path: &Path, mut secrets: Vec<SessionSecret>) -> Self {
        secrets.sort_by_cached_key(|secret| secret.to_wire().bytes().rev().collect::<Vec<_>>());
        let bare = Connection::open(path).unwrap();
        bare.pragma_update(None, "query_only", true).unwrap();
        bare.pragma_update(None, "mmap_size", 1_i64 << 30).unwrap();
        let cached = service(SqliteStore::open(path).unwrap());
        let uncached = service(SqliteStore::builder().cached_accounts(0).open(path).unwrap());
        Self { cached, uncached, bare, secrets }
    }
}

fn service(store: SqliteStore) -> Service {
    AccountService::builder(store).config(Config::new(MasterKey::generate().unwrap())).build().unwrap()
}
