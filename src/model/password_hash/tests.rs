use super::*;

const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA";
const OUTPUT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A salt and a hash in bcrypt's digits.
const BCRYPT: &str = "abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";

fn phc(head: &str) -> String {
    format!("{head}${SALT}${OUTPUT}")
}

#[test]
fn a_valid_string_is_kept_unchanged() {
    for head in [
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2i$v=16$m=4096,t=3,p=1",
        "$argon2d$v=19$m=262144,t=16,p=16",
        "$argon2i$m=4096,t=3,p=1",
    ] {
        let hash = PasswordHash::parse(&phc(head)).unwrap();
        assert_eq!(hash.as_str(), phc(head));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, format!("\"{}\"", phc(head)));
        assert_eq!(serde_json::from_str::<PasswordHash>(&json).unwrap(), hash);
    }
}

#[test]
fn encoding_is_the_inverse_of_parsing() {
    let text = phc("$argon2id$v=19$m=64,t=2,p=4");
    let Checkable::Argon2(hash) = PasswordHash::parse(&text).unwrap().decode().unwrap() else {
        panic!("not Argon2")
    };
    assert_eq!(hash.encode().as_str(), text);
}

#[track_caller]
fn assert_rejected(text: &str, why: InvalidPasswordHash) {
    assert_eq!(PasswordHash::parse(text), Err(why), "{text}");
    assert!(serde_json::from_value::<PasswordHash>(text.into()).is_err());
}

#[test]
fn other_algorithms_and_parameters_are_rejected() {
    use InvalidPasswordHash::{Malformed, UnknownAlgorithm};

    for (head, why) in [
        ("$argon2id$v=18$m=64,t=1,p=1", UnknownAlgorithm),
        ("$argon2id$v=19$v=19$m=64,t=1,p=1", Malformed),
        ("$argon2ID$v=19$m=64,t=1,p=1", UnknownAlgorithm),
        ("$pbkdf2-sha256$i=600000", UnknownAlgorithm),
        ("argon2id$v=19$m=64,t=1,p=1", Malformed),
        ("$argon2id$v=19$m=64,t=1", Malformed),
        ("$argon2id$v=19$m=64,t=1,p=1,keyid=AAAA", Malformed),
        ("$argon2id$v=19$m=64,t=1,p=1,m=64", Malformed),
        ("$argon2id$v=19$t=1,m=64,p=1", Malformed),
        ("$argon2id$v=19$m=064,t=1,p=1", Malformed),
        ("$argon2id$v=19$m=00,t=1,p=1", Malformed),
        ("$argon2id$v=19$m=+64,t=1,p=1", Malformed),
        ("$argon2id$v=19$m=,t=1,p=1", Malformed),
        ("$argon2id$v=19$m=64,t=1,p=1 ", Malformed),
        ("$argon2id$v=19$$m=64,t=1,p=1", Malformed),
        ("$scrypt$N=16384,r=8,p=1", Malformed),
        ("$scrypt$r=8,ln=14,p=1", Malformed),
        ("$scrypt$v=1$ln=14,r=8,p=1", Malformed),
        ("$scrypt$ln=014,r=8,p=1", Malformed),
    ] {
        assert_rejected(&phc(head), why);
    }
}

#[test]
fn other_salts_and_outputs_are_rejected() {
    use InvalidPasswordHash::{Malformed, OutOfRange, UnknownAlgorithm};

    let good = "$argon2id$v=19$m=64,t=1,p=1";
    for (text, why) in [
        (String::new(), Malformed),
        ("$".into(), UnknownAlgorithm),
        ("password".into(), Malformed),
        ("pässword🔑".into(), Malformed),
        (format!("{good}${SALT}"), Malformed),
        (format!("{good}${SALT}${OUTPUT}$"), Malformed),
        (format!("{good}${SALT}=={}", &OUTPUT[..4]), Malformed),
        (format!("{good}$c2FsdA${OUTPUT}"), OutOfRange(HashLimit::Salt)),
        (format!("{good}${SALT}$AAECAwQFBgc"), OutOfRange(HashLimit::Output)),
        (format!("{good}${SALT}${}9", &OUTPUT[..OUTPUT.len() - 1]), Malformed),
        (format!("{good}${SALT}${}", "A".repeat(88)), OutOfRange(HashLimit::Output)),
        (format!("{good}${}${OUTPUT}", "A".repeat(88)), OutOfRange(HashLimit::Salt)),
        (format!("{good}${}${OUTPUT}", "A".repeat(10_000)), Malformed),
        (format!("$scrypt$ln=14,r=8,p=1$c2FsdA${OUTPUT}"), OutOfRange(HashLimit::Salt)),
    ] {
        assert_rejected(&text, why);
    }
}

