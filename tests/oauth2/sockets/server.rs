//! All providers of a test on one port: each answers well, but for what a flow asks to be answered
//! by a script.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::providers::double::Case;
use crate::sockets::script::{ALL, End, Piece, Script, TRAP, whole};

/// Between two bytes of a drip.
const DRIP: Duration = Duration::from_millis(10);
/// How long a connection is held open at the most, lest a client that never leaves keeps the test
/// from its end.
const HOLD: Duration = Duration::from_secs(20);

/// What of a provider answers by a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Token,
    User,
    /// The second request of a profile, by which GitHub and Bitbucket tell the address. Podio's
    /// tells nothing that a sign-in needs.
    Addresses,
    Keys,
    Discovery,
}

/// What a flow is to meet. It travels in the code and in the access token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    /// Which script, and where; all is well without.
    pub(crate) hostile: Option<(Stage, usize)>,
    pub(crate) serial: usize,
}

impl Fate {
    /// As a code.
    pub(crate) fn code(self) -> String {
        let (stage, number) = match self.hostile {
            None => ('g', 0),
            Some((Stage::Token, number)) => ('t', number),
            Some((Stage::User, number)) => ('u', number),
            Some((Stage::Addresses, number)) => ('a', number),
            Some((Stage::Keys, number)) => ('k', number),
            Some((Stage::Discovery, number)) => ('d', number),
        };
        format!("fate-{stage}-{number:03}-{:06}", self.serial)
    }

    /// The first code in a request.
    fn find(request: &str) -> Option<Self> {
        let code = request.get(request.find("fate-")? + 5..)?;
        let number = code.get(2..5)?.parse().ok()?;
        let stage = match code.get(..1)? {
            "g" => None,
            "t" => Some(Stage::Token),
            "u" => Some(Stage::User),
            "a" => Some(Stage::Addresses),
            "k" => Some(Stage::Keys),
            "d" => Some(Stage::Discovery),
            _ => return None,
        };
        Some(Self { hostile: stage.map(|stage| (stage, number)), serial: code.get(6..12)?.parse().ok()? })
    }
}

/// The server's side of the test.
pub(crate) struct Providers {
    pub(crate) port: u16,
    pub(crate) cases: BTreeMap<String, Case>,
    /// The nonces of flows by their serial number.
    nonces: Mutex<BTreeMap<usize, String>>,
    /// By which script keys or the discovery document are answered.
    documents: Mutex<Option<(Stage, usize)>>,
    /// Which scripts have run, and for whom.
    played: Mutex<BTreeSet<(String, Stage, usize)>>,
    trapped: AtomicUsize,
    connections: AtomicUsize,
    /// The most bytes that a client took of one reply; what lies in the buffers of the system
    /// counts as taken.
    most_taken: AtomicU64,
    taken: AtomicU64,
}

