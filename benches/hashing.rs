//! Compares the hashing pool with bare Argon2id on reused memory, and measures the pool under a
//! flood of sign-ins.
//!
//! Every round measures both sides, so that other load on the machine cancels out of the ratio.

mod support;

use std::{error::Error, hint::black_box, sync::Arc, thread, time::Duration};

use account::{
    Argon2Params, Argon2Pool, Secret,
    ports::{HashError, PasswordHasher},
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use criterion::{Criterion, Throughput};
use support::{kib, now, percentile, time};
use tokio::runtime::Runtime;

const ROUNDS: usize = 21;
const HASHES_PER_THREAD: usize = 16;
const PASSWORD: &str = "correct horse battery staple";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    // Must come first, while nothing else has allocated memory.
    flood(&runtime)?;

    let today = Argon2Params::default();
    let params = Params::new(today.memory_kib(), today.time(), today.parallelism(), Some(32))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);

    for threads in [1, 2] {
        let pool = Arc::new(Argon2Pool::builder().threads(threads).build());
        let mut memories = vec![vec![Block::new(); argon2.params().block_count()]; threads];
        compare(threads, || bare(&argon2, &mut memories), || pooled(&runtime, &pool, threads));
    }

    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("argon2id m=19456 t=2 p=1");
    group.throughput(Throughput::Elements(1));
    let mut memory = vec![Block::new(); argon2.params().block_count()];
    group.bench_function("bare", |bencher| bencher.iter(|| one(&argon2, &mut memory)));
    let pool = Argon2Pool::builder().threads(1).build();
    group.bench_function("pool", |bencher| {
        bencher.iter(|| runtime.block_on(pool.hash(secret(), [7; 16])).is_ok());
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn compare(threads: usize, mut bare: impl FnMut(), mut pooled: impl FnMut()) {
    bare();
    pooled();
    let (mut ratios, mut best) = (Vec::new(), Duration::MAX);
    for round in 0..ROUNDS {
        let (bare, pooled) = if round % 2 == 0 {
            let bare = time(&mut bare);
            (bare, time(&mut pooled))
        } else {
            let pooled = time(&mut pooled);
            (time(&mut bare), pooled)
        };
        ratios.push(bare.as_secs_f64() / pooled.as_secs_f64());
        best = best.min(pooled);
    }
    ratios.sort_by(f64::total_cmp);
    if let [lowest, .., highest] = ratios.as_slice() {
        let median = ratios.get(ROUNDS / 2).unwrap_or(lowest);
        let rate = (threads * HASHES_PER_THREAD) as f64 / best.as_secs_f64();
        println!(
            "pool / bare argon2, {threads} threads: {median:.3} [{lowest:.3}..{highest:.3}], \
             best {rate:.1} hashes/s"
        );
    }
}

/// Starts a thousand verifications at the same moment.
fn flood(runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let pool = Arc::new(Argon2Pool::default());
    let before = kib("VmRSS:");
    let (mut refused, mut served, mut failed) = (Vec::new(), Vec::new(), 0);
    runtime.block_on(async {
        let arrived = now();
        let flood: Vec<_> = (0..1_000)
            .map(|_| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move {
                    let outcome = pool.verify(secret(), None).await;
                    (outcome, now().duration_since(arrived))
                })
            })
            .collect();
        for one in flood {
            let (outcome, waited) = one.await?;
            match outcome {
                Ok(_) => served.push(waited),
                Err(HashError::Busy) => refused.push(waited),
                Err(_) => failed += 1,
            }
        }
        Ok::<_, tokio::task::JoinError>(())
    })?;
    let grown = kib("VmHWM:").saturating_sub(before);
    let (served_count, refused_count) = (served.len(), refused.len());
    println!(
        "flood of 1,000: {refused_count} refused, p95 after {:?}; \
         {served_count} served, the last after {:?}; {failed} failed; \
         memory grew by at most {grown} KiB",
        percentile(&mut refused, 95),
        percentile(&mut served, 100),
    );
    Ok(())
}

fn pooled(runtime: &Runtime, pool: &Arc<Argon2Pool>, threads: usize) {
    runtime.block_on(async {
        let jobs: Vec<_> = (0..threads * HASHES_PER_THREAD)
            .map(|_| {
                let pool = Arc::clone(pool);
                tokio::spawn(async move { pool.hash(secret(), [7; 16]).await.is_ok() })
            })
            .collect();
        for job in jobs {
            assert!(matches!(job.await, Ok(true)), "the queue has room for all jobs");
        }
    });
}

fn bare(argon2: &Argon2<'_>, memories: &mut [Vec<Block>]) {
    thread::scope(|scope| {
        for memory in memories {
            scope.spawn(move || {
                // The pool's priority: otherwise other load would slow down only one side.
                #[cfg(target_os = "linux")]
                let _ = rustix::process::setpriority_process(None, 10);
                (0..HASHES_PER_THREAD).for_each(|_| one(argon2, memory));
            });
        }
    });
}

fn one(argon2: &Argon2<'_>, memory: &mut [Block]) {
    let mut output = [0; 32];
    let done = argon2.hash_password_into_with_memory(PASSWORD.as_bytes(), &[7; 16], &mut output, memory);
    assert!(black_box(done).is_ok(), "the memory is large enough");
    black_box(output);
}

fn secret() -> Arc<Secret> {
    Arc::new(Secret::new(PASSWORD.to_owned()))
}
