//! Compares sign-ins with bare Argon2id on reused memory and JWTs with bare HMAC-SHA-256, and
//! measures a flood of a thousand sign-ins.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark"
)]

mod support;

use std::{hint::black_box, thread};

use account::{
    AccountService, Argon2Params, Argon2Pool, Config, Error, MasterKey, MemoryStore, SignUp,
    model::{ClientInfo, Password},
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use support::{kib, now, percentile, ratio};
use tokio::runtime::Runtime;

const PASSWORD: &str = "tr4verse-Cobalt-heron";
const PER_THREAD: usize = 16;

type Service = AccountService<MemoryStore>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .build()
        .unwrap();
    // Must come first, while nothing else has allocated memory, but after a sign-in has loaded the
    // code.
    warm_up(&runtime);
    flood(&runtime, &service);
    runtime
        .block_on(
            service
                .sign_up(SignUp::new("ada@example.com".parse().unwrap(), password()), &ClientInfo::default()),
        )
        .unwrap();

    let mut threads = vec![1, 2, thread::available_parallelism().map_or(1, usize::from)];
    threads.dedup();
    for threads in threads {
        throughput(&runtime, threads);
    }
    jwts(&runtime, &service);
}

/// Compares sign-ins on a pool of `threads` threads with bare hashing on as many threads.
fn throughput(runtime: &Runtime, threads: usize) {
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .hasher(Argon2Pool::builder().threads(threads).build())
        .build()
        .unwrap();
    let ada = SignUp::new("ada@example.com".parse().unwrap(), password());
    runtime.block_on(service.sign_up(ada, &ClientInfo::default())).unwrap();
    let today = Argon2Params::default();
    let params = Params::new(today.memory_kib(), today.time(), today.parallelism(), Some(32)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut memories = vec![vec![Block::new(); argon2.params().block_count()]; threads];
    let slower = ratio(
        &format!("sign-in / bare Argon2id on {threads} threads"),
        21,
        (threads * PER_THREAD) as u32,
        || bare(&argon2, &mut memories),
        || sign_ins(runtime, &service, threads * PER_THREAD),
    );
    println!("  throughput: {:.3} × that of bare hashing", 1.0 / slower);
}

fn sign_ins(runtime: &Runtime, service: &Service, count: usize) {
    runtime.block_on(async {
        let tasks: Vec<_> =
            (0..count).map(|_| tokio::spawn(sign_in(service.clone(), "ada@example.com".into()))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

async fn sign_in(service: Service, email: String) -> Result<(), Error> {
    service.sign_in_with_password(email.parse().unwrap(), password(), &ClientInfo::default()).await.map(drop)
}

fn bare(argon2: &Argon2<'_>, memories: &mut [Vec<Block>]) {
    thread::scope(|scope| {
        for memory in memories {
            scope.spawn(move || {
                // The pool's priority: otherwise other load would slow down only one side.
                #[cfg(target_os = "linux")]
                let _ = rustix::process::setpriority_process(None, 10);
                for _ in 0..PER_THREAD {
                    let mut output = [0; 32];
                    argon2
                        .hash_password_into_with_memory(
                            PASSWORD.as_bytes(),
                            &[7; 16],
                            &mut output,
                            &mut *memory,
                        )
                        .unwrap();
                    black_box(output);
                }
            });
        }
    });
}

/// Attempts a sign-in with a very cheap hash, so that the code is loaded into memory.
fn warm_up(runtime: &Runtime) {
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .hasher(Argon2Pool::builder().params(Argon2Params::new(8, 1, 1).unwrap()).build())
        .build()
        .unwrap();
    let outcome = runtime.block_on(sign_in(service, "unknown@example.com".into()));
    assert!(matches!(outcome, Err(Error::InvalidCredentials)), "the account does not exist");
}

/// Starts a thousand sign-ins at the same moment, to accounts that do not exist. They do the same
/// work as sign-ins to existing accounts.
fn flood(runtime: &Runtime, service: &Service) {
    let before = kib("VmRSS:");
    let (mut refused, mut served) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let arrived = now();
        let tasks: Vec<_> = (0..1_000)
            .map(|n| {
                let service = service.clone();
                tokio::spawn(async move {
                    let outcome = sign_in(service, format!("unknown{n}@example.com")).await;
                    (outcome, now().duration_since(arrived))
                })
            })
            .collect();
        for task in tasks {
            match task.await.unwrap() {
                (Err(Error::Busy(_)), waited) => refused.push(waited),
                (_, waited) => served.push(waited),
            }
        }
    });
    let grown = kib("VmHWM:").saturating_sub(before);
    println!(
        "flood of 1,000 sign-ins: {} refused, p95 after {:?}; {} served, the last after {:?}; \
         memory grew by at most {grown} KiB",
        refused.len(),
        percentile(&mut refused, 95),
        served.len(),
        percentile(&mut served, 100),
    );
}

fn jwts(runtime: &Runtime, service: &Service) {
    let (caller, jwt) = runtime.block_on(async {
        let signed_in = service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
        let caller = service.caller(&signed_in.secret).await.unwrap();
        let jwt = service.issue_jwt(&caller).await.unwrap().as_str().to_owned();
        (caller, jwt)
    });
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    let signed = jwt.rsplit_once('.').unwrap().0;
    let mut tag = || {
        for _ in 0..10_000 {
            black_box(mac.clone().chain_update(black_box(signed)).finalize());
        }
    };
    ratio("issuing a JWT, its log entry included / one HMAC-SHA-256 of it", 21, 10_000, &mut tag, || {
        runtime.block_on(async {
            for _ in 0..10_000 {
                black_box(service.issue_jwt(&caller).await.unwrap());
            }
        });
    });
    ratio("verifying a JWT, its session included / one HMAC-SHA-256 of it", 21, 10_000, &mut tag, || {
        runtime.block_on(async {
            for _ in 0..10_000 {
                black_box(service.caller_by_jwt(&jwt).await.unwrap());
            }
        });
    });
}

fn password() -> Password {
    PASSWORD.parse().unwrap()
}
