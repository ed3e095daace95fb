//! Landlock: which files may be opened, which ports bound, from here on.
//!
//! Source: landlock(7). What is open already stays open: the capture, the file of EVE lines, standard
//! output. A folder that others replace as a whole, as one does with a policy, is another folder to the
//! kernel; so it is the folder around it that may be read, unless that is one right below the root.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope,
};

use super::Needs;

/// What the libraries and the capture read: counters of interfaces, processors, makers of network cards,
/// the clocks of the first of them, the types of the kernel.
const SYSTEM: [&str; 14] = [
    "/dev/ptp0",
    "/dev/ptp1",
    "/dev/ptp2",
    "/dev/ptp3",
    "/proc/self",
    "/sys/class/net",
    "/sys/devices",
    "/sys/kernel/btf",
    "/sys/fs/cgroup",
    "/usr/share/ieee-data",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/dev/urandom",
    "/dev/null",
];

/// Fences files in; what came of it, in a word or with the reason.
pub(super) fn fence(needs: &Needs) -> String {
    match restrict(needs) {
        Ok((RulesetStatus::FullyEnforced, _)) => "on".to_owned(),
        Ok((RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. })) => {
            format!("in part: this kernel has version {}", effective_abi as i32)
        }
        Ok((RulesetStatus::PartiallyEnforced, _)) => "in part".to_owned(),
        Ok((RulesetStatus::NotEnforced, LandlockStatus::NotEnabled)) => {
            "off: this kernel has it, but it is not enabled (lsm=landlock,...)".to_owned()
        }
        Ok((RulesetStatus::NotEnforced, _)) => "off: this kernel has none".to_owned(),
        Err(error) => format!("off: {error}"),
    }
}

fn restrict(needs: &Needs) -> Result<(RulesetStatus, LandlockStatus), RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::Signal)?
        .create()?;
    for path in SYSTEM.iter().map(Path::new) {
        rules = allow(rules, path, reading())?;
    }
    for path in needs.read.iter().flat_map(|path| around(path)) {
        rules = allow(rules, &path, reading())?;
    }
    for path in needs.write.iter().cloned().chain(temporary()) {
        rules = allow(rules, &path, writing())?;
    }
    if let Some(port) = needs.listen {
        rules = rules.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
    }
    let status = rules.restrict_self()?;
    Ok((status.ruleset, status.landlock))
}

/// A rule for a path, where there is one.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(file) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::V6)
    };
    rules.add_rule(PathBeneath::new(file, access))
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

/// Everything with plain files and folders, and nothing with devices, sockets, links or programs.
fn writing() -> BitFlags<AccessFs> {
    reading()
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

/// The folders to read for a path that may be replaced: around it, and around what a link leads to.
fn around(path: &Path) -> Vec<PathBuf> {
    let named = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let led_to = named.canonicalize().unwrap_or_else(|_| named.clone());
    [named, led_to].map(|path| folder_around(&path)).into()
}

fn folder_around(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder.components().count() > 2 => folder.to_owned(),
        _ => path.to_owned(),
    }
}

/// Where the database sorts what does not fit in memory: as SQLite looks for it.
fn temporary() -> Option<PathBuf> {
    let named = ["SQLITE_TMPDIR", "TMPDIR"]
        .into_iter()
        .filter_map(std::env::var_os);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp"].map(Into::into);
    named.chain(usual).map(PathBuf::from).find(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_around_a_policy_is_read_but_never_one_below_the_root() {
        assert_eq!(
            folder_around(Path::new("/etc/sekisho/policy")),
            Path::new("/etc/sekisho")
        );
        assert_eq!(folder_around(Path::new("/etc/policy")), Path::new("/etc/policy"));
        assert_eq!(folder_around(Path::new("/policy")), Path::new("/policy"));
    }
}
