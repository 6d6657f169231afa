//! The labels of host names.

/// Whether a text is a label of a host name, between two dots (RFC 1123 §2.1, RFC 1035 §2.3.4).
pub(super) fn is_host_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
