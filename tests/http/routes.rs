//! Every route's reply, byte by byte where it can be.

use std::time::Duration;

use crate::support::http::{NOW, Server};

const NEXT_YEAR: &str = "2028-01-15T08:00:00.000+00:00";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

fn account(id: &str, name: &str, target: &str) -> String {
    format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","$updatedAt":"{NOW}","name":"{name}","registration":"{NOW}","status":true,"labels":[],"passwordUpdate":"{NOW}","email":"{id}@example.com","phone":"","emailVerification":false,"phoneVerification":false,"mfa":false,"prefs":{{}},"targets":[{{"$id":"{target}","$createdAt":"{NOW}","$updatedAt":"{NOW}","name":"","userId":"{id}","providerId":null,"providerType":"email","identifier":"{id}@example.com","expired":false}}],"accessedAt":"{NOW}"}}"#
    )
}

#[tokio::test]
async fn sign_up_answers_the_account() {
    let server = Server::new();
    let body = r#"{"userId":"ada","email":"Ada@Example.com","password":"violet-anvil-71","name":"Ada"}"#;
    let reply = server.post("/v1/account", body).ok(201).await;
    let target = reply.value("targets")[0]["$id"].as_str().unwrap().to_owned();
    assert_eq!(reply.text, account("ada", "Ada", &target));
    assert!(reply.set_cookies().is_empty());
    assert_eq!(reply.header("content-type"), Some("application/json; charset=UTF-8"));
}

#[tokio::test]
async fn sign_in_answers_the_session_and_sets_its_cookie_and_the_devices() {
    let server = Server::new();
    server.user("ada").await;
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    let reply = server.post("/v1/account/sessions", body).header("user-agent", CHROME).ok(201).await;
    let id = reply.value("$id").as_str().unwrap().to_owned();
    let expected = format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","$updatedAt":"{NOW}","userId":"ada","expire":"{NEXT_YEAR}","provider":"email","providerUid":"ada@example.com","providerAccessToken":"","providerAccessTokenExpiry":"","providerRefreshToken":"","ip":"192.0.2.1","osCode":"WIN","osName":"Windows","osVersion":"10","clientType":"browser","clientCode":"CH","clientName":"Chrome","clientVersion":"120.0","clientEngine":"Blink","clientEngineVersion":"120.0.0.0","deviceName":"desktop","deviceBrand":"","deviceModel":"","countryCode":"--","countryName":"Unknown","current":true,"factors":["password"],"secret":"","mfaUpdatedAt":""}}"#
    );
    assert_eq!(reply.text, expected);
    let cookies = reply.set_cookies();
    assert_eq!(cookies.len(), 2);
    for (cookie, name) in cookies.into_iter().zip(["a_device_default=", "a_session_default=ey"]) {
        let (value, attributes) = cookie.split_once("; ").unwrap();
        assert!(value.starts_with(name), "{cookie}");
        assert_eq!(attributes, "Expires=Sat, 15 Jan 2028 08:00:00 GMT; Path=/; HttpOnly; SameSite=Lax");
    }
    assert_eq!(reply.header("x-fallback-cookies"), None);
}

#[tokio::test]
async fn an_anonymous_account_becomes_a_lasting_one_under_a_new_secret() {
    let server = Server::new();
    let reply = server.post("/v1/account/sessions/anonymous", "{}").ok(201).await;
    assert_eq!(
        (reply.value("provider"), reply.value("factors")),
        ("anonymous".into(), vec!["anonymous"].into())
    );
    let old = reply.cookie();
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    let reply = server.patch("/v1/account/email", body).by(&old).ok(200).await;
    assert_eq!(reply.value("email"), "ada@example.com");
    let new = reply.cookie();
    assert_ne!(old, new);
    assert!(reply.set_cookies()[0].contains("Expires=Sat, 15 Jan 2028 08:00:00 GMT"));
    server.get("/v1/account").by(&old).refused(401, "general_unauthorized_scope").await;
    server.get("/v1/account").by(&new).ok(200).await;
}

