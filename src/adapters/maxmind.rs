//! Countries from a file in the MaxMind DB format.

use std::{borrow::Cow, error::Error, fmt, fs, io, net::IpAddr, path::Path};

use maxminddb::{LookupResult, PathElement, Reader};

use crate::ports::GeoLocator;

/// A [`GeoLocator`] that reads a country or city database laid out as MaxMind's, such as GeoLite2 Country.
///
/// The host brings the file and hands the locator to [`Builder::geo`](crate::Builder::geo). All of it stays in memory, so
/// that a look-up never waits for a disk and a file that is replaced or cut off meanwhile does no harm; a newer file takes
/// effect when the service is built again.
///
/// The country is the one in which the database believes the address to be (`country`). Where there is none, it is unknown:
/// the country in which the block of addresses is registered (`registered_country`) says where an operator has its seat, and
/// a wrong country in a list of sessions alarms people more than a missing one.
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
pub struct MaxMindLocator(Reader<Cow<'static, [u8]>>);

impl MaxMindLocator {
    /// Reads a database from a file and checks the whole of it. Called once, before the service is built: it blocks, the
    /// longer the larger the database is.
    ///
    /// # Errors
    /// [`GeoError::Read`] if the file cannot be read; [`GeoError::Corrupt`] and [`GeoError::NoCountries`] as
    /// [`from_bytes`](Self::from_bytes).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GeoError> {
        Self::from_bytes(fs::read(path).map_err(GeoError::Read)?)
    }

    /// Takes over the bytes of a database, such as those of `include_bytes!`, and checks the whole of it.
    ///
    /// # Errors
    /// [`GeoError::Corrupt`] if the bytes are no database or only a part of one; [`GeoError::NoCountries`] if it is one of
    /// another type, which would make every country unknown.
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
        // The only failure left is to ask an IPv4-only database for an IPv6 address, of which it knows nothing.
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

/// The code in a record. Other text than two letters is none, so that no database puts arbitrary text into an account.
fn country<'a>(record: &LookupResult<'a, Cow<'static, [u8]>>) -> Option<&'a str> {
    let code: &str =
        record.decode_path(&[PathElement::Key("country"), PathElement::Key("iso_code")]).ok().flatten()?;
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(code)
}

/// Why a database of countries could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoError {
    /// The file could not be read.
    #[error("the database of countries could not be read")]
    Read(#[source] io::Error),
    /// It is not in the MaxMind DB format, or a part of it is missing or damaged.
    #[error("the database of countries is corrupt")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
    /// It is sound but holds no country; its type is given as it names itself.
    #[error("a database of type {0:?} holds no countries")]
    NoCountries(Box<str>),
}

impl GeoError {
    fn corrupt(source: maxminddb::MaxMindDbError) -> Self {
        Self::Corrupt(source.into())
    }
}
