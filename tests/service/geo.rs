//! Countries of addresses, read from databases that the tests write themselves.

use std::{error::Error as _, fs, net::IpAddr, path::Path};

use account::{GeoError, MaxMindLocator, model::country_name, ports::GeoLocator};

#[test]
fn an_address_is_found_in_the_narrowest_network_around_it() {
    let locator = locator(&[
        ("81.2.0.0/16", located_in("GB")),
        ("81.2.69.160/27", located_in("SE")),
        ("81.2.69.161/32", located_in("NO")),
    ]);
    assert_eq!(country(&locator, "81.2.0.0").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "81.2.255.255").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "81.2.69.159").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "81.2.69.160").as_deref(), Some("SE"));
    assert_eq!(country(&locator, "81.2.69.191").as_deref(), Some("SE"));
    assert_eq!(country(&locator, "81.2.69.192").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "81.2.69.161").as_deref(), Some("NO"));
}

#[test]
fn an_address_outside_all_networks_is_unknown() {
    let locator = locator(&[("81.2.0.0/16", located_in("GB")), ("2001:218::/32", located_in("JP"))]);
    for ip in ["81.1.255.255", "81.3.0.0", "127.0.0.1", "0.0.0.0", "::", "::1", "2001:219::", "ffff::"] {
        assert_eq!(country(&locator, ip), None, "{ip}");
    }
}

#[test]
fn ipv6_addresses_are_found() {
    let locator = locator(&[("2001:218::/32", located_in("JP")), ("2001:218:85a3::/48", located_in("KR"))]);
    assert_eq!(country(&locator, "2001:218::1").as_deref(), Some("JP"));
    assert_eq!(country(&locator, "2001:218:ffff:ffff:ffff:ffff:ffff:ffff").as_deref(), Some("JP"));
    assert_eq!(country(&locator, "2001:218:85a3::8a2e:370:7334").as_deref(), Some("KR"));
}

#[test]
fn an_ipv4_mapped_address_is_found_as_ipv4() {
    let locator = locator(&[("81.2.0.0/16", located_in("GB"))]);
    assert_eq!(country(&locator, "::ffff:81.2.69.160").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "::ffff:5102:45a0").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "::ffff:82.0.0.1"), None);
}

#[test]
fn a_database_of_ipv4_alone_knows_no_ipv6() {
    let database = Database { ip_version: 4, ..Database::new(&[("81.2.0.0/16", located_in("GB"))]) };
    let locator = MaxMindLocator::from_bytes(database.bytes()).unwrap();
    assert_eq!(country(&locator, "81.2.69.160").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "::ffff:81.2.69.160").as_deref(), Some("GB"));
    assert_eq!(country(&locator, "2001:218::1"), None);
}

#[test]
fn a_record_without_a_country_is_unknown_wherever_it_is_registered() {
    let registered = Map(vec![
        ("continent", Map(vec![("code", Text("EU"))])),
        ("registered_country", Map(vec![("iso_code", Text("FR"))])),
        ("represented_country", Map(vec![("iso_code", Text("US"))])),
    ]);
    let locator = locator(&[
        ("10.0.0.0/8", located_in("GB")),
        ("10.1.0.0/16", registered),
        ("10.2.0.0/16", Map(vec![])),
        ("10.3.0.0/16", Map(vec![("country", Map(vec![("geoname_id", Number(2_635_167))]))])),
    ]);
    for ip in ["10.1.0.1", "10.2.0.1", "10.3.0.1"] {
        assert_eq!(country(&locator, ip), None, "{ip}");
    }
    assert_eq!(country(&locator, "10.4.0.1").as_deref(), Some("GB"));
}

#[test]
fn only_two_letters_are_a_country_and_they_come_in_upper_case() {
    let odd = ["", "G", "GBR", "G1", "--", "ÅX", "g\u{0}", "</"];
    let networks: Vec<_> = (0_u8..).map(|i| format!("10.{i}.0.0/16")).take(odd.len()).collect();
    let mut records: Vec<_> =
        networks.iter().zip(odd).map(|(network, code)| (network.as_str(), located_in(code))).collect();
    records.push(("11.0.0.0/8", located_in("gb")));
    records.push(("12.0.0.0/8", Map(vec![("country", Text("GB"))])));
    records.push(("13.0.0.0/8", Map(vec![("country", Map(vec![("iso_code", Number(826))]))])));
    records.push(("14.0.0.0/8", Text("GB")));
    let locator = locator(&records);
    for (i, code) in odd.iter().enumerate() {
        assert_eq!(country(&locator, &format!("10.{i}.0.1")), None, "{code:?}");
    }
    assert_eq!(country(&locator, "11.0.0.1").as_deref(), Some("GB"));
    for ip in ["12.0.0.1", "13.0.0.1", "14.0.0.1"] {
        assert_eq!(country(&locator, ip), None, "{ip}");
    }
}

#[test]
fn a_country_that_is_found_has_a_name() {
    let locator = locator(&[("81.2.0.0/16", located_in("GB"))]);
    let code = country(&locator, "81.2.69.160");
    assert_eq!(code.as_deref().and_then(country_name), Some("United Kingdom"));
}

