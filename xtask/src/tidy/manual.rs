//! The EVE pages name every key and every filter name of the field table.

use super::tree::{Complaint, Tree, lines};

const TABLE: &str = "sensor/model/src/fields.rs";
const PAGES: [&str; 2] = ["web/docs/eve.ja.md", "web/docs/eve.en.md"];

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (number, line) in lines(tree.text(TABLE).unwrap_or_default()) {
        let Some([name, _, eve]) = row(line).filter(|[_, _, eve]| !eve.is_empty()) else {
            continue;
        };
        for page in PAGES {
            let text = tree.text(page).unwrap_or_default();
            for word in [name, eve] {
                if !text.contains(&format!("`{word}`")) {
                    found.push(Complaint::at(
                        TABLE,
                        number,
                        format!("`{word}` is not explained in {page}; add it to its table"),
                    ));
                }
            }
        }
    }
    found
}

/// Name, column and EVE key of a row of the table.
fn row(line: &str) -> Option<[&str; 3]> {
    if !line.trim_start().starts_with('"') {
        return None;
    }
    let mut quoted = line.split('"').skip(1).step_by(2);
    let row = [quoted.next()?, quoted.next()?, quoted.next()?];
    // Rows go on with the IPFIX number and two labels; other lists of strings do not.
    quoted.nth(1).map(|_| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_no_page_explains_is_found() {
        let table = "    \"orig.port\" Number \"orig_port\" \"src_port\" 7 \"発信元ポート\" \"Originator port\"\n\
                     \"octets\" Number \"octets\" \"\" 85 \"オクテット数\" \"Octets\" |r| 0;\n";
        let tree = Tree::of(&[
            (TABLE, table),
            (PAGES[0], "| `src_port` | `orig.port` |"),
            (PAGES[1], "| `src_port` | |"),
        ]);

        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(
            found,
            [format!(
                "{TABLE}:1: `orig.port` is not explained in {}; add it to its table",
                PAGES[1]
            )]
        );
    }
}
