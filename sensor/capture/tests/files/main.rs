//! Capture files as a user has them: every format, every way to be damaged, refused or merged.

mod builders;
mod damage;
mod formats;
mod merge;
mod reading;
mod refusals;
mod stdin;
