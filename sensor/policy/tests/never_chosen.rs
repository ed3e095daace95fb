//! Paths that decide nothing, since others that are asked first allow all of theirs.

use sekisho_policy::{Policy, Source};

const HEADER: &str = r#"
schema = 1
[policy]
name = "idle"
version = "1"
[zone.office]
networks = ["10.40.1.0/24"]
[zone.guest]
networks = ["10.40.3.0/24"]
[zone.server]
networks = ["10.40.2.0/24"]
"#;

fn path(id: &str, from: &str, more: &str) -> String {
    format!("[[path]]\nid = \"{id}\"\nfrom = {from}\nto = \"server\"\nowner = \"x\"\n{more}\n")
}

/// What is said of paths that are never chosen.
fn idle(paths: &[String]) -> Vec<String> {
    let policy = Policy::compile(&[Source {
        name: "p.toml".to_owned(),
        text: format!("{HEADER}{}", paths.concat()).into(),
    }])
    .unwrap();
    let messages = policy.warnings().iter().map(|report| report.message().to_owned());
    messages
        .filter(|message| message.contains("never chosen"))
        .collect()
}

#[test]
fn the_path_that_allows_all_of_an_idle_one_is_named() {
    let https = "protocol = \"tcp\"\nports = [443]";
    let hosts = format!("{https}\nfrom_hosts = [\"10.40.1.5\"]");
    let any_transport = "protocol = [\"tcp\", \"udp\", \"sctp\"]\nports = [80, \"440-450\"]";
    for (first, second) in [
        // The same twice.
        (path("P1", "\"office\"", https), path("P2", "\"office\"", https)),
        // One of several zones.
        (
            path("P1", "[\"office\", \"guest\"]", https),
            path("P2", "\"guest\"", https),
        ),
        // A named protocol is asked first, and has more ports.
        (
            path("P1", "\"office\"", any_transport),
            path("P2", "\"office\"", "ports = [443]"),
        ),
        // The same hosts, in any zone.
        (path("P1", "\"*\"", &hosts), path("P2", "\"*\"", &hosts)),
        // What a path asks besides does not matter where all of it is allowed before.
        (
            path("P1", "\"office\"", https),
            path("P2", "\"office\"", &format!("{https}\ntunnel = \"none\"")),
        ),
    ] {
        let said = idle(&[first, second.clone()]);

        assert_eq!(said, ["`P2` is never chosen: `P1` allows all of it"], "{second}");
    }
}

#[test]
fn several_that_allow_it_together_are_not_named() {
    let of = |protocol: &str| format!("protocol = {protocol}\nports = [443]");
    let said = idle(&[
        path("P1", "\"office\"", &of("\"tcp\"")),
        path("P2", "\"office\"", &of("\"udp\"")),
        path("P3", "\"office\"", &of("[\"tcp\", \"udp\"]")),
    ]);

    assert_eq!(
        said,
        ["`P3` is never chosen: paths that are asked first allow all of it"]
    );
}

#[test]
fn a_path_that_allows_something_more_is_not_idle() {
    let https = "protocol = \"tcp\"\nports = [443]";
    for (first, second) in [
        (
            https.to_owned(),
            "protocol = \"tcp\"\nports = [443, 444]".to_owned(),
        ),
        (
            https.to_owned(),
            "protocol = [\"tcp\", \"udp\"]\nports = [443]".to_owned(),
        ),
        (format!("{https}\ntunnel = \"none\""), https.to_owned()),
        (format!("{https}\nexpires = \"2027-03-31\""), https.to_owned()),
        (format!("{https}\nfrom_hosts = [\"10.40.1.5\"]"), https.to_owned()),
        (
            format!("{https}\nfrom_hosts = [\"10.40.1.5=52:54:00:00:00:05\"]"),
            format!("{https}\nfrom_hosts = [\"10.40.1.5\"]"),
        ),
    ] {
        let said = idle(&[
            path("P1", "\"office\"", &first),
            path("P2", "\"office\"", &second),
        ]);

        assert_eq!(said, Vec::<String>::new(), "{second}");
    }
}
