//! Accepting connections, and closing one in the middle of a call.
//!
//! A handler cannot close its connection through a response: whatever it returns begins with a status. So
//! each call carries a handle, and the loop that drives the connection drops it when the handle says so.

use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// Time that calls in flight have to end once the server stops.
const GRACE: Duration = Duration::from_secs(2);
/// Time before accepting again when the system refuses, out of descriptors for example.
const REFUSED: Duration = Duration::from_millis(20);

/// A handle on the connection that a call came by.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cut: Notify,
    reset: AtomicBool,
}

impl Connection {
    /// Closes the connection at once; never returns. `reset`: by a TCP reset rather than an orderly end.
    pub(super) async fn cut(&self, reset: bool) {
        self.0.reset.store(reset, Ordering::Release);
        self.0.cut.notify_one();
        pending::<()>().await;
    }
}

/// Answers calls on `listener` with `router` until `shutdown` is done, then lets calls in flight end.
pub(super) async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    let mut shutdown = pin!(shutdown);
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(drive(stream, router.clone(), stopped.clone()));
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                tokio::time::sleep(REFUSED).await;
            }
        }
    }
    drop(listener);
    // Every receiver may be gone already.
    let _ = stop.send(true);
    let ended = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        connections.shutdown().await;
    }
}

async fn drive(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    // Without it small answers wait for the client's acknowledgement; a socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let handle = Connection::default();
    let peer = Peer { stream, state: Arc::clone(&handle.0) };
    let calls = TowerToHyperService::new(router);
    let tagging = handle.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(tagging.clone());
        without_slash(request.uri_mut());
        calls.call(request)
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(peer), service));
    let mut stopping = false;
    loop {
        tokio::select! {
            // The client may hang up at any time, which is nobody's error.
            _ = connection.as_mut() => break,
            () = handle.0.cut.notified() => break,
            _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Takes the slash from the end of a path: clients of years send it, and the service takes it.
fn without_slash(uri: &mut Uri) {
    let path = uri.path();
    let bare = path.trim_end_matches('/');
    if bare.len() == path.len() || bare.is_empty() {
        return;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(shorter) = format!("{bare}{query}").parse() {
        *uri = shorter;
    }
}

/// A stream that ends in a reset on request.
#[derive(Debug)]
struct Peer {
    stream: TcpStream,
    state: Arc<State>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.state.reset.load(Ordering::Acquire) {
            // If the system refuses, the connection ends in order instead.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
