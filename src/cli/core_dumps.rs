//! Turns core dumps off: the memory of this program holds tokens, and a dump would put them on the disk, or send them
//! to whoever collects dumps.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Turns core dumps off for this process and those that it starts. If the system refuses, nothing else changes.
pub(super) fn turn_off() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!("core dumps cannot be turned off: {error}");
    }
    // A system may hand dumps to a program, whatever the limit is.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::debug!("core dumps cannot be turned off: {error}");
    }
}
