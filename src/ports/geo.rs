//! Where an address is.

use std::{fmt, net::IpAddr, sync::Arc};

/// Tells the country of an address. Asked at the start of a session and when the log is read; must not block.
pub trait GeoLocator: fmt::Debug + Send + Sync + 'static {
    /// The ISO 3166-1 alpha-2 code in upper case, or `None` if unknown.
    fn country(&self, ip: IpAddr) -> Option<Box<str>>;
}

impl<T: GeoLocator + ?Sized> GeoLocator for Arc<T> {
    fn country(&self, ip: IpAddr) -> Option<Box<str>> {
        (**self).country(ip)
    }
}

/// Knows no country.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGeo;

impl GeoLocator for NoGeo {
    fn country(&self, _: IpAddr) -> Option<Box<str>> {
        None
    }
}
