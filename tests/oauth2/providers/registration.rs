//! What is refused when the service starts.

use account::{
    oauth2::{Credentials, OAuth2Client, Provider, Registration, RegistrationError},
    ports::HttpClient,
};
use serde_json::{Value, json};
use std::sync::Arc;

use super::double::{Case, Double, Signer, now};

fn credentials() -> Credentials {
    Credentials::new("client-1", "hush".to_owned())
}

fn register(id: &str, changes: &Value, credentials: Credentials) -> Result<Registration, RegistrationError> {
    Registration::new(Provider::builtin_with(id, changes).unwrap(), credentials)
}

fn refused(id: &str, changes: &Value, credentials: Credentials) -> RegistrationError {
    register(id, changes, credentials).expect_err(&format!("{id} {changes}"))
}

#[test]
fn parameters_are_of_their_kind() {
    let with =
        |id, name, value| register(id, &Value::Null, credentials().with_parameter(name, value)).map(|_| ());
    let wrong = |name: &str| Err(RegistrationError::Parameter(name.to_owned()));
    for bad in [
        "https://example.com",
        "example.com/x",
        "u@example.com",
        "example.com:8443",
        "10.0.0.1",
        "localhost",
        "ex ample.com",
    ] {
        for id in ["auth0", "okta", "authentik", "salesforce"] {
            assert_eq!(with(id, "domain", bad), wrong("domain"), "{id} {bad}");
        }
    }
    for bad in [
        "http://git.example.com",
        "https://10.0.0.1",
        "git.example.com",
        "https://git.example.com?x",
        "https://a:b@git.example.com",
    ] {
        assert_eq!(with("gitlab", "endpoint", bad), wrong("endpoint"), "{bad}");
    }
    for bad in ["a/b", "..", ".", "a?b", "a#b", "a b", "a%2fb"] {
        assert_eq!(with("microsoft", "tenant", bad), wrong("tenant"), "{bad}");
        assert_eq!(with("facebook", "graph_version", bad), wrong("graph_version"), "{bad}");
    }
    assert_eq!(with("zoho", "accounts_host", "accounts.zoho.example"), wrong("accounts_host"));
    assert_eq!(with("zoho", "accounts_host", "accounts.zoho.eu"), Ok(()));
    assert_eq!(with("google", "prompt", "a\r\nb"), wrong("prompt"));
    assert_eq!(with("oidc", "well_known", "http://id.example.com/x"), wrong("well_known"));
    assert_eq!(with("github", "tenant", "x"), Err(RegistrationError::Unknown("tenant".to_owned())));
    assert_eq!(
        refused("auth0", &Value::Null, credentials()),
        RegistrationError::Missing("domain".to_owned())
    );
    assert_eq!(with("auth0", "domain", ""), Err(RegistrationError::Missing("domain".to_owned())));
    assert_eq!(with("microsoft", "tenant", ""), Ok(()), "an empty one is none, so the default is taken");
}

#[test]
fn private_hosts_are_named_only_if_the_operator_says_so() {
    for (id, name, value) in
        [("gitlab", "endpoint", "https://git.internal:8443/lab"), ("authentik", "domain", "10.0.0.7:9443")]
    {
        assert!(register(id, &Value::Null, credentials().with_parameter(name, value)).is_err());
        assert!(
            register(id, &Value::Null, credentials().with_parameter(name, value).with_private_network())
                .is_ok()
        );
    }
}

#[test]
fn credentials_are_there_and_can_be_sent() {
    let with = |id: &str, secret: &str| {
        register("github", &Value::Null, Credentials::new(id, secret.to_owned())).map(|_| ())
    };
    assert_eq!(with("", "hush"), Err(RegistrationError::ClientId));
    assert_eq!(with("a\nb", "hush"), Err(RegistrationError::ClientId));
    assert_eq!(with("id", ""), Err(RegistrationError::ClientSecret));
    assert_eq!(with("id", "a\r\nX: 1"), Err(RegistrationError::ClientSecret));
}

