//! The page after an OAuth2 sign-in whose client named none. It hands over to the native app that
//! waits, or says that the sign-in is done.

use std::sync::LazyLock;

use super::page::Page;

pub(super) static PAGE: LazyLock<Page> = LazyLock::new(|| Page::new(include_str!("oauth2_page.html"), false));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::assert_that_it_runs_its_own_script_and_loads_nothing;

    #[test]
    fn the_page_runs_its_own_script_and_loads_nothing() {
        assert_that_it_runs_its_own_script_and_loads_nothing(&PAGE);
    }
}
