//! A network in CIDR notation, or one bare address.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::error::{Report, Sink, shown};
use crate::file::At;

/// Reads every text as a network and complains about those that are none.
pub(super) fn parse_all(texts: Vec<At<String>>, sink: &mut Sink) -> Vec<At<IpNet>> {
    texts
        .into_iter()
        .filter_map(|text| match parse(&text.value) {
            Ok(value) => Some(At {
                value,
                place: text.place,
            }),
            Err(fault) => {
                sink.push(fault.report(&text.place));
                None
            }
        })
        .collect()
}

/// Why a text is no network.
pub(super) struct Fault {
    message: String,
    label: &'static str,
    help: String,
}

/// A network, or one bare address.
pub(super) fn parse(text: &str) -> Result<IpNet, Fault> {
    let Some((address, length)) = text.split_once('/') else {
        return parse_address(text).map(IpNet::from);
    };
    let address = parse_address(address)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let network = match length.parse::<u8>() {
        Ok(length) => IpNet::new(address, length).map_err(|_| Fault {
            message: format!("the prefix of `{}` is longer than the address", shown(text)),
            label: "prefix too long",
            help: format!("a prefix of this family has at most {longest} bits"),
        })?,
        Err(_) => return Err(mask_fault(text, address, length, longest)),
    };
    let trunc = network.trunc();
    if trunc == network {
        return Ok(network);
    }
    Err(Fault {
        message: format!("`{network}` has host bits set"),
        label: "an address inside a network, not a network",
        help: format!("write `{trunc}` for the whole network, or `{address}` for the one host"),
    })
}

/// One address without a prefix length.
pub(super) fn parse_address(text: &str) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| {
        let range = text.split_once('-').is_some_and(|(low, _)| low.trim().parse::<IpAddr>().is_ok());
        Fault {
            message: format!("`{}` is no network", shown(text)),
            label: if range { "a range of addresses" } else { "not an address" },
            help: if range {
                "write the networks that make up the range, such as `10.40.1.0/25`, or its addresses one by one"
                    .to_owned()
            } else {
                "write a network such as `10.40.1.0/24` or `2001:db8:40:1::/64`, or a bare address".to_owned()
            },
        }
    })
}

fn mask_fault(text: &str, address: IpAddr, length: &str, longest: u8) -> Fault {
    let masked = length
        .parse()
        .ok()
        .and_then(|mask| IpNet::with_netmask(address, mask).ok())
        .map(|network| network.trunc());
    Fault {
        message: format!("`{}` has no prefix length", shown(text)),
        label: "prefix length expected after `/`",
        help: masked.map_or_else(
            || format!("write a number from 0 to {longest} after `/`"),
            |network| format!("write `{network}`"),
        ),
    }
}

impl Fault {
    /// The complaint where an address stands that is none.
    pub(super) fn address(text: &str) -> Self {
        Self {
            message: format!("`{}` is no address", shown(text)),
            label: "not an address",
            help: "write an address such as `10.30.0.2` or `2001:db8:30::2`; networks go with `kind = \"network\"`"
                .to_owned(),
        }
    }

    pub(super) fn report(self, place: &crate::file::Place) -> Report {
        Report::error("policy::network", self.message)
            .at(place, self.label)
            .help(self.help)
    }
}
