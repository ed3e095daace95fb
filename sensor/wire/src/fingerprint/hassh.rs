//! HASSH: what one end of SSH offers in its `SSH_MSG_KEXINIT`.
//!
//! Source: salesforce/hassh, "HASSH - Profiling Method for SSH Clients and Servers".

use super::md5_hex;

/// MD5 of the four name-lists, joined with `;`. A client's are those for client to server, a
/// server's those for server to client.
#[must_use]
pub fn of(kex: &str, enc: &str, mac: &str, comp: &str) -> String {
    md5_hex([kex, enc, mac, comp].join(";").as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lists_are_joined_in_the_order_of_the_method() {
        let kex = "curve25519-sha256,ecdh-sha2-nistp256";
        let (enc, mac) = ("aes128-ctr,aes256-ctr", "hmac-sha2-256");

        let hassh = super::of(kex, enc, mac, "none,zlib@openssh.com");

        // md5sum of the lists with semicolons between them.
        assert_eq!(hassh, "492a1b12bc056237f805415b405d8616");
    }
}
