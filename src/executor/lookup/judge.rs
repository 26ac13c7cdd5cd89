//! Judges the effect of a create whose answer is missing. Pure: no clock, no I/O.
//!
//! Who made an import is decided by what was there before and by what the import holds, never by times: the clocks of
//! services, gateways and machines differ. Whoever scans the list leaves out what was known when the run was planned
//! and what this run already has; the rest is judged here.

use crate::model::{Fingerprint, Id};

/// How similar the name of something in the target is to the name that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// It has the same name, apart from Unicode form and blanks.
    Named,
    /// It has what a service makes of the name: other case, unescaped.
    Loosely,
    /// It has another name, which no item of the plan has, and equals what was sent in everything else.
    Content,
}

/// Something in the target that appeared since the run was planned, that this run does not own, and that is similar
/// to what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub id: Id,
    pub print: Fingerprint,
    /// Its `lastModified`, as the service writes it.
    pub modified: Option<String>,
    pub likeness: Likeness,
    /// Whether it equals what was sent in everything but the name.
    pub equal: bool,
    /// Whether it is equally similar to what another item sends.
    pub ambiguous: bool,
    /// Whether another run claims it.
    pub of_another_run: bool,
}

/// How many scans were made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    /// The number of scans, this one included, of a list that shows everything this run is known to have made.
    pub trusted: u32,
    /// How many of these scans prove that something is not there.
    pub needed: u32,
    /// Whether this scan began after the grace period, when the call can no longer be executing.
    pub after_grace_period: bool,
}

impl Looks {
    fn prove_absence(self) -> bool {
        self.after_grace_period && self.trusted >= self.needed
    }
}

/// The verdict on the create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// This is the import that it made.
    Adopt(Candidate),
    /// A person has to decide what these are.
    Conflict(Vec<Id>),
    /// It had no effect, and another run has since made what it was to make.
    MadeByAnotherRun(Id),
    /// It had no effect, and will have none.
    SendAgain,
    /// It is not known yet.
    LookAgain,
}

