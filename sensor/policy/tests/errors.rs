//! How each mistake in a policy is shown: with its place, a caret and a remedy.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use sekisho_model::Timestamp;
use sekisho_policy::{Policy, Source};

const HEADER: &str = "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n";

fn sources(files: &[(&str, &[u8])]) -> Vec<Source> {
    files
        .iter()
        .map(|(name, text)| Source {
            name: (*name).to_owned(),
            text: text.to_vec(),
        })
        .collect()
}

fn render<'a>(reports: impl Iterator<Item = &'a dyn Diagnostic>) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    for report in reports {
        handler.render_report(&mut text, report).unwrap();
        text.push('\n');
    }
    text
}

fn errors(files: &[(&str, &[u8])]) -> String {
    render(Policy::compile(&sources(files)).unwrap_err().reports())
}

/// The errors of one file that follows a sound header.
fn errors_of(text: &str) -> String {
    errors(&[("rules/zones.toml", format!("{HEADER}{text}").as_bytes())])
}

macro_rules! golden {
    ($($name:ident: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), errors_of($text));
        })*
    };
}

golden! {
    a_syntax_error_is_shown_where_it_stands: "[zone.office]\nnetworks = [\"10.40.1.0/24\"\nvlans = [10]\n";
    each_table_shows_its_first_syntax_error: concat!(
        "[zone.a]\nclause = 6(3)\nowner = x\n[zone.b]\nlabel.ja = \"業務\n",
        "[zone.b]\nvlans = 1,2\n[zone.c]\nvlans = [1]\nvlans = [2]\n",
    );
    an_unknown_key_gets_a_suggestion: "[zone.office]\nnetwroks = [\"10.40.1.0/24\"]\n[zones.x]\n";
    an_unknown_key_without_a_neighbour_lists_the_keys: "[list.x]\nrole = \"proxy\"\nkind = \"address\"\nvalues = []\ncolour = 1\n";
    a_value_of_a_wrong_type_is_named: concat!(
        "[zone.office]\nlabel = \"事務\"\nnetworks = \"10.40.1.0/24\"\nvlans = [\"10\"]\nexcluded = \"yes\"\nclassification = [3]\n",
        "[[path]]\nid = 1\nfrom = 5\nto = [\"office\", true]\nprotocol = 1.5\nports = [false]\n",
    );
    a_network_is_checked: concat!(
        "[zone.office]\nnetworks = [\"10.40.1.5/24\", \"10.40.2.0/255.255.255.0\", \"10.40.3.0/33\", \"10.40.4.0/\",\n",
        "  \"10.40.5.1-10.40.5.9\", \"市役所\", \"2001:db8::1/64\", \"10.40.1.256\"]\n",
    );
    the_same_network_in_two_zones_points_at_both: "[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n[zone.b]\nnetworks = [\"10.0.0.0/8\"]\n";
    a_vlan_in_two_zones_points_at_both: "[zone.a]\nvlans = [10]\n[zone.b]\nvlans = [20, 10, 4095, 0]\n";
    a_path_to_a_zone_that_does_not_exist_gets_a_suggestion: concat!(
        "[zone.office]\nnetworks = [\"10.40.1.0/24\"]\n[zone.server]\nnetworks = [\"10.40.2.0/24\"]\n",
        "[[path]]\nid = \"P1\"\nfrom = \"ofice\"\nto = [\"server\", \"計算センター\"]\n",
    );
    an_id_given_twice_points_at_both: concat!(
        "[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n[[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"*\"\n",
        "[[boundary]]\nid = \"P1\"\nfrom = \"a\"\nto = \"*\"\n",
    );
    a_port_is_checked: concat!(
        "[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n[[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"*\"\nprotocol = \"tcp\"\n",
        "ports = [65536, 0, \"90-80\", \"http\", -1, \"80-\"]\n",
        "[[path]]\nid = \"P2\"\nfrom = \"a\"\nto = \"*\"\nprotocol = [\"tcp\", \"icmp\"]\nports = [80]\n",
        "[[path]]\nid = \"P3\"\nfrom = \"a\"\nto = \"*\"\nprotocol = \"tcp\"\nports = []\n",
    );
    a_protocol_is_checked: concat!(
        "[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n[[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"*\"\n",
        "protocol = [\"tpc\", \"any\", 256, \"https\"]\n",
    );
    what_other_tables_need_is_asked_for: concat!(
        "[calendar]\n[zone.a]\nmacs = [\"52:54:00:00:00:01\"]\n[[rule]]\nid = \"SEG-1\"\n[[exception]]\nid = \"E1\"\n",
        "[[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"*\"\nservices = [\"dns\"]\nvia = \"gw\"\nwindow = \"night\"\nexpires = 2027-01-01\ntests = []\n",
    );
    ids_are_spelled_in_plain_letters_and_not_reserved: concat!(
        "[zone.unknown]\n[zone.link]\n[zone.Office]\n[zone.\"業務系\"]\n",
        "[[path]]\nid = \"PATH-DENY\"\nfrom = \"unknown\"\nto = \"link\"\n[[path]]\nid = \"PATH 1\"\nfrom = [\"*\", \"unknown\"]\nto = []\n",
    );
    what_is_required_is_asked_for: "[[path]]\n[[boundary]]\nid = \"\"\nfrom = \"*\"\nto = \"*\"\n[list.a]\n";
    headers_have_one_form: "[[zone]]\nid = \"a\"\n[path]\nid = \"P1\"\n[boundary.B1]\n[list]\nx = 1\n";
    words_of_a_list_are_checked: concat!(
        "[zone.a]\nintra = \"denied\"\nclassification = 4\nlabel.jp = \"a\"\n",
        "[[boundary]]\nid = \"B1\"\nfrom = \"a\"\nto = \"*\"\nseverity = \"critical\"\nattack = [\"T10\"]\ntitle.ja = \"改\\n行\"\n",
        "[list.a]\nrole = \"DHCP server\"\nkind = \"adress\"\nvalues = [\"10.0.0.0/8\"]\n",
        "[list.b]\nrole = \"proxy\"\nkind = \"address\"\nvalues = [\"10.0.0.0/8\"]\n",
    );
    two_boundaries_of_one_crossing_are_refused: concat!(
        "[zone.a]\n[zone.b]\n[[boundary]]\nid = \"B1\"\nfrom = [\"a\", \"b\"]\nto = \"*\"\n",
        "[[boundary]]\nid = \"B2\"\nfrom = \"b\"\nto = \"*\"\n",
    );
}

