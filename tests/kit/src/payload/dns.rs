//! DNS messages: a query and its answer.
//!
//! Source: RFC 1035 section 4; RFC 3596 (AAAA).

use std::net::IpAddr;

/// Record types used here.
pub const A: u16 = 1;
/// Text strings.
pub const TXT: u16 = 16;
/// IPv6 address.
pub const AAAA: u16 = 28;

/// A recursive query for one name.
#[must_use]
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = header(id, 0x0100, 0);
    question(&mut message, name, kind);
    message
}

/// A multicast query: no recursion, id as given (LLMNR) or 0 (mDNS).
#[must_use]
pub fn multicast_query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = header(id, 0, 0);
    question(&mut message, name, kind);
    message
}

/// The answer that gives one address; the record type follows the address.
#[must_use]
pub fn answer(id: u16, name: &str, address: IpAddr, ttl: u32) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => record(id, name, A, ttl, &address.octets()),
        IpAddr::V6(address) => record(id, name, AAAA, ttl, &address.octets()),
    }
}

/// The answer that gives one text string of up to 255 octets.
///
/// # Panics
///
/// When the text is longer.
#[must_use]
pub fn text_answer(id: u16, name: &str, text: &[u8], ttl: u32) -> Vec<u8> {
    let mut data = vec![u8::try_from(text.len()).expect("at most 255 octets")];
    data.extend_from_slice(text);
    record(id, name, TXT, ttl, &data)
}

/// The answer that says the name does not exist.
#[must_use]
pub fn no_such_name(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = header(id, 0x8183, 0);
    question(&mut message, name, kind);
    message
}

/// The answer that says the name exists and has no address of this type.
#[must_use]
pub fn no_data(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = header(id, 0x8180, 0);
    question(&mut message, name, kind);
    message
}

/// What a device says of itself by mDNS: a service instance of this type, and its address (RFC 6762
/// section 8.3, RFC 6763 section 4).
///
/// # Panics
///
/// When a label is longer than 63 octets.
#[must_use]
pub fn announcement(host: &str, instance: &str, service: &str, address: std::net::Ipv4Addr) -> Vec<u8> {
    let mut message: Vec<u8> = [0_u16, 0x8400, 0, 2, 0, 0]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect();
    let mut pointed = Vec::new();
    labels(&mut pointed, &format!("{instance}.{service}"));
    for (owner, kind, class, data) in [
        (service, 12_u16, 1_u16, pointed),
        (host, A, 0x8001, address.octets().to_vec()), // The top bit: nothing else has this name.
    ] {
        labels(&mut message, owner);
        message.extend(kind.to_be_bytes());
        message.extend(class.to_be_bytes());
        message.extend(120_u32.to_be_bytes());
        message.extend(u16::try_from(data.len()).expect("a short record").to_be_bytes());
        message.extend(data);
    }
    message
}

fn record(id: u16, name: &str, kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut message = header(id, 0x8180, 1);
    question(&mut message, name, kind);
    message.extend_from_slice(&[0xc0, 12]); // The name stands at octet 12.
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    message.extend_from_slice(&ttl.to_be_bytes());
    message.extend_from_slice(&u16::try_from(data.len()).expect("a short record").to_be_bytes());
    message.extend_from_slice(data);
    message
}

fn header(id: u16, flags: u16, answers: u16) -> Vec<u8> {
    let words = [id, flags, 1, answers, 0, 0];
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn question(message: &mut Vec<u8>, name: &str, kind: u16) {
    labels(message, name);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
}

fn labels(message: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let length = u8::try_from(label.len()).ok().filter(|length| *length <= 63);
        message.push(length.unwrap_or_else(|| panic!("the label {label} is longer than 63 octets")));
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_header_labels_type_and_class() {
        let expected =
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01";

        assert_eq!(query(0x1234, "www.example.", A), expected);
    }

    #[test]
    fn an_answer_repeats_the_question_and_points_back_to_its_name() {
        let message = answer(1, "a.example", "192.0.2.7".parse().unwrap(), 300);

        let record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x07";
        assert!(message.ends_with(record));
        assert_eq!(message[6..8], [0, 1]);
    }
}
