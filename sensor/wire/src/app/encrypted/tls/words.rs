//! Numbers of TLS as the words that analysts know.
//!
//! Source: IANA's TLS parameters; the names of versions are those of Suricata's records.

use std::borrow::Cow;

use tls_parser::TlsCipherSuite;

/// A version of SSL, TLS or DTLS.
pub(in crate::app::encrypted) fn version(version: u16) -> Cow<'static, str> {
    Cow::Borrowed(match version {
        0x0002 => "SSLv2",
        0x0300 => "SSLv3",
        0x0301 => "TLSv1",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        0xfeff => "DTLS 1.0",
        0xfefd => "DTLS 1.2",
        0xfefc => "DTLS 1.3",
        0x7f00..=0x7fff => return format!("TLS 1.3 draft-{:02}", version & 0xff).into(),
        _ => return format!("0x{version:04x}").into(),
    })
}

/// Whether everything after the hellos is encrypted: TLS 1.3 and its drafts, Facebook's among them.
pub(in crate::app::encrypted) const fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0xfefc | 0x7f00..=0x7fff | 0xfb00..=0xfbff)
}

/// A cipher suite.
pub(in crate::app::encrypted) fn cipher(cipher: u16) -> Cow<'static, str> {
    TlsCipherSuite::from_id(cipher)
        .map_or_else(|| format!("0x{cipher:04x}").into(), |suite| suite.name.into())
}

/// A group of the key exchange, as Zeek names it.
pub(in crate::app::encrypted) fn group(group: u16) -> Cow<'static, str> {
    Cow::Borrowed(match group {
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        29 => "x25519",
        30 => "x448",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        4587 => "SecP256r1MLKEM768",
        4588 => "X25519MLKEM768",
        4589 => "SecP384r1MLKEM1024",
        0x6399 => "X25519Kyber768Draft00",
        _ => return group.to_string().into(),
    })
}

/// What an alert is about (RFC 8446 section 6 and before).
pub(in crate::app::encrypted) fn alert(description: u8) -> Cow<'static, str> {
    Cow::Borrowed(match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return description.to_string().into(),
    })
}
