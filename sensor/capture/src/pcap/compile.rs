//! Expressions of pcap-filter(7) to programs of classic BPF.
//!
//! The kernel takes the outermost VLAN tag out of a frame before a program sees it, and keeps it beside.
//! libpcap knows that of a live capture only: so an expression is compiled for the interface itself where
//! that is up, else for the loopback, and for no capture at all where neither can be opened. `vlan` then
//! finds tags that a switch put on and the kernel took out.

use super::handle::{Handle, Shape};
use crate::Linktype;
use crate::live::LiveError;
use crate::live::interface::Interface;
use crate::live::program::Program;

/// Octets that are kept of a frame unless it is cut: what libpcap takes for all.
pub(super) const WHOLE: u32 = 262_144;

/// The program of `expression` for an interface of which `snap` octets of a frame are kept.
pub(crate) fn compile_for(
    name: &str,
    interface: Interface,
    snap: Option<u32>,
    expression: &str,
) -> Result<Program, LiveError> {
    let (snap, linktype) = (snap.unwrap_or(WHOLE), interface.linktype(name)?);
    let names: &[&str] = if linktype == Linktype::ETHERNET {
        &[name, "lo"]
    } else {
        &[name]
    };
    compile(names, linktype, snap, expression)
}

/// Whether it is an expression.
pub(crate) fn check(expression: &str) -> Result<(), LiveError> {
    compile(&["lo"], Linktype::ETHERNET, WHOLE, expression).map(|_| ())
}

fn compile(names: &[&str], linktype: Linktype, snap: u32, expression: &str) -> Result<Program, LiveError> {
    let shape = Shape {
        buffer: 1 << 20,
        snap,
        timeout: 1_000,
        promiscuous: false,
    };
    let live = names.iter().find_map(|name| Handle::open(name, shape).ok());
    let handle = match live {
        Some(handle) => handle,
        None => Handle::dead(linktype, snap)?,
    };
    handle.compile(expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program as `tcpdump -ddd` writes it.
    fn written(program: &Program) -> Vec<(u16, u8, u8, u32)> {
        let instructions = program.instructions().iter();
        instructions
            .map(|one| (one.code, one.jt, one.jf, one.k))
            .collect()
    }

    fn compiled(expression: &str) -> Option<Result<Program, LiveError>> {
        match compile(&[], Linktype::ETHERNET, 96, expression) {
            Err(LiveError::NoLibrary(_)) => None,
            other => Some(other),
        }
    }

    #[test]
    fn an_expression_becomes_the_program_that_tcpdump_prints() {
        // tcpdump -ddd -s 96 arp
        let expected = [(0x28, 0, 0, 12), (0x15, 0, 1, 0x806), (6, 0, 0, 96), (6, 0, 0, 0)];
        if let Some(program) = compiled("arp") {
            assert_eq!(written(&program.unwrap()), expected);
        }
    }

    #[test]
    fn a_mistake_is_said_in_the_words_of_libpcap() {
        if let Some(refused) = compiled("tcp porto 80") {
            let said = refused.unwrap_err().to_string();
            assert!(said.starts_with("--bpf tcp porto 80: "), "{said}");
            assert!(said.contains("syntax error"), "{said}");
        }
    }
}
