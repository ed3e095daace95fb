//! Follows lists of indicators.
//!
//! A change counts when two looks in a row find the same sizes and times. Lists that cannot be read, and
//! lists that have come to hold nothing at all, are refused once: whoever fetches them has failed, and
//! what was known before is worth more than nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use sekisho_detect::indicators::{self, Indicators};
use sekisho_engine::Reload;

/// What is known of the lists.
pub(super) struct ListWatch {
    /// Those that were asked for, whatever the policy brings.
    own: Vec<PathBuf>,
    paths: Vec<PathBuf>,
    /// Whether the lists in force hold something.
    has_some: bool,
    /// What was last read.
    judged: u64,
    /// What the look before found.
    seen: u64,
    /// Whether what was last read was refused.
    refused: bool,
}

impl ListWatch {
    /// Watches the lists of which `indicators` were read: those that were asked for, and those that the
    /// policy brings.
    pub(super) fn new(own: &[PathBuf], policy: &[String], indicators: &Indicators) -> Self {
        let paths = crate::cli::lists::all(own, policy);
        let found = digest(&paths);
        Self {
            own: own.to_vec(),
            paths,
            has_some: !indicators.is_empty(),
            judged: found,
            seen: found,
            refused: false,
        }
    }

    /// Watches what a newer policy brings from now on.
    pub(super) fn follow(&mut self, policy: &[String]) {
        self.paths = crate::cli::lists::all(&self.own, policy);
    }

    /// Looks at the lists: something to hand on where they have changed and stand still, or where they
    /// are not those in force and that was asked for.
    pub(super) fn look(&mut self, is_asked: bool) -> Option<Reload> {
        let found = digest(&self.paths);
        let stands_still = std::mem::replace(&mut self.seen, found) == found;
        if found == self.judged || !(stands_still || is_asked) {
            return None;
        }
        self.judged = found;
        let loaded = if self.paths.is_empty() {
            Ok(Indicators::default())
        } else {
            indicators::load(&self.paths, None).map(|loaded| loaded.indicators)
        };
        match loaded {
            Ok(loaded) if loaded.is_empty() && self.has_some && !self.paths.is_empty() => {
                self.refuse("they hold no indicator any more")
            }
            Ok(loaded) => {
                self.refused = false;
                self.has_some = !loaded.is_empty();
                Some(Reload::Lists(Arc::new(loaded)))
            }
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    fn refuse(&mut self, reason: &str) -> Option<Reload> {
        let is_new = !std::mem::replace(&mut self.refused, true);
        is_new.then(|| Reload::ListsRefused(reason.into()))
    }
}

/// Tells one state of the files from another.
fn digest(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match indicators::sources(paths) {
        Ok(sources) => {
            for path in sources {
                let state = std::fs::metadata(&path).ok();
                let state = state.map(|state| (state.len(), state.modified().ok()));
                (path, state).hash(&mut hasher);
            }
        }
        Err(error) => error.to_string().hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(text: &str) -> (tempfile::TempDir, ListWatch) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), text).unwrap();
        let paths = [folder.path().to_owned()];
        let loaded = indicators::load(&paths, None).unwrap();
        let watch = ListWatch::new(&paths, &[], &loaded.indicators);
        (folder, watch)
    }

    fn count(reload: Option<Reload>) -> Option<usize> {
        match reload {
            Some(Reload::Lists(indicators)) => Some(indicators.len()),
            _ => None,
        }
    }

    #[test]
    fn lists_that_change_are_taken_up_when_they_stand_still_and_once() {
        let (folder, mut watch) = watch("203.0.113.7\n");
        assert!(watch.look(false).is_none() && watch.look(true).is_none());

        std::fs::write(folder.path().join("b.txt"), "203.0.113.8\n203.0.113.9\n").unwrap();

        assert!(watch.look(false).is_none());
        assert_eq!(count(watch.look(false)), Some(3));
        assert!(watch.look(false).is_none());
    }

    #[test]
    fn lists_that_a_newer_policy_brings_or_drops_are_taken_up_and_given_up() {
        let (folder, mut watch) = watch("203.0.113.7\n");
        let more = folder.path().join("more");
        std::fs::create_dir(&more).unwrap();
        std::fs::write(more.join("b.txt"), "203.0.113.8\n203.0.113.9\n").unwrap();

        watch.follow(&[more.display().to_string()]);
        assert_eq!(count(watch.look(true)), Some(3));
        watch.follow(&[]);
        assert_eq!(count(watch.look(true)), Some(1));

        let mut of_policy = ListWatch::new(&[], &[], &Indicators::default());
        assert!(of_policy.look(true).is_none());
        of_policy.follow(&[more.display().to_string()]);
        assert_eq!(count(of_policy.look(true)), Some(2));
        of_policy.follow(&[]);
        assert_eq!(count(of_policy.look(true)), Some(0));
    }

    #[test]
    fn lists_that_are_empty_or_broken_are_refused_once_and_what_is_right_again_is_taken_up() {
        let (folder, mut watch) = watch("203.0.113.7\n");
        let refused = |reload| matches!(reload, Some(Reload::ListsRefused(_)));

        std::fs::write(folder.path().join("a.txt"), "# nothing at all here\n").unwrap();
        assert!(refused(watch.look(true)));
        std::fs::write(folder.path().join("b.json"), "{").unwrap();
        assert!(watch.look(true).is_none());

        std::fs::remove_file(folder.path().join("b.json")).unwrap();
        std::fs::write(folder.path().join("a.txt"), "203.0.113.7\n203.0.113.10\n").unwrap();
        assert_eq!(count(watch.look(true)), Some(2));
    }
}
