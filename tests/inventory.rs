//! The inventory of the exercise capture through the binary: the devices of its ground truth, all of
//! them and no others.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// What is compared of a device, one line a fact.
type Facts = BTreeSet<String>;

/// Replays the exercise under the preset into a data directory, with the register; gives what
/// `sekisho hosts` then lists, and the ground truth.
fn replayed(folder: &Path, workers: &str) -> (Vec<Value>, Vec<Value>) {
    sekisho_kit::exercise::Exercise::new().write(folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let data = path("data");
    let preset = support::repository().join("rules/three-zones");
    let capture = path(sekisho_kit::exercise::CAPTURE_FILE);
    let output = support::run(&[
        "replay",
        &capture,
        "--policy",
        preset.to_str().unwrap(),
        "--out",
        &data,
        "--workers",
        workers,
        "--quiet",
    ]);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    let register = path(sekisho_kit::exercise::REGISTER_FILE);
    let output = support::run(&["hosts", "import", &register, "--data", &data]);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    let output = support::run(&["hosts", "--data", &data, "--format", "json"]);
    let listed = support::stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let truth = std::fs::read(folder.join(sekisho_kit::exercise::INVENTORY_FILE)).unwrap();
    (listed, serde_json::from_slice(&truth).unwrap())
}

fn strings<'a>(list: &'a Value, of: impl Fn(&'a Value) -> String) -> Vec<String> {
    list.as_array().unwrap().iter().map(of).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Flags and lists as lines; `lists` gives addresses, names, zones, offers.
fn facts(device: &Value, lists: [Vec<String>; 4], several: bool) -> Facts {
    let mut facts: Facts = ["address", "name", "zone", "offers"]
        .into_iter()
        .zip(lists)
        .flat_map(|(kind, values)| values.into_iter().map(move |value| format!("{kind} {value}")))
        .collect();
    for flag in ["mac_is_random", "forwards"] {
        facts.insert(format!("{flag} {}", device[flag]));
    }
    facts.insert(format!("several {several}"));
    facts.insert(format!("standing {}", text(&device["standing"])));
    facts
}

fn of_listed(device: &Value) -> Facts {
    let value = |one: &Value| text(&one["value"]);
    let offer = |one: &Value| {
        format!(
            "{} {} {}",
            text(&one["protocol"]),
            one["port"],
            text(&one["service"])
        )
    };
    let lists = [
        strings(&device["addresses"], value),
        strings(&device["names"], value),
        strings(&device["zones"], text),
        strings(&device["offers"], offer),
    ];
    facts(device, lists, !device["several"].as_array().unwrap().is_empty())
}

fn of_truth(device: &Value) -> Facts {
    let offer = |one: &Value| format!("{} {} {}", text(&one[0]), one[1], text(&one[2]));
    let lists = [
        strings(&device["addresses"], text),
        strings(&device["names"], text),
        strings(&device["zones"], text),
        strings(&device["offers"], offer),
    ];
    facts(device, lists, device["several"] == true)
}

/// Devices by MAC address, or by their address where none is known.
fn by_key(devices: &[Value], of: fn(&Value) -> Facts) -> BTreeMap<String, Facts> {
    let mut keyed = BTreeMap::new();
    for device in devices {
        let facts = of(device);
        let address = || facts.first().cloned().unwrap_or_default();
        let key = device["mac"].as_str().map_or_else(address, str::to_owned);
        assert!(
            keyed.insert(key.clone(), facts).is_none(),
            "{key} is listed twice"
        );
    }
    keyed
}

#[test]
fn the_devices_of_the_exercise_are_those_of_its_ground_truth_in_every_field() {
    let folder = tempfile::tempdir().unwrap();
    let (listed, truth) = replayed(folder.path(), "2");
    let (listed, truth) = (by_key(&listed, of_listed), by_key(&truth, of_truth));

    let mut wrong = Vec::new();
    for key in listed.keys().chain(truth.keys()).collect::<BTreeSet<_>>() {
        let none = Facts::new();
        let (got, expected) = (listed.get(key).unwrap_or(&none), truth.get(key).unwrap_or(&none));
        if got != expected {
            let more: Vec<_> = got.difference(expected).collect();
            let less: Vec<_> = expected.difference(got).collect();
            wrong.push(format!("{key}: too much {more:?}, missing {less:?}"));
        }
    }

    assert!(truth.len() > 200, "{}", truth.len());
    assert!(
        wrong.is_empty(),
        "{} of {} devices:\n{}",
        wrong.len(),
        truth.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_ground_truth_holds_what_makes_an_inventory_hard() {
    let exercise = sekisho_kit::exercise::Exercise::new();
    let devices = exercise.inventory();
    let count =
        |is: &dyn Fn(&sekisho_kit::exercise::Device) -> bool| devices.iter().filter(|one| is(one)).count();

    assert!(count(&|one| one.forwards) > 10);
    assert!(count(&|one| one.mac.is_none()) > 10);
    assert_eq!(count(&|one| one.mac_is_random), 2);
    assert_eq!(count(&|one| one.several), 1);
    assert_eq!(count(&|one| one.standing == "retired"), 2);
    assert!(count(&|one| one.standing == "unknown") >= 4);
    let three = |one: &sekisho_kit::exercise::Device| {
        one.addresses.iter().filter(|address| address.is_ipv6()).count() == 3
    };
    assert_eq!(count(&three), 1);
}

#[test]
fn the_inventory_is_the_same_for_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let of = |workers: &str| replayed(&folder.path().join(workers), workers).0;

    assert_eq!(of("1"), of("4"));
}
