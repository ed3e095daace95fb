//! Numbers of IKE and their names, of those an analyst meets.
//!
//! Sources: IANA "Internet Key Exchange Version 2 (IKEv2) Parameters" and "Internet Key Exchange
//! (IKE) Attributes"; what is weak is after RFC 8247 and RFC 9395. Vendor IDs as strongSwan and
//! Wireshark name them.

/// Name of a number, and whether it should not be used any more.
pub(super) type Name = (&'static str, bool);

/// Transform types of version 2, as keys of facts.
pub(super) const fn kind_2(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "alg_enc",
        2 => "alg_prf",
        3 => "alg_auth",
        4 => "alg_dh",
        5 => "alg_esn",
        _ => return None,
    })
}

/// Attribute types of version 1 that choose an algorithm, as keys of facts.
pub(super) const fn kind_1(kind: u16) -> Option<&'static str> {
    Some(match kind {
        1 => "alg_enc",
        2 => "alg_hash",
        3 => "auth_method",
        4 => "alg_dh",
        _ => return None,
    })
}

/// A transform of version 2.
pub(super) const fn transform_2(kind: u8, id: u16) -> Option<Name> {
    Some(match (kind, id) {
        (1, 1) => ("DES_IV64", true),
        (1, 2) => ("DES", true),
        (1, 3) => ("3DES", true),
        (1, 5) => ("IDEA", true),
        (1, 6) => ("CAST", true),
        (1, 7) => ("BLOWFISH", true),
        (1, 11) => ("NULL", true),
        (1, 12) => ("AES_CBC", false),
        (1, 13) => ("AES_CTR", false),
        (1, 14) => ("AES_CCM_8", false),
        (1, 16) => ("AES_CCM_16", false),
        (1, 18) => ("AES_GCM_8", false),
        (1, 19) => ("AES_GCM_12", false),
        (1, 20) => ("AES_GCM_16", false),
        (1, 23) => ("CAMELLIA_CBC", false),
        (1, 28) => ("CHACHA20_POLY1305", false),
        (2, 1) => ("HMAC_MD5", true),
        (2, 2) => ("HMAC_SHA1", true),
        (2, 4) => ("AES128_XCBC", false),
        (2, 5) => ("HMAC_SHA2_256", false),
        (2, 6) => ("HMAC_SHA2_384", false),
        (2, 7) => ("HMAC_SHA2_512", false),
        (2, 8) => ("AES128_CMAC", false),
        (3, 0) => ("NONE", false),
        (3, 1) => ("HMAC_MD5_96", true),
        (3, 2) => ("HMAC_SHA1_96", true),
        (3, 5) => ("AES_XCBC_96", false),
        (3, 8) => ("AES_CMAC_96", false),
        (3, 12) => ("HMAC_SHA2_256_128", false),
        (3, 13) => ("HMAC_SHA2_384_192", false),
        (3, 14) => ("HMAC_SHA2_512_256", false),
        (4, id) => return group(id),
        (5, 0) => ("NO_ESN", false),
        (5, 1) => ("ESN", false),
        _ => return None,
    })
}

/// An attribute's value of version 1.
pub(super) const fn attribute_1(kind: u16, value: u16) -> Option<Name> {
    Some(match (kind, value) {
        (1, 1) => ("DES", true),
        (1, 2) => ("IDEA", true),
        (1, 3) => ("BLOWFISH", true),
        (1, 4) => ("RC5", true),
        (1, 5) => ("3DES", true),
        (1, 6) => ("CAST", true),
        (1, 7) => ("AES_CBC", false),
        (1, 8) => ("CAMELLIA_CBC", false),
        (2, 1) => ("MD5", true),
        (2, 2) => ("SHA1", true),
        (2, 3) => ("TIGER", true),
        (2, 4) => ("SHA2_256", false),
        (2, 5) => ("SHA2_384", false),
        (2, 6) => ("SHA2_512", false),
        (3, 1) => ("PSK", false),
        (3, 2) => ("DSS", true),
        (3, 3) => ("RSA_SIG", false),
        (3, 4 | 5) => ("RSA_ENC", false),
        (3, 64221) => ("HYBRID_INIT_RSA", false),
        (3, 65001) => ("XAUTH_PSK", false),
        (3, 65005) => ("XAUTH_RSA", false),
        (4, id) => return group(id),
        _ => return None,
    })
}

const fn group(id: u16) -> Option<Name> {
    Some(match id {
        1 => ("MODP_768", true),
        2 => ("MODP_1024", true),
        5 => ("MODP_1536", true),
        14 => ("MODP_2048", false),
        15 => ("MODP_3072", false),
        16 => ("MODP_4096", false),
        17 => ("MODP_6144", false),
        18 => ("MODP_8192", false),
        19 => ("ECP_256", false),
        20 => ("ECP_384", false),
        21 => ("ECP_521", false),
        22 => ("MODP_1024_160", true),
        23 => ("MODP_2048_224", true),
        24 => ("MODP_2048_256", true),
        31 => ("CURVE25519", false),
        32 => ("CURVE448", false),
        _ => return None,
    })
}

