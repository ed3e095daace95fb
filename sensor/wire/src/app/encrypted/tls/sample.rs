//! Hellos and records put together by hand, for tests.

/// What a length of two octets stands before.
pub(crate) fn long(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
}

/// Numbers of two octets after one another.
pub(crate) fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Extensions of those kinds and data.
pub(crate) fn extensions(list: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let each = list
        .iter()
        .map(|(kind, data)| [words(&[*kind]), long(data)].concat());
    long(&each.collect::<Vec<_>>().concat())
}

/// Data of `server_name`.
pub(crate) fn server_name(name: &[u8]) -> Vec<u8> {
    long(&[&[0][..], &long(name)].concat())
}

/// Data of `application_layer_protocol_negotiation`.
pub(crate) fn alpn(name: &[u8]) -> Vec<u8> {
    long(&[&[u8::try_from(name.len()).unwrap()][..], name].concat())
}

/// Body of a `ClientHello`; without a block of extensions where `extensions` is empty.
pub(crate) fn client_hello(version: u16, ciphers: &[u16], extensions: &[u8]) -> Vec<u8> {
    [
        &version.to_be_bytes()[..],
        &[7; 32],
        &[0],
        &long(&words(ciphers)),
        &[1, 0],
        extensions,
    ]
    .concat()
}

/// Body of a `ServerHello`.
pub(crate) fn server_hello(version: u16, random: [u8; 32], cipher: u16, extensions: &[u8]) -> Vec<u8> {
    [
        &version.to_be_bytes()[..],
        &random,
        &[0],
        &cipher.to_be_bytes(),
        &[0],
        extensions,
    ]
    .concat()
}

/// A handshake message.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, high, middle, low][..], body].concat()
}

/// A record of version 3.3.
pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &long(body)].concat()
}

/// The cipher suites and extensions of the example of JA4's definition, with GREASE at both ends.
pub(crate) fn chrome(name: &[u8]) -> Vec<u8> {
    let ciphers = [
        0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let list = [
        (0x1a1a, vec![]),
        (0x001b, vec![2, 0, 2]),
        (0x0000, server_name(name)),
        (0x0033, vec![0, 0]),
        (0x0010, alpn(b"h2")),
        (0x4469, vec![0, 3, 2, b'h', b'2']),
        (0x0017, vec![]),
        (0x002d, vec![1, 1]),
        (0x000d, long(&words(&algorithms))),
        (0x0005, vec![1, 0, 0, 0, 0]),
        (0x0023, vec![]),
        (0x0012, vec![]),
        (0x002b, [&[6][..], &words(&[0xdada, 0x0304, 0x0303])].concat()),
        (0xff01, vec![0]),
        (0x000b, vec![1, 0]),
        (0x000a, long(&words(&[0xaaaa, 29, 23, 24]))),
        (0x0015, vec![0; 4]),
        (0xfafa, vec![0]),
    ];
    client_hello(0x0303, &ciphers, &extensions(&list))
}
