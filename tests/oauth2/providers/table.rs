//! What each provider is sent, byte for byte, and who comes out of its replies.

use std::collections::BTreeMap;

use account::{Secret, oauth2::Provider};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::double::{Case, NOW, Seen, now};

#[tokio::test]
async fn every_authorize_url_is_what_the_provider_documents() {
    for case in Case::all() {
        let url = case.client.authorize_url(&case.attempt(&case.scopes()), now()).await.unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query.len(), url.query_pairs().count(), "{}: a parameter is sent twice", case.id);
        let mut bare: Url = url.clone();
        bare.set_query(None);
        assert_eq!(bare.as_str(), case.expected["authorize"]["url"], "{}", case.id);
        let expected: BTreeMap<String, String> =
            serde_json::from_value(case.expected["authorize"]["query"].clone()).unwrap();
        assert_eq!(without_json(query), without_json(expected), "{}", case.id);
    }
}

/// JSON in a parameter may be spelled in several ways.
fn without_json(mut query: BTreeMap<String, String>) -> (BTreeMap<String, String>, Option<Value>) {
    let claims = query.remove("claims").map(|claims| serde_json::from_str(&claims).unwrap());
    (query, claims)
}

#[tokio::test]
async fn every_code_and_refresh_token_is_redeemed_as_the_provider_documents() {
    for case in Case::all() {
        let tokens = case.tokens().await.unwrap_or_else(|error| panic!("{}: {error}", case.id));
        check(&case, &case.double.take_seen(), &[&case.expected["token"]]);
        assert!(!tokens.access_token.expose().is_empty());

        let old = Secret::new("old-refresh-token".to_owned());
        let location = tokens.location.as_deref();
        let renewed =
            case.client.refresh(&old, case.attempt(&[]).redirect_uri, location, now()).await.unwrap();
        check(&case, &case.double.take_seen(), &[&case.expected["refresh"]]);
        let given = tokens.refresh_token.as_ref().map_or("old-refresh-token", Secret::expose);
        assert_eq!(renewed.refresh_token.unwrap().expose(), given, "{}", case.id);
    }
}

#[tokio::test]
async fn every_profile_is_asked_for_and_read_as_the_provider_documents() {
    for case in Case::all() {
        let tokens = case.tokens().await.unwrap();
        case.double.take_seen();
        let user = case.client.user(&tokens, &case.attempt(&[]), &case.callback(), now()).await;
        let user = user.unwrap_or_else(|error| panic!("{}: {error}", case.id));
        let requests: Vec<&Value> = case.expected["profile"].as_array().unwrap().iter().collect();
        check(&case, &case.double.take_seen(), &requests);
        let found = json!({
            "uid": user.uid,
            "email": user.email.as_ref().map(|email| email.as_str()),
            "email_verified": user.email_verified,
            "name": user.name.as_str(),
        });
        assert_eq!(found, case.expected["user"], "{}", case.id);
    }
}

#[tokio::test]
async fn an_error_under_status_200_is_a_refusal_in_the_providers_words() {
    let github = json!({
        "error": "bad_verification_code",
        "error_description": "The code passed is incorrect or expired.",
        "error_uri": "https://docs.github.com/apps/troubleshooting#bad-verification-code",
    });
    for (id, reply, said) in [
        ("github", github, "bad_verification_code: The code passed is incorrect or expired."),
        ("slack", json!({"ok": false, "error": "invalid_code"}), "invalid_code"),
    ] {
        let case = Case::new(id);
        case.double.answer_json(&case.token_url(), &reply);
        let refused = case.tokens().await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.provider_status()),
            ("user_oauth2_provider_error", Some(200)),
            "{id}"
        );
        assert_eq!(refused.to_string(), format!("the provider refused: {said}"));
    }
    let case = Case::new("slack");
    case.double.answer_json(&case.profile_urls()[0], &json!({"ok": false, "error": "invalid_auth"}));
    assert!(case.sign_in().await.is_err());
}

/// What the tests above go by has all that is peculiar to a provider, lest they hold for less than
/// they say.
#[test]
fn what_is_odd_about_a_provider_is_odd_here_too() {
    let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes);
    let at = |id: &str, pointer: &str| Case::new(id).expected.pointer(pointer).cloned().unwrap_or_default();
    // A second request for the address.
    assert_eq!(at("github", "/profile/1/url"), "https://api.github.com/user/emails");
    assert_eq!(at("bitbucket", "/profile/1/url"), "https://api.bitbucket.org/2.0/user/emails");
    assert!(json(Case::new("github").good_profile().remove(1)).unwrap().is_array());
    assert!(json(Case::new("bitbucket").good_profile().remove(1)).unwrap()["values"].is_array());
    // Tokens as a form, within an object, and by a JSON request.
    assert!(
        Case::new("bitly").good_token().starts_with(b"access_token=")
            && json(Case::new("bitly").good_token()).is_err()
    );
    assert!(json(Case::new("yammer").good_token()).unwrap()["access_token"]["token"].is_string());
    for id in ["notion", "podio"] {
        assert_eq!(at(id, "/token/headers/Content-Type"), "application/json", "{id}");
    }
    assert!(at("notion", "/token/headers/Authorization").as_str().unwrap().starts_with("Basic "));
    assert_eq!(at("podio", "/profile/0/headers/Authorization"), "OAuth2 at-1");
    // The data centre that the callback names.
    assert_eq!(at("zoho", "/callback/location"), "eu");
    assert_eq!(at("zoho", "/token/url"), "https://accounts.zoho.eu/oauth/v2/token");
    // JSON in the query, and booleans that are texts.
    let claims: Value =
        serde_json::from_str(at("twitch", "/authorize/query/claims").as_str().unwrap()).unwrap();
    assert!(claims["userinfo"].as_object().unwrap().contains_key("email_verified"));
    assert_eq!(json(Case::new("paypal").good_profile().remove(0)).unwrap()["emails"][1]["confirmed"], "true");
    assert_eq!(json(Case::new("oidc").good_profile().remove(0)).unwrap()["email_verified"], "true");
    assert_eq!(Case::new("apple").claims.unwrap()["email_verified"], "true");
    // A form from another site, with a name that comes once; and a secret that is signed.
    assert_eq!(at("apple", "/authorize/query/response_mode"), "form_post");
    assert!(
        at("apple", "/callback/form_user").is_string()
            && at("apple", "/token/body/client_secret") == "<signed>"
    );
}

