//! Conversations of SMB. What tshark says of the same packets stands beside them.

use sekisho_model::app::Facts;

use super::*;
use crate::app::protocol::Transport;
use crate::app::{test, text};

/// A client asks whether a back door answers on port 445: version 1, anonymous, TRANS2 SESSION_SETUP
/// with multiplex number 65, answered with 81 (public capture of DoublePulsar).
const PING: &[(End, &str)] = &[
    (
        End::Orig,
        "00000085ff534d4272000000001853c00000000000000000000000000000fffe00004000006200025043204e4554574f524b2050524f4752414d20312e3000024c414e4d414e312e30000257696e646f777320666f7220576f726b67726f75707320332e316100024c4d312e325830303200024c414e4d414e322e3100024e54204c4d20302e313200",
    ),
    (
        End::Resp,
        "00000073ff534d4272000000009853c00000000000000000000000000000fffe000040001105000332000100041100000000010000000000fce301001cb285e1cbb6d2010000082e007b86e03c834c4ec057004f0052004b00470052004f005500500000004900450031003100570049004e0037000000",
    ),
    (
        End::Orig,
        "00000088ff534d4273000000001807c00000000000000000000000000000fffe000040000dff00880004110a000000000000000100000000000000d40000004b000000000000570069006e0064006f007700730020003200300030003000200032003100390035000000570069006e0064006f007700730020003200300030003000200035002e0030000000",
    ),
    (
        End::Resp,
        "000000c1ff534d4273000000009807c00000000000000000000000000000fffe0008400003ff00c1000000980000570069006e0064006f007700730020003700200045006e0074006500720070007200690073006500200037003600300031002000530065007200760069006300650020005000610063006b00200031000000570069006e0064006f007700730020003700200045006e0074006500720070007200690073006500200036002e003100000057004f0052004b00470052004f005500500000",
    ),
    (
        End::Orig,
        "00000060ff534d4275000000001807c00000000000000000000000000000fffe0008400004ff006000080001003500005c005c003100390032002e003100360038002e003100390038002e003200300033005c00490050004300240000003f3f3f3f3f00",
    ),
    (
        End::Resp,
        "00000038ff534d4275000000009807c00000000000000000000000000008fffe0008400007ff0038000100ffff1f00ffff1f00070049504300000000",
    ),
    (
        End::Orig,
        "0000004eff534d4232000000001807c00000000000000000000000000008fffe000841000f0c000000010000000000000077bfed0000000c00420000004e0001000e000d0000000000000000000000000000",
    ),
    (
        End::Resp,
        "00000023ff534d4232020000c09807c00000794b5da40000000000000008fffe00085100000000",
    ),
    (
        End::Orig,
        "00000023ff534d4271000000001807c00000000000000000000000000008fffe00084100000000",
    ),
    (
        End::Resp,
        "00000023ff534d4271000000009807c00000000000000000000000000008fffe00084100000000",
    ),
    (
        End::Orig,
        "00000027ff534d4274000000001807c00000000000000000000000000008fffe0008410002ff0027000000",
    ),
    (
        End::Resp,
        "00000027ff534d4274000000009807c00000000000000000000000000008fffe0008410002ff0027000000",
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

/// The values of a path in the transactions of one command.
fn of<'a>(seen: &'a [&Facts], command: &str, path: &str) -> Vec<&'a str> {
    seen.iter()
        .filter(|facts| facts.text("command") == Some(command))
        .filter_map(|facts| facts.text(path))
        .collect()
}

#[test]
fn version_1_is_read_and_cutting_it_changes_nothing() {
    let packets = octets(PING);

    let seen = test::converse(Transport::Tcp, [50975, 445], &chunks(&packets));
    let cut = test::in_single_octets([50975, 445], &chunks(&packets));

    assert_eq!(seen.app.service, "smb");
    assert_eq!(seen.app.get(Essential::Version), Some("NT LM 0.12"));
    assert_eq!(seen.app.get(Essential::ClientSoftware), Some("Windows 2000 2195"));
    assert_eq!(
        seen.app.get(Essential::ServerSoftware),
        Some("Windows 7 Enterprise 7601 Service Pack 1")
    );
    assert_eq!(seen.app.get(Essential::User), None);
    let all = seen.transactions("smb");
    assert_eq!(
        of(&all, "SMB1_COMMAND_TREE_CONNECT_ANDX", "share"),
        [r"\\192.168.198.203\IPC$"]
    );
    let ping: Vec<_> = all
        .iter()
        .filter(|facts| facts.text("command") == Some("SMB1_COMMAND_TRANS2"))
        .map(|facts| (facts.number("multiplex_id"), facts.text("status")))
        .collect();
    assert_eq!(
        ping,
        [(Some(81), Some("STATUS_NOT_IMPLEMENTED")), (Some(65), None)]
    );
    assert_eq!(cut.transactions("smb"), all);
    assert_eq!(cut.app, seen.app);
}

