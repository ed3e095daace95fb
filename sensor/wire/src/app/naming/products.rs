//! Products for remote access and tunnels that are told by what they say.

use sekisho_model::app::{App, Essential};

use super::{Belief, Words};

/// A product.
#[derive(Debug)]
pub struct Product {
    /// The word in every output.
    pub name: &'static str,
    /// The name a person reads.
    pub title: &'static str,
    /// How far it is to be believed.
    pub belief: Belief,
    /// What tells it.
    pub told_by: Words,
    /// Where that is written.
    pub source: &'static str,
}

/// Every one.
pub static PRODUCTS: &[&Product] = &[
    &ANYDESK,
    &NOMACHINE,
    &RADMIN,
    &RUSTDESK,
    &SOFTETHER,
    &TAILSCALE,
    &TEAMVIEWER,
    &TOR,
    &ZEROTIER,
];

static ANYDESK: Product = Product {
    name: "anydesk",
    title: "AnyDesk",
    belief: Belief::Content,
    told_by: Words {
        ja: "TLS の証明書の主体者か発行者が `CN=AnyNet Relay`、`CN=AnyNet Root CA`、`CN=AnyDesk Client`",
        en: "subject or issuer of the TLS certificate: `CN=AnyNet Relay`, `CN=AnyNet Root CA`, `CN=AnyDesk Client`",
    },
    source: "nDPI, Emerging Threats",
};

static NOMACHINE: Product = Product {
    name: "nomachine",
    title: "NoMachine",
    belief: Belief::Content,
    told_by: Words {
        ja: "最初の行 `NXSH-` か `NXD-` と版番号",
        en: "the first line: `NXSH-` or `NXD-` and a version",
    },
    source: "nDPI",
};

static RADMIN: Product = Product {
    name: "radmin",
    title: "Radmin",
    belief: Belief::Content,
    told_by: Words {
        ja: "最初の10オクテット `01 00 00 00 01 00 00 00 08 08`、または14オクテット `01 00 00 00 05 00 00 00 27 27 00 00 00 00`",
        en: "the first ten octets `01 00 00 00 01 00 00 00 08 08`, or fourteen `01 00 00 00 05 00 00 00 27 27 00 00 00 00`",
    },
    source: "nDPI, OpenVAS (radmin detection)",
};

static RUSTDESK: Product = Product {
    name: "rustdesk",
    title: "RustDesk",
    belief: Belief::Likely,
    told_by: Words {
        ja: "UDP 21116 の登録メッセージ(数字の識別子を持つ Protocol Buffers)",
        en: "a registration on UDP 21116: protocol buffers with an identifier of digits",
    },
    source: "RustDesk (rendezvous.proto)",
};

pub(super) static SOFTETHER: Product = Product {
    name: "softether",
    title: "SoftEther VPN",
    belief: Belief::Content,
    told_by: Words {
        ja: "NAT 越えの UDP の応答 `IP=…,PORT=…` と PACK、平文の HTTP の `/vpnsvc/`。TLS の中は判定しない",
        en: "answers of its NAT traversal over UDP, `IP=…,PORT=…` and packs; `/vpnsvc/` over HTTP in clear. \
             Inside TLS it is not told",
    },
    source: "nDPI, SoftEther VPN",
};

pub(super) static TAILSCALE: Product = Product {
    name: "tailscale",
    title: "Tailscale",
    belief: Belief::Content,
    told_by: Words {
        ja: "UDP の探索メッセージの先頭 `54 53 f0 9f 92 ac`、STUN のソフトウェア名 `tailnode`、HTTP の `Upgrade: tailscale-control-protocol`",
        en: "discovery messages over UDP that begin with `54 53 f0 9f 92 ac`; the software `tailnode` in STUN; \
             `Upgrade: tailscale-control-protocol` over HTTP",
    },
    source: "Tailscale (disco, stun, controlhttp)",
};

static TEAMVIEWER: Product = Product {
    name: "teamviewer",
    title: "TeamViewer",
    belief: Belief::Likely,
    told_by: Words {
        ja: "ポート 5938 の命令の印 `17 24`",
        en: "the mark `17 24` of its commands at port 5938",
    },
    source: "nDPI",
};

static TOR: Product = Product {
    name: "tor",
    title: "Tor",
    belief: Belief::Likely,
    told_by: Words {
        ja: "TLS 1.2 以前の証明書の主体者が `CN=www.….net`、発行者が別の `CN=www.….com` だけで、間が Base32 の 8~20 文字。\
             TLS 1.3 では、ALPN がなく、サーバー名が `www.….com` で、間が Base32 の 8~25 文字の乱数に見えるもの",
        en: "a certificate up to TLS 1.2 whose subject is `CN=www.….net` and whose issuer is another `CN=www.….com` and nothing \
             more, with 8 to 20 letters of base32 between. In TLS 1.3: no ALPN, and a server name `www.….com` with 8 to 25 \
             letters of base32 between that look drawn by lot",
    },
    source: "Tor (tortls.c, tortls_openssl.c), nDPI",
};

