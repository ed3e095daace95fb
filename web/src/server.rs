//! The listener: hyper's HTTP/1 with the limits that a service needs, and a graceful end.
//!
//! | limit | value | when it is met |
//! | --- | --- | --- |
//! | connections | 256 | further clients wait in the kernel's queue |
//! | time to send a request's headers, idle keep-alive included | 10 s | the connection is closed |
//! | octets of a request's headers | 32 KiB | 431, and the connection is closed |
//! | life of one connection | 5 min | it is closed after the answer under way |
//! | time for answers under way after shutdown | 5 s | they are cut off |

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections served at once.
pub const MAX_CONNECTIONS: usize = 256;
/// How long a client may take to send the headers of a request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Octets that the headers of a request may have.
pub const MAX_HEADER_OCTETS: usize = 32 * 1024;
/// How long one connection may live, so that clients that read nothing give their place back.
pub const CONNECTION_LIFE: Duration = Duration::from_secs(300);
/// How long answers under way may take once the server is told to end.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long accepting rests when the system has no descriptor or memory for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Why the dashboard cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached from other machines.
    #[error(
        "cannot listen on {address}: accounts do not exist yet, so the dashboard listens on loopback only. \
         Use 127.0.0.1:{port} or [::1]:{port}, and reach it from another machine through SSH: \
         ssh -L {port}:127.0.0.1:{port} HOST",
        port = address.port()
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Another program listens there.
    #[error(
        "cannot listen on {address}: the port is in use by another program. \
         End that program, or choose another port (port 0 takes any free one: {ip}:0)",
        ip = bracketed(*address)
    )]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The system does not let this user listen there.
    #[error(
        "cannot listen on {address}: permission denied. Ports below 1024 are for root; \
         choose a port from 1024 on"
    )]
    Permission {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address is not one of this machine.
    #[error(
        "cannot listen on {address}: this machine does not have that address. \
         Use 127.0.0.1:{port}",
        port = address.port()
    )]
    NotHere {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Anything else that the system says.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A listening socket, not serving yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on `address`, which must be a loopback address; port 0 takes any free port.
    ///
    /// # Errors
    ///
    /// [`ServeError`] names the address, the cause and the remedy.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback { address });
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => ServeError::InUse { address },
                io::ErrorKind::PermissionDenied => ServeError::Permission { address },
                io::ErrorKind::AddrNotAvailable => ServeError::NotHere { address },
                _ => ServeError::Listen { address, source },
            })?;
        let address = listener
            .local_addr()
            .map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { listener, address })
    }

    /// The address it listens on, with the port that was taken.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` completes, then ends within [`GRACE`].
    ///
    /// A connection that cannot be accepted is logged and does not end the server.
    ///
    /// # Errors
    ///
    /// None today: what can fail fails in [`Server::bind`].
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);

        loop {
            let next = async {
                // The place comes before the connection, so that waiting clients cost no descriptor.
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, accept(&self.listener).await)
            };
            let (slot, stream) = tokio::select! {
                () = &mut shutdown => break,
                next = next => next,
            };
            while connections.try_join_next().is_some() {}
            let connection = serve_connection(stream, router.clone(), stopping.clone());
            connections.spawn(async move {
                connection.await;
                drop(slot);
            });
        }

        drop(self.listener);
        stop.send_replace(true);
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_err() {
            tracing::warn!(connections = connections.len(), "Connections cut off at the end");
        }
        Ok(())
    }
}

/// Waits for the next connection, whatever fails meanwhile.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client went away before it was accepted: nothing is wrong here.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                tracing::warn!(%error, "Connection not accepted; trying again");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    // Answers are written at once; what cannot be set only costs time.
    drop(stream.set_nodelay(true));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_OCTETS)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);

    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = asked_to_end(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "Connection ended early");
    }
}

/// Completes when the server ends or the connection is old.
async fn asked_to_end(stopping: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = sleep(CONNECTION_LIFE) => {}
        // An error says that the server is gone, which is the same answer.
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

fn bracketed(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}
