//! What of a flow is open to attack, as its own messages say: passwords in clear, outdated versions,
//! weak ciphers, certificates past their time.
//!
//! A parser writes what it read as a transaction; here the facts of transactions are looked through,
//! and what they mean for the flow becomes a word of its `risk`. So the table below is the whole of it,
//! and a parser need not know what is thought weak. The names asked for in DNS are taken over in the
//! same way. Dates are held against the time of the packet.
//!
//! Sources: RFC 8996 (TLS before 1.2), RFC 7465 (RC4), RFC 9155 (MD5 and SHA-1), RFC 8429 (RC4 and
//! triple DES in Kerberos), RFC 8247 (IKE), NIST SP 800-131A (key lengths), RFC 7617 section 4 (Basic).

use sekisho_model::Timestamp;
use sekisho_model::app::{App, Essential, Fact, Facts};

use super::naming::Words;

/// A word of `risk`.
#[derive(Debug)]
pub struct Risk {
    /// The word in every output.
    pub word: &'static str,
    /// What it means.
    pub means: Words,
}

const fn risk(word: &'static str, ja: &'static str, en: &'static str) -> Risk {
    Risk {
        word,
        means: Words { ja, en },
    }
}

/// Every one.
pub static RISKS: &[Risk] = &[
    risk(
        CLEARTEXT_PASSWORD,
        "パスワードが暗号化されずに流れた(FTP、Telnet、POP3、IMAP、SMTP、HTTP Basic、LDAP、MQTT、Redis、PostgreSQL、IRC、SOCKS)",
        "a password crossed without encryption (FTP, Telnet, POP3, IMAP, SMTP, HTTP Basic, LDAP, MQTT, Redis, PostgreSQL, IRC, SOCKS)",
    ),
    risk(
        SNMP_COMMUNITY,
        "SNMPのコミュニティ名が暗号化されずに流れた(版1、2c)",
        "an SNMP community crossed in clear (versions 1 and 2c)",
    ),
    risk(
        DEFAULT_COMMUNITY,
        "SNMPのコミュニティ名が工場出荷時のまま",
        "an SNMP community is as the maker set it",
    ),
    risk(
        "certificate-expired",
        "サーバー証明書の期限が切れている",
        "the server's certificate has expired",
    ),
    risk(
        "certificate-expiring",
        "サーバー証明書の残りが30日に満たない",
        "the server's certificate has less than 30 days left",
    ),
    risk(
        "certificate-not-yet-valid",
        "サーバー証明書の有効期間がまだ始まっていない",
        "the server's certificate is not valid yet",
    ),
    risk(
        "certificate-self-signed",
        "サーバー証明書が自分で発行したもの",
        "the server's certificate is issued by itself",
    ),
    risk(
        "certificate-weak-signature",
        "サーバー証明書の署名がMD5かSHA-1",
        "the server's certificate is signed with MD5 or SHA-1",
    ),
    risk(
        "certificate-short-key",
        "サーバー証明書の鍵が短い(RSAで2048ビット未満、楕円曲線で224ビット未満)",
        "the key of the server's certificate is short (RSA below 2048 bits, curves below 224)",
    ),
    risk(
        "weak-cipher",
        "選ばれた暗号が弱い(RC4、DES、3DES、輸出用、暗号なし、匿名)",
        "the cipher that was chosen is weak (RC4, DES, triple DES, export, none, anonymous)",
    ),
    risk("smb1", "SMBの版1", "SMB version 1"),
    risk(
        "smb-guest",
        "SMBの接続が客か匿名",
        "an SMB session of a guest or of nobody",
    ),
    risk(
        "ntlm-v1",
        "NTLMの版1かLMの応答",
        "a response of NTLM version 1 or of LM",
    ),
    risk(
        "kerberos-weak-cipher",
        "Kerberosの弱い暗号(DES、RC4)",
        "a weak cipher in Kerberos (DES, RC4)",
    ),
    risk(
        "ike-weak-cipher",
        "IKEで選ばれた弱い方式",
        "a weak algorithm chosen in IKE",
    ),
    risk(
        "ike-aggressive",
        "IKEv1のアグレッシブモード",
        "aggressive mode of IKEv1",
    ),
    risk(
        "rdp-without-nla",
        "RDPがネットワークレベル認証なしで始まった",
        "RDP without authentication at network level",
    ),
    risk(
        "vnc-without-password",
        "認証のないVNC",
        "VNC without authentication",
    ),
    risk(
        "opcua-without-security",
        "保護のないOPC UA",
        "OPC UA without security",
    ),
    risk(
        "ntp-monlist",
        "NTPの利用者一覧の要求(monlist)",
        "a request for NTP's list of clients (monlist)",
    ),
];

