//! SMB 2 and 3 messages behind the direct TCP transport.
//!
//! Source: [MS-SMB2] sections 2.1, 2.2.1, 2.2.3 to 2.2.6, 2.2.9, 2.2.10 and 2.2.41.

use crate::Random;

/// NEGOTIATE request that offers dialects 2.0.2 to 3.0.2.
#[must_use]
pub fn negotiate_request(random: &mut Random) -> Vec<u8> {
    let mut body = vec![36, 0, 4, 0, 1, 0, 0, 0]; // Size, four dialects, signing enabled.
    body.extend([0x7f, 0, 0, 0]); // Capabilities.
    body.extend(random.octets(16)); // Client GUID.
    body.extend([0; 8]); // Client start time.
    for dialect in [0x0202_u16, 0x0210, 0x0300, 0x0302] {
        body.extend(dialect.to_le_bytes());
    }
    transport(&[&header(false), &body[..]].concat())
}

/// NEGOTIATE response that takes dialect 3.0.2.
#[must_use]
pub fn negotiate_response(random: &mut Random) -> Vec<u8> {
    let mut body = vec![65, 0, 3, 0, 0x02, 0x03, 0, 0]; // Size, signing required, dialect 3.0.2.
    body.extend(random.octets(16)); // Server GUID.
    body.extend([0x7f, 0, 0, 0]);
    for limit in [8_388_608_u32; 3] {
        body.extend(limit.to_le_bytes());
    }
    body.extend(133_064_640_000_000_000_u64.to_le_bytes()); // System time.
    body.extend([0; 8]); // Server start time.
    body.extend([128, 0, 0, 0]); // An empty security buffer after header and body.
    body.extend([0; 4]);
    transport(&[&header(true), &body[..]].concat())
}

/// Offer of Kerberos without a ticket yet (NegTokenInit, RFC 4178 section 4.2.1).
const OFFER: &[u8] = b"\x60\x1b\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x11\x30\x0f\xa0\x0d\x30\x0b\
    \x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
/// The server's consent (NegTokenResp, accept-completed).
const CONSENT: &[u8] = b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00";

/// SESSION_SETUP request.
#[must_use]
pub fn session_setup_request() -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1]; // Size, flags, signing enabled.
    body.extend([0x7f, 0, 0, 0, 0, 0, 0, 0]); // Capabilities, channel.
    body.extend([88, 0]); // The token's place and length.
    body.extend(length(OFFER.len()).to_le_bytes());
    body.extend([0; 8]); // No session before.
    transport(&[&header_of(1, 1, 0, false), &body[..], OFFER].concat())
}

/// SESSION_SETUP response that lets the client in.
#[must_use]
pub fn session_setup_response(session: u64) -> Vec<u8> {
    let mut body = vec![9, 0, 0, 0, 72, 0]; // Size, flags, the token's place.
    body.extend(length(CONSENT.len()).to_le_bytes());
    transport(&[&header_of(1, 1, session, true), &body[..], CONSENT].concat())
}

/// TREE_CONNECT request for a share, as `\\server\share`.
#[must_use]
pub fn tree_connect_request(session: u64, share: &str) -> Vec<u8> {
    let path: Vec<u8> = share.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = vec![9, 0, 0, 0, 72, 0]; // Size, flags, the path's place.
    body.extend(length(path.len()).to_le_bytes());
    transport(&[&header_of(3, 2, session, false), &body[..], &path].concat())
}

/// TREE_CONNECT response: a disk whose data are to be encrypted.
#[must_use]
pub fn tree_connect_response(session: u64) -> Vec<u8> {
    let mut body = vec![16, 0, 1, 0]; // Size, disk.
    body.extend(0x8000_u32.to_le_bytes());
    body.extend([0; 4]);
    body.extend(0x001f_01ff_u32.to_le_bytes()); // Everything is allowed.
    transport(&[&header_of(3, 2, session, true), &body[..]].concat())
}

/// A message behind SMB 3 encryption with `octets` octets of cipher text.
///
/// # Panics
///
/// When it does not fit in the transport's 24-bit length.
#[must_use]
pub fn encrypted(octets: usize, session: u64, random: &mut Random) -> Vec<u8> {
    let mut message = b"\xfdSMB".to_vec();
    message.extend(random.octets(16)); // Signature.
    message.extend(random.octets(11)); // Nonce of AES-CCM.
    message.extend([0; 5]);
    message.extend(u32::try_from(octets).expect("a short message").to_le_bytes());
    message.extend([0, 0, 1, 0]);
    message.extend(session.to_le_bytes());
    message.extend(random.octets(octets));
    transport(&message)
}

fn header(response: bool) -> Vec<u8> {
    let mut header = b"\xfeSMB".to_vec();
    header.extend([64, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]); // Size, credit charge, status, NEGOTIATE, one credit.
    header.extend([u8::from(response), 0, 0, 0]); // Flags.
    header.resize(64, 0);
    header
}

/// The header of a later message of a session.
fn header_of(command: u8, message: u8, session: u64, response: bool) -> Vec<u8> {
    let mut header = header(response);
    header[12] = command;
    header[24] = message;
    header[40..48].copy_from_slice(&session.to_le_bytes());
    header
}

fn length(octets: usize) -> u16 {
    u16::try_from(octets).expect("a short buffer")
}

fn transport(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|length| *length < 1 << 24)
        .expect("24 bits of length");
    [&length.to_be_bytes(), message].concat()
}
