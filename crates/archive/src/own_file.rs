//! Files and folders of an archive that are written in place: never behind a link, which may lead to a file of somebody else.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// How much of a note is read.
const LONGEST_NOTE: usize = 4096;

/// Opens a file for its owner only, to lock it or write it in place, and creates it if needed.
pub(super) fn open_own(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(i32::try_from(flags.bits()).map_err(io::Error::other)?);
    }
    let opened = options.open(path);
    if is_link(path) {
        return Err(io::Error::other("it is a link: remove it"));
    }
    let file = opened?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file: remove it"))
    }
}

/// Makes sure that a folder is one, and no link to one.
pub(super) fn is_own_folder(path: &Path) -> io::Result<()> {
    if is_link(path) {
        Err(io::Error::other(format!("{} is a link: remove it", path.display())))
    } else {
        Ok(())
    }
}

/// Whether a link lies there.
pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Writes what others read with [`read_note`], over what was there.
pub(super) fn write_note(file: &mut File, text: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(text)?;
    file.set_len(text.len() as u64)
}

/// What is in a file that another may be writing.
pub(super) fn read_note(file: &mut File) -> io::Result<Vec<u8>> {
    let mut text = vec![0; LONGEST_NOTE];
    file.rewind()?;
    // In one go: of two reads, one may see what was there before.
    let length = file.read(&mut text)?;
    text.truncate(length);
    Ok(text)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_opened_and_what_a_link_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("victim"), "theirs").unwrap();
        std::os::unix::fs::symlink(at("victim"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("new"), at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for name in ["link", "dangling", "folder"] {
            open_own(&at(name)).unwrap_err();
        }
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "theirs");
        assert!(!at("new").exists());
        for text in ["a long note", "short"] {
            write_note(&mut open_own(&at("own")).unwrap(), text.as_bytes()).unwrap();
            assert_eq!(read_note(&mut open_own(&at("own")).unwrap()).unwrap(), text.as_bytes());
        }
    }
}
/// Refuses a pipe, a socket or a device. A missing file is accepted.
pub(super) fn is_no_pipe(path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            Err("it is a pipe or a device, not a file".into())
        }
        _ => Ok(()),
    }
}