#[test]
fn other_forms_of_bcrypt_are_rejected() {
    use InvalidPasswordHash::{Malformed, UnknownAlgorithm};

    for (text, why) in [
        (format!("$2b$10${SALT}${OUTPUT}"), Malformed),
        (format!("$2b${BCRYPT}"), Malformed),
        (format!("$2b$010${BCRYPT}"), Malformed),
        (format!("$2b$5${BCRYPT}"), Malformed),
        (format!("$2b$+5${BCRYPT}"), Malformed),
        (format!("$2b$05${BCRYPT}$"), Malformed),
        (format!("$2b$05${BCRYPT}."), Malformed),
        (format!("$2b$05${}", &BCRYPT[1..]), Malformed),
        (format!("$2b$05${}=", &BCRYPT[1..]), Malformed),
        (format!("$2b$05${}é", &BCRYPT[2..]), Malformed),
        (format!("$2b$05$é{}", &BCRYPT[2..]), Malformed),
        (format!("$2$05${BCRYPT}"), UnknownAlgorithm),
        (format!("$2c$05${BCRYPT}"), UnknownAlgorithm),
        (format!("$2B$05${BCRYPT}"), UnknownAlgorithm),
        // Marks hashes of the faulty implementation.
        (format!("$2x$05${BCRYPT}"), UnknownAlgorithm),
    ] {
        assert_rejected(&text, why);
    }
}

#[track_caller]
fn assert_out_of_range(text: &str, limit: HashLimit) {
    assert_eq!(PasswordHash::parse(text), Err(InvalidPasswordHash::OutOfRange(limit)), "{text}");
}

#[test]
fn excessive_costs_of_argon2_are_rejected_by_limit() {
    use HashLimit::{Argon2Memory, Argon2Parallelism, Argon2Time};

    for (costs, limit) in [
        ("m=4294967295,t=1,p=1", Argon2Memory),
        ("m=4294967296,t=1,p=1", Argon2Memory),
        ("m=99999999999999999999999,t=1,p=1", Argon2Memory),
        ("m=262145,t=1,p=1", Argon2Memory),
        ("m=64,t=17,p=1", Argon2Time),
        ("m=64,t=4294967295,p=1", Argon2Time),
        ("m=1024,t=1,p=17", Argon2Parallelism),
        ("m=1024,t=1,p=4294967295", Argon2Parallelism),
        ("m=64,t=1,p=16", Argon2Memory),
        ("m=64,t=0,p=1", Argon2Time),
        ("m=64,t=1,p=0", Argon2Parallelism),
        ("m=0,t=1,p=1", Argon2Memory),
    ] {
        assert_out_of_range(&phc(&format!("$argon2id$v=19${costs}")), limit);
    }
}

#[test]
fn excessive_costs_of_scrypt_are_rejected_by_limit() {
    use HashLimit::{ScryptMemory, ScryptParallelism};

    for (costs, limit) in [
        ("ln=0,r=8,p=1", ScryptMemory),
        ("ln=19,r=8,p=1", ScryptMemory),
        ("ln=18,r=9,p=1", ScryptMemory),
        ("ln=63,r=8,p=1", ScryptMemory),
        ("ln=64,r=8,p=1", ScryptMemory),
        ("ln=255,r=8,p=1", ScryptMemory),
        ("ln=256,r=8,p=1", ScryptMemory),
        ("ln=4294967296,r=8,p=1", ScryptMemory),
        ("ln=14,r=0,p=1", ScryptMemory),
        ("ln=1,r=65,p=1", ScryptMemory),
        ("ln=1,r=4294967295,p=1", ScryptMemory),
        ("ln=14,r=8,p=0", ScryptParallelism),
        ("ln=14,r=8,p=17", ScryptParallelism),
        ("ln=18,r=8,p=5", ScryptParallelism),
        ("ln=14,r=8,p=4294967295", ScryptParallelism),
    ] {
        assert_out_of_range(&phc(&format!("$scrypt${costs}")), limit);
    }
}

#[test]
fn excessive_costs_of_bcrypt_are_rejected() {
    for cost in ["00", "03", "15", "31", "32", "99"] {
        assert_out_of_range(&format!("$2b${cost}${BCRYPT}"), HashLimit::BcryptCost);
    }
}

