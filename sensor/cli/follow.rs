//! Follows a policy folder: what changes in it is compiled aside and handed to the run.
//!
//! The folder is read once a second. A change counts when two looks in a row find the same, so that a
//! file that is being written is seldom caught half-way; should it be, it is refused, and what is
//! complete is the next change. SIGHUP reads at once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, unbounded};
use sekisho_engine::Reload;
use sekisho_policy::{Policy, PolicyErrors, Source, load_dir};

use super::interrupt::Interrupt;
use super::language::Language;
use super::terminal;

/// Between two looks at the folder.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks for SIGHUP.
const HEAR_AGAIN: Duration = Duration::from_millis(100);

/// A thread that follows a folder until this is dropped.
pub(crate) struct Follower {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Follows `folder`, of which `sources` is in force.
    pub(crate) fn start(
        folder: &Path,
        sources: &[Source],
        interrupt: Arc<Interrupt>,
    ) -> anyhow::Result<(Self, Receiver<Reload>)> {
        let (news, taken) = unbounded();
        let (end, ended) = channel::<()>();
        interrupt.reread_on_hangup();
        let mut watch = Watch {
            folder: folder.to_owned(),
            judged: digest(&Ok(sources.to_vec())),
            seen: None,
        };
        let follow = move || {
            let mut looked = Instant::now();
            while ended.recv_timeout(HEAR_AGAIN) == Err(RecvTimeoutError::Timeout) {
                let is_asked = interrupt.take_reread();
                if !is_asked && looked.elapsed() < LOOK_AGAIN {
                    continue;
                }
                looked = Instant::now();
                if let Some(reload) = watch.look(is_asked) {
                    say(&watch.folder, &reload);
                    if news.send(reload).is_err() {
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("policy".to_owned())
            .spawn(follow)
            .context("cannot start the thread that follows the policy")?;
        let follower = Self {
            end: Some(end),
            thread: Some(thread),
        };
        Ok((follower, taken))
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
struct Watch {
    folder: PathBuf,
    /// What was last compiled or refused.
    judged: u64,
    /// What the look before found, where that was something else.
    seen: Option<u64>,
}

impl Watch {
    /// Looks at the folder: something to hand on where it has changed and stands still, or `at_once`.
    fn look(&mut self, at_once: bool) -> Option<Reload> {
        let found = load_dir(&self.folder);
        let digest = digest(&found);
        let is_new = digest != self.judged && self.seen == Some(digest);
        self.seen = Some(digest);
        if !is_new && !at_once {
            return None;
        }
        self.judged = digest;
        Some(match found.and_then(|sources| Policy::compile(&sources)) {
            Ok(policy) => Reload::Policy(Arc::new(policy)),
            Err(errors) => Reload::Refused(first_of(&errors).into()),
        })
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
    let first = errors.reports().next().map_or_else(String::new, ToString::to_string);
    match errors.count().saturating_sub(1) {
        0 => first,
        more => format!("{first} (+{more})"),
    }
}

fn say(folder: &Path, reload: &Reload) {
    let folder = terminal::clean(&folder.display().to_string());
    let language = Language::of_environment();
    terminal::say(&match reload {
        Reload::Policy(policy) => format!(
            "{folder}: {} {}",
            language.pick("新しいポリシーで判定します。版", "judging by the new policy, version"),
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
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n";

    fn folder(text: &str) -> (tempfile::TempDir, Watch) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.toml"), text).unwrap();
        let watch = Watch {
            judged: digest(&load_dir(folder.path())),
            folder: folder.path().to_owned(),
            seen: None,
        };
        (folder, watch)
    }

    #[test]
    fn a_change_is_taken_up_when_it_stands_still_and_once() {
        let (folder, mut watch) = folder(GOOD);
        assert!(watch.look(false).is_none());

        std::fs::write(folder.path().join("p.toml"), GOOD.replace("\"1\"", "\"2\"")).unwrap();

        assert!(watch.look(false).is_none());
        let Some(Reload::Policy(policy)) = watch.look(false) else {
            panic!("the change stood still");
        };
        assert_eq!(&**policy.version(), "2");
        assert!(watch.look(false).is_none());
    }

    #[test]
    fn a_half_written_file_and_a_deleted_folder_are_refused_once_each() {
        let (folder, mut watch) = folder(GOOD);

        std::fs::write(folder.path().join("p.toml"), "schema = 1\n[poli").unwrap();
        assert!(watch.look(false).is_none());
        assert!(matches!(watch.look(false), Some(Reload::Refused(_))));
        assert!(watch.look(false).is_none());

        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(watch.look(false).is_none());
        let Some(Reload::Refused(reason)) = watch.look(false) else {
            panic!("there is no folder");
        };
        assert!(reason.contains("no policy folder"), "{reason}");
        assert!(watch.look(false).is_none());
    }

    #[test]
    fn a_signal_reads_at_once_what_has_not_changed() {
        let (_folder, mut watch) = folder(GOOD);

        assert!(matches!(watch.look(true), Some(Reload::Policy(_))));
    }
}
