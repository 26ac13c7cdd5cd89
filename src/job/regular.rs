//! Reads regular files, up to a limit: a pipe or a device that a job names would be waited for, or never end.

use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// The bytes of a regular file, at most `limit` of them.
///
/// # Errors
///
/// It cannot be read, or it is a folder, a pipe, a socket or a device; see [`why`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    // Looked at before it is opened: to open a pipe waits for its other end.
    let data = std::fs::metadata(path)?;
    if data.is_dir() {
        return Err(Error::from(ErrorKind::IsADirectory));
    }
    if !data.is_file() {
        return Err(Error::new(ErrorKind::Unsupported, NotRegular));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file could not be read, in words.
pub fn why(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::Unsupported => NotRegular.to_string(),
        kind => kind.to_string(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is a pipe or a device, not a file")]
struct NotRegular;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read_and_only_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "id\n12345\n").unwrap();
        assert_eq!(read(&file, 4).unwrap(), b"id\n1");
        assert_eq!(why(&read(folder.path(), 4).unwrap_err()), "it is a folder");
        assert_eq!(why(&read(&folder.path().join("b"), 4).unwrap_err()), "there is no such file");
        #[cfg(unix)]
        assert_eq!(
            why(&read(Path::new("/dev/zero"), 4).unwrap_err()),
            "it is a pipe or a device, not a file"
        );
    }
}
