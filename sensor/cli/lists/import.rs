//! `sekisho lists import`: a signed bundle takes the place of the lists that are installed.
//!
//! A bundle is a tar archive with a `lists.toml` and the files that it names, and beside it the
//! signature that `minisign -S` makes (`BUNDLE.minisig`). It is read once, into a file of our own that
//! is verified and then unpacked, so that what was verified is what is installed. The lists must all be
//! readable and hold something; the version must be a newer one. Only then the folder is exchanged, in
//! one step: at no time is there a folder of which half is new.

mod bundle;
mod version;

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use minisign_verify::{PublicKey, Signature};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sekisho_detect::indicators::{self, MANIFEST, read_manifest};

use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// Octets of a key or a signature file.
const MAX_SIGNATURE: u64 = 8192;
/// Octets read at a time.
const BUFFER: usize = 1 << 16;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho lists import lists-2026-11-04.tar --key soc.pub --to /etc/sekisho/lists\n\n\
    Make a bundle where there is a way out:\n  tar --create --file lists-2026-11-04.tar --directory lists .\n  \
    minisign -S -s soc.key -m lists-2026-11-04.tar\n\n\
    Exit codes: 0 installed, 2 refused; what was installed before is as it was."
)]
pub(crate) struct Args {
    /// Bundle: a tar archive; its signature lies beside it as BUNDLE.minisig
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Public key of minisign that must have signed it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Folder of lists to take the place of
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Install it though what is installed is as new or newer
    #[arg(long)]
    allow_older: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let to = std::path::absolute(&args.to).with_context(|| format!("--to {}", args.to.display()))?;
    let Some(parent) = to.parent() else {
        bail!("--to {}: name a folder that can be exchanged", to.display());
    };
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    // In the same file system, so that the exchange is one step.
    let work = tempfile::Builder::new()
        .prefix(".sekisho-lists-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot write in {}", parent.display()))?;
    let mut verified = verified(args)?;
    let unpacked = work.path().join("lists");
    fs::create_dir(&unpacked).context("cannot make a folder")?;
    bundle::unpack(&mut verified, &unpacked)
        .with_context(|| format!("{} is no bundle of lists", args.bundle.display()))?;
    let (count, version) = judged(args, &to, &unpacked)?;
    exchange(&unpacked, &to)?;
    let language = Language::of_environment();
    terminal::say(&format!(
        "{}: {} {count}, {} {}",
        terminal::clean(&to.display().to_string()),
        language.pick("脅威情報の件数", "indicators:"),
        language.pick("版", "version"),
        terminal::clean(&version),
    ));
    Ok(Outcome::Done)
}

/// A copy of the bundle that nobody else can change, with its signature verified.
fn verified(args: &Args) -> anyhow::Result<File> {
    let key = short_text(&args.key)?;
    let key = PublicKey::decode(&key)
        .or_else(|_| PublicKey::from_base64(key.trim()))
        .map_err(|error| anyhow::anyhow!("{} is no public key of minisign: {error}", args.key.display()))?;
    let mut beside = args.bundle.clone().into_os_string();
    beside.push(".minisig");
    let beside = PathBuf::from(beside);
    let signature = Signature::decode(&short_text(&beside)?)
        .map_err(|error| anyhow::anyhow!("{} is no signature of minisign: {error}", beside.display()))?;
    let refused = |error| {
        anyhow::anyhow!(
            "the signature of {} does not verify with {}: {error}; nothing was changed",
            args.bundle.display(),
            args.key.display()
        )
    };
    let mut verifier = key.verify_stream(&signature).map_err(refused)?;
    let mut input =
        File::open(&args.bundle).with_context(|| format!("cannot read {}", args.bundle.display()))?;
    let mut copy = tempfile::tempfile().context("cannot make a temporary file")?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = input
            .read(&mut buffer)
            .with_context(|| format!("cannot read {}", args.bundle.display()))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        verifier.update(part);
        copy.write_all(part).context("cannot write a temporary file")?;
    }
    verifier.finalize().map_err(refused)?;
    copy.seek(SeekFrom::Start(0))
        .context("cannot read a temporary file")?;
    Ok(copy)
}

fn short_text(path: &Path) -> anyhow::Result<String> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    file.take(MAX_SIGNATURE)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

/// Whether what was unpacked may be installed: its number of indicators and its version.
fn judged(args: &Args, to: &Path, unpacked: &Path) -> anyhow::Result<(usize, String)> {
    let manifest = read_manifest(&unpacked.join(MANIFEST)).map_err(|error| inside(&error, unpacked))?;
    if manifest.version.is_empty() {
        bail!("the bundle's {MANIFEST} names no version; write version = \"2026-11-04\"");
    }
    let loaded = indicators::load(&[unpacked.to_owned()], None).map_err(|error| inside(&error, unpacked))?;
    if loaded.indicators.is_empty() {
        bail!("the bundle holds no indicator; nothing was changed");
    }
    let installed = to.join(MANIFEST);
    if installed.exists() && !args.allow_older {
        // A manifest that cannot be read is no reason to refuse a newer one.
        let before = read_manifest(&installed)
            .map(|manifest| manifest.version)
            .unwrap_or_default();
        if !version::is_newer(&manifest.version, &before) {
            bail!(
                "the bundle's version {} is not newer than the installed {before}; give --allow-older to install it",
                manifest.version
            );
        }
    }
    Ok((loaded.indicators.len(), manifest.version))
}

/// An error without the name of a folder that nobody knows.
fn inside(error: &indicators::LoadError, unpacked: &Path) -> anyhow::Error {
    let text = error
        .to_string()
        .replace(&unpacked.display().to_string(), "bundle");
    anyhow::anyhow!("{text}; nothing was changed")
}

/// Puts the new folder in the place of the old one, in one step.
fn exchange(new: &Path, to: &Path) -> anyhow::Result<()> {
    sync(new)?;
    if !to.exists() {
        return fs::rename(new, to).with_context(|| format!("cannot make {}", to.display()));
    }
    if !to.is_dir() {
        bail!("--to {}: it is no folder", to.display());
    }
    // What was there before lies where the new one was, and goes with that.
    renameat_with(CWD, new, CWD, to, RenameFlags::EXCHANGE)
        .with_context(|| format!("cannot exchange {}", to.display()))?;
    Ok(())
}

/// Files are on the disk before their folder takes its place.
fn sync(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).context("cannot list the new folder")? {
        let path = entry.context("cannot list the new folder")?.path();
        let file = File::open(&path).context("cannot open a new list")?;
        file.sync_all().context("cannot write a new list")?;
    }
    Ok(())
}
