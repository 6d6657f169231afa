//! Accounts whose password was hashed by an older system, from the import to the sign-in that
//! replaces the hash.

use std::sync::Arc;

use account::{
    AccountService, Argon2Params, Argon2Pool, Config, MasterKey, Secret,
    model::{ClientInfo, InvalidPasswordHash, PasswordHash, UserId},
    ports::{PasswordHasher, Verdict},
    testing::{PASSWORD, TestHost, password},
};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::support::{fixtures::*, text_store::TextStore};

/// Hashes of [`PASSWORD`], made by libxcrypt, OpenSSL and the reference implementation of Argon2.
const OLD: [&str; 6] = [
    "$2a$05$abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW",
    "$2b$05$abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW",
    "$2y$05$abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW",
    "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$VVNc/SQIFt25Y9hHexeRbx9vjXEMOmtQDVOjnjUH1D8",
    "$argon2d$v=19$m=64,t=2,p=1$c29tZXNhbHQ$pfPahat+z7B3F9cGTw8+OBW1Tx0AwKwy46sxojOp+ng",
    "$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQ$xRLOFUAzF0kO6zRZrtQcj/Uyr/V53pyi1N7JAJRfFiE",
];
/// Beside them, Argon2id of 64 KiB and two passes.
const STILL_GOOD: &str =
    "$argon2id$v=19$m=64,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$rE4+vnPufJgIjW0ZnpwTirnTw60TAT4Zvbhie9i6u4s";
/// The hash of "0123456789abcdef", five times over.
const OF_80_BYTES: &str = "$2b$05$abcdefghijklmnopqrstuunIbMmRDSn31OEtajoxyPJzQEnn3X8b2";

fn pool() -> Argon2Pool {
    Argon2Pool::builder().params(Argon2Params::new(64, 2, 1).unwrap()).threads(1).build()
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(text.to_owned()))
}

/// Ada's account with this hash as an import would have stored it, once as the password and twice
/// in the history.
async fn imported(hash: &str) -> (TextStore, TestHost, UserId) {
    let texts = TextStore::default();
    let host = TestHost::with(texts.clone(), |config| config.passwords.history = 3);
    let (_, caller) = ada(&host).await;
    let (hash, id) = (PasswordHash::parse(hash).unwrap(), *caller.user_id());
    texts.edit(&id, |account| {
        account["password"]["hash"] = hash.as_str().into();
        account["password_history"] = serde_json::json!([OF_80_BYTES, hash.as_str()]);
    });
    (texts, host, id)
}

#[tokio::test]
async fn the_first_sign_in_replaces_an_old_hash_in_the_account_and_its_history() {
    for old in OLD {
        let (texts, host, id) = imported(old).await;
        assert_eq!(code(sign_in(&host, ADA, OTHER).await), "user_invalid_credentials");
        assert_eq!(texts.account(&id)["password"]["hash"], old, "a wrong guess replaces nothing");

        let service = AccountService::builder(texts.clone())
            .config(Config::new(MasterKey::generate().unwrap()))
            .clock(host.clock.clone())
            .hasher(pool())
            .build()
            .unwrap();
        let sign_in = async || {
            service
                .sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &ClientInfo::default())
                .await
        };
        sign_in().await.unwrap();
        let account = texts.account(&id);
        let new = account["password"]["hash"].as_str().unwrap().to_owned();
        assert!(new.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{new}");
        assert_eq!(account["password_history"], serde_json::json!([OF_80_BYTES, new]));

        sign_in().await.unwrap();
        assert_eq!(texts.account(&id)["password"]["hash"], new.as_str(), "once is enough");
    }
}

#[tokio::test]
async fn the_hasher_of_tests_replaces_an_old_hash_too() {
    for old in OLD {
        let (texts, host, id) = imported(old).await;
        sign_in(&host, ADA, PASSWORD).await.unwrap();
        assert_ne!(texts.account(&id)["password"]["hash"], old);
        assert!(opens(&host, ADA).await);
    }
}

#[tokio::test]
async fn old_hashes_in_the_history_still_refuse_their_passwords() {
    let earlier = "0123456789abcdef".repeat(5);
    for old in OLD {
        let (_, host, _) = imported(old).await;
        let caller = host.caller(&host.signed_in(ADA).await).await;
        let change =
            async |new| host.service.change_password(&caller, password(new), Some(password(PASSWORD))).await;
        assert_eq!(code(change(PASSWORD).await), "password_recently_used");
        assert_eq!(code(change(&earlier).await), "password_recently_used");
        change(OTHER).await.unwrap();
    }
}

#[tokio::test]
async fn after_the_first_sign_in_every_byte_of_a_long_password_counts() {
    let (_, host, _) = imported(OF_80_BYTES).await;
    let long = "0123456789abcdef".repeat(5);
    assert_eq!(code(sign_in(&host, ADA, &long[..71]).await), "user_invalid_credentials");
    sign_in(&host, ADA, &long).await.unwrap();
    sign_in(&host, ADA, &long).await.unwrap();
    for other in [&long[..72], &long[..79], &format!("{long}x")] {
        assert_eq!(code(sign_in(&host, ADA, other).await), "user_invalid_credentials");
    }
}

