//! Every recorded session cookie meets its verdict in the library, with the secret of a session
//! that is alive.

use account::{
    SignUp,
    model::{ClientInfo, CustomId, SessionSecret},
    testing::{PASSWORD, TestHost, password},
};
use data_encoding::BASE64;
use serde_json::Value;

use crate::support::recorded_sessions::own_sessions;

/// The 64 digits of a session of this user.
async fn own_session(host: &TestHost, id: &str) -> String {
    let email = format!("{id}@example.com");
    let mut request = SignUp::new(email.parse().unwrap(), password(PASSWORD));
    request.user_id = CustomId::Given(id.parse().unwrap());
    host.service.sign_up(request, &ClientInfo::default()).await.unwrap();
    let wire = host.signed_in(&email).await.secret.to_wire();
    let json: Value = serde_json::from_slice(&BASE64.decode(wire.as_bytes()).unwrap()).unwrap();
    json["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_recorded_session_meets_its_verdict_with_the_secret_of_a_live_one() {
    let host = TestHost::new();
    let (own, other) = (own_session(&host, "u1").await, own_session(&host, "u2").await);
    for (input, valid) in own_sessions(&own, &other) {
        let caller = match SessionSecret::from_wire(&input) {
            Ok(secret) => host.service.caller(&secret).await.ok(),
            Err(_) => None,
        };
        let user = caller.map(|caller| caller.user_id().as_str().to_owned());
        assert_eq!(user.as_deref(), valid.then_some("u1"), "{input}");
    }
}
