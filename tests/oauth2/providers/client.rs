//! What the client refuses and keeps, beyond what the table tells.

use std::time::Duration;

use account::{
    Secret,
    oauth2::{
        Callback, Credentials, IdTokenError, OAuth2Client, OAuth2Error, Provider, Registration, ReplyError,
    },
    ports::HttpResponse,
};
use serde_json::{Value, json};

use super::double::{Case, Signer, now};

/// The person by a changed reply of the profile's request at `place`.
async fn user_by(
    id: &str,
    place: usize,
    changes: &Value,
) -> Result<account::oauth2::ProviderUser, OAuth2Error> {
    let case = Case::new(id);
    let mut reply: Value = serde_json::from_slice(&case.good_profile()[place]).unwrap();
    merge(&mut reply, changes);
    case.double.answer_json(&case.profile_urls()[place], &reply);
    case.sign_in().await
}

fn merge(target: &mut Value, changes: &Value) {
    match changes {
        Value::Object(changes) => changes.iter().for_each(|(name, change)| merge(&mut target[name], change)),
        change => *target = change.clone(),
    }
}

async fn signed_in_with_claims(
    id: &str,
    changes: &Value,
) -> Result<account::oauth2::ProviderUser, OAuth2Error> {
    let mut case = Case::new(id);
    let mut claims = case.claims.clone().unwrap();
    merge(&mut claims, changes);
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    case.claims = Some(claims);
    case.answer_well();
    case.sign_in().await
}

#[tokio::test]
async fn a_callback_of_another_issuer_never_reaches_the_token_endpoint() {
    for id in ["discord", "google", "auth0", "oidc", "apple"] {
        let case = Case::new(id);
        for issuer in ["https://evil.example", "", "https://discord.com/"] {
            let callback = Callback { issuer: Some(issuer), ..case.callback() };
            let refused = case.client.exchange(&case.attempt(&[]), &callback, now()).await.unwrap_err();
            assert!(matches!(refused, OAuth2Error::WrongIssuer), "{id}");
        }
        assert!(case.double.take_seen().iter().all(|seen| seen.url != case.token_url()));
    }
}

#[tokio::test]
async fn a_callback_names_its_issuer_if_discovery_announces_it() {
    let case = Case::new("oidc");
    let callback = Callback { issuer: None, ..case.callback() };
    let refused = case.client.exchange(&case.attempt(&[]), &callback, now()).await.unwrap_err();
    assert!(matches!(refused, OAuth2Error::WrongIssuer));
}

#[tokio::test]
async fn every_id_token_is_for_this_sign_in() {
    for case in Case::all().filter(|case| case.claims.is_some()) {
        let id = &case.id;
        let refused = [
            (json!({"iss": "https://evil.example"}), IdTokenError::Issuer),
            (json!({"aud": "other", "azp": null}), IdTokenError::Audience),
            (json!({"exp": 1}), IdTokenError::Expired),
            (json!({"iat": 1_900_000_000}), IdTokenError::IssuedAt),
            (json!({"sub": ""}), IdTokenError::Subject),
        ];
        for (changes, why) in refused {
            let error = signed_in_with_claims(id, &changes).await.unwrap_err();
            assert!(matches!(error, OAuth2Error::IdToken(found) if found == why), "{id} {changes}: {error}");
        }
        if Provider::builtin(id).unwrap().openid.unwrap().nonce {
            for nonce in [json!(null), json!("other"), json!("")] {
                let error = signed_in_with_claims(id, &json!({ "nonce": nonce })).await.unwrap_err();
                assert!(matches!(error, OAuth2Error::IdToken(IdTokenError::Nonce)), "{id}: {error}");
            }
            case.double.answer_json(&case.token_url(), &json!({"access_token": "at-1"}));
            let error = case.sign_in().await.unwrap_err();
            assert!(matches!(error, OAuth2Error::IdToken(IdTokenError::Missing)), "{id}: {error}");
        }
    }
}

