//! Exchanges of LDAP, encoded by the definitions of RFC 4511 and read back by tshark.

use super::*;
use crate::app::{test, text};

const BIND: &[u8] = b"06\x02\x01\x01`1\x02\x01\x03\x04$cn=alice,ou=people,dc=example,dc=com\x80\x06secret";
const REFUSED: &[u8] = b"0,\x02\x01\x01a'\x0a\x011\x04\0\x04 80090308: LdapErr: DSID-0C09044E";
const SASL: &[u8] = b"0B\x02\x01\x02`=\x02\x01\x03\x04\0\xa36\x04\x0aGSS-SPNEGO\x04(NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0cE\0\0\0\x0f";
const PROGRESS: &[u8] = b"0\x84\0\0\0\x0c\x02\x01\x02a\x07\x0a\x01\x0e\x04\0\x04\0";
const SEARCH: &[u8] = b"0\x81\xce\x02\x01\x03c\x81\xc8\x04\x11dc=example,dc=com\x0a\x01\x02\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\xa0\x81\x87\xa3\x13\x04\x0bobjectClass\x04\x04user\xa1/\xa3\x17\x04\x0esAMAccountName\x04\x05alice\x87\x14servicePrincipalName\xa2\x0e\xa4\x0c\x04\x02cn0\x06\x80\x01a\x82\x01z\xa9/\x81\x161.2.840.113556.1.4.803\x82\x12userAccountControl\x83\x0120\x1a\x04\x02cn\x04\x14servicePrincipalName";
const ENTRY: &[u8] = b"0*\x02\x01\x03d%\x04\x16cn=x,dc=example,dc=com0\x0b0\x09\x04\x02cn1\x03\x04\x01x";
const DONE: &[u8] = b"0\x0c\x02\x01\x03e\x07\x0a\x01\0\x04\0\x04\0";
const START: &[u8] = b"0\x1d\x02\x01\x04w\x18\x80\x161.3.6.1.4.1.1466.20037";
const STARTED: &[u8] = b"0\x0c\x02\x01\x04x\x07\x0a\x01\0\x04\0\x04\0";
const UNBIND: &[u8] = b"0\x05\x02\x01\x05B\0";
const PING: &[u8] = b"0[\x02\x01\x01cV\x04\0\x0a\x01\x02\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\xa07\xa3\x18\x04\x09DnsDomain\x04\x0bexample.com\xa3\x0c\x04\x04Host\x04\x04WS01\xa3\x0d\x04\x05NtVer\x04\x04\x16\0\0\x000\x0a\x04\x08Netlogon";
const PONG: &[u8] = b"0f\x02\x01\x01da\x04\x000]0[\x04\x08netlogon1O\x04M\x17\0\0\0\xfd?\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x07example\x03com\0\xc0\x18\x03dc1\xc0\x18\x07EXAMPLE\0\x03DC1\0\0\x05Tokyo\0\xc0<\x05\0\0\0\xff\xff\xff\xff";
const PONG_DONE: &[u8] = b"0\x0c\x02\x01\x01e\x07\x0a\x01\0\x04\0\x04\0";

const WHOLE: &[(End, &[u8])] = &[
    (End::Orig, BIND),
    (End::Resp, REFUSED),
    (End::Orig, SASL),
    (End::Resp, PROGRESS),
    (End::Orig, SEARCH),
    (End::Resp, ENTRY),
    (End::Resp, DONE),
    (End::Orig, UNBIND),
];

#[test]
fn a_conversation_is_read_and_cutting_it_changes_nothing() {
    let seen = test::converse(Transport::Tcp, [50000, 10389], WHOLE);
    let cut = test::in_single_octets([50000, 10389], WHOLE);

    assert_eq!(seen.app.service, "ldap");
    let digest = text::user_digest(b"alice");
    assert_eq!(seen.app.get(Essential::User), Some(&*digest));
    let all = seen.transactions("ldap");
    let [bind, sasl, search, unbind] = &all[..] else {
        panic!("{seen:?}")
    };
    // tshark: simple and invalidCredentials; sasl NTLMSSP_NEGOTIATE and saslBindInProgress.
    assert_eq!(bind.text("request.bind_request.authentication"), Some("simple"));
    assert_eq!(bind.text("responses.result_code"), Some("invalid_credentials"));
    assert_eq!(
        bind.text("responses.message"),
        Some("80090308: LdapErr: DSID-0C09044E")
    );
    assert_eq!(
        sasl.text("request.bind_request.sasl.mechanism"),
        Some("GSS-SPNEGO")
    );
    assert_eq!(
        sasl.text("request.bind_request.ntlmssp.version"),
        Some("10.0 build 17763 rev 15")
    );
    assert_eq!(sasl.text("responses.result_code"), Some("sasl_bind_in_progress"));
    // RFC 4515's text of what tshark shows in pieces, with the account as its digest.
    let filter = format!(
        "(&(objectClass=user)(|(sAMAccountName=user:{digest})(servicePrincipalName=*))(!(cn=a*z))\
         (userAccountControl:1.2.840.113556.1.4.803:=2))"
    );
    assert_eq!(search.text("request.search_request.filter"), Some(&*filter));
    assert_eq!(
        search.text("request.search_request.base_object"),
        Some("dc=example,dc=com")
    );
    assert_eq!(search.number("search_entries"), Some(1));
    assert_eq!(search.text("responses.operation"), Some("search_result_done"));
    assert_eq!(unbind.text("request.operation"), Some("unbind_request"));
    assert!(!format!("{seen:?}").contains("secret"));
    assert_eq!(cut.transactions("ldap"), all);
}

