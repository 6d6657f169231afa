//! Compares the session check in memory with SHA-256 and one look-up in a std `HashMap`, at ten
//! thousand and a million accounts.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark"
)]

mod support;

use std::{collections::HashMap, hint::black_box, sync::Arc};

use account::{
    AccountService, Config, MasterKey, MemoryStore, SignedIn,
    model::{ClientInfo, SessionSecret, UserId},
};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};
use support::ratio;

const PER_ROUND: u32 = 20_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sizes: Vec<usize> =
        match std::env::args().filter_map(|argument| argument.parse().ok()).collect::<Vec<_>>() {
            given if given.is_empty() => vec![10_000, 1_000_000],
            given => given,
        };
    for accounts in sizes {
        let service = AccountService::builder(MemoryStore::new())
            .config(Config::new(MasterKey::generate().unwrap()))
            .build()
            .unwrap();
        let mut secrets: Vec<SessionSecret> = runtime.block_on(async {
            let mut secrets = Vec::with_capacity(accounts);
            for _ in 0..accounts {
                let SignedIn { secret, .. } =
                    service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
                secrets.push(secret);
            }
            secrets
        });
        // Requests arrive in no order of the accounts, but each brings its secret along.
        secrets.sort_by_cached_key(|secret| Sha256::digest(bits(secret)));
        let raw: Vec<[u8; 32]> = secrets.iter().map(bits).collect();
        let record = |secret: &SessionSecret| Record { user: *secret.user(), expires_at: i64::MAX };
        let entries = secrets
            .iter()
            .zip(&raw)
            .map(|(secret, bits)| (<[u8; 32]>::from(Sha256::digest(bits)), record(secret)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(_, record)| record.user);
        let floor: HashMap<[u8; 32], Arc<Record>> =
            entries.into_iter().map(|(digest, record)| (digest, Arc::new(record))).collect();
        let mut at = (0, 0);
        // As in a server, each check waits for the result of the one before. Otherwise the
        // processor would overlap many of them.
        ratio(
            &format!("session check in memory at {accounts} accounts / SHA-256 and one HashMap look-up"),
            41,
            PER_ROUND,
            || {
                for _ in 0..PER_ROUND {
                    let digest: [u8; 32] = Sha256::digest(raw[at.0]).into();
                    let found = black_box(floor.get(&digest).cloned()).unwrap();
                    at.0 = (at.0 + 1 + usize::from(found.expires_at < 1)) % accounts;
                }
            },
            || {
                runtime.block_on(async {
                    for _ in 0..PER_ROUND {
                        let caller = black_box(service.caller(&secrets[at.1]).await.unwrap());
                        at.1 = (at.1 + 1 + usize::from(caller.account().is_blocked())) % accounts;
                    }
                });
            },
        );
    }
}

/// The minimum that a session check has to find: the user and the expiry of the session.
#[derive(Debug)]
struct Record {
    user: UserId,
    expires_at: i64,
}

fn bits(secret: &SessionSecret) -> [u8; 32] {
    let json = BASE64.decode(secret.to_wire().as_bytes()).unwrap();
    let wire: serde_json::Value = serde_json::from_slice(&json).unwrap();
    HEXLOWER.decode(wire["secret"].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
}
