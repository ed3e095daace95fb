//! Ports that come and go while they are read, and a sensor that is held up or killed.

use std::time::Duration;

use sekisho_kit::{Capture, Wire, wire};
use serde_json::Value;

use crate::sensor::{Sensor, back_ends, until_read, wire};
use crate::traffic::traffic;

/// Long enough for a sensor to look at its interfaces twice.
fn pause() {
    std::thread::sleep(Duration::from_millis(2_500));
}

/// Sends the first frames of the traffic, all different.
fn send(wire: &Wire, frames: usize) {
    let sender = wire.sender().unwrap();
    let capture: Capture = traffic();
    for packet in capture.packets.iter().cycle().take(frames) {
        sender.send(&packet.octets).unwrap();
    }
}

fn port(watched: &Value) -> &Value {
    &watched["input"]["files"][0]
}

#[test]
fn a_port_that_goes_down_comes_up_or_is_made_anew_is_read_on() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end]);

        send(&wire, 1);
        wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
        pause();
        wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
        pause();
        send(&wire, 1);
        pause();
        wire.far(&["link", "del", wire::FAR]).unwrap();
        pause();
        wire.connect().unwrap();
        until_read(&wire, back_end);
        send(&wire, 1);
        pause();
        let watched = sensor.end();

        assert_eq!(watched["packets"], 3, "{back_end}: {watched}");
        assert_eq!(port(&watched)["port"]["received"], 3, "{back_end}: {watched}");
        assert_eq!(watched["input"]["damaged"], 0, "{back_end}: {watched}");
    }
}

#[test]
fn a_link_that_flaps_fifty_times_is_read_on_and_costs_nothing_while_it_is_down() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end]);
        send(&wire, 10);

        for _ in 0..50 {
            wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
            wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
        }
        wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
        let before = sensor.cpu_seconds();
        pause();
        let used = sensor.cpu_seconds() - before;
        wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
        pause();
        send(&wire, 100);
        let watched = sensor.end();

        assert!(used < 0.25, "{back_end}: {used} s of processor time while down");
        assert_eq!(watched["packets"], 110, "{back_end}: {watched}");
        assert_eq!(port(&watched)["port"]["received"], 110, "{back_end}: {watched}");
        assert_eq!(watched["input"]["damaged"], 0, "{back_end}: {watched}");
    }
}

#[test]
fn a_port_that_is_renamed_is_read_on_and_that_is_said() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end]);

        send(&wire, 5);
        wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
        wire.far(&["link", "set", wire::FAR, "name", "other0"]).unwrap();
        wire.far(&["link", "set", "other0", "up"]).unwrap();
        pause();
        send(&wire, 5);
        pause();
        let watched = sensor.end();

        assert_eq!(watched["packets"], 10, "{back_end}: {watched}");
        assert_eq!(port(&watched)["port"]["received"], 10, "{back_end}: {watched}");
        let damage = port(&watched)["damage"].as_str().unwrap();
        assert!(
            damage.contains("now called other0 and is read on"),
            "{back_end}: {damage}"
        );
    }
}

#[test]
fn frames_of_any_length_are_read_whole_while_the_mtu_changes() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end]);
        let mut octets = 0;
        for mtu in [1_500, 9_000, 65_000, 576] {
            let text = mtu.to_string();
            wire.near(&["link", "set", wire::NEAR, "mtu", &text]).unwrap();
            wire.far(&["link", "set", wire::FAR, "mtu", &text]).unwrap();
            let sender = wire.sender().unwrap();
            let mut frame = traffic().packets[1].octets.clone();
            frame.resize(14 + mtu, 0);
            for _ in 0..20 {
                sender.send(&frame).unwrap();
                octets += frame.len();
            }
        }
        let watched = sensor.end();

        assert_eq!(watched["packets"], 80, "{back_end}: {watched}");
        assert_eq!(
            watched["frame_octets"].as_u64(),
            u64::try_from(octets).ok(),
            "{back_end}"
        );
    }
}

#[test]
fn a_port_that_is_not_there_yet_is_waited_for_where_that_is_asked() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        wire.far(&["link", "del", wire::FAR]).unwrap();
        let sensor = Sensor::start(&wire, &["--capture", back_end, "--wait"]);
        assert!(
            sensor.said.contains("far0: there is no such interface")
                && sensor.said.contains("it is waited for"),
            "{back_end}: {}",
            sensor.said
        );
        pause();
        wire.connect().unwrap();
        until_read(&wire, back_end);
        send(&wire, 7);
        let watched = sensor.end();

        assert_eq!(watched["packets"], 7, "{back_end}: {watched}");
        assert_eq!(port(&watched)["port"]["received"], 7, "{back_end}: {watched}");
        assert_eq!(watched["input"]["damaged"], 0, "{back_end}: {watched}");
    }
}

#[test]
fn a_sensor_that_was_held_up_counts_exactly_what_it_lost() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end, "--ring-mib", "2"]);
        send(&wire, 100);
        pause();

        sensor.signal("STOP");
        send(&wire, 60_000);
        sensor.signal("CONT");
        pause();
        send(&wire, 100);
        let watched = sensor.end();

        let lost = watched["losses"]["ring_dropped"].as_u64().unwrap();
        assert!(lost > 10_000, "{back_end}: {lost} lost");
        assert_eq!(
            watched["packets"].as_u64().unwrap() + lost,
            60_200,
            "{back_end}: {watched}"
        );
        assert_eq!(
            port(&watched)["port"]["received"],
            60_200,
            "{back_end}: {watched}"
        );
        assert_eq!(
            port(&watched)["port"]["ring_dropped"].as_u64(),
            Some(lost),
            "{back_end}"
        );
        assert_eq!(
            watched["alerts"]["by_rule"]["LIMIT-RING"], 1,
            "{back_end}: {watched}"
        );
    }
}

#[test]
fn a_sensor_that_is_killed_leaves_the_port_as_it_was() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let promiscuity = || {
            let shown = wire.far_says(&["-d", "link", "show", wire::FAR]).unwrap();
            let after = shown.split("promiscuity ").nth(1).unwrap().to_owned();
            after.split(' ').next().unwrap().to_owned()
        };
        assert_eq!(promiscuity(), "0");
        for _ in 0..3 {
            let mut sensor = Sensor::start(&wire, &["--capture", back_end]);
            assert_eq!(promiscuity(), "1", "{back_end}");
            sensor.signal("KILL");
            sensor.child.wait().unwrap();
            assert_eq!(promiscuity(), "0", "{back_end}");
        }
        let shown = wire.far_says(&["-d", "link", "show", wire::FAR]).unwrap();
        assert!(!shown.contains("xdp"), "{shown}");
    }
}

#[test]
fn a_sensor_that_watches_sends_nothing() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let transmitted = || {
            let shown = wire.far_says(&["-j", "-s", "link", "show", wire::FAR]).unwrap();
            let shown: Value = serde_json::from_str(&shown).unwrap();
            shown[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
        };
        let before = transmitted();
        let sensor = Sensor::start(&wire, &["--capture", back_end]);
        send(&wire, 100);
        pause();
        sensor.end();

        assert_eq!(transmitted(), before, "{back_end}");
    }
}
