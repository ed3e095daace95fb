//! TLS records: the handshake that can be read, and application data that cannot.
//!
//! Source: RFC 8446 sections 4.1.2, 4.1.3 and 5.1; RFC 6066 section 3 (server name); RFC 7301 (ALPN).

use crate::Random;

const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: u8 = 20;
const APPLICATION_DATA: u8 = 23;

/// A TLS 1.3 ClientHello with this server name; without one when it is empty.
#[must_use]
pub fn client_hello(server_name: &str, random: &mut Random) -> Vec<u8> {
    let mut extensions = Vec::new();
    if !server_name.is_empty() {
        let name = sized(2, server_name.as_bytes());
        extension(&mut extensions, 0, &sized(2, &[&[0], &name[..]].concat()));
    }
    extension(&mut extensions, 23, &[]); // extended_main_secret
    extension(&mut extensions, 0xff01, &[0]); // renegotiation_info
    extension(&mut extensions, 10, &sized(2, &words(&[0x001d, 0x0017, 0x0018]))); // x25519, secp256r1, secp384r1
    extension(&mut extensions, 11, &[1, 0]); // Uncompressed points.
    extension(&mut extensions, 16, &sized(2, b"\x02h2\x08http/1.1"));
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    extension(&mut extensions, 13, &sized(2, &words(&signatures)));
    let share = [&words(&[0x001d]), &sized(2, &random.octets(32))[..]].concat();
    extension(&mut extensions, 51, &sized(2, &share));
    extension(&mut extensions, 45, &[1, 1]); // psk_dhe_ke
    extension(&mut extensions, 43, &[4, 3, 4, 3, 3]); // TLS 1.3, then 1.2.

    let suites = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
    ];
    let mut hello = vec![3, 3];
    hello.extend(random.octets(32));
    hello.extend(sized(1, &random.octets(32)));
    hello.extend(sized(2, &words(&suites)));
    hello.extend([1, 0]); // No compression.
    hello.extend(sized(2, &extensions));
    record(HANDSHAKE, 0x0301, &handshake(1, &hello))
}

/// The server's first flight in TLS 1.3: ServerHello, ChangeCipherSpec, and the certificate behind the cipher.
#[must_use]
pub fn server_hello(random: &mut Random) -> Vec<u8> {
    let mut extensions = Vec::new();
    extension(&mut extensions, 43, &[3, 4]);
    extension(
        &mut extensions,
        51,
        &[&words(&[0x001d]), &sized(2, &random.octets(32))[..]].concat(),
    );
    let mut hello = vec![3, 3];
    hello.extend(random.octets(32));
    hello.extend(sized(1, &random.octets(32)));
    hello.extend([0x13, 0x01, 0]);
    hello.extend(sized(2, &extensions));
    let mut flight = record(HANDSHAKE, 0x0303, &handshake(2, &hello));
    flight.extend(record(CHANGE_CIPHER_SPEC, 0x0303, &[1]));
    let certificate = usize::try_from(random.between(1_800, 3_200)).expect("small");
    flight.extend(application_data(certificate, random));
    flight
}

/// The client's second flight: ChangeCipherSpec and Finished.
#[must_use]
pub fn client_finished(random: &mut Random) -> Vec<u8> {
    let mut flight = record(CHANGE_CIPHER_SPEC, 0x0303, &[1]);
    flight.extend(application_data(53, random));
    flight
}

/// Records of application data that carry `octets` octets of cipher text.
#[must_use]
pub fn application_data(octets: usize, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets + octets / 1_000 + 5);
    let mut left = octets.max(17);
    while left > 0 {
        let length = left.min(16_401);
        out.extend(record(APPLICATION_DATA, 0x0303, &random.octets(length)));
        left -= length;
    }
    out
}

fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.to_be_bytes());
    out.extend(sized(2, body));
    out
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &sized(3, body)[..]].concat()
}

fn extension(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend(sized(2, body));
}

/// The body behind its length in `width` octets.
fn sized(width: usize, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len())
        .expect("a body shorter than 4 GiB")
        .to_be_bytes();
    assert!(body.len() < 1 << (8 * width), "{} octets do not fit", body.len());
    [&length[4 - width..], body].concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_of_a_client_hello_reaches_to_its_end() {
        let hello = client_hello("www.example", &mut Random::new(1));

        let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        let message = usize::from(u16::from_be_bytes([hello[7], hello[8]]));
        assert_eq!((hello[0], hello[5]), (22, 1));
        assert_eq!((record, message), (hello.len() - 5, hello.len() - 9));
        assert!(hello.windows(11).any(|window| window == b"www.example"));
    }

    #[test]
    fn long_application_data_is_cut_into_records() {
        let data = application_data(40_000, &mut Random::new(1));

        assert_eq!(data.len(), 40_000 + 3 * 5);
    }
}
