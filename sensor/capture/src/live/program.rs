//! A program of classic BPF: what the kernel runs on a frame to say whether it is kept, and how much of it.
//!
//! Source: Linux's `Documentation/networking/filter.rst` and pcap-filter(7). A program returns how many
//! octets of the frame are kept; 0 leaves it out. Programs come from libpcap's compiler, or are one
//! instruction.

/// `BPF_RET | BPF_K`: return a constant.
const RETURN: u16 = 0x06;

/// An instruction, as `struct sock_filter` and libpcap's `struct bpf_insn` have it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) code: u16,
    pub(crate) jt: u8,
    pub(crate) jf: u8,
    pub(crate) k: u32,
}

/// Instructions, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program(Vec<Instruction>);

impl Program {
    /// These instructions; none where there are none.
    #[cfg_attr(
        not(feature = "pcap"),
        expect(dead_code, reason = "only a compiler makes them")
    )]
    pub(crate) fn new(instructions: Vec<Instruction>) -> Option<Self> {
        (!instructions.is_empty()).then_some(Self(instructions))
    }

    /// Keeps so many octets of every frame.
    pub(crate) fn keep(octets: u32) -> Self {
        Self(vec![Instruction {
            code: RETURN,
            jt: 0,
            jf: 0,
            k: octets,
        }])
    }

    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// Keeps one octet of every frame that this one leaves out, and leaves out the others. Compilers end
    /// a program by returning constants only.
    pub(crate) fn inverse(&self) -> Self {
        let turned = self.0.iter().map(|one| match one {
            Instruction { code: RETURN, k, .. } => Instruction {
                k: u32::from(*k == 0),
                ..*one
            },
            other => *other,
        });
        Self(turned.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the example of filter.rst, "ARP packets".
    fn arp() -> Program {
        let instruction = |code, jt, jf, k| Instruction { code, jt, jf, k };
        Program(vec![
            instruction(0x28, 0, 0, 12),
            instruction(0x15, 0, 1, 0x806),
            instruction(0x06, 0, 0, 0xffff_ffff),
            instruction(0x06, 0, 0, 0),
        ])
    }

    #[test]
    fn the_inverse_keeps_what_was_left_out_and_tests_the_same() {
        let inverse = arp().inverse();

        let constants: Vec<u32> = inverse.instructions().iter().map(|one| one.k).collect();
        assert_eq!(constants, [12, 0x806, 0, 1]);
        assert_eq!(inverse.inverse().instructions()[3].k, 0);
    }

    #[test]
    fn a_program_has_an_instruction() {
        assert_eq!(Program::new(Vec::new()), None);
        assert_eq!(Program::keep(96).instructions().len(), 1);
    }
}
