//! Compares the SQLite store, through the service, with bare statements on the same file, and many
//! writers with one.
//!
//! Every round measures both sides, so that other load on the machine cancels out of the ratio.

mod support;

use std::{
    error::Error,
    hint::black_box,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use account::{
    AccountService, Caller, Config, MasterKey, SignUp, SqliteStore,
    model::{ClientInfo, SessionSecret},
    testing::{InstantHasher, PASSWORD, password},
};
use rusqlite::{Connection, Statement};
use support::{processor_time, time};
use tokio::runtime::Runtime;

const ROUNDS: usize = 21;
const ACCOUNTS: usize = 10_000;
const CHECKS: usize = 20_000;
const SAVES: usize = 200;
const WRITERS: usize = 16;
const CALLERS: usize = 64;
const SIGN_UPS: usize = 20;

type Service = AccountService<SqliteStore>;
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let directory = std::env::temp_dir().join(format!("account-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let outcome = measure(&directory.join("account.db"));
    std::fs::remove_dir_all(&directory)?;
    outcome
}

fn measure(path: &Path) -> Outcome {
    let single = tokio::runtime::Builder::new_current_thread().build()?;
    let multi = tokio::runtime::Builder::new_multi_thread().build()?;
    let cached = service(SqliteStore::open(path)?)?;
    let uncached = service(SqliteStore::builder().cached_accounts(0).open(path)?)?;
    let secrets = multi.block_on(fill(&cached, ACCOUNTS))?;
    saves(&multi, &cached, &secrets)?;
    for refuse_common in [true, false] {
        sign_ups(&multi, &path.with_file_name(format!("sign-ups-{refuse_common}.db")), refuse_common)?;
    }
    // From accounts that fit into the processor's caches to accounts that do not.
    for accounts in [64, 2_000, ACCOUNTS] {
        println!("{accounts} accounts in turn:");
        checks(&single, &cached, &uncached, path, secrets.get(..accounts).unwrap_or(&secrets))?;
    }
    Ok(())
}

/// Compares session checks with the minimum of bare reads that they require.
fn checks(
    runtime: &Runtime,
    cached: &Service,
    uncached: &Service,
    path: &Path,
    secrets: &[SessionSecret],
) -> Outcome {
    let bare = bare(path)?;
    let mut version = bare.prepare("SELECT version FROM accounts WHERE id=?1")?;
    let mut body = bare.prepare("SELECT body FROM account_bodies WHERE id=?1")?;
    let through = |service: &Service| {
        processor_time(|| {
            runtime.block_on(async {
                for number in 0..CHECKS {
                    let Some(secret) = secrets.get(number % secrets.len()) else { return };
                    assert!(black_box(service.caller(secret).await).is_ok(), "the session lives");
                }
            });
        })
    };
    compare(
        "check with cached account / bare read of the version",
        || through(cached),
        || processor_time(|| each(secrets, |id| version.query_row([id], |row| row.get::<_, i64>(0)).is_ok())),
    );
    compare(
        "the same / the same, prepare_cached each time",
        || through(cached),
        || processor_time(|| each(secrets, |id| version_by_cached(&bare, id))),
    );
    compare(
        "check without cache / bare read of the body",
        || through(uncached),
        || processor_time(|| each(secrets, |id| read_body(&mut body, id))),
    );
    Ok(())
}

fn version_by_cached(bare: &Connection, id: &str) -> bool {
    let statement = bare.prepare_cached("SELECT version FROM accounts WHERE id=?1");
    statement.and_then(|mut it| it.query_row([id], |row| row.get::<_, i64>(0))).is_ok()
}

fn read_body(statement: &mut Statement<'_>, id: &str) -> bool {
    statement.query_row([id], |row| row.get::<_, String>(0)).is_ok_and(|body| !black_box(body).is_empty())
}

/// Compares the rate of many concurrent writers with that of one.
fn saves(runtime: &Runtime, service: &Service, secrets: &[SessionSecret]) -> Outcome {
    let callers = runtime.block_on(async {
        let mut callers = Vec::new();
        for secret in secrets.iter().take(WRITERS) {
            callers.push(service.caller(secret).await?);
        }
        Ok::<_, account::Error>(callers)
    })?;
    let write = |writers: usize| {
        time(|| {
            runtime.block_on(async {
                let tasks: Vec<_> = callers
                    .iter()
                    .take(writers)
                    .map(|caller| tokio::spawn(rename(service.clone(), caller.clone())))
                    .collect();
                for task in tasks {
                    assert!(matches!(task.await, Ok(Ok(()))), "every save succeeds");
                }
            });
        })
    };
    compare_scaled(
        "rate of 16 writers / rate of one",
        || write(1).mul_f64(WRITERS as f64),
        || write(WRITERS),
        WRITERS * SAVES,
    );
    Ok(())
}

/// Compares the rate of durable sign-ups by many concurrent callers with that of one, with a hasher
/// that does almost no work.
fn sign_ups(runtime: &Runtime, path: &Path, refuse_common: bool) -> Outcome {
    let mut config = Config::new(MasterKey::generate()?);
    config.passwords.refuse_common = refuse_common;
    println!("common passwords refused: {refuse_common}");
    let service = AccountService::builder(SqliteStore::open(path)?)
        .config(config)
        .hasher(InstantHasher::default())
        .build()?;
    let made = Arc::new(AtomicUsize::new(0));
    let sign_up = |callers: usize, each: usize| {
        time(|| {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..callers)
                    .map(|_| tokio::spawn(newcomers(service.clone(), Arc::clone(&made), each)))
                    .collect();
                for task in tasks {
                    assert!(matches!(task.await, Ok(Ok(()))), "every sign-up succeeds");
                }
            });
        })
    };
    compare_scaled(
        "rate of 64 who sign up / rate of one",
        || sign_up(1, SIGN_UPS).mul_f64(CALLERS as f64),
        || sign_up(CALLERS, SIGN_UPS),
        CALLERS * SIGN_UPS,
    );
    Ok(())
}