/// The requests but those for keys and discovery, which every provider may be sent at any time.
fn check(case: &Case, seen: &[Seen], expected: &[&Value]) {
    let documents = [&case.expected["keys_url"], &case.expected["discovery_url"]];
    let seen: Vec<&Seen> =
        seen.iter().filter(|seen| !documents.iter().any(|url| *url == &seen.url)).collect();
    assert_eq!(seen.len(), expected.len(), "{}: {seen:?}", case.id);
    for (seen, expected) in seen.into_iter().zip(expected) {
        assert_eq!(
            (seen.method, &seen.url),
            (expected["method"].as_str().unwrap(), &expected["url"].as_str().unwrap().to_owned()),
            "{}",
            case.id
        );
        assert_eq!(json!(seen.headers), expected["headers"], "{}", case.id);
        match &expected["body"] {
            Value::Null => assert!(seen.body.is_empty()),
            Value::String(text) => assert_eq!(seen.body, text.as_bytes()),
            fields => assert_eq!(&fields_of(case, seen), fields, "{}", case.id),
        }
    }
}

fn fields_of(case: &Case, seen: &Seen) -> Value {
    let mut fields: BTreeMap<String, String> = if seen.headers["Content-Type"] == "application/json" {
        serde_json::from_slice(&seen.body).unwrap()
    } else {
        form_urlencoded::parse(&seen.body).into_owned().collect()
    };
    if case.id == "apple" {
        check_signed_secret(case, &fields["client_secret"]);
        fields.insert("client_secret".to_owned(), "<signed>".to_owned());
    }
    json!(fields)
}

fn check_signed_secret(case: &Case, secret: &str) {
    let decode = |part: &str| data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
    let (signed, signature) = secret.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, case.signer.public_key())
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    let parts: Vec<Value> =
        signed.split('.').map(|part| serde_json::from_slice(&decode(part)).unwrap()).collect();
    assert_eq!(parts[0], json!({"alg": "ES256", "kid": "ABC123DEFG"}));
    assert_eq!(
        parts[1],
        json!({"iss": "DEF123GHIJ", "sub": "client-1", "aud": "https://appleid.apple.com", "iat": NOW, "exp": NOW + 300})
    );
}

/// The ids are those that providers document as immutable. A change here hands accounts to other
/// people.
#[test]
fn uids_are_immutable_ids() {
    let uids =
        Provider::builtin_ids().map(|id| format!("{id} {}", Provider::builtin(&id).unwrap().profile.uid));
    let golden = "amazon user:/user_id, apple id_token:/sub, auth0 user:/sub, authentik user:/sub, autodesk user:/sub, \
         bitbucket user:/uuid, bitly user:/login, box user:/id, dailymotion user:/id, discord user:/id, disqus user:/response/id, \
         dropbox user:/account_id, etsy user:/user_id, facebook user:/id, github user:/id, gitlab user:/id, google user:/sub, \
         linkedin user:/sub, microsoft user:/id, notion user:/bot/owner/user/id, oidc user:/sub, okta user:/sub, \
         paypal user:/user_id, paypalSandbox user:/user_id, podio user:/user_id, salesforce user:/user_id, slack user:/sub, \
         spotify user:/id, stripe user:/id, tradeshift user:/Id, tradeshiftBox user:/Id, twitch user:/sub, wordpress user:/ID, \
         yahoo user:/sub, yammer user:/id, yandex user:/id, zoho id_token:/sub, zoom user:/id";
    assert_eq!(uids.collect::<Vec<_>>().join(", "), golden);
}

/// What is asked of people is no more than signing in takes.
#[test]
fn scopes_are_the_least_that_signing_in_takes() {
    let scopes = Provider::builtin_ids().filter_map(|id| {
        let scopes = Provider::builtin(&id).unwrap().authorize.scopes;
        (!scopes.is_empty()).then(|| format!("{id} {}", scopes.join(" ")))
    });
    let golden = [
        "amazon profile",
        "apple name email",
        "auth0 openid profile email offline_access",
        "authentik openid profile email offline_access",
        "autodesk openid user-profile:read",
        "dailymotion userinfo email",
        "discord identify email",
        "disqus read email",
        "dropbox account_info.read",
        "etsy email_r profile_r",
        "facebook email",
        "github user:email",
        "gitlab read_user",
        "google openid email profile",
        "linkedin openid profile email",
        "microsoft offline_access User.Read",
        "oidc openid profile email",
        "okta openid profile email offline_access",
        "paypal openid profile email",
        "paypalSandbox openid profile email",
        "salesforce openid profile email",
        "slack openid email profile",
        "spotify user-read-email",
        "stripe read_write",
        "tradeshift openid offline",
        "tradeshiftBox openid offline",
        "twitch openid user:read:email",
        "wordpress auth",
        "yahoo openid profile email",
        "yandex login:info login:email",
        "zoho email profile",
    ];
    assert_eq!(scopes.collect::<Vec<_>>(), golden);
}
