//! The country of an IP address.

use std::{fmt, net::IpAddr, sync::Arc};

/// Looks up the country of an IP address.
///
/// The service calls it when a session starts and when the security log is read. It must not block.
///
/// # Examples
/// ```
/// use std::net::IpAddr;
/// use account::ports::GeoLocator;
///
/// /// Knows the one network of an office in New Zealand.
/// #[derive(Debug)]
/// struct Office;
///
/// impl GeoLocator for Office {
///     fn country(&self, ip: IpAddr) -> Option<Box<str>> {
///         let is_office = matches!(ip, IpAddr::V4(ip) if ip.octets().starts_with(&[192, 0, 2]));
///         is_office.then(|| "NZ".into())
///     }
/// }
///
/// assert_eq!(Office.country("192.0.2.7".parse()?).as_deref(), Some("NZ"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub trait GeoLocator: fmt::Debug + Send + Sync + 'static {
    /// Returns the ISO 3166-1 alpha-2 code in upper case, or `None` if the country is unknown.
    fn country(&self, ip: IpAddr) -> Option<Box<str>>;
}

impl<T: GeoLocator + ?Sized> GeoLocator for Arc<T> {
    fn country(&self, ip: IpAddr) -> Option<Box<str>> {
        (**self).country(ip)
    }
}

/// A [`GeoLocator`] that knows no country.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGeo;

impl GeoLocator for NoGeo {
    fn country(&self, _: IpAddr) -> Option<Box<str>> {
        None
    }
}
