//! Every operation × every state that a session can be in × every way to show it: the answer of the
//! gates is that of the table of operations.

use std::time::Duration;

use account::{
    model::ClientInfo,
    operation::{
        Access, Assurance, AuthMethod,
        Operation::{self, *},
    },
};

use crate::support::http::{Call, Cookie, Server, otp};

/// What an operation answers to an empty object once the request has passed the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// That a parameter is missing.
    Parameters,
    /// Whatever there is to say; it has no parameters, or only those of its path.
    Anything,
    /// That there is no such route: it is not offered.
    NoRoute,
}

use Behind::{Anything, NoRoute, Parameters};

/// Offered only by a build that knows providers.
const OF_PROVIDERS: Behind = if cfg!(feature = "oauth2") { Anything } else { NoRoute };

/// All operations of the API, in its order. One that is added, or offered, has to be written down
/// here.
const OPERATIONS: [(Operation, Behind); 47] = [
    (User, Anything),
    (SignUp, Parameters),
    (ChangeEmail, Parameters),
    (Identities, Anything),
    (UnlinkIdentity, Anything),
    (IssueJwt, Anything),
    (Events, Anything),
    (SetMfa, Parameters),
    (AddAuthenticator, Anything),
    (ConfirmAuthenticator, Parameters),
    (RemoveAuthenticator, Anything),
    (StartChallenge, Parameters),
    (FinishChallenge, Parameters),
    (Factors, Anything),
    (RecoveryCodes, Anything),
    (CreateRecoveryCodes, Anything),
    (ReplaceRecoveryCodes, Anything),
    (ChangeName, Parameters),
    (ChangePassword, Parameters),
    (ChangePhone, Parameters),
    (Preferences, Anything),
    (ReplacePreferences, Parameters),
    (StartRecovery, Parameters),
    (FinishRecovery, Parameters),
    (Sessions, Anything),
    (SignOutEverywhere, Anything),
    (SignInAnonymously, Anything),
    (SignInWithPassword, Parameters),
    (SignInWithMagicUrl, Parameters),
    (StartOAuth2, OF_PROVIDERS),
    (SignInWithPhone, Parameters),
    (SignInWithToken, Parameters),
    (Session, Anything),
    (ExtendSession, Anything),
    (SignOut, Anything),
    (Block, Anything),
    (AddPushTarget, Parameters),
    (ChangePushTarget, Parameters),
    (RemovePushTarget, Anything),
    (SendEmailCode, Parameters),
    (SendMagicUrl, Parameters),
    (StartOAuth2Token, OF_PROVIDERS),
    (SendPhoneCode, Parameters),
    (StartEmailVerification, Parameters),
    (FinishEmailVerification, Parameters),
    (StartPhoneVerification, Anything),
    (FinishPhoneVerification, Parameters),
];

/// An operation that is missing above does not compile.
const _: () = {
    assert!(OPERATIONS.len() == Operation::ALL.len());
    let mut at = 0;
    while at < OPERATIONS.len() {
        assert!(OPERATIONS[at].0 as usize == Operation::ALL[at] as usize);
        at += 1;
    }
};

/// What has become of the session of the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There never was one.
    Guest,
    Full,
    /// As full, on an account without any identifier.
    Anonymous,
    /// One factor of two.
    Owing,
    /// Both factors, but no challenge lately.
    Stale,
    /// Both factors, the second just now.
    Fresh,
    Expired,
    SignedOut,
    /// Its account is gone.
    Deleted,
    Blocked,
    ResetRequired,
}

use State::*;

const STATES: [State; 11] =
    [Guest, Full, Anonymous, Owing, Stale, Fresh, Expired, SignedOut, Deleted, Blocked, ResetRequired];

/// How a client shows its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Cookie,
    Header,
    Jwt,
}

const WAYS: [Way; 3] = [Way::Cookie, Way::Header, Way::Jwt];

/// What the gates answer by the operation's row; `None` if they let it pass.
fn gates(row: Operation, behind: Behind, state: State, off: &[AuthMethod]) -> Option<&'static str> {
    let is_route = behind != NoRoute;
    let is_guest = matches!(state, Guest | Expired | SignedOut | Deleted);
    let held = match state {
        _ if is_guest && is_route && !row.access().allows_guests() => Some("general_unauthorized_scope"),
        Blocked => Some("user_blocked"),
        ResetRequired => Some("user_password_reset_required"),
        Owing if !is_route || row.assurance() != Assurance::Exempt => Some("user_more_factors_required"),
        _ if !is_route => Some("general_route_not_found"),
        _ if row.auth_method().is_some_and(|method| off.contains(&method)) => {
            Some("user_auth_method_unsupported")
        }
        _ => None,
    };
    let lately = match row.assurance() {
        Assurance::Exempt | Assurance::Full => true,
        Assurance::FreshIfActive => state != Stale,
        Assurance::Fresh => state == Fresh,
        other => panic!("what does {other:?} ask for?"),
    };
    held.or_else(|| match is_guest {
        true => None,
        false if row.refuses_session() => Some("user_session_already_exists"),
        false => (!lately).then_some("user_challenge_required"),
    })
}