#[test]
fn passwords_and_persons_of_a_search_are_not_kept() {
    // A search at a person's entry for a password, and the deletion of that entry.
    let search =
        b"0E\x02\x01\x01c@\x04\x14CN=Yamada Taro,DC=ex\x0a\x01\0\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\
        \xa3\x17\x04\x0cuserPassword\x04\x07hunter20\0";
    let delete = b"0\x19\x02\x01\x02J\x14CN=Yamada Taro,DC=ex";

    let seen = test::converse(
        Transport::Tcp,
        [50000, 389],
        &[(End::Orig, search), (End::Orig, delete)],
    );

    let [search, delete] = &seen.transactions("ldap")[..] else {
        panic!("{seen:?}")
    };
    let name = format!("CN=user:{},DC=ex", text::user_digest(b"Yamada Taro"));
    assert_eq!(search.text("request.search_request.base_object"), Some(&*name));
    assert_eq!(
        search.text("request.search_request.filter"),
        Some("(userPassword=...)")
    );
    assert_eq!(delete.text("request.object"), Some(&*name));
    assert!(!format!("{seen:?}").contains("hunter2") && !format!("{seen:?}").contains("Yamada"));
}

#[test]
fn an_answer_alone_is_read() {
    let seen = test::converse(Transport::Tcp, [50000, 389], &[(End::Resp, DONE)]);

    let all = seen.transactions("ldap");
    assert_eq!(all[0].number("responses.message_id"), Some(3));
}

#[test]
fn behind_starttls_nothing_is_ldap() {
    // What comes next is neither LDAP nor a known protocol.
    let chunks: &[(End, &[u8])] = &[(End::Orig, START), (End::Resp, STARTED), (End::Orig, &[0xee; 64])];

    let seen = test::converse(Transport::Tcp, [50000, 389], chunks);

    let all = seen.transactions("ldap");
    assert_eq!(all.len(), 1);
    assert_eq!(
        all[0].text("request.extended_request.name"),
        Some("1.3.6.1.4.1.1466.20037")
    );
    assert_eq!(all[0].text("responses.result_code"), Some("success"));
    assert_eq!(seen.app.service, "ldap");
}

#[test]
fn a_domain_controller_answers_over_udp() {
    let chunks = [(End::Orig, PING), (End::Resp, PONG), (End::Resp, PONG_DONE)];

    let seen = test::converse(Transport::Udp, [50000, 389], &chunks);

    let [facts] = &seen.transactions("ldap")[..] else {
        panic!("{seen:?}")
    };
    // tshark: Forest, Domain, Hostname, NetBIOS Domain and Hostname, Server Site.
    let keys = [
        "dns_forest",
        "dns_domain",
        "dns_host",
        "nb_domain",
        "nb_host",
        "site",
    ];
    assert_eq!(
        keys.map(|key| facts.text(&format!("netlogon.{key}")).unwrap()),
        [
            "example.com",
            "example.com",
            "dc1.example.com",
            "EXAMPLE",
            "DC1",
            "Tokyo"
        ]
    );
    assert_eq!(seen.app.get(Essential::ServerName), Some("dc1.example.com"));
}

#[test]
fn questions_on_a_port_of_another_protocol_are_known_by_their_octets() {
    let Some(path) = test::capture("scan/gen-nmap-version-os.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark with the port decoded as LDAP: searchRequest(7) "<ROOT>", bindRequest(1) simple.
    let found: Vec<_> = flows
        .iter()
        .flat_map(|flow| flow.seen.transactions("ldap"))
        .map(|facts| {
            (
                facts.text("request.operation"),
                facts.number("request.message_id"),
            )
        })
        .collect();
    assert_eq!(
        found,
        [(Some("search_request"), Some(7)), (Some("bind_request"), Some(1))]
    );
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(octets: Vec<u8>, at in 2_usize..120, which in 0_usize..12) {
        let messages = [
            BIND, REFUSED, SASL, PROGRESS, SEARCH, ENTRY, DONE, START, STARTED, UNBIND, PING, PONG,
        ];
        let mut message = messages[which].to_vec();
        let end = message.len().min(at + octets.len());
        let at = at.min(end);
        message.splice(at..end, octets[..end - at].iter().copied());
        for transport in [Transport::Tcp, Transport::Udp] {
            test::converse(
                transport,
                [50000, 389],
                &[(End::Orig, SEARCH), (End::Orig, &message), (End::Resp, &message), (End::Orig, &octets)],
            );
        }
    }
}
