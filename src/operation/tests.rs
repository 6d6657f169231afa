use std::collections::HashSet;

use super::{
    gates::{Access::*, Assurance::*},
    limits::LimitKey::*,
    *,
};

/// The table once more, written by hand in the order of the API: method and path below
/// `/v1/account`, API name, access, assurance and limits. `+` marks limits that this crate adds.
const FACTS: &str = "\
GET|/|get|account|Full|
POST|/|create|sessions.write|Full|10 Url Ip
PATCH|/email|updateEmail|account|Full|
GET|/identities|listIdentities|account|Full|
DELETE|/identities/{identityId}|deleteIdentity|account|Full|
POST|/jwts|createJWT|account|Full|100 Url CallerId
GET|/logs|listLogs|account|Full|
PATCH|/mfa|updateMFA|account|FreshIfActive|
POST|/mfa/authenticators/{type}|createMfaAuthenticator|account|FreshIfActive|
PUT|/mfa/authenticators/{type}|updateMfaAuthenticator|account|Full|
DELETE|/mfa/authenticators/{type}|deleteMfaAuthenticator|account|FreshIfActive|
POST|/mfa/challenge|createMfaChallenge|account|Exempt|10 Url CallerId
PUT|/mfa/challenge|updateMfaChallenge|account|Exempt|10 Url ChallengeId
GET|/mfa/factors|listMfaFactors|account|Exempt|
GET|/mfa/recovery-codes|getMfaRecoveryCodes|account|Fresh|
POST|/mfa/recovery-codes|createMfaRecoveryCodes|account|Full|
PATCH|/mfa/recovery-codes|updateMfaRecoveryCodes|account|Fresh|
PATCH|/name|updateName|account|Full|
PATCH|/password|updatePassword|account|Full|10 Url Ip
PATCH|/phone|updatePhone|account|Full|
GET|/prefs|getPrefs|account|Full|
PATCH|/prefs|updatePrefs|account|Full|
POST|/recovery|createRecovery|sessions.write|Full|+10 Url Ip, 10 Url Email
PUT|/recovery|updateRecovery|sessions.write|Full|10 Url UserIdParam
GET|/sessions|listSessions|account|Full|
DELETE|/sessions|deleteSessions|account|Full|100 Url Ip
POST|/sessions/anonymous|createAnonymousSession|sessions.write|Full|50 Ip
POST|/sessions/email|createEmailPasswordSession|sessions.write|Full|+100 Url Ip, 10 Url Email
PUT|/sessions/magic-url|updateMagicURLSession|sessions.write|Full|10 Ip UserIdParam
GET|/sessions/oauth2/{provider}|createOAuth2Session|sessions.write|Full|50 Ip
PUT|/sessions/phone|updatePhoneSession|sessions.write|Full|10 Ip UserIdParam
POST|/sessions/token|createSession|sessions.write|Full|10 Ip UserIdParam
GET|/sessions/{sessionId}|getSession|account|Full|
PATCH|/sessions/{sessionId}|updateSession|account|Full|10 Url Ip
DELETE|/sessions/{sessionId}|deleteSession|account|Exempt|100 Url Ip
PATCH|/status|updateStatus|account|Full|
POST|/targets/push|createPushTarget|targets.write|Full|
PUT|/targets/{targetId}/push|updatePushTarget|targets.write|Full|
DELETE|/targets/{targetId}/push|deletePushTarget|targets.write|Full|
POST|/tokens/email|createEmailToken|sessions.write|Full|+60 Url Ip, 10 Url Email
POST|/tokens/magic-url|createMagicURLToken|sessions.write|Full|+60 Url Ip, 60 Url Email
GET|/tokens/oauth2/{provider}|createOAuth2Token|sessions.write|Full|50 Ip
POST|/tokens/phone|createPhoneToken|sessions.write|Full|+10 Url Ip, 10 Url Phone
POST|/verification|createVerification|account|Full|10 Url CallerId
PUT|/verification|updateVerification|public|Full|10 Url UserIdParam
POST|/verification/phone|createPhoneVerification|account|Full|10 Url CallerId, 10 Url Ip
PUT|/verification/phone|updatePhoneVerification|public|Full|10 UserIdParam
";

fn as_fact(operation: Operation) -> String {
    let path = operation.path().strip_prefix("/v1/account").unwrap();
    let limits: Vec<String> = operation
        .limits()
        .iter()
        .map(|limit| {
            let by = limit.by.iter().map(|part| format!(" {part:?}")).collect::<String>();
            format!("{}{}{by}", if limit.guard { "+" } else { "" }, limit.max)
        })
        .collect();
    format!(
        "{}|{}|{}|{}|{:?}|{}\n",
        operation.method(),
        if path.is_empty() { "/" } else { path },
        operation.api_name(),
        operation.access().scope(),
        operation.assurance(),
        limits.join(", ")
    )
}

