//! The contract of the service: kept by the emulator always, and by any server that is named.
//!
//! `TRANSSHIP_CONTRACT_URL` and `TRANSSHIP_CONTRACT_TOKEN` name another server. It is written to.

use crate::support::contract::{self, Service};
use transship_emulator::{Behaviour, CloneAnswer, LinkForm, Options};

/// Runs every rule against a fresh emulator, and all of them against a server that is named.
macro_rules! rules {
    ($($rule:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $rule() {
            let emulator = crate::support::emulator(&["one"]);
            contract::$rule(&Service::new(emulator.url(), emulator.token("one").unwrap())).await;
        })*

        async fn all(service: &Service) {
            $(contract::$rule(service).await;)*
        }
    };
}

rules![
    without_a_good_token_there_is_a_bare_401,
    every_answer_bears_a_date,
    token_info_names_the_user,
    a_create_answers_the_stored_document,
    a_refused_create_names_every_problem,
    a_reference_out_of_the_account_is_refused,
    a_put_replaces_the_whole_document,
    a_patch_reaches_two_paths_and_answers_nothing,
    a_deleted_import_waits_in_the_recycle_bin,
    an_import_in_use_is_not_deleted,
    a_clone_is_a_new_import_that_knows_its_source,
    a_connection_can_be_replaced,
    the_audit_log_tells_what_happened,
    following_the_links_gives_every_import_once,
    an_empty_list_is_204_without_a_body,
    lists_are_filtered_and_projected,
    an_integration_lists_its_imports,
    secrets_of_connections_are_masked,
    scripts_are_listed_without_content,
    requests_that_make_no_sense_are_told_apart,
];

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the server to try is named by the environment")]
async fn a_named_server_keeps_the_contract() {
    let (Ok(url), Ok(token)) =
        (std::env::var("TRANSSHIP_CONTRACT_URL"), std::env::var("TRANSSHIP_CONTRACT_TOKEN"))
    else {
        return;
    };
    all(&Service::new(&url, &token)).await;
}

#[tokio::test]
async fn the_contract_holds_whichever_way_the_open_questions_are_answered() {
    let behaviour = Behaviour {
        link: LinkForm::After,
        clone_answer: CloneAnswer::Array,
        put_checks_id: true,
        page_size: 2,
        ..Behaviour::default()
    };
    let emulator = crate::support::emulator_with(&["one"], Options { behaviour, ..Options::default() });
    all(&Service::new(emulator.url(), emulator.token("one").unwrap())).await;
}
