//! Standard input, which needs a process of its own.

use std::io::Write;
use std::process::{Command, Stdio};

use sekisho_capture::{FileSource, Order, Source};

use super::builders::{gzip, pcap_at};
use super::reading::drain;

const CHILD: &str = "SEKISHO_TEST_STDIN";

#[test]
fn standard_input_is_read_to_its_end() {
    if std::env::var_os(CHILD).is_some() {
        child();
        return;
    }
    for octets in [pcap_at(&[1, 2, 3], 1), gzip(&pcap_at(&[1, 2, 3], 1))] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "stdin::standard_input_is_read_to_its_end"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for octet in octets.chunks(7) {
            stdin.write_all(octet).unwrap();
            stdin.flush().unwrap();
        }
        drop(stdin);

        let output = child.wait_with_output().unwrap();

        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && report.contains("1 passed"), "{report}");
    }
}

fn child() {
    let mut source = FileSource::open(&["-".into()], Order::ByTime).unwrap();

    assert_eq!(source.octets_total(), None);
    assert_eq!(drain(&mut source, 2).len(), 3);
    assert_eq!(
        (source.inputs()[0].path.as_str(), &source.inputs()[0].damage),
        ("-", &None)
    );
}
