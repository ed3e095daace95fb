//! JA3S: version, cipher and extensions of a `ServerHello`, in its order.
//!
//! Source: salesforce/ja3, "JA3S".

use super::ja3::{Ja3, digest, list};
use crate::app::encrypted::tls::hello::ServerHello;

/// JA3S of a server.
#[must_use]
pub fn of(hello: &ServerHello<'_>) -> Ja3 {
    let mut string = format!("{},{},", hello.version, hello.cipher);
    list(&mut string, hello.extensions().map(|extension| extension.kind));
    digest(string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::encrypted::tls::sample;

    #[test]
    fn the_fingerprint_is_the_one_that_tshark_gives() {
        let extensions = sample::extensions(&[
            (0, vec![]),
            (65281, vec![0]),
            (11, vec![1, 0]),
            (35, vec![]),
            (16, sample::alpn(b"http/1.1")),
        ]);
        let body = sample::server_hello(0x0303, [1; 32], 0xc02b, &extensions);

        let ja3s = of(&ServerHello::parse(&body).unwrap());

        // tshark's tls.handshake.ja3s_full and ja3s of a server that answers with these.
        assert_eq!(ja3s.string, "771,49195,0-65281-11-35-16");
        assert_eq!(ja3s.hash, "2d1eb5817ece335c24904f516ad5da12");
    }
}
