//! What a request in clear says of the service and of the product.

use super::products::{SOFTETHER, TAILSCALE};
use super::set;
use crate::app::sheet::Sheet;

/// Ports of Intel AMT, which speaks WS-Management as WinRM does.
const AMT_PORTS: std::ops::RangeInclusive<u16> = 16_992..=16_995;

/// What of a request is looked at.
#[derive(Debug)]
pub(in crate::app) struct Request<'a> {
    /// The target's path.
    pub(in crate::app) path: &'a [u8],
    /// Whether a query follows it.
    pub(in crate::app) has_query: bool,
    /// The server's port, where the request says it.
    pub(in crate::app) port: Option<u16>,
    /// The value of `Content-Type`.
    pub(in crate::app) content_type: Option<&'a [u8]>,
    /// The protocol that it wants to go on with.
    pub(in crate::app) upgrade: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Writes the names that follow from it.
    pub(in crate::app) fn name(&self, sheet: &mut Sheet<'_>) {
        if self.is_of(b"application/dns-message") || self.path == b"/dns-query" && self.has_query {
            sheet.service("doh");
        } else if self.is_winrm() {
            sheet.service("winrm");
        } else if self.path.starts_with(b"/vpnsvc/") {
            set(sheet.app_mut(), &SOFTETHER, "http.url");
        }
        if let Some(upgrade) = self.upgrade
            && upgrade.eq_ignore_ascii_case(b"tailscale-control-protocol")
        {
            set(sheet.app_mut(), &TAILSCALE, "http.upgrade");
        }
    }

    /// SOAP to the place of WS-Management, sealed by SPNEGO or not.
    fn is_winrm(&self) -> bool {
        let is_place = self
            .path
            .strip_prefix(b"/wsman")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
        is_place
            && !self.port.is_some_and(|port| AMT_PORTS.contains(&port))
            && (self.is_of(b"application/soap+xml") || self.is_of(b"multipart/encrypted"))
    }

    /// Whether its body is of a type, whatever the parameters.
    fn is_of(&self, media_type: &[u8]) -> bool {
        let own = self
            .content_type
            .and_then(|value| value.split(|octet| *octet == b';').next())
            .unwrap_or_default();
        own.trim_ascii().eq_ignore_ascii_case(media_type)
    }
}
