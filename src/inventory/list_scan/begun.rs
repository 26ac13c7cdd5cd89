//! A list that is read before it is scanned: its pages are on disk, and the second scan follows the last of them.

use std::hash::RandomState;

use tokio::sync::oneshot;

use super::request;
use super::second_scan::{SecondScan, other_limit};
use crate::inventory::endpoint::Account;
use crate::inventory::pages_ahead::PagesAhead;
use crate::model::cancel::Cancel;

/// The plain list of an account, which is being read. Dropping it stops that.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(super) pages: PagesAhead,
    /// How both scans hash ids.
    pub(super) hasher: RandomState,
    /// The second scan, available after the last page; not used for files.
    pub(super) second: oneshot::Receiver<SecondScan>,
}

/// Begins to read the plain list of an account, for a steady scan that starts when something else is known.
pub(crate) fn begin_to_read(account: &Account, cancel: &Cancel) -> Begun {
    let hasher = RandomState::default();
    let (sender, second) = oneshot::channel();
    let (of, hashes, stop) = (account.clone(), hasher.clone(), cancel.clone());
    let at_rest = account.at_rest;
    let pages = PagesAhead::far(account, request(None), move |(len, more)| {
        if at_rest {
            return;
        }
        let limit = other_limit(len, more);
        let shows_nothing = len == 0 && !more;
        // Nobody waits for it if the list was abandoned.
        drop(sender.send(SecondScan::begin(&of, hashes, limit, shows_nothing, &stop)));
    });
    Begun { pages, hasher, second }
}
