//! Reads the Ethernet frames of pcap and pcapng files, as far as the files are whole.
//!
//! Sources: draft-ietf-opsawg-pcap section 4; draft-ietf-opsawg-pcapng sections 4.1 to 4.4.

use sekisho_kit::Packet;
use sekisho_kit::pcap::LINKTYPE_ETHERNET;

const SECOND_NS: u64 = 1_000_000_000;

/// Frames of link type Ethernet in the order of the file; what is damaged ends the reading.
pub(crate) fn frames(file: &[u8]) -> Vec<Packet> {
    let mut frames = Vec::new();
    // The end of what can be read is the end; there is nothing to tell.
    let _ = if file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        pcapng(file, &mut frames)
    } else {
        pcap(file, &mut frames)
    };
    frames
}

/// A file's numbers in its own byte order.
#[derive(Clone, Copy)]
struct Numbers {
    big: bool,
}

impl Numbers {
    fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = *octets.get(at..)?.first_chunk()?;
        Some(if self.big {
            u16::from_be_bytes(octets)
        } else {
            u16::from_le_bytes(octets)
        })
    }

    fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = *octets.get(at..)?.first_chunk()?;
        Some(if self.big {
            u32::from_be_bytes(octets)
        } else {
            u32::from_le_bytes(octets)
        })
    }

    fn len(self, octets: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(octets, at)?).ok()
    }
}

fn pcap(file: &[u8], frames: &mut Vec<Packet>) -> Option<()> {
    let (big, unit_ns) = match file.first_chunk()? {
        [0xd4, 0xc3, 0xb2, 0xa1] => (false, 1_000),
        [0xa1, 0xb2, 0xc3, 0xd4] => (true, 1_000),
        [0x4d, 0x3c, 0xb2, 0xa1] => (false, 1),
        [0xa1, 0xb2, 0x3c, 0x4d] => (true, 1),
        _ => return None,
    };
    let numbers = Numbers { big };
    if numbers.u32(file, 20)? & 0x0fff_ffff != LINKTYPE_ETHERNET {
        return None;
    }
    let mut rest = file.get(24..)?;
    loop {
        let time_ns =
            u64::from(numbers.u32(rest, 0)?) * SECOND_NS + u64::from(numbers.u32(rest, 4)?) * unit_ns;
        let caplen = numbers.len(rest, 8)?;
        push(
            frames,
            time_ns,
            rest.get(16..)?.get(..caplen)?,
            numbers.u32(rest, 12)?,
        );
        rest = rest.get(16 + caplen..)?;
    }
}

/// An interface of a section: whether it is Ethernet, and its time units in a second.
type Interface = (bool, u64);

fn pcapng(mut rest: &[u8], frames: &mut Vec<Packet>) -> Option<()> {
    let mut numbers = Numbers { big: false };
    let mut interfaces: Vec<Interface> = Vec::new();
    loop {
        if rest.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            numbers.big = rest.get(8..12)? == [0x1a, 0x2b, 0x3c, 0x4d];
            interfaces.clear();
        }
        let len = numbers.len(rest, 4)?;
        let body = rest.get(8..len.checked_sub(4)?)?;
        match numbers.u32(rest, 0)? {
            1 => {
                let ethernet = u32::from(numbers.u16(body, 0)?) == LINKTYPE_ETHERNET;
                interfaces.push((ethernet, units_a_second(numbers, body.get(8..)?)));
            }
            6 => {
                let (ethernet, units) = *interfaces.get(numbers.len(body, 0)?)?;
                let time = u64::from(numbers.u32(body, 4)?) << 32 | u64::from(numbers.u32(body, 8)?);
                let caplen = numbers.len(body, 12)?;
                if ethernet {
                    let nanos = u128::from(time) * u128::from(SECOND_NS) / u128::from(units);
                    let octets = body.get(20..)?.get(..caplen)?;
                    push(frames, u64::try_from(nanos).ok()?, octets, numbers.u32(body, 16)?);
                }
            }
            _ => {}
        }
        rest = rest.get(len..)?;
    }
}

/// Option 9, `if_tsresol`; microseconds where it is absent.
fn units_a_second(numbers: Numbers, mut options: &[u8]) -> u64 {
    let read = |options: &[u8]| Some((numbers.u16(options, 0)?, usize::from(numbers.u16(options, 2)?)));
    while let Some((code, len)) = read(options) {
        match (code, options.get(4)) {
            (0, _) => break,
            (9, Some(power)) if power & 0x80 == 0 => return 10_u64.saturating_pow(u32::from(*power)),
            (9, Some(power)) => return 1_u64.checked_shl(u32::from(power & 0x7f)).unwrap_or(u64::MAX),
            _ => options = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default(),
        }
    }
    1_000_000
}

fn push(frames: &mut Vec<Packet>, time_ns: u64, octets: &[u8], original_len: u32) {
    let mut packet = Packet::new(time_ns, octets.to_vec());
    // Captures of fuzzers give lengths that no link carries.
    if (packet.original_len..=65_549).contains(&original_len) {
        packet.original_len = original_len;
    }
    frames.push(packet);
}

#[cfg(test)]
mod tests {
    use sekisho_kit::{ByteOrder, Capture, Interface, PcapWriter, PcapngWriter};

    use super::*;

    #[test]
    fn both_formats_are_read_back_as_written() {
        let mut capture = Capture::new();
        capture.push(1_793_750_400_123_456_000, vec![7; 61]);
        capture.push(1_793_750_401_000_000_000, vec![8; 70]);

        for order in ByteOrder::ALL {
            let classic = PcapWriter {
                order,
                ..PcapWriter::default()
            };
            assert_eq!(frames(&classic.write(&capture)), capture.packets);
        }
        let next_generation = PcapngWriter::write(ByteOrder::Big, &[Interface::named("tap", "")], &capture);
        assert_eq!(frames(&next_generation), capture.packets);
    }

    #[test]
    fn a_cut_file_gives_what_is_whole() {
        let mut capture = Capture::new();
        capture.push(0, vec![7; 61]);
        capture.push(1_000, vec![8; 70]);
        let file = PcapWriter::default().write(&capture);

        assert_eq!(frames(&file[..file.len() - 1]).len(), 1);
        assert_eq!(frames(&file[..10]).len(), 0);
    }
}
