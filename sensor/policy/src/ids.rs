//! The ids of paths and exceptions, for those who count what traffic uses.

use std::sync::Arc;

use crate::Policy;

impl Policy {
    /// The ids of the paths, in the order of the files.
    pub fn path_ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.paths.iter().map(|path| &path.id)
    }
}
