//! The city's network: segments, hosts and the taps that see them. Addresses are those of the three-zone preset.

use std::net::IpAddr;

use crate::{Interface, Mac};

/// Index of a tap among the capture's interfaces.
pub(super) const TAP_GYOMU: u32 = 0;
pub(super) const TAP_JOHO: u32 = 1;
pub(super) const TAP_KOKAI: u32 = 2;
pub(super) const TAP_SHISHO: u32 = 3;

/// The taps, in the order of their index.
pub(super) fn taps() -> [Interface; 4] {
    [
        Interface::named("tap-gyomu", "mirror of the business zone's core"),
        Interface::named(
            "tap-joho",
            "mirror of the LGWAN side's core, of LGWAN and of the maintenance line",
        ),
        Interface::named(
            "tap-kokai",
            "mirror of the Internet side's core and of the line to the security cloud",
        ),
        Interface::named("tap-shisho", "mirror of the line to the branch office"),
    ]
}

/// A segment as its tap sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The tap; `None` outside the city, where nobody looks.
    pub(super) tap: Option<u32>,
    /// Tags of its frames, outermost first.
    pub(super) vlans: &'static [u16],
    /// Station of the router.
    pub(super) router: Mac,
    /// Address of the router.
    pub(super) gateway: &'static str,
    /// Zone of the preset.
    pub(super) zone: &'static str,
}

/// A segment whose router is one machine.
const fn segment(
    tap: u32,
    vlans: &'static [u16],
    number: u8,
    gateway: &'static str,
    zone: &'static str,
) -> Segment {
    Segment {
        tap: Some(tap),
        vlans,
        router: [0xac, 0xde, 0x48, 0xfe, 0x00, number],
        gateway,
        zone,
    }
}

/// A segment whose router is two machines that share a virtual station (VRRP, RFC 9568 section 7.3).
const fn redundant(
    tap: u32,
    vlans: &'static [u16],
    number: u8,
    gateway: &'static str,
    zone: &'static str,
) -> Segment {
    Segment {
        router: [0x00, 0x00, 0x5e, 0x00, 0x01, number],
        ..segment(tap, vlans, number, gateway, zone)
    }
}

/// A network that is seen on the segment of the other end.
const fn outside(zone: &'static str) -> Segment {
    Segment {
        tap: None,
        vlans: &[],
        router: [0; 6],
        gateway: "",
        zone,
    }
}

pub(super) static GYOMU: Segment = segment(TAP_GYOMU, &[], 10, "10.10.16.1", "gyomu");
pub(super) static GYOMU_SERVER: Segment = segment(TAP_GYOMU, &[], 11, "10.10.1.1", "gyomu-server");
pub(super) static GYOMU_KANRI: Segment = segment(TAP_GYOMU, &[], 12, "10.10.2.1", "gyomu-kanri");
pub(super) static JOHO: Segment = redundant(TAP_JOHO, &[120], 20, "10.20.16.1", "joho");
pub(super) static JOHO_SERVER: Segment = redundant(TAP_JOHO, &[121], 21, "10.20.1.1", "joho-server");
pub(super) static JOHO_PRINTER: Segment = redundant(TAP_JOHO, &[122], 22, "10.20.8.1", "joho-printer");
pub(super) static MUGAI_JOHO: Segment = redundant(TAP_JOHO, &[125], 25, "10.25.1.14", "mugai-joho");
pub(super) static MUGAI_KOKAI: Segment = redundant(TAP_KOKAI, &[126], 26, "10.25.2.14", "mugai-kokai");
pub(super) static KOKAI: Segment = redundant(TAP_KOKAI, &[130], 30, "10.30.16.1", "kokai");
pub(super) static KOKAI_SERVER: Segment = redundant(TAP_KOKAI, &[131], 31, "10.30.1.1", "kokai-server");
pub(super) static KOKAI_WEB: Segment = redundant(TAP_KOKAI, &[132], 32, "203.0.113.65", "kokai-web");
pub(super) static KYOIKU: Segment = redundant(TAP_KOKAI, &[180], 80, "10.80.4.1", "kyoiku");
pub(super) static KANRI: Segment = redundant(TAP_JOHO, &[190], 90, "10.90.1.1", "kanri");
pub(super) static FUMIDAI: Segment = redundant(TAP_JOHO, &[191], 91, "10.90.2.1", "fumidai");
pub(super) static KIKI: Segment = redundant(TAP_JOHO, &[192], 92, "10.90.8.254", "kiki");
/// The branch office comes over a carrier's line: a service tag outside the segment's.
pub(super) static SHISHO: Segment = segment(TAP_SHISHO, &[900, 120], 33, "10.20.32.1", "joho");
pub(super) static OUTSIDE: Segment = outside("internet");
pub(super) static CLOUD: Segment = outside("cloud");
pub(super) static LGWAN: Segment = outside("lgwan-service");
pub(super) static LGWAN_ASP: Segment = outside("lgwan-asp");
pub(super) static TOKUTEI: Segment = outside("tokutei");
pub(super) static VENDOR: Segment = outside("vendor");
pub(super) static VENDOR_KEIYAKU: Segment = outside("vendor-keiyaku");
/// Private addresses that nobody registered.
pub(super) static MITOUROKU: Segment = outside("mitouroku");