#[tokio::test]
async fn a_secret_may_be_the_json_object_of_the_old_system() {
    let authorize = async |id: &str, secret: Value| {
        let registration =
            register(id, &Value::Null, Credentials::new("client-1", secret.to_string())).unwrap();
        let http: Arc<dyn HttpClient> = Arc::new(Double::default());
        let url = OAuth2Client::new(registration, http)
            .authorize_url(&Case::new("box").attempt(&[]), now())
            .await
            .unwrap();
        url.to_string()
    };
    let url = authorize("auth0", json!({"clientSecret": "hush", "auth0Domain": "a.us.auth0.com"})).await;
    assert!(url.starts_with("https://a.us.auth0.com/authorize?"));
    let url = authorize(
        "okta",
        json!({"clientSecret": "hush", "oktaDomain": "a.okta.com", "authorizationServerId": ""}),
    )
    .await;
    assert!(
        url.starts_with("https://a.okta.com/oauth2/v1/authorize?"),
        "the organisation's own server: {url}"
    );
    let url = authorize("okta", json!({"clientSecret": "hush", "oktaDomain": "a.okta.com"})).await;
    assert!(url.starts_with("https://a.okta.com/oauth2/default/v1/authorize?"));
    let url = authorize("microsoft", json!({"clientSecret": "hush", "tenantID": "consumers"})).await;
    assert!(url.starts_with("https://login.microsoftonline.com/consumers/"));
    let url =
        authorize("google", json!({"clientSecret": "hush", "prompt": ["consent", "select_account"]})).await;
    assert!(url.contains("&prompt=consent%20select_account"));
    let oidc = json!({
        "clientSecret": "hush",
        "wellKnownEndpoint": "",
        "authorizationEndpoint": "https://id.example.com/a",
        "tokenEndpoint": "https://id.example.com/t",
        "userInfoEndpoint": "https://id.example.com/u",
        "prompt": "login",
    });
    let url = authorize("oidc", oidc).await;
    assert!(url.starts_with("https://id.example.com/a?") && url.ends_with("&prompt=login"), "{url}");
    assert!(!url.contains("nonce"), "a nonce that cannot be checked is not sent");

    for bad in ["{", "{}", r#"{"clientSecret": {}}"#, r#"{"auth0Domain": "a.us.auth0.com"}"#] {
        assert_eq!(
            refused("auth0", &Value::Null, Credentials::new("client-1", bad.to_owned())),
            RegistrationError::ClientSecret
        );
    }
}

#[test]
fn apple_needs_a_key_that_can_sign() {
    let signer = Signer::new();
    let with = |secret: String| {
        let credentials =
            Credentials::new("client-1", secret).with_parameter("key_id", "K").with_parameter("team_id", "T");
        register("apple", &Value::Null, credentials).map(|_| ())
    };
    assert_eq!(with(signer.pem()), Ok(()));
    assert_eq!(with(signer.pem().replace('\n', "\\n")), Ok(()));
    assert_eq!(with(signer.pem().replace('\n', "\r\n")), Ok(()));
    let json = json!({"p8": signer.pem(), "keyID": "K", "teamID": "T"}).to_string();
    assert!(register("apple", &Value::Null, Credentials::new("client-1", json)).is_ok());
    for bad in ["hush", "", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert_eq!(with(bad.to_owned()), Err(RegistrationError::SigningKey), "{bad}");
    }
    let without = Credentials::new("client-1", signer.pem()).with_parameter("key_id", "K");
    assert_eq!(refused("apple", &Value::Null, without), RegistrationError::Missing("team_id".to_owned()));
}

#[test]
fn a_provider_of_the_host_is_checked_as_a_whole() {
    let wrong = |changes| refused("github", &changes, credentials());
    assert_eq!(wrong(json!({"id": "a b"})), RegistrationError::Id);
    assert_eq!(wrong(json!({"id": ""})), RegistrationError::Id);
    assert_eq!(
        wrong(json!({"authorize": {"url": "http://github.com/"}})),
        RegistrationError::Url("authorize")
    );
    assert_eq!(wrong(json!({"authorize": {"url": null}})), RegistrationError::Url("authorize"));
    assert_eq!(wrong(json!({"token": {"url": "https://127.0.0.1/"}})), RegistrationError::Url("token"));
    assert_eq!(wrong(json!({"token": {"url": "https://{host}/"}})), RegistrationError::Url("token"));
    assert_eq!(
        wrong(json!({"authorize": {"parameters": {"state": "x"}}})),
        RegistrationError::Name("state".to_owned())
    );
    assert_eq!(
        wrong(json!({"authorize": {"parameters": {"x": "{y}"}}})),
        RegistrationError::Unknown("y".to_owned())
    );
    assert_eq!(wrong(json!({"token": {"headers": {"X Y": "1"}}})), RegistrationError::Name("X Y".to_owned()));
    assert_eq!(
        wrong(json!({"profile": {"uid": "me:/id"}})),
        RegistrationError::Reference("me:/id".to_owned())
    );
    assert_eq!(
        wrong(json!({"profile": {"uid": "callback.user:/id"}})),
        RegistrationError::Reference("callback.user:/id".to_owned())
    );
    assert_eq!(
        wrong(json!({"profile": {"email": {"list": null, "address": "callback.user:/email"}}})),
        RegistrationError::Reference("callback.user:/email".to_owned())
    );
    assert_eq!(wrong(json!({"profile": {"uid": "id_token:/sub"}})), RegistrationError::OpenId);
    let early = json!([{"name": "user", "url": "https://api.github.com/{emails:/0}"}, {"name": "emails", "url": "https://api.github.com/e"}]);
    assert_eq!(
        wrong(json!({"profile": {"requests": early}})),
        RegistrationError::Reference("emails:/0".to_owned())
    );
    let twice = json!([{"name": "user", "url": "https://a.example.com"}, {"name": "user", "url": "https://a.example.com"}]);
    assert_eq!(
        wrong(json!({"profile": {"requests": twice}})),
        RegistrationError::Reference("user".to_owned())
    );
    assert_eq!(refused("oidc", &Value::Null, credentials()), RegistrationError::Url("authorize"));
}

