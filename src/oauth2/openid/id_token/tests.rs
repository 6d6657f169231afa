use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

/// A provider that signs with the key `k1`.
struct Issuer(EcdsaKeyPair);

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    fn key(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|part| BASE64URL_NOPAD.encode(part));
        json!({"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": x, "y": y})
    }

    fn keys(&self) -> KeySet {
        keys(&[self.key()])
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let [header, claims] =
            [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn token(&self, changes: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": "k1"}), &changed(changes))
    }

    fn check(&self, changes: &Value) -> Result<Value, IdTokenError> {
        verify(&self.token(changes), &self.keys(), &expected())
    }
}

fn keys(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// Valid claims with some replaced, or removed by `null`.
fn changed(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://id.example.com",
        "sub": "s1",
        "aud": "us",
        "iat": NOW - 5,
        "exp": NOW + 300,
        "nonce": "n1",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn expected() -> Expected<'static> {
    Expected {
        is_issuer: &|issuer, _| issuer == "https://id.example.com",
        client_id: "us",
        nonce: Some("n1"),
        max_age: None,
        now: Timestamp::from_millis(NOW * 1000),
    }
}

#[test]
fn a_token_with_the_expected_claims_is_accepted() {
    let issuer = Issuer::new();
    for changes in [
        json!({}),
        json!({"aud": ["us"]}),
        json!({"aud": ["other", "us"], "azp": "us"}),
        json!({"azp": "us", "nbf": NOW + 30}),
        json!({"exp": NOW - 30, "iat": NOW + 30}),
        json!({"exp": 1_800_000_300.5, "auth_time": null}),
    ] {
        let claims = issuer.check(&changes).unwrap_or_else(|error| panic!("{changes}: {error}"));
        assert_eq!(claims["sub"], "s1");
    }
}

#[test]
fn every_claim_is_checked() {
    let issuer = Issuer::new();
    let refused = [
        (json!({"iss": null}), IdTokenError::Issuer),
        (json!({"iss": "https://id.example.com/"}), IdTokenError::Issuer),
        (json!({"iss": "https://ID.example.com"}), IdTokenError::Issuer),
        (json!({"iss": ["https://id.example.com"]}), IdTokenError::Issuer),
        (json!({"aud": null}), IdTokenError::Audience),
        (json!({"aud": "other"}), IdTokenError::Audience),
        (json!({"aud": []}), IdTokenError::Audience),
        (json!({"aud": ["other"], "azp": "us"}), IdTokenError::Audience),
        (json!({"aud": ["other", "us"]}), IdTokenError::Audience),
        (json!({"aud": ["other", "us"], "azp": "other"}), IdTokenError::Audience),
        (json!({"azp": "other"}), IdTokenError::Audience),
        (json!({"azp": ["us"]}), IdTokenError::Audience),
        (json!({"exp": null}), IdTokenError::Expired),
        (json!({"exp": NOW - 61}), IdTokenError::Expired),
        (json!({"exp": "1900000000"}), IdTokenError::Expired),
        (json!({"iat": null}), IdTokenError::IssuedAt),
        (json!({"iat": NOW + 61}), IdTokenError::IssuedAt),
        (json!({"nbf": NOW + 61}), IdTokenError::IssuedAt),
        (json!({"nbf": "0"}), IdTokenError::IssuedAt),
        (json!({"nonce": null}), IdTokenError::Nonce),
        (json!({"nonce": ""}), IdTokenError::Nonce),
        (json!({"nonce": "n2"}), IdTokenError::Nonce),
        (json!({"nonce": ["n1"]}), IdTokenError::Nonce),
        (json!({"sub": null}), IdTokenError::Subject),
        (json!({"sub": ""}), IdTokenError::Subject),
        (json!({"sub": 7}), IdTokenError::Subject),
    ];
    for (changes, why) in refused {
        assert_eq!(issuer.check(&changes).unwrap_err(), why, "{changes}");
    }
}

#[test]
fn the_age_of_the_sign_in_is_checked_if_max_age_was_sent() {
    let issuer = Issuer::new();
    let check = |changes| {
        verify(&issuer.token(&changes), &issuer.keys(), &Expected { max_age: Some(100), ..expected() })
    };
    assert!(check(json!({"auth_time": NOW - 100})).is_ok());
    for late in [json!({}), json!({"auth_time": NOW - 161}), json!({"auth_time": "now"})] {
        assert_eq!(check(late).unwrap_err(), IdTokenError::AuthTime);
    }
}

#[test]
fn only_asymmetric_algorithms_are_accepted() {
    let issuer = Issuer::new();
    for name in ["none", "None", "", "HS256", "HS512", "RS512", "PS256", "ES384", "es256"] {
        let token = issuer.sign(&json!({"alg": name, "kid": "k1"}), &changed(&json!({})));
        assert_eq!(verify(&token, &issuer.keys(), &expected()), Err(IdTokenError::Algorithm), "{name}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            verify(&format!("{unsigned}."), &issuer.keys(), &expected()),
            Err(IdTokenError::Algorithm),
            "{name}"
        );
    }
}

#[test]
fn a_header_can_neither_supply_a_key_nor_change_the_payload() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let header = json!({"alg": "ES256", "kid": "k1", "jwk": other.key(), "jku": "https://evil.example/keys"});
    let forged = other.sign(&header, &changed(&json!({})));
    assert_eq!(verify(&forged, &issuer.keys(), &expected()), Err(IdTokenError::Signature));
    for header in [
        json!({"alg": "ES256", "crit": ["b64"], "b64": false}),
        json!({"alg": "ES256", "b64": false}),
        json!({"alg": "ES256", "kid": 1}),
        json!({"alg": 1}),
        json!({}),
        json!([]),
    ] {
        let token = issuer.sign(&header, &changed(&json!({})));
        assert_eq!(verify(&token, &issuer.keys(), &expected()), Err(IdTokenError::Malformed), "{header}");
    }
}

fn with(key: &Value, name: &str, value: Value) -> Value {
    let mut key = key.clone();
    key[name] = value;
    key
}

#[test]
fn a_key_is_chosen_by_name_and_algorithm() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let both = keys(&[with(&other.key(), "kid", json!("k2")), issuer.key()]);
    assert!(verify(&issuer.token(&json!({})), &both, &expected()).is_ok());

    let nameless = issuer.sign(&json!({"alg": "ES256"}), &changed(&json!({})));
    assert!(verify(&nameless, &issuer.keys(), &expected()).is_ok());
    assert_eq!(verify(&nameless, &both, &expected()), Err(IdTokenError::UnknownKey));
}

