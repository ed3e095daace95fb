//! `ClientHello` and `ServerHello`, as TLS, DTLS and QUIC carry them.
//!
//! Source: RFC 8446 section 4.1 and 4.2, RFC 5246 section 7.4.1, RFC 6347 section 4.2.1 (cookie),
//! RFC 8701 (GREASE). Both borrow the handshake message's body, without its header of four octets
//! (DTLS: twelve), read nothing twice and allocate nothing. A list that is cut off ends early.

/// Extension `server_name` (RFC 6066 section 3).
pub const SERVER_NAME: u16 = 0;
/// Extension `application_layer_protocol_negotiation` (RFC 7301).
pub const ALPN: u16 = 16;

const TLS_1_3: u16 = 0x0304;
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
/// Drafts of Encrypted Client Hello before its number settled, ESNI the first of them.
const ENCRYPTED_NAME_DRAFTS: [u16; 6] = [0xffce, 0xff02, 0xfe08, 0xfe09, 0xfe0a, 0xfe0b];
/// `random` of a `ServerHello` that is a `HelloRetryRequest` (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Whether a number is one of those that mean nothing and must be ignored (RFC 8701).
#[must_use]
pub const fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// One extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its number, GREASE among them.
    pub kind: u16,
    /// Its data.
    pub data: &'a [u8],
}

