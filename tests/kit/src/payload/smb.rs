//! SMB 2 and 3 messages behind the direct TCP transport.
//!
//! Source: [MS-SMB2] sections 2.1, 2.2.1, 2.2.3, 2.2.4 and 2.2.41.

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

fn transport(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|length| *length < 1 << 24)
        .expect("24 bits of length");
    [&length.to_be_bytes(), message].concat()
}
