//! What the application sees of the tables, and what its own do.

use account::{
    model::Key,
    ports::{Parts, SaveError, Select, Store, StoreError},
};

use crate::postgres::{Schema, count, id, mailbox, sign_up};

#[tokio::test]
async fn the_views_tell_who_has_accounts_and_sessions_but_no_digest_or_hash() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    sign_up(&service, "ada").await;
    let client = schema.client().await;
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../data/account-format-1.json")).unwrap();
    // With a character that `jsonb` refuses.
    let golden = golden.to_string().replacen("\"active\"", "\"\\u0000\"", 1);
    client.execute("UPDATE account_bodies SET body=$1", &[&golden]).await.unwrap();
    let mut shown = String::new();
    for (view, rows) in [("account_users", 1), ("account_sessions", 2), ("account_identities", 1)] {
        assert_eq!(count(&client, view).await, rows, "{view}");
        for row in client.query(&format!("SELECT to_json(v)::text FROM {view} v"), &[]).await.unwrap() {
            shown += row.get::<_, &str>(0);
        }
    }
    assert!(shown.contains("ada@work.example"), "{shown}");
    for secret in ["00112233", "ffeeddcc", "argon2id", "c2FsdHNhbHRzYWx0", "curl/8.0"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let user = client.query_one("SELECT has_password, created_at FROM account_users", &[]).await.unwrap();
    assert!(user.get::<_, bool>(0));
}

#[tokio::test]
async fn a_nul_in_a_body_breaks_no_view() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    sign_up(&service, "ada").await;
    let client = schema.client().await;
    let set = r#"UPDATE account_bodies SET body=replace(body, '"provider"', '"odd":"\u0000","provider"')"#;
    client.batch_execute(set).await.unwrap();
    for (view, rows) in [("account_users", 1), ("account_sessions", 1), ("account_identities", 0)] {
        assert_eq!(count(&client, &format!("(SELECT to_json(v)::text FROM {view} v) t")).await, rows);
    }
}

#[tokio::test]
async fn a_body_that_somebody_deleted_is_there_again_after_an_acknowledged_change() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (caller, _) = sign_up(&service, "ada").await;
    schema.client().await.batch_execute("DELETE FROM account_bodies").await.unwrap();
    // It was in this node's memory, so it can be changed.
    service.change_name(&caller, "kept".parse().unwrap()).await.unwrap();
    let elsewhere = schema.store().await.load(&mailbox("ada"), Parts::Body).await.unwrap().unwrap();
    assert_eq!(elsewhere.account.name().as_str(), "kept");
}

#[tokio::test]
async fn a_row_of_the_host_that_refers_to_an_account_holds_it() {
    let Some(schema) = Schema::new() else { return };
    let service =
        crate::postgres::service(schema.builder().connections(1).connect(&schema.url()).await.unwrap());
    sign_up(&service, "ada").await;
    let client = schema.client().await;
    let connection = async || -> i32 {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name='account' AND query LIKE $1";
        client.query_one(sql, &[&format!("%\"{}\".%", schema.name)]).await.unwrap().get(0)
    };
    let before = connection().await;
    let orders = "CREATE TABLE orders (account TEXT NOT NULL REFERENCES accounts (id)); INSERT INTO orders VALUES ('ada')";
    client.batch_execute(orders).await.unwrap();
    let stored = service.store().load(&mailbox("ada"), Parts::Body).await.unwrap().unwrap();
    let kept = service.store().remove(&stored).await;
    assert!(matches!(kept, Err(SaveError::Failed(StoreError::Referenced))), "{kept:?}");
    assert!(service.store().load(&mailbox("ada"), Parts::Body).await.unwrap().is_some());
    assert_eq!(connection().await, before, "nothing is wrong with the connection");
    assert_eq!(count(&client, "account_events").await, 2);
    client.batch_execute("DELETE FROM orders").await.unwrap();
    service.store().remove(&stored).await.unwrap();
    for table in ["accounts", "account_bodies", "account_attachments", "account_keys", "account_events"] {
        assert_eq!(count(&client, table).await, 0, "{table}");
    }
}

/// As the guide shows it, in its page about own tables.
#[tokio::test]
async fn triggers_are_part_of_a_save_and_can_refuse_it() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let client = schema.client().await;
    let name = &schema.name;
    let profiles = format!(
        "CREATE TABLE profiles (account TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE, email TEXT); \
         CREATE FUNCTION new_profile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.email LIKE 'bob@%' THEN RAISE EXCEPTION 'not invited'; END IF; \
         INSERT INTO \"{name}\".profiles (account, email) VALUES (NEW.id, NEW.email); RETURN NULL; END $$; \
         CREATE TRIGGER new_profile AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION new_profile()"
    );
    client.batch_execute(&profiles).await.unwrap();
    let (_, ada) = sign_up(&service, "ada").await;
    assert_eq!(count(&client, "profiles").await, 1);
    let bob =
        account::SignUp::new("bob@example.com".parse().unwrap(), crate::postgres::PASSWORD.parse().unwrap());
    let refused = service.sign_up(bob, &account::model::ClientInfo::default()).await.unwrap_err();
    assert_eq!(refused.code(), "general_access_forbidden");
    assert_eq!((count(&client, "accounts").await, count(&client, "profiles").await), (1, 1));
    service.admin(&account::model::ClientInfo::default()).delete(ada.user()).await.unwrap();
    assert_eq!(count(&client, "profiles").await, 0);
}

#[tokio::test]
async fn damage_and_newer_formats_are_told_apart_and_errors_show_no_value() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    sign_up(&service, "ada").await;
    let client = schema.client().await;
    let (store, key) = (service.store(), Key::Id(id("ada")));
    let set = async |body: &str| {
        client.execute("UPDATE account_bodies SET body=$1", &[&body]).await.unwrap();
        client.batch_execute("UPDATE accounts SET version=version+1").await.unwrap();
    };
    set("{").await;
    assert!(matches!(store.load(&key, Parts::Body).await, Err(StoreError::Corrupt)));
    assert!(matches!(store.load(&mailbox("ada"), Parts::Whole).await, Err(StoreError::Corrupt)));
    set(r#"{"format":7,"account":{}}"#).await;
    assert!(matches!(store.load(&key, Parts::Body).await, Err(StoreError::NewerFormat(7))));
    let listed = store.list(Select::After(None), 10).await.unwrap();
    assert!(matches!(listed[0].found, Err(StoreError::NewerFormat(7))));
    client.batch_execute("DELETE FROM account_bodies").await.unwrap();
    assert!(matches!(store.load(&mailbox("ada"), Parts::Body).await, Err(StoreError::Corrupt)));

    client.batch_execute("ALTER TABLE account_keys ADD CHECK (key = '') NOT VALID").await.unwrap();
    let request = account::SignUp::new(
        "hidden@example.com".parse().unwrap(),
        crate::postgres::PASSWORD.parse().unwrap(),
    );
    let refused = service.sign_up(request, &account::model::ClientInfo::default()).await.unwrap_err();
    let mut cause: Option<&dyn std::error::Error> = Some(&refused);
    while let Some(error) = cause {
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
        cause = error.source();
    }
}