#[test]
fn one_end_alone_and_a_start_in_the_middle_are_read() {
    let packets = octets(PING);
    let mut answers = chunks(&packets);
    answers.retain(|(from, _)| *from == End::Resp);

    let one_sided = test::converse(Transport::Tcp, [50975, 445], &answers);
    let late = test::converse(Transport::Tcp, [50975, 445], &chunks(&packets)[4..]);

    let all = one_sided.transactions("smb");
    assert_eq!(
        of(&all, "SMB1_COMMAND_SESSION_SETUP_ANDX", "response.native_lm"),
        ["Windows 7 Enterprise 6.1"]
    );
    let all = late.transactions("smb");
    assert_eq!(
        of(&all, "SMB1_COMMAND_TREE_CONNECT_ANDX", "share"),
        [r"\\192.168.198.203\IPC$"]
    );
}

#[test]
fn after_a_gap_the_next_frame_is_found() {
    let packets = octets(PING);
    let mut torn = packets.clone();
    // The second half of a frame, and the next one behind it.
    torn[2].1 = [&packets[2].1[40..], &packets[4].1[..]].concat();
    torn.remove(4);

    let seen = test::converse(Transport::Tcp, [50975, 445], &chunks(&torn));

    assert_eq!(
        of(
            &seen.transactions("smb"),
            "SMB1_COMMAND_TREE_CONNECT_ANDX",
            "share"
        ),
        [r"\\192.168.198.203\IPC$"]
    );
}

#[test]
fn a_remote_service_is_named_with_its_share_files_and_calls() {
    let Some(path) = test::capture("lateral_movement/smb-psexec-add-user.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark: smb2.tree, smb2.filename, smb2.write_length summed, svcctl.servicename.
    let copy = flows.iter().find(|flow| flow.orig.1 == 49282).unwrap();
    let all = copy.seen.transactions("smb");
    assert_eq!(of(&all, "SMB2_COMMAND_TREE_CONNECT", "share"), [r"\\dc1\ADMIN$"]);
    assert_eq!(of(&all, "SMB2_COMMAND_CREATE", "filename"), ["PSEXESVC.exe"]);
    assert_eq!(
        of(&all, "SMB2_COMMAND_CREATE", "disposition"),
        ["FILE_OVERWRITE_IF"]
    );
    assert_eq!(all.last().unwrap().number("written_octets"), Some(145_568));
    assert_eq!(copy.seen.app.get(Essential::Version), Some("2.10"));
    assert_eq!(
        of(&all, "SMB2_COMMAND_SESSION_SETUP", "kerberos.realm"),
        ["CONTOSO.LOCAL"]
    );
    let service = flows.iter().find(|flow| flow.orig.1 == 49285).unwrap();
    let all = service.seen.transactions("smb");
    let mut names = of(&all, "SMB2_COMMAND_CREATE", "filename");
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "PSEXESVC",
            "PSEXESVC-VICTIM-PC-2412-stderr",
            "PSEXESVC-VICTIM-PC-2412-stdin",
            "PSEXESVC-VICTIM-PC-2412-stdout",
            "PSEXESVC.exe",
            "svcctl",
            "svcctl",
        ]
    );
    let calls: Vec<_> = all
        .iter()
        .filter(|facts| facts.text("dcerpc.interfaces.procedure") == Some("CreateServiceWOW64W"))
        .map(|facts| (facts.number("dcerpc.opnum"), facts.text("dcerpc.service_name")))
        .collect();
    assert_eq!(calls, [(Some(45), Some("PSEXESVC"))]);
    assert!(
        all.iter()
            .any(|facts| facts.text("dcerpc.interfaces.procedure") == Some("DeleteService"))
    );
}