#[tokio::test]
async fn a_hash_is_told_to_be_weaker_unless_it_is_as_strong_as_one_of_today() {
    let pool = pool();
    for old in OLD {
        let old = PasswordHash::parse(old).unwrap();
        let verdict = pool.verify(secret(PASSWORD), Some(old.clone())).await.unwrap();
        assert_eq!(verdict, Verdict { matches: true, weaker: true }, "{old:?}");
        let verdict = pool.verify(secret(OTHER), Some(old.clone())).await.unwrap();
        assert_eq!(verdict, Verdict { matches: false, weaker: true }, "{old:?}");
    }
    let good = PasswordHash::parse(STILL_GOOD).unwrap();
    let verdict = pool.verify(secret(PASSWORD), Some(good)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, weaker: false });
}

#[tokio::test]
async fn under_cover_the_verdicts_are_the_same() {
    for cover in OLD {
        let cover = PasswordHash::parse(cover).unwrap();
        let pool = Argon2Pool::builder().params(Argon2Params::new(64, 2, 1).unwrap()).threads(1).cover(cover);
        let pool = pool.build();
        for old in OLD.into_iter().chain([STILL_GOOD]) {
            let old = PasswordHash::parse(old).unwrap();
            assert!(pool.verify(secret(PASSWORD), Some(old.clone())).await.unwrap().matches);
            assert!(!pool.verify(secret(OTHER), Some(old)).await.unwrap().matches);
        }
        let none = pool.verify(secret(PASSWORD), None).await.unwrap();
        assert_eq!(none, Verdict { matches: false, weaker: false });
    }
}

/// Texts that come close to a hash: its pieces, in any order, among anything else.
fn near_a_hash() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$".to_owned()),
        proptest::sample::select(vec![
            "$2a$",
            "$2b$",
            "$2y$",
            "$2x$",
            "04$",
            "14$",
            "05$",
            "$scrypt$",
            "ln=",
            "r=",
            "p=",
            ",",
            "1",
            "10",
            "$argon2id$",
            "$argon2i$",
            "v=19$",
            "m=64,t=1,p=1$",
            "ln=10,r=8,p=1$",
            "AAECAwQFBgcICQoLDA0ODw",
            "4294967296",
            "abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW",
        ])
        .prop_map(str::to_owned),
        "[./A-Za-z0-9+$=,é]{0,40}",
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_text_makes_the_parser_panic_and_what_it_takes_it_keeps(
        text in prop_oneof![near_a_hash(), any::<String>()],
    ) {
        match PasswordHash::parse(&text) {
            Ok(hash) => prop_assert_eq!(hash.as_str(), text),
            Err(error) => prop_assert!(error.to_string().len() > 20),
        }
    }
}

#[tokio::test]
async fn whatever_was_parsed_can_be_checked() {
    let pool = pool();
    for old in OLD {
        for (at, _) in old.char_indices() {
            for letter in [".", "/", "0", "9", "z", "$", "é"] {
                let edited = format!("{}{letter}{}", &old[..at], &old[at + 1..]);
                if let Ok(hash) = PasswordHash::parse(&edited) {
                    let verdict = pool.verify(secret(OTHER), Some(hash)).await;
                    assert!(!verdict.unwrap().matches, "{edited}");
                }
            }
        }
    }
}

#[test]
fn a_hash_of_the_faulty_bcrypt_is_refused() {
    let faulty = "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    assert_eq!(PasswordHash::parse(faulty), Err(InvalidPasswordHash::UnknownAlgorithm));
    PasswordHash::parse(&faulty.replace("$2x$", "$2y$")).unwrap();
}

#[tokio::test]
async fn v2_an_imported_hash_is_checked_as_typed_and_normalized() {
    let (composed, decomposed) = ("pässwörd-ünïcode", "pa\u{308}sswo\u{308}rd-u\u{308}ni\u{308}code");
    let texts = TextStore::default();
    let host = TestHost::with(texts.clone(), |_| ());
    let (_, caller) = ada(&host).await;
    let service = AccountService::builder(texts.clone())
        .config(Config::new(MasterKey::generate().unwrap()))
        .clock(host.clock.clone())
        .hasher(pool())
        .build()
        .unwrap();
    let sign_in = async |text: &str| {
        let (email, client) = (ADA.parse().unwrap(), ClientInfo::default());
        service.sign_in_with_password(email, password(text), &client).await.is_ok()
    };
    for hashed in [composed, decomposed] {
        // As strong as a new one: it is replaced because of its form alone.
        let imported = pool().hash(secret(hashed), [7; 16]).await.unwrap();
        texts.edit(caller.user_id(), |account| account["password"]["hash"] = imported.as_str().into());
        assert!(!sign_in("passwort-unicode").await);
        assert!(sign_in(hashed).await, "as it was typed at the older system");
        assert!(sign_in(composed).await && sign_in(decomposed).await);
    }
    // Hashed by libxcrypt in NFC.
    let imported = "$2b$05$abcdefghijklmnopqrstuudJWRvdZAcm4E4FcCNJ3ny0.xONimgES";
    texts.edit(caller.user_id(), |account| account["password"]["hash"] = imported.into());
    assert!(sign_in(decomposed).await);
}