/// One host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    pub(super) address: IpAddr,
    pub(super) mac: Mac,
    pub(super) segment: &'static Segment,
}

impl Host {
    pub(super) fn new(segment: &'static Segment, address: impl AsRef<str>) -> Self {
        let text = address.as_ref();
        let address = text.parse().unwrap_or_else(|_| panic!("{text} is no IP address"));
        Self {
            address,
            mac: mac_of(address),
            segment,
        }
    }

    /// The router of a segment.
    pub(super) fn gateway(segment: &'static Segment) -> Self {
        Self {
            mac: segment.router,
            ..Self::new(segment, segment.gateway)
        }
    }

    /// The same machine's other address.
    pub(super) fn also(self, address: impl AsRef<str>) -> Self {
        Self {
            mac: self.mac,
            ..Self::new(self.segment, address)
        }
    }
}

/// The station of a host: in the block that the IEEE uses in its own examples (AC-DE-48), which is
/// administered universally, so that no station here looks like one that was made up.
fn mac_of(address: IpAddr) -> Mac {
    let (a, b, c) = match address {
        IpAddr::V4(address) => {
            let [_, a, b, c] = address.octets();
            (a, b, c)
        }
        IpAddr::V6(address) => {
            let [.., a, b, c] = address.octets();
            (a ^ 0x60, b, c)
        }
    };
    [0xac, 0xde, 0x48, a, b, c]
}

/// Terminals of a segment by the last octets of their addresses.
fn row(segment: &'static Segment, prefix: &str, numbers: std::ops::RangeInclusive<u8>) -> Vec<Host> {
    numbers
        .map(|number| Host::new(segment, format!("{prefix}.{number}")))
        .collect()
}

pub(super) fn gyomu_terminals() -> Vec<Host> {
    row(&GYOMU, "10.10.16", 21..=50)
}

pub(super) fn joho_terminals() -> Vec<Host> {
    row(&JOHO, "10.20.16", 21..=80)
}

pub(super) fn shisho_terminals() -> Vec<Host> {
    row(&SHISHO, "10.20.32", 21..=30)
}

pub(super) fn kokai_terminals() -> Vec<Host> {
    row(&KOKAI, "10.30.16", 21..=60)
}

/// The desktops that are shown through the sanitising gateway.
pub(super) fn virtual_desktops() -> Vec<Host> {
    row(&KOKAI, "10.30.18", 1..=8)
}

pub(super) fn joho_terminal(number: u8) -> Host {
    Host::new(&JOHO, format!("10.20.16.{number}"))
}

pub(super) fn kokai_terminal(number: u8) -> Host {
    Host::new(&KOKAI, format!("10.30.16.{number}"))
}