/// What a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// `legacy_version`.
    pub version: u16,
    /// 32 octets.
    pub random: &'a [u8],
    /// 0 to 32 octets.
    pub session_id: &'a [u8],
    /// DTLS: what the server asked to be sent back.
    pub cookie: &'a [u8],
    /// `legacy_compression_methods`.
    pub compressions: &'a [u8],
    ciphers: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// Reads the body of a handshake message of TLS or QUIC.
    #[must_use]
    pub fn parse(handshake_body: &'a [u8]) -> Option<Self> {
        Self::read(handshake_body, false)
    }

    /// Reads the beginning of such a body: the extensions that are there whole.
    #[must_use]
    pub fn parse_cut(beginning: &'a [u8]) -> Option<Self> {
        let (version, rest) = word(beginning)?;
        let (random, rest) = rest.split_at_checked(RETRY.len())?;
        let (session_id, rest) = short(rest)?;
        let (ciphers, rest) = long(rest)?;
        let (compressions, rest) = short(rest)?;
        let (_, extensions) = word(rest)?;
        Some(Self {
            version,
            random,
            session_id,
            cookie: &[],
            compressions,
            ciphers,
            extensions,
        })
    }

    /// Reads the body of a handshake message of DTLS, which has a cookie.
    #[must_use]
    pub fn parse_dtls(handshake_body: &'a [u8]) -> Option<Self> {
        Self::read(handshake_body, true)
    }

    fn read(body: &'a [u8], has_cookie: bool) -> Option<Self> {
        let (version, rest) = word(body)?;
        let (random, rest) = rest.split_at_checked(RETRY.len())?;
        let (session_id, rest) = short(rest)?;
        let (cookie, rest) = if has_cookie { short(rest)? } else { (&[][..], rest) };
        let (ciphers, rest) = long(rest)?;
        let (compressions, rest) = short(rest)?;
        if ciphers.len() % 2 != 0 {
            return None;
        }
        Some(Self {
            version,
            random,
            session_id,
            cookie,
            compressions,
            ciphers,
            extensions: block(rest)?,
        })
    }

    /// Cipher suites in the client's order, GREASE among them.
    pub fn ciphers(&self) -> impl Iterator<Item = u16> + use<'a> {
        words(self.ciphers)
    }

    /// Extensions in the client's order, GREASE among them.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        Extensions(self.extensions)
    }

    /// Data of the first extension of a kind.
    #[must_use]
    pub fn extension(&self, kind: u16) -> Option<&'a [u8]> {
        find(self.extensions, kind)
    }

    /// Host names that are asked for; more than one is against RFC 6066.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let list = self
            .extension(SERVER_NAME)
            .and_then(long)
            .map_or(&[][..], |(list, _)| list);
        Names(list)
    }

    /// The host name that is asked for, as it was sent.
    #[must_use]
    pub fn sni(&self) -> Option<&'a [u8]> {
        self.names().next()
    }

    /// Application protocols that are offered, in the client's order.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        alpn(self.extension(ALPN))
    }

    /// `supported_versions`, in the client's order, GREASE among them.
    pub fn supported_versions(&self) -> impl Iterator<Item = u16> + use<'a> {
        let list = self.extension(SUPPORTED_VERSIONS).and_then(short);
        words(list.map_or(&[][..], |(list, _)| list))
    }

    /// The newest version that is offered: of `supported_versions`, else `legacy_version`. DTLS
    /// counts downwards; drafts of TLS 1.3 have greater numbers than the version they became, and
    /// are older.
    #[must_use]
    pub fn best_version(&self) -> u16 {
        let offered = || self.supported_versions().filter(|version| !is_grease(*version));
        let best = if self.version >= 0xfe00 {
            offered().min()
        } else {
            offered()
                .find(|version| *version == TLS_1_3)
                .or_else(|| offered().max())
        };
        best.unwrap_or(self.version)
    }

    /// The greatest number of `supported_versions`, else `legacy_version`: what JA4 goes by. DTLS
    /// counts downwards.
    #[must_use]
    pub fn greatest_version(&self) -> u16 {
        let offered = self.supported_versions().filter(|version| !is_grease(*version));
        let greatest = if self.version >= 0xfe00 {
            offered.min()
        } else {
            offered.max()
        };
        greatest.unwrap_or(self.version)
    }

    /// `supported_groups`, formerly `elliptic_curves`, GREASE among them.
    pub fn groups(&self) -> impl Iterator<Item = u16> + use<'a> {
        word_list(self.extension(GROUPS))
    }

    /// `ec_point_formats`.
    #[must_use]
    pub fn point_formats(&self) -> &'a [u8] {
        self.extension(POINT_FORMATS)
            .and_then(short)
            .map_or(&[], |(list, _)| list)
    }

    /// `signature_algorithms`, in the client's order, GREASE among them.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = u16> + use<'a> {
        word_list(self.extension(SIGNATURE_ALGORITHMS))
    }

    /// Whether the name that is asked for is encrypted, or pretends to be (GREASE): Encrypted Client
    /// Hello or one of its drafts.
    #[must_use]
    pub fn has_ech(&self) -> bool {
        self.extensions()
            .any(|one| one.kind == ENCRYPTED_CLIENT_HELLO || ENCRYPTED_NAME_DRAFTS.contains(&one.kind))
    }

    /// Whether data follows at once, before the server answered.
    #[must_use]
    pub fn has_early_data(&self) -> bool {
        self.extension(EARLY_DATA).is_some()
    }

    /// Whether a key of an earlier session is offered (TLS 1.3).
    #[must_use]
    pub fn has_psk(&self) -> bool {
        self.extension(PRE_SHARED_KEY).is_some()
    }

    /// Whether a ticket of an earlier session is offered (RFC 5077).
    #[must_use]
    pub fn has_ticket(&self) -> bool {
        self.extension(SESSION_TICKET)
            .is_some_and(|ticket| !ticket.is_empty())
    }
}

/// What a server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// `legacy_version`.
    pub version: u16,
    /// 32 octets.
    pub random: &'a [u8],
    /// 0 to 32 octets.
    pub session_id: &'a [u8],
    /// The cipher suite.
    pub cipher: u16,
    /// Compression method.
    pub compression: u8,
    extensions: &'a [u8],
}

