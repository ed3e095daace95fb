//! DHCP: terminals say what they are called and what runs on them, and are given their addresses.

use std::net::{IpAddr, Ipv4Addr};

use super::super::city::Host;
use super::super::script::{MILLISECOND, Script};
use super::link::{frame, router_of};
use crate::frame::BROADCAST;
use crate::payload::dhcp::{self, Client, Lease};
use crate::{Packet, Random};

/// What Windows asks for.
pub(super) const WINDOWS: Client<'_> = Client {
    name: "",
    vendor: "MSFT 5.0",
    parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252],
};

/// A lease by way of the router's relay agent, or a renewal straight to the server.
pub(super) fn lease(
    script: &mut Script,
    host: Host,
    server: Host,
    client: Client<'_>,
    renewal: bool,
    now: u64,
    random: &mut Random,
) {
    let (IpAddr::V4(address), IpAddr::V4(server_address)) = (host.address, server.address) else {
        return;
    };
    let relay = Host::gateway(host.segment);
    let lease = Lease {
        transaction: random.double_word(),
        mac: host.mac,
        client,
        address,
        server: server_address,
        relay: router_of(host),
        renewal,
    };
    script.call(host, client.name);
    if renewal {
        let link = script.link_from(host, 68, server, 67);
        let exchange = link
            .udp()
            .query(&lease.message(dhcp::REQUEST))
            .answer(&lease.message(dhcp::ACK));
        let packets = exchange.play(now, random);
        script.add(&link, packets);
        script.announce(host, now + MILLISECOND);
        return;
    }
    let relayed = script.link_on(server.segment, (relay, 67), (server, 67));
    for (step, asked, given) in [(0, dhcp::DISCOVER, dhcp::OFFER), (1, dhcp::REQUEST, dhcp::ACK)] {
        let start = now + step * 900 * MILLISECOND;
        let everyone = IpAddr::V4(Ipv4Addr::BROADCAST);
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let shout = frame(host.segment, host.mac, BROADCAST)
            .ip(nobody, everyone)
            .ttl(128);
        let tell = frame(host.segment, host.segment.router, BROADCAST)
            .ip(relay.address, everyone)
            .ttl(64);
        let asking = lease.message(asked);
        let giving = lease.message(given);
        let exchange = relayed.udp().query(&asking).answer(&giving);
        let packets = exchange.play(start + MILLISECOND, random);
        script.add(&relayed, packets);
        let packets = vec![
            Packet::new(start, shout.udp(68, 67, &asking)),
            Packet::new(start + 8 * MILLISECOND, tell.udp(67, 68, &giving)),
        ];
        script.add_on(host.segment, packets);
    }
    script.announce(host, now + 908 * MILLISECOND);
}