#[test]
fn a_database_of_another_type_is_refused_by_name() {
    let numbers = Map(vec![
        ("autonomous_system_number", Number(64_496)),
        ("autonomous_system_organization", Text("Example")),
    ]);
    let database = Database { kind: "GeoLite2-ASN", ..Database::new(&[("81.2.0.0/16", numbers)]) };
    let error = MaxMindLocator::from_bytes(database.bytes()).unwrap_err();
    assert!(matches!(&error, GeoError::NoCountries(kind) if &**kind == "GeoLite2-ASN"), "{error:?}");
    assert_eq!(error.to_string(), r#"a database of type "GeoLite2-ASN" holds no countries"#);

    let empty = Database::new(&[]).bytes();
    assert!(matches!(MaxMindLocator::from_bytes(empty), Err(GeoError::NoCountries(_))));
}

#[test]
fn what_is_no_database_is_refused() {
    for bytes in [&b""[..], b"PNG", b"\xab\xcd\xefMaxMind.com", &[0; 4096], &[0xff; 4096]] {
        assert!(matches!(MaxMindLocator::from_bytes(bytes), Err(GeoError::Corrupt(_))), "{bytes:?}");
    }
}

#[test]
fn a_database_cut_off_anywhere_is_refused() {
    let whole = sample().bytes();
    for end in 0..whole.len() {
        let refused = MaxMindLocator::from_bytes(whole[..end].to_vec()).unwrap_err();
        assert!(matches!(refused, GeoError::Corrupt(_)), "after {end} bytes: {refused:?}");
    }
    MaxMindLocator::from_bytes(whole).unwrap();
}

#[test]
fn a_tree_that_points_outside_the_data_or_into_itself_is_refused() {
    let whole = sample().bytes();
    let beyond = [0xff; 3];
    let itself = [0; 3];
    for record in [beyond, itself] {
        let mut bytes = whole.clone();
        bytes[..3].copy_from_slice(&record);
        let error = MaxMindLocator::from_bytes(bytes).unwrap_err();
        assert!(matches!(error, GeoError::Corrupt(_)), "{error:?}");
        assert!(error.source().is_some(), "what is wrong with it is told");
    }
}

#[test]
fn one_damaged_record_among_sound_ones_is_refused() {
    let mut bytes = sample().bytes();
    let code = bytes.windows(2).position(|pair| pair == b"JP").unwrap();
    // A pointer of four bytes, which leads out of the data.
    bytes[code - 1] = 0x3f;
    assert!(matches!(MaxMindLocator::from_bytes(bytes), Err(GeoError::Corrupt(_))));
}

#[test]
fn no_damage_to_a_database_makes_it_panic_or_invent_text() {
    let whole = sample().bytes();
    let addresses = ["81.2.69.160", "10.1.0.1", "255.255.255.255", "2001:218::1", "::"];
    let addresses = addresses.map(|ip| ip.parse::<IpAddr>().unwrap());
    for at in 0..whole.len() {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= mask;
            let Ok(locator) = MaxMindLocator::from_bytes(bytes) else { continue };
            for code in addresses.iter().filter_map(|ip| locator.country(*ip)) {
                assert!(code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()), "{code:?}");
            }
        }
    }
}

#[test]
fn a_database_is_opened_from_a_file_and_outlives_it() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("countries.mmdb");
    fs::write(&path, sample().bytes()).unwrap();
    let locator = MaxMindLocator::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(country(&locator, "81.2.69.160").as_deref(), Some("GB"));
    assert!(matches!(MaxMindLocator::open(&path), Err(GeoError::Read(_))));
}

#[test]
fn debug_tells_the_database_and_not_its_content() {
    let text = format!("{:?}", MaxMindLocator::from_bytes(sample().bytes()).unwrap());
    assert_eq!(text, r#"MaxMindLocator { database: "GeoLite2-Country", build_epoch: 1800000000, .. }"#);
}

fn sample() -> Database<'static> {
    Database::new(&[
        ("10.0.0.0/8", Map(vec![("country", Map(vec![("iso_code", Text("DE"))]))])),
        ("81.2.0.0/16", located_in("GB")),
        ("2001:218::/32", located_in("JP")),
    ])
}