impl<'a> ServerHello<'a> {
    /// Reads the body of a handshake message of TLS, DTLS or QUIC.
    #[must_use]
    pub fn parse(handshake_body: &'a [u8]) -> Option<Self> {
        let (version, rest) = word(handshake_body)?;
        let (random, rest) = rest.split_at_checked(RETRY.len())?;
        // Drafts 18 to 21 of TLS 1.3 have neither session nor compression here.
        let is_early_draft = version >> 8 == 0x7f;
        let (session_id, rest) = if is_early_draft {
            (&[][..], rest)
        } else {
            short(rest)?
        };
        let (cipher, rest) = word(rest)?;
        let (compression, rest) = match rest.split_first() {
            _ if is_early_draft => (0, rest),
            Some((compression, rest)) => (*compression, rest),
            None => return None,
        };
        Some(Self {
            version,
            random,
            session_id,
            cipher,
            compression,
            extensions: block(rest)?,
        })
    }

    /// Extensions in the server's order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        Extensions(self.extensions)
    }

    /// Data of the first extension of a kind.
    #[must_use]
    pub fn extension(&self, kind: u16) -> Option<&'a [u8]> {
        find(self.extensions, kind)
    }

    /// The version that is spoken from here: of `supported_versions`, else `legacy_version`.
    #[must_use]
    pub fn chosen_version(&self) -> u16 {
        self.extension(SUPPORTED_VERSIONS)
            .and_then(word)
            .map_or(self.version, |(version, _)| version)
    }

    /// The application protocol that was chosen.
    #[must_use]
    pub fn alpn(&self) -> Option<&'a [u8]> {
        alpn(self.extension(ALPN)).next()
    }

    /// The group of the key exchange that was chosen (TLS 1.3).
    #[must_use]
    pub fn group(&self) -> Option<u16> {
        let (group, _) = word(self.extension(KEY_SHARE)?)?;
        Some(group)
    }

    /// Whether this asks the client to say hello again (`HelloRetryRequest`).
    #[must_use]
    pub fn is_retry(&self) -> bool {
        self.random == RETRY
    }

    /// Whether the key of an earlier session was taken (TLS 1.3).
    #[must_use]
    pub fn has_psk(&self) -> bool {
        self.extension(PRE_SHARED_KEY).is_some()
    }
}

/// Extensions after one another; what is cut off is left out.
struct Extensions<'a>(&'a [u8]);

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = word(self.0)?;
        let (data, rest) = long(rest)?;
        self.0 = rest;
        Some(Extension { kind, data })
    }
}

/// Host names of a `ServerNameList`; names of other types are passed over.
struct Names<'a>(&'a [u8]);

impl<'a> Iterator for Names<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (kind, rest) = self.0.split_first()?;
            let (name, rest) = long(rest)?;
            self.0 = rest;
            if *kind == 0 {
                return Some(name);
            }
        }
    }
}

fn alpn<'a>(extension: Option<&'a [u8]>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let mut rest = extension.and_then(long).map_or(&[][..], |(list, _)| list);
    std::iter::from_fn(move || {
        let (name, after) = short(rest)?;
        rest = after;
        Some(name)
    })
}

fn find(extensions: &[u8], kind: u16) -> Option<&[u8]> {
    Extensions(extensions).find_map(|extension| (extension.kind == kind).then_some(extension.data))
}

/// The block of extensions at the end of a hello, which may be left out altogether.
fn block(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() {
        Some(rest)
    } else {
        long(rest).map(|(block, _)| block)
    }
}

fn word_list<'a>(extension: Option<&'a [u8]>) -> impl Iterator<Item = u16> + use<'a> {
    words(extension.and_then(long).map_or(&[][..], |(list, _)| list))
}

fn words(octets: &[u8]) -> impl Iterator<Item = u16> {
    octets
        .as_chunks::<2>()
        .0
        .iter()
        .map(|word| u16::from_be_bytes(*word))
}

/// A number of two octets, and what follows.
pub(super) fn word(octets: &[u8]) -> Option<(u16, &[u8])> {
    let (word, rest) = octets.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*word), rest))
}

/// What a length of one octet stands before, and what follows.
fn short(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first()?;
    rest.split_at_checked(usize::from(*len))
}

