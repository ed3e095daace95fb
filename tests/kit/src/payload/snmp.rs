//! SNMP version 2c: GetRequest for sysUpTime and its response.
//!
//! Source: RFC 3416 section 3; RFC 1901 (message); BER of X.690.

/// GetRequest of sysUpTime.0 in community `monitor`.
#[must_use]
pub fn get_request(id: u16) -> Vec<u8> {
    message(id, 0xa0, &[0x05, 0])
}

/// Response with an up time in hundredths of a second.
#[must_use]
pub fn response(id: u16, ticks: u32) -> Vec<u8> {
    let mut value = vec![0x43, 5, 0];
    value.extend(ticks.to_be_bytes());
    message(id, 0xa2, &value)
}

fn message(id: u16, kind: u8, value: &[u8]) -> Vec<u8> {
    let name = [0x06, 8, 0x2b, 6, 1, 2, 1, 1, 3, 0]; // 1.3.6.1.2.1.1.3.0
    let bindings = wrap(0x30, &wrap(0x30, &[&name, value].concat()));
    let [high, low] = id.to_be_bytes();
    let request = [&[0x02, 3, 0, high, low, 0x02, 1, 0, 0x02, 1, 0], &bindings[..]].concat();
    let community = wrap(0x04, b"monitor");
    wrap(
        0x30,
        &[&[0x02, 1, 1], &community[..], &wrap(kind, &request)].concat(),
    )
}

fn wrap(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len())
        .ok()
        .filter(|length| *length < 128)
        .expect("short form");
    [&[tag, length], body].concat()
}
