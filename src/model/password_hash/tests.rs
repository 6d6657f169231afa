use super::*;

const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA";
const OUTPUT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn phc(head: &str) -> String {
    format!("{head}${SALT}${OUTPUT}")
}

#[test]
fn a_known_string_is_kept_as_it_is() {
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
    assert_eq!(PasswordHash::parse(&text).unwrap().decode().unwrap().encode().as_str(), text);
}

#[test]
fn every_other_text_is_refused() {
    let mut refused: Vec<String> = [
        "$argon2id$v=18$m=64,t=1,p=1",
        "$argon2id$v=19$v=19$m=64,t=1,p=1",
        "$argon2ID$v=19$m=64,t=1,p=1",
        "$scrypt$ln=16,r=8,p=1",
        "$2b$10",
        "argon2id$v=19$m=64,t=1,p=1",
        "$argon2id$v=19$m=64,t=1",
        "$argon2id$v=19$m=64,t=1,p=1,keyid=AAAA",
        "$argon2id$v=19$m=64,t=1,p=1,m=64",
        "$argon2id$v=19$t=1,m=64,p=1",
        "$argon2id$v=19$m=064,t=1,p=1",
        "$argon2id$v=19$m=+64,t=1,p=1",
        "$argon2id$v=19$m=,t=1,p=1",
        "$argon2id$v=19$m=64,t=1,p=1 ",
        "$argon2id$v=19$$m=64,t=1,p=1",
    ]
    .map(phc)
    .into();
    let good = "$argon2id$v=19$m=64,t=1,p=1";
    refused.extend([
        String::new(),
        "$".into(),
        "password".into(),
        "pässword🔑".into(),
        format!("{good}${SALT}"),
        format!("{good}${SALT}${OUTPUT}$"),
        format!("{good}${SALT}=={}", &OUTPUT[..4]),
        format!("{good}$c2FsdA${OUTPUT}"),
        format!("{good}${SALT}$AAECAwQFBgc"),
        format!("{good}${SALT}${}9", &OUTPUT[..OUTPUT.len() - 1]),
        format!("{good}${SALT}${}", "A".repeat(200)),
        format!("{good}${}${OUTPUT}", "A".repeat(10_000)),
    ]);
    for text in refused {
        assert_eq!(PasswordHash::parse(&text), Err(InvalidPasswordHash), "{text}");
        assert!(serde_json::from_value::<PasswordHash>(text.into()).is_err());
    }
}

#[test]
fn hostile_costs_are_refused() {
    for costs in [
        "m=4294967295,t=1,p=1",
        "m=4294967296,t=1,p=1",
        "m=99999999999999999999999,t=1,p=1",
        "m=262145,t=1,p=1",
        "m=64,t=17,p=1",
        "m=64,t=4294967295,p=1",
        "m=1024,t=1,p=17",
        "m=64,t=1,p=16",
        "m=64,t=0,p=1",
        "m=64,t=1,p=0",
        "m=0,t=1,p=1",
    ] {
        assert_eq!(PasswordHash::parse(&phc(&format!("$argon2id$v=19${costs}"))), Err(InvalidPasswordHash));
    }
}

#[test]
fn no_edited_string_makes_the_parser_panic() {
    let good = phc("$argon2id$v=19$m=64,t=1,p=1");
    for at in 0..=good.len() {
        let (head, tail) = good.split_at(at);
        for inserted in ["", "$", ",", "=", "0", "\0", "é", "🔑", "v=19$", "m="] {
            let _ = PasswordHash::parse(&format!("{head}{inserted}{tail}"));
            let _ = PasswordHash::parse(&format!("{head}{inserted}{}", tail.get(1..).unwrap_or_default()));
        }
        let _ = PasswordHash::parse(head);
        let _ = PasswordHash::parse(tail);
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
}