#[tokio::test]
async fn a_provider_by_configuration_alone_can_do_what_the_table_can() {
    let provider: Provider = serde_json::from_value(json!({
        "id": "forge",
        "name": "Forge",
        "parameters": [{"name": "team", "kind": "text", "required": true}],
        "authorize": {"url": "https://forge.example.com/authorize", "parameters": {"team": "{team}"}},
        "token": {"url": "https://forge.example.com/token?v=2", "encoding": "query"},
        "profile": {
            "requests": [
                {"name": "me", "url": "https://forge.example.com/me", "bearer": false, "headers": {"X-Proof": "{access_token_proof}"}},
                {"name": "card", "url": "https://forge.example.com/people/{me:/key}", "query": {"of": "{token:/scope}"}, "body": {"form": {"team": "{team}"}}}
            ],
            "uid": "me:/key",
            "email": {"address": "card:/mail", "verified": "always"},
            "names": ["card:/name"]
        }
    }))
    .unwrap();
    let registration = Registration::new(provider, credentials().with_parameter("team", "a&b")).unwrap();
    let double = Arc::new(Double::default());
    let client = OAuth2Client::new(registration, double.clone());
    double.answer_json("https://forge.example.com/token", &json!({"access_token": "at-1", "scope": "x y"}));
    double.answer_json("https://forge.example.com/me", &json!({"key": "a/b"}));
    double.answer_json(
        "https://forge.example.com/people/a%2Fb",
        &json!({"mail": "Ada@Example.com", "name": "Ada"}),
    );

    let case = Case::new("box");
    let url = client.authorize_url(&case.attempt(&[]), now()).await.unwrap();
    assert!(url.as_str().ends_with("&team=a%26b"));
    let tokens = client.exchange(&case.attempt(&[]), &case.callback(), now()).await.unwrap();
    let user = client.user(&tokens, &case.attempt(&[]), &case.callback(), now()).await.unwrap();
    assert_eq!(
        (&*user.uid, user.email.unwrap().as_str(), user.email_verified),
        ("a/b", "ada@example.com", true)
    );
    let seen = double.take_seen();
    assert!(
        seen[0]
            .url
            .starts_with("https://forge.example.com/token?v=2&grant_type=authorization_code&code=c0de-1&")
    );
    assert_eq!((seen[0].method, seen[0].body.len()), ("GET", 0));
    // HMAC-SHA-256 of "at-1" under "hush".
    assert_eq!(seen[1].headers["X-Proof"], PROOF);
    assert_eq!(
        (seen[2].method, seen[2].url.as_str()),
        ("POST", "https://forge.example.com/people/a%2Fb?of=x%20y")
    );
    assert_eq!(seen[2].body, b"team=a%26b");
}

const PROOF: &str = "a19959a1ba5ea7e105bec408a040d4f13394ea02cc37a2c15f4fb6087fcc2ba2";

#[test]
fn every_recorded_provider_meets_its_verdict() {
    let corpus: Value = serde_json::from_str(include_str!("../../data/bad-inputs.json")).unwrap();
    for entry in corpus["oauthProvider"].as_array().unwrap() {
        let (input, valid) = (entry["input"].as_str().unwrap(), entry["valid"].as_bool().unwrap());
        assert_eq!(Provider::builtin(input).is_ok(), valid, "{input:?}");
    }
}

#[test]
fn a_greatest_age_is_a_number_and_can_be_checked() {
    const KEYS: [(&str, &str); 2] =
        [("issuer", "https://id.example.com"), ("jwks_uri", "https://id.example.com/keys")];
    let with = |age: &str, keys: &[(&str, &str)]| {
        let mut credentials = credentials().with_parameter("max_age", age);
        for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
            credentials = credentials.with_parameter(name, "https://id.example.com/there");
        }
        for (name, value) in keys {
            credentials = credentials.with_parameter(*name, *value);
        }
        register("oidc", &Value::Null, credentials).map(|_| ())
    };
    assert_eq!(with("3600", &KEYS), Ok(()));
    for bad in ["1h", "-1", "3600.5", " 60", "4294967296"] {
        assert_eq!(with(bad, &KEYS), Err(RegistrationError::Parameter("max_age".to_owned())), "{bad}");
    }
    assert_eq!(with("3600", &[]), Err(RegistrationError::OpenId));
}
