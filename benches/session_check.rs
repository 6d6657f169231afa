//! The session check in memory against SHA-256 and one look-up in a std `HashMap`, at ten thousand and a million accounts.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a benchmark")]

mod support;

use std::{collections::HashMap, hint::black_box, sync::Arc};

use account::{
    AccountService, Config, MasterKey, MemoryStore, SignedIn,
    model::{Client, SessionSecret},
};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};
use support::ratio;

const PER_ROUND: u32 = 20_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sizes = if std::env::args().any(|argument| argument == "--small") { &[10_000][..] } else { &[10_000, 1_000_000] };
    for accounts in sizes.iter().copied() {
        let service = AccountService::builder(MemoryStore::new()).config(Config::new(MasterKey::generate().unwrap())).build().unwrap();
        let secrets: Vec<SessionSecret> = runtime.block_on(async {
            let mut secrets = Vec::with_capacity(accounts);
            for _ in 0..accounts {
                let SignedIn { secret, .. } = service.sign_in_anonymously(&Client::default()).await.unwrap();
                secrets.push(secret);
            }
            secrets
        });
        // Each look-up names the next, as in a server each check waits for its answer: without that, the processor runs many at once.
        let next = |n: usize| (n + 7_368_787) % accounts;
        let raw: Vec<[u8; 32]> = secrets.iter().map(bits).collect();
        let floor: HashMap<[u8; 32], Arc<usize>> =
            raw.iter().enumerate().map(|(n, bits)| (Sha256::digest(bits).into(), Arc::new(next(n)))).collect();
        let id_length = secrets[0].user().as_str().len();
        let mut at = (0, 0);
        ratio(
            &format!("session check in memory at {accounts} accounts / SHA-256 and one HashMap look-up"),
            41,
            PER_ROUND,
            || {
                for _ in 0..PER_ROUND {
                    let digest: [u8; 32] = Sha256::digest(raw[at.0]).into();
                    at.0 = *black_box(floor.get(&digest).cloned()).unwrap();
                }
            },
            || {
                runtime.block_on(async {
                    for _ in 0..PER_ROUND {
                        let caller = black_box(service.caller(&secrets[at.1]).await.unwrap());
                        at.1 = next(at.1 + caller.session_id().as_str().len() - id_length);
                    }
                });
            },
        );
    }
}

fn bits(secret: &SessionSecret) -> [u8; 32] {
    let json = BASE64.decode(secret.to_wire().as_bytes()).unwrap();
    let wire: serde_json::Value = serde_json::from_slice(&json).unwrap();
    HEXLOWER.decode(wire["secret"].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
}