/// Decides the effect of a create from what one scan of the target showed.
pub(crate) fn judge(candidates: Vec<Candidate>, looks: Looks) -> Judgement {
    let proven = looks.prove_absence();
    let mut candidates = candidates;
    candidates.sort_by_key(|candidate| candidate.likeness);
    // A call of another item may still be answered with what only holds the same: that is waited for.
    let is_its = |c: &Candidate| {
        c.equal && !c.ambiguous && !c.of_another_run && (proven || c.likeness < Likeness::Content)
    };
    if let Some(at) = candidates.iter().position(is_its) {
        return Judgement::Adopt(candidates.swap_remove(at));
    }
    if !proven {
        return Judgement::LookAgain;
    }
    let is_made = |c: &Candidate| c.of_another_run && c.equal && c.likeness == Likeness::Named;
    if candidates.iter().all(|c| c.of_another_run)
        && let Some(made) = candidates.iter().find(|c| is_made(c))
    {
        return Judgement::MadeByAnotherRun(made.id.clone());
    }
    let in_the_way = |c: &&Candidate| c.likeness == Likeness::Named || c.equal;
    let ids: Vec<Id> = candidates.iter().filter(in_the_way).map(|candidate| candidate.id.clone()).collect();
    if ids.is_empty() { Judgement::SendAgain } else { Judgement::Conflict(ids) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, likeness: Likeness, equal: bool) -> Candidate {
        let print = Fingerprint::of(id.as_bytes());
        Candidate {
            id: Id::from(id),
            print,
            modified: None,
            likeness,
            equal,
            ambiguous: false,
            of_another_run: false,
        }
    }

    const FIRST: Looks = Looks { trusted: 1, needed: 2, after_grace_period: false };
    const BLIND: Looks = Looks { trusted: 0, needed: 2, after_grace_period: true };
    const EARLY: Looks = Looks { trusted: 2, needed: 2, after_grace_period: false };
    const ENOUGH: Looks = Looks { trusted: 2, needed: 2, after_grace_period: true };
    const ONCE: Looks = Looks { trusted: 1, needed: 1, after_grace_period: true };

    #[test]
    fn every_law_of_the_create_protocol_is_a_row() {
        use Likeness::{Content, Loosely, Named};
        let named = || candidate("named", Named, true);
        let unlike = || candidate("unlike", Named, false);
        let lower = || candidate("lower", Loosely, true);
        let cut = || candidate("cut", Content, true);
        let shared = || Candidate { ambiguous: true, ..cut() };
        let theirs = |of: Candidate| Candidate { of_another_run: true, ..of };
        let adopt = |of: Candidate| Judgement::Adopt(of);
        let conflict = |ids: &[&str]| Judgement::Conflict(ids.iter().map(|id| Id::from(*id)).collect());
        let table: Vec<(&str, Vec<Candidate>, Looks, Judgement)> = vec![
            (
                "what bears its name and equals it is its own, at the first look",
                vec![named()],
                FIRST,
                adopt(named()),
            ),
            ("also when the list proves nothing: it is there", vec![named()], BLIND, adopt(named())),
            ("its equal goes before one that is unlike", vec![unlike(), named()], FIRST, adopt(named())),
            ("a service may lower the case of names", vec![lower()], FIRST, adopt(lower())),
            ("the name goes before what is made of it", vec![lower(), named()], FIRST, adopt(named())),
            ("of two equals, one is its own", vec![named(), named()], ENOUGH, adopt(named())),
            ("nothing at the first look proves nothing", vec![], FIRST, Judgement::LookAgain),
            ("nothing on a list that lags proves nothing", vec![], BLIND, Judgement::LookAgain),
            ("nothing while it may be executing proves nothing", vec![], EARLY, Judgement::LookAgain),
            ("nothing on two looks: it is sent again", vec![], ENOUGH, Judgement::SendAgain),
            ("before a resumed run writes, one look is enough", vec![], ONCE, Judgement::SendAgain),
            ("one that is unlike may not be all", vec![unlike()], FIRST, Judgement::LookAgain),
            ("only unlike ones: a person decides", vec![unlike()], ENOUGH, conflict(&["unlike"])),
            ("and before a resumed run writes", vec![unlike()], ONCE, conflict(&["unlike"])),
            ("equal in all but the name, at the first look", vec![cut()], FIRST, Judgement::LookAgain),
            ("equal in all but the name, on two looks", vec![cut()], ENOUGH, adopt(cut())),
            ("it may be another item's", vec![shared()], ENOUGH, conflict(&["cut"])),
            ("what another run made is not its own", vec![theirs(named())], EARLY, Judgement::LookAgain),
            (
                "and stands for it once its own call can have no effect any more",
                vec![theirs(named())],
                ENOUGH,
                Judgement::MadeByAnotherRun(Id::from("named")),
            ),
            ("its own goes before it", vec![theirs(named()), named()], FIRST, adopt(named())),
            (
                "of another run, and unlike: a person decides",
                vec![theirs(unlike())],
                ENOUGH,
                conflict(&["unlike"]),
            ),
            (
                "beside one of nobody that is unlike: a person decides",
                vec![theirs(named()), unlike()],
                ENOUGH,
                conflict(&["named", "unlike"]),
            ),
            (
                "of another run, and equal in all but the name: a person decides",
                vec![theirs(cut())],
                ENOUGH,
                conflict(&["cut"]),
            ),
            (
                "an unlike one of a looser name is somebody's",
                vec![candidate("x", Loosely, false)],
                ENOUGH,
                Judgement::SendAgain,
            ),
        ];
        for (law, candidates, looks, judgement) in table {
            assert_eq!(judge(candidates, looks), judgement, "{law}");
        }
    }
}
