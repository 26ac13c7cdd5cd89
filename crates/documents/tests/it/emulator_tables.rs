//! The table of this crate and the lists of the emulator, which are kept apart on purpose: every difference is named here,
//! with its reason.

use std::collections::BTreeSet;

use transship_documents::schema::{ADAPTORS, FIELDS, Holds, is_closed, reference_kind};
use transship_emulator::tables;

/// What only one of the two has.
fn differences<'a>(
    ours: impl IntoIterator<Item = String>,
    theirs: impl IntoIterator<Item = String>,
    known: &[(&'a str, &'a str)],
) {
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) =
        (ours.into_iter().collect(), theirs.into_iter().collect());
    let found: BTreeSet<String> = ours
        .difference(&theirs)
        .map(|one| format!("only ours: {one}"))
        .chain(theirs.difference(&ours).map(|one| format!("only theirs: {one}")))
        .collect();
    let named: BTreeSet<String> = known.iter().map(|(one, _)| (*one).to_owned()).collect();
    assert_eq!(found, named);
    assert!(known.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn adaptors_and_their_blocks() {
    let ours = ADAPTORS.iter().flat_map(|adaptor| {
        let blocks = adaptor.blocks.iter().map(|block| format!("{} {block}", adaptor.name));
        blocks.chain(adaptor.blocks.is_empty().then(|| format!("{} -", adaptor.name)))
    });
    let theirs = tables::adaptors().flat_map(|(name, blocks)| {
        let named = blocks.iter().map(move |block| format!("{name} {block}"));
        named.chain(blocks.is_empty().then(|| format!("{name} -")))
    });
    differences(ours, theirs, &[]);
}

#[test]
fn keys_that_refer_to_resources() {
    let ours = FIELDS.iter().filter_map(|field| match field.holds {
        Holds::Reference(kind) => Some(format!("{} {}", field.at.trim_start_matches("**."), kind.as_str())),
        _ => None,
    });
    let theirs = tables::references().map(|(key, list)| format!("{key} {list}"));
    differences(
        ours,
        theirs,
        &[
            ("only ours: _preMapId scripts", "documents of 2016; the emulator serves none of that age"),
            ("only ours: _postMapId scripts", "documents of 2016"),
            ("only ours: _postSubmitId scripts", "documents of 2016"),
            ("only theirs: _importId imports", "flows refer to imports; an import does not"),
        ],
    );
    assert!(reference_kind("_importId").is_none());
}

#[test]
fn keys_whose_content_means_nothing() {
    let closed = FIELDS
        .iter()
        .filter(|field| matches!(field.holds, Holds::FreeForm | Holds::Dead | Holds::Captured))
        .filter_map(|field| field.at.rsplit('.').next())
        .map(str::to_owned);
    differences(
        closed,
        tables::opaque().map(str::to_owned),
        &[
            ("only ours: form", "a form of settings is free-form; the service is not known to look into it"),
            ("only ours: jsonSchema", "a schema for an agent's answer; the emulator has no references in it"),
            ("only ours: modelMetadata", "keys are names of fields of the record"),
            ("only ours: unencrypted", "free-form by the reference; the emulator has no references in it"),
        ],
    );
    assert!(tables::opaque().all(is_closed));
}

#[test]
fn fields_that_clients_cannot_set() {
    let ours = FIELDS.iter().filter(|field| field.holds == Holds::Managed).map(|field| field.at.to_owned());
    differences(
        ours,
        tables::managed().map(str::to_owned),
        &[
            (
                "only ours: restletVersion",
                "\"restletVersion-like system flags\" of section 7: the emulator sets none",
            ),
            (
                "only ours: lastExecutedAt",
                "of flows, which a restore can point to new ids; the emulator runs none",
            ),
            ("only ours: numInstances", "of flows"),
            ("only ours: resolvedAt", "of flows"),
        ],
    );
}
