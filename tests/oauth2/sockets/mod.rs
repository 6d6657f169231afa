//! All providers of the table over real connections, to a server that answers with anything but
//! what it should: an error at the page of the app, in time and in little memory, whatever comes.

mod flows;
mod hostile;
mod script;
mod server;
