use proptest::prelude::*;

use super::*;

fn allowed(hosts: &[&str], apps: &[&str]) -> AllowedRedirects {
    AllowedRedirects::new(hosts.iter().copied(), apps.iter().copied()).unwrap()
}

#[test]
fn urls_come_out_as_browsers_spell_them() {
    let allowed =
        allowed(&["App.Example.com", "localhost", "[::1]"], &["com.example.app", "appwrite-callback-x"]);
    for (text, canonical) in [
        ("HTTPS://APP.EXAMPLE.COM", "https://app.example.com/"),
        ("https://app.example.com:443/cb?a=%2F&b", "https://app.example.com/cb?a=%2F&b"),
        ("http://[::1]:3000/cb", "http://[::1]:3000/cb"),
        ("com.example.app:/cb", "com.example.app:/cb"),
        ("com.example.app://auth/cb?x=1", "com.example.app://auth/cb?x=1"),
        ("appwrite-callback-x://", "appwrite-callback-x://"),
    ] {
        assert_eq!(allowed.check(text).unwrap().as_str(), canonical);
    }
}

#[test]
fn a_wildcard_matches_exactly_one_label() {
    let allowed = allowed(&["*.tenant.example"], &[]);
    assert!(allowed.check("https://acme.tenant.example/").is_ok());
    for text in ["https://tenant.example/", "https://a.b.tenant.example/", "https://eviltenant.example/"] {
        assert_eq!(allowed.check(text), Err(Invalid::RedirectUrl), "{text}");
    }
}

#[test]
fn a_wildcard_matches_only_host_names() {
    let allowed = allowed(&["*.tenant.example", "https://*.dev.example"], &[]);
    let long = "a".repeat(64);
    for label in ["*", "a*b", "evil_", "_evil", "e_l", "-", "-a", "a-", "a'b", "a!b", "$", "~", "a,b", &long]
    {
        for url in [format!("https://{label}.tenant.example"), format!("https://{label}.dev.example")] {
            assert_eq!(allowed.check(&url), Err(Invalid::RedirectUrl), "{url}");
            assert!(!allowed.allows_origin(&url), "{url}");
        }
    }
    for label in ["a", "1", "A1", "a-b", "a--b", "xn--mnchen-3ya", &long[1..]] {
        for url in [format!("https://{label}.tenant.example"), format!("https://{label}.dev.example")] {
            assert!(allowed.check(&url).is_ok() && allowed.allows_origin(&url), "{url}");
        }
    }
}

#[test]
fn an_origin_allows_only_itself() {
    let allowed =
        allowed(&["https://app.example.com:8443", "http://intranet.example", "https://*.dev.example"], &[]);
    for text in ["https://app.example.com:8443/cb", "http://intranet.example:80/", "https://pr1.dev.example/"]
    {
        assert!(allowed.check(text).is_ok() && allowed.allows_origin(text), "{text}");
    }
    for text in [
        "https://app.example.com/cb",
        "https://intranet.example/",
        "http://intranet.example:8080/",
        "https://pr1.dev.example:444/",
        "http://app.example.com:8443/",
    ] {
        assert!(allowed.check(text).is_err() && !allowed.allows_origin(text), "{text}");
    }
}

#[test]
fn ports_are_written_plainly() {
    let allowed = allowed(&["app.example.com"], &[]);
    assert!(allowed.check("https://app.example.com:65535/").is_ok());
    for port in ["", "0", "00", "65536", "+443", "-1", "443:443", "4a"] {
        assert!(allowed.check(&format!("https://app.example.com:{port}/")).is_err(), "{port:?}");
    }
}

#[test]
fn app_urls_have_a_path_and_a_plain_authority() {
    let allowed = allowed(&["app.example.com"], &["com.example.app", "com.example.my_app"]);
    for text in [
        "com.example.app:cb",
        "com.example.app:",
        "com.example.app:?x",
        "com.example.app://a@b/",
        "com.example.app://a%40b/",
        "com.example.app:/..;/",
        "com.example.my_app://auth",
    ] {
        assert!(allowed.check(text).is_err(), "{text}");
    }
}

#[test]
fn ambiguous_entries_are_rejected() {
    for host in [
        "",
        "*",
        "*.",
        "*.*.example.com",
        "app.example.com:443",
        "app.example.com/",
        "app.example.com.",
        "exämple.com",
        "127.1",
        "*.127.0.0.1",
        "a b",
        "a@b",
        "ftp://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/cb",
        "https://u@app.example.com",
        "https://app.example.com:0",
        "https://",
        "::1",
        "a..b",
        "%61.example",
    ] {
        assert_eq!(AllowedRedirects::new([host], []).unwrap_err(), Invalid::AllowedHost, "{host:?}");
    }
    for app in
        ["", "javascript", "HTTPS", "data", "com.example.app:", "com.example.app://", "1app", "a b", "é"]
    {
        assert_eq!(AllowedRedirects::new([], [app]).unwrap_err(), Invalid::AllowedApp, "{app:?}");
    }
}

