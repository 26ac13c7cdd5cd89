//! What is carried through a run of a program beside its values: the program itself, and what the run has come to.

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};
use jaq_json::Val;

use super::state::State;

/// What jaq carries through a run for us.
pub(super) struct Watched;

impl DataT for Watched {
    type V<'a> = Val;
    type Data<'a> = Watch<'a>;
}

/// The compiled program and the state of the run.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a> {
    lut: &'a Lut<Watched>,
    state: &'a State,
}

impl<'a> Watch<'a> {
    /// The state of the run.
    pub(super) fn state(&self) -> &'a State {
        self.state
    }

    pub(super) fn new(lut: &'a Lut<Watched>, state: &'a State) -> Self {
        Self { lut, state }
    }
}

impl<'a> HasLut<'a, Watched> for Watch<'a> {
    fn lut(&self) -> &'a Lut<Watched> {
        self.lut
    }
}
