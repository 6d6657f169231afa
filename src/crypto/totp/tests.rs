use proptest::prelude::*;
use url::Url;

use super::*;
use crate::ports::SystemEntropy;

fn rfc() -> TotpSecret {
    stored(b"12345678901234567890")
}

fn stored(bytes: &[u8]) -> TotpSecret {
    TotpSecret::from_bytes(Zeroizing::new(bytes.to_vec()))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn the_codes_are_those_of_rfc_4226_appendix_d() {
    let codes =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (step, code) in (0..).zip(codes) {
        assert_eq!(rfc().check(code, at(step * 30), None), Some(step as u64), "{code}");
    }
}

#[test]
fn the_codes_are_those_of_rfc_6238_appendix_b() {
    // The last six of the RFC's eight digits.
    let codes = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (seconds, code) in codes {
        assert_eq!(rfc().check(code, at(seconds), None), Some(seconds as u64 / 30), "{code}");
    }
}

#[test]
fn a_clock_may_be_one_step_off_and_no_more() {
    // 969429 is the code of step 3, which lasts from 90 to 120 seconds.
    for (seconds, expected) in [(59, None), (60, Some(3)), (90, Some(3)), (149, Some(3)), (150, None)] {
        assert_eq!(rfc().check("969429", at(seconds), None), expected, "{seconds}");
    }
    assert_eq!(rfc().check("755224", at(0), None), Some(0));
    assert_eq!(rfc().check("755224", Timestamp::MAX, None), None);
}

#[test]
fn a_code_is_accepted_once_and_no_older_one_after_it() {
    for (last, expected) in
        [(None, Some(3)), (Some(2), Some(3)), (Some(3), None), (Some(4), None), (Some(u64::MAX), None)]
    {
        for seconds in [60, 90, 120] {
            assert_eq!(rfc().check("969429", at(seconds), last), expected, "{last:?} at {seconds}");
        }
    }
}

#[test]
fn a_code_that_two_steps_share_is_accepted_once() {
    // Two consecutive steps with the same code, found by search.
    let (code, later) = ("911617", 910_738);
    for at_step in [later - 1, later] {
        let seconds = at(at_step * 30);
        let accepted = rfc().check(code, seconds, None);
        assert_eq!(accepted, Some(later as u64));
        assert_eq!(rfc().check(code, seconds, accepted), None);
    }
}

#[test]
fn v1_a_code_may_be_typed_in_groups() {
    for typed in ["755 224", " 755224", "755224\n", "755-224", "755\u{a0}224", "75 52 24"] {
        assert_eq!(rfc().check(typed, at(0), None), Some(0), "{typed:?}");
    }
}

#[test]
fn only_six_ascii_digits_are_a_code() {
    for bad in [
        "",
        "55224",
        "0755224",
        "755.224",
        "755_224",
        "+55224",
        "-55224",
        "７５５２２４",
        "75522٤",
        "75522\0",
    ] {
        assert_eq!(rfc().check(bad, at(0), None), None, "{bad:?}");
    }
}

#[test]
fn longer_secrets_work_and_short_ones_match_nothing() {
    let long = stored(&[9; 64]);
    let code = Builder::new().with_secret(vec![9; 64]).build().unwrap().generate(90).to_string();
    assert_eq!(long.check(&code, at(90), None), Some(3));
    for short in [&[][..], &[9; 15]] {
        let code = Builder::new().with_secret(short).build_noncompliant().generate(90).to_string();
        assert_eq!(stored(short).check(&code, at(90), None), None);
    }
}

#[test]
fn a_new_secret_is_160_bits_in_32_characters_of_base32() {
    let secret = TotpSecret::draw(&SystemEntropy).unwrap();
    assert_eq!(secret.as_bytes().len(), 20);
    assert_eq!(secret.base32().len(), 32);
    assert_ne!(secret.as_bytes(), TotpSecret::draw(&SystemEntropy).unwrap().as_bytes());
    assert_eq!(rfc().base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

#[test]
fn the_uri_names_issuer_and_account() {
    let cases = [
        ("Acme", "ada@example.com", "Acme%3Aada%40example.com?issuer=Acme&"),
        ("Acme: Staging", "a:b:c", "Acme%20Staging%3Aabc?issuer=Acme%20Staging&"),
        ("A&B=C", "x?y#z/%41+", "A%26B%3DC%3Ax%3Fy%23z%2F%2541%2B?issuer=A%26B%3DC&"),
        ("Kölsch", "李", "K%C3%B6lsch%3A%E6%9D%8E?issuer=K%C3%B6lsch&"),
        ("", "ada", "ada?"),
        (":", "\u{7}: ", "account?"),
        ("Acme", "", "Acme%3Aaccount?issuer=Acme&"),
    ];
    for (issuer, label, expected) in cases {
        let expected = format!("otpauth://totp/{expected}secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(rfc().otpauth_uri(issuer, label).as_str(), expected);
    }
}

#[test]
fn debug_shows_no_secret() {
    let uri = rfc().otpauth_uri("Acme", "ada");
    assert_eq!(format!("{:?} {uri:?}", rfc()), "TotpSecret(…) OtpauthUri(…)");
}

proptest! {
    #[test]
    fn any_names_make_a_uri_that_an_app_can_read(issuer in "\\PC{0,80}|.{0,80}", label: String) {
        let secret = rfc();
        let uri = secret.otpauth_uri(&issuer, &label);
        prop_assert!(uri.as_str().len() <= uri.0.capacity() && uri.as_str().len() < 2_400);
        let url = Url::parse(uri.as_str()).unwrap();
        prop_assert_eq!((url.scheme(), url.host_str()), ("otpauth", Some("totp")));
        let values = |name: &str| {
            let pairs = url.query_pairs().filter(|(key, _)| key == name);
            pairs.map(|(_, value)| value.into_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(values("secret"), ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]);
        let issuer = clean_name(&issuer);
        prop_assert_eq!(values("issuer"), if issuer.is_empty() { vec![] } else { vec![issuer] });
    }
}
