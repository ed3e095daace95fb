//! Words of Kerberos' registers.
//!
//! Source: RFC 4120 sections 5.10 (messages) and 7.5.9 (errors); IANA "Kerberos Encryption Type
//! Numbers"; RFC 6649 and RFC 8429 (what is weak).

/// Which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    AsReq,
    AsRep,
    TgsReq,
    TgsRep,
    ApReq,
    ApRep,
    Safe,
    Priv,
    Cred,
    Error,
}

/// The message of an application tag.
pub(super) const fn message(tag: u8) -> Option<Kind> {
    Some(match tag {
        0x6a => Kind::AsReq,
        0x6b => Kind::AsRep,
        0x6c => Kind::TgsReq,
        0x6d => Kind::TgsRep,
        0x6e => Kind::ApReq,
        0x6f => Kind::ApRep,
        0x74 => Kind::Safe,
        0x75 => Kind::Priv,
        0x76 => Kind::Cred,
        0x7e => Kind::Error,
        _ => return None,
    })
}

impl Kind {
    /// The specification's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsReq => "KRB_AS_REQ",
            Self::AsRep => "KRB_AS_REP",
            Self::TgsReq => "KRB_TGS_REQ",
            Self::TgsRep => "KRB_TGS_REP",
            Self::ApReq => "KRB_AP_REQ",
            Self::ApRep => "KRB_AP_REP",
            Self::Safe => "KRB_SAFE",
            Self::Priv => "KRB_PRIV",
            Self::Cred => "KRB_CRED",
            Self::Error => "KRB_ERROR",
        }
    }

    /// Whether it asks the key distribution centre; the version of these stands in field 1, that of
    /// all others in field 0.
    pub(super) const fn is_request(self) -> bool {
        matches!(self, Self::AsReq | Self::TgsReq)
    }

    /// Whether a message is the answer to this one.
    pub(super) const fn is_answered_by(self, answer: Self) -> bool {
        matches!(
            (self, answer),
            (Self::AsReq, Self::AsRep) | (Self::TgsReq, Self::TgsRep)
        )
    }
}

/// IANA's name of an encryption type.
pub(super) fn etype(number: u64) -> String {
    let word = match number {
        1 => "des-cbc-crc",
        2 => "des-cbc-md4",
        3 => "des-cbc-md5",
        5 => "des3-cbc-md5",
        7 => "des3-cbc-sha1",
        16 => "des3-cbc-sha1-kd",
        17 => "aes128-cts-hmac-sha1-96",
        18 => "aes256-cts-hmac-sha1-96",
        19 => "aes128-cts-hmac-sha256-128",
        20 => "aes256-cts-hmac-sha384-192",
        23 => "rc4-hmac",
        24 => "rc4-hmac-exp",
        25 => "camellia128-cts-cmac",
        26 => "camellia256-cts-cmac",
        _ => return number.to_string(),
    };
    word.to_owned()
}

/// Whether an encryption type is DES, triple DES or RC4.
pub(super) const fn is_weak(number: u64) -> bool {
    matches!(number, 1..=7 | 16 | 23 | 24)
}

/// The name of an error.
pub(super) fn error(number: u64) -> String {
    let word = match number {
        0 => "KDC_ERR_NONE",
        1 => "KDC_ERR_NAME_EXP",
        2 => "KDC_ERR_SERVICE_EXP",
        3 => "KDC_ERR_BAD_PVNO",
        6 => "KDC_ERR_C_PRINCIPAL_UNKNOWN",
        7 => "KDC_ERR_S_PRINCIPAL_UNKNOWN",
        8 => "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
        9 => "KDC_ERR_NULL_KEY",
        10 => "KDC_ERR_CANNOT_POSTDATE",
        11 => "KDC_ERR_NEVER_VALID",
        12 => "KDC_ERR_POLICY",
        13 => "KDC_ERR_BADOPTION",
        14 => "KDC_ERR_ETYPE_NOSUPP",
        15 => "KDC_ERR_SUMTYPE_NOSUPP",
        16 => "KDC_ERR_PADATA_TYPE_NOSUPP",
        18 => "KDC_ERR_CLIENT_REVOKED",
        19 => "KDC_ERR_SERVICE_REVOKED",
        20 => "KDC_ERR_TGT_REVOKED",
        23 => "KDC_ERR_KEY_EXPIRED",
        24 => "KDC_ERR_PREAUTH_FAILED",
        25 => "KDC_ERR_PREAUTH_REQUIRED",
        26 => "KDC_ERR_SERVER_NOMATCH",
        27 => "KDC_ERR_MUST_USE_USER2USER",
        28 => "KDC_ERR_PATH_NOT_ACCEPTED",
        29 => "KDC_ERR_SVC_UNAVAILABLE",
        31 => "KRB_AP_ERR_BAD_INTEGRITY",
        32 => "KRB_AP_ERR_TKT_EXPIRED",
        33 => "KRB_AP_ERR_TKT_NYV",
        34 => "KRB_AP_ERR_REPEAT",
        35 => "KRB_AP_ERR_NOT_US",
        36 => "KRB_AP_ERR_BADMATCH",
        37 => "KRB_AP_ERR_SKEW",
        41 => "KRB_AP_ERR_MODIFIED",
        44 => "KRB_AP_ERR_BADKEYVER",
        45 => "KRB_AP_ERR_NOKEY",
        52 => "KRB_ERR_RESPONSE_TOO_BIG",
        60 => "KRB_ERR_GENERIC",
        61 => "KRB_ERR_FIELD_TOOLONG",
        62 => "KDC_ERR_CLIENT_NOT_TRUSTED",
        68 => "KDC_ERR_WRONG_REALM",
        _ => return number.to_string(),
    };
    word.to_owned()
}
