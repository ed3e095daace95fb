//! Whether a login succeeded, guessed from the sizes of the server's encrypted packets.
//!
//! The server's answers to a login differ in size and are the same every time: `SERVICE_ACCEPT` (17
//! octets), `USERAUTH_SUCCESS` (1), `USERAUTH_FAILURE` (the list of methods). Their size on the wire
//! follows from the cipher and the MAC that were agreed in clear. This is the approach of Zeek's SSH
//! analyser, with computed sizes where the algorithms are known. A packet counts as one segment.
//!
//! Misses: compression from the start, answers that share a segment, servers that pad at random. The
//! first failure is not counted: clients ask with the method `none` first; those that do not are
//! counted one attempt short.
//!
//! Source: RFC 4253 section 6, RFC 4252 section 5.1, RFC 5647, OpenSSH PROTOCOL sections 1.5 to 1.7.

use super::kexinit::Chosen;

/// Server's segments after which no decision will come.
const MAX_SEGMENTS: u16 = 200;
/// A longer answer than this is a banner, not a list of methods.
const MAX_FAILURE: usize = 300;
/// Payload octets of `SERVICE_ACCEPT`: number, length, `ssh-userauth`.
const SERVICE_ACCEPT: usize = 17;
/// Payload octets of `USERAUTH_SUCCESS`: the number.
const SUCCESS: usize = 1;

/// What the server's sizes say so far.
#[derive(Debug, Default)]
pub(super) struct Authentication {
    /// Sizes of `SERVICE_ACCEPT` and `USERAUTH_SUCCESS`; not known for unknown algorithms.
    sizes: Option<(usize, usize)>,
    is_accepted: bool,
    failure: Option<usize>,
    segments: u16,
    /// Failures after the first one.
    pub(super) failures: u16,
    /// A success was seen.
    pub(super) is_success: bool,
}

impl Authentication {
    /// With the algorithms that were agreed, where both offers were seen.
    pub(super) fn new(chosen: Option<&Chosen>) -> Self {
        let sizes = chosen.and_then(|chosen| {
            let overhead = Overhead::of(
                chosen.cipher.as_deref()?,
                chosen.mac.as_deref().unwrap_or_default(),
            )?;
            Some((overhead.size(SERVICE_ACCEPT), overhead.size(SUCCESS)))
        });
        Self {
            sizes,
            ..Self::default()
        }
    }

    /// Takes a segment of the server; answers whether nothing more can be told.
    pub(super) fn observe(&mut self, octets: usize) -> bool {
        self.segments = self.segments.saturating_add(1);
        let (accept, success) = *self.sizes.get_or_insert((octets, octets.saturating_sub(16)));
        if !self.is_accepted {
            self.is_accepted = octets == accept;
        } else if octets == success {
            self.is_success = true;
        } else if self.failure.is_none() && octets <= MAX_FAILURE {
            self.failure = Some(octets);
        } else if self.failure == Some(octets) {
            self.failures = self.failures.saturating_add(1);
        }
        self.is_success || self.segments >= MAX_SEGMENTS
    }
}

/// What a cipher and a MAC add to a payload.
struct Overhead {
    block: usize,
    /// Whether the length field is padded with the rest.
    is_length_padded: bool,
    mac: usize,
}

impl Overhead {
    fn of(cipher: &str, mac: &str) -> Option<Self> {
        if cipher.starts_with("chacha20-poly1305") {
            return Some(Self {
                block: 8,
                is_length_padded: false,
                mac: 16,
            });
        }
        let is_one_of = |names: &[&str]| names.iter().any(|name| cipher.starts_with(name));
        let block = if is_one_of(&["3des", "blowfish", "cast128", "arcfour"]) {
            8
        } else if is_one_of(&["aes", "AEAD_AES"]) {
            16
        } else {
            return None;
        };
        if cipher.contains("gcm") || cipher.contains("GCM") {
            return Some(Self {
                block,
                is_length_padded: false,
                mac: 16,
            });
        }
        Some(Self {
            block,
            is_length_padded: !mac.contains("-etm@"),
            mac: mac_len(mac)?,
        })
    }

    /// Octets on the wire of a packet with so many octets of payload.
    const fn size(&self, payload: usize) -> usize {
        const LENGTH: usize = 4;
        const MIN_PADDING: usize = 4;
        let padded = payload.saturating_add(1 + MIN_PADDING);
        let length = if self.is_length_padded {
            padded.saturating_add(LENGTH).next_multiple_of(self.block)
        } else {
            padded.next_multiple_of(self.block).saturating_add(LENGTH)
        };
        length.saturating_add(self.mac)
    }
}

/// Octets of a MAC (RFC 4253 section 6.4, RFC 6668, OpenSSH).
fn mac_len(name: &str) -> Option<usize> {
    let name = name.split("-etm@").next().unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    Some(match name {
        "umac-64" => 8,
        "hmac-sha1-96" | "hmac-md5-96" => 12,
        "hmac-md5" | "umac-128" => 16,
        "hmac-sha1" | "hmac-ripemd160" => 20,
        "hmac-sha2-256" => 32,
        "hmac-sha2-512" => 64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_from_the_algorithms() {
        let sizes = |cipher, mac| {
            let overhead = Overhead::of(cipher, mac).unwrap();
            (overhead.size(SERVICE_ACCEPT), overhead.size(SUCCESS))
        };

        // By hand from RFC 4253 section 6: length 4, padding length 1, padding 4 or more, MAC.
        assert_eq!(sizes("chacha20-poly1305@openssh.com", ""), (44, 28));
        assert_eq!(sizes("aes128-ctr", "hmac-sha1"), (52, 36));
        assert_eq!(sizes("aes256-ctr", "hmac-sha2-256-etm@openssh.com"), (68, 52));
        assert_eq!(sizes("aes128-gcm@openssh.com", "hmac-sha1"), (52, 36));
        assert!(Overhead::of("serpent256-ctr", "hmac-sha1").is_none());
    }

    #[test]
    fn failures_are_counted_until_a_success() {
        let mut login = Authentication::default();

        let ends: Vec<bool> = [44, 52, 52, 52, 28].map(|octets| login.observe(octets)).to_vec();

        assert_eq!(ends, [false, false, false, false, true]);
        assert_eq!((login.failures, login.is_success), (2, true));
    }
}
