//! The page of a sign-in link whose client named none: a button that redeems the link.
//!
//! Opening the page changes nothing, because mail scanners and previews open links too.

use std::sync::LazyLock;

use super::page::Page;

/// Its path, below the public URL. The page sends its request to `../magic-url`, relative to this
/// path.
pub(super) const PATH: &str = "/v1/account/sessions/magic-url/complete";

pub(super) static PAGE: LazyLock<Page> = LazyLock::new(|| Page::new(include_str!("magic_page.html"), true));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::assert_that_it_runs_its_own_script_and_loads_nothing;

    #[test]
    fn the_page_runs_its_own_script_and_loads_nothing() {
        assert_that_it_runs_its_own_script_and_loads_nothing(&PAGE);
    }
}
