//! Connections: accepted up to a limit, and given up when their clients do not move.

mod patient;

use crate::face::Shared;
use crate::problem::Problem;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use patient::Patient;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Most connections at once.
pub(crate) const MOST_CONNECTIONS: u32 = 4096;
/// How long a client may take to agree on TLS, and to send the head of a request.
const GREETING: Duration = Duration::from_secs(10);
/// Most bytes of the head of a request.
const MOST_HEAD_BYTES: usize = 32 * 1024;
/// How long to wait when the system has no more files to give.
const BREATH: Duration = Duration::from_millis(100);

/// Where a request came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The address of this machine at which it came in.
    pub(crate) local: SocketAddr,
}

/// Accepts connections until the face ends, then waits for those that are open.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Arc<ServerConfig>>, router: Router, shared: Arc<Shared>) {
    let acceptor = tls.map(TlsAcceptor::from);
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS as usize));
    let mut ending = shared.ending.subscribe();
    loop {
        let accepted = tokio::select! {
            _ = ending.wait_for(|is_ending| *is_ending) => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("the API could not accept a connection: {error}");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Ok(seat) = seats.clone().try_acquire_owned() else {
            shared.metrics.refused.inc();
            let is_plain = acceptor.is_none();
            tokio::spawn(async move { refuse(stream, is_plain).await });
            continue;
        };
        let (acceptor, router, shared) = (acceptor.clone(), router.clone(), shared.clone());
        tokio::spawn(async move {
            shared.metrics.connections.inc();
            connection(stream, acceptor, router, &shared).await;
            shared.metrics.connections.dec();
            drop(seat);
        });
    }
    drop(listener);
    let _all_gone = seats.acquire_many(MOST_CONNECTIONS).await;
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router, shared: &Shared) {
    let Ok(local) = stream.local_addr() else { return };
    // Small messages of streams go out at once; where that can not be set they are a little late.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => speak(stream, local, router, shared).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(GREETING, acceptor.accept(stream)).await {
                speak(stream, local, router, shared).await;
            }
        }
    }
}

async fn speak<S>(stream: S, local: SocketAddr, router: Router, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let routes = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arrival { local });
        routes.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(GREETING).max_buf_size(MOST_HEAD_BYTES);
    let connection = http.serve_connection(TokioIo::new(Patient::new(stream)), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut ending = shared.ending.subscribe();
    tokio::select! {
        // A client that broke off is no error of ours.
        _ = connection.as_mut() => return,
        _ = ending.wait_for(|is_ending| *is_ending) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Says that there are too many.
async fn refuse(mut stream: TcpStream, is_plain: bool) {
    if !is_plain {
        return;
    }
    let problem =
        Problem::busy(format!("{MOST_CONNECTIONS} connections are open, which is the most: close some")).to_json();
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {}\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{problem}",
        crate::problem::PROBLEM_JSON,
        problem.len(),
    );
    let say = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    // Whoever does not listen to it is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), say).await;
}
