//! Devices: form, maker and model.

use std::borrow::Cow;

use super::Device;
use super::rule::{Rule, first_match};

/// Longest model that is reported.
const MODEL_BYTES: usize = 64;

/// Fills in the device that `text` names; called last, for where the text is silent its system decides.
pub(super) fn read(text: &str, device: &mut Device) {
    let named = first_match(DEVICES, text).map(|rule| rule.verdict).unwrap_or_default();
    let by_code = named.brand.is_empty() && ["AND", "ADR", "HAR"].contains(&&*device.os_code);
    let model = if by_code { android_model(text).map(by_model) } else { None };
    let (made, model) = model.unwrap_or((named, Cow::Borrowed(named.model)));
    let usual = USUAL.iter().find(|(codes, _)| codes.contains(&&*device.os_code)).map(|(_, usual)| *usual);
    let usual = usual.unwrap_or_default();

    let first_said =
        |words: [&'static str; 3]| words.into_iter().find(|word| !word.is_empty()).unwrap_or_default();
    device.device_name = Cow::Borrowed(first_said([made.form, named.form, usual.form]));
    device.device_brand = Cow::Borrowed(first_said([made.brand, named.brand, usual.brand]));
    device.device_model = model;
}

/// Maker and name of an Android model such as `samsung SM-G991B` or `Pixel 7`.
fn by_model(full: &str) -> (Hardware, Cow<'static, str>) {
    let maker = |word: &str| {
        MODELS
            .iter()
            .map(|(_, made)| made.brand)
            .find(|brand| brand.eq_ignore_ascii_case(word))
            .unwrap_or_default()
    };
    let (brand, model) = match full.split_once(' ').map(|(word, rest)| (maker(word), rest)) {
        Some((brand, rest)) if !brand.is_empty() => (brand, rest),
        _ => ("", full),
    };
    let known = MODELS.iter().find(|(start, _)| model.starts_with(start)).map(|(_, made)| *made);
    let known = known.unwrap_or(Hardware { form: "", brand, model: "" });
    let name = if known.model.is_empty() { Cow::Owned(model.to_owned()) } else { Cow::Borrowed(known.model) };
    (known, name)
}

/// The model in `(Linux; Android 13; SM-G991B Build/TP1A)`: of the notes behind the system the first that is none of the
/// customary others.
fn android_model(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once("Android ")?;
    let mut depth = 0_u32;
    let end = behind.find(|character| match character {
        '(' => {
            depth += 1;
            false
        }
        ')' if depth == 0 => true,
        ')' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    let notes = behind.get(..end?)?.split(';').skip(1);
    let model = notes
        .map(|note| note.split_once("Build/").map_or(note, |(model, _)| model).trim())
        .find(|note| !is_customary(note))?;
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || b" -_.,+()/".contains(&byte);
    (model.len() <= MODEL_BYTES && model.bytes().all(clean)).then_some(model)
}

/// Whether a note says something else than a model: hidden model, web view, form, language, engine.
fn is_customary(note: &str) -> bool {
    let locale = |note: &str| match note.as_bytes() {
        [a, b] | [a, b, b'-' | b'_', _, _] => a.is_ascii_lowercase() && b.is_ascii_lowercase(),
        _ => false,
    };
    ["", "K", "U", "TV", "Mobile", "Tablet", "HarmonyOS", "arm", "arm_64"].contains(&note)
        || note.starts_with("rv:")
        || locale(note)
}

#[derive(Debug, Clone, Copy, Default)]
struct Hardware {
    form: &'static str,
    brand: &'static str,
    model: &'static str,
}

const fn made(form: &'static str, brand: &'static str, model: &'static str) -> Hardware {
    Hardware { form, brand, model }
}

const fn row(
    marks: &'static [&'static str],
    form: &'static str,
    brand: &'static str,
    model: &'static str,
) -> Rule<Hardware> {
    Rule::new(marks, made(form, brand, model))
}

/// What a system runs on where the text says nothing nearer.
const USUAL: &[(&[&str], Hardware)] = &[
    (&["MAC"], made("desktop", "Apple", "")),
    (&["IOS", "IPA", "ATV", "WAS"], made("", "Apple", "")),
    (&["WIN", "COS", "LIN", "UBT", "MIN", "FED", "DEB", "BSD", "OBS", "NBS"], made("desktop", "", "")),
];

/// Devices by their own names, then forms of Android devices: tablets are those whose Chrome does not say `Mobile`.
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

/// Android models by how their codes begin; an empty model leaves the code, an empty form leaves what the text says.
#[rustfmt::skip]
const MODELS: &[(&str, Hardware)] = &[
    ("SM-G970", made("", "Samsung", "Galaxy S10e")),
    ("SM-G973", made("", "Samsung", "Galaxy S10")),
    ("SM-G975", made("", "Samsung", "Galaxy S10+")),
    ("SM-G780", made("", "Samsung", "Galaxy S20 FE")),
    ("SM-G781", made("", "Samsung", "Galaxy S20 FE")),
    ("SM-G980", made("", "Samsung", "Galaxy S20")),
    ("SM-G981", made("", "Samsung", "Galaxy S20")),
    ("SM-G985", made("", "Samsung", "Galaxy S20+")),
    ("SM-G986", made("", "Samsung", "Galaxy S20+")),
    ("SM-G988", made("", "Samsung", "Galaxy S20 Ultra")),
    ("SM-G990", made("", "Samsung", "Galaxy S21 FE")),
    ("SM-G991", made("", "Samsung", "Galaxy S21")),
    ("SM-G996", made("", "Samsung", "Galaxy S21+")),
    ("SM-G998", made("", "Samsung", "Galaxy S21 Ultra")),
    ("SM-S901", made("", "Samsung", "Galaxy S22")),
    ("SM-S906", made("", "Samsung", "Galaxy S22+")),
    ("SM-S908", made("", "Samsung", "Galaxy S22 Ultra")),
    ("SM-S711", made("", "Samsung", "Galaxy S23 FE")),
    ("SM-S911", made("", "Samsung", "Galaxy S23")),
    ("SM-S916", made("", "Samsung", "Galaxy S23+")),
    ("SM-S918", made("", "Samsung", "Galaxy S23 Ultra")),
    ("SM-S721", made("", "Samsung", "Galaxy S24 FE")),
    ("SM-S921", made("", "Samsung", "Galaxy S24")),
    ("SM-S926", made("", "Samsung", "Galaxy S24+")),
    ("SM-S928", made("", "Samsung", "Galaxy S24 Ultra")),
    ("SM-S931", made("", "Samsung", "Galaxy S25")),
    ("SM-S936", made("", "Samsung", "Galaxy S25+")),
    ("SM-S938", made("", "Samsung", "Galaxy S25 Ultra")),
    ("SM-A145", made("", "Samsung", "Galaxy A14")),
    ("SM-A155", made("", "Samsung", "Galaxy A15")),
    ("SM-A336", made("", "Samsung", "Galaxy A33")),
    ("SM-A346", made("", "Samsung", "Galaxy A34")),
    ("SM-A356", made("", "Samsung", "Galaxy A35")),
    ("SM-A515", made("", "Samsung", "Galaxy A51")),
    ("SM-A525", made("", "Samsung", "Galaxy A52")),
    ("SM-A536", made("", "Samsung", "Galaxy A53")),
    ("SM-A546", made("", "Samsung", "Galaxy A54")),
    ("SM-A556", made("", "Samsung", "Galaxy A55")),
    ("SM-T", made("tablet", "Samsung", "")),
    ("SM-X", made("tablet", "Samsung", "")),
    ("SM-P", made("tablet", "Samsung", "")),
    ("SM-", made("", "Samsung", "")),
    ("GT-P", made("tablet", "Samsung", "")),
    ("GT-", made("", "Samsung", "")),
    ("Galaxy", made("", "Samsung", "")),
    ("Pixel Tablet", made("tablet", "Google", "")),
    ("Pixel C", made("tablet", "Google", "")),
    ("Pixel", made("", "Google", "")),
    ("Nexus 7", made("tablet", "Google", "")),
    ("Nexus 9", made("tablet", "Google", "")),
    ("Nexus 10", made("tablet", "Google", "")),
    ("Nexus", made("", "Google", "")),
    ("Redmi Pad", made("tablet", "Xiaomi", "")),
    ("Redmi", made("", "Xiaomi", "")),
    ("POCO", made("", "Xiaomi", "")),
    ("Mi ", made("", "Xiaomi", "")),
    ("MI ", made("", "Xiaomi", "")),
    ("M20", made("", "Xiaomi", "")),
    ("M21", made("", "Xiaomi", "")),
    ("21", made("", "Xiaomi", "")),
    ("22", made("", "Xiaomi", "")),
    ("23", made("", "Xiaomi", "")),
    ("24", made("", "Xiaomi", "")),
    ("ONEPLUS", made("", "OnePlus", "")),
    ("OnePlus", made("", "OnePlus", "")),
    ("CPH", made("", "OPPO", "")),
    ("RMX", made("", "Realme", "")),
    ("moto", made("", "Motorola", "")),
    ("XT1", made("", "Motorola", "")),
    ("XT2", made("", "Motorola", "")),
    ("V19", made("", "Vivo", "")),
    ("V20", made("", "Vivo", "")),
    ("V21", made("", "Vivo", "")),
    ("V22", made("", "Vivo", "")),
    ("V23", made("", "Vivo", "")),
    ("LM-", made("", "LG", "")),
    ("LG-", made("", "LG", "")),
    ("TA-", made("", "Nokia", "")),
    ("HTC", made("", "HTC", "")),
    ("KF", made("tablet", "Amazon", "")),
    ("XQ-", made("", "Sony", "")),
    ("SO-", made("", "Sony", "")),
    ("ASUS_", made("", "Asus", "")),
    ("TB", made("tablet", "Lenovo", "")),
    ("Lenovo", made("", "Lenovo", "")),
    ("ANE-", made("", "Huawei", "")),
    ("ELE-", made("", "Huawei", "")),
    ("ELS-", made("", "Huawei", "")),
    ("MAR-", made("", "Huawei", "")),
    ("POT-", made("", "Huawei", "")),
    ("VOG-", made("", "Huawei", "")),
];