#[test]
fn origins_are_compared_by_scheme_and_host() {
    let allowed = allowed(
        &["app.example.com", "localhost", "*.tenant.example"],
        &["com.example.App", "com.example.my_app"],
    );
    for origin in [
        "https://app.example.com",
        "https://APP.example.com:8443",
        "http://localhost:5173",
        "https://localhost",
        "https://acme.tenant.example",
        "https://app.example.com/page?from=referer",
        "appwrite-ios://com.example.app",
        "appwrite-android://com.example.my_app",
    ] {
        assert!(allowed.allows_origin(origin), "{origin}");
    }
    for origin in [
        "",
        "null",
        "http://app.example.com",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com\\@evil.example",
        "com.example.app://x",
        "appwrite-ios://com.example.other",
        "appwrite-ios://",
        "appwrite-toaster://com.example.app",
        "blob:https://app.example.com/0",
        "file://",
    ] {
        assert!(!allowed.allows_origin(origin), "{origin}");
    }
}

#[test]
fn c1_an_origin_of_a_web_view_or_extension_is_compared_whole() {
    let views =
        ["tauri://localhost", "capacitor://localhost", "chrome-extension://abcdefghijklmnop", "app://x:8080"];
    let allowed = allowed(&views, &[]);
    for view in views {
        assert!(
            allowed.allows_origin(view) && allowed.allows_origin(&format!("{view}/index.html")),
            "{view}"
        );
        assert!(allowed.check(&format!("{view}/")).is_err(), "{view}");
    }
    for other in [
        "tauri://localhost.evil.example",
        "tauri://localhost:1",
        "tauri://evil.example",
        "ionic://localhost",
        "chrome-extension://abcdefghijklmno",
        "http://localhost",
        "null",
        "file://",
        "file:///index.html",
    ] {
        assert!(!allowed.allows_origin(other), "{other}");
    }
    for bad in
        ["file://", "file://localhost", "data://x", "tauri://", "tauri://a b", "tauri://x:0", "tauri://x/y"]
    {
        assert_eq!(AllowedRedirects::new([bad], []).unwrap_err(), Invalid::AllowedHost, "{bad}");
    }
}

#[test]
fn c2_loopback_has_several_names() {
    let local = allowed(&["localhost"], &[]);
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"] {
        assert!(local.allows_origin(origin), "{origin}");
    }
    let below = allowed(&["tauri.localhost", "*.localhost"], &[]);
    for origin in ["http://tauri.localhost", "https://tauri.localhost", "http://app.localhost:8080"] {
        assert!(below.allows_origin(origin), "{origin}");
    }
    for origin in
        ["http://localhost", "http://127.0.0.1", "http://a.b.localhost", "http://localhost.evil.example"]
    {
        assert!(!below.allows_origin(origin), "{origin}");
    }
    assert!(!allowed(&["http://localhost:3000"], &[]).allows_origin("http://127.0.0.1:3000"));
}

#[test]
fn c3_every_platform_of_the_sdks_has_an_origin() {
    let allowed = allowed(&[], &["com.example.app"]);
    for platform in ["ios", "android", "macos", "watchos", "tvos", "visionos", "windows", "linux"] {
        assert!(allowed.allows_origin(&format!("appwrite-{platform}://com.example.app")), "{platform}");
    }
}

#[test]
fn a_platform_without_an_app_is_no_origin() {
    assert!(AllowedRedirects::is_placeholder_origin("appwrite-ios://"));
    assert!(!AllowedRedirects::is_placeholder_origin("appwrite-ios://com.example.app"));
    assert!(!AllowedRedirects::is_placeholder_origin("https://"));
}

proptest! {
    #[test]
    fn a_checked_url_passes_unchanged(rest in "[!-~]{0,40}", start in prop::sample::select(vec![
        "https://app.example.com", "https://app.example.com/", "https://a.tenant.example:8443/",
        "http://localhost/", "com.example.app:/", "com.example.app://", "com.example.app://h/",
    ])) {
        let allowed = allowed(&["app.example.com", "*.tenant.example", "localhost"], &["com.example.app"]);
        if let Ok(url) = allowed.check(&format!("{start}{rest}")) {
            prop_assert_eq!(allowed.check(url.as_str()), Ok(url.clone()));
            let linked = url.with_query(&[("userId", "u"), ("secret", "s")]);
            if linked.len() <= MAX_BYTES {
                prop_assert_eq!(allowed.check(&linked).map(|checked| checked.to_string()), Ok(linked));
            }
        }
    }

    #[test]
    fn an_accepted_host_is_the_same_in_both_readings(
        authority in "[a-z.@:%/\\\\\\[\\]#?]{0,6}(app\\.example\\.com)?[a-z.@:%/\\\\#?0-9]{0,8}",
    ) {
        let allowed = allowed(&["app.example.com"], &[]);
        if allowed.check(&format!("https://{authority}")).is_ok() {
            let spelled = authority.split(['/', '?', '#']).next().unwrap();
            prop_assert_eq!(spelled.split(':').next().unwrap(), "app.example.com");
        }
    }
}
