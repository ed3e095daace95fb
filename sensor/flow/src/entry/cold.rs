//! The part of a flow that few packets touch, and the box for what few flows have.

use sekisho_model::{DirectionBy, MacAddress, Protocol, stable_id};
use sekisho_wire::tunnel::Tunnel;

use crate::attach::Talk;
use crate::history::{History, Times};
use crate::key::FlowKey;
use crate::observation::Observation;
use crate::quality::Faults;
use crate::table::Sink;
use crate::volume::Spilled;

/// No VLAN id: they have 12 bits.
const NO_VLAN: u16 = u16::MAX;
/// Whether each hardware address is known.
const ORIG_MAC: u8 = 1;
const RESP_MAC: u8 = 2;

/// What few packets touch. `T` is the sink's tag. The first cache line is what a packet touches that opens
/// or closes a connection.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Cold<T> {
    /// Number of the flow.
    pub(super) flow_id: u64,
    /// The time of the SYN, then how long the handshake took, in nanoseconds.
    pub(super) handshake: i64,
    rare: Option<Box<Rare>>,
    pub(super) history: History,
    pub(super) part: u32,
    /// What its payload says.
    pub(crate) talk: Talk,
    /// Octets that the conversation held when it was last looked at.
    pub(crate) held: u32,
    /// Events that its conversation gave.
    pub(super) said: u32,
    /// The originator's, the responder's; as far as `known` says.
    macs: [MacAddress; 2],
    vlan: u16,
    inner_vlan: u16,
    known: u8,
    pub(super) direction_by: DirectionBy,
    pub(super) icmp_code: u8,
    pub(crate) tag: T,
}

/// What few flows have: boxed where the first of it comes.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// By the originator, by the responder.
    pub(super) faults: [Faults; 2],
    pub(super) times: Times,
    /// What the hot counters cannot hold; boxed, since fewer still are that large.
    pub(super) spilled: Option<Box<Spilled>>,
    /// The tunnel that carries the flow.
    pub(super) carried_in: Option<Box<(Tunnel, FlowKey)>>,
    /// The tunnel that the flow is.
    pub(super) carries: Option<Tunnel>,
    pub(super) icmp_errors: u32,
}

impl<T> Cold<T> {
    /// A flow that begins with this packet.
    pub(super) fn begin(
        key: &FlowKey,
        packet: &Observation<'_>,
        sender_is_originator: bool,
        direction_by: DirectionBy,
        tag: T,
    ) -> Self {
        let mut history = History::default();
        if !sender_is_originator && matches!(key.protocol(), Protocol::TCP | Protocol::UDP) {
            history.turned();
        }
        let icmp_code = u8::try_from(packet.ip().destination_port).unwrap_or(u8::MAX);
        let carried_in = packet.carried_in().map(Box::new);
        Self {
            flow_id: flow_id(key, packet),
            handshake: 0,
            rare: carried_in.map(|carrier| {
                Box::new(Rare {
                    carried_in: Some(carrier),
                    ..Rare::default()
                })
            }),
            history,
            part: 0,
            macs: [MacAddress([0; 6]); 2],
            vlan: NO_VLAN,
            inner_vlan: NO_VLAN,
            known: 0,
            direction_by,
            icmp_code: if key.is_icmp() { icmp_code } else { 0 },
            talk: Talk::Silent,
            held: 0,
            said: 0,
            tag,
        }
    }

    /// Has the second cache line loaded.
    #[inline]
    pub(crate) fn ahead_rest<S: Sink>(&self) {
        S::ahead(&self.said);
    }

    /// Gives back what it holds elsewhere: the flow has ended.
    pub(crate) fn empty(&mut self) {
        self.talk = Talk::Silent;
        self.rare = None;
    }

    /// What the flow has that few have.
    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The same, where there is any.
    pub(super) fn rare_if_any(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// Where letters whose number matters are noted.
    pub(super) fn history_and_times(&mut self) -> (&mut History, &mut Times) {
        let Self { history, rare, .. } = self;
        (history, &mut rare.get_or_insert_default().times)
    }

    /// What was counted has been recorded.
    pub(super) fn turn_page(&mut self) {
        self.part = self.part.saturating_add(1);
        if let Some(rare) = &mut self.rare {
            rare.faults = [Faults::default(); 2];
            rare.spilled = None;
            rare.icmp_errors = 0;
        }
    }

    /// The hardware addresses that are known: the originator's, the responder's.
    pub(super) fn macs(&self) -> [Option<MacAddress>; 2] {
        let [orig, resp] = self.macs;
        [
            (self.known & ORIG_MAC != 0).then_some(orig),
            (self.known & RESP_MAC != 0).then_some(resp),
        ]
    }

    /// The outer VLAN id, and the inner one.
    pub(super) fn vlans(&self) -> (Option<u16>, Option<u16>) {
        let known = |id| (id != NO_VLAN).then_some(id);
        (known(self.vlan), known(self.inner_vlan))
    }

    /// Notes addresses and tags below IP, and the tunnel that the flow is, where they are not known yet.
    #[inline(never)]
    pub(super) fn note_link(&mut self, packet: &Observation<'_>, by_originator: bool) {
        let link = &packet.layer().link;
        let (from_orig, from_resp) = if by_originator {
            (link.source, link.destination)
        } else {
            (link.destination, link.source)
        };
        let [orig, resp] = &mut self.macs;
        for (known, bit, mac) in [(orig, ORIG_MAC, from_orig), (resp, RESP_MAC, from_resp)] {
            if let Some(mac) = mac.filter(|_| self.known & bit == 0) {
                *known = mac;
                self.known |= bit;
            }
        }
        for (known, id) in [
            (&mut self.vlan, link.vlan),
            (&mut self.inner_vlan, link.inner_vlan),
        ] {
            if *known == NO_VLAN {
                *known = id.unwrap_or(NO_VLAN);
            }
        }
        if let Some(tunnel) = packet.carries() {
            self.rare().carries.get_or_insert(tunnel);
        }
    }
}

/// A number for a flow that is the same on every run: its key, the time of its first packet and that
/// packet's number in the input, which tells flows of one moment apart.
fn flow_id(key: &FlowKey, packet: &Observation<'_>) -> u64 {
    stable_id(
        key.fingerprint(),
        stable_id(packet.at.nanos().cast_unsigned(), packet.ordinal),
    )
}
