//! What cannot be watched, and what is said of it.

use sekisho_kit::wire;

use crate::sensor::{Sensor, back_ends, has_xdp, wire};
use crate::support::{self, run};

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(support::code(&output), 2);
    support::stderr(&output)
}

#[test]
fn what_cannot_be_watched_is_said_with_what_to_do() {
    let nothing = refused(&["run"]);
    assert!(
        nothing.contains("no interface is named; give one with --interface NAME"),
        "{nothing}"
    );
    let missing = refused(&["run", "--interface", "no-such-port"]);
    assert!(
        missing.contains("no-such-port: there is no such interface; ip link lists"),
        "{missing}"
    );
    let blind = refused(&["run", "--interface", "lo", "--listen", "127.0.0.1:0"]);
    assert!(blind.contains("give one with --data DIR"), "{blind}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sekisho.toml");
    std::fs::write(&file, "interfaces = [\"lo\"]\nworker = 2\n").unwrap();
    let mistake = refused(&["run", "--config", file.to_str().unwrap()]);
    assert!(
        mistake.contains("sekisho.toml: line 2: unknown field `worker`; did you mean workers?"),
        "{mistake}"
    );
    std::fs::write(&file, "interfaces = [\"lo\"]\nsnap = 0\n").unwrap();
    let blind = refused(&["run", "--config", file.to_str().unwrap()]);
    assert!(blind.contains("snap = 0: give 64 to 262144 octets"), "{blind}");
    let absent = refused(&["run", "--interface", "lo", "--capture", "xdp"]);
    assert!(absent.contains("--capture ring"), "{absent}");
    let stampless = refused(&["run", "--interface", "lo", "--time", "nic"]);
    assert!(
        stampless.contains("--time nic: lo: its NIC stamps no frames; take --time host"),
        "{stampless}"
    );
}

#[test]
fn a_filter_that_is_none_is_refused_in_the_words_of_libpcap() {
    if !back_ends().contains(&"pcap") {
        return;
    }
    for back_end in ["ring", "pcap", "auto"] {
        let arguments = [
            "run",
            "--interface",
            "lo",
            "--capture",
            back_end,
            "--bpf",
            "tcp porto 80",
        ];
        let mistake = refused(&arguments);
        assert!(
            mistake.contains("--bpf tcp porto 80: can't parse filter expression: syntax error"),
            "{back_end}: {mistake}"
        );
    }
}

#[test]
fn the_choice_says_what_it_took_and_why_nothing_better() {
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &["--capture", "auto"]);
    let said = sensor.said.clone();
    sensor.end();

    if has_xdp() {
        assert!(said.contains(&format!("watching {} (xdp)", wire::FAR)), "{said}");
    } else {
        assert!(
            said.contains("not xdp: this build has no program for the kernel"),
            "{said}"
        );
        assert!(said.contains(&format!("watching {} (ring)", wire::FAR)), "{said}");
    }
}

#[test]
fn a_program_in_the_kernel_is_not_taken_where_every_packet_is_wanted() {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("wire.pcapng");
    let sensor = Sensor::start(&wire, &["--record", record.to_str().unwrap()]);
    let said = sensor.said.clone();
    sensor.end();

    assert!(said.contains(&format!("watching {} (ring)", wire::FAR)), "{said}");
    assert!(
        !has_xdp() || said.contains("not xdp: XDP gives few packets up to record"),
        "{said}"
    );
}