/// What only gates say.
const OF_THE_GATES: [&str; 7] = [
    "general_unauthorized_scope",
    "user_blocked",
    "user_password_reset_required",
    "user_more_factors_required",
    "user_auth_method_unsupported",
    "user_session_already_exists",
    "user_challenge_required",
];

/// A server, and a person in a state with what they show.
async fn scene(state: State, off: &[AuthMethod]) -> (Server, Option<(Cookie, String)>) {
    let server = Server::with(
        |config| {
            // Shorter than a JWT lives, so that the JWT outlives its session.
            let minutes = if state == Expired { 10 } else { 120 };
            config.session_lifetime = Duration::from_secs(minutes * 60);
            config.methods.magic_url = !off.contains(&AuthMethod::MagicUrl);
            config.methods.email_code = !off.contains(&AuthMethod::EmailOtp);
            config.methods.phone = !off.contains(&AuthMethod::Phone);
        },
        |_| {},
        false,
    );
    if state == Guest {
        return (server, None);
    }
    let cookie = match state {
        Anonymous => server.post("/v1/account/sessions/anonymous", "").ok(201).await.cookie(),
        _ => server.user("ada").await,
    };
    let cookie = match state {
        // The one who switches it on has proved all factors that there are.
        Stale | Fresh => {
            let secret = set_up_authenticator(&server, &cookie).await;
            switch_mfa_on(&server, &cookie).await;
            if state == Fresh { pass_challenge(&server, &cookie, &secret).await } else { cookie }
        }
        Owing => {
            switch_mfa_on(&server, &cookie).await;
            cookie
        }
        _ => cookie,
    };
    let jwt = server.post("/v1/account/jwts", "").by(&cookie).ok(201).await.text("jwt");
    let (ada, nobody) = ("ada".parse().unwrap(), ClientInfo::default());
    match state {
        Owing => {
            let other = server.sign_in("ada").await;
            set_up_authenticator(&server, &other).await;
        }
        Expired => server.clock.advance(Duration::from_secs(600)),
        SignedOut => drop(server.call("DELETE", "/v1/account/sessions/current").by(&cookie).ok(204).await),
        Deleted => server.service.admin(&nobody).delete(&ada).await.unwrap(),
        Blocked => drop(server.service.admin(&nobody).set_blocked(&ada, true).await.unwrap()),
        ResetRequired => {
            server.service.admin(&nobody).require_password_reset(&ada, true).await.unwrap();
        }
        Guest | Full | Anonymous | Stale | Fresh => {}
    }
    (server, Some((cookie, jwt)))
}

