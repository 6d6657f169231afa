use hmac::Hmac;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_767_225_660;
const LIFE: i64 = 900;

fn key(seed: u8) -> MasterKey {
    MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| (i as u8).wrapping_mul(7) ^ seed)).unwrap()
}

fn codec() -> JwtCodec {
    JwtCodec::new(&[key(1)], "default", LIFE).unwrap()
}

fn verify(token: &str) -> Result<Claims, JwtError> {
    codec().verify(token, Timestamp::from_millis(NOW * 1000))
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

fn tag_of(mac: &Hmac<Sha256>, signed: &str) -> String {
    BASE64URL_NOPAD.encode(&mac.clone().chain_update(signed.as_bytes()).finalize().into_bytes())
}

/// Signs any header and payload with the service's own key.
fn signed(header: &str, payload: &str) -> String {
    let signed = format!("{header}.{payload}");
    format!("{signed}.{}", tag_of(&codec().keys[0].mac, &signed))
}

fn with_own_header(payload: &str) -> String {
    signed(&codec().keys[0].header, &encode(payload))
}

fn claims() -> Value {
    json!({ "userId": "u1", "sessionId": "s1", "generation": 0, "aud": "default",
        "iat": 1_767_225_600, "exp": 1_767_226_500 })
}

fn with_claim(name: &str, value: Value) -> Result<Claims, JwtError> {
    let mut claims = claims();
    claims[name] = value;
    verify(&with_own_header(&claims.to_string()))
}

/// A list of tokens with known defects, each carried over to the form of this service: with our
/// header, claims and key wherever the entry has the plain ones.
mod corpus {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
    const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

    struct Entry {
        input: String,
        valid: bool,
        why: String,
    }

    fn entries() -> Vec<Entry> {
        let all: Value = serde_json::from_str(include_str!("../../../tests/data/bad-inputs.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let entry = |value: &Value| Entry {
            input: text(&value["input"]),
            valid: value["valid"].as_bool().unwrap(),
            why: text(&value["why"]),
        };
        all["jwt"].as_array().unwrap().iter().map(entry).collect()
    }

    fn decode(part: &str) -> Option<String> {
        String::from_utf8(BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
    }

    fn with_members(object: &str, members: &str) -> String {
        match object.strip_prefix('{') {
            Some(rest) => format!("{{{members},{rest}"),
            None => object.to_owned(),
        }
    }

    /// Our claims, with the defect of the entry's claims.
    fn payload(of: &str) -> String {
        decode(of).map_or_else(
            || of.to_owned(),
            |claims| encode(&with_members(&claims, r#""generation":0,"aud":"default""#)),
        )
    }

    /// Our header, with the defect of the entry's header. A header with other members than the
    /// plain one keeps them and gets the id of our key, so that nothing else is wrong with it.
    fn header(of: &str) -> String {
        let own = codec().keys[0].header.clone();
        match decode(of) {
            Some(plain) if plain == HEADER => own,
            Some(other) if other.contains("\"kid\"") => encode(&other),
            Some(other) => {
                let kid = format!(r#""kid":"{}""#, key(1).id());
                encode(&with_members(&other, &kid))
            }
            None => of.to_owned(),
        }
    }

    /// An entry in the form of this service, with its defect.
    fn converted(input: &str) -> String {
        let plain = entries().remove(0).input;
        let [plain_header, plain_payload, plain_tag]: [&str; 3] =
            plain.split('.').collect::<Vec<_>>().try_into().unwrap();
        if let [head, claims, tag] = input.split('.').collect::<Vec<_>>()[..]
            && let Ok(32 | 48 | 64) = BASE64URL_NOPAD.decode(tag.as_bytes()).map(|tag| tag.len())
        {
            let mac = Hmac::new_from_slice(KEY).unwrap();
            if head != plain_header || tag_of(&mac, &format!("{head}.{claims}")) == tag {
                return signed(&header(head), &payload(claims));
            }
            if claims == plain_payload {
                let signed = format!("{}.{}", header(head), payload(claims));
                return format!("{signed}.{}", tag_of(&Hmac::new_from_slice(b"").unwrap(), &signed));
            }
        }
        // The defect is in the spelling of the tag, or around the three parts.
        let (own_header, own_payload) = (header(plain_header), payload(plain_payload));
        let own = signed(&own_header, &own_payload);
        let own_tag = own.rsplit('.').next().unwrap();
        let broken = |tag: &str| format!("{}\n{}", &tag[..5], &tag[5..]);
        let short = |tag: &str| tag[..42].to_owned();
        let text = input.replace(plain_header, &own_header).replace(plain_payload, &own_payload);
        [
            (plain_tag.to_owned(), own_tag.to_owned()),
            (second_spelling(plain_tag), second_spelling(own_tag)),
            (short(plain_tag), short(own_tag)),
            (broken(plain_tag), broken(own_tag)),
        ]
        .iter()
        .find(|(theirs, _)| text.contains(theirs))
        .map_or(text.clone(), |(theirs, ours)| text.replace(theirs, ours))
    }

    /// The same 32 octets, with an unused bit set.
    fn second_spelling(tag: &str) -> String {
        let alphabet = BASE64URL_NOPAD.specification().symbols;
        let last = alphabet.find(&tag[42..]).unwrap();
        format!("{}{}", &tag[..42], &alphabet[last + 1..last + 2])
    }

    #[test]
    fn every_known_defect_is_refused() {
        assert_eq!(entries().len(), 64);
        let mut accepted = Vec::new();
        for (index, entry) in entries().iter().enumerate() {
            match verify(&converted(&entry.input)) {
                Ok(claims) => accepted.push((index, claims.user_id)),
                Err(error) => {
                    let expired = entry.why == "Expired.";
                    assert_eq!(error == JwtError::Expired, expired, "{}: {error:?}", entry.why);
                }
            }
            // The original entries are not signed with our key.
            assert_eq!(verify(&entry.input), Err(JwtError::Invalid), "{}", entry.why);
        }
        let valid: Vec<usize> =
            entries().iter().enumerate().filter(|(_, entry)| entry.valid).map(|(index, _)| index).collect();
        assert_eq!(valid, [0, 1, 2, 3, 4]);
        // Other spellings of the header are valid elsewhere, but this service issues and accepts
        // only one. Whether the session belongs to the user is checked on the account, not here.
        let (u1, u2) = ("u1".parse().unwrap(), "u2".parse().unwrap());
        assert_eq!(accepted, [(0, u1), (3, u1), (4, u1), (59, u2)]);
        assert_eq!(entries()[59].why, "Session s1 belongs to another user.");
    }
}

#[test]
fn signed_claims_are_verified_claims() {
    let claims = verify(&with_own_header(&claims().to_string())).unwrap();
    assert_eq!(verify(&codec().sign(&claims).unwrap()), Ok(claims));
}

#[test]
fn a_changed_bit_anywhere_is_refused() {
    let token = with_own_header(&claims().to_string());
    for (place, bit) in (0..token.len()).flat_map(|place| (0..7).map(move |bit| (place, bit))) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] ^= 1 << bit;
        let tampered = String::from_utf8(bytes).unwrap();
        assert_eq!(verify(&tampered), Err(JwtError::Invalid), "bit {bit} of {place}");
    }
    for place in 0..token.len() {
        assert_eq!(verify(&token[..place]), Err(JwtError::Invalid), "cut at {place}");
        let mut longer = token.clone();
        longer.insert(place, 'A');
        assert_eq!(verify(&longer), Err(JwtError::Invalid), "longer at {place}");
    }
}

#[test]
fn a_claim_of_the_wrong_type_is_not_an_absent_claim() {
    for name in ["userId", "sessionId", "aud"] {
        for wrong in [json!(null), json!(true), json!(1), json!(1.5), json!(["u1"]), json!({}), json!("")] {
            assert_eq!(with_claim(name, wrong.clone()), Err(JwtError::Invalid), "{name}: {wrong}");
        }
    }
    for name in ["generation", "iat", "exp", "nbf"] {
        for wrong in [
            json!(null),
            json!(true),
            json!("1767225600"),
            json!(1_767_225_600.0),
            json!([1_767_225_600]),
            json!({}),
            json!(u64::MAX),
            json!(1e300),
        ] {
            assert_eq!(with_claim(name, wrong.clone()), Err(JwtError::Invalid), "{name}: {wrong}");
        }
    }
    assert_eq!(with_claim("generation", json!(-1)), Err(JwtError::Invalid));
    for name in ["userId", "sessionId", "generation", "aud", "iat", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(verify(&with_own_header(&claims.to_string())), Err(JwtError::Invalid), "without {name}");
    }
}

#[test]
fn times_are_exact_at_their_edges() {
    let times = |iat: i64, nbf: Option<i64>, exp: i64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
        if let Some(nbf) = nbf {
            claims["nbf"] = json!(nbf);
        }
        verify(&with_own_header(&claims.to_string())).err()
    };
    let (invalid, expired) = (Some(JwtError::Invalid), Some(JwtError::Expired));
    assert_eq!(times(NOW, None, NOW + 1), None);
    assert_eq!(times(NOW - 1, None, NOW), expired);
    assert_eq!(times(NOW - LIFE, None, NOW), expired);
    assert_eq!(times(NOW, None, NOW + LIFE), None);
    assert_eq!(times(NOW, None, NOW + LIFE + 1), invalid, "longer than the maximum");
    assert_eq!(times(NOW, None, NOW + 10 * 365 * 86_400), invalid, "ten years");
    assert_eq!(times(NOW + 60, None, NOW + LIFE), None, "clock skew of another node");
    assert_eq!(times(NOW + 61, None, NOW + LIFE), invalid, "issued in the future");
    assert_eq!(times(NOW, Some(NOW), NOW + 1), None);
    assert_eq!(times(NOW, Some(NOW + 1), NOW + 2), invalid, "not valid yet");
    assert_eq!(times(NOW, None, NOW - 1), invalid, "ends before it begins");
    for (iat, exp) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (i64::MIN, i64::MIN), (i64::MAX, i64::MAX)]
    {
        assert!(times(iat, None, exp).is_some(), "{iat} {exp}");
    }
    for now in [i64::MIN, i64::MAX] {
        let token = with_own_header(&claims().to_string());
        assert!(codec().verify(&token, Timestamp::from_millis(now)).is_err());
    }
}

#[test]
fn tokens_of_another_project_or_key_are_refused() {
    assert_eq!(with_claim("aud", json!("other")), Err(JwtError::Invalid));
    let (now, claims) = (Timestamp::from_millis(NOW * 1000), verify(&with_own_header(&claims().to_string())));
    let claims = claims.unwrap();
    let other = JwtCodec::new(&[key(2)], "default", LIFE).unwrap();
    assert_eq!(verify(&other.sign(&claims).unwrap()), Err(JwtError::Invalid));
    let token = other.sign(&claims).unwrap();
    let tag = token.rsplit('.').next().unwrap();
    assert_eq!(
        verify(&format!("{}.{}.{tag}", codec().keys[0].header, encode(&json!(1).to_string()))),
        Err(JwtError::Invalid)
    );
    let rotated = JwtCodec::new(&[key(2), key(1)], "default", LIFE).unwrap();
    assert!(rotated.verify(&codec().sign(&claims).unwrap(), now).is_ok(), "the old key still verifies");
    assert_eq!(verify(&rotated.sign(&claims).unwrap()), Err(JwtError::Invalid), "the new key signs");
}

#[test]
fn oversized_tokens_are_refused() {
    let claims = claims().to_string();
    let padded = |bytes: usize| with_own_header(&format!("{claims}{}", " ".repeat(bytes)));
    assert!(verify(&padded(5_000)).is_ok());
    assert_eq!(verify(&padded(12_000)), Err(JwtError::Invalid));
    for text in
        [".".repeat(4_000), ".".repeat(MAX_LENGTH), "é".repeat(4_000), "a".repeat(1 << 20), "\0".repeat(99)]
    {
        assert_eq!(verify(&text), Err(JwtError::Invalid));
    }
}
