//! Exchanges of Kerberos, encoded by the definitions of RFC 4120 and read back by tshark.

use super::*;
use crate::app::{test, text};

const AS_REQ: &[u8] = b"j\x81\xbf0\x81\xbc\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a\xa3\x150\x130\x11\xa1\x04\x02\x02\0\x80\xa2\x09\x04\x070\x05\xa0\x03\x01\x01\xff\xa4\x81\x980\x81\x95\xa0\x07\x03\x05\0@\x81\0\x10\xa1\x120\x10\xa0\x03\x02\x01\x01\xa1\x090\x07\x1b\x05Alice\xa2\x0d\x1b\x0bEXAMPLE.COM\xa3 0\x1e\xa0\x03\x02\x01\x02\xa1\x170\x15\x1b\x06krbtgt\x1b\x0bEXAMPLE.COM\xa5\x11\x18\x0f20370913024805Z\xa7\x06\x02\x04\x01#Eg\xa8\x0b0\x09\x02\x01\x12\x02\x01\x11\x02\x01\x17\xa9\x1d0\x1b0\x19\xa0\x03\x02\x01\x14\xa1\x12\x04\x10WS01            ";
const ERROR: &[u8] = b"~Z0X\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f20260101000000Z\xa5\x03\x02\x01M\xa6\x03\x02\x01\x19\xa9\x0d\x1b\x0bEXAMPLE.COM\xaa 0\x1e\xa0\x03\x02\x01\x02\xa1\x170\x15\x1b\x06krbtgt\x1b\x0bEXAMPLE.COM";
const AS_REQ_2: &[u8] = b"j\x81\xc90\x81\xc6\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a\xa3@0>0<\xa1\x03\x02\x01\x02\xa25\x04301\xa0\x03\x02\x01\x12\xa2*\x04(\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xa4x0v\xa0\x07\x03\x05\0@\x81\0\x10\xa1\x120\x10\xa0\x03\x02\x01\x01\xa1\x090\x07\x1b\x05Alice\xa2\x0d\x1b\x0bEXAMPLE.COM\xa3 0\x1e\xa0\x03\x02\x01\x02\xa1\x170\x15\x1b\x06krbtgt\x1b\x0bEXAMPLE.COM\xa5\x11\x18\x0f20370913024805Z\xa7\x06\x02\x04\x01#Eg\xa8\x0b0\x09\x02\x01\x12\x02\x01\x11\x02\x01\x17";
const AS_REP: &[u8] = b"k\x81\xc80\x81\xc5\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0b\xa3\x0d\x1b\x0bEXAMPLE.COM\xa4\x120\x10\xa0\x03\x02\x01\x01\xa1\x090\x07\x1b\x05Alice\xa5dab0`\xa0\x03\x02\x01\x05\xa1\x0d\x1b\x0bEXAMPLE.COM\xa2 0\x1e\xa0\x03\x02\x01\x02\xa1\x170\x15\x1b\x06krbtgt\x1b\x0bEXAMPLE.COM\xa3(0&\xa0\x03\x02\x01\x12\xa1\x03\x02\x01\x02\xa2\x1a\x04\x18\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xa600.\xa0\x03\x02\x01\x12\xa1\x03\x02\x01\x02\xa2\"\x04 \xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc";
const TGS_REQ: &[u8] = b"l\x82\x0140\x82\x010\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0c\xa3\x81\xbd0\x81\xba0\x81\xb7\xa1\x03\x02\x01\x01\xa2\x81\xaf\x04\x81\xacn\x81\xa90\x81\xa6\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0e\xa2\x07\x03\x05\0\0\0\0\0\xa3dab0`\xa0\x03\x02\x01\x05\xa1\x0d\x1b\x0bEXAMPLE.COM\xa2 0\x1e\xa0\x03\x02\x01\x02\xa1\x170\x15\x1b\x06krbtgt\x1b\x0bEXAMPLE.COM\xa3(0&\xa0\x03\x02\x01\x12\xa1\x03\x02\x01\x02\xa2\x1a\x04\x18\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xa4+0)\xa0\x03\x02\x01\x12\xa2\"\x04 \xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xa4d0b\xa0\x07\x03\x05\0@\x81\0\x10\xa2\x0d\x1b\x0bEXAMPLE.COM\xa3&0$\xa0\x03\x02\x01\x02\xa1\x1d0\x1b\x1b\x08MSSQLSvc\x1b\x0fdb1.example.com\xa5\x11\x18\x0f20370913024805Z\xa7\x06\x02\x04\x01#Eg\xa8\x050\x03\x02\x01\x17";
const TGS_REP: &[u8] = b"m\x81\xce0\x81\xcb\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0d\xa3\x0d\x1b\x0bEXAMPLE.COM\xa4\x120\x10\xa0\x03\x02\x01\x01\xa1\x090\x07\x1b\x05Alice\xa5jah0f\xa0\x03\x02\x01\x05\xa1\x0d\x1b\x0bEXAMPLE.COM\xa2&0$\xa0\x03\x02\x01\x02\xa1\x1d0\x1b\x1b\x08MSSQLSvc\x1b\x0fdb1.example.com\xa3(0&\xa0\x03\x02\x01\x17\xa1\x03\x02\x01\x02\xa2\x1a\x04\x18\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xa600.\xa0\x03\x02\x01\x12\xa1\x03\x02\x01\x02\xa2\"\x04 \xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee";

