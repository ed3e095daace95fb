//! Follows a policy folder and lists of indicators: what changes in them is compiled aside and handed to
//! the run.
//!
//! The folder is read once a second; of lists, which may be long, sizes and times are looked at. A change counts when two looks in a row find the same, so that a
//! file that is being written is seldom caught half-way; should it be, it is refused once, and what is
//! complete is the next change. SIGHUP reads at once. What is the same as what is in force is not handed
//! on, but for telling that a refused change is gone.

mod lists;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, unbounded};
use sekisho_detect::indicators::Indicators;
use sekisho_engine::Reload;
use sekisho_policy::{Policy, PolicyErrors, Source, load_dir, with_catalogue};

use super::catalogue::Choice;
use super::interrupt::Interrupt;
use super::language::Language;
use super::terminal;
use lists::ListWatch;

/// Between two looks at the folder.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks for SIGHUP.
const HEAR_AGAIN: Duration = Duration::from_millis(100);

/// A thread that follows a folder until this is dropped.
pub(crate) struct Follower {
    news: Receiver<Reload>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Follows a policy's folder, and the lists at `paths` and those that the policy brings, of which
    /// `indicators` were read.
    pub(crate) fn start(
        mut watch: Option<Watch>,
        paths: &[PathBuf],
        policy: &Policy,
        indicators: &Indicators,
        interrupt: Arc<Interrupt>,
    ) -> anyhow::Result<Self> {
        let (send, news) = unbounded();
        let (end, ended) = channel::<()>();
        interrupt.reread_on_hangup();
        let mut lists = ListWatch::new(paths, policy.indicators(), indicators);
        let follow = move || {
            let mut looked = Instant::now();
            while ended.recv_timeout(HEAR_AGAIN) == Err(RecvTimeoutError::Timeout) {
                let is_asked = interrupt.take_reread();
                if !is_asked && looked.elapsed() < LOOK_AGAIN {
                    continue;
                }
                looked = Instant::now();
                let policy = watch.as_mut().and_then(|watch| watch.look(is_asked));
                if let Some(Reload::Policy(policy)) = &policy {
                    lists.follow(policy.indicators());
                }
                let indicators = lists.look(is_asked);
                for reload in policy.into_iter().chain(indicators) {
                    say(watch.as_ref(), &reload);
                    if send.send(reload).is_err() {
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("policy".to_owned())
            .spawn(follow)
            .context("cannot start the thread that follows policy and lists")?;
        Ok(Self {
            news,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// What comes of the folders.
    pub(crate) fn news(&self) -> Receiver<Reload> {
        self.news.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // It only watches; a fault in it has cost nothing else.
            let _ = thread.join();
        }
    }
}

/// What is known of the folder.
pub(crate) struct Watch {
    folder: PathBuf,
    /// What lies beneath the policy.
    catalogue: Choice,
    /// Hash of the policy in force.
    in_force: String,
    /// What was last compiled; nothing where it is not known whether that is in the folder still.
    judged: Option<u64>,
    /// Whether that was refused.
    refused: bool,
    /// What the look before found.
    seen: Option<u64>,
}

impl Watch {
    /// Knows `folder`, of which `in_force` was compiled over a catalogue.
    pub(crate) fn new(folder: &Path, catalogue: Choice, in_force: &Policy) -> Self {
        Self {
            folder: folder.to_owned(),
            catalogue,
            in_force: in_force.files().hash().to_owned(),
            judged: None,
            refused: false,
            seen: None,
        }
    }

    /// Looks at the folder: something to hand on where it has changed and stands still, or where it is
    /// not what is in force and that was asked for.
    fn look(&mut self, is_asked: bool) -> Option<Reload> {
        let found = self.catalogue.read().and_then(|catalogue| {
            let sources = load_dir(&self.folder)?;
            Ok(with_catalogue(sources, &catalogue))
        });
        let digest = Some(digest(&found));
        let stands_still = self.seen == digest;
        let is_judged = self.judged == digest;
        self.seen = digest;
        if !is_asked && (is_judged || !stands_still) {
            return None;
        }
        self.judged = digest;
        match found.and_then(|sources| Policy::compile(&sources)) {
            Ok(policy) => {
                let is_back = std::mem::take(&mut self.refused);
                if policy.files().hash() == self.in_force && !is_back {
                    return None;
                }
                policy.files().hash().clone_into(&mut self.in_force);
                Some(Reload::Policy(Arc::new(policy)))
            }
            // Asking again does not make it another mistake.
            Err(_) if is_judged => None,
            Err(errors) => {
                self.refused = true;
                Some(Reload::Refused(first_of(&errors).into()))
            }
        }
    }
}

/// Tells one content of a folder, or one reason why it cannot be read, from another.
fn digest(found: &Result<Vec<Source>, PolicyErrors>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match found {
        Ok(sources) => sources
            .iter()
            .for_each(|source| (&source.name, &source.text).hash(&mut hasher)),
        Err(errors) => first_of(errors).hash(&mut hasher),
    }
    hasher.finish()
}

/// The first mistake in a line, and how many more there are.
fn first_of(errors: &PolicyErrors) -> String {
    let first = errors
        .reports()
        .next()
        .map_or_else(String::new, ToString::to_string);
    match errors.count().saturating_sub(1) {
        0 => first,
        more => format!("{first} (+{more})"),
    }
}

fn say(watch: Option<&Watch>, reload: &Reload) {
    let folder = watch.map_or_else(String::new, |watch| watch.folder.display().to_string());
    let folder = terminal::clean(&folder);
    let language = Language::of_environment();
    terminal::say(&match reload {
        Reload::Policy(policy) => format!(
            "{folder}: {} {}",
            language.pick(
                "新しいポリシーで判定します。版",
                "judging by the new policy, version"
            ),
            terminal::clean(policy.version())
        ),
        Reload::Refused(reason) => format!(
            "{folder}: {} {}",
            language.pick(
                "変更されたポリシーに誤りがあるため、これまでのポリシーで続けます:",
                "the changed policy has mistakes, so the one before stays in force:"
            ),
            terminal::clean(reason)
        ),
        Reload::Lists(indicators) => format!(
            "{} {}",
            language.pick(
                "新しい脅威情報の一覧で照合します。件数:",
                "looking for the indicators of the new lists, so many:"
            ),
            indicators.len()
        ),
        Reload::ListsRefused(reason) => format!(
            "{} {}",
            language.pick(
                "変更された脅威情報の一覧に誤りがあるため、これまでの一覧で続けます:",
                "the changed lists have mistakes, so those before stay in force:"
            ),
            terminal::clean(reason)
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n\
                        [zone.a]\nnetworks = [\"192.0.2.0/24\"]\n";

    fn folder() -> (tempfile::TempDir, Watch) {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, GOOD);
        let policy = Policy::compile(&load_dir(folder.path()).unwrap()).unwrap();
        let watch = Watch::new(folder.path(), Choice::none(), &policy);
        (folder, watch)
    }

    fn write(folder: &tempfile::TempDir, text: &str) {
        std::fs::write(folder.path().join("p.toml"), text).unwrap();
    }

    /// The version that a look handed on.
    fn version(reload: Option<Reload>) -> Option<String> {
        match reload {
            Some(Reload::Policy(policy)) => Some(policy.version().to_string()),
            _ => None,
        }
    }

    fn refusal(reload: Option<Reload>) -> Option<String> {
        match reload {
            Some(Reload::Refused(reason)) => Some(reason.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_change_is_taken_up_when_it_stands_still_and_once() {
        let (folder, mut watch) = folder();
        assert!(watch.look(false).is_none());
        assert!(watch.look(false).is_none());

        write(&folder, &GOOD.replace("\"1\"", "\"2\""));

        assert!(watch.look(false).is_none());
        assert_eq!(version(watch.look(false)).as_deref(), Some("2"));
        assert!(watch.look(false).is_none());
    }

    #[test]
    fn a_half_written_file_and_a_deleted_folder_are_refused_once_each() {
        let (folder, mut watch) = folder();

        write(&folder, &GOOD[..30]);
        assert!(watch.look(false).is_none());
        assert!(refusal(watch.look(false)).is_some());
        assert!(watch.look(false).is_none());
        assert!(watch.look(true).is_none());

        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(watch.look(false).is_none());
        let reason = refusal(watch.look(false)).unwrap();
        assert!(reason.contains("no policy folder"), "{reason}");
        assert!(watch.look(false).is_none());
    }

    #[test]
    fn a_mistake_that_is_taken_back_is_told_though_nothing_else_has_changed() {
        let (folder, mut watch) = folder();
        write(&folder, "schema = 2\n");
        assert!(refusal(watch.look(true)).is_some());

        write(&folder, GOOD);

        assert!(watch.look(false).is_none());
        assert_eq!(version(watch.look(false)).as_deref(), Some("1"));
        assert!(watch.look(true).is_none());
    }

    #[test]
    fn a_signal_takes_a_change_up_at_once() {
        let (folder, mut watch) = folder();
        assert!(watch.look(true).is_none());

        write(&folder, &GOOD.replace("\"1\"", "\"2\""));

        assert_eq!(version(watch.look(true)).as_deref(), Some("2"));
    }
}
