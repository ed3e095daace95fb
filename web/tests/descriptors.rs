//! The listener when the process has no descriptor left. Alone in its file: it lowers the limit of
//! the whole process.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use sekisho_web::Server;
use tokio::sync::oneshot;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_without_a_free_descriptor_is_served_once_there_is_one() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(async || "here"));
    let served = tokio::spawn(server.serve(router, async {
        let _ = stopped.await;
    }));
    let pid = std::process::id().to_string();
    let lowered = Command::new("prlimit")
        .args(["--pid", &pid, "--nofile=64"])
        .status();
    assert!(lowered.expect("util-linux has prlimit").success());

    let mut held = Vec::new();
    let full = loop {
        match File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(error) => break error,
        }
    };
    assert_eq!(full.raw_os_error(), Some(24), "EMFILE");
    // One descriptor for the client, none for the server's side of the connection.
    held.pop();
    let mut client = TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let early = client.read(&mut [0; 1]).unwrap_err().kind();
    assert!(
        matches!(early, ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{early:?}"
    );

    held.clear();
    sleep(Duration::from_millis(50)).await;
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();

    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("here"),
        "{answer}"
    );
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
