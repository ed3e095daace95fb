//! One line of a selection: a field, its modifiers, its values.
//!
//! Source: Sigma modifiers appendix 2.1.0.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::expression::{Expression, quoted};
use super::fields::{self, Kind, Row};
use super::pattern::{Part, Shape, parts, shape};
use super::sources::Source;
use super::why::Why;
use super::yaml::{Key, Node, Value};

/// Where a value has to stand in what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Whole,
    Anywhere,
    Begin,
    End,
}

/// The modifiers of a line.
#[derive(Debug, Clone, Default)]
struct Modifiers {
    place: Place,
    all: bool,
    cased: bool,
    windash: bool,
    negated: bool,
    cidr: bool,
    exists: bool,
    /// The flags of a regular expression, where the value is one.
    regex: Option<String>,
    /// `<`, `<=`, `>`, `>=`.
    order: Option<&'static str>,
}

impl Modifiers {
    fn read(text: &str) -> Result<Self, Why> {
        let mut read = Self::default();
        for word in text.split('|').filter(|word| !word.is_empty()) {
            match word {
                "contains" => read.place = Place::Anywhere,
                "startswith" => read.place = Place::Begin,
                "endswith" => read.place = Place::End,
                "all" => read.all = true,
                "cased" => read.cased = true,
                "windash" => read.windash = true,
                "neq" => read.negated = true,
                "cidr" => read.cidr = true,
                "exists" => read.exists = true,
                "re" => read.regex = Some(String::new()),
                "lt" => read.order = Some("<"),
                "lte" => read.order = Some("<="),
                "gt" => read.order = Some(">"),
                "gte" => read.order = Some(">="),
                "i" | "m" | "s" if read.regex.is_some() => {
                    read.regex.get_or_insert_default().push_str(word);
                }
                other => return Err(Why::Modifier(other.to_owned())),
            }
        }
        Ok(read)
    }
}

/// A list that a rule needs, because its values are too many for an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) values: Vec<String>,
}

/// The lists of a rule, and what their names begin with.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) prefix: String,
    pub(super) made: Vec<List>,
}

/// Values of one field that stand in an expression; more stand in a list.
const IN_EXPRESSION: usize = 24;
/// Words that are looked for one by one; more are one pattern.
const ONE_BY_ONE: usize = 3;

/// What a line asks of a flow.
pub(super) fn expression(
    source: &Source,
    key: &Key,
    value: &Node,
    lists: &mut Lists,
) -> Result<Expression, Why> {
    let (name, modifiers) = key.text.split_once('|').unwrap_or((&key.text, ""));
    if name.is_empty() {
        return Err(Why::Keywords);
    }
    let modifiers = Modifiers::read(modifiers)?;
    let row = source
        .field(name)
        .ok_or_else(|| Why::Field(name.to_owned(), fields::unmapped(&name.to_lowercase())))?;
    let line = Line { name, row, modifiers };
    let expression = line.expression(value, lists)?;
    Ok(match line.modifiers.negated {
        true => expression.negated(),
        false => expression,
    })
}

/// A line, of which the values are not read yet.
struct Line<'a> {
    name: &'a str,
    row: &'static Row,
    modifiers: Modifiers,
}

/// What a value comes to.
enum Term {
    /// One of the values that the field may have.
    Word(String),
    /// One of the texts that it may hold.
    Part(String),
    /// One of the patterns that may be found in it.
    Pattern(String),
    Other(Expression),
}

