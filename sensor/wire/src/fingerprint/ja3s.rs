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
