//! Exclusive creation where there are neither hard links nor moves that refuse to replace.
//!
//! What is left there is that of several who create a file, one wins. The place itself is not created that way: who ends
//! between creating and writing would leave an entry that readers take for whole. Instead each writer
//!
//! 1. writes its file beside the place,
//! 2. deletes the files of all others that wait for the place,
//! 3. looks whether the place is free,
//! 4. moves its file there, which fails when another one deleted it.
//!
//! No two can both get through. Say the first one moved its file before the second one moved its own: the second one looked before
//! that, and deleted before it looked. So the first one wrote its file after the second one deleted, and deleted that of the
//! second one after that. Nobody has to know who is alive, and no clock matters.
//!
//! Two at once could delete each other's files for ever, so one of them goes first: who creates a *claim*, an empty file beside the place.
//! That of a dead writer is broken after a while. Should its holder only be slow, the rules above still hold.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use super::files::{discard, named};

/// How long a claim may take. What is done meanwhile is one move.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before a claim is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// Moves a complete file to its place, if that is free.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when the place is taken, or when this writer was taken for dead and may try again; errors of the
/// file system.
pub(super) fn move_claimed(staged: &Path, path: &Path) -> io::Result<()> {
    let claim = named(path, 0);
    hold(&claim, path)?;
    let moved = discard_others(staged, path)
        .and_then(|()| if path.try_exists()? { Err(taken(path)) } else { fs::rename(staged, path) });
    match moved {
        // Another writer broke the claim, so that what is there now is not ours.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(taken(path)),
        moved => {
            discard(&claim);
            moved
        }
    }
}

/// Waits for the claim and takes it.
fn hold(claim: &Path, path: &Path) -> io::Result<()> {
    let mut seen: Option<(Option<SystemTime>, Instant)> = None;
    loop {
        if path.try_exists()? {
            return Err(taken(path));
        }
        match File::create_new(claim) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // Tells a claim from the next one of the same name.
        let made = fs::metadata(claim).and_then(|metadata| metadata.modified()).ok();
        match seen {
            Some((known, since)) if known == made && since.elapsed() > PATIENCE => {
                tracing::warn!(entry = %path.display(), "a writer ended before it wrote this file; others go on without it");
                discard(claim);
                seen = None;
            }
            Some((known, _)) if known == made => sleep(PAUSE),
            _ => {
                seen = Some((made, Instant::now()));
                sleep(PAUSE);
            }
        }
    }
}

/// Deletes the files that wait for a place, other than our own.
fn discard_others(staged: &Path, path: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let (prefix, claim) = (format!("{}#", name.to_string_lossy()), named(path, 0));
    for entry in fs::read_dir(directory)? {
        let other = entry?.path();
        let waits = other.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
        if waits && other != claim && other != staged {
            match fs::remove_file(&other) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn taken(path: &Path) -> io::Error {
    io::Error::new(ErrorKind::AlreadyExists, format!("`{}` is there already", path.display()))
}
