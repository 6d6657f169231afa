//! A client of few words: one request on one connection, with full control over what is sent.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// `name=value` of the first cookie that it sets.
    pub(crate) fn cookie(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        // That of the session is the last one.
        set.next_back().and_then(|(_, cookie)| cookie.split(';').next()).unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// A connection to this machine's port, which gives up after ten seconds of silence.
pub(crate) fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

/// Sends a request with these headers and this body, and reads the reply to its end.
pub(crate) fn send(port: u16, line: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Reply> {
    let mut stream = connect(port)?;
    stream.write_all(format!("{}{body}", head(port, line, headers, body)).as_bytes())?;
    receive(&mut stream)
}

/// The beginning of a request, up to the blank line.
pub(crate) fn head(port: u16, line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\nX-Appwrite-Project: default\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("Host: localhost:{port}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head + "\r\n"
}

/// Reads a reply until the server closes the connection.
pub(crate) fn receive(stream: &mut TcpStream) -> std::io::Result<Reply> {
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text)
}

/// A whole reply, taken apart.
pub(crate) fn parse(text: &str) -> std::io::Result<Reply> {
    let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