const CLEARTEXT_PASSWORD: &str = "cleartext-password";
const SNMP_COMMUNITY: &str = "snmp-community";
const DEFAULT_COMMUNITY: &str = "default-community";

/// How long before its end a certificate is to be renewed.
const RENEWAL_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Names of one question's message that are taken over.
const MAX_NAMES: usize = 8;

/// Takes over into `app` what the facts of a transaction of `protocol` at an instant mean for the flow.
pub(super) fn note(app: &mut App, protocol: &'static str, facts: &Facts, at: Timestamp) {
    let is = |path: &str| facts.at(path) == Some(Fact::Flag(true));
    let text = |path: &str| facts.text(path).unwrap_or_default();
    match protocol {
        "dns" => names(app, facts),
        "http" if text("authorization") == "Basic" || text("proxy_authorization") == "Basic" => {
            say(app, CLEARTEXT_PASSWORD, "http.authorization");
        }
        "tls" | "dtls" => tls(app, facts, at),
        "ftp" if text("command") == "PASS" => say(app, CLEARTEXT_PASSWORD, "ftp.command"),
        "telnet" if is("has_password") => say(app, CLEARTEXT_PASSWORD, "telnet.has_password"),
        "pop3" if text("request.command") == "PASS" || is_plain(text("auth")) => {
            say(app, CLEARTEXT_PASSWORD, "pop3.request.command");
        }
        "imap" if text("request.command") == "LOGIN" || is_plain(text("auth")) => {
            say(app, CLEARTEXT_PASSWORD, "imap.request.command");
        }
        "smtp" if is_plain(text("auth")) => say(app, CLEARTEXT_PASSWORD, "smtp.auth"),
        "ldap"
            if text("request.bind_request.authentication") == "simple"
                && is("request.bind_request.has_password") =>
        {
            say(
                app,
                CLEARTEXT_PASSWORD,
                "ldap.request.bind_request.authentication",
            );
        }
        "mqtt" if is("connect.flags.password") => {
            say(app, CLEARTEXT_PASSWORD, "mqtt.connect.flags.password");
        }
        "redis" if is("auth_present") => say(app, CLEARTEXT_PASSWORD, "redis.auth_present"),
        "pgsql" if text("response.authentication") == "cleartext_password" => {
            say(app, CLEARTEXT_PASSWORD, "pgsql.response.authentication");
        }
        "irc" if is("password_present") => say(app, CLEARTEXT_PASSWORD, "irc.password_present"),
        "socks" if is("password_present") => say(app, CLEARTEXT_PASSWORD, "socks.password_present"),
        "snmp" => {
            if is("community_present") {
                say(app, SNMP_COMMUNITY, "snmp.community_present");
            }
            if is("default_community") {
                say(app, DEFAULT_COMMUNITY, "snmp.default_community");
            }
        }
        "smb" => smb(app, facts),
        "dcerpc" => ntlm(app, text("ntlmssp.response"), "dcerpc.ntlmssp.response"),
        "krb5" if is("weak_encryption") || is("ticket_weak_encryption") => {
            say(app, "kerberos-weak-cipher", "krb5.weak_encryption");
        }
        "ike" => {
            if facts.at("weak_chosen").is_some() {
                say(app, "ike-weak-cipher", "ike.weak_chosen");
            }
            if text("exchange_type_verbose") == "aggressive" {
                say(app, "ike-aggressive", "ike.exchange_type_verbose");
            }
        }
        "rdp" if matches!(text("protocol"), "rdp" | "ssl") => {
            say(app, "rdp-without-nla", "rdp.protocol");
        }
        "rfb" if text("authentication.security") == "None" => {
            say(app, "vnc-without-password", "rfb.authentication.security");
        }
        "opcua" if text("sec_policy_uri").ends_with("#None") => {
            say(app, "opcua-without-security", "opcua.sec_policy_uri");
        }
        "ntp" if is("monlist") => say(app, "ntp-monlist", "ntp.monlist"),
        _ => {}
    }
}