impl Line<'_> {
    fn expression(&self, value: &Node, lists: &mut Lists) -> Result<Expression, Why> {
        if self.modifiers.exists {
            return self.exists(value);
        }
        let items = match &value.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if items.is_empty() {
            return Err(self.value("the list has no value"));
        }
        let terms = items.iter().map(|item| self.term(item));
        let terms: Vec<_> = terms.collect::<Result<_, _>>()?;
        if self.modifiers.all {
            let each = terms.into_iter().map(|term| self.any(vec![term], lists));
            return Ok(Expression::all(each.collect::<Vec<_>>()));
        }
        Ok(self.any(terms, lists))
    }

    /// Any of the terms.
    fn any(&self, terms: Vec<Term>, lists: &mut Lists) -> Expression {
        let field = self.row.field;
        let (mut words, mut held, mut patterns, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for term in terms {
            match term {
                Term::Word(word) if known.insert(word.clone()) => words.push(word),
                Term::Word(_) => {}
                Term::Part(part) => held.push(part),
                Term::Pattern(pattern) => patterns.push(pattern),
                Term::Other(other) => all.push(other),
            }
        }
        if held.len() > ONE_BY_ONE {
            patterns.extend(held.drain(..).map(|text| {
                let part = [Part::Any, Part::Plain(text), Part::Any];
                super::pattern::regex(&part, false)
            }));
        }
        let held = held
            .iter()
            .map(|text| format!("{field} contains {}", quoted(text)));
        let compared = self
            .among(words, lists)
            .into_iter()
            .chain(held)
            .chain(self.matches(&patterns));
        all.extend(compared.map(Expression::Is));
        Expression::any(all)
    }

    /// One of the values.
    fn among(&self, values: Vec<String>, lists: &mut Lists) -> Option<String> {
        let field = self.row.field;
        let kind = match self.row.kind {
            Kind::Address => "network",
            Kind::Number if field.ends_with(".port") => "port",
            Kind::Text | Kind::Distinguished if !field.ends_with(".mac") => "text",
            _ => "",
        };
        if values.len() > IN_EXPRESSION && !kind.is_empty() {
            let number = lists.made.len().saturating_add(1);
            let name = format!("{}-{number}", lists.prefix);
            let written = format!("{field} in @{name}");
            lists.made.push(List { name, kind, values });
            return Some(written);
        }
        let is_text = !matches!(self.row.kind, Kind::Address | Kind::Number | Kind::Seconds);
        let spelled: Vec<_> = values
            .into_iter()
            .map(|value| if is_text { quoted(&value) } else { value })
            .collect();
        match spelled.as_slice() {
            [] => None,
            [value] => Some(format!("{field} == {value}")),
            values => Some(format!("{field} in {{{}}}", values.join(", "))),
        }
    }

    /// One of the patterns.
    fn matches(&self, patterns: &[String]) -> Option<String> {
        let flags = match &self.modifiers.regex {
            Some(flags) if flags.is_empty() => String::new(),
            Some(flags) => format!("(?{flags})"),
            None if self.is_cased() => "(?s)".to_owned(),
            None => "(?is)".to_owned(),
        };
        let pattern = match patterns {
            [] => return None,
            [pattern] => format!("{flags}{pattern}"),
            // A pattern may set flags of its own, which reach as far as its group.
            patterns => format!("{flags}(?:(?:{}))", patterns.join(")|(?:")),
        };
        Some(format!("{} matches {}", self.row.field, quoted(&pattern)))
    }

    fn is_cased(&self) -> bool {
        self.modifiers.cased || self.row.kind == Kind::Cased
    }

    fn value(&self, why: impl Into<String>) -> Why {
        Why::Value(self.name.to_owned(), why.into())
    }

    fn exists(&self, value: &Node) -> Result<Expression, Why> {
        let present = self.present();
        match value.text() {
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(present),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(present.negated()),
            _ => Err(self.value("`exists` wants true or false")),
        }
    }

    /// Whether a record has the field at all. A comparison with what is absent is false.
    fn present(&self) -> Expression {
        let field = self.row.field;
        match self.row.kind {
            Kind::Address | Kind::Given(_) => Expression::Always(true),
            Kind::Number | Kind::Seconds => Expression::Is(format!("{field} >= 0")),
            _ => Expression::Is(format!("{field} contains \"\"")),
        }
    }

    fn term(&self, node: &Node) -> Result<Term, Why> {
        let text = match &node.value {
            Value::Null => return Ok(Term::Other(self.present().negated())),
            Value::Scalar(text) => text.as_str(),
            Value::List(_) | Value::Map(_) => {
                return Err(self.value("a list or a mapping stands in the place of a value"));
            }
        };
        let modifiers = &self.modifiers;
        if modifiers.cidr || self.row.kind == Kind::Address {
            return self.network(text);
        }
        if let Some(order) = modifiers.order {
            return self.ordered(order, text);
        }
        match self.row.kind {
            Kind::Given(given) if text.eq_ignore_ascii_case(given) => Ok(Term::Other(Expression::Always(true))),
            Kind::Given(given) => Err(self.value(format!("only `{given}` can be seen in a flow"))),
            Kind::Number | Kind::Seconds => self.number(text).map(Term::Word),
            Kind::Words(table) => self.word(table, text),
            Kind::Distinguished if text.contains(',') || matches!(modifiers.place, Place::Begin | Place::End) => {
                Err(self.value(
                    "the parts of a name in a certificate stand in another order here; only a single part can be compared, with `contains`",
                ))
            }
            Kind::Text | Kind::Cased | Kind::Distinguished | Kind::Address => Ok(self.text(text)),
        }
    }

    fn text(&self, text: &str) -> Term {
        if self.modifiers.regex.is_some() {
            return Term::Pattern(text.to_owned());
        }
        match shape(&self.placed(text), self.modifiers.windash, self.is_cased()) {
            Shape::Present => Term::Other(self.present()),
            // Neither is there a value nor is one empty.
            Shape::Empty => Term::Other(Expression::Is(format!("{} != \"\"", self.row.field)).negated()),
            Shape::Equal(text) => Term::Word(text),
            Shape::Contains(text) => Term::Part(text),
            Shape::Pattern(pattern) => Term::Pattern(pattern),
        }
    }

    /// The parts of a string, with wildcards where its modifiers leave an end open.
    fn placed(&self, text: &str) -> Vec<Part> {
        let place = self.modifiers.place;
        let mut parts = parts(text);
        if matches!(place, Place::Anywhere | Place::End) && parts.first() != Some(&Part::Any) {
            parts.insert(0, Part::Any);
        }
        if matches!(place, Place::Anywhere | Place::Begin) && parts.last() != Some(&Part::Any) {
            parts.push(Part::Any);
        }
        parts
    }

    fn number(&self, text: &str) -> Result<String, Why> {
        if self.modifiers.place != Place::Whole || self.modifiers.regex.is_some() {
            return Err(self.value("a number is compared as a whole"));
        }
        let is_number = match self.row.kind {
            Kind::Seconds => text
                .parse::<f64>()
                .is_ok_and(|number| number.is_finite() && number >= 0.0),
            _ => text.parse::<u64>().is_ok(),
        };
        let plain = text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
        match is_number && plain {
            true => Ok(text.to_owned()),
            false => Err(self.value(format!("`{text}` is no number"))),
        }
    }

    fn ordered(&self, order: &str, text: &str) -> Result<Term, Why> {
        if !matches!(self.row.kind, Kind::Number | Kind::Seconds) {
            return Err(self.value("it is no number, and has no order"));
        }
        let field = self.row.field;
        let number = self.number(text)?;
        Ok(Term::Other(Expression::Is(format!("{field} {order} {number}"))))
    }

    /// A word that may be another one here, or several.
    fn word(&self, table: &[(&str, &[&str])], text: &str) -> Result<Term, Why> {
        let modifiers = &self.modifiers;
        let is_plain = modifiers.regex.is_none() && matches!(parts(text).as_slice(), [Part::Plain(_)]);
        if !is_plain || matches!(modifiers.place, Place::Begin | Place::End) {
            return Err(self.value("only whole words can be compared, since records have other ones"));
        }
        let own = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(text));
        let words: Vec<&str> = match own {
            Some((_, words)) => words.to_vec(),
            None => vec![text],
        };
        let is_known = self.row.field != "service"
            || words.iter().all(|word| {
                crate::SERVICES
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(word))
            });
        if words.is_empty() || !is_known {
            return Err(self.value(format!("records have no word for `{text}`")));
        }
        Ok(match words.as_slice() {
            [word] => Term::Word((*word).to_owned()),
            words => {
                let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
                Term::Other(Expression::Is(format!(
                    "{} in {{{}}}",
                    self.row.field,
                    words.join(", ")
                )))
            }
        })
    }

    fn network(&self, text: &str) -> Result<Term, Why> {
        if self.row.kind != Kind::Address {
            return Err(self.value("it is no address"));
        }
        let modifiers = &self.modifiers;
        if modifiers.regex.is_some()
            || modifiers.order.is_some()
            || matches!(modifiers.place, Place::Anywhere | Place::End)
        {
            return Err(self.value("addresses are compared with addresses and networks"));
        }
        let plain = text.strip_suffix('*').unwrap_or(text);
        let is_open = plain.len() < text.len() || modifiers.place != Place::Whole;
        let network = match is_open {
            true => begin_of(plain),
            false => read(plain),
        };
        match network {
            Some(network) if network.prefix_len() == network.max_prefix_len() => {
                Ok(Term::Word(network.addr().to_string()))
            }
            Some(network) => Ok(Term::Word(network.to_string())),
            None => Err(self.value(format!("`{text}` is no address and no network"))),
        }
    }
}

fn read(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().map(|network| network.trunc());
    network
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The network of all addresses that begin like a text, as rules have written networks before `cidr`:
/// `10.`, `192.168.`, `fe80:`. Nothing where the text ends within a part of an address.
fn begin_of(text: &str) -> Option<IpNet> {
    if let Some(octets) = text.strip_suffix('.') {
        let count = octets.split('.').count();
        let rest = 4_usize.checked_sub(count).filter(|rest| *rest > 0)?;
        let address = format!("{octets}{}/{}", ".0".repeat(rest), count.saturating_mul(8));
        return address.parse().ok();
    }
    let groups = text.strip_suffix(':').filter(|groups| !groups.contains("::"))?;
    let count = groups.split(':').count();
    // A group may be written without its first zeros, so that only one of four digits is whole.
    let is_whole = groups.split(':').all(|group| group.len() == 4) && count < 8;
    let network = format!("{groups}::/{}", count.saturating_mul(16));
    is_whole.then(|| network.parse().ok()).flatten()
}
