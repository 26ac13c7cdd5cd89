//! Ids of the source at every place of the reference and inside texts: what becomes of each. Authored from section 8 of
//! the API reference, and from the promise that nothing that is sent holds an id of the source account.

use serde_json::{Value, json};
use transship_documents::references::{Accounts, Kind, Resolution, Resolver, Resource, ResourceIndex, Rules};

const FEED: &str = "a17e5c2f9b3d4870e2c41a05";
const FEED_EU: &str = "e00000000000000000000002";

/// The kinds with one resource each: the last digits of its id, which is the same in both accounts but for the first.
const OTHERS: &[(Kind, &str)] = &[
    (Kind::Scripts, "11"),
    (Kind::Stacks, "12"),
    (Kind::FileDefinitions, "13"),
    (Kind::LookupCaches, "14"),
    (Kind::AsyncHelpers, "15"),
    (Kind::EdiProfiles, "16"),
    (Kind::Tools, "17"),
    (Kind::Integrations, "18"),
    (Kind::Exports, "19"),
];

fn id(first: char, last: &str) -> String {
    format!("{first}{last:0>23}")
}

fn account(first: char, feed: &str) -> ResourceIndex {
    let one = |id: &str, name: &str, family: Option<&str>| Resource {
        id: id.into(),
        name: name.to_owned(),
        family: family.map(str::to_owned),
        app: false,
    };
    let mut index = ResourceIndex::default();
    index.kinds.insert(Kind::Connections, vec![one(feed, "Feed", Some("http"))]);
    for (kind, last) in OTHERS {
        index.kinds.insert(*kind, vec![one(&id(first, last), "Other", None)]);
    }
    index
}

fn resolved(document: &mut Value) -> Resolution {
    let rules = Rules { by_name: true, ..Rules::default() };
    Resolver::new(account('5', FEED), account('e', FEED_EU), rules, Accounts::Different).resolve(document)
}

#[test]
fn a_reference_is_resolved_wherever_the_table_has_it() {
    let (mut document, mut wanted) = (json!({ "name": "x" }), json!({ "name": "x" }));
    for (place, last) in [
        ("/hooks/preMap/_scriptId", "11"),
        ("/hooks/postSubmit/_stackId", "12"),
        ("/hooks/_preMapId", "11"),
        ("/hooks/_postMapId", "11"),
        ("/hooks/_postSubmitId", "11"),
        ("/filter/script/_scriptId", "11"),
        ("/responseTransform/script/_scriptId", "11"),
        ("/responseTransform/expression/rulesTwoDotZero/lookups/0/_lookupCacheId", "14"),
        ("/settingsForm/init/_scriptId", "11"),
        ("/preSave/_scriptId", "11"),
        ("/file/fileDefinition/_fileDefinitionId", "13"),
        ("/lookups/0/_lookupCacheId", "14"),
        ("/http/lookups/0/_lookupCacheId", "14"),
        ("/netsuite_da/mapping/fields/0/subRecordMapping/lookups/0/_lookupCacheId", "14"),
        ("/http/_asyncHelperId", "15"),
        ("/_ediProfileId", "16"),
        ("/tool/_toolId", "17"),
        ("/tool/overrides/exports/0/_id", "19"),
        ("/aiAgent/openai/tools/0/tool/_toolId", "17"),
        ("/guardrail/aiAgent/openai/tools/0/tool/_toolId", "17"),
        ("/wrapper/_stackId", "12"),
        ("/_integrationId", "18"),
    ] {
        plant(&mut document, place, &id('5', last));
        plant(&mut wanted, place, &id('e', last));
    }
    for place in [
        "/_connectionId",
        "/aiAgent/openai/prompts/0/mcp/_mcpConnectionId",
        "/aiAgent/litellm/_overrides/gemini/resources/0/mcp/_mcpConnectionId",
        "/aiAgent/litellm/_overrides/anthropic/tools/0/mcp/_mcpConnectionId",
        "/tool/overrides/connections/0/_borrowConcurrencyFromConnectionId",
        "/tool/overrides/imports/0/_connectionId",
    ] {
        plant(&mut document, place, FEED);
        plant(&mut wanted, place, FEED_EU);
    }
    plant(&mut document, "/ftp/_connectionId", &FEED.to_uppercase());
    plant(&mut wanted, "/ftp/_connectionId", FEED_EU);
    assert_eq!(resolved(&mut document).unresolved, []);
    assert_eq!(document, wanted);
}

