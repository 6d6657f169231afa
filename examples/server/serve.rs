//! Accepting connections: bounded in number, header size and patience, so that slow or greedy clients cannot hold up the others.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::{ServiceExt as _, service_fn};

use crate::say;

const MOST_CONNECTIONS: usize = 10_000;
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// How long a client may take to send a request's header, and how long an idle connection is kept.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);

/// Answers connections until `stop` is ready, then closes the port, finishes the requests that have begun and returns.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move {
            answer(stream, peer, app, stopped).await;
            drop(place);
        });
    }
    drop((listener, app, stopped));
    let _ = stopping.send(());
    // That is, until the last connection has dropped its end.
    stopping.closed().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // Out of file descriptors, or the client has gone already: what is served now goes on, and frees some.
            Err(error) => {
                say::notice(format_args!("a connection could not be accepted: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers the requests of one connection. It fails when its client goes away or breaks the protocol, which is no event of the server.
async fn answer(stream: TcpStream, peer: SocketAddr, app: Router, mut stopped: watch::Receiver<()>) {
    // Replies are small and written at once; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let has_begun = AtomicBool::new(false);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        has_begun.store(true, Ordering::Relaxed);
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_header_size(MOST_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        _ = stopped.changed() => {}
    }
    // Browsers open connections in advance, and a graceful end would wait for their first request.
    if has_begun.load(Ordering::Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
