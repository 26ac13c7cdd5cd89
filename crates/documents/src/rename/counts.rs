//! What the renames did in one document.

/// What happened in one document, by rename.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// How often it changed something.
    pub changed: Vec<usize>,
    /// Whether its new name stands somewhere without having been made by it.
    pub taken: Vec<bool>,
    /// The field that is there too and inside of which it puts another, by name.
    pub outer: Vec<Option<Outer>>,
    /// Whether something was left alone that may name its field.
    pub mentioned: Vec<bool>,
}

/// A field that is there, and that a rename puts another field into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outer {
    /// Its names, from the root.
    pub names: Vec<String>,
    /// Whether its entries are named by their positions, or taken one by one.
    pub is_list: bool,
}

impl Counts {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            changed: vec![0; rules],
            taken: vec![false; rules],
            outer: vec![None; rules],
            mentioned: vec![false; rules],
        }
    }
}

/// Notes that something was left alone that may name the fields of renames.
pub(super) fn mention(mentioned: &mut [bool], counts: &Counts) {
    for (at, one) in mentioned.iter_mut().enumerate() {
        *one |= counts.changed[at] > 0 || counts.mentioned[at];
    }
}
