//! Words of the DNS registries.
//!
//! Sources: IANA "Domain Name System (DNS) Parameters"; RFC 1002 section 4.2 for NetBIOS.

use std::borrow::Cow;

use super::dialect::Dialect;

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const PTR: u16 = 12;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
/// NetBIOS name and node status have numbers that the Internet's registry gives to others.
pub(super) const NB: u16 = 32;
pub(super) const NBSTAT: u16 = 33;
pub(super) const SRV: u16 = 33;
pub(super) const DNAME: u16 = 39;
pub(super) const OPT: u16 = 41;
pub(super) const SVCB: u16 = 64;
pub(super) const HTTPS: u16 = 65;

const TYPES: &[(u16, &str)] = &[
    (A, "A"),
    (NS, "NS"),
    (3, "MD"),
    (4, "MF"),
    (CNAME, "CNAME"),
    (SOA, "SOA"),
    (7, "MB"),
    (8, "MG"),
    (9, "MR"),
    (10, "NULL"),
    (11, "WKS"),
    (PTR, "PTR"),
    (13, "HINFO"),
    (14, "MINFO"),
    (MX, "MX"),
    (TXT, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (24, "SIG"),
    (25, "KEY"),
    (AAAA, "AAAA"),
    (29, "LOC"),
    (SRV, "SRV"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (DNAME, "DNAME"),
    (OPT, "OPT"),
    (43, "DS"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (55, "HIP"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (SVCB, "SVCB"),
    (HTTPS, "HTTPS"),
    (99, "SPF"),
    (108, "EUI48"),
    (109, "EUI64"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (253, "MAILB"),
    (254, "MAILA"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
];

const CODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (11, "DSOTYPENI"),
    (16, "BADVERS"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (19, "BADMODE"),
    (20, "BADNAME"),
    (21, "BADALG"),
    (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

const NETBIOS_CODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FMT_ERR"),
    (2, "SRV_ERR"),
    (3, "NAM_ERR"),
    (4, "IMP_ERR"),
    (5, "RFS_ERR"),
    (6, "ACT_ERR"),
    (7, "CFT_ERR"),
];

/// The word of a record type; one without a word as RFC 3597 section 5 writes it.
pub(super) fn rrtype(dialect: Dialect, number: u16) -> Cow<'static, str> {
    match (dialect, number) {
        (Dialect::Nbns, NB) => "NB".into(),
        (Dialect::Nbns, NBSTAT) => "NBSTAT".into(),
        (_, A) => "A".into(),
        (_, AAAA) => "AAAA".into(),
        _ => word(TYPES, number).map_or_else(|| format!("TYPE{number}").into(), Into::into),
    }
}

/// The word of a response code; the number of one without a word.
pub(super) fn rcode(dialect: Dialect, number: u16) -> Cow<'static, str> {
    let codes = match dialect {
        Dialect::Nbns => NETBIOS_CODES,
        _ => CODES,
    };
    word(codes, number).map_or_else(|| number.to_string().into(), Into::into)
}

fn word(words: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    let at = words.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    words.get(at).map(|(_, word)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_number() {
        assert!(
            [CODES, NETBIOS_CODES, TYPES]
                .iter()
                .all(|words| words.is_sorted())
        );
        assert_eq!(&*rrtype(Dialect::Dns, 65), "HTTPS");
        assert_eq!(&*rrtype(Dialect::Dns, 33), "SRV");
        assert_eq!(&*rrtype(Dialect::Nbns, 33), "NBSTAT");
        assert_eq!(&*rrtype(Dialect::Dns, 65534), "TYPE65534");
        assert_eq!(&*rcode(Dialect::Dns, 3), "NXDOMAIN");
        assert_eq!(&*rcode(Dialect::Dns, 12), "12");
    }
}
