//! The primary dies under load, its synchronous standby takes over: nodes go on by themselves, and
//! nothing that was acknowledged is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use account::{Caller, Error, PostgresStore, ports::Parts, ports::Store};

use crate::postgres::{Postgres, Service, everything, id, mailbox, service, sign_up};

const WRITERS: usize = 8;
/// So many changes of each writer before the failover, and so many after it.
const CHANGES: u32 = 20;
const SOON: Duration = Duration::from_secs(90);

/// What a writer has seen.
#[derive(Default)]
struct Seen {
    /// The number that it wrote last and was told is kept.
    acknowledged: AtomicU32,
    failed: AtomicU32,
    is_over: AtomicBool,
}

impl Seen {
    /// Writes numbers, each until it is acknowledged.
    async fn write(&self, service: &Service, caller: &Caller) {
        while !self.is_over.load(SeqCst) {
            let number = self.acknowledged.load(SeqCst) + 1;
            match service.change_name(caller, number.to_string().parse().unwrap()).await {
                Ok(_) => self.acknowledged.store(number, SeqCst),
                Err(Error::Store(_)) => {
                    self.failed.fetch_add(1, SeqCst);
                    // As a client does before it asks again.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_standby_takes_over_and_has_all_that_was_acknowledged() {
    // Without its standby the primary acknowledges nothing.
    let Some(mut primary) = Postgres::durable_with(&["synchronous_standby_names=*"]) else { return };
    let standby = primary.standby();
    let streams = "SELECT count(*) FROM pg_stat_replication WHERE sync_state='sync' AND state='streaming'";
    until("the standby follows", || primary.execute("postgres", streams) == "1\n").await;
    let url = format!(
        "postgres://account@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write&options=-csynchronous_commit%3Don",
        primary.port, standby.port
    );
    let builder = PostgresStore::builder().timeout(Duration::from_secs(5));
    let nodes = [
        service(builder.clone().connect(&url).await.unwrap()),
        service(builder.connect(&url).await.unwrap()),
    ];
    let (mut writers, mut writing) = (Vec::new(), tokio::task::JoinSet::new());
    for writer in 0..WRITERS {
        let seen = Arc::new(Seen::default());
        writers.push(Arc::clone(&seen));
        let node = nodes[writer % 2].clone();
        let (caller, _) = sign_up(&node, &format!("writer{writer}")).await;
        writing.spawn(async move { seen.write(&node, &caller).await });
    }
    let acknowledged = || writers.iter().map(|seen| seen.acknowledged.load(SeqCst)).collect::<Vec<_>>();
    until("all write", || acknowledged().iter().all(|number| *number >= CHANGES)).await;

    let killed = Instant::now();
    primary.kill();
    let before = acknowledged();
    standby.promote();
    let promoted = killed.elapsed();
    until("the first goes on", || acknowledged() != before).await;
    let resumed = killed.elapsed();
    until("all go on", || acknowledged().iter().zip(&before).all(|(now, then)| *now >= then + CHANGES)).await;
    eprintln!(
        "promoted {promoted:?} after the kill, first change {resumed:?}, {CHANGES} by each of {WRITERS} {:?}; \
         {before:?} acknowledged before, {} failed",
        killed.elapsed(),
        writers.iter().map(|seen| seen.failed.load(SeqCst)).sum::<u32>()
    );

    writers.iter().for_each(|seen| seen.is_over.store(true, SeqCst));
    while let Some(ended) = writing.join_next().await {
        ended.unwrap();
    }
    let survivor = PostgresStore::connect(&standby.url("postgres")).await.unwrap();
    for (writer, number) in acknowledged().into_iter().enumerate() {
        let name = format!("writer{writer}");
        let stored = survivor.load(&mailbox(&name), Parts::Body).await.unwrap().unwrap();
        assert_eq!(stored.account.name().as_str(), number.to_string());
        // Each acknowledged change has its entry in the log, beside those of the sign-up and the
        // sign-in.
        let entries = survivor.events(&id(&name), everything()).await.unwrap().total;
        assert!(entries >= u64::from(number) + 2, "{entries} of {number}");
    }
}