#[test]
fn an_id_inside_a_text_is_replaced_and_told_or_left_and_told() {
    for (text, after) in [
        ("FEED", "FEED_EU"),
        ("feed_FEED", "feed_FEED_EU"),
        ("https://files.example/?feed=FEED_1", "https://files.example/?feed=FEED_EU_1"),
        ("connFEEDx", "connFEED_EUx"),
        ("x-FEED-y", "x-FEED_EU-y"),
        ("/v1/connections/FEED/ping", "/v1/connections/FEED_EU/ping"),
        ("{{#if record.x}}FEED{{/if}}", "{{#if record.x}}FEED_EU{{/if}}"),
        ("SELECT 'FEED', \"FEED\"", "SELECT 'FEED_EU', \"FEED_EU\""),
        ("{\"a\":\"FEED\"}", "{\"a\":\"FEED_EU\"}"),
        // Ids are numbers: the case of their letters says nothing.
        ("UPPER", "FEED_EU"),
        ("/v1/connections/UPPER/ping", "/v1/connections/FEED_EU/ping"),
        ("feed_UPPER_1 and FEED", "feed_FEED_EU_1 and FEED_EU"),
        ("aUPPER", "aUPPER"),
        // A longer run of hexadecimal digits is another number.
        ("aFEED", "aFEED"),
        ("FEED0", "FEED0"),
        ("FEEDFEED", "FEEDFEED"),
    ] {
        let upper = FEED.to_uppercase();
        let text = text.replace("FEED", FEED).replace("UPPER", &upper);
        let after = after.replace("FEED_EU", FEED_EU).replace("FEED", FEED).replace("UPPER", &upper);
        for place in [
            "/settings/x",
            "/http/relativeURI/0",
            "/hooks/preMap/configuration/x",
            "/mapping/fields/0/hardCodedValue",
            "/netsuite_da/rawOverride/x",
            "/description",
            "/unknown/x",
        ] {
            let mut document = json!({ "name": "x" });
            plant(&mut document, place, &text);
            let resolution = resolved(&mut document);
            assert_eq!(document.pointer(place), Some(&json!(after)), "{place} {text}");
            assert_eq!(resolution.unresolved, [], "{place} {text}");
            let told = resolution.warnings.iter().any(|warning| warning.contains(place));
            assert!(told, "{place} {text}: {:?}", resolution.warnings);
        }
    }
}

#[test]
fn what_only_looks_like_a_reference_stays() {
    for (place, text) in [
        ("/netsuite_da/mapping/lists/0/fields/0/subRecordMapping/_id", "inventory[*].celigo_inventorydetail"),
        ("/http/_httpConnectorVersionId", "500000000000000000000060"),
        ("/http/_httpConnectorEndpointIds/0", "500000000000000000000062"),
        ("/assistantMetadata/resource", "500000000000000000000061"),
        ("/netsuite_da/rawOverride/_lookupCacheId", "500000000000000000000063"),
        ("/netsuite_da/rawOverride/a/_scriptId", "500000000000000000000064"),
        ("/settings/_scriptId", "not an id"),
        ("/hooks/preMap/configuration/_connectionId", "500000000000000000000065"),
    ] {
        let mut document = json!({ "name": "x" });
        plant(&mut document, place, text);
        let resolution = resolved(&mut document);
        assert_eq!(document.pointer(place), Some(&json!(text)), "{place}");
        assert_eq!(resolution.unresolved, [], "{place}");
    }
}

/// Puts a text at a pointer, with the objects and lists on the way.
fn plant(document: &mut Value, place: &str, text: &str) {
    let mut at = document;
    for step in place.split('/').skip(1) {
        at = match step.parse::<usize>() {
            Ok(_) => {
                if !at.is_array() {
                    *at = json!([null]);
                }
                &mut at[0]
            }
            Err(_) => {
                if !at.is_object() {
                    *at = json!({});
                }
                &mut at[step]
            }
        };
    }
    *at = json!(text);
}