#[tokio::test]
async fn user_info_of_another_subject_is_refused() {
    for case in Case::all().filter(|case| case.claims.is_some() && !case.good_profile().is_empty()) {
        let error = user_by(&case.id, 0, &json!({"sub": "somebody else"})).await.unwrap_err();
        assert!(matches!(error, OAuth2Error::IdToken(IdTokenError::Subject)), "{}: {error}", case.id);
    }
}

#[tokio::test]
async fn keys_that_the_provider_has_changed_are_fetched_at_once() {
    let mut case = Case::new("google");
    let keys_url = case.expected["keys_url"].as_str().unwrap().to_owned();
    case.sign_in().await.unwrap();
    case.signer.key_id = Some("k2");
    case.answer_well();
    let (tokens, later) = (case.tokens().await.unwrap(), now().after(Duration::from_secs(1)));
    case.client.user(&tokens, &case.attempt(&[]), &case.callback(), later).await.unwrap();
    let fetched = case.double.take_seen().iter().filter(|seen| seen.url == keys_url).count();
    assert_eq!(fetched, 2);
}

#[tokio::test]
async fn a_changed_key_without_a_name_is_fetched_at_once_too() {
    let mut case = Case::new("google");
    for seconds in [0, 1] {
        case.signer = Signer::new();
        case.signer.key_id = None;
        case.answer_well();
        let (tokens, at) = (case.tokens().await.unwrap(), now().after(Duration::from_secs(seconds)));
        case.client.user(&tokens, &case.attempt(&[]), &case.callback(), at).await.unwrap();
    }
}

#[tokio::test]
async fn newer_keys_of_a_provider_that_has_none_to_give_are_asked_for_once_a_minute() {
    let case = Case::new("google");
    let keys_url = case.expected["keys_url"].as_str().unwrap().to_owned();
    case.sign_in().await.unwrap();
    let mut other = Case::new("google");
    other.signer.key_id = Some("k2");
    other.answer_well();
    let tokens = other.tokens().await.unwrap();
    case.double.answer(&keys_url, Ok(HttpResponse::new(503, Vec::new())));
    case.double.take_seen();
    for (seconds, asked) in [(1, 1), (2, 0), (60, 0), (62, 1)] {
        let at = now().after(Duration::from_secs(seconds));
        case.client.user(&tokens, &case.attempt(&[]), &case.callback(), at).await.unwrap_err();
        let fetched = case.double.take_seen().iter().filter(|seen| seen.url == keys_url).count();
        assert_eq!(fetched, asked, "{seconds}");
    }
}

#[tokio::test]
async fn keys_are_kept_for_an_hour_and_fetched_again_for_an_unknown_one() {
    let case = Case::new("google");
    let keys_url = case.expected["keys_url"].as_str().unwrap().to_owned();
    let fetched = || case.double.take_seen().iter().filter(|seen| seen.url == keys_url).count();
    let tokens = case.tokens().await.unwrap();
    let (attempt, callback) = (case.attempt(&[]), case.callback());
    let user_after =
        |seconds| case.client.user(&tokens, &attempt, &callback, now().after(Duration::from_secs(seconds)));

    user_after(0).await.unwrap();
    user_after(50).await.unwrap();
    assert_eq!(fetched(), 1);

    let other = Case::new("google");
    case.double.answer_json(&keys_url, &json!({"keys": []}));
    let tokens_of_other_key = other.tokens().await.unwrap();
    // The key of this token is named, but is not the one that signed.
    let forged = case.client.user(&tokens_of_other_key, &attempt, &callback, now()).await.unwrap_err();
    assert!(matches!(forged, OAuth2Error::IdToken(IdTokenError::Signature)));
    assert_eq!(fetched(), 0);

    let client = OAuth2Client::new(
        Registration::new(
            Provider::builtin("google").unwrap(),
            Credentials::new("client-1", "hush+hush".to_owned()),
        )
        .unwrap(),
        case.double.clone(),
    );
    let unknown = |error| matches!(error, OAuth2Error::IdToken(IdTokenError::UnknownKey));
    assert!(unknown(client.user(&tokens, &attempt, &callback, now()).await.unwrap_err()));
    assert!(unknown(
        client.user(&tokens, &attempt, &callback, now().after(Duration::from_secs(59))).await.unwrap_err()
    ));
    assert_eq!(fetched(), 1, "not more often than once a minute");
    case.double.answer_json(&keys_url, &case.signer.keys());
    client.user(&tokens, &attempt, &callback, now().after(Duration::from_secs(61))).await.unwrap();
    assert_eq!(fetched(), 1);
}

