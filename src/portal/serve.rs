//! The connections: HTTP/2 or HTTP/1.1 as ALPN says (RFC 7301), each with its time limits, until told to stop.
//!
//! Whoever takes nothing of an answer for a minute is cut off, whole connection: an answer may hold a file
//! in memory. What a peer does not take shows in two places, since HTTP/2 has windows of its own: `steady`
//! watches the octets of the connection, and `Watched` each body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tower::ServiceExt;

use crate::net::{self, Limits, Tls};

use super::steady::Steady;
use super::{Portal, setup};

/// Serves the pages until `stop` turns true; answers that have begun are finished.
pub async fn serve(listener: TcpListener, tls: Tls, limits: Limits, stop: watch::Receiver<bool>, portal: Portal) {
    let router = portal.router();
    let told = stop.clone();
    net::serve(listener, tls, &[b"h2", b"http/1.1"], limits, stop, move |stream, _| {
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        connection(stream, two, router.clone(), told.clone(), Times::default())
    })
    .await;
}

/// How long things may last.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// A connection, before it is asked to end.
    longest: Duration,
    /// What runs on it, after that.
    last: Duration,
    /// An answer of which nothing is taken.
    stalled: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { longest: LONGEST, last: LAST, stalled: STALLED }
    }
}

async fn connection<S>(stream: S, two: bool, router: axum::Router, mut stop: watch::Receiver<bool>, times: Times)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEADERS)
        .keep_alive_timeout(HEADERS)
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(BUFFER)
        .max_header_list_size(HEADER_OCTETS);
    // ALPN has spoken: nothing waits for a first octet to guess the version.
    let builder = if two { builder.http2_only() } else { builder.http1_only() };
    let cut = Arc::new(Notify::new());
    let service = router.map_request(|request: Request<hyper::body::Incoming>| arrived(request.map(Body::new)));
    let service = service.map_response({
        let cut = Arc::clone(&cut);
        move |answer: Response<Body>| answer.map(|body| Watched::new(body, Arc::clone(&cut), times.stalled))
    });
    let stream = TokioIo::new(Steady::new(stream, times.stalled));
    let served = builder.serve_connection(stream, TowerToHyperService::new(service));
    tokio::pin!(served);
    let served = async {
        tokio::select! {
            outcome = served.as_mut() => outcome.is_ok(),
            () = ended(&mut stop, times.longest) => {
                served.as_mut().graceful_shutdown();
                matches!(tokio::time::timeout(times.last, served).await, Ok(Ok(())))
            }
        }
    };
    let whole = tokio::select! {
        whole = served => whole,
        () = cut.notified() => false,
    };
    if !whole {
        // Browsers go away in the middle of things: nothing to mend, nothing to name.
        tracing::debug!("a page connection broke off");
    }
}