fn locator(networks: &[(&str, Value<'static>)]) -> MaxMindLocator {
    MaxMindLocator::from_bytes(Database::new(networks).bytes()).unwrap()
}

fn country(locator: &MaxMindLocator, ip: &str) -> Option<Box<str>> {
    locator.country(ip.parse().unwrap())
}

/// A record as a country database has it, with more around the code than is read.
fn located_in(code: &'static str) -> Value<'static> {
    Map(vec![
        ("continent", Map(vec![("code", Text("XX")), ("names", Map(vec![("en", Text("Somewhere"))]))])),
        (
            "country",
            Map(vec![
                ("geoname_id", Number(2_635_167)),
                ("iso_code", Text(code)),
                ("names", Map(vec![("en", Text("A name of more than twenty-eight letters"))])),
            ]),
        ),
        ("registered_country", Map(vec![("iso_code", Text("FR"))])),
    ])
}

use Value::{List, Map, Number, Number16, Number64, Text};

/// A value of the MaxMind DB format, as far as these tests need it.
#[derive(Clone)]
enum Value<'a> {
    Text(&'a str),
    Number16(u16),
    Number(u32),
    Number64(u64),
    Map(Vec<(&'a str, Self)>),
    List(Vec<Self>),
}

impl Value<'_> {
    /// Writes the control byte, the size and the content (MaxMind DB File Format Specification 2.0,
    /// "Data Field Format").
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Text(text) => {
                write_control(2, text.len(), out);
                out.extend_from_slice(text.as_bytes());
            }
            Number16(number) => write_number(5, (*number).into(), out),
            Number(number) => write_number(6, (*number).into(), out),
            Number64(number) => write_number(9, *number, out),
            Map(pairs) => {
                write_control(7, pairs.len(), out);
                for (key, value) in pairs {
                    Text(key).write(out);
                    value.write(out);
                }
            }
            List(values) => {
                write_control(11, values.len(), out);
                values.iter().for_each(|value| value.write(out));
            }
        }
    }
}

/// Numbers are written without leading zeros, so that 0 takes no bytes.
fn write_number(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let digits = &bytes[(number.leading_zeros() / 8) as usize..];
    write_control(kind, digits.len(), out);
    out.extend_from_slice(digits);
}

fn write_control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, long) =
        if size < 29 { (size, None) } else { (29, Some(u8::try_from(size - 29).expect("short values"))) };
    let short = u8::try_from(short).unwrap();
    if kind <= 7 {
        out.push(kind << 5 | short)
    } else {
        out.extend([short, kind - 7])
    }
    out.extend(long);
}

/// A database in the making: later networks replace what earlier ones say of the same addresses.
struct Database<'a> {
    kind: &'a str,
    ip_version: u16,
    networks: Vec<(u128, usize, Value<'a>)>,
}

/// What a node says of addresses with a 0 and those with a 1 at its depth.
type Node = [Entry; 2];

#[derive(Clone, Copy)]
enum Entry {
    Nothing,
    Node(usize),
    Record(usize),
}

impl<'a> Database<'a> {
    fn new(networks: &[(&str, Value<'a>)]) -> Self {
        let networks = networks.iter().map(|(network, value)| {
            let (address, length) = network.split_once('/').unwrap();
            let length: usize = length.parse().unwrap();
            match address.parse().unwrap() {
                IpAddr::V4(v4) => (u128::from(v4.to_bits()), 96 + length, value.clone()),
                IpAddr::V6(v6) => (v6.to_bits(), length, value.clone()),
            }
        });
        Self { kind: "GeoLite2-Country", ip_version: 6, networks: networks.collect() }
    }

    /// The file: search tree with records of 24 bits, separator, data and metadata.
    fn bytes(&self) -> Vec<u8> {
        const SEPARATOR: usize = 16;
        let (mut nodes, mut data) = (vec![[Entry::Nothing; 2]], Vec::new());
        for (address, length, value) in &self.networks {
            let first_bit = if self.ip_version == 4 { 96 } else { 0 };
            insert(&mut nodes, *address, first_bit..*length, Entry::Record(data.len()));
            value.write(&mut data);
        }
        let mut file = Vec::new();
        for entry in nodes.iter().flatten() {
            let number = match entry {
                Entry::Nothing => nodes.len(),
                Entry::Node(node) => *node,
                Entry::Record(offset) => nodes.len() + SEPARATOR + offset,
            };
            file.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
        }
        file.extend([0; SEPARATOR]);
        file.extend(data);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        self.metadata(nodes.len()).write(&mut file);
        file
    }

    fn metadata(&self, node_count: usize) -> Value<'a> {
        Map(vec![
            ("binary_format_major_version", Number16(2)),
            ("binary_format_minor_version", Number16(0)),
            ("build_epoch", Number64(1_800_000_000)),
            ("database_type", Text(self.kind)),
            ("description", Map(vec![("en", Text("Networks made up for tests"))])),
            ("ip_version", Number16(self.ip_version)),
            ("languages", List(vec![Text("en")])),
            ("node_count", Number(u32::try_from(node_count).unwrap())),
            ("record_size", Number16(24)),
        ])
    }
}

/// Puts an entry where the given bits of an address lead, and pushes what was there down to the
/// addresses beside it.
fn insert(nodes: &mut Vec<Node>, address: u128, mut bits: std::ops::Range<usize>, entry: Entry) {
    let last = bits.next_back().expect("a network that is not everything");
    let mut node = 0;
    for bit in bits {
        let side = side(address, bit);
        node = match nodes[node][side] {
            Entry::Node(next) => next,
            whole => {
                nodes.push([whole; 2]);
                nodes[node][side] = Entry::Node(nodes.len() - 1);
                nodes.len() - 1
            }
        };
    }
    nodes[node][side(address, last)] = entry;
}

fn side(address: u128, bit: usize) -> usize {
    (address >> (127 - bit) & 1) as usize
}
