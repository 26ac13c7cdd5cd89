//! Which accounts of a fleet a worker does, where several share it by number.

/// Which accounts of a fleet a worker does: the `index`-th of every `of`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, below `of`.
    pub index: usize,
    /// How many workers share the fleet.
    pub of: usize,
}

impl Shard {
    /// All accounts: the only part of one.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// `I/N`: numbered from 0 to N-1, or from 1 to N; N/N is 0/N.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write I/N, e.g. 1/4 to 4/4, or 0/4 to 3/4".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of): (usize, usize) =
            (index.trim().parse().map_err(|_| wrong())?, of.trim().parse().map_err(|_| wrong())?);
        if of == 0 || index > of {
            return Err(wrong());
        }
        Ok(Self { index: index % of, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_numbered_from_0_or_from_1() {
        let check = |text: &str, shard: Option<(usize, usize)>| {
            let read = text.parse::<Shard>().ok().map(|shard| (shard.index, shard.of));
            assert_eq!(read, shard, "{text}");
        };
        check("0/3", Some((0, 3)));
        check("2/3", Some((2, 3)));
        check("3/3", Some((0, 3)));
        check("1/1", Some((0, 1)));
        for wrong in ["4/3", "1", "a/b", "1/0", "-1/3", "1/2/3"] {
            check(wrong, None);
        }
    }
}