/// A request as the table knows it.
fn arrived(mut request: Request<Body>) -> Request<Body> {
    if let Some(uri) = setup::folded(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// When told to stop, or after the longest that one connection may last.
async fn ended(stop: &mut watch::Receiver<bool>, longest: Duration) {
    let told = tokio::time::timeout(longest, stop.wait_for(|stop| *stop)).await;
    drop(told);
}

/// A body that cuts its connection when nothing of it is asked for. Nobody looks at a body between two
/// pieces, so it is not the body that can notice.
struct Watched {
    body: Body,
    asked: watch::Sender<()>,
}

impl Watched {
    fn new(body: Body, cut: Arc<Notify>, stalled: Duration) -> Self {
        let (asked, mut next) = watch::channel(());
        if !body.is_end_stream() {
            // Ends with the body: then its sender is gone.
            tokio::spawn(async move {
                loop {
                    match tokio::time::timeout(stalled, next.changed()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return,
                        Err(_) => return cut.notify_one(),
                    }
                }
            });
        }
        Self { body, asked }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        self.asked.send_replace(());
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

const HEADERS: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3600);
const LAST: Duration = Duration::from_secs(60);
const STALLED: Duration = Duration::from_secs(60);
const STREAMS: u32 = 32;
const HEADER_OCTETS: u32 = 16 * 1024;
/// What of the answers stands between their bodies and the connection.
const BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use futures_util::stream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SOON: Duration = Duration::from_millis(300);

    /// A file that says when it is let go.
    fn router(gone: mpsc::UnboundedSender<()>) -> axum::Router {
        let file = move || {
            let gone = gone.clone();
            async move {
                let pieces = (0..1000).map(move |_| {
                    let _held = &gone;
                    Ok::<_, std::convert::Infallible>(Bytes::from(vec![7; 16 * 1024]))
                });
                Body::from_stream(stream::iter(pieces))
            }
        };
        axum::Router::new().route("/file", get(file)).route("/page", get(async || vec![7_u8; 1 << 20]))
    }

    fn start(two: bool, times: Times) -> (DuplexStream, watch::Sender<bool>, tokio::task::JoinHandle<()>, Gone) {
        let (client, server) = tokio::io::duplex(4096);
        let (stop, stopped) = watch::channel(false);
        let (gone, let_go) = mpsc::unbounded_channel();
        let served = tokio::spawn(connection(server, two, router(gone), stopped, times));
        (client, stop, served, let_go)
    }

    type Gone = mpsc::UnboundedReceiver<()>;

    /// The connection ends, and then nothing holds the file any more.
    async fn ends(served: tokio::task::JoinHandle<()>, mut gone: Gone) {
        tokio::time::timeout(Duration::from_secs(20), served).await.expect("cut off").expect("no panic");
        let let_go = tokio::time::timeout(Duration::from_secs(20), gone.recv()).await;
        assert!(let_go.expect("let go").is_none());
    }

    async fn ask(client: &mut DuplexStream, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("asked");
        client.read_exact(&mut [0; 100]).await.expect("begun");
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_http_1() {
        for path in ["/file", "/page"] {
            let times = Times { stalled: SOON, longest: LONG, last: LONG };
            let (mut client, _stop, served, gone) = start(false, times);
            ask(&mut client, path).await;
            ends(served, gone).await;
            drop(client);
        }
    }

    #[tokio::test]
    async fn who_takes_slowly_is_served() {
        let times = Times { stalled: SOON * 3, longest: LONG, last: LONG };
        let (mut client, _stop, served, _gone) = start(false, times);
        ask(&mut client, "/page").await;
        let began = Instant::now();
        let mut taken = 100;
        while taken < (1 << 20) {
            taken += client.read(&mut vec![0; 1 << 17]).await.expect("still there");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(began.elapsed() > times.stalled && !served.is_finished());
    }

    /// The windows of HTTP/2 are full (RFC 9113 §5.2) while the connection itself takes everything.
    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_http_2() {
        let times = Times { stalled: SOON, longest: LONG, last: LONG };
        let (mut client, _stop, served, gone) = start(true, times);
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("preface");
        client.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.expect("settings");
        // :method GET, :scheme https, :path /file, :authority x (RFC 7541 §6)
        let headers = b"\x82\x87\x04\x05/file\x01\x01x";
        client.write_all(&[0, 0, 12, 1, 5, 0, 0, 0, 1]).await.expect("headers");
        assert_eq!(headers.len(), 12);
        client.write_all(headers).await.expect("headers");
        let reader = tokio::spawn(async move {
            let mut all = Vec::new();
            let _ = client.read_to_end(&mut all).await;
            all.len()
        });
        ends(served, gone).await;
        let taken = reader.await.expect("read");
        assert!((60_000..70_000).contains(&taken), "a window full, and no more: {taken}");
    }

    #[tokio::test]
    async fn the_end_has_an_end() {
        let times = Times { stalled: LONG, longest: LONG, last: SOON };
        let (mut client, stop, served, gone) = start(false, times);
        ask(&mut client, "/file").await;
        stop.send(true).expect("told");
        ends(served, gone).await;

        let times = Times { stalled: LONG, longest: SOON, last: SOON };
        let (mut other, _stop, served, gone) = start(false, times);
        ask(&mut other, "/file").await;
        ends(served, gone).await;
        drop((client, other));
    }
}
