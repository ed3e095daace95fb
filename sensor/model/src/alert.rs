//! What a person is shown: a finding after folding, with its reason in both languages.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::indicator::Hit;
use crate::{FlowRecord, Text, Timestamp};

/// How urgent an alert is; the numbers are Suricata's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 1: act now.
    High,
    /// 2: act today.
    Medium,
    /// 3: look when there is time.
    Low,
    /// 4: posture and inventory; never pages anyone.
    Informational,
}

impl Severity {
    /// Every severity, most urgent first.
    pub const ALL: [Self; 4] = [Self::High, Self::Medium, Self::Low, Self::Informational];

    /// The number in `alert.severity`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
            Self::Informational => 4,
        }
    }

    /// The word that policy files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Informational => "informational",
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.number() == number)
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == text)
    }
}

macro_rules! categories {
    ($($variant:ident $name:literal $words:literal $doc:literal;)*) => {
        /// What kind of thing an alert speaks of: one word of a fixed list (`sekisho.category`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Category {
            $(#[doc = $doc] $variant,)*
        }

        impl Category {
            /// Every category.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word in every output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What `alert.category` says.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)*
                }
            }

            /// Reads the word back.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|category| category.name() == text)
            }
        }
    };
}

// variant, word, words of `alert.category`, meaning
categories! {
    PolicyViolation "policy_violation" "Policy violation" "Communication that the policy does not allow.";
    PortScan "port_scan" "Port scan" "One host asks for many ports of another.";
    HostSweep "host_sweep" "Host sweep" "One host asks for the same port of many others.";
    BruteForce "brute_force" "Brute force" "Many attempts to log on.";
    Beaconing "beaconing" "Beaconing" "Calls home at regular intervals.";
    C2 "c2" "Command and control" "Commands from outside.";
    DnsTunnel "dns_tunnel" "DNS tunnel" "Data in names that are looked up.";
    IcmpTunnel "icmp_tunnel" "ICMP tunnel" "Data in echo requests.";
    Exfiltration "exfiltration" "Exfiltration" "Data leaves that should stay.";
    LateralMovement "lateral_movement" "Lateral movement" "One host takes over the next.";
    ArpSpoof "arp_spoof" "ARP spoofing" "Another host answers for an address.";
    RogueDhcp "rogue_dhcp" "Rogue DHCP server" "A DHCP server that is none of ours.";
    RogueRa "rogue_ra" "Rogue router advertisement" "A router that is none of ours.";
    RogueDns "rogue_dns" "Rogue DNS server" "A name server that is none of ours.";
    DhcpStarvation "dhcp_starvation" "DHCP starvation" "All addresses of a DHCP server are asked for.";
    DhcpFlood "dhcp_flood" "DHCP flood" "More DHCP requests than a server can answer.";
    SynFlood "syn_flood" "SYN flood" "More half-open connections than a host can keep.";
    UdpFlood "udp_flood" "UDP flood" "More UDP than a host can take.";
    IcmpFlood "icmp_flood" "ICMP flood" "More ICMP than a host can take.";
    SlowHttpDos "slow_http_dos" "Slow HTTP denial of service" "Requests that are never finished.";
    Ddos "ddos" "Distributed denial of service" "Many hosts take one down.";
    Exploit "exploit" "Exploit attempt" "A known weakness is tried.";
    Dga "dga" "Generated domain names" "Names that a program makes up.";
    Tor "tor" "Tor" "The Tor network.";
    Vpn "vpn" "VPN" "A private tunnel to outside.";
    P2p "p2p" "Peer to peer" "File sharing between hosts.";
    Cryptomining "cryptomining" "Cryptomining" "Work for a mining pool.";
    RemoteAccess "remote_access" "Remote access" "A host is operated from elsewhere.";
    Anonymizer "anonymizer" "Anonymizer" "A service that hides who asks.";
    ThreatIntel "threat_intel" "Threat intelligence" "An address, name or fingerprint that others warn of.";
    NewDevice "new_device" "New device" "A host that was not there before.";
    NewService "new_service" "New service" "A host offers what it did not before.";
    NewPeer "new_peer" "New peer" "A host talks to one that it did not before.";
    Cleartext "cleartext" "Cleartext" "Secrets without encryption.";
    WeakCrypto "weak_crypto" "Weak cryptography" "Encryption that is known to be weak.";
    Certificate "certificate" "Certificate" "A certificate that should not be trusted.";
    TlsAnomaly "tls_anomaly" "TLS anomaly" "TLS that no ordinary program speaks.";
    ProtocolMismatch "protocol_mismatch" "Protocol mismatch" "Another protocol than the port stands for.";
    OffHours "off_hours" "Off hours" "At a time at which nobody should work.";
    Silence "silence" "Silence" "A host that should speak does not.";
    Blind "blind" "Sensor blind" "The sensor did not see something, or saw it in part.";
    Health "self" "Sensor health" "The sensor's own state, with nothing lost from sight.";
}

/// Why an alert was raised, so that a person can agree or disagree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// Who, in which zone, talked to whom, over what.
    pub observed: Text,
    /// What the policy expects in its place.
    pub expected: Text,
    /// The nearest allowed path and in what it differs.
    pub nearest: Text,
    /// Id of that path; empty where there is none.
    pub nearest_path: String,
    /// In what the flow differs from it: `from`, `to`, `protocol`, `ports`, `direction`.
    pub differs: Vec<String>,
    /// What it looks like where it is right; empty where the rule does not say.
    #[serde(default)]
    pub legitimate: Text,
    /// What would have silenced the alert.
    pub silenced_by: Text,
    /// What to do first.
    pub first_step: Text,
    /// Where what the rule compares with comes from, and of when it is; empty where it does not say.
    #[serde(default)]
    pub source: String,
    /// The value that would have silenced it in a list of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sanction: Option<Sanctionable>,
}

/// What a site would write to have no such alert: a value of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanctionable {
    /// The list, without the `@` of expressions.
    pub list: String,
    /// The value.
    pub value: String,
}

/// A finding after folding.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Number of the alert, the same on every run; 53 bits.
    pub id: u64,
    /// Stable text id of the rule.
    pub rule: Arc<str>,
    /// The number in `alert.signature_id`.
    pub signature_id: u32,
    /// One line.
    pub title: Text,
    /// How urgent.
    pub severity: Severity,
    /// What kind.
    pub category: Category,
    /// First packet of the first flow behind it.
    pub first_seen: Timestamp,
    /// Last packet of the last flow behind it.
    pub last_seen: Timestamp,
    /// Flows behind it; of the sensor's own, how often it happened.
    pub count: u64,
    /// Packets of those flows, both directions.
    pub packets: u64,
    /// IP octets of those flows, both directions.
    pub octets: u64,
    /// The address that it is about, mostly the originator's; none where it is about the sensor itself.
    pub subject: Option<IpAddr>,
    /// The first flow behind it; none where the alert is about the sensor itself.
    pub flow: Option<FlowRecord>,
    /// Clause of the written policy that is touched; empty where none is named.
    pub clause: Arc<str>,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<Arc<str>>,
    /// The reason.
    pub explanation: Explanation,
    /// The indicator that was met, where one is behind it.
    pub indicator: Option<Box<Hit>>,
}

/// The alert of what may go on: told when it is found, and again when there is more to say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The alert, under one number however often it is told.
    pub alert: Alert,
    /// Whether it was told before.
    pub is_told: bool,
    /// Whether there is more to say than was.
    pub is_news: bool,
}