#[tokio::test]
async fn a_discovery_document_is_that_of_the_expected_issuer_and_leads_nowhere_private() {
    let place = "https://id.example.com/realms/main/.well-known/openid-configuration";
    let good = json!({
        "issuer": "https://id.example.com/realms/main",
        "authorization_endpoint": "https://id.example.com/authorize",
        "token_endpoint": "https://id.example.com/token",
        "jwks_uri": "https://id.example.com/certs",
    });
    let start = async |document: &Value| {
        let case = Case::new("oidc");
        case.double.answer_json(place, document);
        case.client.authorize_url(&case.attempt(&[]), now()).await
    };
    assert!(start(&good).await.is_ok());
    let with = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        document
    };
    assert!(start(&with("issuer", json!("https://id.example.com/realms/main/"))).await.is_ok());
    for issuer in [
        "https://id.example.com",
        "https://ID.example.com/realms/main",
        "http://id.example.com/realms/main",
        "https://id.example.com/realms/main//",
        "https://evil.example/realms/main",
        "",
    ] {
        let refused = start(&with("issuer", json!(issuer))).await.unwrap_err();
        assert!(matches!(refused, OAuth2Error::Reply(ReplyError::Issuer)), "{issuer}");
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        for url in [
            "http://id.example.com/x",
            "https://169.254.169.254/latest",
            "https://localhost/x",
            "https://a:b@id.example.com/",
            "javascript:alert(1)",
            "/relative",
            "",
        ] {
            assert!(
                matches!(start(&with(name, json!(url))).await, Err(OAuth2Error::NoEndpoint)),
                "{name} {url}"
            );
        }
        assert!(start(&with(name, json!(["https://id.example.com/x"]))).await.is_err());
    }
    assert!(matches!(
        start(&with("authorization_endpoint", Value::Null)).await,
        Err(OAuth2Error::NoEndpoint)
    ));
}

#[tokio::test]
async fn a_configured_issuer_is_compared_exactly() {
    let case = Case::new("oidc");
    for (issuer, is_right) in [
        ("https://id.example.com/realms/main", true),
        ("https://id.example.com/realms/main/", false),
        ("https://ID.example.com/realms/main", false),
    ] {
        let credentials = Credentials::new("client-1", "hush+hush".to_owned())
            .with_parameter(
                "well_known",
                "https://id.example.com/realms/main/.well-known/openid-configuration",
            )
            .with_parameter("issuer", issuer);
        let registration = Registration::new(Provider::builtin("oidc").unwrap(), credentials).unwrap();
        let client = OAuth2Client::new(registration, case.double.clone());
        assert_eq!(client.authorize_url(&case.attempt(&[]), now()).await.is_ok(), is_right, "{issuer}");
    }
}

#[tokio::test]
async fn the_secret_goes_where_discovery_says() {
    for (methods, is_basic) in [
        (json!(["client_secret_basic"]), true),
        (json!(["client_secret_basic", "client_secret_post"]), false),
        (Value::Null, true),
    ] {
        let case = Case::new("oidc");
        let document = json!({
            "issuer": "https://id.example.com/realms/main",
            "token_endpoint": case.token_url(),
            "token_endpoint_auth_methods_supported": methods,
        });
        case.double.answer_json(case.expected["discovery_url"].as_str().unwrap(), &document);
        case.tokens().await.unwrap();
        let seen = case.double.take_seen();
        let (headers, body) = (&seen[1].headers, String::from_utf8_lossy(&seen[1].body));
        assert_eq!(
            (headers.contains_key("Authorization"), body.contains("client_secret")),
            (is_basic, !is_basic)
        );
    }
}

