//! SSH: the version banners, the key exchange offer, and packets behind the cipher.
//!
//! Source: RFC 4253 sections 4.2, 6 and 7.1.

use crate::Random;

/// Identification string, with its line end.
#[must_use]
pub fn banner(software: &str) -> Vec<u8> {
    format!("SSH-2.0-{software}\r\n").into_bytes()
}

/// SSH_MSG_KEXINIT with today's usual algorithms.
#[must_use]
pub fn key_exchange_init(random: &mut Random) -> Vec<u8> {
    let ciphers = "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com";
    let macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256";
    let lists = [
        "curve25519-sha256,ecdh-sha2-nistp256",
        "ssh-ed25519,rsa-sha2-512",
        ciphers,
        ciphers,
        macs,
        macs,
        "none",
        "none",
        "",
        "",
    ];
    let mut payload = vec![20];
    payload.extend(random.octets(16));
    for list in lists {
        payload.extend(u32::try_from(list.len()).expect("a short list").to_be_bytes());
        payload.extend_from_slice(list.as_bytes());
    }
    payload.extend([0; 5]);
    packet(&payload, random)
}

/// SSH_MSG_NEWKEYS: all that follows is encrypted.
#[must_use]
pub fn new_keys(random: &mut Random) -> Vec<u8> {
    packet(&[21], random)
}

fn packet(payload: &[u8], random: &mut Random) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + 8;
    let mut out = Vec::new();
    out.extend(
        u32::try_from(payload.len() + padding + 1)
            .expect("a short packet")
            .to_be_bytes(),
    );
    out.push(u8::try_from(padding).expect("at most 16"));
    out.extend_from_slice(payload);
    out.extend(random.octets(padding));
    out
}
