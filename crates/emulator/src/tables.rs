//! What the emulator takes an import to be made of, for comparison with what a client takes it to be.
//!
//! The emulator keeps lists of its own, so that a misreading of the API reference is not shared by both sides.

use crate::rules::adaptor::ADAPTORS;
use crate::rules::managed::OF_IMPORTS;
use crate::rules::references::{AT_THE_TOP, EVERYWHERE, OPAQUE};

/// Each adaptor type with the blocks it can be configured by.
pub fn adaptors() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ADAPTORS.iter().map(|adaptor| (adaptor.name, adaptor.blocks))
}

/// Each key that refers to another resource, with the list that resource is in.
pub fn references() -> impl Iterator<Item = (&'static str, &'static str)> {
    EVERYWHERE.iter().chain(&AT_THE_TOP).map(|(key, kind)| (*key, kind.list()))
}

/// Keys whose content means nothing to the service.
pub fn opaque() -> impl Iterator<Item = &'static str> {
    OPAQUE.iter().copied()
}

/// Fields of an import that clients cannot set.
pub fn managed() -> impl Iterator<Item = &'static str> {
    OF_IMPORTS.iter().copied()
}
