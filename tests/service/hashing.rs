//! The pool as an application sees it: through the port, from any executor.

use std::sync::Arc;

use account::{
    Argon2Params, Argon2Pool, Secret,
    model::PasswordHash,
    ports::{HashError, PasswordHasher, Verdict},
};

const SALT: [u8; 16] = *b"sixteen bytes...";

fn secret(password: &str) -> Arc<Secret> {
    Arc::new(Secret::new(password.to_owned()))
}

#[tokio::test]
async fn a_password_verifies_against_its_hash_and_no_other() {
    let hasher: Arc<dyn PasswordHasher> = Arc::new(Argon2Pool::new(Argon2Params::new(8, 1, 1).unwrap()));
    let hash = hasher.hash(secret("correct horse"), SALT).await.unwrap();
    assert_eq!(PasswordHash::parse(hash.as_str()).unwrap(), hash);
    let verdict = hasher.verify(secret("correct horse"), Some(hash.clone())).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, weaker: false });
    let verdict = hasher.verify(secret("Correct horse"), Some(hash)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: false, weaker: false });
    let verdict = hasher.verify(secret("correct horse"), None).await.unwrap();
    assert_eq!(verdict, Verdict { matches: false, weaker: false });
}

#[tokio::test]
async fn the_salt_makes_hashes_of_one_password_differ() {
    let pool = Argon2Pool::new(Argon2Params::new(8, 1, 1).unwrap());
    let one = pool.hash(secret("p"), SALT).await.unwrap();
    let same = pool.hash(secret("p"), SALT).await.unwrap();
    let other = pool.hash(secret("p"), [7; 16]).await.unwrap();
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[tokio::test]
async fn an_imported_hash_verifies_and_is_told_to_be_weaker() {
    let pool = Argon2Pool::new(Argon2Params::new(512, 2, 1).unwrap());
    let imported = "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs";
    let imported = PasswordHash::parse(imported).unwrap();
    let verdict = pool.verify(secret("password"), Some(imported)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, weaker: true });
}

#[tokio::test(flavor = "multi_thread")]
async fn h29_in_a_flood_everyone_is_answered_and_the_pool_recovers() {
    let params = Argon2Params::new(1_024, 1, 1).unwrap();
    let pool = Arc::new(Argon2Pool::builder().params(params).threads(1).queue(4).build());
    let flood: Vec<_> = (0..1_000)
        .map(|_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.verify(secret("guess"), None).await })
        })
        .collect();
    let (mut answered, mut refused) = (0, 0);
    for one in flood {
        match one.await.unwrap() {
            Ok(verdict) => {
                assert!(!verdict.matches);
                answered += 1;
            }
            Err(error) => {
                assert_eq!(error, HashError::Busy);
                refused += 1;
            }
        }
    }
    assert!(answered >= 4, "{answered} answered, {refused} refused");
    assert_eq!(answered + refused, 1_000);
    assert!(pool.hash(secret("p"), SALT).await.is_ok());
}