#[tokio::test]
async fn only_a_data_centre_of_the_table_is_ever_sent_the_secret() {
    let case = Case::new("zoho");
    for location in ["", "xx", "EU", "evil.example", "https://evil.example"] {
        let callback = Callback { location: Some(location), ..case.callback() };
        let refused = case.client.exchange(&case.attempt(&[]), &callback, now()).await.unwrap_err();
        assert!(matches!(refused, OAuth2Error::UnknownRegion), "{location}");
        let old = Secret::new("old".to_owned());
        assert!(case.client.refresh(&old, "", Some(location), now()).await.is_err());
    }
    assert!(case.double.take_seen().is_empty());
    let callback = Callback { location: None, ..case.callback() };
    assert!(case.client.exchange(&case.attempt(&[]), &callback, now()).await.is_err());
    assert_eq!(case.double.take_seen()[0].url, "https://accounts.zoho.com/oauth/v2/token");
    assert_eq!(case.tokens().await.unwrap().location.as_deref(), Some("eu"));
}

#[tokio::test]
async fn an_address_is_verified_only_by_the_providers_typed_word() {
    let verified = async |id: &str, place: usize, changes: Value| {
        user_by(id, place, &changes).await.unwrap().email_verified
    };
    for id in ["auth0", "google", "okta", "slack", "twitch", "salesforce"] {
        assert!(verified(id, 0, json!({})).await, "{id}");
        for word in [json!("true"), json!("false"), json!(1), json!(false), json!(null), json!([])] {
            assert!(!verified(id, 0, json!({"email_verified": word})).await, "{id} {word}");
        }
    }
    for (word, is_verified) in [
        (json!("true"), true),
        (json!(true), true),
        (json!("false"), false),
        (json!("True"), false),
        (json!(1), false),
        (json!(["true"]), false),
    ] {
        assert_eq!(verified("oidc", 0, json!({"email_verified": word})).await, is_verified, "{word}");
        let apple = signed_in_with_claims("apple", &json!({"email_verified": word})).await.unwrap();
        assert_eq!(apple.email_verified, is_verified, "{word}");
    }
    assert!(!verified("zoom", 0, json!({"verified": true})).await);
    assert!(!verified("zoom", 0, json!({"verified": 0})).await);
    assert!(!verified("gitlab", 0, json!({"confirmed_at": null})).await);
    assert!(!verified("gitlab", 0, json!({"confirmed_at": ""})).await);
    assert!(!verified("discord", 0, json!({"verified": "true"})).await);
    assert!(!verified("podio", 0, json!({"mail": "stranger@example.com"})).await);
    assert!(!verified("google", 0, json!({"email": "no address"})).await);
}

#[tokio::test]
async fn without_a_confirmed_address_the_profiles_own_is_taken_unverified() {
    let unconfirmed = json!([{"email": "a@example.com", "primary": true, "verified": false}]);
    let case = Case::new("github");
    case.double.answer_json(&case.profile_urls()[1], &unconfirmed);
    assert_eq!(case.sign_in().await.unwrap().email, None);
    let mut profile: Value = serde_json::from_slice(&case.good_profile()[0]).unwrap();
    profile["email"] = json!("public@example.com");
    case.double.answer_json(&case.profile_urls()[0], &profile);
    let user = case.sign_in().await.unwrap();
    assert_eq!((user.email.unwrap().as_str(), user.email_verified), ("public@example.com", false));
}

#[tokio::test]
async fn a_missing_address_and_name_are_no_errors() {
    let user = user_by("spotify", 0, &json!({"email": null, "display_name": null})).await.unwrap();
    assert_eq!(
        (&*user.uid, user.email, user.email_verified, user.name.as_str()),
        ("smedjan", None, false, "")
    );
}

#[tokio::test]
async fn a_name_becomes_one_short_line() {
    let user =
        user_by("box", 0, &json!({"name": format!(" Ada\r\nLovelace {}", "x".repeat(500))})).await.unwrap();
    assert!(user.name.as_str().starts_with("Ada  Lovelace x") && user.name.as_str().chars().count() == 128);
}