async fn newcomers(service: Service, made: Arc<AtomicUsize>, count: usize) -> Result<(), account::Error> {
    for _ in 0..count {
        let email = format!("person-{}@example.com", made.fetch_add(1, Ordering::Relaxed)).parse()?;
        service.sign_up(SignUp::new(email, password(PASSWORD)), &ClientInfo::default()).await?;
    }
    Ok(())
}

async fn rename(service: Service, caller: Caller) -> Result<(), account::Error> {
    for number in 0..SAVES {
        let name = format!("{number}").parse()?;
        service.change_name(&caller, name).await?;
    }
    Ok(())
}

async fn fill(service: &Service, accounts: usize) -> Outcome<Vec<SessionSecret>> {
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (service, client) = (service.clone(), ClientInfo::default());
            tokio::spawn(async move {
                let mut secrets = Vec::new();
                for _ in (task..accounts).step_by(64) {
                    secrets.push(service.sign_in_anonymously(&client).await?.secret);
                }
                Ok::<_, account::Error>(secrets)
            })
        })
        .collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.extend(task.await??);
    }
    Ok(secrets)
}

fn service(store: SqliteStore) -> Outcome<Service> {
    Ok(AccountService::builder(store).config(Config::new(MasterKey::generate()?)).build()?)
}

/// Opens a connection with the store's settings for reading.
fn bare(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(PathBuf::from(path))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    Ok(connection)
}

fn each(secrets: &[SessionSecret], mut read: impl FnMut(&str) -> bool) {
    for number in 0..CHECKS {
        let Some(secret) = secrets.get(number % secrets.len()) else { return };
        assert!(black_box(read(secret.user().as_str())), "the account is there");
    }
}

fn compare(what: &str, ours: impl FnMut() -> Duration, bare: impl FnMut() -> Duration) {
    compare_scaled(what, ours, bare, CHECKS);
}

/// Prints the median of the ratios of the two times, and the best time of each per operation.
fn compare_scaled(
    what: &str,
    mut above: impl FnMut() -> Duration,
    mut below: impl FnMut() -> Duration,
    operations: usize,
) {
    above();
    below();
    let (mut ratios, mut best) = (Vec::new(), (Duration::MAX, Duration::MAX));
    for round in 0..ROUNDS {
        let (one, other) = if round % 2 == 0 {
            let one = above();
            (one, below())
        } else {
            let other = below();
            (above(), other)
        };
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        best = (best.0.min(one), best.1.min(other));
    }
    ratios.sort_by(f64::total_cmp);
    if let [lowest, .., highest] = ratios.as_slice() {
        let median = ratios.get(ROUNDS / 2).unwrap_or(lowest);
        let micros = |best: Duration| best.as_secs_f64() * 1e6 / operations as f64;
        let (above, below) = (micros(best.0), micros(best.1));
        println!("{what}: {median:.2} [{lowest:.2}..{highest:.2}], best {above:.2} / {below:.2} µs");
    }
}
