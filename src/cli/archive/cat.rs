//! `archive cat`: a document as it was backed up.

use std::io::Write;

use super::open::opened;
use super::{CliContext, Exit, Failure, Named, find, listing};
use crate::archive::Entry;
use crate::cli::args::archive::Cat;
use crate::report::text::clean;

/// How many documents with equal names are named.
const NAMED: usize = 20;

/// Carries out `archive cat`.
pub(super) async fn cat(world: &CliContext, args: &Cat) -> Result<Exit, Failure> {
    let archive = opened(world, &args.place).await?;
    let account = args.account.as_deref();
    let listing = listing(&archive, account).await?;
    let wanted = Named { place: &args.place, account, snapshot: Some(&args.snapshot) };
    let (found, exit) = find(world, &listing, &wanted)?;
    let id = &found.id;
    let (mut by_id, mut by_name, mut elsewhere) = (None, Vec::new(), None);
    for entry in archive.entries(id).await?.1 {
        let entry = entry?;
        let (is_id, is_name) = (entry.id.as_str() == args.document, entry.name == args.document);
        match entry.kind == args.kind {
            true if is_id => by_id = Some(entry),
            true if is_name => by_name.push(entry),
            false if is_id || is_name => elsewhere = Some(entry.kind),
            _ => {}
        }
    }
    let entry = match (by_id, &by_name[..]) {
        (Some(entry), _) => entry,
        (None, [entry]) => entry.clone(),
        (None, []) => {
            let (kind, document) = (&args.kind, &args.document);
            let hint = match elsewhere {
                Some(other) => format!("there is one among its {other}: add `--kind {other}`"),
                None => "see `archive show` for what it holds".to_owned(),
            };
            let text = format!("{id} holds no {document:?} among its {kind}; {hint}");
            return Err(Failure::BadInput(clean(&text)));
        }
        (None, many) => return Err(alike(args, many)),
    };
    let text = archive.document(&entry).await?;
    let mut out = world.verbatim();
    out.write_all(&text)?;
    out.flush()?;
    Ok(exit)
}

fn alike(args: &Cat, many: &[Entry]) -> Failure {
    let ids: Vec<&str> = many.iter().take(NAMED).map(|entry| entry.id.as_str()).collect();
    let more = if many.len() > NAMED { ", …" } else { "" };
    let (name, ids) = (&args.document, ids.join(", "));
    let text = format!("{} {} are called {name:?}: name one by its id ({ids}{more})", many.len(), args.kind);
    Failure::BadInput(clean(&text))
}