impl Providers {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let providers = Arc::new(Self {
            port: listener.local_addr().unwrap().port(),
            cases: Case::all().map(|case| (case.id.clone(), case)).collect(),
            nonces: Mutex::default(),
            documents: Mutex::default(),
            played: Mutex::default(),
            trapped: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            most_taken: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        });
        let here = Arc::clone(&providers);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                here.connections.fetch_add(1, Ordering::Relaxed);
                let here = Arc::clone(&here);
                tokio::spawn(async move {
                    let _ = timeout(HOLD, here.serve(stream)).await;
                });
            }
        });
        providers
    }

    /// Where the provider is.
    pub(crate) fn base(&self, id: &str) -> String {
        format!("http://127.0.0.1:{}/{id}", self.port)
    }

    pub(crate) fn remember_nonce(&self, serial: usize, nonce: String) {
        self.nonces.lock().unwrap().insert(serial, nonce);
    }

    /// Answers for keys or the discovery document by this script from now on.
    pub(crate) fn set_documents(&self, hostile: Option<(Stage, usize)>) {
        *self.documents.lock().unwrap() = hostile;
    }

    pub(crate) fn has_played(&self, id: &str, stage: Stage, number: usize) -> bool {
        self.played.lock().unwrap().contains(&(id.to_owned(), stage, number))
    }

    pub(crate) fn played(&self) -> usize {
        self.played.lock().unwrap().len()
    }

    /// How many requests came to where redirects lead.
    pub(crate) fn trapped(&self) -> usize {
        self.trapped.load(Ordering::Relaxed)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The most bytes that a client took of one reply, and all.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.most_taken.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed))
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let request = read(&mut stream).await?;
            let path = request.split(' ').nth(1).unwrap_or_default();
            let script = self.answer(path, &request);
            let mut sent = 0;
            let outcome = play(&mut stream, &script, &mut sent).await;
            self.taken.fetch_add(sent, Ordering::Relaxed);
            self.most_taken.fetch_max(sent, Ordering::Relaxed);
            outcome?;
            match script.end {
                End::Keep => continue,
                End::Close => stream.shutdown().await?,
                // The other side goes when its time is up.
                End::Hold => while stream.read(&mut [0; 64]).await? > 0 {},
                End::Reset => stream.set_zero_linger()?,
            }
            return Ok(());
        }
    }

    fn answer(&self, path: &str, request: &str) -> Script {
        if path.starts_with(TRAP) {
            self.trapped.fetch_add(1, Ordering::Relaxed);
            return whole("200 OK", b"{}");
        }
        let id = path.split('/').nth(1).unwrap_or_default();
        let case = self.cases.get(id).unwrap_or_else(|| panic!("nobody is at {path}"));
        let fate = Fate::find(request);
        let (stage, good) = self.good(case, path, fate);
        let documents = *self.documents.lock().unwrap();
        let asked = match stage {
            Some(Stage::Token | Stage::User | Stage::Addresses) => fate.and_then(|fate| fate.hostile),
            _ => documents,
        };
        match asked.filter(|(asked, _)| Some(*asked) == stage) {
            None => whole("200 OK", good.as_bytes()),
            Some((stage, number)) => {
                self.played.lock().unwrap().insert((id.to_owned(), stage, number));
                // Bitly's tokens come as a form.
                let json =
                    if good.starts_with(['{', '[']) { good } else { r#"{"access_token":"a"}"#.to_owned() };
                (ALL[number].make)(&json)
            }
        }
    }

    /// Which stage a request belongs to, and the body of its good reply.
    fn good(&self, case: &Case, path: &str, fate: Option<Fate>) -> (Option<Stage>, String) {
        let base = self.base(&case.id);
        let claims = case.claims.clone();
        if path.ends_with("/keys") {
            return (Some(Stage::Keys), case.signer.keys().to_string());
        }
        if path.contains("/.well-known/") {
            let issuer = claims.map_or(Value::Null, |claims| claims["iss"].clone());
            let document = json!({
                "issuer": if case.id == "oidc" { json!(base) } else { issuer },
                "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"),
                "userinfo_endpoint": format!("{base}/user/0"),
                "jwks_uri": format!("{base}/keys"),
            });
            return (Some(Stage::Discovery), document.to_string());
        }
        if path.ends_with("/token") {
            return (Some(Stage::Token), self.good_tokens(case, fate.expect("a code")));
        }
        let place: usize =
            path.split(['/', '?']).nth(3).and_then(|place| place.parse().ok()).expect("a profile");
        let good = String::from_utf8(case.good_profile().remove(place)).unwrap();
        ([Stage::User, Stage::Addresses].get(place).copied(), good)
    }

    fn good_tokens(&self, case: &Case, fate: Fate) -> String {
        // In front of a dot, for Etsy.
        let token = format!("{}.rest", fate.code());
        let text = String::from_utf8(case.good_token()).unwrap();
        let Ok(mut reply) = serde_json::from_str::<Value>(&text) else {
            return format!("access_token={token}");
        };
        match case.id.as_str() {
            "yammer" => reply["access_token"]["token"] = token.into(),
            _ => reply["access_token"] = token.into(),
        }
        if let Some(mut claims) = case.claims.clone() {
            if claims.get("nonce").is_some() {
                claims["nonce"] = self.nonces.lock().unwrap().get(&fate.serial).cloned().into();
            }
            if case.id == "oidc" {
                claims["iss"] = self.base("oidc").into();
            }
            reply["id_token"] = case.signer.sign(&claims).into();
        }
        reply.to_string()
    }
}

/// One request, head and body.
async fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let announced = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= announced.unwrap_or_default() {
            return Ok(text.into_owned());
        }
    }
}

async fn play(stream: &mut TcpStream, script: &Script, sent: &mut u64) -> io::Result<()> {
    for piece in &script.pieces {
        match piece {
            Piece::Once(bytes) => write(stream, bytes, sent).await?,
            Piece::Times(bytes, times) => {
                for _ in 0..*times {
                    write(stream, bytes, sent).await?;
                }
            }
            Piece::Endless(bytes) => loop {
                write(stream, bytes, sent).await?;
            },
            Piece::Drip(bytes) => {
                for byte in bytes {
                    write(stream, &[*byte], sent).await?;
                    sleep(DRIP).await;
                }
            }
        }
    }
    Ok(())
}

async fn write(stream: &mut TcpStream, bytes: &[u8], sent: &mut u64) -> io::Result<()> {
    stream.write_all(bytes).await?;
    *sent += bytes.len() as u64;
    Ok(())
}
