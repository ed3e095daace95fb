//! The JSON Schema and the parser agree about what a policy file may hold, as far as a file by itself
//! tells. The validator is not ours.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use sekisho_policy::{Policy, Source, json_schema};
use serde_json::{Value, json};

fn validator() -> Validator {
    jsonschema::draft7::meta::validate(&json_schema()).unwrap();
    jsonschema::draft7::new(&json_schema()).unwrap()
}

/// TOML as editors hand it to a validator: dates are texts.
fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => json!(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, as_json(value)))
            .collect(),
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
    }
}

fn read(text: &str) -> Value {
    as_json(toml::Value::Table(text.parse().unwrap()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                self::files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_of_every_preset_is_valid() {
    let validator = validator();
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules"));
    assert!(files.len() >= 4);

    for file in files {
        let document = read(&std::fs::read_to_string(&file).unwrap());
        let wrong: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(wrong, [""; 0], "{}", file.display());
    }
}

/// A policy that says everything that can be said in one file.
const ALL: &str = r#"
schema = 1

[policy]
indicators = ["lists"]
name = "all"
version = "1"
mode = "enforce"
label = { ja = "全部", en = "all" }
source = "x"
catalogue = false

[calendar]
timezone = "Asia/Tokyo"
workdays = ["mon", "tue"]
holidays = ["jp", "2026-12-29..2027-01-03"]
[calendar.window.day]
days = ["workday"]
times = ["08:30-17:15"]
label.ja = "日中"
[calendar.shift.night]
days = "all"
times = "22:00-05:00"
[[calendar.event]]
name = "election"
from = "2026-11-06"
to = 2026-11-08
label.en = "Election"

[zone.a]
networks = ["10.1.0.0/16"]
vlans = [10]
macs = ["00:11:22:33:44:55"]
intra = "deny"
label.ja = "甲"
classification = 3
clause = "1"
department = "x"
owner = "x"
review = 2027-03-31
[zone.b]
lists = ["machines"]
excluded = false
[group.both]
zones = ["a", "b"]
label.en = "both"
[gateway.mugai]
near = ["10.9.0.1"]
far = "10.9.0.2"
pair_within = "90s"
label.en = "gateway"
owner = "x"
[list.hosts]
role = "dns-server"
kind = "address"
values = ["10.2.0.1", { value = "10.2.0.2", expires = "2027-03-31", note = "x" }]
expires = 2030-01-01
source = "x"
owner = "x"
review = "2027-03-31"
[list.machines]
kind = "mac"
values = ["00:11:22:33:44:77"]

[[path]]
id = "P-1"
from = ["a"]
to = "b"
from_hosts = ["10.1.0.5=00:11:22:33:44:55", "@hosts"]
to_hosts = "@hosts"
protocol = ["tcp", 17]
ports = [443, "8000-8080"]
services = ["https"]
next_hops = ["00:11:22:33:44:66"]
tunnel = "none"
window = ["day", "sat 09:00-12:00"]
starts = "2026-04-01"
expires = 2027-03-31T17:15:00
title.ja = "x"
clause = "1"
owner = "x"
approver = "y"
contract = "x"
review = "2027-03-31"
[[path.test]]
flow = { protocol = "tcp", orig = "10.1.0.5:50000", resp = "10.2.0.1:443", service = "tls", orig_mac = "00:11:22:33:44:55", resp_mac = "00:11:22:33:44:66", time = "2026-11-04T10:00" }
expect = "allowed"
title.en = "x"
[[path]]
id = "P-2"
from = "a"
to = "b"
protocol = "tcp"
ports = 25
via = "mugai"
onward = { protocol = "tcp", ports = [26], services = ["smtp"] }
[[exception]]
id = "E-1"
from = "b"
to = "a"
protocol = "icmp"
application = "12"
applicant = "x"
approver = "y"
purpose = "x"
starts = "2026-11-01"
expires = "2026-11-30"
[[boundary]]
id = "B-1"
from = "both"
to = "*"
protocol = "tcp"
ports = [22]
clause = "1"
severity = "high"
title.ja = "x"
first_step.ja = "x"
attack = ["T1021"]
[[rule]]
id = "R-1"
title = "x"
severity = "low"
when = 'service == "ssh"'
except = 'resp.port == 22'
severity_by = [{ when = 'orig.zone.classification == 3', severity = "informational" }]
fold = "responder"
needs = ["hosts"]
why.ja = "x"
legitimate.en = "x"
first_step = "x"
source = "x"
version = "2026-11"
clause = "1"
category = "policy_violation"
attack = ["T1021"]
enabled = true
number = 3_000_001
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.5:50000", resp = "10.2.0.1:2222", service = "ssh" }
expect = "alert"
severity = "informational"
title.en = "x"
[[sanction]]
list = "hosts"
value = "10.1.0.9"
reason = "why"
owner = "who"
expires = "2027-03-31"
alert = 4711
[[statement]]
id = "S-1"
never = "b -> a tcp/22"
clause = "1"
[[statement]]
id = "S-2"
only = ["P-1", "P-2"]
from = "a"
to = "b"
protocol = "tcp"
ports = [443]
window = "day"
[[test]]
flow = { protocol = "udp", orig = "10.2.0.1:1", resp = "10.1.0.1:53" }
expect = "denied"
"#;

fn compiles(text: String) -> bool {
    Policy::compile(&[Source {
        name: "all.toml".to_owned(),
        text: text.into(),
    }])
    .map_err(|errors| errors.to_string())
    .is_ok()
}

#[test]
fn everything_that_can_be_said_is_valid_and_compiles() {
    let validator = validator();

    let wrong: Vec<_> = validator
        .iter_errors(&read(ALL))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();

    assert_eq!(wrong, [""; 0]);
    if let Err(errors) = Policy::compile(&[Source {
        name: "all.toml".to_owned(),
        text: ALL.into(),
    }]) {
        panic!(
            "{:?}",
            errors.reports().map(ToString::to_string).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_key_of_the_schema_is_used_in_that_policy() {
    let names = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let schema = json_schema();
    let text = read(ALL).to_string();

    for table in names(&schema["definitions"]) {
        for key in names(&schema["definitions"][&table]["properties"]) {
            // What names other files stands in none that is read by itself.
            if !["include", "remove", "file"].contains(&key.as_str()) {
                assert!(text.contains(&format!("\"{key}\":")), "{table}.{key}");
            }
        }
    }
}

#[test]
fn a_wrong_key_in_any_table_is_refused_by_both() {
    let validator = validator();
    let lines: Vec<&str> = ALL.lines().collect();
    let headers = lines.iter().enumerate().filter(|(_, line)| line.starts_with('['));
    let places = headers.map(|(index, _)| index + 1).chain([2]);
    let mut tried = 0;

    for place in places {
        let mut lines = lines.clone();
        lines.insert(place, "colour = 1");
        let text = lines.join("\n");

        assert!(
            !validator.is_valid(&read(&text)),
            "after line {place}: {}",
            lines[place - 1]
        );
        assert!(!compiles(text), "after line {place}");
        tried += 1;
    }

    assert_eq!(tried, 23);
}

#[test]
fn wrong_values_are_refused_by_both() {
    let validator = validator();
    for (right, wrong) in [
        ("schema = 1", "schema = 2"),
        ("mode = \"enforce\"", "mode = \"enforced\""),
        ("intra = \"deny\"", "intra = true"),
        ("vlans = [10]", "vlans = [4095]"),
        ("classification = 3", "classification = 4"),
        ("excluded = false", "excluded = \"no\""),
        ("ports = [443, \"8000-8080\"]", "ports = [0]"),
        ("ports = [443, \"8000-8080\"]", "ports = [\"https\"]"),
        ("ports = [443, \"8000-8080\"]", "ports = []"),
        ("protocol = [\"tcp\", 17]", "protocol = 256"),
        ("services = [\"https\"]", "services = [\"htps\"]"),
        ("tunnel = \"none\"", "tunnel = \"non\""),
        ("severity = \"high\"", "severity = \"urgent\""),
        ("kind = \"address\"", "kind = \"adress\""),
        ("number = 3_000_001", "number = 3"),
        ("severity = \"informational\" }]", "severity = \"info\" }]"),
        ("severity = \"informational\" }]", "}]"),
        ("fold = \"responder\"", "fold = \"server\""),
        ("needs = [\"hosts\"]", "needs = []"),
        ("catalogue = false", "catalogue = \"no\""),
        ("id = \"P-1\"", "id = \"P 1\""),
        ("id = \"P-1\"", ""),
        ("[zone.a]", "[zone.A]"),
        ("label = { ja = \"全部\", en = \"all\" }", "label = \"all\""),
        (
            "label = { ja = \"全部\", en = \"all\" }",
            "label = { fr = \"tout\" }",
        ),
        ("from = [\"a\"]", "from = 1"),
        ("enabled = true", "enabled = 1"),
        ("note = \"x\"", "not = \"x\""),
        ("alert = 4711", "alert = \"x\""),
        ("indicators = [\"lists\"]", "indicators = 1"),
        ("services = [\"smtp\"] }", "service = [\"smtp\"] }"),
    ] {
        assert!(ALL.contains(right), "{right}");
        let text = ALL.replacen(right, wrong, 1);

        assert!(!validator.is_valid(&read(&text)), "{wrong}");
        assert!(!compiles(text), "{wrong}");
    }
}
