//! Where a row stands: the target of a step and its list, read as paths of which nothing is left out.

use crate::path::{Kind, Style, Token, extract};
use crate::problem::{Problem, Problems};

/// Where a row stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The target field, as it was written.
    pub(super) text: String,
    /// Its path, the parents first.
    pub(super) steps: Vec<Step>,
    /// The list it is in, as it was written.
    list_text: Option<String>,
    /// The path of that list; empty without one.
    pub(super) list: Vec<Step>,
}

impl Target {
    /// Reads a target: a path, in Mapper 2.0 through the parents, as `lines.sku` or `lines[*].sku`; a name with a dot or
    /// a bracket in quotes, as `["size.unit"]`. `list` is the list it is in; for a subrecord the way there:
    /// `item.celigo_inventorydetail.inventoryassignment`. What is not a path is one name, as it stands. A position is part
    /// of the path: `addr[0].city` is not `addr.city`.
    ///
    /// # Errors
    ///
    /// One of the two is empty.
    pub fn parse(target: &str, list: Option<&str>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        for (key, text) in [("target", Some(target)), ("list", list)] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                problems.push(Problem::new("a row is named by its target: give one").under(key));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            text: target.to_owned(),
            steps: read(target),
            list_text: list.map(str::to_owned),
            list: list.map(read).unwrap_or_default(),
        })
    }

    /// Refuses a `*` in place of a name where a row is to be added: no field is called so.
    ///
    /// # Errors
    ///
    /// The target or the list holds one.
    pub(crate) fn without_star(target: &str, list: Option<&str>) -> Result<(), Problem> {
        for (key, text) in [("target", Some(target)), ("list", list)] {
            let tokens = text.and_then(extract::parse).into_iter().flat_map(|path| path.tokens);
            if let (Some(text), Some(star)) =
                (text, tokens.into_iter().find(|token| part(token) == Part::Star))
            {
                let problem = Problem::new(format!("`{text}` {STAR}"));
                let help = format!("name the field; one that is called so stands in quotes: `[\"{text}\"]`");
                let range = star.span.start + star.separator..star.span.end;
                return Err(problem.at(range).help(help).under(key));
            }
        }
        Ok(())
    }

    /// The whole path from the root of the mapping on.
    pub(super) fn path(&self) -> Vec<Step> {
        let list = self.list.iter().map(|step| Step { of_list: true, ..step.clone() });
        list.chain(self.steps.iter().cloned()).collect()
    }

    /// The path in which the target is one name, as it was written.
    pub(super) fn literal(&self) -> Vec<Step> {
        let list = self.list.iter().map(|step| Step { of_list: true, ..step.clone() });
        list.chain([Step::name(&self.text)]).collect()
    }

    /// Whether the path consists of names only.
    pub(super) fn is_of_names(&self) -> bool {
        self.list.iter().chain(&self.steps).all(|step| matches!(step.part, Part::Name(_)))
    }

    /// Whether it is about one entry of a list.
    pub(super) fn has_position(&self) -> bool {
        self.list.iter().chain(&self.steps).any(|step| matches!(step.part, Part::Position(_)))
    }

    /// The target for a message, with its list.
    pub(super) fn shown(&self) -> String {
        match &self.list_text {
            None => self.text.clone(),
            Some(list) => format!("{list}.{}", self.text),
        }
    }

    /// Why the target can be no row but one that is called so.
    pub(super) fn star(&self) -> Option<&'static str> {
        self.list.iter().chain(&self.steps).any(|step| step.part == Part::Star).then_some(STAR)
    }

    /// Why the target can be no row of Mapper 2.0 but one that is called so.
    pub(super) fn never(&self) -> Option<&'static str> {
        if self.star().is_some() {
            self.star()
        } else if self.has_position() {
            Some("is a field of one entry, and a row of Mapper 2.0 is for every entry of a list")
        } else if self.steps.last().is_some_and(|step| step.part == Part::Each) {
            Some("is a whole entry of a list, which is no row")
        } else {
            None
        }
    }
}