/// The IPv6 address of a terminal: the segment's prefix and the last octets of the IPv4 address.
pub(super) fn over_ipv6(host: Host) -> Host {
    let IpAddr::V4(address) = host.address else {
        return host;
    };
    let [_, side, third, last] = address.octets();
    host.also(match third {
        16 => format!("2001:db8:{side}:16::{last}"),
        _ => format!("2001:db8:{side}:16::{third}:{last}"),
    })
}

/// The link-local IPv6 address of a host.
pub(super) fn link_local(host: Host) -> Host {
    let [a, b, c, d, e, f] = host.mac;
    host.also(format!(
        "fe80::{:02x}{b:02x}:{c:02x}ff:fe{d:02x}:{e:02x}{f:02x}",
        a ^ 2
    ))
}

macro_rules! hosts {
    ($($name:ident: $segment:ident $address:literal;)*) => {
        $(pub(super) fn $name() -> Host {
            Host::new(&$segment, $address)
        })*
    };
}

hosts! {
    gyomu_dns: GYOMU_SERVER "10.10.1.53";
    gyomu_ntp: GYOMU_SERVER "10.10.1.23";
    gyomu_app: GYOMU_SERVER "10.10.1.10";
    gyomu_file: GYOMU_SERVER "10.10.1.20";
    gyomu_backup: GYOMU_SERVER "10.10.1.90";
    gyomu_link: GYOMU_SERVER "10.10.1.40";
    retired_server: JOHO_SERVER "10.20.1.81";
    gyomu_admin: GYOMU_KANRI "10.10.2.5";
    joho_dns: JOHO_SERVER "10.20.1.53";
    joho_ntp: JOHO_SERVER "10.20.1.23";
    joho_dhcp: JOHO_SERVER "10.20.1.67";
    joho_groupware: JOHO_SERVER "10.20.1.80";
    joho_directory: JOHO_SERVER "10.20.1.10";
    joho_file: JOHO_SERVER "10.20.1.20";
    joho_mail: JOHO_SERVER "10.20.1.25";
    joho_update: JOHO_SERVER "10.20.1.30";
    joho_accounting: JOHO_SERVER "10.20.1.33";
    joho_backup: JOHO_SERVER "10.20.1.90";
    printer: JOHO_PRINTER "10.20.8.11";
    mugai_joho_screen: MUGAI_JOHO "10.25.1.1";
    mugai_joho_mail: MUGAI_JOHO "10.25.1.2";
    mugai_kokai_screen: MUGAI_KOKAI "10.25.2.1";
    mugai_kokai_mail: MUGAI_KOKAI "10.25.2.2";
    kokai_dhcp: KOKAI_SERVER "10.30.1.67";
    kokai_dns: KOKAI_SERVER "10.30.1.53";
    kokai_ntp: KOKAI_SERVER "10.30.1.23";
    kokai_mail: KOKAI_SERVER "10.30.1.25";
    kokai_pages: KOKAI_SERVER "10.30.1.80";
    kokai_file: KOKAI_SERVER "10.30.1.20";
    web: KOKAI_WEB "203.0.113.80";
    cloud_proxy: CLOUD "172.20.1.80";
    cloud_dns: CLOUD "172.20.1.53";
    cloud_ntp: CLOUD "172.20.1.23";
    cloud_mail: CLOUD "172.20.1.25";
    lgwan_dns: LGWAN "172.24.1.5";
    lgwan_ntp: LGWAN "172.24.1.6";
    lgwan_mail: LGWAN "172.24.1.7";
    lgwan_asp: LGWAN_ASP "172.24.8.10";
    lgwan_updates: LGWAN_ASP "172.24.8.20";
    intermediate_server: TOKUTEI "172.24.200.4";
    admin: KANRI "10.90.1.11";
    log_server: KANRI "10.90.1.20";
    jump_host: FUMIDAI "10.90.2.4";
    vendor: VENDOR_KEIYAKU "172.28.5.4";
    vendor_of_ended_contract: VENDOR "172.28.5.34";
}
