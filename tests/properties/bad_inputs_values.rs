//! Every recorded input meets the verdict that stands beside it.

use account::model::{
    AllowedRedirects, ClientInfo, CustomId, Email, IdentityQuery, Name, Network, PageQuery, Passcode,
    Password, Phone, Preferences, SecondFactor, SessionId, UserId, parse_client_ip,
};
use serde_json::Value;

fn agrees(kind: &str, accepts: impl Fn(&str) -> bool) {
    let corpus: Value = serde_json::from_str(include_str!("../data/bad-inputs.json")).unwrap();
    let entries = corpus[kind].as_array().unwrap();
    let wrong: Vec<&Value> = entries
        .iter()
        .filter(|entry| accepts(entry["input"].as_str().unwrap()) != entry["valid"].as_bool().unwrap())
        .collect();
    assert!(!entries.is_empty() && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn emails() {
    agrees("email", |input| input.parse::<Email>().is_ok());
}

#[test]
fn phones() {
    agrees("phone", |input| input.parse::<Phone>().is_ok());
}

#[test]
fn user_ids() {
    agrees("userId", |input| input.parse::<CustomId<UserId>>().is_ok());
}

#[test]
fn session_ids() {
    agrees("sessionId", |input| input.parse::<SessionId>().is_ok());
}

#[test]
fn passwords() {
    agrees("password", |input| input.parse::<Password>().is_ok());
}

#[cfg(feature = "strength")]
#[test]
fn common_passwords() {
    agrees("passwordBlocklist", |input| {
        input.parse::<Password>().is_ok() && !account::policy::is_common(input)
    });
}

#[test]
fn preferences() {
    agrees("prefsJson", |input| input.parse::<Preferences>().is_ok());
}

#[test]
fn log_queries() {
    agrees("queryLogs", |input| PageQuery::parse(&[input], 25).is_ok());
}

#[test]
fn identity_queries() {
    agrees("queryIdentities", |input| IdentityQuery::parse(&[input], 25).is_ok());
}

#[test]
fn names() {
    agrees("name", |input| Name::optional(input).is_ok());
}

#[test]
fn second_factors() {
    agrees("mfaFactor", |input| input.parse::<SecondFactor>().is_ok());
}

/// What a client sends as a secret is any text of 1–256 characters, kept as it is; whether it is
/// the right one is for the comparison to say.
#[test]
fn secrets_and_codes() {
    let corpus: Value = serde_json::from_str(include_str!("../data/bad-inputs.json")).unwrap();
    for kind in ["otp", "recoveryCode", "tokenSecret"] {
        for entry in corpus[kind].as_array().unwrap() {
            let input = entry["input"].as_str().unwrap();
            let parsed = input.parse::<Passcode>();
            assert_eq!(parsed.is_ok(), (1..=256).contains(&input.chars().count()), "{kind} {input:?}");
            assert!(parsed.is_err() || parsed.unwrap().expose() == input, "{kind} {input:?}");
        }
    }
}

#[test]
fn redirect_urls() {
    let hosts = ["app.example.com", "localhost", "127.0.0.1", "[::1]", "*.tenant.example"];
    let allowed = AllowedRedirects::new(hosts, ["com.example.app"]).unwrap();
    agrees("redirectUrl", |input| allowed.check(input).is_ok());
}

#[test]
fn client_addresses() {
    agrees("clientIp", |input| parse_client_ip(input).is_some());
    let network = |text: &str| Network::of(parse_client_ip(text).unwrap());
    for (one, same) in [
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ] {
        assert_eq!(network(one), network(same));
    }
    assert_ne!(network("2001:db8:0:1::1"), network("2001:db8::1"));
}

/// A client is the one who sends a request, so nothing is refused: what is bad is not kept as it
/// came.
#[test]
fn user_agents() {
    agrees("userAgent", |input| {
        let client = ClientInfo::default().with_user_agent(input);
        let kept = client.user_agent().unwrap_or_default();
        assert!(!kept.contains(char::is_control), "{kept:?}");
        assert_eq!(client.user_agent().is_some(), !input.is_empty());
        kept == input
    });
}
