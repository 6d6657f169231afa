//! The providers of the API.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Provider;

const TABLE: &str = include_str!("providers.json");

/// Why a provider of the table cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The table has none of this key.
    #[error("there is no built-in provider of this key")]
    Unknown,
    /// With these changes it is none.
    #[error("the changed provider cannot be read: {0}")]
    Malformed(#[source] serde_json::Error),
}

impl Provider {
    /// A provider of the API by its key, such as `github`; keys are case-sensitive.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] if there is none.
    pub fn builtin(id: &str) -> Result<Self, ProviderError> {
        Self::builtin_with(id, &Value::Null)
    }

    /// A provider of the API with changes from the host's configuration: a JSON merge patch (RFC 7396), in which objects are
    /// merged, `null` removes, and all else replaces.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] if there is none of this key, [`ProviderError::Malformed`] if the result has unknown fields or
    /// lacks some.
    ///
    /// # Examples
    /// ```
    /// use account::oauth2::Provider;
    /// use serde_json::json;
    ///
    /// let changes = json!({"authorize": {"parameters": {"prompt": "select_account"}}, "openid": {"nonce": false}});
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

    /// The keys of all providers of the API, in alphabetical order.
    pub fn builtin_ids() -> impl Iterator<Item = String> {
        serde_json::from_str::<BTreeMap<String, serde::de::IgnoredAny>>(TABLE).unwrap_or_default().into_keys()
    }
}

/// RFC 7396 §2.
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
    fn a_patch_merges_objects_removes_by_null_and_refuses_unknown_fields() {
        let changes = json!({"name": "Forge", "authorize": {"scopes": ["user"], "parameters": null}, "token": {"encoding": "json"}});
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
