//! Country lookup in MaxMind DB files.

use std::{borrow::Cow, error::Error, fmt, fs, io, net::IpAddr, path::Path};

use maxminddb::{LookupResult, PathElement, Reader};

use crate::ports::GeoLocator;

/// A [`GeoLocator`] that reads a country or city database in the MaxMind DB format, such as
/// GeoLite2 Country.
///
/// Your application provides the file and passes the locator to
/// [`Builder::geo`](crate::Builder::geo). The whole database is kept in memory: a lookup never
/// waits for a disk, and replacing or truncating the file does not affect a running service. To use
/// a newer file, build the service again.
///
/// The locator reports the country in which the database places the address (`country`), or none.
/// It does not fall back to the country in which the network is registered (`registered_country`):
/// that is where the operator has its seat, and a wrong country in a list of sessions alarms users
/// more than a missing one.
///
/// # Examples
/// ```no_run
/// use account::{AccountService, Config, MasterKey, MaxMindLocator, MemoryStore};
///
/// let service = AccountService::builder(MemoryStore::new())
///     .config(Config::new(MasterKey::generate()?))
///     .geo(MaxMindLocator::open("GeoLite2-Country.mmdb")?)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "GeoIP")]
#[doc(alias = "GeoLite2")]
pub struct MaxMindLocator(Reader<Cow<'static, [u8]>>);

impl MaxMindLocator {
    /// Reads a database from a file and checks all of it. Call it once, before you build the
    /// service. It blocks the calling thread, for longer the larger the database is.
    ///
    /// # Errors
    /// - [`GeoError::Read`] if the file cannot be read.
    /// - [`GeoError::Corrupt`] and [`GeoError::NoCountries`] as in
    ///   [`from_bytes`](Self::from_bytes).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GeoError> {
        Self::from_bytes(fs::read(path).map_err(GeoError::Read)?)
    }

    /// Reads a database from memory, such as the result of `include_bytes!`, and checks all of it.
    ///
    /// # Errors
    /// - [`GeoError::Corrupt`] if the bytes are not a database, or only a part of one.
    /// - [`GeoError::NoCountries`] if the database holds other data than countries, so that every
    ///   country would be unknown.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, GeoError> {
        let reader = Reader::from_source(bytes.into()).map_err(GeoError::corrupt)?;
        reader.verify().map_err(GeoError::corrupt)?;
        for network in reader.networks(Default::default()).map_err(GeoError::corrupt)? {
            if country(&network.map_err(GeoError::corrupt)?).is_some() {
                return Ok(Self(reader));
            }
        }
        Err(GeoError::NoCountries(reader.metadata().database_type.as_str().into()))
    }
}

impl GeoLocator for MaxMindLocator {
    fn country(&self, ip: IpAddr) -> Option<Box<str>> {
        // The only error left is an IPv6 address in an IPv4-only database, which cannot know it.
        let code = country(&self.0.lookup(ip.to_canonical()).ok()?)?;
        Some(code.to_ascii_uppercase().into())
    }
}

impl fmt::Debug for MaxMindLocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = self.0.metadata();
        f.debug_struct("MaxMindLocator")
            .field("database", &metadata.database_type)
            .field("build_epoch", &metadata.build_epoch)
            .finish_non_exhaustive()
    }
}

/// The country code of a record. Anything but two letters is ignored, so that a database cannot put
/// arbitrary text into an account.
fn country<'a>(record: &LookupResult<'a, Cow<'static, [u8]>>) -> Option<&'a str> {
    let code: &str =
        record.decode_path(&[PathElement::Key("country"), PathElement::Key("iso_code")]).ok().flatten()?;
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(code)
}

/// Why a country database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoError {
    /// The file could not be read.
    #[error("the country database could not be read")]
    Read(#[source] io::Error),
    /// The data is not in the MaxMind DB format, or a part of it is missing or damaged.
    #[error("the country database is corrupt")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
    /// The database is intact but holds no countries. The value is the type in its metadata.
    #[error("a database of type {0:?} holds no countries")]
    NoCountries(Box<str>),
}

impl GeoError {
    fn corrupt(source: maxminddb::MaxMindDbError) -> Self {
        Self::Corrupt(source.into())
    }
}
