//! Agents, guardrails, tools, wrappers, and imports that an Integration App owns.

use serde_json::json;

use super::words::ENTITIES;
use super::{Draft, World, parts};
use crate::store::Kind;

/// The rest of the imports of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let world = *world;
    let mut drafts = vec![agent(world), gemini(world), pii(), guardian(world), tool(world), wrapper(world)];
    drafts.extend((0..4).map(|at| owned(world, at)));
    drafts.push(draft_under_debug(world));
    drafts
}

fn agent(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Classify support tickets",
        "_connectionId": world.connection("OpenAI"),
        "aiAgent": { "provider": "openai", "openai": { "model": "gpt-5-mini", "temperature": 0.2,
            "instructions": "Classify {{record.body}} and answer with one word.",
            "output": { "format": { "type": "text" } },
            "tools": [
                { "type": "mcp", "mcp": { "_mcpConnectionId": world.connection("Docs MCP"), "allowedTools": ["search"] } },
                { "type": "tool", "tool": { "_toolId": world.id(Kind::Tools, "Find customer") } }],
            "prompts": [{ "type": "mcp", "mcp": { "_mcpConnectionId": world.connection("Docs MCP") } }] } },
    }))
}

fn gemini(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Summarise invoice",
        "aiAgent": { "provider": "gemini", "litellm": { "model": "gemini-2.5-flash", "_overrides": { "gemini": {
            "systemInstruction": "Summarise the invoice in one sentence.",
            "tools": [{ "type": "tool", "tool": { "_toolId": world.id(Kind::Tools, "Policy lookup"),
                "overrides": { "connections": [{ "_id": world.connection("Zendesk Support") }] } } }] } } } },
    }))
}

fn pii() -> Draft {
    Draft::new(json!({
        "name": "Stop personal data",
        "guardrail": { "type": "pii", "pii": { "entities": ["EMAIL_ADDRESS", "IBAN_CODE"], "mask": true } },
    }))
}

fn guardian(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Is this a complaint?",
        "_connectionId": world.connection("OpenAI"),
        "guardrail": { "type": "ai_agent", "confidenceThreshold": 0.85, "aiAgent": { "provider": "openai",
            "openai": { "model": "gpt-5-mini", "instructions": "Is {{record.text}} a complaint?" } } },
    }))
}

fn tool(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Run: find customer",
        "tool": { "_toolId": world.id(Kind::Tools, "Find customer") },
    }))
}

fn wrapper(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Wrapped ledger",
        "_connectionId": world.connection("Ledger wrapper"),
        "wrapper": { "function": "importFunction", "configuration": { "ledger": "main" },
            "lookups": [{ "name": "side", "map": { "debit": "D", "credit": "C" }, "default": null }] },
        "mapping": parts::mapper1(&ENTITIES[9], 1, false),
    }))
}

fn owned(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at];
    Draft::new(json!({
        "name": format!("Shopify - NetSuite app: {}", entity.many),
        "_connectionId": world.connection("Shopify Store"),
        "_connectorId": world.id(Kind::Connectors, "Shopify - NetSuite"),
        "_integrationId": world.id(Kind::Integrations, "Shopify - NetSuite"),
        "externalId": format!("shopify_{}_import", entity.one.replace(' ', "_")),
        "http": { "formType": "http", "method": ["POST"], "relativeURI": [format!("/{}.json", entity.many)] },
        "mapping": parts::mapper1(entity, at, true),
    }))
    .old(true)
}

fn draft_under_debug(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Stripe - Payouts (draft)",
        "_connectionId": world.connection("Stripe Payments"),
        "http": { "formType": "http", "method": ["POST"], "relativeURI": ["/v1/payouts"] },
    }))
    .own("draft", json!(true))
    .own("draftExpiresAt", json!("2027-01-31T00:00:00.000Z"))
    .own("debugUntil", json!("2026-12-31T12:00:00.000Z"))
}