#[test]
fn a_limit_is_described_in_words_and_numbers() {
    let described = |limit| InvalidPasswordHash::OutOfRange(limit).to_string();
    assert_eq!(described(HashLimit::BcryptCost), "the cost of a bcrypt hash is 4 to 14");
    assert_eq!(described(HashLimit::Argon2Memory), "`m` of an Argon2 hash is 8 for each lane to 262144 KiB");
    assert_eq!(
        described(HashLimit::ScryptMemory),
        "`ln` and `r` of a scrypt hash are at least 1, `r` at most 64, \
         128 × r × 2^ln at most 268435456 bytes"
    );
}

#[test]
fn no_edited_string_makes_the_parser_panic() {
    for good in [phc("$argon2id$v=19$m=64,t=1,p=1"), phc("$scrypt$ln=14,r=8,p=1"), format!("$2b$05${BCRYPT}")]
    {
        for at in 0..=good.len() {
            let (head, tail) = good.split_at(at);
            for inserted in ["", "$", ",", "=", "0", "9999999999", "\0", "é", "🔑", "v=19$", "m=", "ln="] {
                let _ = PasswordHash::parse(&format!("{head}{inserted}{tail}"));
                for cut in 1..=4 {
                    let rest = tail.get(cut..).unwrap_or_default();
                    let _ = PasswordHash::parse(&format!("{head}{inserted}{rest}"));
                }
            }
            let _ = PasswordHash::parse(head);
            let _ = PasswordHash::parse(tail);
        }
    }
}

#[cfg(feature = "import-hashes")]
#[test]
fn a_hash_of_an_older_system_is_kept_and_needs_a_rehash() {
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    let bcrypt = ["2a", "2b", "2y"].map(|name| format!("${name}$05${BCRYPT}"));
    let scrypt = ["ln=1,r=1,p=1", "ln=18,r=8,p=4", "ln=14,r=8,p=16", "ln=15,r=64,p=1"]
        .map(|costs| phc(&format!("$scrypt${costs}")));
    for text in bcrypt.into_iter().chain(scrypt) {
        let hash = PasswordHash::parse(&text).unwrap();
        assert_eq!(hash.as_str(), text);
        assert!(hash.needs_rehash(&cheap));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<PasswordHash>(&json).unwrap(), hash);
    }
}

#[cfg(not(feature = "import-hashes"))]
#[test]
fn without_the_feature_such_hashes_are_only_read_from_a_store() {
    for text in [format!("$2b$05${BCRYPT}"), phc("$scrypt$ln=14,r=8,p=1")] {
        assert_eq!(PasswordHash::parse(&text), Err(InvalidPasswordHash::FeatureMissing));
        assert_eq!(PasswordHash::try_from(text.clone()), Err(InvalidPasswordHash::FeatureMissing));
        let json = serde_json::to_string(&text).unwrap();
        let stored: PasswordHash = serde_json::from_str(&json).unwrap();
        assert!(stored.needs_rehash(&Argon2Params::default()));
        assert_eq!(serde_json::to_string(&stored).unwrap(), json);
    }
}

#[test]
fn weaker_hashes_need_a_rehash() {
    let today = Argon2Params::new(1024, 2, 1).unwrap();
    let needs = |head: &str| PasswordHash::parse(&phc(head)).unwrap().needs_rehash(&today);
    assert!(!needs("$argon2id$v=19$m=1024,t=2,p=1"));
    assert!(!needs("$argon2id$v=19$m=65536,t=4,p=3"));
    assert!(needs("$argon2id$v=19$m=1024,t=1,p=1"));
    assert!(needs("$argon2id$v=19$m=512,t=8,p=1"));
    assert!(needs("$argon2id$v=16$m=1024,t=2,p=1"));
    assert!(needs("$argon2i$v=19$m=1024,t=2,p=1"));
    let short = format!("$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ${OUTPUT}");
    assert!(PasswordHash::parse(&short).unwrap().needs_rehash(&today));
}

#[test]
fn debug_shows_neither_salt_nor_hash() {
    let hash = PasswordHash::parse(&phc("$argon2id$v=19$m=64,t=1,p=1")).unwrap();
    assert_eq!(format!("{hash:?}"), "PasswordHash(argon2id v=19,m=64,t=1,p=1)");
    let stored = |text: String| serde_json::from_value::<PasswordHash>(text.into()).unwrap();
    assert_eq!(format!("{:?}", stored(format!("$2y$05${BCRYPT}"))), "PasswordHash(bcrypt cost=5)");
    assert_eq!(format!("{:?}", stored(phc("$scrypt$ln=14,r=8,p=1"))), "PasswordHash(scrypt ln=14,r=8,p=1)");
}
