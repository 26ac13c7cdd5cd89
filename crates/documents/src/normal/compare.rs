//! Whether the service holds what it was sent.

use serde_json::{Map, Value};

use serde::{Deserialize, Serialize};

use super::masks::is_mask;
use super::same_number;
use crate::place::{PathStep as Step, pointer_of};
use crate::planted::{PANIC_COMPARING, panic_over};
use crate::schema::{self as service, Area, Shape};

/// What the comparison of what was wanted with what the service holds said (pinned: audit, summary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same, apart from what the service manages.
    Equal,
    /// The same, but for defaults the service filled in.
    EqualWithDefaults,
    /// Something is missing or different.
    Differs,
    /// Nothing was compared, so nothing is known of differences.
    NotChecked,
}

impl Verdict {
    /// Every value, in the order in which they are reported.
    pub const ALL: &'static [Self] = &[Self::Equal, Self::EqualWithDefaults, Self::Differs, Self::NotChecked];

    /// The pinned word of the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::EqualWithDefaults => "equal_with_defaults",
            Self::Differs => "differs",
            Self::NotChecked => "not_checked",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the comparison of two documents said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Equal, equal but for defaults, or different.
    pub verdict: Verdict,
    /// JSON pointers of what is missing or different in what was found, and of lists, rows or free-form data that grew; empty unless
    /// `verdict` is `Differs`.
    pub differences: Vec<String>,
    /// JSON pointers of fields that were not sent, hold a value, and are not among the documented defaults. Right after
    /// a write they are the service's doing; in an import found in the target a person may have set them, and a PUT
    /// would erase them.
    pub added: Vec<String>,
    /// JSON pointers of fields that were not sent, hold `false` or an empty text, and are not known to mean absent. As `added`, but
    /// after a write nobody takes them for an edit.
    pub blank: Vec<String>,
    /// Those of `added`, `blank` and `grown` that people fill in, and no service, as far as is documented.
    pub of_people: Vec<String>,
    /// Those of `differences` that are fields which were not sent.
    pub grown: Vec<String>,
    /// JSON pointers of secrets that were sent and read back masked: they cannot be compared.
    pub masked: Vec<String>,
}

impl Comparison {
    /// The comparison of two documents if one cannot be read; `why` takes the place of a pointer.
    pub fn impossible(why: String) -> Self {
        Self {
            verdict: Verdict::Differs,
            differences: vec![why],
            added: Vec::new(),
            blank: Vec::new(),
            of_people: Vec::new(),
            grown: Vec::new(),
            masked: Vec::new(),
        }
    }

    /// Whether the import found is already what is wanted, so that nothing has to be written.
    pub fn is_as_wanted(&self) -> bool {
        self.is_as_wanted_but_for(|_| false)
    }

    /// As [`Self::is_as_wanted`], where fields that were not sent are the service's own if `own` says so of their
    /// JSON pointers.
    pub fn is_as_wanted_but_for(&self, own: impl Fn(&str) -> bool) -> bool {
        self.masked.is_empty()
            && self.of_people.is_empty()
            && self.differences.iter().all(|pointer| self.grown.contains(pointer) && own(pointer))
            && self.added.iter().chain(&self.blank).all(|pointer| own(pointer))
    }

    /// Whether the two differ only by fields that were not sent, if they differ at all.
    pub fn only_grew(&self) -> bool {
        self.masked.is_empty() && self.differences.iter().all(|pointer| self.grown.contains(pointer))
    }

    /// JSON pointers of the fields that were not sent and may be the service's own.
    pub fn additions(&self) -> impl Iterator<Item = &str> {
        self.added.iter().chain(&self.blank).chain(&self.grown).map(String::as_str)
    }
}

/// Compares what was sent with what the service holds.
///
/// What is missing or changed in `found` differs, and so does a list that grew, a list of those that people fill in, and
/// what is added to free-form data. Any other field the service added is a default. Fields the service manages are left out, on both sides.
pub fn compare(sent: &Value, found: &Value) -> Comparison {
    panic_over(PANIC_COMPARING, found);
    // A document of 2016 that is sent without `adaptorType` reads back with it: the blocks of either side tell.
    let mut walk = Walk::new(Shape::of(found), (sent, found));
    walk.value(Area::Root, "", sent, found);
    let verdict = if !walk.differences.is_empty() {
        Verdict::Differs
    } else if walk.defaults {
        Verdict::EqualWithDefaults
    } else {
        Verdict::Equal
    };
    let Walk { differences, added, blank, of_people, grown, masked, .. } = walk;
    Comparison { verdict, differences, added, blank, of_people, grown, masked }
}