#[test]
fn unsuitable_and_duplicate_keys_are_not_used() {
    let issuer = Issuer::new();
    let key = issuer.key();
    let check = |set: &[Value]| verify(&issuer.token(&json!({})), &keys(set), &expected());
    for unsuitable in [
        with(&Issuer::new().key(), "kid", json!("k2")),
        with(&key, "use", json!("enc")),
        with(&key, "use", json!(1)),
        with(&key, "alg", json!("RS256")),
        with(&key, "alg", json!("ES512")),
        with(&key, "alg", json!(1)),
        with(&key, "crv", json!("P-384")),
        with(&key, "kty", json!("oct")),
        with(&key, "x", json!("AQ")),
        with(&key, "y", json!("!")),
        json!({}),
        json!(1),
    ] {
        let refused = check(std::slice::from_ref(&unsuitable));
        assert_eq!(refused, Err(IdTokenError::UnknownKey), "{unsuitable}");
    }
    assert_eq!(check(&[key.clone(), key.clone()]), Err(IdTokenError::UnknownKey));
    let point_off_the_curve = with(&key, "x", json!(BASE64URL_NOPAD.encode(&[1; 32])));
    assert_eq!(check(&[point_off_the_curve]), Err(IdTokenError::Signature));
}

#[test]
fn any_change_of_a_token_invalidates_it() {
    let issuer = Issuer::new();
    let token = issuer.token(&json!({}));
    for place in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed, &issuer.keys(), &expected()).is_err(), "{place}");
    }
    let long = format!("{token}.{}", "A".repeat(MAX_TOKEN_LENGTH));
    for bad in [
        "",
        ".",
        "..",
        "a.b.c",
        "....",
        &token.replace('.', ""),
        &format!("{token}="),
        &format!(" {token}"),
        &format!("{token}.x"),
        &long,
    ] {
        assert!(verify(bad, &issuer.keys(), &expected()).is_err(), "{bad}");
    }
}

#[test]
fn malformed_key_sets_are_refused() {
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
        assert!(KeySet::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// Checks a token with the payload of RFC 7515, appendix A, and a change of its signature.
fn check_rfc_7515(key: Value, header: &str, signature: &str) {
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let keys = keys(&[key]);
    let claims = verify_signature(&format!("{header}.{payload}.{signature}"), &keys).unwrap();
    assert_eq!((&claims["iss"], &claims["exp"]), (&json!("joe"), &json!(1_300_819_380)));
    let other = signature.replacen('j', "k", 1);
    assert_eq!(
        verify_signature(&format!("{header}.{payload}.{other}"), &keys),
        Err(IdTokenError::UnknownKey)
    );
}

#[test]
fn the_rs256_signature_of_rfc_7515_is_checked() {
    let modulus = "\
        ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJ\
        PMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0\
        LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD\
        Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2\
        PAcDTW9gb54h4FRWyuXpoQ";
    let signature = "\
        cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF\
        5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK\
        5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt\
        FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB\
        p0igcN_IoypGlUPQGe77Rw";
    let key = json!({"kty": "RSA", "e": "AQAB", "n": modulus});
    check_rfc_7515(key, "eyJhbGciOiJSUzI1NiJ9", signature);
}

#[test]
fn the_es256_signature_of_rfc_7515_is_checked() {
    let key = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    check_rfc_7515(key, "eyJhbGciOiJFUzI1NiJ9", signature);
}

#[test]
fn the_signature_of_rfc_8037_is_checked() {
    let keys =
        keys(&[json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})]);
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    // The payload is a sentence, so it is malformed although the signature is valid.
    assert_eq!(verify_signature(&format!("{signed}.{signature}"), &keys), Err(IdTokenError::Malformed));
    let other = signature.replacen('h', "i", 1);
    assert_eq!(verify_signature(&format!("{signed}.{other}"), &keys), Err(IdTokenError::UnknownKey));
}

#[test]
fn an_eddsa_token_is_accepted() {
    let random = SystemRandom::new();
    let pair = Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
    let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
    let keys = keys(&[json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA"})]);
    for name in ["EdDSA", "Ed25519"] {
        let [header, claims] = [json!({"alg": name}), changed(&json!({}))]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(pair.sign(signed.as_bytes()).as_ref()));
        assert!(verify(&token, &keys, &expected()).is_ok());
    }
}