fn all_with<T>(property: impl Fn(Operation) -> Option<T>) -> Vec<(&'static str, T)> {
    Operation::ALL
        .iter()
        .filter_map(|operation| Some((operation.api_name(), property(*operation)?)))
        .collect()
}

#[test]
fn the_table_agrees_with_the_api() {
    assert_eq!(Operation::ALL.len(), 47);
    assert_eq!(Operation::ALL.iter().copied().map(as_fact).collect::<String>(), FACTS);
}

#[test]
fn older_routes_are_known() {
    let aliases = all_with(|operation| Some(operation.aliases()).filter(|aliases| !aliases.is_empty()));
    let expected: [(&str, &[&str]); 4] = [
        ("createJWT", &["/v1/account/jwt"]),
        ("createEmailPasswordSession", &["/v1/account/sessions"]),
        ("createMagicURLToken", &["/v1/account/sessions/magic-url"]),
        ("createPhoneToken", &["/v1/account/sessions/phone"]),
    ];
    assert_eq!(aliases, expected);
}

#[test]
fn each_sign_in_method_has_its_setting() {
    assert_eq!(
        all_with(|operation| operation.auth_method().map(AuthMethod::setting)),
        [
            ("create", "emailPassword"),
            ("createJWT", "JWT"),
            ("createAnonymousSession", "anonymous"),
            ("createEmailPasswordSession", "emailPassword"),
            ("createEmailToken", "emailOtp"),
            ("createMagicURLToken", "usersAuthMagicURL"),
            ("createPhoneToken", "phone"),
            ("createPhoneVerification", "phone"),
        ]
    );
}

#[test]
fn operations_that_create_a_session_refuse_a_second_one() {
    let refusing = all_with(|operation| operation.refuses_session().then_some(()));
    assert_eq!(
        refusing.iter().map(|(name, ())| *name).collect::<Vec<_>>(),
        [
            "createAnonymousSession",
            "createEmailPasswordSession",
            "updateMagicURLSession",
            "updatePhoneSession",
            "createSession"
        ]
    );
}

#[test]
fn no_two_operations_share_a_route_or_a_name() {
    let mut routes = HashSet::new();
    let mut names = HashSet::new();
    for operation in Operation::ALL.iter().chain(Operation::SUPPORTING) {
        assert!(names.insert(operation.api_name()), "{operation:?}");
        for method in operation.methods() {
            for path in operation.aliases().iter().chain([&operation.path()]) {
                assert!(routes.insert((method, *path)), "{operation:?}");
            }
        }
    }
    assert_eq!(routes.len(), 47 + 4 + 3);
}

#[test]
fn the_supporting_routes_are_known() {
    let [callback, redirect] = Operation::SUPPORTING else { panic!() };
    assert_eq!(callback.methods(), ["GET", "POST"]);
    assert_eq!((callback.access(), callback.assurance(), callback.limits()), (Public, Exempt, [].as_slice()));
    assert_eq!((redirect.methods(), redirect.access()), (["GET"].as_slice(), Guests));
    assert_eq!(redirect.limits(), Operation::StartOAuth2.limits());
}

#[test]
fn only_operations_that_the_api_counts_together_share_a_counter() {
    let everything = || Operation::ALL.iter().chain(Operation::SUPPORTING).copied();
    let sharing =
        |name: &str| everything().filter(|operation| operation.counter() == name).collect::<Vec<_>>();
    use Operation::*;
    assert_eq!(sharing("byAddress"), [SignInAnonymously, StartOAuth2, StartOAuth2Token, OAuth2Redirect]);
    assert_eq!(sharing("createSession"), [SignInWithMagicUrl, SignInWithPhone, SignInWithToken]);
    for operation in
        everything().filter(|operation| !["byAddress", "createSession"].contains(&operation.counter()))
    {
        assert_eq!(sharing(operation.counter()), [operation]);
    }
    for operation in everything() {
        let shared = sharing(operation.counter()).len() > 1;
        let by_url = operation.limits().iter().any(|limit| limit.by.contains(&Url));
        assert!(!(shared && by_url), "{operation:?}");
    }
}

#[test]
fn limits_of_one_operation_have_different_keys() {
    for operation in Operation::ALL {
        let keys: HashSet<_> = operation.limits().iter().map(|limit| limit.by).collect();
        assert_eq!(keys.len(), operation.limits().len(), "{operation:?}");
    }
}

#[cfg(feature = "axum")]
#[test]
fn all_routes_fit_into_one_router() {
    use axum::{Router, http::Method, routing::on};

    let mut router: Router = Router::new();
    for operation in Operation::ALL.iter().chain(Operation::SUPPORTING) {
        for method in operation.methods() {
            let method: Method = method.parse().unwrap();
            for path in operation.aliases().iter().chain([&operation.path()]) {
                // Conflicting routes panic here.
                router = router.route(path, on(method.clone().try_into().unwrap(), || async {}));
            }
        }
    }
}