/// What a length of two octets stands before, and what follows.
fn long(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = word(octets)?;
    rest.split_at_checked(usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_hello_is_read_in_the_order_in_which_it_was_written() {
        let body = sample::chrome(b"example.org");

        let hello = ClientHello::parse(&body).unwrap();

        assert_eq!(hello.sni(), Some(&b"example.org"[..]));
        assert_eq!(hello.alpn().collect::<Vec<_>>(), [b"h2"]);
        assert_eq!(
            hello.supported_versions().collect::<Vec<_>>(),
            [0xdada, 0x0304, 0x0303]
        );
        assert_eq!(hello.best_version(), 0x0304);
        assert_eq!(hello.groups().collect::<Vec<_>>(), [0xaaaa, 29, 23, 24]);
        assert_eq!(hello.point_formats(), [0]);
        assert_eq!(hello.signature_algorithms().next(), Some(0x0403));
        assert_eq!(hello.ciphers().count(), 16);
        assert_eq!(hello.extensions().next().map(|first| first.kind), Some(0x1a1a));
        assert!(!hello.has_ech() && !hello.has_psk() && !hello.has_early_data() && !hello.has_ticket());
    }

    #[test]
    fn a_hello_without_extensions_is_whole() {
        for extensions in [&[][..], &[0, 0]] {
            let body = sample::client_hello(0x0301, &[4, 5], extensions);

            let hello = ClientHello::parse(&body).unwrap();

            assert_eq!(hello.extensions().count(), 0);
            assert_eq!((hello.sni(), hello.best_version()), (None, 0x0301));
        }
    }

    #[test]
    fn a_hello_that_is_cut_off_is_none() {
        let body = sample::chrome(b"example.org");
        for len in 0..body.len() {
            // Where the block of extensions would begin, a hello may end.
            let is_without_extensions = len == 2 + 32 + 1 + 2 + 32 + 2;
            assert_eq!(
                ClientHello::parse(&body[..len]).is_some(),
                is_without_extensions,
                "{len}"
            );
        }
    }

    #[test]
    fn datagrams_have_a_cookie_and_count_versions_downwards() {
        let offered = sample::extensions(&[(43, [&[4][..], &sample::words(&[0xfefd, 0xfefc])].concat())]);
        let mut body = sample::client_hello(0xfefd, &[0x1301], &offered);
        body.splice(35..35, [2, 8, 9]);

        let hello = ClientHello::parse_dtls(&body).unwrap();

        assert_eq!((hello.cookie, hello.best_version()), (&[8, 9][..], 0xfefc));
    }

    #[test]
    fn a_draft_of_tls_1_3_is_older_than_what_it_became() {
        // draft-ietf-tls-tls13-28 section 4.2.1.1: 0x7f00 and the draft's number.
        for (offered, best, greatest) in [
            (&[0x7f1c, 0x0304, 0x0303][..], 0x0304, 0x7f1c),
            (&[0x3a3a, 0x7f17, 0x0303], 0x7f17, 0x7f17),
            (&[0x0303, 0x0302], 0x0303, 0x0303),
        ] {
            let list = sample::words(offered);
            let list = [&[u8::try_from(list.len()).unwrap()], &list[..]].concat();
            let body = sample::client_hello(0x0303, &[0x1301], &sample::extensions(&[(43, list)]));

            let hello = ClientHello::parse(&body).unwrap();

            assert_eq!((hello.best_version(), hello.greatest_version()), (best, greatest));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_a_hello_panic(octets: Vec<u8>) {
            for hello in [ClientHello::parse(&octets), ClientHello::parse_dtls(&octets)].into_iter().flatten() {
                let _ = (hello.sni(), hello.best_version(), hello.groups().count(), hello.alpn().count());
            }
            if let Some(hello) = ServerHello::parse(&octets) {
                let _ = (hello.alpn(), hello.chosen_version(), hello.extensions().count());
            }
        }
    }
}
