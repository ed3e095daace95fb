//! What a sensor that watches may still do, read back from the kernel.

use std::time::Duration;

use sekisho_kit::{Wire, wire};
use serde_json::Value;

use crate::sensor::{Sensor, back_ends, until_read, wire};
use crate::support;
use crate::traffic::{POLICY, traffic};

/// A line of a thread's status in procfs.
fn line(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}

/// The status of every thread.
fn threads(sensor: &Sensor) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", sensor.child.id())).unwrap();
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok());
    status.collect()
}

#[test]
fn every_thread_of_a_sensor_that_watches_has_given_up_what_it_does_not_need() {
    for back_end in back_ends() {
        has_given_up(back_end);
    }
}

fn has_given_up(back_end: &str) {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let arguments = ["--data", data, "--listen", "127.0.0.1:0", "--capture", back_end];
    let sensor = Sensor::start(&wire, &arguments);
    std::thread::sleep(Duration::from_millis(500));

    let threads = threads(&sensor);
    let watched = sensor.end();

    // The main thread, signals, the watch, the dashboard and its two workers at least.
    assert!(threads.len() >= 6, "{}", threads.len());
    for status in threads {
        // capabilities(7): CAP_NET_RAW is 13; CAP_NET_ADMIN is 12, CAP_PERFMON 38, CAP_BPF 39.
        let capabilities = match back_end {
            "xdp" => 1_u64 << 13 | 1 << 12 | 1 << 38 | 1 << 39,
            _ => 1 << 13,
        };
        assert_eq!(
            line(&status, "CapEff:"),
            format!("{capabilities:016x}"),
            "{status}"
        );
        assert_eq!(line(&status, "CapPrm:"), format!("{capabilities:016x}"));
        assert_eq!(line(&status, "CapInh:"), "0000000000000000");
        assert_eq!(line(&status, "CapBnd:"), "0000000000000000");
        assert_eq!(line(&status, "CapAmb:"), "0000000000000000");
        assert_eq!(line(&status, "NoNewPrivs:"), "1");
        // SECCOMP_MODE_FILTER: proc_pid_status(5).
        assert_eq!(line(&status, "Seccomp:"), "2");
    }
    let protection = &watched["protection"];
    let expected = match back_end {
        "xdp" => serde_json::json!(["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_PERFMON", "CAP_BPF"]),
        _ => serde_json::json!(["CAP_NET_RAW"]),
    };
    assert_eq!(protection["capabilities"], expected);
    assert_eq!(protection["no_new_privileges"], true);
    assert_eq!(protection["seccomp"], "on");
    let landlock = protection["landlock"].as_str().unwrap();
    assert!(
        ["on", "in part", "off"]
            .iter()
            .any(|word| landlock.starts_with(word)),
        "{landlock}"
    );
}