#[test]
fn a_missing_or_other_schema_is_named() {
    insta::assert_snapshot!(errors(&[
        ("a.toml", b""),
        ("b.toml", b"schema = 2\n[policyy]\n"),
        ("c.toml", b"schema = \"1\"\n"),
    ]));
}

#[test]
fn the_policy_table_stands_once_over_all_files() {
    let header = HEADER.as_bytes();

    insta::assert_snapshot!(
        "the_policy_table_is_missing",
        errors(&[("a.toml", b"schema = 1\n")])
    );
    insta::assert_snapshot!(
        "the_policy_table_is_given_twice",
        errors(&[("a.toml", header), ("b.toml", header)])
    );
}

#[test]
fn what_is_given_twice_over_two_files_points_into_both() {
    let zone = "[zone.office]\nnetworks = [\"10.40.1.0/24\"]\n[list.dhcp]\nrole = \"dhcp-server\"\nkind = \"address\"\nvalues = []\n";
    let first = format!("{HEADER}{zone}");
    let second = format!("schema = 1\n{zone}");

    insta::assert_snapshot!(errors(&[
        ("a.toml", first.as_bytes()),
        ("b.toml", second.as_bytes())
    ]));
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_offset_and_line() {
    // 業務系 in Shift_JIS, and a UTF-16 file as Windows programs write it.
    let shift_jis = b"schema = 1\n[zone.a]\nlabel.ja = \"\x8b\xc6\x96\xb1\x8cn\"\n";
    let utf_16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain("schema = 1\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();

    insta::assert_snapshot!(errors(&[("a.toml", shift_jis), ("b.toml", &utf_16)]));
}

#[test]
fn a_broken_file_does_not_make_what_it_declares_look_missing() {
    let text = "schema = 1\n[[path]]\nid = \"P1\"\nfrom = \"office\"\nto = \"*\"\n";

    insta::assert_snapshot!(errors(&[
        ("10-zones.toml", b"schema = \n"),
        ("20-paths.toml", text.as_bytes())
    ]));
}

#[test]
fn a_byte_order_mark_is_no_error_and_moves_no_caret() {
    let text = format!("\u{feff}{HEADER}[zone.a]\nnetwork = []\n");

    insta::assert_snapshot!(errors(&[("a.toml", text.as_bytes())]));
}

#[test]
fn all_errors_can_be_printed_as_one_diagnostic() {
    let errors =
        Policy::compile(&sources(&[("a.toml", b"schema = 1\n[zone.a]\nx = 1\ny = 2\n")])).unwrap_err();

    assert_eq!(errors.to_string(), "the policy has 3 errors");
    assert_eq!(errors.count(), 3);
    let text = render(std::iter::once(&errors as &dyn Diagnostic));
    assert!(
        text.contains("a zone has no key `x`") && text.contains("a zone has no key `y`"),
        "{text}"
    );
}

#[test]
fn remarks_of_a_sound_policy_are_warnings() {
    let text = format!(
        "{}{}",
        HEADER.replace("version", "mode = \"learn\"\nversion"),
        r#"
[zone.office]
networks = ["10.40.1.0/24", "10.40.1.0/24"]
[zone.guest]
vlans = [20]
[zone.empty]
[zone.school]
networks = ["10.80.0.0/16"]
excluded = true
[[path]]
id = "P1"
from = "office"
to = "*"
ports = [443]
[[path]]
id = "P2"
from = "office"
to = "*"
ports = [443, 444]
[[path]]
id = "P3"
from = "office"
to = "*"
ports = ["440-450"]
[[path]]
id = "P4"
from = "office"
to = "*"
ports = [441, 442]
[[path]]
id = "P5"
from = "office"
to = "office"
[[path]]
id = "P6"
from = "school"
to = "*"
protocol = "tcp"
[[path]]
id = "P7"
from = ["office", "guest"]
to = "*"
protocol = "tcp"
[[path]]
id = "P8"
from = "guest"
to = "*"
protocol = "tcp"
[[path]]
id = "P9"
from = "unknown"
to = "unknown"
"#
    );

    let policy = Policy::compile(&sources(&[("a.toml", text.as_bytes())])).unwrap();

    insta::assert_snapshot!(render(
        policy.warnings().iter().map(|report| report as &dyn Diagnostic)
    ));
}

#[test]
fn every_remark_is_said_in_japanese_too() {
    let text = r#"
[zone.office]
networks = ["10.40.1.0/24", "10.40.1.0/24"]
review = "2026-01-01"
[zone.server]
networks = ["10.40.2.0/24"]
[zone.guest]
vlans = [20]
[zone.empty]
[zone.school]
networks = ["10.80.0.0/16"]
excluded = true
[group.alone]
zones = ["office"]
[gateway.alone]
near = ["10.1.1.1"]
far = ["10.1.1.2"]
[calendar.window.alone]
days = ["sat"]
[list.alone]
kind = "address"
values = [{ value = "10.1.1.1", expires = "2026-01-01" }]
review = "2026-01-01"
[[path]]
id = "P1"
from = "office"
to = "server"
ports = [443]
[[path]]
id = "P2"
from = "office"
to = "server"
ports = [442, 443]
review = "2026-01-01"
[[path]]
id = "P3"
from = "office"
to = "office"
expires = "2026-01-01"
[[path]]
id = "P4"
from = "school"
to = "server"
[[path]]
id = "P5"
from = "*"
to = "*"
protocol = "udp"
[[path]]
id = "P6"
from = "unknown"
to = "unknown"
[[path]]
id = "P7"
from = "office"
to = "server"
ports = [441]
[[path]]
id = "P8"
from = "office"
to = "server"
ports = ["441-442"]
[[exception]]
id = "E1"
from = "office"
to = "guest"
protocol = "tcp"
application = "1"
applicant = "a"
approver = "b"
purpose = "c"
starts = "2026-01-01"
expires = "2028-01-01"
[[rule]]
id = "R1"
when = "port == 1"
"#;
    let header = HEADER.replace("version", "mode = \"learn\"\nversion");
    let compile = |text: String| Policy::compile(&sources(&[("a.toml", text.as_bytes())])).unwrap();
    let (policy, bare) = (compile(format!("{header}{text}")), compile(header.clone()));
    let dated = policy.lint(Timestamp::parse("2026-11-04T00:00:00Z").unwrap());
    let is_japanese = |text: &str| text.chars().any(|letter| ('ぁ'..='ん').contains(&letter));
    let mut codes: Vec<String> = Vec::new();

    for remark in policy.warnings().iter().chain(bare.warnings()).chain(&dated) {
        let code = remark.code().unwrap().to_string();
        let (text, remedy) = (remark.text(), remark.remedy().unwrap());
        assert!(
            is_japanese(&text.ja) && is_japanese(&remedy.ja),
            "{code}: {text:?} {remedy:?}"
        );
        assert!(!is_japanese(&text.en) && !is_japanese(&remedy.en), "{code}");
        codes.push(code.replace("policy::", ""));
    }

    codes.sort_unstable();
    codes.dedup();
    assert_eq!(
        codes,
        [
            "allow-any",
            "bare-ports",
            "empty-zone",
            "excluded",
            "expired",
            "learn",
            "long-exception",
            "needless",
            "never-chosen",
            "no-owner",
            "no-zones",
            "repeated",
            "review-past",
            "untested",
            "unused",
            "vlan-only",
        ]
    );
}
