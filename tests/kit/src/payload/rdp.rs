//! The opening of an RDP connection, before TLS takes over.
//!
//! Source: [MS-RDPBCGR] sections 2.2.1.1 and 2.2.1.2; RFC 1006 (TPKT); X.224 section 13.

/// Connection request with the routing cookie and an offer of TLS.
///
/// # Panics
///
/// When the user name is longer than 200 octets.
#[must_use]
pub fn connection_request(user: &str) -> Vec<u8> {
    let cookie = format!("Cookie: mstshash={user}\r\n");
    let mut body = vec![0xe0, 0, 0, 0, 0, 0]; // CR TPDU, references, class 0.
    body.extend_from_slice(cookie.as_bytes());
    body.extend([1, 0, 8, 0, 3, 0, 0, 0]); // RDP_NEG_REQ: TLS or CredSSP.
    tpkt(&body)
}

/// Connection confirm that takes TLS.
#[must_use]
pub fn connection_confirm() -> Vec<u8> {
    tpkt(&[0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0])
}

fn tpkt(body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len())
        .ok()
        .filter(|length| *length <= 230)
        .expect("a short TPDU");
    [&[3, 0, 0, length + 5, length], body].concat()
}
