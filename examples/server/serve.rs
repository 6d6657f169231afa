//! Accepts connections, with limits on their number, header size and time, so that slow or greedy
//! clients cannot hold up others.

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

use crate::console;

const MAX_CONNECTIONS: usize = 10_000;
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// How long a client may take to send the header of a request, and how long an idle connection is
/// kept.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request may take after its header. Without it, a client that sends its body byte by
/// byte could hold a connection forever.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves connections until `stop` is ready, then closes the port, finishes the requests in
/// progress and returns.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, accept(&listener).await)
        };
        let (permit, (stream, peer)) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move {
            serve_connection(stream, peer, app, stopped).await;
            drop(permit);
        });
    }
    drop((listener, app, stopped));
    let _ = stopping.send(());
    // Waits until the last connection has dropped its receiver.
    stopping.closed().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The process is out of file descriptors, which open connections free when they end, or
            // the client has already disconnected.
            Err(error) => {
                console::notice(format_args!("a connection could not be accepted: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves the requests of one connection. Ignores its errors: they mean that the client
/// disconnected or violated the protocol.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    mut stopped: watch::Receiver<()>,
) {
    // Replies are small and written in one piece; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let has_begun = AtomicBool::new(false);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        has_begun.store(true, Ordering::Relaxed);
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        with_timeout(app.clone(), request, REQUEST_TIMEOUT)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        _ = stopped.changed() => {}
    }
    // Browsers open connections in advance; a graceful shutdown would wait for their first request.
    if has_begun.load(Ordering::Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Returns the reply to a request, or 408 after the timeout. An operation in progress goes on in
/// its own task.
async fn with_timeout(app: Router, request: Request, timeout: Duration) -> Result<Response, Infallible> {
    match tokio::time::timeout(timeout, app.oneshot(request)).await {
        Ok(reply) => reply,
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

    /// A body that never arrives.
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
    async fn a_body_that_never_arrives_is_answered_408() {
        let app = Router::new().route("/", axum::routing::post(async |body: String| body));
        let request = Request::post("/").body(Body::new(Silent)).unwrap();
        let reply = with_timeout(app, request, Duration::from_millis(20)).await;
        assert_eq!(reply.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