fn udp(chunks: &[(End, &[u8])]) -> test::Seen {
    test::converse(Transport::Udp, [50000, 88], chunks)
}

#[test]
fn a_sign_in_is_refused_and_then_granted() {
    let seen = udp(&[
        (End::Orig, AS_REQ),
        (End::Resp, ERROR),
        (End::Orig, AS_REQ_2),
        (End::Resp, AS_REP),
    ]);

    assert_eq!(seen.app.service, "krb5");
    let digest = text::user_digest(b"alice");
    assert_eq!(seen.app.get(Essential::User), Some(&*digest));
    assert_eq!(seen.app.get(Essential::ClientHost), Some("WS01"));
    let [refused, granted] = &seen.transactions("krb5")[..] else {
        panic!("{seen:?}")
    };
    // tshark: KRB5KDC_ERR_PREAUTH_REQUIRED, krbtgt,EXAMPLE.COM, then types 18 and 18.
    assert_eq!(refused.text("msg_type"), Some("KRB_ERROR"));
    assert_eq!(refused.text("error_code"), Some("KDC_ERR_PREAUTH_REQUIRED"));
    assert_eq!(refused.text("failed_request"), Some("KRB_AS_REQ"));
    assert_eq!(refused.text("sname"), Some("krbtgt/EXAMPLE.COM"));
    assert_eq!(refused.text("client_host"), Some("WS01"));
    assert_eq!(granted.text("msg_type"), Some("KRB_AS_REP"));
    assert_eq!(granted.text("realm"), Some("EXAMPLE.COM"));
    assert_eq!(granted.text("encryption"), Some("aes256-cts-hmac-sha1-96"));
    let flags = |facts: &Facts| {
        ["pre_authenticated", "weak_encryption"].map(|key| match facts.get(key) {
            Some(sekisho_model::app::Fact::Flag(flag)) => Some(flag),
            _ => None,
        })
    };
    assert_eq!(flags(refused), [Some(false), None]);
    assert_eq!(flags(granted), [Some(true), Some(false)]);
    assert!(!format!("{seen:?}").contains("Alice"));
}

#[test]
fn a_ticket_under_a_weak_cipher_says_so_over_tcp_too() {
    let frame = |octets: &[u8]| [&u32::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat();
    let (asked, given) = (frame(TGS_REQ), frame(TGS_REP));
    let chunks: [(End, &[u8]); 2] = [(End::Orig, &asked), (End::Resp, &given)];

    let seen = test::converse(Transport::Tcp, [50000, 1088], &chunks);
    let cut = test::in_single_octets([50000, 1088], &chunks);
    let late = test::converse(Transport::Tcp, [50000, 88], &chunks[1..]);

    let [facts] = &seen.transactions("krb5")[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(facts.text("sname"), Some("MSSQLSvc/db1.example.com"));
    assert_eq!(facts.text("request_encryption"), Some("rc4-hmac"));
    assert_eq!(facts.text("ticket_encryption"), Some("rc4-hmac"));
    assert_eq!(
        facts.get("ticket_weak_encryption"),
        Some(sekisho_model::app::Fact::Flag(true))
    );
    assert_eq!(cut.transactions("krb5"), [*facts]);
    assert_eq!(late.transactions("krb5")[0].text("msg_type"), Some("KRB_TGS_REP"));
}

#[test]
fn what_is_not_answered_is_written_as_it_is() {
    let seen = udp(&[(End::Orig, AS_REQ)]);

    assert_eq!(seen.transactions("krb5")[0].text("msg_type"), Some("KRB_AS_REQ"));
}

#[test]
fn a_question_on_a_port_of_another_protocol_is_known_by_its_octets() {
    let Some(path) = test::capture("scan/gen-nmap-version-os.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark with the port decoded as Kerberos: AS-REQ, realm NM, krbtgt,NM, types 18,17,16,23,1,3,2.
    let found: Vec<_> = flows
        .iter()
        .flat_map(|flow| flow.seen.transactions("krb5"))
        .collect();
    let [facts] = &found[..] else { panic!("{found:?}") };
    assert_eq!(facts.text("realm"), Some("NM"));
    assert_eq!(facts.text("sname"), Some("krbtgt/NM"));
    let Some(sekisho_model::app::Fact::List(types)) = facts.get("request_encryption") else {
        panic!("{facts:?}")
    };
    assert_eq!(types.len(), 7);
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(octets: Vec<u8>, at in 10_usize..120, which in 0_usize..6) {
        let mut message = [AS_REQ, ERROR, AS_REQ_2, AS_REP, TGS_REQ, TGS_REP][which].to_vec();
        let end = message.len().min(at + octets.len());
        let at = at.min(end);
        message.splice(at..end, octets[..end - at].iter().copied());
        udp(&[(End::Orig, &message), (End::Resp, &message)]);
        let stream = [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat();
        test::converse(Transport::Tcp, [50000, 88], &[(End::Orig, &stream), (End::Orig, &octets)]);
    }

    #[test]
    fn random_octets_are_not_claimed(octets: Vec<u8>) {
        proptest::prop_assert_ne!(udp(&[(End::Orig, &octets)]).app.service, "krb5");
    }
}