/// What is said of a `*` in place of a name.
const STAR: &str = "holds a `*`, which names no field";

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The name of a field.
    Name(String),
    /// One entry of a list, or some: `[0]`, `[-1]`.
    Position(String),
    /// Every entry of a list: `[*]`.
    Each,
    /// A `*` in place of a name.
    Star,
}

/// A part of a path, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub part: Part,
    /// As it was written, with the dot before it.
    text: String,
    /// Whether it names the list that the row is in.
    pub of_list: bool,
}

impl Step {
    /// A name, whatever is in it.
    pub(super) fn name(text: &str) -> Self {
        Self { part: Part::Name(text.to_owned()), text: text.to_owned(), of_list: false }
    }

    /// Whether it is every entry of a list.
    pub(super) fn is_each(&self) -> bool {
        self.part == Part::Each
    }
}

/// The path of a target, a list or a `generate`. Lists may be written as such, the way sources are: `lines[*].sku`,
/// `lines[].sku`. What is not a path is one name.
pub(super) fn read(text: &str) -> Vec<Step> {
    let tokens = extract::parse(text).map(|path| path.tokens).unwrap_or_default();
    if tokens.is_empty() {
        return vec![Step::name(text)];
    }
    let step =
        |token: &Token| Step { part: part(token), text: text[token.span.clone()].to_owned(), of_list: false };
    tokens.iter().map(step).collect()
}

fn part(token: &Token) -> Part {
    match (token.kind, token.style) {
        (Kind::Index, Style::Plain) => Part::Star,
        (Kind::Index, _) if token.text == "*" => Part::Each,
        (Kind::Index, _) => Part::Position(token.text.clone()),
        (Kind::Name, Style::Bracket) if token.text.is_empty() => Part::Each,
        (Kind::Name | Kind::Digits, _) => Part::Name(token.text.clone()),
    }
}

/// Whether two paths are one, however each of them is written.
pub(super) fn is_same(one: &[Step], other: &[Step]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.part == other.part)
}

/// Whether a name is the text of a path: its names with dots between them, or, where it holds anything else, the path as it
/// was written.
pub(super) fn is_text_of(name: &str, steps: &[Step]) -> bool {
    let names: Option<Vec<&str>> = steps.iter().map(name_of).collect();
    match names {
        Some(names) => is_joined(name, &names),
        None => name == written(steps),
    }
}

/// The name that a step is.
pub(super) fn name_of(step: &Step) -> Option<&str> {
    match &step.part {
        Part::Name(name) => Some(name),
        _ => None,
    }
}

/// A path as it was written.
pub(super) fn written(steps: &[Step]) -> String {
    let text: String = steps.iter().map(|step| step.text.as_str()).collect();
    text.strip_prefix('.').map(str::to_owned).unwrap_or(text)
}

/// Whether a name is made of these, with dots between them.
fn is_joined(name: &str, parts: &[&str]) -> bool {
    if let [only] = parts { name == *only } else { name == parts.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_are_one_path_and_positions_are_part_of_it() {
        for (one, other, same) in [
            ("a.b", "a['b']", true),
            ("a.b", "[a][\"b\"]", true),
            ("a.b", "$.a.b", true),
            ("a[0].b", "a[ 0 ]['b']", true),
            ("a[*].b", "a[].b", true),
            ("a[0].b", "a.b", false),
            ("a[0].b", "a[1].b", false),
            ("a[0].b", "a[*].b", false),
            ("a[*].b", "a.b", false),
            ("a[0].b", "a.0.b", false),
            ("a.*", "a", false),
            ("*.a", "a", false),
            ("[*].a", "a", false),
            ("a[-1]", "a", false),
            ("a[\"*\"]", "a[*]", false),
            ("[\"a.b\"]", "a.b", false),
            ("a[\"\"]", "a", false),
        ] {
            assert_eq!(is_same(&read(one), &read(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn a_path_is_written_again_as_it_was() {
        for text in ["a", "a.b", "a[0].b", "*.x", "x.*", "[0].x", "a[*]['b c'].d", "x[", "$"] {
            assert_eq!(written(&read(text)), text);
        }
        assert_eq!(written(&read("a.p[0].q")[1..3]), "p[0]");
    }
}
