//! Accepting connections: bounded in number, header size and patience, so that slow or greedy clients cannot hold up the others.

use std::{
    convert::Infallible,
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
    http::StatusCode,
    response::{IntoResponse as _, Response},
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

const MAX_CONNECTIONS: usize = 10_000;
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// How long a client may take to send a request's header, and how long an idle connection is kept.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);
/// How long a request may take from there on: without it a client that sends its body byte by byte would keep its place for good.
const REQUEST_PATIENCE: Duration = Duration::from_secs(30);

/// Answers connections until `stop` is ready, then closes the port, finishes the requests that have begun and returns.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
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
        in_time(app.clone(), request, REQUEST_PATIENCE)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_header_size(MAX_HEADER_BYTES)
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

/// Answers a request, or tells that it took too long. A change that has begun goes on, on its own task.
async fn in_time(app: Router, request: Request, patience: Duration) -> Result<Response, Infallible> {
    match tokio::time::timeout(patience, app.oneshot(request)).await {
        Ok(answer) => answer,
        Err(_) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::{Bytes, HttpBody};
    use http_body::Frame;

    use super::*;

    /// A body that never comes.
    struct Silent;

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_never_comes_holds_no_place_for_good() {
        let app = Router::new().route("/", axum::routing::post(async |body: String| body));
        let request = Request::post("/").body(Body::new(Silent)).unwrap();
        let answer = in_time(app, request, Duration::from_millis(20)).await;
        assert_eq!(answer.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
