//! Who made a network card: the IEEE's registers as Debian packs them (`ieee-data`), read at run time.
//!
//! Three registers with blocks of 24, 28 and 36 bits; the longest block that fits names the maker.
//! Where the package is absent nobody is named.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use sekisho_model::MacAddress;

/// Where Debian puts them.
const FOLDER: &str = "/usr/share/ieee-data";
/// Blocks that are read, at most: three times what the registers hold.
const BLOCKS: usize = 200_000;
/// Octets of a line that are read.
const LINE: usize = 4096;

/// Makers by the first bits of a MAC address.
#[derive(Debug, Default)]
pub struct Makers(HashMap<(u8, u64), Box<str>>);

impl Makers {
    /// Those of the registers at their usual place; none where they are not installed.
    #[must_use]
    pub fn installed() -> Self {
        Self::read(Path::new(FOLDER))
    }

    /// Those of the registers in a folder: `oui.csv`, `mam.csv` and `oui36.csv`.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut makers = Self::default();
        for name in ["oui.csv", "mam.csv", "oui36.csv"] {
            if let Ok(file) = File::open(folder.join(name)) {
                for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
                    makers.add(&line);
                }
            }
        }
        makers
    }

    /// Whether any register was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The maker of a card.
    #[must_use]
    pub fn of(&self, mac: MacAddress) -> Option<&str> {
        let [a, b, c, d, e, f] = mac.0;
        let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        [36_u8, 28, 24].into_iter().find_map(|bits| {
            let block = number >> 48_u8.saturating_sub(bits);
            self.0.get(&(bits, block)).map(|maker| &**maker)
        })
    }

    /// Reads a line: registry, assignment in hexadecimal digits, organisation, address.
    fn add(&mut self, line: &[u8]) {
        let line = line.get(..LINE).unwrap_or(line);
        let line = String::from_utf8_lossy(line);
        let mut columns = line.splitn(3, ',').skip(1);
        let (Some(digits), Some(rest)) = (columns.next(), columns.next()) else {
            return;
        };
        let Ok(block) = u64::from_str_radix(digits, 16) else {
            return; // The heading.
        };
        let Ok(bits) = u8::try_from(digits.len().saturating_mul(4)) else {
            return;
        };
        let name = organisation(rest);
        if !name.is_empty() && self.0.len() < BLOCKS {
            self.0.insert((bits, block), name.into());
        }
    }
}

/// The first column of the rest of a line; in quotes where it holds a comma.
fn organisation(rest: &str) -> &str {
    let end = match rest.strip_prefix('"') {
        Some(quoted) => return quoted.split('"').next().unwrap_or_default().trim(),
        None => rest.find(',').unwrap_or(rest.len()),
    };
    rest.get(..end).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_block_names_the_maker() {
        let mut makers = Makers::default();
        for line in [
            "Registry,Assignment,Organization Name,Organization Address",
            "MA-L,70B3D5,IEEE Registration Authority,445 Hoes Lane Piscataway NJ US 08554",
            "MA-S,70B3D5F2F,\"TELEPLATFORMS, Ltd\",Somewhere",
        ] {
            makers.add(line.as_bytes());
        }

        let of = |mac| makers.of(MacAddress::parse(mac).unwrap());
        assert_eq!(of("70:b3:d5:f2:f1:23"), Some("TELEPLATFORMS, Ltd"));
        assert_eq!(of("70:b3:d5:00:00:01"), Some("IEEE Registration Authority"));
        assert_eq!(of("02:00:00:00:00:01"), None);
    }

    #[test]
    fn registers_that_are_absent_name_nobody() {
        assert!(Makers::read(Path::new("/nonexistent")).is_empty());
    }
}