static ZEROTIER: Product = Product {
    name: "zerotier",
    title: "ZeroTier",
    belief: Belief::Content,
    told_by: Words {
        ja: "UDP の HELLO: 見出しの送信元アドレスが続く識別情報のアドレスに一致",
        en: "a HELLO over UDP, whose source address is that of the identity that follows",
    },
    source: "ZeroTier (Packet.hpp)",
};

/// Common names of certificates that AnyDesk makes itself.
const ANYDESK_NAMES: [&str; 3] = ["CN=AnyNet Relay", "CN=AnyNet Root CA", "CN=AnyDesk Client"];
/// What Tailscale calls itself in STUN.
const TAILSCALE_STUN: &str = "tailnode";
/// Letters of the names that Tor draws for its certificates.
const TOR_LETTERS: std::ops::RangeInclusive<usize> = 8..=20;
/// Letters of the names that Tor draws for its hellos, of 4 to 25; shorter ones may be words.
const TOR_NAME_LETTERS: std::ops::RangeInclusive<usize> = 8..=25;

/// The product of a flow by what is known of it, and where that was read.
pub(super) fn of(app: &App) -> Option<(&'static Product, &'static str)> {
    if let Some(subject) = app.get(Essential::CertificateSubject) {
        let issuer = app.get(Essential::CertificateIssuer).unwrap_or_default();
        if is_anydesk(subject) {
            return Some((&ANYDESK, "tls.subject"));
        }
        if is_anydesk(issuer) {
            return Some((&ANYDESK, "tls.issuerdn"));
        }
        if is_tor(subject, ".net") && is_tor(issuer, ".com") {
            return Some((&TOR, "tls.subject"));
        }
    }
    if is_tor_hello(app) {
        return Some((&TOR, "tls.sni"));
    }
    if app.service == "stun" && app.get(Essential::ClientSoftware) == Some(TAILSCALE_STUN) {
        return Some((&TAILSCALE, "stun.client_software"));
    }
    // Protocols that one product alone speaks have its name.
    let product = PRODUCTS.iter().find(|product| product.name == app.service)?;
    Some((product, "service"))
}

fn is_anydesk(name: &str) -> bool {
    name.split(", ").any(|part| ANYDESK_NAMES.contains(&part))
}

/// Whether a certificate's name is one of those that Tor draws.
fn is_tor(name: &str, end: &str) -> bool {
    name.strip_prefix("CN=www.")
        .and_then(|name| name.strip_suffix(end))
        .is_some_and(|letters| TOR_LETTERS.contains(&letters.len()) && is_base32(letters))
}

fn is_base32(letters: &str) -> bool {
    letters
        .bytes()
        .all(|octet| matches!(octet, b'a'..=b'z' | b'2'..=b'7'))
}

/// Whether a hello of TLS 1.3, which shows no certificate, asks for a name as Tor draws it.
fn is_tor_hello(app: &App) -> bool {
    app.service == "tls"
        && app.get(Essential::Version) == Some("TLS 1.3")
        // The two letters of JA4 for the first ALPN.
        && app.get(Essential::Ja4).and_then(|ja4| ja4.get(8..10)) == Some("00")
        && app
            .get(Essential::ServerName)
            .and_then(|name| name.strip_prefix("www.")?.strip_suffix(".com"))
            .is_some_and(|letters| {
                TOR_NAME_LETTERS.contains(&letters.len()) && is_base32(letters) && is_drawn(letters)
            })
}

/// Whether letters look drawn by lot: half of the neighbours do not stand together in words, or two
/// fifths where digits stand between letters more than once.
fn is_drawn(letters: &str) -> bool {
    /// Consonants that stand together in names.
    const PAIRS: &str = "bb bl br ch ck cl cr ct dd dg dr ds ff fl fr ft gg gh gl gr ks ld lf lk ll lm lp \
                         ls lt mb mm mp ms nd nf ng nk nn ns nt nw ph pl pp pr ps pt rb rc rd rf rg rk \
                         rl rm rn rp rr rs rt rv rw sc sh sk sl sm sn sp sq ss st sw th tr ts tt tw wh \
                         wl wn wr ws zz gn kn dl tl nl cs gs hn hr hs ht lb lc lg nb nc nh nm np rh tb \
                         tc tf tm tp";
    let is_vowel = |octet: u8| matches!(octet, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let mut pairs = 0_usize;
    let mut odd = 0_usize;
    let mut mixed = 0_usize;
    for pair in letters.as_bytes().windows(2) {
        let [first, second] = *pair else { continue };
        pairs = pairs.saturating_add(1);
        let is_mixed = first.is_ascii_digit() != second.is_ascii_digit();
        mixed = mixed.saturating_add(usize::from(is_mixed));
        let is_odd = is_mixed
            || !first.is_ascii_digit()
                && !is_vowel(first)
                && !is_vowel(second)
                && !PAIRS
                    .split_ascii_whitespace()
                    .any(|known| known.as_bytes() == pair);
        odd = odd.saturating_add(usize::from(is_odd));
    }
    let of_five = odd.saturating_mul(5);
    of_five.saturating_mul(2) >= pairs.saturating_mul(5) || mixed >= 3 && of_five >= pairs.saturating_mul(2)
}
