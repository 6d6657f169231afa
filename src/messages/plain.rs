//! An email as plain text.

use super::{
    compose::{Credential, Page},
    value::fill,
};

/// Writes the text part: paragraphs with an empty line between them, the link or code on a line of its own.
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
    // RFC 3676 §4.3: clients set apart what follows this line.
    paragraphs.push(format!("-- \n{}", page.footer));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n") + "\n"
}