struct Walk<'a> {
    shape: Shape,
    root: (&'a Value, &'a Value),
    path: Vec<Step<'a>>,
    differences: Vec<String>,
    added: Vec<String>,
    blank: Vec<String>,
    of_people: Vec<String>,
    grown: Vec<String>,
    masked: Vec<String>,
    defaults: bool,
}

impl<'a> Walk<'a> {
    fn new(shape: Shape, root: (&'a Value, &'a Value)) -> Self {
        Self {
            shape,
            root,
            path: Vec::new(),
            differences: Vec::new(),
            added: Vec::new(),
            blank: Vec::new(),
            of_people: Vec::new(),
            grown: Vec::new(),
            masked: Vec::new(),
            defaults: false,
        }
    }

    fn pointer(&self) -> String {
        pointer_of(&self.path)
    }

    fn differs(&mut self) {
        let pointer = self.pointer();
        self.differences.push(pointer);
    }

    /// Compares two values that stand under `key` in an object of `area`.
    fn value(&mut self, area: Area, key: &'a str, sent: &'a Value, found: &'a Value) {
        match (sent, found) {
            (Value::Object(_), Value::Object(_))
                if area.enter(key) == Area::Envelope
                    && self.shape.is_absent(area, key, sent)
                    && self.shape.is_absent(area, key, found) =>
            {
                // Two unused filters, however much of the empty shell either has.
                self.defaults |= sent != found;
            }
            (Value::Object(sent), Value::Object(found)) => {
                self.members(if key.is_empty() { area } else { area.enter(key) }, sent, found);
            }
            (Value::Array(sent), Value::Array(found)) => self.entries(area, key, sent, found),
            (Value::String(one), Value::String(other)) if one == other => {}
            (Value::String(_), Value::String(other)) if is_mask(other) => {
                self.defaults = true;
                let pointer = self.pointer();
                self.masked.push(pointer);
            }
            _ if same_scalar(area, key, sent, found) => {}
            _ if self.shape.is_absent(area, key, sent) && self.shape.is_absent(area, key, found) => {
                self.defaults = true;
            }
            _ => self.differs(),
        }
    }

    fn members(&mut self, area: Area, sent: &'a Map<String, Value>, found: &'a Map<String, Value>) {
        let mut matched = 0;
        let mut in_step = found.iter();
        for (key, value) in sent {
            // The service keeps the order of keys more often than not: the look-up by hash is the second resort.
            let other = match in_step.clone().next() {
                Some((same, other)) if same == key => Some(other),
                _ => found.get(key),
            };
            in_step.next();
            if other.is_some() {
                matched += 1;
            }
            if area == Area::Root && service::is_server_field(key) {
                continue;
            }
            self.path.push(Step::Key(key));
            match other {
                Some(other) if self.shape.is_server_owned(area, key) => self.defaults |= value != other,
                Some(other) => self.value(area, key, value, other),
                None if value.is_null() && area != Area::Free => {}
                None if key != "adaptorType" && self.shape.is_absent(area, key, value) => {
                    self.defaults = true;
                }
                None => self.differs(),
            }
            self.path.pop();
        }
        if matched < found.len() {
            for (key, value) in found.iter().filter(|(key, _)| !sent.contains_key(*key)) {
                if area != Area::Root || !service::is_server_field(key) {
                    self.path.push(Step::Key(key));
                    self.addition(area, key, value);
                    self.path.pop();
                }
            }
        }
    }

