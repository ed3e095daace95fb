//! What the machines of the exercise are called.

use std::net::IpAddr;

use super::city::{self, Host, JOHO};

/// A name and the server that has it.
type Named = (&'static str, fn() -> Host);

/// Names of servers, as DNS gives them and as clients ask for them; one with several addresses, and a
/// machine with several names, comes several times.
const SERVERS: [Named; 31] = [
    ("jumin.gyomu.city.example", city::gyomu_app),
    ("zei.gyomu.city.example", city::gyomu_app),
    ("fukushi.gyomu.city.example", city::gyomu_app),
    ("file.gyomu.city.example", city::gyomu_file),
    ("dc01.joho.city.example", city::joho_directory),
    ("file.joho.city.example", city::joho_file),
    ("file.joho.city.example", || {
        city::joho_file().also("2001:db8:20:1::20")
    }),
    ("groupware.joho.city.example", city::joho_groupware),
    ("portal.joho.city.example", city::joho_groupware),
    ("mail.joho.city.example", city::joho_mail),
    ("print.joho.city.example", city::printer),
    ("ntp.joho.city.example", city::joho_ntp),
    ("gateway.joho.city.example", || Host::gateway(&JOHO)),
    ("screen.mugai.city.example", city::mugai_joho_screen),
    ("files.mugai.city.example", city::mugai_joho_screen),
    ("files.mugai.city.example", city::mugai_kokai_screen),
    ("leg.mugai.city.example", city::mugai_kokai_screen),
    ("mugai.city.example", city::mugai_joho_mail),
    ("mugai.city.example", city::mugai_kokai_mail),
    ("mail.kokai.city.example", city::kokai_mail),
    ("mx.kokai.city.example", city::kokai_mail),
    ("pages.kokai.city.example", city::kokai_pages),
    ("www.city.example", city::web),
    ("senkyo.city.example", city::web),
    ("publish.city.example", city::web),
    ("proxy.cloud.example", city::cloud_proxy),
    ("relay.cloud.example", city::cloud_mail),
    ("relay.lgwan.example", city::lgwan_mail),
    ("asp1.lgwan.example", city::lgwan_asp),
    ("updates.lgwan.example", city::lgwan_updates),
    ("renkei.lgwan.example", city::intermediate_server),
];

/// The address that DNS gives to a name, of one IP version; none where it has none.
pub(super) fn address_of(name: &str, is_ipv4: bool) -> Option<IpAddr> {
    SERVERS
        .iter()
        .filter(|(known, _)| *known == name)
        .map(|(_, host)| host().address)
        .find(|address| address.is_ipv4() == is_ipv4)
}

/// The names of the server that has an address.
pub(super) fn of_server(address: IpAddr) -> impl Iterator<Item = &'static str> {
    SERVERS
        .iter()
        .filter(move |(_, host)| host().address == address)
        .map(|(name, _)| *name)
}

/// What a terminal calls itself: its zone and the last octets of its first address.
pub(super) fn of_terminal(host: Host) -> String {
    let IpAddr::V4(address) = host.address else {
        panic!("a terminal is called by its IPv4 address");
    };
    let [.., third, last] = address.octets();
    format!("{}-{third}-{last}", host.segment.zone)
}