#[test]
fn what_is_read_from_a_file_is_summed() {
    let Some(path) = test::capture("lateral_movement/smb-mimikatz-copy.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark: smb2.end_of_file 804352; read lengths 4096, and 12 * 65536 + 17920.
    let all = flows[0].seen.transactions("smb");
    let closed: Vec<_> = all
        .iter()
        .filter(|facts| facts.text("command") == Some("SMB2_COMMAND_CLOSE"))
        .map(|facts| (facts.text("filename"), facts.number("read_octets")))
        .collect();
    let name = Some(r"temp\mimikatz.exe");
    assert_eq!(closed, [(name, Some(4096)), (name, Some(804_352))]);
}

#[test]
fn ntlm_names_host_and_server_on_port_139() {
    let Some(path) = test::capture("lateral_movement/doublepulsar.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    // tshark: nbss.called_name, ntlmssp.auth.hostname, ntlmssp.version.*, smb2.nt_status.
    let flow = flows.iter().find(|flow| flow.orig.1 == 49847).unwrap();
    let app = &flow.seen.app;
    assert_eq!(app.get(Essential::ServerName), Some("DESKTOP-AFPVEQ2"));
    assert_eq!(app.get(Essential::ClientHost), Some("IE11WIN7"));
    assert_eq!(
        app.get(Essential::ServerSoftware),
        Some("Windows 10.0 build 10586 rev 15")
    );
    let all = flow.seen.transactions("smb");
    assert_eq!(
        of(&all, "SMB2_COMMAND_SESSION_SETUP", "status"),
        ["STATUS_MORE_PROCESSING_REQUIRED", "STATUS_ACCESS_DENIED"]
    );
    assert_eq!(
        of(&all, "SMB2_COMMAND_SESSION_SETUP", "ntlmssp.host"),
        ["IE11WIN7"]
    );
}

#[test]
fn an_account_stands_as_its_digest() {
    // MS-NLMP section 4.2.4.3's answer inside a version 2 session setup.
    let ntlm = b"NTLMSSP\0\x03\0\0\0\x18\0\x18\0\x6c\0\0\0\x54\0\x54\0\x84\0\0\0\x0c\0\x0c\0\x48\0\0\0\x08\0\x08\0\x54\0\0\0\x10\0\x10\0\x5c\0\0\0\x10\0\x10\0\xd8\0\0\0\x35\x82\x88\xe2\x05\x01\x28\x0a\0\0\0\x0fD\0o\0m\0a\0i\0n\0U\0s\0e\0r\0C\0O\0M\0P\0U\0T\0E\0R\0";
    let mut message = vec![0; 64 + 24];
    message[..6].copy_from_slice(b"\xfeSMB\x40\0");
    message[12] = 1;
    message[64..66].copy_from_slice(&[25, 0]);
    message[76..80].copy_from_slice(&[88, 0, u8::try_from(ntlm.len()).unwrap(), 0]);
    message.extend_from_slice(ntlm);
    let frame = [&[0, 0, 0, u8::try_from(message.len()).unwrap()], &message[..]].concat();

    let seen = test::converse(Transport::Tcp, [50000, 445], &[(End::Orig, &frame)]);

    let digest = text::user_digest(b"User");
    assert_eq!(seen.app.get(Essential::User), Some(&*digest));
    let all = seen.transactions("smb");
    assert_eq!(
        of(&all, "SMB2_COMMAND_SESSION_SETUP", "ntlmssp.user_digest"),
        [&*digest]
    );
    assert!(!format!("{seen:?}").contains("\"User\""));
}

#[test]
fn what_is_encrypted_is_said_once_and_ends_the_reading() {
    let frame = [&[0, 0, 0, 60], &b"\xfdSMB"[..], &[7; 56]].concat();
    let stream = frame.repeat(20);

    let seen = test::converse(Transport::Tcp, [50000, 445], &[(End::Orig, &stream)]);

    let all = seen.transactions("smb");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].at("encrypted"), Some(sekisho_model::app::Fact::Flag(true)));
}

#[test]
fn transactions_of_a_flow_have_a_limit() {
    let packets = octets(PING);
    let both = [&packets[4], &packets[5]].map(|(from, octets)| (*from, &octets[..]));
    let chunks: Vec<_> = [(End::Orig, &packets[0].1[..]), (End::Resp, &packets[1].1[..])]
        .into_iter()
        .chain(std::iter::repeat_n(both, 600).flatten())
        .collect();

    let seen = test::converse(Transport::Tcp, [50975, 445], &chunks);

    assert_eq!(seen.transactions("smb").len(), 512);
    assert!(seen.app.is_partial);
}

#[test]
fn data_that_is_written_is_passed_over() {
    // A write of 8 MiB, of which the fixed part is read, and a frame behind it.
    let len = 64 + 48 + (8 << 20);
    let mut frame = vec![0; 4 + len];
    frame[..4].copy_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
    frame[4..10].copy_from_slice(b"\xfeSMB\x40\0");
    frame[16] = 9;
    let packets = octets(PING);
    let mut chunks: Vec<(End, &[u8])> = frame.chunks(1460).map(|part| (End::Orig, part)).collect();
    chunks.push((End::Orig, &packets[4].1));

    let seen = test::converse(Transport::Tcp, [50000, 445], &chunks);

    assert!(!seen.app.is_partial);
    assert_eq!(
        of(
            &seen.transactions("smb"),
            "SMB1_COMMAND_TREE_CONNECT_ANDX",
            "share"
        ),
        [r"\\192.168.198.203\IPC$"]
    );
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(
        octets: Vec<u8>,
        magic in 0xfc_u8..=0xff,
        command in 0_u8..=0xff,
        flags: u8,
        resp: bool,
    ) {
        let mut frame = vec![0, 0, 1, 0, magic, b'S', b'M', b'B', 0x40, 0];
        frame.extend_from_slice(&octets);
        frame.resize(260, 0);
        if magic == 0xff {
            (frame[8], frame[13]) = (command, flags);
        } else {
            (frame[16], frame[17], frame[20]) = (command % 20, 0, flags);
        }
        let from = if resp { End::Resp } else { End::Orig };
        test::converse(
            Transport::Tcp,
            [50000, 445],
            &[(from, &frame[..]), (from.other(), &frame[..]), (from, &octets[..]), (from, &frame[..])],
        );
    }

    #[test]
    fn random_octets_are_not_claimed(octets: Vec<u8>) {
        let seen = test::converse(Transport::Tcp, [50000, 50001], &[(End::Orig, &octets[..])]);
        proptest::prop_assert_ne!(seen.app.service, "smb");
    }
}