    /// Judges a field that was not sent.
    fn addition(&mut self, area: Area, key: &'a str, value: &'a Value) {
        if self.shape.is_absent(area, key, value) || key == "adaptorType" && area == Area::Root {
            self.defaults = true;
            return;
        }
        if area == Area::Free || area.enter(key) == Area::Free {
            // Nothing is known to be filled in where the user's own data is; an earlier run may tell that it is all the same.
            self.grows();
            let pointer = self.pointer();
            return self.of_people.push(pointer);
        }
        match value {
            Value::Null => self.defaults = true,
            Value::Array(_) if area == Area::Root && key == "lookups" && self.mirrors_a_block(value) => {
                self.defaults = true;
                return;
            }
            // What stands behind a mask cannot be compared.
            Value::String(text) if is_mask(text) => return self.adds(),
            Value::Array(_) if service::is_of_people(key) || service::is_never_a_default(key) => self.grows(),
            Value::Object(members) => {
                let inner = area.enter(key);
                for (key, value) in members {
                    self.path.push(Step::Key(key));
                    self.addition(inner, key, value);
                    self.path.pop();
                }
                return;
            }
            Value::Bool(false) => self.adds_blank(),
            Value::String(text) if text.is_empty() => self.adds_blank(),
            _ if service::is_never_a_default(key) => return self.differs(),
            _ => self.adds(),
        }
        // Of a documented flag the service fills in what it is by itself.
        let is_set =
            || flag_of(area, key, value).is_some_and(|flag| self.shape.is_default_flag(area, key, !flag));
        if !value.is_null() && (service::is_of_people(key) || is_set()) {
            let pointer = self.pointer();
            self.of_people.push(pointer);
        }
    }

    fn grows(&mut self) {
        self.differs();
        let pointer = self.pointer();
        self.grown.push(pointer);
    }

    fn adds(&mut self) {
        self.defaults = true;
        let pointer = self.pointer();
        self.added.push(pointer);
    }

    fn adds_blank(&mut self) {
        self.defaults = true;
        let pointer = self.pointer();
        self.blank.push(pointer);
    }

    /// Section 7: the top-level `lookups` is on many documents a copy of the adaptor block's.
    fn mirrors_a_block(&self, lookups: &Value) -> bool {
        let (Value::Object(sent), Value::Object(found)) = self.root else { return false };
        [sent, found].iter().all(|root| root.values().any(|block| block.get("lookups") == Some(lookups)))
    }

    fn entries(&mut self, area: Area, key: &'a str, sent: &'a [Value], found: &'a [Value]) {
        if sent.len() == found.len() {
            for (index, (sent, found)) in sent.iter().zip(found).enumerate() {
                self.entry(area, key, index, sent, found);
            }
            return;
        }
        // Line the lists up at both ends, so that the entry that is gone is named and not those after it.
        let same = |(sent, found): &(&'a Value, &'a Value)| self.means_the_same(area, key, sent, found);
        let head = sent.iter().zip(found).take_while(same).count();
        let tail = sent[head..].iter().rev().zip(found[head..].iter().rev()).take_while(same).count();
        let left = &sent[head..sent.len() - tail];
        let right = &found[head..found.len() - tail];
        let before = self.differences.len();
        for (index, value) in left.iter().enumerate() {
            if let Some(other) = right.get(index) {
                self.entry(area, key, head + index, value, other);
            } else {
                self.path.push(Step::Entry(head + index));
                self.differs();
                self.path.pop();
            }
        }
        if right.len() > left.len() || self.differences.len() == before {
            self.differs();
        }
    }

    fn entry(&mut self, area: Area, key: &'a str, index: usize, sent: &'a Value, found: &'a Value) {
        self.path.push(Step::Entry(index));
        // A null, a `false` or an empty entry is not an absent one: entries stand in step with those of other lists.
        match (sent, found) {
            (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
                self.value(area, key, sent, found);
            }
            (Value::String(_), Value::String(_)) => self.value(area, key, sent, found),
            _ if same_scalar(area, key, sent, found) => {}
            _ => self.differs(),
        }
        self.path.pop();
    }

    fn means_the_same(&self, area: Area, key: &'a str, sent: &'a Value, found: &'a Value) -> bool {
        let mut walk = Walk::new(self.shape, self.root);
        walk.entry(area, key, 0, sent, found);
        walk.differences.is_empty()
    }
}

/// Whether two values that are neither lists nor objects mean the same under `key` in an object of `area`.
pub fn same_scalar(area: Area, key: &str, sent: &Value, found: &Value) -> bool {
    match (sent, found) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::String(one), Value::String(other)) if service::is_lower_cased(area, key) => {
            one.to_lowercase() == other.to_lowercase()
        }
        _ if sent == found => true,
        _ => {
            let (sent, found) = (flag_of(area, key, sent), flag_of(area, key, found));
            sent.is_some() && sent == found
        }
    }
}

/// A flag, also one that is written as a text.
fn flag_of(area: Area, key: &str, value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| service::flag_in_text(area, key, value.as_str()?))
}

#[cfg(test)]
mod tests;