/// Answers a request of the dashboard at the far end.
fn get(wire: &Wire, port: u16, path: &str) -> String {
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; \
         printf 'GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
    );
    let output = wire.command("bash").args(["-c", &script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The port that the dashboard said it took.
fn dashboard(said: &str) -> u16 {
    let after = said.split("127.0.0.1:").nth(1).unwrap();
    after.split('/').next().unwrap().parse().unwrap()
}

#[test]
fn everything_that_a_sensor_does_is_still_done_inside_the_fence() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        wire.far(&["link", "set", "lo", "up"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["site", "site/policy", "lists", "record"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let write = |version: &str| POLICY.replace("version = \"1\"", &format!("version = \"{version}\""));
        std::fs::write(path("site/policy/p.toml"), write("1")).unwrap();
        std::fs::write(path("lists/a.txt"), "192.0.2.9\n").unwrap();
        let (policy, lists, data) = (path("site/policy"), path("lists"), path("data"));
        let (eve, record) = (path("eve.json"), path("record"));
        let mut arguments = vec![
            "--capture",
            back_end,
            "--policy",
            &policy,
            "--lists",
            &lists,
            "--data",
            &data,
            "--eve",
            &eve,
            "--listen",
            "127.0.0.1:0",
        ];
        // XDP gives few packets up to record.
        let is_recorded = back_end != "xdp";
        if is_recorded {
            arguments.extend(["--record", &record, "--record-mib", "1", "--record-files", "4"]);
        }
        let sensor = Sensor::start_and_listen(&wire, &arguments);
        let send = || {
            let sender = wire.sender().unwrap();
            for packet in traffic().packets {
                sender.send(&packet.octets).unwrap();
            }
        };
        let port = dashboard(&sensor.said);

        for round in 0..3 {
            send();
            // The folder of the policy is replaced as a whole, as an installer does it.
            std::fs::create_dir(path("site/new")).unwrap();
            std::fs::write(path("site/new/p.toml"), write(&format!("2.{round}"))).unwrap();
            std::fs::rename(path("site/policy"), path(&format!("site/old-{round}"))).unwrap();
            std::fs::rename(path("site/new"), path("site/policy")).unwrap();
            sensor.signal("HUP");
            std::thread::sleep(Duration::from_millis(3_000));
            assert!(
                get(&wire, port, "/api/v1/alerts").starts_with("HTTP/1.1 200"),
                "{back_end}"
            );
        }
        wire.far(&["link", "del", wire::FAR]).unwrap();
        std::thread::sleep(Duration::from_millis(1_500));
        wire.connect().unwrap();
        until_read(&wire, back_end);
        send();
        let watched = sensor.end();

        let sent = u64::try_from(traffic().packets.len()).unwrap() * 4;
        assert_eq!(watched["packets"].as_u64(), Some(sent), "{back_end}: {watched}");
        assert_eq!(watched["policy_changes"]["taken_up"], 3, "{back_end}: {watched}");
        assert_eq!(watched["policy_changes"]["refused"], 0, "{back_end}: {watched}");
        assert_eq!(watched["policy_version"], "2.2");
        assert_eq!(watched["lists"]["indicators"], 1);
        let files = std::fs::read_dir(&record).unwrap().count();
        assert!(files >= 2 || !is_recorded, "{back_end}: {files}");
        let replayed = support::run(&["hunt", "192.0.2.9", "--data", &data]);
        assert!(
            support::stderr(&replayed).contains("3 new"),
            "{}",
            support::stderr(&replayed)
        );
    }
}

#[test]
fn what_lies_outside_the_fence_is_refused() {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(path("site")).unwrap();
    std::fs::create_dir(path("site/policy")).unwrap();
    std::fs::write(path("site/policy/p.toml"), POLICY).unwrap();
    let policy = path("site/policy");
    let sensor = Sensor::start(&wire, &["--policy", &policy]);

    // A link in the policy that leads to a file outside: the sensor follows it, the kernel refuses.
    std::os::unix::fs::symlink("/etc/shadow", path("site/policy/q.toml")).unwrap();
    sensor.signal("HUP");
    std::thread::sleep(Duration::from_millis(2_500));
    let watched = sensor.end();

    if watched["protection"]["landlock"] == "on" {
        let refusal = watched["policy_changes"]["standing_refusal"].as_str().unwrap();
        assert!(refusal.contains("q.toml"), "{refusal}");
        assert!(refusal.to_lowercase().contains("permission"), "{refusal}");
    }
}

#[test]
fn a_sensor_without_a_fence_says_so() {
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &["--no-sandbox", "--capture", "ring"]);
    let status = sensor.status();
    let watched = sensor.end();

    assert_eq!(line(&status, "Seccomp:"), "0");
    assert_eq!(line(&status, "CapEff:"), format!("{:016x}", 1 << 13));
    assert_eq!(watched["protection"]["seccomp"], "off: not asked for");
    assert_eq!(watched["protection"]["landlock"], "off: not asked for");
}

#[test]
fn the_system_sends_nothing_of_itself_where_that_is_asked() {
    let Some(wire) = wire() else { return };
    let switch = format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", wire::FAR);
    let shell = |script: &str| {
        let output = wire.command("sh").args(["-c", script]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    if shell(&format!("cat {switch}")).is_empty() {
        return;
    }
    let transmitted = || {
        let shown = wire.far_says(&["-j", "-s", "link", "show", wire::FAR]).unwrap();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        shown[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
    };
    shell(&format!("echo 0 > {switch}"));

    let told = Sensor::start(&wire, &[]);
    let said = told.said.clone();
    told.end();
    assert!(
        said.contains("far0: IPv6 is on") && said.contains("sysctl net.ipv6.conf.far0.disable_ipv6=1"),
        "{said}"
    );

    let silent = Sensor::start(&wire, &["--no-ipv6"]);
    assert_eq!(shell(&format!("cat {switch}")), "1");
    assert!(!silent.said.contains("IPv6 is on"), "{}", silent.said);
    let before = transmitted();
    for state in ["down", "up"] {
        wire.far(&["link", "set", wire::FAR, state]).unwrap();
    }
    std::thread::sleep(Duration::from_millis(3_000));
    silent.end();
    assert_eq!(transmitted(), before);
}
