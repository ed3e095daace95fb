//! Columns between commas or tabs.
//!
//! The header is the first line, with or without `#` before it, that names a column of values; `#fields`
//! is Zeek's. Without one the values are in the first column that looks like an indicator. A line is one
//! record: fields do not go on in the next line. Source: RFC 4180; abuse.ch's feeds for the header
//! behind `#`.

use std::io::{self, BufRead};

use sekisho_model::indicator::{Kind, Value, ValueError};

use super::kinds::{Meaning, meaning};
use super::{PassedOver, Said, Taker, lines, text};

/// What stands between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Comma,
    Tab,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Values of one kind, or of the kind that the column of kinds says.
    Value(Option<Kind>),
    Kind,
    Port,
    Confidence,
    Expires,
    Note,
    Nothing,
}

pub(super) fn read(input: &mut dyn BufRead, separator: Separator, taker: &mut Taker<'_>) -> io::Result<()> {
    let mut columns: Option<Vec<Column>> = None;
    let mut fields = Vec::new();
    let lines = lines::for_each(input, |line, text, is_cut| {
        let comment = text.trim_start().strip_prefix('#');
        let row = comment.unwrap_or(text);
        let row = row
            .strip_prefix("fields\t")
            .filter(|_| comment.is_some())
            .unwrap_or(row);
        if row.trim().is_empty() {
            return;
        }
        if is_cut {
            return taker.report.bad(line, ValueError::TooLong, text);
        }
        split(row, separator, &mut fields);
        if columns.is_none() {
            columns = header(&fields);
            if columns.is_some() {
                return;
            }
        }
        if comment.is_none() {
            record(line, &fields, columns.as_deref(), taker);
        }
    })?;
    taker.report.lines = lines;
    Ok(())
}

/// Takes the indicator of one record.
fn record(line: u64, fields: &[String], columns: Option<&[Column]>, taker: &mut Taker<'_>) {
    let first = fields.first().map_or("", String::as_str);
    let Some(columns) = columns else {
        let kind = taker.settings.kind;
        let value = fields.iter().find(|field| match kind {
            Some(kind) => Value::parse(kind, field).is_ok(),
            None => Value::guess(field).is_ok(),
        });
        return taker.take(&Said {
            line,
            text: value.map_or(first, String::as_str),
            ..Said::default()
        });
    };
    let mut said = Said {
        line,
        ..Said::default()
    };
    let mut word = None;
    for (field, column) in fields.iter().map(|field| field.trim()).zip(columns) {
        // Zeek writes a hyphen where there is nothing.
        if field.is_empty() || field == "-" {
            continue;
        }
        match column {
            Column::Value(kind) if said.text.is_empty() => {
                said.text = field;
                said.kind = *kind;
            }
            Column::Kind => word = Some(field),
            Column::Port => said.port = field.parse().ok().filter(|port| *port > 0),
            Column::Confidence => said.confidence = text::confidence(field),
            Column::Expires => said.expires = text::instant(field),
            Column::Note if said.note.is_empty() => said.note = field,
            _ => {}
        }
    }
    if said.text.is_empty() {
        return taker.report.bad(line, ValueError::Empty, first);
    }
    match word.filter(|_| said.kind.is_none()).and_then(meaning) {
        Some(Meaning::Other) => return taker.report.pass_over(PassedOver::OtherKind),
        Some(Meaning::Of(kind)) => said.kind = Some(kind),
        _ => {}
    }
    // A file's digest would be taken for a fingerprint.
    if said.kind == Some(Kind::Network) {
        said.port = None;
    }
    taker.take(&said);
}

/// What the columns hold, where the fields are names of columns and one is of values.
fn header(fields: &[String]) -> Option<Vec<Column>> {
    let columns: Vec<_> = fields.iter().map(|field| column(field)).collect();
    columns
        .iter()
        .any(|column| matches!(column, Column::Value(_)))
        .then_some(columns)
}

fn column(name: &str) -> Column {
    let name = name.trim().trim_start_matches("meta.").to_ascii_lowercase();
    match name.as_str() {
        "indicator" | "value" | "ioc" | "ioc_value" | "observable" => Column::Value(None),
        "ip" | "ips" | "address" | "ip_address" | "dst_ip" | "src_ip" | "dest_ip" | "addr" | "dstip"
        | "ip:port" => Column::Value(Some(Kind::Address)),
        "network" | "cidr" | "subnet" | "netblock" => Column::Value(Some(Kind::Network)),
        "domain" | "hostname" | "host" | "fqdn" | "domain_name" => Column::Value(Some(Kind::Domain)),
        "url" | "uri" => Column::Value(Some(Kind::Url)),
        "ja3" | "ja3_md5" | "ja3_hash" | "ja3_fingerprint" => Column::Value(Some(Kind::Ja3)),
        "ja4" | "ja4_hash" | "ja4_fingerprint" => Column::Value(Some(Kind::Ja4)),
        "sha1" | "certificate_sha1" | "cert_sha1" => Column::Value(Some(Kind::CertificateSha1)),
        "certificate_sha256" | "cert_sha256" => Column::Value(Some(Kind::CertificateSha256)),
        "user_agent" | "useragent" | "user-agent" => Column::Value(Some(Kind::UserAgent)),
        "type" | "kind" | "ioc_type" | "indicator_type" => Column::Kind,
        "port" | "dst_port" | "dstport" => Column::Port,
        "confidence" | "confidence_level" | "score" => Column::Confidence,
        "expires" | "expiry" | "expiration" | "valid_until" => Column::Expires,
        "note" | "comment" | "description" | "desc" | "malware_printable" | "malware" | "threat"
        | "listingreason" | "reason" => Column::Note,
        _ => Column::Nothing,
    }
}

/// The fields of a line.
fn split(line: &str, separator: Separator, fields: &mut Vec<String>) {
    fields.clear();
    if separator == Separator::Tab {
        fields.extend(line.split('\t').map(str::to_owned));
        return;
    }
    let (mut field, mut is_quoted) = (String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                is_quoted = true;
            }
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    fields.push(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        let mut fields = Vec::new();
        split(r#"a, "b,""c""" ,,d"#, Separator::Comma, &mut fields);
        assert_eq!(fields, ["a", "b,\"c\" ", "", "d"]);

        split("a\tb\t", Separator::Tab, &mut fields);
        assert_eq!(fields, ["a", "b", ""]);
    }
}
