//! What a protocol and port are usually for, in words.
//!
//! Source: IANA "Service Name and Transport Protocol Port Number Registry" and "ICMP Type
//! Numbers"; the ones that a network monitor meets.

use sekisho_model::{FlowRecord, Protocol};

/// The service that usually answers on a port.
pub(super) fn word(protocol: Protocol, port: u16) -> Option<&'static str> {
    let bit = match protocol {
        Protocol::TCP => TCP,
        Protocol::UDP => UDP,
        _ => return None,
    };
    SERVICES
        .iter()
        .find(|(number, protocols, _)| *number == port && protocols & bit != 0)
        .map(|(_, _, word)| *word)
}

/// Every port that has a word.
pub(super) fn ports() -> impl Iterator<Item = u16> {
    SERVICES.iter().map(|(port, ..)| *port)
}

/// What an ICMP message is, in Japanese and English.
pub(super) fn icmp(protocol: Protocol, kind: u16) -> Option<(&'static str, &'static str)> {
    let kinds = if protocol == Protocol::ICMP { ICMP } else { ICMPV6 };
    kinds
        .iter()
        .find(|(number, ..)| *number == kind)
        .map(|(_, ja, en)| (*ja, *en))
}

/// Whether the ports of the record are an ICMP type and code.
pub(super) fn is_icmp(record: &FlowRecord) -> bool {
    matches!(record.protocol, Protocol::ICMP | Protocol::ICMPV6)
}

const TCP: u8 = 1;
const UDP: u8 = 2;
const BOTH: u8 = TCP | UDP;

const SERVICES: &[(u16, u8, &str)] = &[
    (20, TCP, "FTP data"),
    (21, TCP, "FTP"),
    (22, TCP, "SSH"),
    (23, TCP, "Telnet"),
    (25, TCP, "SMTP"),
    (49, TCP, "TACACS+"),
    (53, BOTH, "DNS"),
    (67, UDP, "DHCP"),
    (68, UDP, "DHCP"),
    (69, UDP, "TFTP"),
    (80, TCP, "HTTP"),
    (88, BOTH, "Kerberos"),
    (102, TCP, "ISO-TSAP"),
    (104, TCP, "DICOM"),
    (110, TCP, "POP3"),
    (111, BOTH, "RPC portmapper"),
    (123, UDP, "NTP"),
    (135, TCP, "MS-RPC"),
    (137, BOTH, "NetBIOS name"),
    (138, UDP, "NetBIOS datagram"),
    (139, TCP, "NetBIOS session"),
    (143, TCP, "IMAP"),
    (161, UDP, "SNMP"),
    (162, UDP, "SNMP trap"),
    (179, TCP, "BGP"),
    (389, BOTH, "LDAP"),
    (443, TCP, "HTTPS"),
    (443, UDP, "QUIC"),
    (445, TCP, "SMB"),
    (464, BOTH, "Kerberos password"),
    (465, TCP, "SMTPS"),
    (500, UDP, "IKE"),
    (502, TCP, "Modbus"),
    (514, BOTH, "syslog"),
    (515, TCP, "LPD"),
    (546, UDP, "DHCPv6"),
    (547, UDP, "DHCPv6"),
    (548, TCP, "AFP"),
    (554, TCP, "RTSP"),
    (587, TCP, "SMTP submission"),
    (631, TCP, "IPP"),
    (636, TCP, "LDAPS"),
    (853, BOTH, "DNS over TLS"),
    (873, TCP, "rsync"),
    (990, TCP, "FTPS"),
    (993, TCP, "IMAPS"),
    (995, TCP, "POP3S"),
    (1080, TCP, "SOCKS"),
    (1194, BOTH, "OpenVPN"),
    (1433, TCP, "SQL Server"),
    (1434, UDP, "SQL Server Browser"),
    (1521, TCP, "Oracle"),
    (1701, UDP, "L2TP"),
    (1723, TCP, "PPTP"),
    (1812, UDP, "RADIUS"),
    (1813, UDP, "RADIUS accounting"),
    (1883, TCP, "MQTT"),
    (1900, UDP, "SSDP"),
    (2049, BOTH, "NFS"),
    (2404, TCP, "IEC 60870-5-104"),
    (2575, TCP, "HL7"),
    (3128, TCP, "HTTP proxy"),
    (3268, TCP, "Global Catalog"),
    (3269, TCP, "Global Catalog over TLS"),
    (3306, TCP, "MySQL"),
    (3389, BOTH, "RDP"),
    (3702, UDP, "WS-Discovery"),
    (4500, UDP, "IPsec NAT-T"),
    (4840, TCP, "OPC UA"),
    (5060, BOTH, "SIP"),
    (5061, TCP, "SIP over TLS"),
    (5353, UDP, "mDNS"),
    (5355, UDP, "LLMNR"),
    (5432, TCP, "PostgreSQL"),
    (5900, TCP, "VNC"),
    (5985, TCP, "WinRM"),
    (5986, TCP, "WinRM over TLS"),
    (6379, TCP, "Redis"),
    (6667, TCP, "IRC"),
    (8080, TCP, "HTTP proxy"),
    (8443, TCP, "HTTPS"),
    (9100, TCP, "raw printing"),
    (9200, TCP, "Elasticsearch"),
    (11112, TCP, "DICOM"),
    (20000, BOTH, "DNP3"),
    (27017, TCP, "MongoDB"),
    (44818, BOTH, "EtherNet/IP"),
    (47808, UDP, "BACnet"),
    (51820, UDP, "WireGuard"),
];

const ICMP: &[(u16, &str, &str)] = &[
    (0, "エコー応答", "echo reply"),
    (3, "宛先到達不能", "destination unreachable"),
    (5, "リダイレクト", "redirect"),
    (8, "エコー要求", "echo request"),
    (9, "ルーター通知", "router advertisement"),
    (10, "ルーター要請", "router solicitation"),
    (11, "時間超過", "time exceeded"),
    (12, "パラメーター異常", "parameter problem"),
    (13, "タイムスタンプ要求", "timestamp request"),
    (14, "タイムスタンプ応答", "timestamp reply"),
];

const ICMPV6: &[(u16, &str, &str)] = &[
    (1, "宛先到達不能", "destination unreachable"),
    (2, "パケット過大", "packet too big"),
    (3, "時間超過", "time exceeded"),
    (4, "パラメーター異常", "parameter problem"),
    (128, "エコー要求", "echo request"),
    (129, "エコー応答", "echo reply"),
    (133, "ルーター要請", "router solicitation"),
    (134, "ルーター通知", "router advertisement"),
    (135, "近隣要請", "neighbor solicitation"),
    (136, "近隣通知", "neighbor advertisement"),
    (137, "リダイレクト", "redirect"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_means_one_thing_in_one_protocol() {
        assert_eq!(word(Protocol::TCP, 443), Some("HTTPS"));
        assert_eq!(word(Protocol::UDP, 443), Some("QUIC"));
        assert_eq!(word(Protocol::UDP, 53), Some("DNS"));
        assert_eq!(word(Protocol::UDP, 22), None);
        for (index, (port, protocols, _)) in SERVICES.iter().enumerate() {
            let again = SERVICES[index + 1..]
                .iter()
                .any(|(other, both, _)| other == port && both & protocols != 0);
            assert!(!again, "{port}");
        }
    }
}
