//! Routes: from a method and a path to an operation.

use http::Method;

use crate::operation::Operation;

/// An operation, and the route that it was found by.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) path: &'static str,
}

impl Route {
    /// The operation behind a method and a path. `HEAD` is `GET`.
    ///
    /// A fixed segment takes precedence over a parameter: `/sessions/anonymous` is not a session's
    /// id.
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let find = |fits: &dyn Fn(&str) -> bool| {
            offered().filter(|operation| operation.methods().contains(&method)).find_map(|operation| {
                let mut paths = std::iter::once(operation.path()).chain(operation.aliases().iter().copied());
                paths.find(|route| fits(route)).map(|path| Self { operation, path })
            })
        };
        find(&|route| route == path).or_else(|| find(&|route| fits(route, path)))
    }

    /// Whether a request of this method changes anything. A provider sends a browser back by GET.
    pub(super) fn is_change(&self, method: &Method) -> bool {
        is_unsafe(method) || self.operation == Operation::OAuth2Redirect
    }
}

/// The operations that have a route in this build.
fn offered() -> impl Iterator<Item = Operation> {
    use Operation::{OAuth2Redirect, StartOAuth2, StartOAuth2Token};

    let all = Operation::ALL.iter().copied().chain([OAuth2Redirect]);
    all.filter(|operation| {
        cfg!(feature = "oauth2") || !matches!(operation, StartOAuth2 | StartOAuth2Token | OAuth2Redirect)
    })
}

/// Whether requests of this method may change something, and so have a body and need protection
/// from CSRF (RFC 9110 §9.2.1).
pub(super) fn is_unsafe(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
}

/// Whether a path has the form of a route. Segments are compared as they are sent, without
/// decoding.
fn fits(route: &str, path: &str) -> bool {
    let (mut parts, mut given) = (route.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(segment))
                if part == segment || (part.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> Option<Operation> {
        Route::find(&method.parse().unwrap(), path).map(|route| route.operation)
    }

    #[test]
    fn every_operation_is_found_by_its_own_routes() {
        for operation in offered() {
            for path in std::iter::once(operation.path()).chain(operation.aliases().iter().copied()) {
                let path = path.replace(['{', '}'], "");
                assert_eq!(found(operation.method(), &path), Some(operation), "{path}");
            }
        }
    }

    #[test]
    fn head_is_get_and_nothing_else_is_guessed() {
        assert_eq!(found("HEAD", "/v1/account"), Some(Operation::User));
        for (method, path) in [
            ("PUT", "/v1/account"),
            ("get", "/v1/account"),
            ("GET", "/v1/account/"),
            ("GET", "/v1/Account"),
            ("GET", "/v1//account"),
            ("GET", "/v1/account/sessions/"),
            ("GET", "/v1/account/sessions/a/b"),
            ("POST", "/v1/account/name"),
        ] {
            assert_eq!(found(method, path), None, "{method} {path}");
        }
    }
}
