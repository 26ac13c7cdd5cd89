//! `references`: the map, the map file, what is created and what to do with what is missing.

use std::collections::HashMap;

use super::Reader;
use super::steps::columns;
use crate::documents::references::{Kind, Missing, Rules, map_key};
use crate::job::cells::Csv;
use crate::job::env::nearest;
use crate::job::keys::KINDS;
use crate::job::problem::{Report, Span};
use crate::job::spreadsheet::mangled;
use crate::job::tree::Node;
use crate::model::Id;

impl Reader<'_> {
    /// `references`; without it, counterparts are found by name.
    pub(super) fn references(&mut self, node: Option<&Node>) -> Rules {
        let mut rules = Rules { by_name: true, ..Rules::default() };
        let Some(node) = node else { return rules };
        let word = |key: &str| node.get(key).and_then(Node::text);
        rules.by_name = word("by") != Some("none");
        rules.missing = missing(word("missing"));
        for entry in node.get("missing").map(Node::entries).unwrap_or_default() {
            entry.read.set(true);
            let what = missing(entry.node.text());
            match Kind::of(&entry.key) {
                Some(kind) => drop(rules.missing_of.insert(kind, what)),
                None => rules.missing = what,
            }
        }
        for kind in node.get("create").map(Node::items).unwrap_or_default() {
            rules.create.extend(kind.text().and_then(Kind::of));
        }
        let mut places: HashMap<(Kind, String), (String, Span)> = HashMap::new();
        for entry in node.get("map").map(Node::entries).unwrap_or_default() {
            entry.read.set(true);
            let Some(kind) = Kind::of(&entry.key) else { continue };
            for pair in entry.node.entries() {
                pair.read.set(true);
                if let Some(target) = pair.node.written() {
                    let target = Id::canonical(target);
                    let place = (target.clone().into_owned(), pair.at);
                    match places.insert((kind, map_key(&pair.key)), place) {
                        Some((other, first)) if other != *target => {
                            let message = format!("`{}` is given twice, in two spellings", pair.key);
                            let told = self.report.error(pair.at, message);
                            told.related(first, "first here").help("keep one of the two");
                        }
                        _ => {}
                    }
                    rules.map.push((kind, pair.key.clone(), target.into_owned()));
                }
            }
        }
        if let Some(file) =
            node.get("map_file").filter(|file| file.text().is_some_and(|text| !text.trim().is_empty()))
            && let Some(pairs) = self.csv(file, pairs)
        {
            for (kind, source, target, place) in pairs {
                match places.get(&(kind, map_key(&source))) {
                    Some((other, at)) if *other != target => {
                        let message =
                            format!("`map` sends `{source}` to `{other}`, and `map_file` to `{target}`");
                        self.report.error(*at, message).help("keep one of the two");
                    }
                    Some(_) => {}
                    None => {
                        rules.places.insert((kind, map_key(&source)), place);
                        rules.map.push((kind, source, target));
                    }
                }
            }
        }
        rules
    }
}

fn missing(word: Option<&str>) -> Missing {
    match word {
        Some("skip") => Missing::Skip,
        Some("drop") => Missing::Drop,
        _ => Missing::Fail,
    }
}

/// Reads rows of `kind,source,target`; with each, where it stands.
fn pairs(csv: &Csv, report: &mut Report) -> Vec<(Kind, String, String, String)> {
    let Some([kind_at, source_at, target_at]) = columns(csv, ["kind", "source", "target"], report) else {
        return Vec::new();
    };
    let mut seen: HashMap<(Kind, String), (u64, Span)> = HashMap::new();
    let mut pairs = Vec::new();
    for row in &csv.rows {
        let cell = |column: usize| &row.cells[column];
        let Some(kind) = Kind::of(cell(kind_at).text.trim()) else {
            let message = format!("`{}` is not a kind of resource", cell(kind_at).text);
            let help = match nearest(&cell(kind_at).text, KINDS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}", KINDS.join(", ")),
            };
            report.error(cell(kind_at).span, message).help(help);
            continue;
        };
        if let Some(empty) =
            [source_at, target_at].into_iter().find(|column| cell(*column).text.trim().is_empty())
        {
            let message = format!("line {} has no `{}`", row.line, csv.header[empty].text);
            report.error(cell(empty).span, message).help("write an id or a name on both sides");
            continue;
        }
        let wrong = [source_at, target_at].into_iter().find_map(|at| Some((at, mangled(&cell(at).text)?)));
        if let Some((at, (message, help))) = wrong.filter(|(_, (message, _))| !message.contains("date")) {
            report.error(cell(at).span, format!("line {}: {message}", row.line)).help(help);
            continue;
        }
        let (source, target) = (cell(source_at).text.as_str(), cell(target_at).text.as_str());
        if let Some((line, first)) = seen.get(&(kind, map_key(source))) {
            let message = format!("`{source}` is mapped in line {line} and again in line {}", row.line);
            report
                .error(cell(source_at).span, message)
                .related(*first, "first here")
                .help("keep one of the two rows");
            continue;
        }
        seen.insert((kind, map_key(source)), (row.line, cell(source_at).span));
        let place = format!("line {} of {}", row.line, report.file_name());
        pairs.push((kind, source.to_owned(), Id::canonical(target).into_owned(), place));
    }
    pairs
}