fn say(app: &mut App, word: &'static str, from: &'static str) {
    app.add(Essential::Risk, word, from);
}

/// Names that were asked for.
fn names(app: &mut App, facts: &Facts) {
    let Some(Fact::List(queries)) = facts.get("queries") else {
        return;
    };
    for query in queries.iter().take(MAX_NAMES) {
        if let Fact::Group(query) = query
            && let Some(name) = query.text("rrname")
            && !name.is_empty()
        {
            app.add(Essential::QueryName, name, "dns.queries.rrname");
        }
    }
}

/// A mechanism that carries the password itself (RFC 4616, and what LOGIN does).
fn is_plain(mechanism: &str) -> bool {
    matches!(mechanism, "PLAIN" | "LOGIN")
}

fn smb(app: &mut App, facts: &Facts) {
    let dialect = facts.text("dialect").unwrap_or_default();
    let is_first =
        dialect.starts_with("NT LM") || dialect.starts_with("LANMAN") || dialect.starts_with("LM1.2");
    // What every client that still knows version 1 offers is no session of version 1.
    if is_first {
        say(app, "smb1", "smb.dialect");
    }
    if let Some(Fact::List(flags)) = facts.get("session_flags")
        && flags
            .iter()
            .any(|flag| matches!(flag, Fact::Text("guest" | "anonymous")))
    {
        say(app, "smb-guest", "smb.session_flags");
    }
    ntlm(
        app,
        facts.text("ntlmssp.response").unwrap_or_default(),
        "smb.ntlmssp.response",
    );
}

fn ntlm(app: &mut App, response: &str, from: &'static str) {
    if matches!(response, "NTLMv1" | "LM") {
        say(app, "ntlm-v1", from);
    }
}

fn tls(app: &mut App, facts: &Facts, at: Timestamp) {
    if facts.text("cipher").is_some_and(is_weak_cipher) {
        say(app, "weak-cipher", "tls.cipher");
    }
    let (Some(Fact::Time(from)), Some(Fact::Time(until))) = (facts.get("notbefore"), facts.get("notafter"))
    else {
        return;
    };
    let left = until.nanos().saturating_sub(at.nanos()) / 1_000_000_000;
    if left < 0 {
        say(app, "certificate-expired", "tls.notafter");
    } else if left < RENEWAL_SECONDS {
        say(app, "certificate-expiring", "tls.notafter");
    }
    if from > at {
        say(app, "certificate-not-yet-valid", "tls.notbefore");
    }
    if facts.at("certificate.self_signed") == Some(Fact::Flag(true)) {
        say(app, "certificate-self-signed", "tls.certificate.self_signed");
    }
    let signature = facts
        .text("certificate.signature")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if signature.contains("md5") || signature.contains("sha1") {
        say(app, "certificate-weak-signature", "tls.certificate.signature");
    }
    let bits = facts.number("certificate.key_bits").unwrap_or(u64::MAX);
    let least = match facts.text("certificate.key_type") {
        Some("rsa") => 2048,
        Some("ecdsa") => 224,
        _ => 0,
    };
    if bits < least {
        say(app, "certificate-short-key", "tls.certificate.key_bits");
    }
}

