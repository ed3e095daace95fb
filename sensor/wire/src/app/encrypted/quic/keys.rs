//! Keys of Initial packets, which anyone can derive from the first connection ID, and opening them.
//!
//! Source: RFC 9001 sections 5.2 to 5.4, RFC 9369 section 3.3.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::AeadInOut;
use hkdf::Hkdf;
use sha2::Sha256;

use super::header::Long;
use super::version::{Labels, Protection};

/// Octets of the tag behind every packet.
const TAG: usize = 16;
/// Octets behind the start of the packet number at which the sample of header protection begins.
const SAMPLE_AT: usize = 4;

/// Who protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// Keys of one side.
pub(super) struct Keys {
    header: Aes128,
    packet: Aes128Gcm,
    /// For packets whose tag was not captured.
    stream: Aes128,
    iv: [u8; 12],
}

impl Keys {
    /// The keys of one side's Initial packets: `dcid` is the destination of the client's first
    /// packet, or what a Retry put in its place.
    pub(super) fn derive(protection: Protection, dcid: &[u8], side: Side) -> Option<Self> {
        let (_, initial) = Hkdf::<Sha256>::extract(Some(protection.salt), dcid);
        let mut secret = [0; 32];
        let label: &[u8] = match side {
            Side::Client => b"client in",
            Side::Server => b"server in",
        };
        expand(&initial, label, &mut secret)?;
        let secret = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let names: [&[u8]; 3] = match protection.labels {
            Labels::First => [b"quic key", b"quic iv", b"quic hp"],
            Labels::Second => [b"quicv2 key", b"quicv2 iv", b"quicv2 hp"],
        };
        let [key_name, iv_name, header_name] = names;
        let (mut key, mut iv, mut header) = ([0; 16], [0; 12], [0; 16]);
        expand(&secret, key_name, &mut key)?;
        expand(&secret, iv_name, &mut iv)?;
        expand(&secret, header_name, &mut header)?;
        let stream = Aes128::new(&Array(key));
        Some(Self {
            header: Aes128::new(&Array(header)),
            packet: Aes128Gcm::from(stream.clone()),
            stream,
            iv,
        })
    }

    /// Opens a packet into `into`: the frames of its payload. Of a packet that was captured in part
    /// what there is, which nothing vouches for. `false` where these are not its keys.
    pub(super) fn open(&self, packet: &Long<'_>, into: &mut Vec<u8>) -> bool {
        self.try_open(packet, into).is_some()
    }

    fn try_open(&self, packet: &Long<'_>, into: &mut Vec<u8>) -> Option<()> {
        let (header, protected) = packet.packet.split_at_checked(packet.number_at)?;
        let sample = protected.get(SAMPLE_AT..)?.first_chunk::<16>()?;
        let mut block = Array(*sample);
        self.header.encrypt_block(&mut block);
        let [mask, number_mask @ ..] = block.0;
        let first = header.first()? ^ (mask & 0x0f);
        let number_len = usize::from(first & 3).saturating_add(1);
        let (number, payload) = protected.split_at_checked(number_len)?;

        // The header as it was before protection is what the tag vouches for.
        let mut clear = Vec::with_capacity(header.len().saturating_add(number_len));
        clear.push(first);
        clear.extend_from_slice(header.get(1..)?);
        clear.extend(number.iter().zip(number_mask).map(|(octet, mask)| octet ^ mask));
        let number = clear.get(header.len()..)?;
        let mut nonce = self.iv;
        for (octet, number) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *octet ^= number;
        }

        into.clear();
        if packet.cut > 0 {
            into.extend_from_slice(payload);
            self.apply_stream(&nonce, into);
            return Some(());
        }
        let (payload, tag) = payload.split_at_checked(payload.len().checked_sub(TAG)?)?;
        into.extend_from_slice(payload);
        let tag = Array(*tag.first_chunk::<TAG>()?);
        self.packet
            .decrypt_inout_detached(&Array(nonce), &clear, into.as_mut_slice().into(), &tag)
            .ok()
    }

    /// Counter mode as GCM runs it, without the tag (NIST SP 800-38D section 7.1).
    fn apply_stream(&self, nonce: &[u8; 12], octets: &mut [u8]) {
        for (index, chunk) in (2_u32..).zip(octets.chunks_mut(16)) {
            let mut block = Array([0; 16]);
            for (octet, from) in block.iter_mut().zip(nonce.iter().chain(&index.to_be_bytes())) {
                *octet = *from;
            }
            self.stream.encrypt_block(&mut block);
            for (octet, key) in chunk.iter_mut().zip(block) {
                *octet ^= key;
            }
        }
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand(secret: &Hkdf<Sha256>, label: &[u8], into: &mut [u8]) -> Option<()> {
    let len = u8::try_from(into.len()).ok()?;
    let label_len = u8::try_from(label.len()).ok()?.checked_add(6)?;
    secret
        .expand_multi_info(&[&[0, len, label_len], b"tls13 ", label, &[0]], into)
        .ok()
}

#[cfg(test)]
impl Keys {
    /// The packet of a header, whose last four octets are the packet number, and a payload.
    pub(super) fn seal(&self, header: &[u8], payload: &[u8]) -> Vec<u8> {
        let number_at = header.len() - 4;
        let mut nonce = self.iv;
        for (octet, number) in nonce[8..].iter_mut().zip(&header[number_at..]) {
            *octet ^= number;
        }
        let mut packet = header.to_vec();
        packet.extend_from_slice(payload);
        let tag = self
            .packet
            .encrypt_inout_detached(&Array(nonce), header, packet[header.len()..].as_mut().into())
            .unwrap();
        packet.extend_from_slice(&tag);
        let mut mask = Array(*packet[header.len()..].first_chunk::<16>().unwrap());
        self.header.encrypt_block(&mut mask);
        packet[0] ^= mask[0] & 0x0f;
        for (octet, mask) in packet[number_at..].iter_mut().zip(&mask[1..5]) {
            *octet ^= mask;
        }
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::long;
    use super::super::rfc::{CLIENT_V1, CLIENT_V2, octets};
    use super::super::version::Version;
    use super::*;

    #[test]
    fn a_packet_of_the_specification_opens_to_its_payload() {
        for (packet, number) in [(CLIENT_V1, 1), (CLIENT_V2, 0x6b33_43cf)] {
            let packet = octets(packet);
            let long = long(&packet, 0).unwrap();
            let protection = Version(number).protection().unwrap();
            let keys = Keys::derive(protection, long.dcid, Side::Client).unwrap();
            let mut opened = Vec::new();

            assert!(keys.open(&long, &mut opened));

            // RFC 9001 appendix A.2: a CRYPTO frame of 245 octets, padded to 1162.
            assert_eq!(opened.len(), 1162);
            assert_eq!(opened[..8], [0x06, 0x00, 0x40, 0xf1, 0x01, 0x00, 0x00, 0xed]);
            assert!(opened[245..].iter().all(|octet| *octet == 0));
            let mut header = packet[..long.number_at].to_vec();
            header[0] = if number == 1 { 0xc3 } else { 0xd3 };
            header.extend([0, 0, 0, 2]);
            assert_eq!(keys.seal(&header, &opened), packet);
        }
    }
}
