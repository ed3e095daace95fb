//! The lines of a mail relay.
//!
//! Source: RFC 5321.

/// One line of a dialogue: whether the client says it, and the octets.
pub type Line = (bool, Vec<u8>);

/// A whole delivery in clear text of a message of `octets` octets.
#[must_use]
pub fn delivery(client: &str, server: &str, from: &str, to: &str, octets: usize) -> Vec<Line> {
    let mut message =
        format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: example\r\nMIME-Version: 1.0\r\n\r\n").into_bytes();
    while message.len() < octets {
        message.extend_from_slice(b"This line is part of an example message of the exercise.\r\n");
    }
    message.extend_from_slice(b".\r\n");
    let line = |by_client: bool, text: String| (by_client, text.into_bytes());
    vec![
        line(false, format!("220 {server} ESMTP\r\n")),
        line(true, format!("EHLO {client}\r\n")),
        line(
            false,
            format!("250-{server}\r\n250-SIZE 20971520\r\n250 8BITMIME\r\n"),
        ),
        line(true, format!("MAIL FROM:<{from}>\r\n")),
        line(false, "250 2.1.0 Ok\r\n".to_owned()),
        line(true, format!("RCPT TO:<{to}>\r\n")),
        line(false, "250 2.1.5 Ok\r\n".to_owned()),
        line(true, "DATA\r\n".to_owned()),
        line(false, "354 End data with <CR><LF>.<CR><LF>\r\n".to_owned()),
        (true, message),
        line(false, "250 2.0.0 Ok: queued\r\n".to_owned()),
        line(true, "QUIT\r\n".to_owned()),
        line(false, "221 2.0.0 Bye\r\n".to_owned()),
    ]
}
