//! The policy as programs read it.

use sekisho_policy::{Policy, Source};

#[test]
fn a_policy_is_described_whole() {
    let text = r#"
schema = 1
[policy]
name = "three zones"
version = "2026-11"
label.ja = "三層分離"
source = "情報セキュリティ基本方針"
[zone.gyomu]
networks = ["10.10.0.0/16", "2001:db8:10::/48"]
vlans = [110, 120]
intra = "deny"
label.ja = "業務系"
label.en = "Business"
classification = 3
clause = "6(3)ア"
department = "市民課"
owner = "係長"
review = 2027-03-31
[zone.school]
networks = ["10.80.0.0/16"]
excluded = true
[[path]]
id = "PATH-0001"
from = ["gyomu", "unknown"]
to = "*"
protocol = ["udp", "tcp"]
ports = [443, 80, "8000-8080"]
title.ja = "特定通信"
clause = "2(14)"
owner = "情報政策課"
approver = "CISO"
contract = "2026-17"
review = "2027-03-31"
[[path]]
id = "PATH-0002"
from = "*"
to = "gyomu"
[[boundary]]
id = "BOUND-01"
from = "gyomu"
to = "*"
clause = "6(3)ア"
severity = "high"
title.ja = "業務系から他領域への通信"
title.en = "Business zone talks to another zone"
attack = ["T1021"]
"#;
    let policy = Policy::compile(&[Source {
        name: "a.toml".to_owned(),
        text: text.into(),
    }])
    .unwrap();

    insta::assert_json_snapshot!(policy.describe());
}

#[test]
fn no_policy_is_described_as_empty() {
    insta::assert_json_snapshot!(Policy::none().describe());
}
