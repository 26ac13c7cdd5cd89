//! Notes about names in `references.map` and its file that the source does not have: most likely typing errors, after
//! which the reference is resolved by its own name.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::name::name_key;
use crate::documents::references::{Kind, Resource, ResourceIndex, Rules};
use crate::inventory::select_names::nearest;
use crate::model::Id;

/// How many names of a kind are listed; the rest are counted.
const MOST_NAMED: usize = 5;

/// Notes for each kind of which something is named that is not among what was read of it, or of which one is named by its
/// name and by its id and becomes two things. `account` is the source as messages name it.
pub(crate) fn map_notes(rules: &Rules, here: &ResourceIndex, account: &str) -> Vec<String> {
    let mut by_kind: BTreeMap<Kind, Vec<(&str, &str)>> = BTreeMap::new();
    for (kind, from, to) in &rules.map {
        by_kind.entry(*kind).or_default().push((from, to));
    }
    let mut notes = Vec::new();
    for (kind, pairs) in by_kind {
        // Files and accounts that show none of a kind tell nothing.
        let Some(there) = here.kinds.get(&kind).filter(|list| !list.is_empty()) else { continue };
        let word = kind.as_str();
        let (ids, names): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(from, _)| Id::looks_like(&Id::canonical(from)));
        let known: BTreeSet<_> = there.iter().map(|one| name_key(&one.name)).collect();
        let unknown = names.iter().filter(|(from, _)| !known.contains(&name_key(from)));
        if let Some(told) = first_few(unknown.map(|(from, _)| quoted(from, &rules.place(kind, from), there)))
        {
            notes.push(format!(
                "{account} has no {word} of these names, so that mapping them changes nothing: {told}"
            ));
        }
        let known: BTreeMap<&str, &Resource> = there.iter().map(|one| (one.id.as_str(), one)).collect();
        // An id may be one that imports hold and that leads nowhere.
        let unlisted = ids.iter().filter(|(from, _)| !known.contains_key(&*Id::canonical(from)));
        if let Some(told) =
            first_few(unlisted.map(|(from, _)| format!("`{from}` ({})", rules.place(kind, from))))
        {
            notes.push(format!(
                "{account} has no {word} of these ids, so that mapping them changes only imports that hold them: {told}"
            ));
        }
        let targets: BTreeMap<_, &str> = names.iter().map(|(from, to)| (name_key(from), *to)).collect();
        let twice = ids.iter().filter_map(|(from, to)| {
            let one = known.get(&*Id::canonical(from))?;
            let by_name = targets.get(&name_key(&one.name)).filter(|other| *other != to)?;
            let place = rules.place(kind, from);
            Some(format!("`{}` becomes `{to}` by its id ({place}), not `{by_name}`", one.name))
        });
        if let Some(told) = first_few(twice) {
            notes.push(format!("some {word} are mapped by name and by id, and the id counts: {told}"));
        }
    }
    notes
}

/// The first few, and how many there are more; `None` for none.
fn first_few(all: impl Iterator<Item = String>) -> Option<String> {
    let mut all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    all.truncate(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| all.join(", ") + &more)
}

/// A name, where it stands, and those that were most likely meant.
fn quoted(from: &str, place: &str, there: &[Resource]) -> String {
    let near = nearest(from, there.iter().map(|one| one.name.as_str()));
    if near.is_empty() {
        format!("`{from}` ({place})")
    } else {
        format!("`{from}` ({place}; did you mean {}?)", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_source_does_not_have_is_told_with_the_nearest() {
        let one = |name: &str| Resource {
            id: "5f7c579b6411271af4e7cefa".into(),
            name: name.to_owned(),
            family: None,
            app: false,
        };
        let kinds = [(Kind::Connections, vec![one("Shop"), one("Depot")]), (Kind::Stacks, Vec::new())];
        let here = ResourceIndex { kinds: kinds.into() };
        let map = |kind: Kind, from: &[&str]| -> Rules {
            let map = from.iter().map(|from| (kind, (*from).to_owned(), "EU".to_owned())).collect();
            let places = [((Kind::Connections, "a".to_owned()), "line 3 of refs.csv".to_owned())];
            Rules { map, places: places.into(), ..Rules::default() }
        };
        let sound = map(Kind::Connections, &["Shop ", "5F7C579B6411271AF4E7CEFA"]);
        assert_eq!(map_notes(&sound, &here, "account `us`"), Vec::<String>::new());
        assert_eq!(
            map_notes(&map(Kind::Stacks, &["x"]), &here, "account `us`"),
            Vec::<String>::new(),
            "none is shown"
        );
        assert_eq!(
            map_notes(&map(Kind::Tools, &["x"]), &here, "account `us`"),
            Vec::<String>::new(),
            "not read"
        );
        let notes = map_notes(
            &map(Kind::Connections, &["Shopp", "a", "b", "c", "d", "e", "f"]),
            &here,
            "account `us`",
        );
        assert_eq!(notes.len(), 1);
        let told = "account `us` has no connections of these names, so that mapping them changes nothing: `Shopp` \
                    (references.map.connections; did you mean `Shop`?), `a` (line 3 of refs.csv), ";
        assert!(notes[0].starts_with(told), "{notes:?}");
        assert!(notes[0].ends_with(" and 2 more"), "{notes:?}");
        let notes = map_notes(&map(Kind::Connections, &["5f7c579b6411271af4e7ceff"]), &here, "account `us`");
        assert!(notes.len() == 1 && notes[0].contains("has no connections of these ids"), "{notes:?}");
        let mut twice = map(Kind::Connections, &["Depot", "5f7c579b6411271af4e7cefa"]);
        twice.map[1].2 = "AU".to_owned();
        let notes = map_notes(&twice, &here, "account `us`");
        let told = "`Depot` becomes `AU` by its id (references.map.connections), not `EU`";
        assert!(notes.len() == 1 && notes[0].ends_with(told), "{notes:?}");
    }
}
