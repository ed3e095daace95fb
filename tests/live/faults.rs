//! Ports that come and go while they are read.

use std::time::Duration;

use sekisho_kit::wire;

use crate::sensor::{Sensor, back_ends, wire};
use crate::traffic::traffic;

#[test]
fn a_port_that_goes_down_comes_up_or_is_made_anew_is_read_on() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let sensor = Sensor::start(&wire, &["--capture", back_end]);
        let sender = wire.sender().unwrap();
        let frame = &traffic().packets[0].octets;
        let pause = || std::thread::sleep(Duration::from_millis(2_500));

        sender.send(frame).unwrap();
        wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
        pause();
        wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
        pause();
        sender.send(frame).unwrap();
        pause();
        wire.far(&["link", "del", wire::FAR]).unwrap();
        pause();
        wire.connect().unwrap();
        pause();
        wire.sender().unwrap().send(frame).unwrap();
        pause();
        let watched = sensor.end();

        assert_eq!(watched["packets"], 3, "{back_end}: {watched}");
        assert_eq!(
            watched["input"]["files"][0]["port"]["received"], 3,
            "{back_end}: {watched}"
        );
        assert_eq!(watched["input"]["damaged"], 0, "{back_end}: {watched}");
    }
}
