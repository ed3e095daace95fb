//! One port that the program hangs at: what it has counted of it, and how it stands.

use sekisho_ebpf_abi::Counters;
use sekisho_model::summary::{InputFile, PortCounters};

use crate::Excluded;
use crate::live::LiveError;
use crate::live::interface::{self, Counted, Interface};
use crate::live::socket::Promiscuous;

/// A port and its counters.
pub(super) struct Port {
    name: String,
    /// The interface; none before it is there.
    interface: Option<Interface>,
    /// Whether frames have to go on to the system.
    is_shared: bool,
    promiscuous: Option<Promiscuous>,
    /// What the program has counted, and those before it.
    now: Counters,
    before: Counters,
    /// The interface's own counters when the program was hung at it, and now; and of interfaces before.
    first: Counted,
    last: Counted,
    earlier: Counted,
    trouble: Option<String>,
}

impl Port {
    /// The port with this name; one that is not there is waited for where that is asked for.
    pub(super) fn find(name: &str, waits: bool) -> Result<Self, LiveError> {
        let mut port = Self {
            name: name.to_owned(),
            interface: None,
            is_shared: false,
            promiscuous: None,
            now: Counters::default(),
            before: Counters::default(),
            first: Counted::default(),
            last: Counted::default(),
            earlier: Counted::default(),
            trouble: None,
        };
        match interface::find(name).and_then(|found| found.linktype(name).map(|_| found)) {
            Ok(found) => port.found(found),
            Err(error @ LiveError::Missing(_)) if waits => port.trouble = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(port)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number that the system knows it by; none where it is not there.
    pub(super) fn index(&self) -> Option<u32> {
        Some(self.interface?.index)
    }

    /// Whether frames have to go on to the system.
    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The program is about to be hung at it.
    pub(super) fn begin(&mut self) -> Result<(), LiveError> {
        if let Some(found) = self.interface {
            let opened = Promiscuous::open(found.index);
            self.promiscuous = Some(opened.map_err(|cause| LiveError::of_system(&self.name, cause))?);
        }
        Ok(())
    }

    /// The program hangs at it: from here on both count.
    pub(super) fn attached(&mut self) {
        let (received, dropped) = self.interface_counts();
        self.earlier = Counted { received, dropped };
        self.first = interface::counted(&self.name).ok().flatten().unwrap_or_default();
        self.last = self.first;
    }

    /// What the program has counted so far.
    pub(super) const fn counted(&mut self, counted: Counters) {
        self.now = counted;
    }

    /// The program is no longer there: what it has counted is final.
    pub(super) fn ended(&mut self) {
        let (now, before) = (std::mem::take(&mut self.now), &mut self.before);
        before.absorbed = before.absorbed.saturating_add(now.absorbed);
        before.handed_up = before.handed_up.saturating_add(now.handed_up);
        before.excluded = before.excluded.saturating_add(now.excluded);
        before.excluded_octets = before.excluded_octets.saturating_add(now.excluded_octets);
        before.lost = before.lost.saturating_add(now.lost);
    }

    /// What went wrong with its program.
    pub(super) fn fail(&mut self, said: &str) {
        self.trouble = Some(said.to_owned());
    }

    /// Looks at it; true where it is another interface than before, or has come or gone.
    pub(super) fn look(&mut self) -> bool {
        match (interface::find(&self.name), self.interface) {
            (Ok(found), Some(before)) if found.index == before.index => {
                self.trouble = trouble_of(found);
                self.interface = Some(found);
                if let Ok(Some(counted)) = interface::counted(&self.name) {
                    self.last = counted;
                }
                false
            }
            (Ok(found), _) => {
                self.found(found);
                true
            }
            (Err(error), before) => {
                let renamed = before.and_then(|before| interface::name_of(before.index));
                if let Some(name) = renamed {
                    if let Ok(Some(counted)) = interface::counted(&name) {
                        self.last = counted;
                    }
                    self.trouble = Some(format!(
                        "the interface is now called {name} and is read on; name it in the configuration"
                    ));
                    return false;
                }
                self.trouble = Some(error.to_string());
                self.interface = None;
                self.promiscuous = None;
                before.is_some()
            }
        }
    }

    fn found(&mut self, found: Interface) {
        self.interface = Some(found);
        self.is_shared = interface::is_shared(&self.name);
        self.trouble = trouble_of(found);
    }

    fn interface_counts(&self) -> (u64, u64) {
        let since = |now: u64, first: u64, earlier: u64| now.saturating_sub(first).saturating_add(earlier);
        (
            since(self.last.received, self.first.received, self.earlier.received),
            since(self.last.dropped, self.first.dropped, self.earlier.dropped),
        )
    }

    /// Frames that found the ring full.
    pub(super) const fn lost(&self) -> u64 {
        self.before.lost.saturating_add(self.now.lost)
    }

    /// Frames of excluded networks.
    pub(super) const fn excluded(&self) -> Excluded {
        let (before, now) = (&self.before, &self.now);
        Excluded {
            frames: before.excluded.saturating_add(now.excluded),
            octets: before.excluded_octets.saturating_add(now.excluded_octets),
        }
    }

    /// What was read of it, those of excluded networks among it, and how it stands.
    pub(super) fn input(&self) -> InputFile {
        let (before, now) = (&self.before, &self.now);
        let given = |counters: &Counters| {
            let read = counters.handed_up.saturating_add(counters.absorbed);
            read.saturating_add(counters.excluded)
        };
        let (received, dropped) = self.interface_counts();
        InputFile {
            path: self.name.clone(),
            format: "xdp".to_owned(),
            packets: given(before).saturating_add(given(now)),
            damage: self.trouble.clone(),
            port: Some(PortCounters {
                ring_dropped: self.lost(),
                filtered: 0,
                received,
                dropped,
            }),
        }
    }
}

fn trouble_of(interface: Interface) -> Option<String> {
    (!interface.is_running).then(|| "the interface is down or has no carrier".to_owned())
}
