//! Remarks that depend on the day: what is over, what was to be looked at again, and whose it is.

use sekisho_model::{Text, Timestamp};

use crate::Policy;
use crate::calendar::Calendar;
use crate::error::Report;
use crate::file::{At, Place};
use crate::parse::Declarations;
use crate::zones::Zones;

/// Places of what a policy's remarks speak of.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    paths: Vec<Mark>,
    others: Vec<Mark>,
    lists: Vec<Place>,
}

/// A declaration that is to be looked at again on some day.
#[derive(Debug)]
struct Mark {
    /// How a message calls it: `zone \`office\``.
    what: Text,
    place: Place,
    /// The end of the day, where the words are a date.
    review: Option<(Timestamp, Place)>,
    expires: Option<Place>,
}

impl Marks {
    pub(crate) fn of(declared: &Declarations, zones: &Zones, calendar: &Calendar) -> Self {
        let review = |text: &Option<At<String>>| {
            let text = text.as_ref()?;
            Some((calendar.date_end(&text.value).ok()?, text.place.clone()))
        };
        let kept = zones.len();
        Self {
            paths: declared
                .paths
                .iter()
                .map(|path| Mark {
                    what: Text::new(format!("`{}`", path.id.value), format!("`{}`", path.id.value)),
                    place: path.place.clone(),
                    review: review(&path.review),
                    expires: path.expires.as_ref().map(|text| text.place.clone()),
                })
                .collect(),
            others: declared
                .zones
                .iter()
                .take(kept)
                .map(|zone| (called(["ゾーン", "zone"], &zone.id), &zone.id.place, &zone.review))
                .chain(declared.lists.iter().map(|list| {
                    let what = called(["リスト", "list"], &list.name);
                    (what, &list.name.place, &list.review)
                }))
                .map(|(what, place, text)| Mark {
                    what,
                    place: place.clone(),
                    review: review(text),
                    expires: None,
                })
                .collect(),
            lists: declared
                .lists
                .iter()
                .map(|list| list.name.place.clone())
                .collect(),
        }
    }
}

impl Marks {
    /// Where a path or an exception stands, by its position.
    pub(crate) fn path(&self, index: usize) -> Option<&Place> {
        self.paths.get(index).map(|mark| &mark.place)
    }
}

impl Policy {
    /// Remarks as of a day: paths without an owner, what is past its review or its end.
    ///
    /// In the order of the files. Those that do not depend on the day are [`Policy::warnings`].
    #[must_use]
    pub fn lint(&self, at: Timestamp) -> Vec<Report> {
        let mut reports = Vec::new();
        for (path, mark) in self.paths.iter().zip(&self.marks.paths) {
            if path.owner.is_empty() {
                reports.push(
                    Report::warning("policy::no-owner", format!("{} has no owner", mark.what.en))
                        .at(&mark.place, "nobody to ask")
                        .help("write `owner = \"…\"`: who answers for it")
                        .ja(
                            format!("{} に責任者がありません", mark.what.ja),
                            "責任を持つ人や課を `owner = \"…\"` と書いてください",
                        ),
                );
            }
            if let (Some(expires), Some(place)) = (path.expires, &mark.expires)
                && expires <= at
            {
                reports.push(
                    Report::warning("policy::expired", format!("{} is over", mark.what.en))
                        .at(place, "its end is past")
                        .help("remove it, or have it approved again; its use is a violation")
                        .ja(
                            format!("{} は期限が過ぎています", mark.what.ja),
                            "消すか、あらためて承認を受けてください。使えば違反になります",
                        ),
                );
            }
            reports.extend(past_review(mark, at));
        }
        reports.extend(self.marks.others.iter().filter_map(|mark| past_review(mark, at)));
        for (list, place) in self.lists.iter().zip(&self.marks.lists) {
            let over = list
                .values
                .iter()
                .filter(|value| value.until.is_some_and(|until| until <= at));
            let over = over.count();
            if over > 0 {
                let all = list.values.len();
                reports.push(
                    Report::warning(
                        "policy::expired",
                        format!("{over} of {all} values of the list `{}` are over", list.name),
                    )
                    .at(place, "holds values whose end is past")
                    .help("remove them, or give them another `expires`")
                    .ja(
                        format!(
                            "リスト `{}` の値 {all} 件のうち {over} 件は期限が過ぎています",
                            list.name
                        ),
                        "消すか、`expires` を改めてください",
                    ),
                );
            }
        }
        Report::sort(&mut reports);
        reports
    }
}

fn called([ja, en]: [&str; 2], id: &At<String>) -> Text {
    let id = &id.value;
    Text::new(format!("{ja} `{id}`"), format!("{en} `{id}`"))
}

fn past_review(mark: &Mark, at: Timestamp) -> Option<Report> {
    let (review, place) = mark.review.as_ref()?;
    (*review <= at).then(|| {
        Report::warning(
            "policy::review-past",
            format!("{} was to be looked at again", mark.what.en),
        )
        .at(place, "this day is past")
        .help("look whether it is needed as it stands, and write the next day")
        .ja(
            format!("{} は見直しの日を過ぎています", mark.what.ja),
            "今のままで必要かを確かめ、次に見直す日を書いてください",
        )
    })
}
