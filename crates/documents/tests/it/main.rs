//! What holds for documents and the steps that change them: laws, tables of places, real documents.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod beside;
mod corpus;
mod emulator_tables;
mod fuzz;
mod light_tree;
mod mapping_drafts;
mod mapping_edit;
mod mapping_edit_rows;
mod mapping_edit_targets;
mod mass_rename;
mod reference_keys;
mod reference_laws;
mod reference_words;
mod rename_blocks;
mod rename_cases;
mod rename_digits;
mod rename_entries;
mod rename_hostile;
mod rename_hostile_places;
mod rename_keys;
mod rename_laws;
mod rename_lookups;
mod rename_nested;
mod rename_outer;
mod rename_parent;
mod rename_paths;
mod rename_places;
mod rename_response;
mod rename_rows;
mod rename_table;
mod rename_templates;
mod rename_unsure;
mod rename_values;
mod rename_well_formed;
mod step_fuzz;
mod steps_hostile;
mod transform_laws;
mod upgrade_mapper;
