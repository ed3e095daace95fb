//! What a sensor that watches may still do, read back from the kernel.

use crate::sensor::{Sensor, wire};

#[test]
fn a_sensor_that_watches_has_given_up_what_it_does_not_need() {
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &[]);

    let status = sensor.status();
    sensor.end();

    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    // CAP_NET_RAW is capability 13: capabilities(7).
    assert_eq!(line("CapEff:"), format!("{:016x}", 1 << 13));
    assert_eq!(line("CapPrm:"), format!("{:016x}", 1 << 13));
    assert_eq!(line("CapInh:"), "0000000000000000");
    assert_eq!(line("NoNewPrivs:"), "1");
}