#[tokio::test]
async fn the_profile_is_read_and_changed() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let reply = server.get("/v1/account").by(&cookie).ok(200).await;
    let target = reply.value("targets")[0]["$id"].as_str().unwrap().to_owned();
    assert_eq!(reply.text, account("ada", "ada Doe", &target));

    let reply = server.patch("/v1/account/name", r#"{"name":"Ada Lovelace"}"#).by(&cookie).ok(200).await;
    assert_eq!(reply.text, account("ada", "Ada Lovelace", &target));
    let reply = server.patch("/v1/account/phone", r#"{"phone":"+16175551212","password":"violet-anvil-71"}"#);
    let reply = reply.by(&cookie).ok(200).await;
    assert_eq!(
        (reply.value("phone"), reply.value("targets")[1]["providerType"].clone()),
        ("+16175551212".into(), "sms".into())
    );
    let reply =
        server.patch("/v1/account/email", r#"{"email":"countess@example.com","password":"violet-anvil-71"}"#);
    let reply = reply.by(&cookie).ok(200).await;
    assert_eq!(reply.value("email"), "countess@example.com");
    assert!(reply.set_cookies().is_empty());
    let body = r#"{"password":"copper-lantern-9","oldPassword":"violet-anvil-71"}"#;
    server.patch("/v1/account/password", body).by(&cookie).ok(200).await;
    server.get("/v1/account").by(&cookie).ok(200).await;
    assert_eq!(server.outbox.len(), 3);
}

#[tokio::test]
async fn preferences_come_back_exactly_as_they_were_sent() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    assert_eq!(server.get("/v1/account/prefs").by(&cookie).ok(200).await.text, "{}");
    let prefs =
        r#"{"z":1.0,"a":1e2,"big":123456789012345678901234567890,"n":{"b":[],"a":null},"é":"\u00e9"}"#;
    let reply =
        server.patch("/v1/account/prefs", &format!(r#"{{"prefs": {prefs} }}"#)).by(&cookie).ok(200).await;
    assert!(reply.text.contains(&format!(r#""prefs":{prefs},"targets""#)), "{}", reply.text);
    assert_eq!(server.get("/v1/account/prefs").by(&cookie).ok(200).await.text, prefs);
    assert_eq!(
        server.patch("/v1/account/prefs", r#"{"prefs":[]}"#).by(&cookie).ok(200).await.json()["prefs"]
            .to_string(),
        "{}"
    );
}

#[tokio::test]
async fn sessions_are_listed_extended_and_ended() {
    let server = Server::new();
    let first = server.user("ada").await;
    server.clock.advance(Duration::from_secs(60));
    let second = server.sign_in("ada").await;
    let list = server.get("/v1/account/sessions").by(&second).ok(200).await.json();
    assert_eq!(list["total"], 2);
    assert_eq!(
        (&list["sessions"][0]["current"], &list["sessions"][1]["current"]),
        (&false.into(), &true.into())
    );
    assert_eq!(list["sessions"][1]["secret"], "");
    let first_id = list["sessions"][0]["$id"].as_str().unwrap();

    let shown = server.get("/v1/account/sessions/current").by(&first).ok(200).await.json();
    assert_eq!(
        (&shown["$id"], &shown["current"], &shown["secret"]),
        (&first_id.into(), &true.into(), &"".into())
    );
    let shown = server.get(&format!("/v1/account/sessions/{first_id}")).by(&second).ok(200).await.json();
    assert_eq!((&shown["$id"], &shown["current"]), (&first_id.into(), &false.into()));

    let extended = server.patch("/v1/account/sessions/current", "{}").by(&first).ok(200).await;
    assert_eq!(extended.value("expire"), "2028-01-15T08:01:00.000+00:00");
    assert_eq!(extended.value("secret"), "");
    assert_eq!(extended.cookie(), first);
    assert!(extended.set_cookies()[0].contains("Expires=Sat, 15 Jan 2028 08:01:00 GMT"));
    let other = server.patch(&format!("/v1/account/sessions/{first_id}"), "{}").by(&second).ok(200).await;
    assert!(other.set_cookies().is_empty());
    let by_header =
        server.patch("/v1/account/sessions/current", "{}").header("x-appwrite-session", &first.wire());
    assert!(by_header.ok(200).await.set_cookies().is_empty());

    let ended = server
        .call("DELETE", &format!("/v1/account/sessions/{first_id}"))
        .json("{}")
        .by(&second)
        .ok(204)
        .await;
    assert_eq!((ended.text.as_str(), ended.header("content-type")), ("", None));
    assert!(ended.set_cookies().is_empty());
    server.get("/v1/account").by(&first).refused(401, "general_unauthorized_scope").await;
    server
        .get(&format!("/v1/account/sessions/{first_id}"))
        .by(&second)
        .refused(404, "user_session_not_found")
        .await;
    let ended = server.call("DELETE", "/v1/account/sessions/current").by(&second).ok(204).await;
    assert_eq!(
        ended.set_cookies(),
        [
            "a_session_default=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        ]
    );
}

#[tokio::test]
async fn all_sessions_end_at_once() {
    let server = Server::new();
    let (first, second) = (server.user("ada").await, server.sign_in("ada").await);
    let reply = server.call("DELETE", "/v1/account/sessions").by(&first).ok(204).await;
    assert!(reply.set_cookies()[0].starts_with("a_session_default=deleted;"));
    for cookie in [first, second] {
        server.get("/v1/account").by(&cookie).refused(401, "general_unauthorized_scope").await;
    }
}

#[tokio::test]
async fn a_block_clears_the_cookie_and_refuses_everything() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let reply = server
        .call("PATCH", "/v1/account/status")
        .body("application/json", "not read")
        .by(&cookie)
        .ok(200)
        .await;
    assert_eq!(reply.value("status"), false);
    assert!(reply.set_cookies()[0].starts_with("a_session_default=deleted;"));
    for (method, path) in [
        ("GET", "/v1/account"),
        ("POST", "/v1/account"),
        ("POST", "/v1/account/sessions/anonymous"),
        ("GET", "/v1/account/x"),
    ] {
        server.call(method, path).by(&cookie).refused(401, "user_blocked").await;
    }
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    server.post("/v1/account/sessions/email", body).refused(401, "user_blocked").await;
    server
        .post("/v1/account/sessions/email", &body.replace("71", "72"))
        .refused(401, "user_invalid_credentials")
        .await;
}

#[tokio::test]
async fn the_log_is_a_page_newest_first() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.clock.advance(Duration::from_secs(60));
    server
        .patch("/v1/account/name", r#"{"name":"Ada"}"#)
        .header("user-agent", CHROME)
        .by(&cookie)
        .ok(200)
        .await;
    let path = "/v1/account/logs?queries%5B0%5D=%7B%22method%22%3A%22limit%22%2C%22values%22%3A%5B1%5D%7D";
    let reply = server.get(path).by(&cookie).ok(200).await;
    assert_eq!(
        reply.text,
        r#"{"total":3,"logs":[{"event":"user.update","userId":"ada","userEmail":"ada@example.com","userName":"Ada","mode":"default","ip":"192.0.2.1","time":"2027-01-15T08:01:00.000+00:00","osCode":"WIN","osName":"Windows","osVersion":"10","clientType":"browser","clientCode":"CH","clientName":"Chrome","clientVersion":"120.0","clientEngine":"Blink","clientEngineVersion":"120.0.0.0","deviceName":"desktop","deviceBrand":"","deviceModel":"","countryCode":"--","countryName":"Unknown"}]}"#
    );
    assert_eq!(
        server.get("/v1/account/logs").by(&cookie).ok(200).await.value("logs").as_array().unwrap().len(),
        3
    );
    let wrong = server.get("/v1/account/logs?queries[]=%7B%22method%22:%22equal%22%7D").by(&cookie);
    let wrong = wrong.refused(400, "general_argument_invalid").await;
    assert!(wrong.message().starts_with("Invalid `queries` param: Invalid query"), "{}", wrong.text);
}

#[tokio::test]
async fn identities_are_listed_and_unlinked() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    assert_eq!(
        server.get("/v1/account/identities").by(&cookie).ok(200).await.text,
        r#"{"total":0,"identities":[]}"#
    );
    server
        .call("DELETE", "/v1/account/identities/none")
        .by(&cookie)
        .refused(404, "user_identity_not_found")
        .await;
    let cursor = |value: &str| {
        format!(
            "/v1/account/identities?queries[]=%7B%22method%22:%22cursorAfter%22,%22values%22:[%22{value}%22]%7D"
        )
    };
    server.get(&cursor("none")).by(&cookie).refused(400, "general_cursor_not_found").await;
    server.get(&cursor("no*id")).by(&cookie).refused(400, "general_query_invalid").await;
}

#[tokio::test]
async fn jwts_stand_in_for_sessions_but_are_none() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for path in ["/v1/account/jwts", "/v1/account/jwt"] {
        let reply = server.post(path, "{}").by(&cookie).ok(201).await;
        let jwt = reply.value("jwt").as_str().unwrap().to_owned();
        assert_eq!(reply.text, format!(r#"{{"jwt":"{jwt}"}}"#));
        let with = |call: crate::support::http::Call| call.header("x-appwrite-jwt", &jwt);
        assert_eq!(with(server.get("/v1/account")).ok(200).await.value("$id"), "ada");
        let list = with(server.get("/v1/account/sessions")).ok(200).await.json();
        assert_eq!(list["sessions"][0]["current"], false);
        with(server.get("/v1/account/sessions/current")).refused(404, "user_session_not_found").await;
        with(server.post("/v1/account/jwts", "{}")).refused(404, "user_session_not_found").await;
        with(server.post("/v1/account/sessions/anonymous", "{}"))
            .refused(401, "user_session_already_exists")
            .await;
    }
}

#[tokio::test]
async fn push_targets_are_added_changed_and_removed() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let body = r#"{"targetId":"phone","identifier":"token-1","providerId":null}"#;
    let reply =
        server.post("/v1/account/targets/push", body).header("user-agent", CHROME).by(&cookie).ok(201).await;
    let target = |token| {
        format!(
            r#"{{"$id":"phone","$createdAt":"{NOW}","$updatedAt":"{NOW}","name":" ","userId":"ada","providerId":null,"providerType":"push","identifier":"{token}","expired":false}}"#
        )
    };
    assert_eq!(reply.text, target("token-1"));
    server
        .post("/v1/account/targets/push", body)
        .by(&cookie)
        .refused(409, "user_target_already_exists")
        .await;
    let reply = server.call("PUT", "/v1/account/targets/phone/push").json(r#"{"identifier":"token-2"}"#);
    assert_eq!(reply.by(&cookie).ok(200).await.text, target("token-2"));
    server.call("DELETE", "/v1/account/targets/phone/push").by(&cookie).ok(204).await;
    server
        .call("DELETE", "/v1/account/targets/phone/push")
        .by(&cookie)
        .refused(404, "user_target_not_found")
        .await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let reply = server.call("HEAD", "/v1/account").by(&cookie).ok(200).await;
    assert_eq!(reply.text, "");
    assert_eq!(server.call("HEAD", "/v1/account").send().await.status, 401);
}