#[tokio::test]
async fn apples_unsigned_form_field_gives_a_name_and_nothing_else() {
    let case = Case::new("apple");
    let tokens = case.tokens().await.unwrap();
    let user_field = async |user: Option<&str>| {
        let callback = Callback { user, ..case.callback() };
        case.client.user(&tokens, &case.attempt(&[]), &callback, now()).await.unwrap()
    };
    let claimed =
        user_field(Some(r#"{"name":{"firstName":"Eve"},"email":"victim@example.com","sub":"1"}"#)).await;
    assert_eq!(
        (claimed.name.as_str(), claimed.email.unwrap().as_str()),
        ("Eve", "ada@privaterelay.appleid.com")
    );
    let long = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "x".repeat(5_000));
    for useless in [None, Some(""), Some("{"), Some("[]"), Some(r#"{"name":"x"}"#), Some(long.as_str())] {
        assert!(user_field(useless).await.name.is_empty());
    }
}

#[tokio::test]
async fn an_id_token_of_microsoft_is_of_the_tenant_that_it_names() {
    let sign_in = async |issuer: &str, tenant: &str| {
        let mut case = Case::new("microsoft");
        case.double.answer_json(
            "https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
            &case.signer.keys(),
        );
        case.claims = Some(
            json!({"iss": issuer, "tid": tenant, "sub": "s", "aud": "client-1", "iat": 1_799_999_999, "exp": 1_800_000_100}),
        );
        let id_token = case.signer.sign(case.claims.as_ref().unwrap());
        case.double.answer_json(&case.token_url(), &json!({"access_token": "at-1", "id_token": id_token}));
        case.sign_in().await
    };
    assert!(sign_in("https://login.microsoftonline.com/t-1/v2.0", "t-1").await.is_ok());
    for (issuer, tenant) in [
        ("https://login.microsoftonline.com/t-2/v2.0", "t-1"),
        ("https://login.microsoftonline.com//v2.0", ""),
        ("https://evil.example/v2.0", "t-1"),
        ("https://login.microsoftonline.com/a/../b/v2.0", "a/../b"),
    ] {
        let refused = sign_in(issuer, tenant).await.unwrap_err();
        assert!(matches!(refused, OAuth2Error::IdToken(IdTokenError::Issuer)), "{issuer}");
    }
}

#[tokio::test]
async fn scopes_of_the_caller_are_checked_and_added_once() {
    let case = Case::new("google");
    let url = case.client.authorize_url(&case.attempt(&["email", "drive"]), now()).await.unwrap();
    assert!(url.as_str().contains("&scope=openid%20email%20profile%20drive&"), "{url}");
    for bad in ["", "a b", "a\"b", "a\\b", "a\r\nb", "\u{e9}"] {
        let refused = case.client.authorize_url(&case.attempt(&[bad]), now()).await.unwrap_err();
        assert!(matches!(refused, OAuth2Error::InvalidScope), "{bad:?}");
    }
}

#[tokio::test]
async fn an_etsy_token_cannot_choose_another_path() {
    let case = Case::new("etsy");
    for token in [".x", "..", "...x", ".%2e"] {
        case.double.answer_json(&case.token_url(), &json!({ "access_token": token }));
        assert!(matches!(case.sign_in().await, Err(OAuth2Error::NoEndpoint)), "{token}");
    }
    case.double.answer_json(&case.token_url(), &json!({"access_token": "a/../../x?y=#z.1"}));
    assert!(case.sign_in().await.is_err());
    let asked = case.double.take_seen().pop().unwrap().url;
    assert_eq!(asked, "https://api.etsy.com/v3/application/users/a%2F");
}

#[tokio::test]
async fn redirects_are_refusals() {
    let case = Case::new("github");
    let moved = HttpResponse::new(302, Vec::new()).with_header("Location", "https://evil.example/");
    case.double.answer(&case.token_url(), Ok(moved));
    assert_eq!(case.tokens().await.unwrap_err().provider_status(), Some(302));
    assert_eq!(case.double.take_seen().len(), 1);
}

#[test]
fn debug_shows_no_secret() {
    let case = Case::new("auth0");
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        case.client,
        case.client.registration(),
        case.attempt(&[]),
        case.callback()
    );
    for secret in ["hush", "c0de", "n0nce", "st4te", "dBjft"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(format!("{:?}", Credentials::new("id", "hidden".to_owned())).contains("Secret(…)"));
}
