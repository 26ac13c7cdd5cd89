//! What `references.map` and its file name that the source does not have: most likely a slip, after which the reference is
//! resolved by its own name.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::name::name_key;
use crate::documents::references::{Kind, Resource, ResourceIndex, Rules};
use crate::inventory::select_names::nearest;
use crate::model::Id;

/// Names of a kind that are told at most; the others are counted.
const MOST_NAMED: usize = 5;

/// A note for each kind of which something is named that is not among what was read of it. `account` is the source as messages
/// name it.
pub(crate) fn map_notes(rules: &Rules, here: &ResourceIndex, account: &str) -> Vec<String> {
    let mut by_kind: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for (kind, from, _) in &rules.map {
        by_kind.entry(*kind).or_default().push(from);
    }
    let notes = by_kind.into_iter().filter_map(|(kind, named)| {
        // Files and accounts that show none of a kind tell nothing.
        let there = here.kinds.get(&kind).filter(|list| !list.is_empty())?;
        let known: BTreeSet<_> = there.iter().map(|one| name_key(&one.name)).collect();
        // An id may be one that imports hold and that leads nowhere.
        let names = named.into_iter().filter(|from| !Id::looks_like(&Id::canonical(from)));
        let unknown: Vec<&str> = names.filter(|from| !known.contains(&name_key(from))).collect();
        let told = unknown.iter().take(MOST_NAMED).map(|from| quoted(from, &rules.place(kind, from), there));
        let told: Vec<String> = told.collect();
        let more = match unknown.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!told.is_empty()).then(|| {
            format!(
                "{account} has no {} of these names, so that mapping them changes nothing: {}{more}",
                kind.as_str(),
                told.join(", ")
            )
        })
    });
    notes.collect()
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
    fn a_name_that_the_source_does_not_have_is_told_with_the_nearest_and_an_id_is_not() {
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
        let sound =
            map(Kind::Connections, &["Shop ", "5f7c579b6411271af4e7ceff", "5F7C579B6411271AF4E7CEFA"]);
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
    }
}
