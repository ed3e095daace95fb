//! Conversations of DCE-RPC. What tshark says of the same packets stands beside them.

use super::*;
use crate::app::test;

/// A bind to the endpoint mapper and the question where svcctl listens (public capture).
const MAP: &[(End, &str)] = &[
    (
        End::Orig,
        "05000b03100000007400000002000000d016d0160000000002000000000001000883afe11f5dc91191a408002b14a0fa03000000045d888aeb1cc9119fe808002b10486002000000010001000883afe11f5dc91191a408002b14a0fa030000002c1cb76c12984045030000000000000001000000",
    ),
    (
        End::Resp,
        "05000c03100000005400000002000000d016d0166f08000004003133350000000200000000000000045d888aeb1cc9119fe808002b10486002000000030003000000000000000000000000000000000000000000",
    ),
    (
        End::Orig,
        "05000003100000009c0000000200000084000000000003000100000000000000000000000000000000000000020000004b0000004b000000050013000d81bb7a364498f135ad3298f03800100302000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b020000000100070200008701000904000000000000000000000000000000000000000000000000000004000000",
    ),
    (
        End::Resp,
        "050002031000000098000000020000008000000000000000000000000000000000000000000000000000000001000000040000000000000001000000030000004b0000004b000000050013000d81bb7a364498f135ad3298f03800100302000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b020000000100070200c00b0100090400c0a80a0a0000000000",
    ),
];

fn octets(packets: &[(End, &str)]) -> Vec<(End, Vec<u8>)> {
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    packets
        .iter()
        .map(|(from, hex)| (*from, hex.as_bytes().chunks(2).map(octet).collect()))
        .collect()
}

fn chunks(packets: &[(End, Vec<u8>)]) -> Vec<(End, &[u8])> {
    packets
        .iter()
        .map(|(from, octets)| (*from, &octets[..]))
        .collect()
}

#[test]
fn a_bind_and_a_map_are_paired_and_cutting_them_changes_nothing() {
    let packets = octets(MAP);

    let seen = test::converse(Transport::Tcp, [49283, 135], &chunks(&packets));
    let cut = test::in_single_octets([49283, 135], &chunks(&packets));

    assert_eq!(seen.app.service, "dcerpc");
    let [bind, map] = &seen.transactions("dcerpc")[..] else {
        panic!("{seen:?}")
    };
    // tshark: epm.uuid, dcerpc.cn_ack_result, epm.proto.ip and epm.proto.tcp_port.
    assert_eq!(bind.text("response"), Some("BINDACK"));
    assert_eq!(
        bind.text("interfaces.uuid"),
        Some("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
    );
    assert_eq!(bind.number("interfaces.ack_result"), Some(0));
    assert_eq!(map.text("interfaces.procedure"), Some("ept_map"));
    assert_eq!(map.number("req.opnum"), Some(3));
    assert_eq!(map.text("endpoints.service"), Some("svcctl"));
    assert_eq!(map.text("endpoints.address"), Some("192.168.10.10"));
    assert_eq!(map.number("endpoints.port"), Some(49163));
    assert_eq!(cut.transactions("dcerpc"), [*bind, *map]);
}

#[test]
fn an_answer_alone_and_a_start_in_the_middle_of_a_unit_are_read() {
    let packets = octets(MAP);
    let torn = [&packets[0].1[50..], &packets[2].1[..]].concat();

    let alone = test::converse(Transport::Tcp, [49283, 135], &chunks(&packets)[1..2]);
    let late = test::converse(
        Transport::Tcp,
        [49283, 135],
        &[
            (End::Resp, &packets[1].1),
            (End::Orig, &torn),
            (End::Resp, &packets[3].1),
        ],
    );

    assert_eq!(
        alone.transactions("dcerpc")[0].text("request"),
        Some("REQUEST_LOST")
    );
    let map = late.transactions("dcerpc")[1];
    assert_eq!(map.number("req.opnum"), Some(3));
    assert_eq!(map.text("response"), Some("RESPONSE"));
}

#[test]
fn calls_of_netlogon_are_named_on_any_port() {
    let Some(path) = test::capture("lateral_movement/zerologon-win2019.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark: 21 connections, each with operation 4 and its answer, then operation 26. In one of them it
    // takes frame 419 for a retransmission and does not open it; the octets are a request 26.
    let calls: Vec<_> = flows
        .iter()
        .filter(|flow| flow.seen.app.service == "dcerpc" && flow.resp.1 != 135)
        .flat_map(|flow| flow.seen.transactions("dcerpc"))
        .filter(|facts| facts.text("interfaces.service") == Some("netlogon"))
        .filter_map(|facts| facts.text("interfaces.procedure"))
        .collect();
    let count = |name| calls.iter().filter(|call| **call == name).count();
    assert_eq!(count("NetrServerReqChallenge"), 21);
    assert_eq!(count("NetrServerAuthenticate3"), 21);
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(octets: Vec<u8>, kind in 0_u8..20, len: u8, auth: u8, big: bool) {
        let drep = if big { 0 } else { 0x10 };
        let lengths = if big { [0, len, 0, auth] } else { [len, 0, auth, 0] };
        let head = [5, 0, kind, 3, drep, 0, 0, 0, lengths[0], lengths[1], lengths[2], lengths[3], 0, 0, 0, 1];
        let unit = [&head[..], &octets[..]].concat();
        test::converse(
            Transport::Tcp,
            [50000, 135],
            &[(End::Orig, &unit[..]), (End::Resp, &unit[..]), (End::Orig, &octets[..])],
        );
    }
}
