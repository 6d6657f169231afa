//! What a hostile server does with a connection, once it has read the request.

use std::{borrow::Cow, sync::LazyLock};

use serde_json::{Value, json};

use crate::providers::double::with_leaves;

/// What is sent, and how it ends.
pub(crate) struct Script {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) end: End,
}

/// Some bytes.
pub(crate) enum Piece {
    Once(Cow<'static, [u8]>),
    /// As often as this.
    Times(&'static [u8], usize),
    /// Until the other side has gone.
    Endless(Cow<'static, [u8]>),
    /// One byte at a time, with a pause after each.
    Drip(Vec<u8>),
}

/// What becomes of the connection then.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// It waits for the next request.
    Keep,
    Close,
    /// It is held open until the other side has gone.
    Hold,
    /// It is broken off (RFC 9293 §3.5.3).
    Reset,
}

/// What the page is told, if the machine is quick enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Told {
    Late,
    Large,
    Broken,
    Refused,
    Useless,
}

impl Told {
    /// Whether a message says so.
    pub(crate) fn is_in(self, message: &str) -> bool {
        let words: &[&str] = match self {
            Self::Late => &["the other side did not answer in time"],
            Self::Large => &["the reply is too large"],
            Self::Broken => &["the other side is unavailable"],
            Self::Refused => &[
                "the provider refused",
                "the provider found the request at fault",
                "the provider did not accept the credentials",
            ],
            Self::Useless => &[
                "the provider's reply cannot be used",
                "the provider refused",
                "the provider gave no id of the person",
                "the id_token was refused",
                "the reply is another issuer's",
                "the provider has no such endpoint",
            ],
        };
        words.iter().any(|words| message.contains(words))
    }
}

/// One way to be hostile, made from a good reply.
pub(crate) struct Hostile {
    pub(crate) what: &'static str,
    pub(crate) told: Told,
    pub(crate) make: fn(&str) -> Script,
}

const fn way(what: &'static str, told: Told, make: fn(&str) -> Script) -> Hostile {
    Hostile { what, told, make }
}

/// Where redirects would lead.
pub(crate) const TRAP: &str = "/trap";

const BLANKS: &[u8] = &[b' '; 64 * 1024];

/// A whole reply.
pub(crate) fn whole(status: &str, body: &[u8]) -> Script {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    Script { end: End::Keep, ..headed(&head, body) }
}

fn headed(head: &str, body: &[u8]) -> Script {
    raw([head.as_bytes(), b"\r\n", body].concat(), End::Close)
}

fn raw(bytes: impl Into<Vec<u8>>, end: End) -> Script {
    Script { pieces: vec![Piece::Once(bytes.into().into())], end }
}

fn then(bytes: impl Into<Vec<u8>>, piece: Piece, end: End) -> Script {
    Script { pieces: vec![Piece::Once(bytes.into().into()), piece], end }
}

fn ok(body: &str) -> Script {
    whole("200 OK", body.as_bytes())
}

fn moved(status: &str, body: &str) -> Script {
    let head = format!("HTTP/1.1 {status}\r\nLocation: {TRAP}\r\nContent-Length: {}\r\n", body.len());
    Script { end: End::Keep, ..headed(&head, body.as_bytes()) }
}

fn leaves(good: &str, leaf: &Value) -> Script {
    ok(&with_leaves(&serde_json::from_str(good).unwrap(), leaf).to_string())
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(body: &str) -> String {
    format!("{CHUNKED}{:x}\r\n{body}\r\n", body.len())
}

/// 32 MiB of NUL as gzip of 210 KB, which is within what a reply may have (RFC 1951 §3.2.6, RFC
/// 1952).
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bits = Bits::default();
    // The last block, with fixed codes; then one NUL, and "the last byte 258 times" as often as it
    // takes.
    bits.low_first(1, 1);
    bits.low_first(1, 2);
    bits.high_first(0x30, 8);
    for _ in 0..(32 << 20) / 258 {
        bits.high_first(0xc5, 8);
        bits.high_first(0, 5);
    }
    bits.high_first(0, 7);
    let head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    [head.as_slice(), &bits.done(), &[0; 8]].concat()
});

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u8,
    count: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        self.held |= u8::from(bit) << self.count;
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(std::mem::take(&mut self.held));
            self.count = 0;
        }
    }

    fn low_first(&mut self, value: u32, length: u32) {
        (0..length).for_each(|at| self.push(value >> at & 1 == 1));
    }

    fn high_first(&mut self, value: u32, length: u32) {
        (0..length).rev().for_each(|at| self.push(value >> at & 1 == 1));
    }

    fn done(mut self) -> Vec<u8> {
        self.bytes.push(self.held);
        self.bytes
    }
}

