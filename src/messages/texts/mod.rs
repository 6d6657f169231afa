//! The sentences of the built-in languages, one file each.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod it;
mod ja;
mod nl;
mod pl;
mod pt;
mod tr;
mod zh;

use super::{locale::Locale, wording::Wording};

/// Returns the sentences of a language.
pub(super) fn wording(locale: Locale) -> &'static Wording {
    match locale {
        Locale::English => &en::WORDING,
        Locale::German => &de::WORDING,
        Locale::French => &fr::WORDING,
        Locale::Spanish => &es::WORDING,
        Locale::Portuguese => &pt::WORDING,
        Locale::Italian => &it::WORDING,
        Locale::Dutch => &nl::WORDING,
        Locale::Polish => &pl::WORDING,
        Locale::Turkish => &tr::WORDING,
        Locale::Japanese => &ja::WORDING,
        Locale::Chinese => &zh::WORDING,
        Locale::Arabic => &ar::WORDING,
    }
}
