//! What was typed before a question was asked is no answer to it.

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Forgets the lines that were typed on the terminal of stdin so far.
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
