//! The built-in providers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::provider::Provider;

const TABLE: &str = include_str!("providers.json");

/// Why a built-in provider cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// No built-in provider has this id.
    #[error("there is no built-in provider with this id")]
    Unknown,
    /// The provider is invalid after the changes.
    #[error("the changed provider is invalid: {0}")]
    Malformed(#[source] serde_json::Error),
}

impl Provider {
    /// Returns the built-in provider with this id, such as `github`. Ids are case-sensitive.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] if there is none.
    #[doc(alias = "social login")]
    pub fn builtin(id: &str) -> Result<Self, ProviderError> {
        Self::builtin_with(id, &Value::Null)
    }

    /// Returns a built-in provider with changes from your application's configuration.
    ///
    /// The changes are a JSON merge patch (RFC 7396): objects are merged, `null` removes a member,
    /// and any other value replaces it.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] if there is no provider with this id;
    /// [`ProviderError::Malformed`] if the result has unknown fields or lacks required ones.
    ///
    /// # Examples
    /// ```
    /// use account::oauth2::Provider;
    /// use serde_json::json;
    ///
    /// let changes = json!({
    ///     "authorize": {"parameters": {"prompt": "select_account"}},
    ///     "openid": {"nonce": false},
    /// });
    /// let google = Provider::builtin_with("google", &changes)?;
    /// assert!(google.openid.is_some_and(|openid| !openid.nonce));
    /// # Ok::<(), account::oauth2::ProviderError>(())
    /// ```
    pub fn builtin_with(id: &str, changes: &Value) -> Result<Self, ProviderError> {
        let mut table: BTreeMap<String, Value> =
            serde_json::from_str(TABLE).map_err(ProviderError::Malformed)?;
        let mut provider = table.remove(id).ok_or(ProviderError::Unknown)?;
        if let Value::Object(provider) = &mut provider {
            provider.insert("id".to_owned(), id.into());
        }
        if !changes.is_null() {
            merge(&mut provider, changes);
        }
        serde_json::from_value(provider).map_err(ProviderError::Malformed)
    }

    /// Returns the ids of all built-in providers, in alphabetical order.
    pub fn builtin_ids() -> impl Iterator<Item = String> {
        serde_json::from_str::<BTreeMap<String, serde::de::IgnoredAny>>(TABLE).unwrap_or_default().into_keys()
    }
}

/// Applies a JSON merge patch (RFC 7396 §2).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_38_providers_can_be_read() {
        let ids: Vec<String> = Provider::builtin_ids().collect();
        assert_eq!(ids.len(), 38);
        for id in ids {
            assert_eq!(Provider::builtin(&id).unwrap().id, id);
        }
        assert!(matches!(Provider::builtin("GitHub"), Err(ProviderError::Unknown)));
    }

    #[test]
    fn a_patch_merges_objects_and_refuses_unknown_fields() {
        let changes = json!({
            "name": "Forge",
            "authorize": {"scopes": ["user"], "parameters": null},
            "token": {"encoding": "json"},
        });
        let changed = Provider::builtin_with("google", &changes).unwrap();
        let google = Provider::builtin("google").unwrap();
        assert_eq!((changed.name.as_str(), changed.authorize.scopes.len()), ("Forge", 1));
        assert!(changed.authorize.parameters.is_empty() && !google.authorize.parameters.is_empty());
        assert_eq!(changed.token.url, google.token.url);
        assert!(matches!(
            Provider::builtin_with("google", &json!({"token": {"pkce": true}})),
            Err(ProviderError::Malformed(_))
        ));
        assert!(matches!(Provider::builtin_with("google", &json!("x")), Err(ProviderError::Malformed(_))));
    }
}
