//! `sekisho top` over a real server and over a data directory.

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use sekisho_kit::{Capture, Conversation, Endpoint, PcapWriter, Random};
use support::{code, run, sekisho, stderr, stdout};

/// A data directory with some traffic.
fn data(folder: &tempfile::TempDir) -> String {
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (mut capture, mut random) = (Capture::new(), Random::new(5));
    for number in 0..20_u16 {
        let client = Endpoint::new("192.0.2.1", 50_000 + number);
        let talk = Conversation::new(client, Endpoint::new("198.51.100.2", 23))
            .request(b"q")
            .response(b"a");
        let second = 1_000_000_000 * u64::from(number);
        capture.extend(talk.play(1_793_750_400_000_000_000 + second, &mut random));
    }
    std::fs::write(path("c.pcap"), PcapWriter::default().write(&capture)).unwrap();
    std::fs::create_dir(path("policy")).unwrap();
    let policy = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
        [zone.office]\nnetworks = [\"192.0.2.0/24\"]\n[zone.server]\nnetworks = [\"198.51.100.0/24\"]\n";
    std::fs::write(path("policy/p.toml"), policy).unwrap();
    let (capture, policy, data) = (path("c.pcap"), path("policy"), path("data"));
    let replayed = run(&["replay", &capture, "--policy", &policy, "--out", &data, "--quiet"]);
    assert_eq!(code(&replayed), 0, "{}", stderr(&replayed));
    data
}

/// A server that is ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Serves the directory and says where.
    fn start(data: &str) -> (Self, String) {
        let mut command = sekisho(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        let url = said.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("{said}")).to_owned();
        (Self(child), url)
    }
}

#[test]
fn a_server_and_its_data_directory_show_the_same_screen() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let (_server, url) = Server::start(&data);

    let asked = run(&["top", "--url", &url, "--once"]);
    let read = run(&["top", "--data", &data, "--once"]);

    assert_eq!(code(&asked), 0, "{}", stderr(&asked));
    let below = |text: String| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(below(stdout(&asked)), below(stdout(&read)));
    let text = stdout(&asked);
    assert_eq!(text.lines().count(), 24, "{text}");
    assert!(
        text.contains(url.trim_start_matches("http://").trim_end_matches('/')),
        "{text}"
    );
    for seen in ["office", "server", "PATH-DENY", "192.0.2.1", "q ends"] {
        assert!(text.contains(seen), "{seen}: {text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn whoever_does_not_answer_is_named() {
    let nobody = run(&["top", "--url", "http://127.0.0.1:1", "--once"]);
    assert_eq!(code(&nobody), 2);
    assert!(
        stderr(&nobody).contains("no answer from http://127.0.0.1:1"),
        "{}",
        stderr(&nobody)
    );
    let secure = run(&["top", "--url", "https://127.0.0.1:1", "--once"]);
    assert!(
        stderr(&secure).contains("no http:// address"),
        "{}",
        stderr(&secure)
    );
    let no_data = run(&["top", "--data", "/no/such/folder", "--once"]);
    assert_eq!(code(&no_data), 2);
}

#[test]
fn without_a_terminal_a_screen_is_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);

    let output = run(&["top", "--data", &data]);

    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--once prints one screen as text"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_configuration_of_the_sensor_says_where_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sekisho.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:2\"\n").unwrap();
    let file = file.to_str().unwrap();

    let output = run(&["top", "--config", file, "--once"]);

    assert!(
        stderr(&output).contains("no answer from http://127.0.0.1:2"),
        "{}",
        stderr(&output)
    );
}
