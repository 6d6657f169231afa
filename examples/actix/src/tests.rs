//! Signs up, signs in, and reads the routes of the application.

use actix_web::{
    App,
    body::to_bytes,
    test::{TestRequest, call_service, init_service},
};
use serde_json::{Value, json};

use super::routes;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "tr4verse-Cobalt-heron";

fn post(path: &str, body: Value) -> TestRequest {
    let peer = "192.0.2.1:4711".parse().unwrap();
    TestRequest::post()
        .uri(path)
        .peer_addr(peer)
        .insert_header(("x-appwrite-project", "default"))
        .set_json(body)
}

#[actix_web::test]
async fn a_user_signs_up_signs_in_and_is_known_to_the_routes() {
    let app = init_service(App::new().configure(routes().unwrap())).await;

    let new = json!({ "userId": "ada", "email": ADA, "password": PASSWORD, "name": "Ada" });
    let response = call_service(&app, post("/v1/account", new).to_request()).await;
    assert_eq!(response.status().as_u16(), 201);
    let credentials = json!({ "email": ADA, "password": PASSWORD });
    let response = call_service(&app, post("/v1/account/sessions/email", credentials).to_request()).await;
    assert_eq!(response.status().as_u16(), 201);
    let lines = response.headers().get_all("set-cookie").map(|line| line.to_str().unwrap());
    let cookies: Vec<&str> = lines.map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "the session's and the device's");

    let signed_in = ("cookie", cookies.join("; "));
    for (path, user, guest) in
        [("/me", "ada", (401, "general_unauthorized_scope")), ("/hello", "Hello, Ada!", (200, "Hello!"))]
    {
        let request = TestRequest::get().uri(path).insert_header(signed_in.clone()).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(&to_bytes(response.into_body()).await.unwrap()[..], user.as_bytes(), "{path}");
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status().as_u16(), guest.0, "{path}");
        let body = to_bytes(response.into_body()).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(guest.1), "{path}: {body:?}");
    }
}
