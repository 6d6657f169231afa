//! The plain text part of an email.

use super::{
    compose::{Credential, Page},
    value::fill,
};

/// Renders the text part: paragraphs with an empty line between them, and the link or code on its
/// own line.
pub(super) fn text(page: &Page<'_>) -> String {
    let mut paragraphs = vec![page.greeting.clone(), page.body.clone()];
    match &page.credential {
        Some(Credential::Link { link, lasts, .. }) => paragraphs.extend([link.clone(), lasts.clone()]),
        Some(Credential::Code { code, lasts }) => paragraphs.extend([(*code).to_owned(), lasts.clone()]),
        None => {}
    }
    let details = page
        .details
        .iter()
        .map(|(label, value)| fill(&page.wording.detail, &[("label", label), ("value", value)]));
    paragraphs.push(details.collect::<Vec<_>>().join("\n"));
    paragraphs.extend(page.notes.iter().cloned());
    // The signature separator of RFC 3676 §4.3.
    paragraphs.push(format!("-- \n{}", page.footer));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n") + "\n"
}
