//! The name by which the mailer introduces itself to a mail server (EHLO; RFC 5321 §4.1.1.1).

use std::net::Ipv4Addr;

use lettre::transport::smtp::extension::ClientId;
use url::Host;

/// RFC 5321 §4.5.3.1.2.
const MAX_LENGTH: usize = 255;
/// Names of machines that no one has named.
const PLACEHOLDERS: [&str; 2] = [".localdomain", ".localhost"];

/// Parses a fully qualified domain name or an address literal: `[192.0.2.1]` or
/// `[IPv6:2001:db8::1]`.
pub(super) fn parse(text: &str) -> Option<ClientId> {
    match text.strip_prefix('[') {
        Some(rest) => address_literal(rest.strip_suffix(']')?),
        None => qualified(text).map(ClientId::Domain),
    }
}

/// The name of this machine, if it is fully qualified, or else the domain of the sender. Many
/// servers reject other names, such as the `vm` of a virtual machine.
pub(super) fn default_for(sender_domain: &str) -> ClientId {
    match ClientId::default() {
        ClientId::Domain(machine) => choose(Some(&machine), sender_domain),
        _ => choose(None, sender_domain),
    }
}

fn choose(machine: Option<&str>, sender_domain: &str) -> ClientId {
    let is_named = |name: &&str| !PLACEHOLDERS.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let machine = machine.filter(is_named).and_then(qualified).map(ClientId::Domain);
    // RFC 5321 §4.1.4: without a name, an address literal. What the server sees may be translated.
    machine.or_else(|| parse(sender_domain)).unwrap_or(ClientId::Ipv4(Ipv4Addr::LOCALHOST))
}

/// Returns a domain name of two labels or more, in ASCII.
fn qualified(name: &str) -> Option<String> {
    let Host::Domain(domain) = Host::parse(name).ok()? else { return None };
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (domain.len() <= MAX_LENGTH && domain.contains('.') && domain.split('.').all(is_label)).then_some(domain)
}

fn address_literal(text: &str) -> Option<ClientId> {
    let (tag, rest) = text.split_at_checked(5).unwrap_or_default();
    match tag.eq_ignore_ascii_case("IPv6:") {
        true => rest.parse().ok().map(ClientId::Ipv6),
        false => text.parse().ok().map(ClientId::Ipv4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_a_machine_without_a_qualified_name_gives_the_domain_of_the_sender() {
        for (machine, sender, name) in [
            (Some("app1.example.net"), "example.com", "app1.example.net"),
            (Some("vm"), "example.com", "example.com"),
            (Some("1a2b3c4d5e6f"), "example.com", "example.com"),
            (Some("localhost.localdomain"), "example.com", "example.com"),
            (Some("my_machine.example.net"), "example.com", "example.com"),
            (Some("10.0.0.7"), "example.com", "example.com"),
            (Some("app1.example.net."), "example.com", "example.com"),
            (Some(""), "example.com", "example.com"),
            (None, "example.com", "example.com"),
            (None, "bücher.example", "xn--bcher-kva.example"),
            (Some("vm"), "localhost", "[127.0.0.1]"),
            (Some("vm"), "[192.0.2.7]", "[192.0.2.7]"),
        ] {
            assert_eq!(choose(machine, sender).to_string(), name, "{machine:?} {sender}");
        }
    }

    #[test]
    fn names_are_qualified_or_address_literals() {
        for (text, name) in [
            ("App.Example.net", "app.example.net"),
            ("[192.0.2.7]", "[192.0.2.7]"),
            ("[ipv6:2001:DB8::7]", "[IPv6:2001:db8::7]"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), name);
        }
        for bad in
            ["", "vm", "192.0.2.7", "[]", "[vm.example]", "[IPv6:192.0.2.7]", "[2001:db8::7]", "a..b", "[é]"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
