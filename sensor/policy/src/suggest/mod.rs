//! Least-privilege paths proposed from traffic that was seen.
//!
//! Flows are gathered into conversations (who, whom, protocol, port, application protocol), and
//! what was answered of them is put together into one path for each pair of zones, protocol and
//! application protocol, narrowed to the hosts where they are few. The text of the proposal is
//! compiled and asked about every conversation, so that its coverage is what it really allows.
//! Whatever it does not allow is listed with the reason, never accepted in silence: see [`Reason`].
//!
//! Memory: [`MAX_CONVERSATIONS`] conversations; flows of further ones are counted under
//! [`Reason::Limit`]. Days are told apart for 128 days from the first.
//!
//! It cannot know what ought to be. What a policy in force denies is proposed only where that is
//! asked for ([`Options::missing`]), or where that policy only learns; without one, traffic that
//! should not be there is proposed like any other. So every path has to be read by a person, and
//! says what it rests on.

mod comments;
mod conversation;
mod group;
mod local;
mod report;
mod write;

use std::collections::BTreeMap;

use sekisho_model::{Protocol, Timestamp, Verdict};

pub use group::{Evidence, Proposal};
pub use report::{Left, Reason, Suggestion};

use crate::calendar::Calendar;
use crate::observation::Observation;
use crate::whatif::Volume;
use crate::{Policy, PolicyErrors, Source};
use conversation::{Conversation, Key};

/// Conversations that are told apart.
pub const MAX_CONVERSATIONS: usize = 200_000;

/// How to propose.
#[derive(Debug, Clone)]
pub struct Options {
    /// An end of a path is narrowed to its hosts where there are at most so many.
    pub hosts: usize,
    /// Flows that a port needs to be proposed.
    pub flows: u64,
    /// Propose paths also where one end is a whole zone that stands for the rest of the world.
    pub world: bool,
    /// Propose only what the policy in force does not allow, to be put beside its files.
    pub missing: bool,
    /// The comments are in Japanese; if not, in English.
    pub japanese: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hosts: 8,
            flows: 2,
            world: false,
            missing: false,
            japanese: false,
        }
    }
}

/// The policy whose zones are used, and what it was compiled from.
#[derive(Debug)]
pub struct Base {
    /// The policy in force.
    pub policy: Policy,
    /// Its files.
    pub sources: Vec<Source>,
    /// Name of the file that the proposal would be, among them.
    pub name: String,
}

/// Traffic seen so far.
#[derive(Debug)]
pub struct Suggest {
    base: Option<Base>,
    options: Options,
    calendar: Calendar,
    conversations: BTreeMap<Key, Conversation>,
    services: Vec<String>,
    /// Day that conversations count their days from.
    first_day: Option<i32>,
    span: Option<(Timestamp, Timestamp)>,
    excluded: Volume,
    built_in: Volume,
    already: Volume,
    beyond: Volume,
}

impl Suggest {
    /// Begins with no traffic. Without a base, every private /24 (of IPv6 /64) is a zone, and the
    /// rest of the world is another.
    #[must_use]
    pub fn new(base: Option<Base>, options: Options) -> Self {
        let calendar = base
            .as_ref()
            .map_or_else(Calendar::default, |base| base.policy.calendar().clone());
        Self {
            base,
            options,
            calendar,
            conversations: BTreeMap::new(),
            services: Vec::new(),
            first_day: None,
            span: None,
            excluded: Volume::default(),
            built_in: Volume::default(),
            already: Volume::default(),
            beyond: Volume::default(),
        }
    }

    /// Takes one record in.
    pub fn observe(&mut self, seen: &Observation<'_>) {
        let question = &seen.question;
        let (first, last) = self.span.unwrap_or((question.at, seen.end));
        self.span = Some((first.min(question.at), last.max(seen.end)));
        let judged = self.base.as_ref().map(|base| base.policy.judge(question));
        if let Some(judged) = &judged {
            if judged.excluded {
                return self.excluded.add(seen);
            }
            if judged.verdict == Verdict::Allowed && judged.entry.is_none() {
                return self.built_in.add(seen);
            }
            if judged.verdict == Verdict::Allowed && self.options.missing {
                return self.already.add(seen);
            }
        }
        if question.related && matches!(question.protocol, Protocol::ICMP | Protocol::ICMPV6) {
            return self.built_in.add(seen);
        }
        let zones = judged.as_ref().map(|judged| (judged.orig_zone, judged.resp_zone));
        let key = Key::of(question, zones, self.service(question.service));
        let room = self.conversations.len() < MAX_CONVERSATIONS;
        if !room && !self.conversations.contains_key(&key) {
            return self.beyond.add(seen);
        }
        let day = self.calendar.local(question.at).day.0;
        let from = *self.first_day.get_or_insert(day);
        let conversation = self
            .conversations
            .entry(key)
            .or_insert_with(|| Conversation::new(question));
        conversation.add(seen, day.saturating_sub(from), judged.as_ref());
    }

    /// The number of an application protocol; 0 where none was found.
    fn service(&mut self, name: Option<&str>) -> u16 {
        let Some(name) = name else { return 0 };
        let known = self.services.iter().position(|known| known == name);
        let position = known.unwrap_or_else(|| {
            self.services.push(name.to_owned());
            self.services.len().saturating_sub(1)
        });
        u16::try_from(position.saturating_add(1)).unwrap_or(0)
    }

    /// Proposes paths for what was seen.
    ///
    /// # Errors
    ///
    /// What the compiler says of the proposal, beside files that it does not go together with.
    pub fn finish(&self) -> Result<Suggestion, PolicyErrors> {
        report::of(self)
    }
}
