//! Several systems behind one address, told by what their browsers say.

use sekisho_model::Text;

/// Words of user agents, the system that they name, and its family. One device can name two systems
/// of one family: Android asks for its captive portal as Linux, a tablet asks for pages as a desktop.
const SYSTEMS: [(&str, &str, &str); 7] = [
    ("Windows NT", "Windows", "Windows"),
    ("iPhone", "iOS", "Apple"),
    ("iPad", "iPadOS", "Apple"),
    ("Android", "Android", "Linux"),
    ("Macintosh", "macOS", "Apple"),
    ("CrOS", "ChromeOS", "Linux"),
    ("X11; ", "Linux", "Linux"),
];

/// The system that a user agent names.
pub(super) fn named_by(user_agent: &str) -> Option<&'static str> {
    SYSTEMS
        .iter()
        .find(|(word, ..)| user_agent.contains(word))
        .map(|(_, system, _)| *system)
}

/// Why several devices are believed to share an address.
pub(super) fn several(systems: &[&'static str]) -> Vec<Text> {
    let mut families: Vec<_> = SYSTEMS
        .iter()
        .filter(|(_, system, _)| systems.contains(system))
        .map(|(.., family)| *family)
        .collect();
    families.sort_unstable();
    families.dedup();
    if families.len() < 2 {
        return Vec::new();
    }
    let mut systems = systems.to_vec();
    systems.sort_unstable();
    let list = systems.join(", ");
    vec![Text::new(
        format!("ブラウザーが複数のOSを名乗っている: {list}"),
        format!("browsers name several systems: {list}"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_that_asks_as_linux_is_one_device_and_windows_beside_it_another() {
        let telephone = named_by("Mozilla/5.0 (Linux; Android 9; Nokia 2.2) AppleWebKit/537.36").unwrap();
        let probe = named_by("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36").unwrap();
        let desktop = named_by("Mozilla/5.0 (Windows NT 10.0; Win64; x64)").unwrap();

        assert!(several(&[telephone, probe]).is_empty());
        assert_eq!(
            several(&[probe, desktop])[0].en,
            "browsers name several systems: Linux, Windows"
        );
    }
}
