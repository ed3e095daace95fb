//! Why a rule, or a part of one, does not map.

use sekisho_model::Text;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A key that a rule has to have is missing.
    Missing(&'static str),
    /// Something has another form than the specification gives it.
    Form(String),
    /// No flow record speaks of the log source.
    LogSource(String),
    /// No field of a flow record holds what a field of the log does.
    Field(String, Field),
    /// The modifier has no counterpart.
    Modifier(String),
    /// The value cannot be compared with the field.
    Value(String, String),
    /// Words that are looked for in a whole message.
    Keywords,
    /// Counting over several events.
    Aggregation,
    /// A rule over other rules, or a filter for them.
    Kind(&'static str),
    /// The condition cannot be read.
    Condition(String),
    /// It holds always, or never.
    Idle(bool),
    /// Another rule has its id.
    Twice(String),
    /// The policy language refuses what came of it.
    Refused(String),
    /// It has become too long, or there are too many.
    Limit(String),
}

/// Why no field of a flow record is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Records have no URL.
    Url,
    /// What another device decided is not on the wire.
    OfAnotherDevice,
    /// What a host knows of itself is not on the wire.
    OfTheHost,
    /// Records do not hold it.
    None,
}

impl Why {
    /// The word in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Form(_) => "form",
            Self::LogSource(_) => "log_source",
            Self::Field(..) => "field",
            Self::Modifier(_) => "modifier",
            Self::Value(..) => "value",
            Self::Keywords => "keywords",
            Self::Aggregation => "aggregation",
            Self::Kind(_) => "kind",
            Self::Condition(_) => "condition",
            Self::Idle(_) => "idle",
            Self::Twice(_) => "twice",
            Self::Refused(_) => "refused",
            Self::Limit(_) => "limit",
        }
    }

    /// What of the rule it is about; empty where that is all of it.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Missing(what) | Self::Kind(what) => what,
            Self::LogSource(what) | Self::Field(what, _) | Self::Modifier(what) | Self::Value(what, _) => {
                what
            }
            _ => "",
        }
    }

    /// In words.
    #[must_use]
    pub fn text(&self) -> Text {
        let text = |ja: String, en: String| Text::new(ja, en);
        match self {
            Self::Missing(key) => text(format!("`{key}` がありません"), format!("`{key}` is missing")),
            Self::Form(what) => text(
                format!("仕様の形ではありません: {what}"),
                format!("not of the form that the specification gives: {what}"),
            ),
            Self::LogSource(source) => text(
                format!("ログ源 {source} は、ネットワークのフロー記録に当たるものではありません"),
                format!("the log source {source} is none that flow records speak of"),
            ),
            Self::Field(field, why) => {
                let (ja, en) = match why {
                    Field::Url => (
                        "フロー記録はURLを持ちません(URLは指標のリストで照合できます)",
                        "flow records hold no URL (lists of indicators can be asked for URLs)",
                    ),
                    Field::OfAnotherDevice => (
                        "ほかの機器の判断は通信に現れません",
                        "what another device decided is not on the wire",
                    ),
                    Field::OfTheHost => (
                        "ホストの内部のことは通信に現れません",
                        "what a host knows of itself is not on the wire",
                    ),
                    Field::None => (
                        "これに当たるフロー記録の項目はありません",
                        "no field of a flow record holds it",
                    ),
                };
                text(format!("項目 `{field}`: {ja}"), format!("field `{field}`: {en}"))
            }
            Self::Modifier(modifier) => text(
                format!("修飾子 `{modifier}` は使えません"),
                format!("the modifier `{modifier}` has no counterpart"),
            ),
            Self::Value(field, why) => text(
                format!("項目 `{field}` の値: {why}"),
                format!("value of `{field}`: {why}"),
            ),
            Self::Keywords => text(
                "ログの文全体から語を探す規則です。フロー記録には文がありません".to_owned(),
                "words are looked for in a whole message, and a flow record has none".to_owned(),
            ),
            Self::Aggregation => text(
                "複数の出来事を数える条件は写せません".to_owned(),
                "counting over several events does not map".to_owned(),
            ),
            Self::Kind(kind) => text(
                format!("`{kind}` の文書は写せません"),
                format!("documents with `{kind}` do not map"),
            ),
            Self::Condition(why) => text(format!("条件: {why}"), format!("condition: {why}")),
            Self::Idle(true) => text(
                "すべてのフローに当てはまってしまいます".to_owned(),
                "it would be true of every flow".to_owned(),
            ),
            Self::Idle(false) => text(
                "どのフローにも当てはまりません".to_owned(),
                "it would be true of no flow".to_owned(),
            ),
            Self::Twice(id) => text(
                format!("同じIDの規則 {id} が先にあります"),
                format!("a rule before it has the same id, {id}"),
            ),
            Self::Refused(why) => text(
                format!("できた規則をポリシーの言語が受け付けません: {why}"),
                format!("the policy language refuses what came of it: {why}"),
            ),
            Self::Limit(why) => text(format!("上限: {why}"), format!("limit: {why}")),
        }
    }
}
