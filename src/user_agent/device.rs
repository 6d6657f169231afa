//! Devices: kind, manufacturer and model.

use std::borrow::Cow;

use super::{
    rule::{Rule, first_match},
    types::Device,
};

/// The longest reported model.
const MAX_MODEL_BYTES: usize = 64;

/// Sets the device that `text` names, or the usual device of its operating system.
///
/// Call it after the operating system is set.
pub(super) fn parse(text: &str, device: &mut Device) {
    let named = first_match(DEVICES, text).map(|rule| rule.verdict).unwrap_or_default();
    let has_model_code = named.brand.is_empty() && ["AND", "ADR", "HAR"].contains(&&*device.os_code);
    let model = if has_model_code { android_model(text).map(look_up_model) } else { None };
    let (by_model, model) = model.unwrap_or((named, Cow::Borrowed(named.model)));
    let by_system = DEFAULTS.iter().find(|(codes, _)| codes.contains(&&*device.os_code));
    let by_system = by_system.map(|(_, hardware)| *hardware).unwrap_or_default();

    device.device_name = first_known([by_model.form, named.form, by_system.form]);
    device.device_brand = first_known([by_model.brand, named.brand, by_system.brand]);
    device.device_model = model;
}

/// Returns the first value that is not empty.
fn first_known(values: [&'static str; 3]) -> Cow<'static, str> {
    Cow::Borrowed(values.into_iter().find(|value| !value.is_empty()).unwrap_or_default())
}

/// Looks up manufacturer and name of an Android model such as `samsung SM-G991B` or `Pixel 7`.
fn look_up_model(full: &str) -> (Hardware, Cow<'static, str>) {
    let (brand, model) = split_brand(full);
    let known = MODELS.iter().find(|(prefix, _)| model.starts_with(prefix)).map(|(_, hardware)| *hardware);
    let known = known.unwrap_or(Hardware { form: "", brand, model: "" });
    let name = if known.model.is_empty() { Cow::Owned(model.to_owned()) } else { Cow::Borrowed(known.model) };
    (known, name)
}

/// Splits a leading brand of the table from the model. Without one, the brand is empty.
fn split_brand(full: &str) -> (&'static str, &str) {
    let brand_of = |word: &str| {
        MODELS.iter().map(|(_, hardware)| hardware.brand).find(|brand| brand.eq_ignore_ascii_case(word))
    };
    full.split_once(' ').and_then(|(word, model)| Some((brand_of(word)?, model))).unwrap_or(("", full))
}

/// Returns the model in a text such as `(Linux; Android 13; SM-G991B Build/TP1A)`.
///
/// It is the first note after the system, except for customary notes of other kinds.
fn android_model(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("Android ")?;
    let notes = rest.get(..closing_parenthesis(rest)?)?.split(';').skip(1);
    let model = notes
        .map(|note| note.split_once("Build/").map_or(note, |(model, _)| model).trim())
        .find(|note| !is_customary(note))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_.,+()/".contains(&byte);
    (model.len() <= MAX_MODEL_BYTES && model.bytes().all(is_plain)).then_some(model)
}

/// Finds the parenthesis that closes the one before `text`.
fn closing_parenthesis(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns whether a note is not a model: a hidden model, web view, form, language or engine.
fn is_customary(note: &str) -> bool {
    let is_locale = match note.as_bytes() {
        [a, b] | [a, b, b'-' | b'_', _, _] => a.is_ascii_lowercase() && b.is_ascii_lowercase(),
        _ => false,
    };
    is_locale
        || ["", "K", "U", "TV", "Mobile", "Tablet", "HarmonyOS", "arm", "arm_64"].contains(&note)
        || note.starts_with("rv:")
}

#[derive(Debug, Clone, Copy, Default)]
struct Hardware {
    form: &'static str,
    brand: &'static str,
    model: &'static str,
}

const fn hardware(form: &'static str, brand: &'static str, model: &'static str) -> Hardware {
    Hardware { form, brand, model }
}

const fn row(
    marks: &'static [&'static str],
    form: &'static str,
    brand: &'static str,
    model: &'static str,
) -> Rule<Hardware> {
    Rule::new(marks, hardware(form, brand, model))
}

/// The usual devices of operating systems, for texts that do not name one.
const DEFAULTS: &[(&[&str], Hardware)] = &[
    (&["MAC"], hardware("desktop", "Apple", "")),
    (&["IOS", "IPA", "ATV", "WAS"], hardware("", "Apple", "")),
    (&["WIN", "COS", "LIN", "UBT", "MIN", "FED", "DEB", "BSD", "OBS", "NBS"], hardware("desktop", "", "")),
];

/// Devices by name, then the kinds of Android devices. In Chrome, tablets are those without
/// `Mobile`.
#[rustfmt::skip]
const DEVICES: &[Rule<Hardware>] = &[
    row(&["Windows Phone", "Lumia"], "smartphone", "Microsoft", "Lumia"),
    row(&["Windows Phone"], "smartphone", "", ""),
    row(&["AppleTV"], "tv", "Apple", "Apple TV"),
    row(&["tvOS/"], "tv", "Apple", "Apple TV"),
    row(&["watchOS/"], "wearable", "Apple", "Apple Watch"),
    row(&["iPad"], "tablet", "Apple", "iPad"),
    row(&["iPod"], "portable media player", "Apple", "iPod Touch"),
    row(&["iPhone"], "smartphone", "Apple", "iPhone"),
    row(&["Xbox Series X"], "console", "Microsoft", "Xbox Series X"),
    row(&["Xbox"], "console", "Microsoft", "Xbox One"),
    row(&["PlayStation 5"], "console", "Sony", "PlayStation 5"),
    row(&["PlayStation 4"], "console", "Sony", "PlayStation 4"),
    row(&["PlayStation"], "console", "Sony", ""),
    row(&["Nintendo Switch"], "console", "Nintendo", "Switch"),
    row(&["CrKey"], "tv", "Google", "Chromecast"),
    row(&["Roku"], "tv", "Roku", ""),
    row(&["Tizen", "TV"], "tv", "Samsung", ""),
    row(&["Web0S"], "tv", "LG", ""),
    row(&["BRAVIA"], "tv", "Sony", ""),
    row(&["; AFT"], "tv", "Amazon", "Fire TV"),
    row(&["Android TV"], "tv", "", ""),
    row(&["GoogleTV"], "tv", "", ""),
    row(&["HbbTV"], "tv", "", ""),
    row(&["KAIOS/"], "feature phone", "", ""),
    row(&["Android", "Tablet"], "tablet", "", ""),
    row(&["Android", "Mobile"], "smartphone", "", ""),
    row(&["Android", "Chrome/"], "tablet", "", ""),
    row(&["Android"], "smartphone", "", ""),
    row(&["(android;"], "smartphone", "", ""),
    row(&["HarmonyOS"], "smartphone", "", ""),
];

/// Android models by prefix of their codes. With an empty model, the code is reported. With an
/// empty form, the form in the text is reported.
#[rustfmt::skip]
const MODELS: &[(&str, Hardware)] = &[
    ("SM-G970", hardware("", "Samsung", "Galaxy S10e")),
    ("SM-G973", hardware("", "Samsung", "Galaxy S10")),
    ("SM-G975", hardware("", "Samsung", "Galaxy S10+")),
    ("SM-G780", hardware("", "Samsung", "Galaxy S20 FE")),
    ("SM-G781", hardware("", "Samsung", "Galaxy S20 FE")),
    ("SM-G980", hardware("", "Samsung", "Galaxy S20")),
    ("SM-G981", hardware("", "Samsung", "Galaxy S20")),
    ("SM-G985", hardware("", "Samsung", "Galaxy S20+")),
    ("SM-G986", hardware("", "Samsung", "Galaxy S20+")),
    ("SM-G988", hardware("", "Samsung", "Galaxy S20 Ultra")),
    ("SM-G990", hardware("", "Samsung", "Galaxy S21 FE")),
    ("SM-G991", hardware("", "Samsung", "Galaxy S21")),
    ("SM-G996", hardware("", "Samsung", "Galaxy S21+")),
    ("SM-G998", hardware("", "Samsung", "Galaxy S21 Ultra")),
    ("SM-S901", hardware("", "Samsung", "Galaxy S22")),
    ("SM-S906", hardware("", "Samsung", "Galaxy S22+")),
    ("SM-S908", hardware("", "Samsung", "Galaxy S22 Ultra")),
    ("SM-S711", hardware("", "Samsung", "Galaxy S23 FE")),
    ("SM-S911", hardware("", "Samsung", "Galaxy S23")),
    ("SM-S916", hardware("", "Samsung", "Galaxy S23+")),
    ("SM-S918", hardware("", "Samsung", "Galaxy S23 Ultra")),
    ("SM-S721", hardware("", "Samsung", "Galaxy S24 FE")),
    ("SM-S921", hardware("", "Samsung", "Galaxy S24")),
    ("SM-S926", hardware("", "Samsung", "Galaxy S24+")),
    ("SM-S928", hardware("", "Samsung", "Galaxy S24 Ultra")),
    ("SM-S931", hardware("", "Samsung", "Galaxy S25")),
    ("SM-S936", hardware("", "Samsung", "Galaxy S25+")),
    ("SM-S938", hardware("", "Samsung", "Galaxy S25 Ultra")),
    ("SM-A145", hardware("", "Samsung", "Galaxy A14")),
    ("SM-A155", hardware("", "Samsung", "Galaxy A15")),
    ("SM-A336", hardware("", "Samsung", "Galaxy A33")),
    ("SM-A346", hardware("", "Samsung", "Galaxy A34")),
    ("SM-A356", hardware("", "Samsung", "Galaxy A35")),
    ("SM-A515", hardware("", "Samsung", "Galaxy A51")),
    ("SM-A525", hardware("", "Samsung", "Galaxy A52")),
    ("SM-A536", hardware("", "Samsung", "Galaxy A53")),
    ("SM-A546", hardware("", "Samsung", "Galaxy A54")),
    ("SM-A556", hardware("", "Samsung", "Galaxy A55")),
    ("SM-T", hardware("tablet", "Samsung", "")),
    ("SM-X", hardware("tablet", "Samsung", "")),
    ("SM-P", hardware("tablet", "Samsung", "")),
    ("SM-", hardware("", "Samsung", "")),
    ("GT-P", hardware("tablet", "Samsung", "")),
    ("GT-", hardware("", "Samsung", "")),
    ("Galaxy", hardware("", "Samsung", "")),
    ("Pixel Tablet", hardware("tablet", "Google", "")),
    ("Pixel C", hardware("tablet", "Google", "")),
    ("Pixel", hardware("", "Google", "")),
    ("Nexus 7", hardware("tablet", "Google", "")),
    ("Nexus 9", hardware("tablet", "Google", "")),
    ("Nexus 10", hardware("tablet", "Google", "")),
    ("Nexus", hardware("", "Google", "")),
    ("Redmi Pad", hardware("tablet", "Xiaomi", "")),
    ("Redmi", hardware("", "Xiaomi", "")),
    ("POCO", hardware("", "Xiaomi", "")),
    ("Mi ", hardware("", "Xiaomi", "")),
    ("MI ", hardware("", "Xiaomi", "")),
    ("M20", hardware("", "Xiaomi", "")),
    ("M21", hardware("", "Xiaomi", "")),
    ("21", hardware("", "Xiaomi", "")),
    ("22", hardware("", "Xiaomi", "")),
    ("23", hardware("", "Xiaomi", "")),
    ("24", hardware("", "Xiaomi", "")),
    ("ONEPLUS", hardware("", "OnePlus", "")),
    ("OnePlus", hardware("", "OnePlus", "")),
    ("CPH", hardware("", "OPPO", "")),
    ("RMX", hardware("", "Realme", "")),
    ("moto", hardware("", "Motorola", "")),
    ("XT1", hardware("", "Motorola", "")),
    ("XT2", hardware("", "Motorola", "")),
    ("V19", hardware("", "Vivo", "")),
    ("V20", hardware("", "Vivo", "")),
    ("V21", hardware("", "Vivo", "")),
    ("V22", hardware("", "Vivo", "")),
    ("V23", hardware("", "Vivo", "")),
    ("LM-", hardware("", "LG", "")),
    ("LG-", hardware("", "LG", "")),
    ("TA-", hardware("", "Nokia", "")),
    ("HTC", hardware("", "HTC", "")),
    ("KF", hardware("tablet", "Amazon", "")),
    ("XQ-", hardware("", "Sony", "")),
    ("SO-", hardware("", "Sony", "")),
    ("ASUS_", hardware("", "Asus", "")),
    ("TB", hardware("tablet", "Lenovo", "")),
    ("Lenovo", hardware("", "Lenovo", "")),
    ("ANE-", hardware("", "Huawei", "")),
    ("ELE-", hardware("", "Huawei", "")),
    ("ELS-", hardware("", "Huawei", "")),
    ("MAR-", hardware("", "Huawei", "")),
    ("POT-", hardware("", "Huawei", "")),
    ("VOG-", hardware("", "Huawei", "")),
];
