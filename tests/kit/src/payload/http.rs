//! HTTP/1.1 messages.
//!
//! Source: RFC 9112.

use crate::Random;

/// What the browser of a terminal calls itself.
pub const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
/// Another system's.
pub const MACOS: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6)";

/// A GET request.
#[must_use]
pub fn get(host: &str, path: &str, user_agent: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\n\
         Accept: text/html,*/*;q=0.8\r\nAccept-Language: ja,en;q=0.5\r\nConnection: keep-alive\r\n\r\n"
    )
    .into_bytes()
}

/// A 200 answer with `octets` octets of text.
#[must_use]
pub fn ok(octets: usize, random: &mut Random) -> Vec<u8> {
    let mut message = format!(
        "HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {octets}\r\n\r\n"
    )
    .into_bytes();
    let words = ["<p>", "</p>", " ", "example", "page", "text", "line", "\n"];
    let end = message.len() + octets;
    while message.len() < end {
        message.extend_from_slice(random.pick(&words).as_bytes());
    }
    message.truncate(end);
    message
}

/// A request to a proxy to open a tunnel.
#[must_use]
pub fn connect(host: &str, port: u16) -> Vec<u8> {
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nProxy-Connection: keep-alive\r\n\r\n")
        .into_bytes()
}

/// The proxy's consent.
#[must_use]
pub fn connected() -> Vec<u8> {
    b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_octets_that_the_header_gives() {
        let message = ok(1_234, &mut Random::new(1));

        let end = message
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        assert_eq!(message.len() - end - 4, 1_234);
    }
}
