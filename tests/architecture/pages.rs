//! The reference pages and the README say what the code says.

use std::{collections::BTreeSet, fmt::Write as _};

use account::operation::{Access, Assurance, Limit, LimitKey, Operation};

fn caller(operation: Operation) -> &'static str {
    match (operation.access(), operation.assurance()) {
        (Access::Account | Access::Targets, Assurance::Full) => "user",
        (Access::Account | Access::Targets, Assurance::Exempt) => "user, MFA may be pending",
        (Access::Account | Access::Targets, Assurance::FreshIfActive) => {
            "user, recent challenge if MFA is on"
        }
        (Access::Account | Access::Targets, Assurance::Fresh) => "user, recent challenge",
        _ if operation.refuses_session() => "signed out",
        _ => "anyone",
    }
}

fn limit(limit: &Limit) -> String {
    let keys = limit.by.iter().filter_map(|key| match key {
        LimitKey::Ip => Some("network"),
        LimitKey::Email => Some("email"),
        LimitKey::Phone => Some("phone"),
        LimitKey::UserIdParam | LimitKey::CallerId => Some("user"),
        LimitKey::ChallengeId => Some("challenge"),
        _ => None,
    });
    format!("{} per {}", limit.max, keys.collect::<Vec<_>>().join(" and "))
}

fn operations() -> String {
    let mut table = String::from(
        "| API operation | method | route | caller | requests per hour |\n|---|---|---|---|---|\n",
    );
    for operation in Operation::ALL {
        let (api, rust) = (operation.api_name(), operation.rust_name());
        let route = format!("{} {}", operation.method(), operation.path());
        let limits: Vec<_> = operation.limits().iter().map(limit).collect();
        let limits = if limits.is_empty() { "–".into() } else { limits.join(", ") };
        let caller = caller(*operation);
        writeln!(table, "| {api} | `{rust}` | `{route}` | {caller} | {limits} |").unwrap_or_default();
    }
    table
}

#[test]
fn the_table_of_operations_is_that_of_the_code() {
    let page = include_str!("../../src/guide/operations.md");
    let table = operations();
    assert!(page.contains(&table), "the page should say:\n\n{table}");
    assert_eq!(Operation::ALL.len(), 47);
}

/// The numbers of all rows that a text names, `H01–H05` as five.
fn rows(text: &str) -> BTreeSet<u32> {
    let number = |word: &str| {
        let digits = word.strip_prefix('H')?.get(..2)?;
        digits.parse::<u32>().ok()
    };
    let mut rows = BTreeSet::new();
    for part in text.split([' ', ',', '|', '`']) {
        match part.split_once('–') {
            Some((first, last)) => {
                if let (Some(first), Some(last)) = (number(first), number(last)) {
                    rows.extend(first..=last);
                }
            }
            None => rows.extend(number(part)),
        }
    }
    rows
}

#[test]
fn every_row_that_the_readme_names_is_in_the_hardening_page() {
    let named = rows(include_str!("../../README.md"));
    let listed: BTreeSet<u32> = include_str!("../../HARDENING.md")
        .lines()
        .filter(|line| line.starts_with("| H"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| rows(cell.trim()))
        .collect();
    assert!(named.len() > 20 && named.is_subset(&listed), "{:?}", named.difference(&listed));
}

#[cfg(feature = "oauth2")]
mod providers {
    use std::fmt::Write as _;

    use account::oauth2::{ClientAuth, Parameter, Provider, Verified};

    fn all() -> impl Iterator<Item = Provider> {
        Provider::builtin_ids().map(|id| match Provider::builtin(&id) {
            Ok(provider) => provider,
            Err(error) => panic!("{id}: {error}"),
        })
    }

    fn parameter(parameter: &Parameter) -> String {
        let name = &parameter.name;
        match &parameter.default {
            _ if parameter.required => format!("**`{name}`**"),
            Some(default) if !default.is_empty() => format!("`{name}` (`{default}`)"),
            _ => format!("`{name}`"),
        }
    }

    fn parameters(provider: &Provider) -> String {
        let signs = provider.token.client_auth == ClientAuth::Es256Jwt;
        let key = signs.then(|| "the `.p8` file as secret".to_owned());
        key.into_iter().chain(provider.parameters.iter().map(parameter)).collect::<Vec<_>>().join(", ")
    }

    fn verified_emails(provider: &Provider) -> &'static str {
        let email = &provider.profile.email;
        let by_list = email.list.as_ref().is_some_and(|list| list.verified.is_some());
        match email.verified {
            Verified::Never if !by_list => "no",
            _ => "yes",
        }
    }

    fn table() -> String {
        let mut table = String::from(
            "| id | provider | parameters | PKCE | nonce | verified emails |\n|---|---|---|---|---|---|\n",
        );
        for provider in all() {
            let pkce = if provider.authorize.pkce { "yes" } else { "–" };
            let nonce = provider.openid.as_ref().is_some_and(|openid| openid.nonce);
            let (nonce, parameters) = (if nonce { "yes" } else { "–" }, parameters(&provider));
            let (id, name, emails) = (&provider.id, &provider.name, verified_emails(&provider));
            writeln!(table, "| `{id}` | {name} | {parameters} | {pkce} | {nonce} | {emails} |")
                .unwrap_or_default();
        }
        table.replace("|  |", "| |")
    }

    #[test]
    fn the_table_of_providers_is_that_of_the_code() {
        let page = include_str!("../../src/guide/providers.md");
        let table = table();
        assert!(page.contains(&table), "the page should say:\n\n{table}");
        assert_eq!(all().count(), 38);
    }

    #[test]
    fn the_server_documents_the_variable_of_every_parameter() {
        let readme = include_str!("../../examples/server/README.md");
        for provider in all() {
            let beginning = format!("| `{}` |", provider.id.to_uppercase());
            let row = readme.lines().find(|line| line.starts_with(&beginning)).unwrap_or_default();
            for parameter in &provider.parameters {
                let name = if parameter.name == "well_known" { "discovery_url" } else { &parameter.name };
                let variable = format!("`_{}`", name.to_uppercase());
                assert!(row.contains(&variable), "{variable} in {beginning} {row}");
            }
        }
    }
}