/// By the parts of its name in IANA's registry.
fn is_weak_cipher(name: &str) -> bool {
    name.split('_').any(|part| {
        matches!(
            part,
            "RC4" | "DES" | "3DES" | "DES40" | "RC2" | "EXPORT" | "NULL" | "anon" | "IDEA"
        )
    }) && name != "TLS_NULL_WITH_NULL_NULL"
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::app::test;

    fn risks_of(protocol: &'static str, facts: &Facts) -> String {
        let mut app = App::default();
        note(
            &mut app,
            protocol,
            facts,
            Timestamp::parse("2026-11-04T10:00:00+09:00").unwrap(),
        );
        app.get(Essential::Risk).unwrap_or_default().to_owned()
    }

    fn certificate(until: &str) -> Facts {
        let mut more = Facts::new();
        more.put("self_signed", true)
            .put("key_type", "rsa")
            .put("key_bits", 1024_u32)
            .put("signature", "sha1WithRSAEncryption");
        let mut facts = Facts::new();
        facts
            .put("cipher", "TLS_RSA_WITH_RC4_128_SHA")
            .put("notbefore", Timestamp::parse("2020-01-01T00:00:00Z").unwrap())
            .put("notafter", Timestamp::parse(until).unwrap())
            .put("certificate", more);
        facts
    }

    #[test]
    fn a_certificate_is_held_against_the_time_of_the_packet() {
        let rest = "certificate-self-signed certificate-weak-signature certificate-short-key";

        for (until, word) in [
            ("2026-11-04T00:59:58Z", "certificate-expired "),
            ("2026-12-03T00:00:00Z", "certificate-expiring "),
            ("2026-12-05T00:00:00Z", ""),
        ] {
            assert_eq!(
                risks_of("tls", &certificate(until)),
                format!("weak-cipher {word}{rest}")
            );
        }
    }

    #[test]
    fn ciphers_are_weak_by_iana_s_names() {
        for name in [
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
            "TLS_RSA_WITH_NULL_SHA256",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        ] {
            assert!(is_weak_cipher(name), "{name}");
        }
        for name in ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"] {
            assert!(!is_weak_cipher(name), "{name}");
        }
    }

    #[test]
    fn every_word_is_in_the_table_once() {
        let words: HashSet<_> = RISKS.iter().map(|risk| risk.word).collect();

        assert_eq!(words.len(), RISKS.len());
        assert!(words.iter().all(|word| !word.contains(' ')));
    }

    /// What tshark shows of each: ftp.request.command, tls.handshake.version, smb.cmd and so on.
    #[test]
    fn flows_of_captures_have_the_risks_that_tshark_shows() {
        let Some(labels) = test::capture("labels.json") else {
            return;
        };
        let folder = labels.parent().unwrap();
        let words = |name: &str| -> HashSet<String> {
            test::flows_of(&folder.join(name))
                .iter()
                .filter_map(|flow| flow.seen.app.get(Essential::Risk))
                .flat_map(|all| all.split(' ').map(str::to_owned))
                .collect()
        };
        let known: HashSet<_> = RISKS.iter().map(|risk| risk.word.to_owned()).collect();

        for (capture, word) in [
            ("brute_force/gen-hydra-ftp.pcap", CLEARTEXT_PASSWORD),
            (
                "brute_force/gen-hydra-http-basic-success.pcap",
                CLEARTEXT_PASSWORD,
            ),
            ("exfiltration/agenttesla-smtp.pcap", CLEARTEXT_PASSWORD),
            ("lateral_movement/eternalblue-success.pcap", "smb1"),
            ("malware_c2/asyncrat-cd01.pcap", "certificate-self-signed"),
        ] {
            let found = words(capture);
            assert!(found.contains(word), "{capture}: {found:?}");
            assert!(found.is_subset(&known), "{capture}: {found:?}");
        }
    }
}
