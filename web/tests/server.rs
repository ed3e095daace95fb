//! The listener over real connections: addresses it refuses, clients that dawdle, its end.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use sekisho_web::server::{GRACE, HEADER_TIMEOUT, MAX_CONNECTIONS};
use sekisho_web::{ServeError, Server};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn an_address_that_other_machines_reach_is_refused() {
    for address in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:0", "[2001:db8::1]:8080"] {
        let error = Server::bind(address.parse().unwrap()).await.unwrap_err();

        assert!(matches!(error, ServeError::NotLoopback { .. }), "{address}");
        let text = error.to_string();
        assert!(
            text.contains(address) && text.contains("accounts do not exist yet"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_remedy() {
    let first = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();

    let error = Server::bind(first.local_addr()).await.unwrap_err();

    assert!(matches!(error, ServeError::InUse { .. }));
    let text = error.to_string();
    assert!(text.contains(&first.local_addr().to_string()), "{text}");
    assert!(text.contains("in use") && text.contains("127.0.0.1:0"), "{text}");
}

#[tokio::test]
async fn several_requests_share_a_connection() {
    let server = Running::start(Router::new().route("/", get(async || "here"))).await;

    let answers = server
        .client(|mut stream| {
            (0..3)
                .map(|_| {
                    stream
                        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .unwrap();
                    read_until(&mut stream, b"here")
                })
                .collect::<Vec<_>>()
        })
        .await;

    assert!(
        answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200 OK")),
        "{answers:?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn clients_that_dawdle_over_their_headers_are_cut_off() {
    let server = Running::start(Router::new().route("/", get(async || "here"))).await;

    let silent = server.client(until_closed);
    let half = server.client(|mut stream| {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
        until_closed(stream)
    });
    let dripping = server.client(|mut stream| {
        let began = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        while stream.write_all(b"a").is_ok() && began.elapsed() < HEADER_TIMEOUT * 3 {
            std::thread::sleep(Duration::from_millis(250));
        }
        began.elapsed()
    });
    let idle = server.client(|mut stream| {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        read_until(&mut stream, b"here");
        until_closed(stream)
    });

    let (silent, half, dripping, idle) = tokio::join!(silent, half, dripping, idle);
    for (kind, lasted) in [
        ("silent", silent),
        ("half", half),
        ("dripping", dripping),
        ("idle", idle),
    ] {
        let slack = Duration::from_secs(4);
        assert!(lasted > HEADER_TIMEOUT - slack, "{kind}: {lasted:?}");
        assert!(lasted < HEADER_TIMEOUT + slack, "{kind}: {lasted:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let server = Running::start(Router::new().route("/", get(async || "here"))).await;

    let answer = server
        .client(|mut stream| {
            let header = "a".repeat(64 * 1024);
            // The server may close before everything is written.
            let _ = write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\nX: {header}\r\n\r\n");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).map(|()| answer)
        })
        .await;

    assert_eq!(&answer.unwrap(), b"HTTP/1.1 431");
    server.stop().await;
}

#[tokio::test]
async fn further_clients_wait_until_one_of_the_most_has_left() {
    let server = Running::start(Router::new().route("/", get(async || "here"))).await;
    let address = server.address;
    let mut held = spawn_blocking(move || {
        (0..MAX_CONNECTIONS)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect::<Vec<_>>()
    })
    .await
    .unwrap();
    sleep(Duration::from_millis(200)).await;

    let waiting = server.client(|mut stream| {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let early = stream.read(&mut [0; 1]).map_err(|error| error.kind());
        (stream, early)
    });
    let (mut stream, early) = waiting.await;
    assert!(
        matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
        "{early:?}"
    );

    held.pop();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let answer = spawn_blocking(move || read_until(&mut stream, b"here"))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"));
    drop(held);
    server.stop().await;
}

#[tokio::test]
async fn the_answer_under_way_goes_out_before_the_end() {
    let slow = get(async || {
        sleep(Duration::from_millis(700)).await;
        "late but whole"
    });
    let server = Running::start(Router::new().route("/", slow)).await;
    let address = server.address;
    let answer = server.client(|mut stream| {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = tokio::spawn(answer);
    sleep(Duration::from_millis(200)).await;

    let lasted = server.stop().await;

    assert!(answer.await.unwrap().ends_with("late but whole"));
    assert!(lasted < Duration::from_secs(3), "{lasted:?}");
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let never = get(async || {
        sleep(Duration::from_secs(600)).await;
        "never"
    });
    let server = Running::start(Router::new().route("/", never)).await;
    let client = tokio::spawn(server.client(|mut stream| {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        until_closed(stream)
    }));
    sleep(Duration::from_millis(200)).await;

    let lasted = server.stop().await;

    assert!(lasted < GRACE + Duration::from_secs(2), "{lasted:?}");
    client.await.unwrap();
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    async fn start(router: Router) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.serve(router, async {
            let _ = stopped.await;
        }));
        Self { address, stop, ended }
    }

    /// Runs a client that may block on a new connection.
    fn client<T: Send + 'static>(
        &self,
        talk: impl FnOnce(TcpStream) -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        let address = self.address;
        let talked = spawn_blocking(move || {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            talk(stream)
        });
        async { talked.await.unwrap() }
    }

    /// Asks the server to end and says how long it took.
    async fn stop(self) -> Duration {
        let began = Instant::now();
        self.stop.send(()).unwrap();
        timeout(Duration::from_secs(30), self.ended)
            .await
            .expect("it ends")
            .unwrap()
            .unwrap();
        began.elapsed()
    }
}

/// How long the server kept a connection on which nothing more is sent.
fn until_closed(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    // Closed or reset: both are an end.
    let _ = stream.read_to_end(&mut Vec::new());
    began.elapsed()
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end) {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.extend(octet);
    }
    String::from_utf8(answer).unwrap()
}
