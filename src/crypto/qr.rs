//! The QR code of an authenticator app's URI.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use super::totp::OtpauthUri;

/// The width of the light margin that scanners need, in modules (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: usize = 4;
/// The default size of a module, in pixels; a style sheet can override it.
const MODULE_PIXELS: usize = 4;

/// The URI is too long for a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URI is too long for a QR code")]
pub struct QrError;

impl OtpauthUri {
    /// Renders the URI as a QR code: an SVG element for a page, black on white whatever the page's
    /// colours.
    ///
    /// # Errors
    /// [`QrError`] if the URI does not fit. URIs created by
    /// [`AccountService`](crate::AccountService) always fit.
    ///
    /// # Security
    /// The picture is as secret as the URI. Keep it out of caches and logs, and show it only to the
    /// user.
    pub fn to_svg(&self) -> Result<String, QrError> {
        let code = QrCode::with_error_correction_level(self.as_str(), EcLevel::M)
            .or_else(|_| QrCode::with_error_correction_level(self.as_str(), EcLevel::L))
            .map_err(|_| QrError)?;
        let side = code.width() + 2 * QUIET_ZONE;
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"QR code\" \
             width=\"{pixels}\" height=\"{pixels}\" viewBox=\"0 0 {side} {side}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
             <path fill=\"#000\" d=\"{dark}\"/></svg>",
            pixels = side * MODULE_PIXELS,
            dark = dark_path(&code),
        ))
    }
}

/// Draws a rectangle for each run of dark modules in a row.
fn dark_path(code: &QrCode) -> String {
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(code.width().max(1)).enumerate() {
        let mut x = QUIET_ZONE;
        for run in row.chunk_by(PartialEq::eq) {
            if run.first() == Some(&Color::Dark) {
                // Writing to a String cannot fail.
                write!(path, "M{x} {}h{width}v1h-{width}z", y + QUIET_ZONE, width = run.len())
                    .unwrap_or_default();
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::crypto::totp::TotpSecret;

    fn uri(issuer: &str, label: &str) -> OtpauthUri {
        TotpSecret::from_bytes(Zeroizing::new(b"12345678901234567890".to_vec())).otpauth_uri(issuer, label)
    }

    /// Reads a picture as a camera would, with three pixels per module.
    fn read(svg: &str) -> String {
        let side: usize = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
        let mut dark = vec![false; side * side];
        for run in between(svg, "fill=\"#000\" d=\"M", "z\"").split("zM") {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let width: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            dark[y * side + x..][..width].fill(true);
        }
        let shade = |x, y| if dark[y / 3 * side + x / 3] { 0 } else { 255 };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side * 3, side * 3, shade);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
        text.split_once(start).unwrap().1.split_once(end).unwrap().0
    }

    #[test]
    fn a_camera_reads_the_uri_back() {
        for uri in [uri("Acme", "ada@example.com"), uri("A very long name: of a service", &"李".repeat(40))]
        {
            assert_eq!(read(&uri.to_svg().unwrap()), uri.as_str());
        }
    }

    #[test]
    fn the_longest_uri_fits() {
        let name = "🦀".repeat(300);
        let uri = uri(&name, &name);
        assert_eq!(read(&uri.to_svg().unwrap()), uri.as_str());
    }

    #[test]
    fn a_uri_that_does_not_fit_is_an_error() {
        let uri = TotpSecret::from_bytes(Zeroizing::new(vec![1; 3_000])).otpauth_uri("a", "b");
        assert_eq!(uri.to_svg(), Err(QrError));
    }

    #[test]
    fn the_picture_is_crisp_named_and_has_a_quiet_zone() {
        let svg = uri("Acme", "ada@example.com").to_svg().unwrap();
        for part in
            ["role=\"img\"", "aria-label=\"QR code\"", "shape-rendering=\"crispEdges\"", "M4 4h7v1h-7z"]
        {
            assert!(svg.contains(part), "{part}");
        }
        assert!(!svg.contains("secret"));
    }
}