/// An exchange of either version.
pub(super) const fn exchange(major: u8, kind: u8) -> Option<&'static str> {
    Some(match (major, kind) {
        (1, 1) => "base",
        (1, 2) => "identity protection",
        (1, 3) => "authentication only",
        (1, 4) => "aggressive",
        (1, 5) => "informational",
        (1, 6) => "transaction",
        (1, 32) => "quick mode",
        (1, 33) => "new group mode",
        (2, 34) => "IKE_SA_INIT",
        (2, 35) => "IKE_AUTH",
        (2, 36) => "CREATE_CHILD_SA",
        (2, 37) => "INFORMATIONAL",
        (2, 38) => "IKE_SESSION_RESUME",
        (2, 43) => "IKE_INTERMEDIATE",
        (2, 44) => "IKE_FOLLOWUP_KE",
        _ => return None,
    })
}

/// A payload of either version; [`None`] where there is no such.
pub(super) const fn payload(major: u8, kind: u8) -> Option<&'static str> {
    Some(match (major, kind) {
        (1, 1) | (2, 33) => "SecurityAssociation",
        (1, 2) => "Proposal",
        (1, 3) => "Transform",
        (1, 4) | (2, 34) => "KeyExchange",
        (1, 5) => "Identification",
        (1, 6) | (2, 37) => "Certificate",
        (1, 7) | (2, 38) => "CertificateRequest",
        (1, 8) => "Hash",
        (1, 9) => "Signature",
        (1, 10) | (2, 40) => "Nonce",
        (1, 11) | (2, 41) => "Notification",
        (1, 12) | (2, 42) => "Delete",
        (1, 13) | (2, 43) => "VendorID",
        (1, 14) => "Attributes",
        (1, 20 | 130) => "NatDiscovery",
        (1, 21 | 131) => "NatOriginalAddress",
        (2, 35) => "IdentificationInitiator",
        (2, 36) => "IdentificationResponder",
        (2, 39) => "Authentication",
        (2, 44) => "TrafficSelectorInitiator",
        (2, 45) => "TrafficSelectorResponder",
        (2, 46) => "EncryptedAndAuthenticated",
        (2, 47) => "Configuration",
        (2, 48) => "ExtensibleAuthentication",
        (2, 53) => "EncryptedFragment",
        (1, 132) => "Fragment",
        _ => return None,
    })
}

/// A notification of version 2.
pub(super) const fn notification(kind: u16) -> Option<&'static str> {
    Some(match kind {
        1 => "UNSUPPORTED_CRITICAL_PAYLOAD",
        4 => "INVALID_IKE_SPI",
        5 => "INVALID_MAJOR_VERSION",
        7 => "INVALID_SYNTAX",
        9 => "INVALID_MESSAGE_ID",
        11 => "INVALID_SPI",
        14 => "NO_PROPOSAL_CHOSEN",
        17 => "INVALID_KE_PAYLOAD",
        24 => "AUTHENTICATION_FAILED",
        43 => "TEMPORARY_FAILURE",
        16388 => "NAT_DETECTION_SOURCE_IP",
        16389 => "NAT_DETECTION_DESTINATION_IP",
        16390 => "COOKIE",
        16404 => "MULTIPLE_AUTH_SUPPORTED",
        16406 => "REDIRECT_SUPPORTED",
        16430 => "IKEV2_FRAGMENTATION_SUPPORTED",
        16431 => "SIGNATURE_HASH_ALGORITHMS",
        16438 => "INTERMEDIATE_EXCHANGE_SUPPORTED",
        _ => return None,
    })
}

/// What a vendor ID stands for, by its first octets.
const VENDORS: &[(&[u8], &str)] = &[
    (&[0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9], "RFC 3706 DPD"),
    (
        &[0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45],
        "RFC 3947 NAT-T",
    ),
    (
        &[0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e],
        "NAT-T draft 02",
    ),
    (
        &[0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8],
        "NAT-T draft 02",
    ),
    (
        &[0x44, 0x85, 0x15, 0x2d, 0x18, 0xb6, 0xbb, 0xcd],
        "NAT-T draft 00",
    ),
    (
        &[0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f],
        "NAT-T draft 03",
    ),
    (
        &[0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85],
        "Cisco Fragmentation",
    ),
    (&[0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12], "XAUTH"),
    (&[0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9], "Cisco Unity"),
    (&[0x1e, 0x2b, 0x51, 0x69, 0x05, 0x99, 0x1c, 0x7d], "Windows"),
    (
        &[0x26, 0x24, 0x4d, 0x38, 0xed, 0xdb, 0x61, 0xb3],
        "Microsoft Vid-Initial-Contact",
    ),
    (
        &[0xfb, 0x1d, 0xe3, 0xcd, 0xf3, 0x41, 0xb7, 0xea],
        "Microsoft Negotiation Discovery",
    ),
    (&[0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc], "strongSwan"),
    (
        &[0x82, 0x99, 0x03, 0x17, 0x57, 0xa3, 0x60, 0x82],
        "Fortinet FortiGate",
    ),
    (&[0xf4, 0xed, 0x19, 0xe0, 0xc1, 0x14, 0xeb, 0x51], "Check Point"),
];

/// What a vendor ID stands for.
pub(super) fn vendor(id: &[u8]) -> Option<&'static str> {
    VENDORS
        .iter()
        .find_map(|(start, name)| id.starts_with(start).then_some(*name))
}
