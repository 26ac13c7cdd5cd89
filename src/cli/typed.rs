//! Input that was typed before a question was asked is not an answer to it.

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Discards the lines that were typed so far on the terminal of stdin.
pub(super) fn forget() {
    let stdin = std::io::stdin();
    let Ok(flags) = fcntl_getfl(&stdin) else { return };
    if fcntl_setfl(&stdin, flags | OFlags::NONBLOCK).is_err() {
        return;
    }
    let mut typed = [0_u8; 512];
    // A terminal hands out whole lines; without any it says that it would have to wait.
    while matches!(rustix::io::read(&stdin, &mut typed), Ok(read) if read > 0) {}
    let _ = fcntl_setfl(&stdin, flags);
}