/// All ways to be hostile. Each takes the good reply's body, which is JSON.
pub(crate) const ALL: &[Hostile] = &[
    // What HTTP allows, and the provider should not do.
    way("a page", Told::Useless, |_| ok("<!doctype html><html><body>access_token=1&id=1</body></html>")),
    way("nothing", Told::Useless, |_| ok("")),
    way("no content", Told::Useless, |_| raw("HTTP/1.1 204 No Content\r\n\r\n", End::Keep)),
    way("a permanent redirect", Told::Refused, |good| moved("301 Moved Permanently", good)),
    way("a redirect", Told::Refused, |good| moved("302 Found", good)),
    way("a redirect to another method", Told::Refused, |good| moved("303 See Other", good)),
    way("a redirect that keeps the method", Told::Refused, |good| moved("307 Temporary Redirect", good)),
    way("the good reply with status 400", Told::Refused, |good| whole("400 Bad Request", good.as_bytes())),
    way("the good reply with status 401", Told::Refused, |good| whole("401 Unauthorized", good.as_bytes())),
    way("the good reply with status 500", Told::Refused, |good| whole("500 Oops", good.as_bytes())),
    way("too many requests", Told::Refused, |_| whole("429 Slow Down", br#"{"message":"slow down"}"#)),
    way("an error of success", Told::Useless, |_| ok(r#"{"ok":false,"error":"invalid_auth"}"#)),
    way("half, as a whole", Told::Useless, |good| ok(&good[..good.len() / 2])),
    way("twice", Told::Useless, |good| ok(&format!("{good}{good}"))),
    way("repeated names", Told::Useless, |good| {
        ok(&good.replacen('{', r#"{"x":1,"x":2,"#, 1).replace(",}", "}"))
    }),
    way("other names", Told::Useless, |good| ok(&good.replace("\":", "_\":"))),
    way("no UTF-8", Told::Useless, |good| whole("200 OK", &[good.as_bytes(), b"\xff\xfe"].concat())),
    way("UTF-16", Told::Useless, |good| {
        whole("200 OK", &good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
    }),
    way("nulls", Told::Useless, |good| leaves(good, &Value::Null)),
    way("objects", Told::Useless, |good| leaves(good, &json!({}))),
    way("arrays", Told::Useless, |good| leaves(good, &json!([]))),
    way("booleans", Told::Useless, |good| leaves(good, &json!(true))),
    way("an empty object", Told::Useless, |_| ok("{}")),
    way("an empty array", Told::Useless, |_| ok("[]")),
    way("the limit of brackets", Told::Useless, |_| whole("200 OK", &vec![b'['; 256 << 10])),
    way("many small values", Told::Useless, |_| ok(&format!("[{}0]", "{},".repeat(80_000)))),
    way("a bomb of gzip", Told::Useless, |_| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n", BOMB.len());
        Script { end: End::Keep, ..headed(&head, &BOMB) }
    }),
    way("a bomb of gzip that is not called so", Told::Useless, |_| whole("200 OK", &BOMB)),
    // Too much.
    way("ten MiB before the good reply", Told::Large, |good| Script {
        pieces: vec![
            Piece::Once(
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", (10 << 20) + good.len())
                    .into_bytes()
                    .into(),
            ),
            Piece::Times(BLANKS, 160),
            Piece::Once(good.as_bytes().to_vec().into()),
        ],
        end: End::Close,
    }),
    way("ten MiB of unknown length", Told::Large, |good| Script {
        pieces: vec![
            Piece::Once(b"HTTP/1.1 200 OK\r\n\r\n".into()),
            Piece::Times(BLANKS, 160),
            Piece::Once(good.as_bytes().to_vec().into()),
        ],
        end: End::Close,
    }),
    way("a body without end", Told::Large, |_| {
        then("HTTP/1.1 200 OK\r\n\r\n", Piece::Endless(BLANKS.into()), End::Close)
    }),
    way("chunks without end", Told::Large, |_| {
        then(
            CHUNKED,
            Piece::Endless(format!("8000\r\n{}\r\n", " ".repeat(0x8000)).into_bytes().into()),
            End::Close,
        )
    }),
    way("a length beyond all", Told::Broken, |good| {
        headed("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n", good.as_bytes())
    }),
    way("headers without end", Told::Broken, |_| {
        then(
            "HTTP/1.1 200 OK\r\n",
            Piece::Endless(b"X-Flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(500).into()),
            End::Close,
        )
    }),
    way("a header without end", Told::Broken, |_| {
        then("HTTP/1.1 200 OK\r\nX-Flood: ", Piece::Endless(vec![b'y'; 32 * 1024].into()), End::Close)
    }),
    way("a status line without end", Told::Broken, |_| {
        then("HTTP/1.1 200 ", Piece::Endless(vec![b'y'; 32 * 1024].into()), End::Close)
    }),
    way("a thousand headers", Told::Broken, |good| {
        headed(
            &format!("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n", "X: y\r\n".repeat(1_000), good.len()),
            good.as_bytes(),
        )
    }),
    way("interim replies without end", Told::Late, |_| {
        let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
        then(hint.repeat(100), Piece::Drip(hint.repeat(100)), End::Hold)
    }),
    way("a chunk's extensions without end", Told::Broken, |_| {
        then(format!("{CHUNKED}5"), Piece::Endless(b";name=value".repeat(1_000).into()), End::Close)
    }),
    way("trailers without end", Told::Broken, |good| {
        then(
            format!("{}0\r\n", chunk(good)),
            Piece::Endless(b"X-Flood: yyyyyyyyyyyyyyyy\r\n".repeat(500).into()),
            End::Close,
        )
    }),
    // Too slow.
    way("silence", Told::Late, |_| raw("", End::Hold)),
    way("a head and then silence", Told::Late, |_| {
        raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", End::Hold)
    }),
    way("half a head and then silence", Told::Late, |_| raw("HTTP/1.1 200 OK\r\nContent-Le", End::Hold)),
    way("a slow drip of headers", Told::Late, |_| Script {
        pieces: vec![Piece::Drip(
            b"HTTP/1.1 200 OK\r\nX-Slow: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(10),
        )],
        end: End::Hold,
    }),
    way("a slow drip of the good reply", Told::Late, |good| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", good.len() + 500);
        then(head, Piece::Drip([" ".repeat(500).as_bytes(), good.as_bytes()].concat()), End::Close)
    }),
    way("a slow drip of chunks", Told::Late, |_| {
        then(CHUNKED, Piece::Drip(b"1\r\n \r\n".repeat(100)), End::Hold)
    }),
    way("the good reply in chunks without the last, and silence", Told::Late, |good| {
        raw(chunk(good), End::Hold)
    }),
    way("the good reply short of one byte, and silence", Told::Late, |good| {
        raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{good}", good.len() + 1), End::Hold)
    }),
    // Broken.
    way("nobody", Told::Broken, |_| raw("", End::Close)),
    way("a reset at once", Told::Broken, |_| raw("", End::Reset)),
    way("a reset amid the head", Told::Broken, |_| raw("HTTP/1.1 200 O", End::Reset)),
    way("a reset amid the body", Told::Broken, |good| {
        raw(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", good.len(), &good[..good.len() / 2]),
            End::Reset,
        )
    }),
    way("half of what was announced", Told::Broken, |good| {
        raw(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", good.len(), &good[..good.len() / 2]),
            End::Close,
        )
    }),
    way("the good reply, with more announced", Told::Broken, |good| {
        raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{good}", good.len() + 1), End::Close)
    }),
    way("chunks without the last", Told::Broken, |good| raw(chunk(good), End::Close)),
    way("a chunk of no number", Told::Broken, |good| {
        raw(format!("{CHUNKED}xyz\r\n{good}\r\n0\r\n\r\n"), End::Close)
    }),
    way("a chunk beyond all", Told::Broken, |good| {
        raw(format!("{CHUNKED}fffffffffffffffff\r\n{good}"), End::Close)
    }),
    // No HTTP.
    way("two lengths", Told::Broken, |good| {
        headed(
            &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 1\r\n", good.len()),
            good.as_bytes(),
        )
    }),
    way("a length and chunks", Told::Broken, |good| {
        headed(
            &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n", good.len()),
            good.as_bytes(),
        )
    }),
    way("a length of no number", Told::Broken, |good| {
        headed("HTTP/1.1 200 OK\r\nContent-Length: all\r\n", good.as_bytes())
    }),
    way("a length below zero", Told::Broken, |good| {
        headed("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", good.as_bytes())
    }),
    way("a body alone", Told::Broken, |good| raw(good, End::Close)),
    way("another protocol", Told::Broken, |_| raw("SSH-2.0-OpenSSH_9.9\r\n", End::Close)),
    way("HTTP/2", Told::Broken, |_| raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", End::Close)),
    way("an alert of TLS", Told::Broken, |_| raw(*b"\x15\x03\x03\x00\x02\x02\x46", End::Close)),
    way("a status of no number", Told::Broken, |good| headed("HTTP/1.1 2x0 OK\r\n", good.as_bytes())),
    way("NUL in a header", Told::Broken, |good| headed("HTTP/1.1 200 OK\r\nX: a\0b\r\n", good.as_bytes())),
    way("a switch of protocols", Told::Useless, |good| {
        raw(
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n{good}"),
            End::Close,
        )
    }),
];
