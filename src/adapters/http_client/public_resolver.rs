//! A DNS resolver that returns public addresses only.

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use reqwest::dns::{Name, Resolve, Resolving};

use crate::ports::is_public_address;

/// Resolves a host name to addresses.
pub(super) trait Lookup: Send + Sync + 'static {
    fn lookup(&self, name: &str) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// The resolver of the operating system.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        tokio::net::lookup_host((name, 0)).await.map(Iterator::collect)
    }
}

/// The resolver of the client for the public network.
///
/// reqwest connects to the returned addresses and resolves nothing itself, so DNS rebinding, a name
/// that resolves to a private address a moment later, has no effect.
pub(super) struct PublicResolver<L>(Arc<L>);

impl<L> PublicResolver<L> {
    pub(super) fn new(lookup: L) -> Self {
        Self(Arc::new(lookup))
    }
}

impl<L: Lookup> Resolve for PublicResolver<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.0);
        Box::pin(async move {
            let mut addresses = lookup.lookup(name.as_str()).await?;
            let was_found = !addresses.is_empty();
            addresses.retain(|address| is_public_address(address.ip()));
            match was_found && addresses.is_empty() {
                true => Err(NoPublicAddress.into()),
                false => Ok(Box::new(addresses.into_iter()) as _),
            }
        })
    }
}

/// The name has addresses, but none of them is public.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
pub(super) struct NoPublicAddress;

#[cfg(test)]
mod tests {
    use std::{
        net::{IpAddr, Ipv4Addr, TcpListener},
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{
        adapters::http_client::ReqwestClient,
        ports::{HttpClient as _, HttpError, HttpMethod, HttpRequest},
    };

    /// Returns one list after the other, then keeps returning the last.
    struct Answers(Vec<Vec<IpAddr>>, AtomicUsize);

    impl Answers {
        fn new(answers: &[&[&str]]) -> Self {
            let read = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
            Self(answers.iter().map(read).collect(), AtomicUsize::new(0))
        }
    }

    impl Lookup for Answers {
        async fn lookup(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
            let at = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
            Ok(self.0[at].iter().map(|address| SocketAddr::new(*address, 0)).collect())
        }
    }

    async fn resolve(resolver: &PublicResolver<Answers>) -> Result<Vec<String>, String> {
        let found = resolver.resolve("idp.example.com".parse().unwrap()).await;
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn private_addresses_of_a_name_are_left_out() {
        let resolver = PublicResolver::new(Answers::new(&[&["10.0.0.1", "9.9.9.9", "::1", "2620:fe::fe"]]));
        assert_eq!(resolve(&resolver).await.unwrap(), ["9.9.9.9", "2620:fe::fe"]);
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "fd00:ec2::254",
            "fe80::1",
        ] {
            let resolver = PublicResolver::new(Answers::new(&[&[private]]));
            assert_eq!(resolve(&resolver).await.unwrap_err(), "the name has no public address", "{private}");
        }
        assert!(resolve(&PublicResolver::new(Answers::new(&[&[]]))).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn addresses_are_checked_at_every_resolution() {
        let resolver = PublicResolver::new(Answers::new(&[&["9.9.9.9"], &["127.0.0.1"], &["9.9.9.9"]]));
        assert_eq!(resolve(&resolver).await.unwrap(), ["9.9.9.9"]);
        assert!(resolve(&resolver).await.is_err());
        assert_eq!(resolve(&resolver).await.unwrap(), ["9.9.9.9"]);
    }

    #[tokio::test]
    async fn no_connection_is_made_to_a_private_address() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = ReqwestClient::with_lookup(Answers::new(&[&["127.0.0.1"]])).unwrap();
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://idp.example.com:{port}/token?code=hidden").parse().unwrap();
            let request = HttpRequest::new(HttpMethod::Get, url).with_timeout(Duration::from_secs(5));
            let refused = client.send(request.with_public_network_only()).await.unwrap_err();
            assert!(matches!(refused, HttpError::PrivateAddress), "{refused:?}");
        }
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock,
            "no connection was made"
        );
    }
}
