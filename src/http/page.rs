//! Static pages: the same for every client, so nothing needs escaping, and without external
//! resources.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderValue, Response, header};
use sha2::{Digest as _, Sha256};

use super::response::harden;

/// A page with one inline script and one inline style.
pub(super) struct Page {
    html: &'static str,
    policy: String,
}

impl Page {
    /// Creates a page. `calls` allows its script to call this server. The content security policy
    /// (CSP Level 3) allows only its own script and style, and forbids framing.
    pub(super) fn new(html: &'static str, calls: bool) -> Self {
        let connect = if calls { " connect-src 'self';" } else { "" };
        let [script, style] = ["script", "style"].map(|element| digest_of(html, element));
        let policy = format!(
            "default-src 'none'; script-src '{script}'; style-src '{style}';{connect} base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        Self { html, policy }
    }

    pub(super) fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(self.html.as_bytes()));
        let headers = response.headers_mut();
        harden(headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        if let Ok(policy) = HeaderValue::from_str(&self.policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The policy's name of the one element with this tag.
fn digest_of(html: &str, element: &str) -> String {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let inner = html.split_once(&start).and_then(|(_, rest)| rest.split_once(&end));
    let inner = inner.map(|(inner, _)| inner).unwrap_or_default();
    format!("sha256-{}", BASE64.encode(&Sha256::digest(inner)))
}

#[cfg(test)]
pub(super) fn assert_that_it_runs_its_own_script_and_loads_nothing(page: &Page) {
    let (html, policy) = (page.html, &page.policy);
    assert_eq!((html.matches("<script").count(), html.matches("<style").count()), (1, 1));
    assert!(![" src=", " href=", " style=", " onclick=", "innerHTML"].iter().any(|it| html.contains(it)));
    let of_nothing = BASE64.encode(&Sha256::digest(""));
    assert!(!policy.contains(&of_nothing) && policy.matches("sha256-").count() == 2, "{policy}");
}
