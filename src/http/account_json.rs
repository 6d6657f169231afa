//! The account as JSON, written by hand. It answers the most frequent request, and half of the time
//! that serde takes for it goes into looking for characters to escape in texts that cannot have
//! any.

use super::date::Date;
use crate::model::{Target, Timestamp, User};

/// The model `User` of the API, in the order of its keys.
pub(super) fn account_json(user: &User) -> Vec<u8> {
    let mut json = Json(Vec::with_capacity(1024));
    json.raw(b"{\"$id\":");
    json.plain(user.id().as_str());
    json.raw(b",\"$createdAt\":");
    json.date(user.created_at());
    json.raw(b",\"$updatedAt\":");
    json.date(user.updated_at());
    json.raw(b",\"name\":");
    json.text(user.name().as_str());
    json.raw(b",\"registration\":");
    json.date(user.created_at());
    json.raw(b",\"status\":");
    json.flag(!user.is_blocked());
    json.raw(b",\"labels\":[");
    json.list(user.labels(), |json, label| json.plain(label.as_str()));
    json.raw(b"],\"passwordUpdate\":");
    match user.password_updated_at() {
        Some(at) => json.date(at),
        None => json.plain(""),
    }
    json.raw(b",\"email\":");
    json.text(user.email().map_or("", |email| email.as_str()));
    json.raw(b",\"phone\":");
    json.plain(user.phone().map_or("", |phone| phone.as_str()));
    json.raw(b",\"emailVerification\":");
    json.flag(user.is_email_verified());
    json.raw(b",\"phoneVerification\":");
    json.flag(user.is_phone_verified());
    json.raw(b",\"mfa\":");
    json.flag(user.has_mfa());
    json.raw(b",\"prefs\":");
    json.raw(user.preferences().as_json().as_bytes());
    json.raw(b",\"targets\":[");
    json.list(&user.targets(), Json::target);
    json.raw(b"],\"accessedAt\":");
    json.date(user.accessed_at());
    json.raw(b"}");
    json.0
}

struct Json(Vec<u8>);

impl Json {
    /// Text that is JSON already.
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A text whose type allows no character that needs an escape.
    fn plain(&mut self, text: &str) {
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn text(&mut self, text: &str) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, text);
    }

    fn date(&mut self, at: Timestamp) {
        self.0.push(b'"');
        self.0.extend_from_slice(&Date(at).digits());
        self.0.push(b'"');
    }

    fn flag(&mut self, flag: bool) {
        self.raw(if flag { b"true" } else { b"false" });
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.0.push(b',');
            }
            write(self, item);
        }
    }

    fn target(&mut self, target: &Target) {
        self.raw(b"{\"$id\":");
        self.plain(target.id.as_str());
        self.raw(b",\"$createdAt\":");
        self.date(target.created_at);
        self.raw(b",\"$updatedAt\":");
        self.date(target.updated_at);
        self.raw(b",\"name\":");
        self.text(&target.name);
        self.raw(b",\"userId\":");
        self.plain(target.user.as_str());
        self.raw(b",\"providerId\":");
        match &target.provider {
            Some(provider) => self.plain(provider.as_str()),
            None => self.raw(b"null"),
        }
        self.raw(b",\"providerType\":");
        self.plain(target.kind.name());
        self.raw(b",\"identifier\":");
        self.text(&target.identifier);
        self.raw(b",\"expired\":false}");
    }
}
