//! All providers of the table against doubles of them.

mod client;
pub(crate) mod double;
mod hostile;
mod registration;
mod table;
