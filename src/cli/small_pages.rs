//! Turns huge pages off: the allocator requests them, and a run of a hundred imports then fills thirty megabytes with
//! zeros that it never uses.

/// Makes the system give this process, and those that it starts, pages of the usual size. If it refuses, nothing else
/// changes.
#[cfg(target_os = "linux")]
pub(super) fn ask_for() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!("huge pages cannot be turned off: {error}");
    }
}

/// Other systems give none unless they are asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn ask_for() {}
