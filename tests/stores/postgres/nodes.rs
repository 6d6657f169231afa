//! Two nodes on one database: what one does holds on the other at once, although each keeps
//! accounts in memory.

use account::{
    SignUp,
    model::ClientInfo,
    ports::{Parts, Store},
};

use crate::postgres::{PASSWORD, Schema, count, everything, id, mailbox, service, sign_up};

#[tokio::test]
async fn what_one_node_saves_holds_at_the_next_load_of_another() {
    let Some(schema) = Schema::new() else { return };
    let (one, other) = (schema.service().await, schema.service().await);
    let (caller, secret) = sign_up(&one, "ada").await;
    let there = other.caller(&secret).await.unwrap();
    for round in 0..20 {
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let name = format!("name {round}");
        writer.change_name(&caller, name.parse().unwrap()).await.unwrap();
        writer.replace_preferences(&caller, format!(r#"{{"n":{round}}}"#).parse().unwrap()).await.unwrap();
        assert_eq!(reader.user(&there).await.unwrap().name().as_str(), name);
        assert_eq!(reader.preferences(&there).await.unwrap().as_json(), format!(r#"{{"n":{round}}}"#));
    }
}

#[tokio::test]
async fn a_session_that_one_node_ends_is_refused_by_the_other_at_its_next_check() {
    let Some(schema) = Schema::new() else { return };
    let (one, other) = (schema.service().await, schema.service().await);
    let (_, first) = sign_up(&one, "ada").await;
    for round in 0..20 {
        let (here, there) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let email = "ada@example.com".parse().unwrap();
        let password = PASSWORD.parse().unwrap();
        let secret =
            here.sign_in_with_password(email, password, &ClientInfo::default()).await.unwrap().secret;
        let caller = there.caller(&secret).await.unwrap();
        for node in [here, there] {
            assert!(node.caller(&secret).await.is_ok());
        }
        there.sign_out(&caller, caller.session_id()).await.unwrap();
        for node in [here, there] {
            assert!(node.caller(&secret).await.is_err(), "round {round}");
            assert!(node.caller(&first).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_removed_account_is_never_served_again() {
    let Some(schema) = Schema::new() else { return };
    let (one, other) = (schema.service().await, schema.service().await);
    let (_, secret) = sign_up(&one, "ada").await;
    let stored = other.store().load(&mailbox("ada"), Parts::Whole).await.unwrap().unwrap();
    assert!(one.caller(&secret).await.is_ok());
    other.store().remove(&stored).await.unwrap();
    assert!(one.caller(&secret).await.is_err());
    for key in [account::model::Key::Id(id("ada")), mailbox("ada")] {
        assert!(one.store().load(&key, Parts::Body).await.unwrap().is_none());
    }
    let (_, renewed) = sign_up(&other, "ada").await;
    assert!(one.caller(&secret).await.is_err(), "an account of the same id is another account");
    assert!(one.caller(&renewed).await.is_ok());

    let client = schema.client().await;
    assert_eq!(count(&client, "account_keys").await, 1);
    assert_eq!(count(&client, "account_events").await, 2, "the old log is gone");
}

/// The server counts how often each table was read.
#[tokio::test]
async fn a_check_of_a_known_session_reads_one_narrow_row() {
    let Some(schema) = Schema::new() else { return };
    let service = service(schema.builder().connections(1).connect(&schema.url()).await.unwrap());
    let (_, secret) = sign_up(&service, "ada").await;
    service.caller(&secret).await.unwrap();
    let watch = schema.client().await;
    let reads = async |table: &str| -> i64 {
        let sql = "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables \
                   WHERE schemaname=$1 AND relname=$2";
        watch.query_one(sql, &[&schema.name, &table]).await.unwrap().get(0)
    };
    // A server process reports at most once a second while it is busy, and at once when its
    // connection is closed.
    drop(service);
    let before = settled(async || (reads("accounts").await, reads("account_bodies").await)).await;
    let service =
        crate::postgres::service(schema.builder().connections(1).connect(&schema.url()).await.unwrap());
    for _ in 0..50 {
        service.caller(&secret).await.unwrap();
    }
    drop(service);
    let after = settled(async || (reads("accounts").await, reads("account_bodies").await)).await;
    assert_eq!(after.0 - before.0, 50, "each check reads the row with the version");
    assert_eq!(after.1 - before.1, 1, "and the first one the body");
}

/// What is seen when nothing has changed for a while.
pub(crate) async fn settled<T: PartialEq>(look: impl AsyncFn() -> T) -> T {
    let mut seen = look().await;
    let mut calm = 0;
    while calm < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let now = look().await;
        calm = if now == seen { calm + 1 } else { 0 };
        seen = now;
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_on_two_nodes_lose_nothing() {
    let Some(schema) = Schema::new() else { return };
    let services = [schema.service().await, schema.service().await];
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let service = services[writer % 2].clone();
            tokio::spawn(async move {
                let name = format!("writer{writer}");
                let (caller, _) = sign_up(&service, &name).await;
                for number in 0..10 {
                    service.change_name(&caller, format!("{number}").parse().unwrap()).await.unwrap();
                }
                name
            })
        })
        .collect();
    for writer in writers {
        let name = writer.await.unwrap();
        let stored = services[0].store().load(&mailbox(&name), Parts::Body).await.unwrap().unwrap();
        assert_eq!(stored.account.name().as_str(), "9");
        assert_eq!(services[1].store().events(&id(&name), everything()).await.unwrap().total, 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_on_two_nodes_who_want_one_address_one_gets_it() {
    let Some(schema) = Schema::new() else { return };
    let services = [schema.service().await, schema.service().await];
    let rivals: Vec<_> = (0..16)
        .map(|rival| {
            let service = services[rival % 2].clone();
            tokio::spawn(async move {
                let request = SignUp::new("ada@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
                service.sign_up(request, &ClientInfo::default()).await.is_ok()
            })
        })
        .collect();
    let mut winners = 0;
    for rival in rivals {
        winners += u32::from(rival.await.unwrap());
    }
    assert_eq!(winners, 1);
    let client = schema.client().await;
    assert_eq!((count(&client, "accounts").await, count(&client, "account_events").await), (1, 1));
}
