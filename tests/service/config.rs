//! The configuration is checked as a whole before a service exists.

use std::time::Duration;

use account::{AccountService, Config, MasterKey, MemoryStore};

fn refused(change: impl FnOnce(&mut Config)) -> &'static str {
    let mut config = Config::new(MasterKey::generate().unwrap());
    change(&mut config);
    AccountService::builder(MemoryStore::new()).config(config).build().unwrap_err().field
}

fn accepted(change: impl FnOnce(&mut Config)) {
    let mut config = Config::new(MasterKey::generate().unwrap());
    change(&mut config);
    AccountService::builder(MemoryStore::new()).config(config).build().unwrap();
}

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

#[test]
fn both_profiles_are_accepted_as_they_are() {
    accepted(|_| ());
    let key = MasterKey::generate().unwrap();
    AccountService::builder(MemoryStore::new()).config(Config::appwrite_1_6(key)).build().unwrap();
}

#[test]
fn a_service_without_a_configuration_is_refused() {
    assert_eq!(AccountService::builder(MemoryStore::new()).build().unwrap_err().field, "config");
}

#[test]
fn each_rule_names_the_field_that_breaks_it() {
    assert_eq!(refused(|config| config.keys.clear()), "keys");
    for project in ["", "-x", ".x", "a b", "a/b", "a\nb", "ä", "a;b", &"x".repeat(37)] {
        assert_eq!(refused(|config| config.project = project.into()), "project");
    }
    for name in ["", "a\r\nBcc: x@example.com", "a\0"] {
        assert_eq!(refused(|config| config.project_name = name.into()), "project_name");
    }
    for lifetime in [Duration::ZERO, 60 * SECOND - MILLISECOND, TEN_YEARS + MILLISECOND, Duration::MAX] {
        assert_eq!(refused(|config| config.session_lifetime = lifetime), "session_lifetime");
    }
    for limit in [0, 101, usize::MAX] {
        assert_eq!(refused(|config| config.session_limit = limit), "session_limit");
    }
    for lifetime in [Duration::ZERO, SECOND - MILLISECOND, 3600 * SECOND + MILLISECOND, Duration::MAX] {
        assert_eq!(refused(|config| config.jwt_lifetime = lifetime), "jwt_lifetime");
    }
    assert_eq!(refused(|config| config.passwords.history = 21), "passwords.history");
    for word in ["", "ab"] {
        let words = vec!["fine".into(), word.into()];
        assert_eq!(refused(|config| config.passwords.context_words = words), "passwords.context_words");
    }
    for run in [0, 1001, u32::MAX] {
        assert_eq!(refused(|config| config.lockout.threshold = run), "lockout.threshold");
    }
    for lock in [Duration::ZERO, 24 * 3600 * SECOND + MILLISECOND] {
        assert_eq!(refused(|config| config.lockout.duration = lock), "lockout.duration");
    }
    for limit in [0, 1001] {
        assert_eq!(refused(|config| config.target_limit = limit), "target_limit");
    }
    for page in [0, 5001] {
        assert_eq!(refused(|config| config.log_page = page), "log_page");
    }
    for timeout in [Duration::ZERO, 99 * MILLISECOND, 60 * SECOND + MILLISECOND] {
        assert_eq!(refused(|config| config.conflict_timeout = timeout), "conflict_timeout");
    }
}

#[test]
fn a_cap_below_the_lifetime_is_refused() {
    let cap = |by: Duration| {
        move |config: &mut Config| config.session_max_lifetime = Some(config.session_lifetime - by)
    };
    assert_eq!(refused(cap(MILLISECOND)), "session_max_lifetime");
    accepted(cap(Duration::ZERO));
}

#[test]
fn the_bounds_themselves_are_accepted() {
    for (lifetime, limit, jwt) in [(60 * SECOND, 1, SECOND), (TEN_YEARS, 100, 3600 * SECOND)] {
        accepted(|config| {
            (config.session_lifetime, config.session_limit, config.jwt_lifetime) = (lifetime, limit, jwt);
        });
    }
    for (run, targets, page, patience, history) in
        [(1, 1, 1, 100 * MILLISECOND, 0), (1000, 1000, 5000, 60 * SECOND, 20)]
    {
        accepted(|config| {
            config.lockout.threshold = run;
            (config.target_limit, config.log_page) = (targets, page);
            (config.conflict_timeout, config.passwords.history) = (patience, history);
        });
    }
    for project in ["a", "my-app_1.0", &"x".repeat(36)] {
        accepted(|config| config.project = project.into());
    }
}

#[cfg(not(feature = "strength"))]
#[test]
fn the_dictionary_needs_its_feature() {
    assert_eq!(refused(|config| config.passwords.refuse_common = true), "passwords.refuse_common");
}

#[test]
fn asvs_6_3_2_a_key_that_is_no_randomness_is_refused() {
    for text in ["", "secret", "changeme", "your-secret-key", "bm90IGxvbmcgZW5vdWdo", "!!!"] {
        MasterKey::from_base64(text).unwrap_err();
    }
    let bytes: [&[u8]; 6] = [
        &[0; 32],
        &[0xff; 64],
        &[1, 2, 3, 4].repeat(8),
        b"0123456789abcdef0123456789abcdef",
        b"please change me, this is only a placeholder",
        &(0..31).collect::<Vec<u8>>(),
    ];
    for bytes in bytes {
        MasterKey::from_bytes(bytes).unwrap_err();
    }
    MasterKey::from_bytes(&vec![7; 1025]).unwrap_err();
}

#[test]
fn a_key_is_written_and_read_and_never_printed() {
    let key = MasterKey::generate().unwrap();
    let text = key.to_base64();
    let (urlsafe, bare) = (text.replace('+', "-").replace('/', "_"), text.trim_end_matches('='));
    for spelling in [text.as_str(), &urlsafe, bare] {
        assert_eq!(MasterKey::from_base64(spelling).unwrap().to_base64(), text);
    }
    let printed = format!("{:?}", Config::new(key));
    assert!(!printed.contains(bare) && printed.contains("MasterKey(…)"));
}

#[test]
fn a_refusal_is_one_clear_line() {
    let mut config = Config::new(MasterKey::generate().unwrap());
    config.session_limit = 0;
    let error = AccountService::builder(MemoryStore::new()).config(config).build().unwrap_err();
    assert_eq!(error.to_string(), "invalid `session_limit`: must be between 1 and 100");
}
