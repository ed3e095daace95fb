//! Asking a source to end: a flag that long waits look at.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a wait goes on before the flag is looked at again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A flag shared with whoever may ask a source to end. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks. The source ends as if its input ended there.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A pipe whose reading ends when it is asked to, even while nothing comes.
pub(crate) struct Waiting {
    pub(crate) pipe: File,
    pub(crate) stop: Stop,
}

impl Read for Waiting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wait = Timespec::try_from(LOOK_AGAIN).map_err(io::Error::other)?;
        loop {
            if self.stop.is_asked() {
                return Ok(0);
            }
            let mut descriptors = [PollFd::new(&self.pipe, PollFlags::IN)];
            match poll(&mut descriptors, Some(&wait)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.pipe.read(into),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_pipe_ends_when_asked() {
        let (silent, _open) = io::pipe().unwrap();
        let stop = Stop::default();
        let mut waiting = Waiting {
            pipe: File::from(std::os::fd::OwnedFd::from(silent)),
            stop: stop.clone(),
        };
        let reader = std::thread::spawn(move || waiting.read(&mut [0; 8]));

        stop.ask();

        assert_eq!(reader.join().unwrap().unwrap(), 0);
    }
}