async fn set_up_authenticator(server: &Server, cookie: &Cookie) -> String {
    const PATH: &str = "/v1/account/mfa/authenticators/totp";
    let secret = server.post(PATH, "").by(cookie).ok(200).await.text("secret");
    let code = otp(&secret, &server.clock);
    server.put(PATH, &format!(r#"{{"otp":"{code}"}}"#)).by(cookie).ok(200).await;
    secret
}

async fn switch_mfa_on(server: &Server, cookie: &Cookie) {
    server.patch("/v1/account/mfa", r#"{"mfa":true}"#).by(cookie).ok(200).await;
}

async fn pass_challenge(server: &Server, cookie: &Cookie, secret: &str) -> Cookie {
    const PATH: &str = "/v1/account/mfa/challenge";
    // A code is good once.
    server.clock.advance(Duration::from_secs(30));
    let challenge = server.post(PATH, r#"{"factor":"totp"}"#).by(cookie).ok(201).await.text("$id");
    let body = format!(r#"{{"challengeId":"{challenge}","otp":"{}"}}"#, otp(secret, &server.clock));
    server.put(PATH, &body).by(cookie).ok(200).await.cookie()
}

/// A request to an operation by this route, of a person who shows their session this way.
fn call(
    server: &Server,
    operation: Operation,
    path: &str,
    shown: Option<&(Cookie, String)>,
    way: Way,
) -> Call {
    let path = path.replace("{sessionId}", "current").replace("{type}", "totp").replace(['{', '}'], "");
    let call = server.call(operation.method(), &path);
    let call = if operation.method() == "GET" { call } else { call.json("{}") };
    match (shown, way) {
        (None, _) => call,
        (Some((cookie, _)), Way::Cookie) => call.by(cookie),
        (Some((cookie, _)), Way::Header) => call.header("x-appwrite-session", &cookie.wire()),
        (Some((_, jwt)), Way::Jwt) => call.header("x-appwrite-jwt", jwt),
    }
}

async fn every_cell_is_the_tables(operations: &[(Operation, Behind)], off: &[AuthMethod]) -> usize {
    let mut cells = 0;
    for (state, way) in STATES.into_iter().flat_map(|state| WAYS.map(|way| (state, way))) {
        if state == Guest && way != Way::Cookie {
            continue;
        }
        let (mut server, mut shown) = scene(state, off).await;
        for (operation, behind) in operations.iter().copied() {
            let expected = gates(operation, behind, state, off);
            for path in std::iter::once(&operation.path()).chain(operation.aliases()) {
                let reply = call(&server, operation, path, shown.as_ref(), way).send().await;
                let place = format!("{operation:?} {path} {state:?} {way:?}: {}", reply.text);
                let answer = if reply.status < 400 { String::new() } else { reply.text("type") };
                match (expected, behind) {
                    (Some(expected), _) => assert_eq!(answer, expected, "{place}"),
                    (None, Parameters) => assert_eq!(answer, "general_argument_invalid", "{place}"),
                    (None, _) => {
                        assert!(!OF_THE_GATES.contains(&&*answer) && reply.status < 500, "{place}");
                        // What was let pass may have changed who is in front of the next one.
                        (server, shown) = scene(state, off).await;
                    }
                }
                cells += 1;
            }
        }
    }
    cells
}

#[tokio::test]
async fn every_operation_answers_every_state_of_a_session_as_the_table_says() {
    // 47 operations and 4 older routes; one way to be a guest and three to be in each of the ten
    // other states.
    assert_eq!(every_cell_is_the_tables(&OPERATIONS, &[]).await, (47 + 4) * (1 + 10 * 3));
}

#[tokio::test]
async fn a_method_that_is_off_is_told_to_those_who_come_so_far() {
    let off = [AuthMethod::MagicUrl, AuthMethod::EmailOtp, AuthMethod::Phone];
    let is_off = |operation: Operation| operation.auth_method().is_some_and(|method| off.contains(&method));
    let operations: Vec<_> = OPERATIONS.into_iter().filter(|(operation, _)| is_off(*operation)).collect();
    assert_eq!(operations.len(), 4);
    every_cell_is_the_tables(&operations, &off).await;
}

#[tokio::test]
async fn a_jwt_that_has_expired_passes_no_gate_whatever_is_asked_and_whoever_sends_it() {
    let (server, shown) = scene(Full, &[]).await;
    let (cookie, jwt) = shown.unwrap();
    server.clock.advance(Duration::from_secs(900));
    for operation in Operation::ALL {
        let path = operation.path().replace(['{', '}'], "");
        let call = || server.call(operation.method(), &path).header("x-appwrite-jwt", &jwt);
        call().refused(401, "user_jwt_invalid").await;
        call().by(&cookie).refused(401, "user_jwt_invalid").await;
    }
    server.get("/v1/account").by(&cookie).ok(200).await;
}

/// What each gate means, so that the table and its reading here cannot go wrong together.
#[test]
fn the_answers_that_matter_most_are_what_they_should_be() {
    let gates = |operation, state| gates(operation, Anything, state, &[]);
    assert_eq!(gates(User, Full), None);
    assert_eq!(gates(User, Guest), Some("general_unauthorized_scope"));
    assert_eq!(gates(AddPushTarget, Expired), Some("general_unauthorized_scope"));
    assert_eq!(gates(SignInWithPassword, SignedOut), None);
    assert_eq!(gates(SignInWithPassword, Anonymous), Some("user_session_already_exists"));
    assert_eq!(gates(SignInWithPassword, Blocked), Some("user_blocked"));
    assert_eq!(gates(FinishEmailVerification, ResetRequired), Some("user_password_reset_required"));
    for open in [StartChallenge, FinishChallenge, Factors, SignOut] {
        assert_eq!(gates(open, Owing), None);
    }
    let open = Operation::ALL.iter().filter(|operation| gates(**operation, Owing).is_none());
    assert_eq!(open.count(), 4);
    for (operation, before_mfa) in [
        (SetMfa, None),
        (AddAuthenticator, None),
        (RemoveAuthenticator, None),
        (RecoveryCodes, Some("user_challenge_required")),
        (ReplaceRecoveryCodes, Some("user_challenge_required")),
    ] {
        assert_eq!(gates(operation, Full), before_mfa);
        assert_eq!(gates(operation, Stale), Some("user_challenge_required"));
        assert_eq!(gates(operation, Fresh), None);
    }
    assert!(
        Operation::ALL
            .iter()
            .all(|operation| operation.access() != Access::Public || !operation.refuses_session())
    );
}
