//! Reads several pages of a list ahead if their addresses are predictable: the documented `Link` counts by `skip`.
//!
//! A slow service is asked for several pages at once: as many as the list had when it was last read, or more as it
//! turns out to be longer. Only the pages that each `Link` names are used: if it names another address, the pages that
//! were read ahead are dropped.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::ApiError;

/// The most pages that are under way at a time. If the length of a list is not known, all but one of them may be past
/// its end.
const MOST: usize = 6;

/// The minimum time for a page before others are requested in parallel.
const SLOW: Duration = Duration::from_millis(25);

/// Pages of one list that were requested before they are known to exist. Dropping this does not wait for them.
#[derive(Debug)]
pub(super) struct PagesAsked<T> {
    pages: VecDeque<(String, AbortOnDropHandle<Result<T, ApiError>>)>,
    /// How many pages may be under way while the length of the list is not known.
    width: usize,
    is_slow: bool,
}

impl<T> Default for PagesAsked<T> {
    fn default() -> Self {
        Self { pages: VecDeque::new(), width: 0, is_slow: false }
    }
}

impl<T: Send + 'static> PagesAsked<T> {
    /// The answer for the page at this address if it is the next one requested. Otherwise `read` reads it.
    pub(super) async fn or_read(
        &mut self,
        target: &str,
        read: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let begun = Instant::now();
        let asked = self.pages.pop_front().filter(|(asked, _)| asked == target);
        if asked.is_none() {
            self.pages.clear();
        }
        let answer = match asked {
            // Its task is stopped only with the runtime, or by a panic: then the page is read here.
            Some((_, page)) => match page.await {
                Ok(answer) => answer,
                Err(_) => read.await,
            },
            None => read.await,
        };
        self.is_slow |= begun.elapsed() >= SLOW;
        answer
    }

    /// Requests pages from `next` on, which follows the page at `here` with `len` documents; `known` is how many
    /// documents the list probably has.
    pub(super) fn ask_behind<F>(
        &mut self,
        here: &str,
        next: &str,
        len: usize,
        known: Option<usize>,
        ask: impl Fn(String) -> F,
    ) where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let Some(counted) = Counted::between(here, next, len).filter(|_| self.is_slow) else { return };
        self.width = (self.width * 2).clamp(1, MOST);
        let left = known.and_then(|known| known.checked_sub(counted.skip)).filter(|left| *left > 0);
        let width = left.map_or(self.width, |left| left.div_ceil(len).min(MOST));
        if width == 1 {
            // A single page would be requested anyway, unless nobody wants it.
            return;
        }
        for at in 0..width {
            let target = counted.page(at);
            if self.pages.get(at).is_some_and(|(asked, _)| *asked == target) {
                continue;
            }
            self.pages.truncate(at);
            let answer = AbortOnDropHandle::new(tokio::spawn(ask(target.clone())));
            self.pages.push_back((target, answer));
        }
    }
}

/// The addresses of the pages of a list that counts by `skip`.
struct Counted<'a> {
    before: &'a str,
    skip: usize,
    after: &'a str,
    len: usize,
}

impl<'a> Counted<'a> {
    /// Returns `None` unless the page at `here` has `len` documents and `next` skips that many more.
    fn between(here: &str, next: &'a str, len: usize) -> Option<Self> {
        let (before, skip, after) = skip_of(next)?;
        let from = skip_of(here).map_or(0, |(_, skip, _)| skip);
        (len > 0 && from.checked_add(len) == Some(skip)).then_some(Self { before, skip, after, len })
    }

    /// The address of `next` for 0, of the page after it for 1.
    fn page(&self, at: usize) -> String {
        format!("{}{}{}", self.before, self.skip.saturating_add(at.saturating_mul(self.len)), self.after)
    }
}

/// The value of `skip` in an address, and the text before and after it.
fn skip_of(target: &str) -> Option<(&str, usize, &str)> {
    let query = target.find('?')?;
    let at = ["?skip=", "&skip="].into_iter().find_map(|key| Some(target[query..].find(key)? + key.len()))?;
    let (before, rest) = target.split_at(query + at);
    let (number, after) = rest.split_at(rest.find('&').unwrap_or(rest.len()));
    // If its spelling differs from ours, the address would differ too.
    let skip = number.parse::<usize>().ok().filter(|skip| skip.to_string() == number)?;
    Some((before, skip, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_where_the_link_counts_the_documents_of_the_page() {
        let pages = |here: &str, next: &str, len| {
            Counted::between(here, next, len).map(|counted| [0, 1, 2].map(|at| counted.page(at)))
        };
        assert_eq!(
            pages("/v1/imports?limit=1000", "https://h/v1/imports?skip=100&limit=1000&include=name", 100),
            Some(
                [100, 200, 300]
                    .map(|skip| format!("https://h/v1/imports?skip={skip}&limit=1000&include=name"))
            )
        );
        assert_eq!(
            pages("https://h/l?limit=2&skip=4", "https://h/l?limit=2&skip=6", 2),
            Some([6, 8, 10].map(|skip| format!("https://h/l?limit=2&skip={skip}")))
        );
        for (here, next, len) in [
            ("/l", "/l?after=5", 5),
            ("/l", "/l?skip=5", 4),
            ("/l", "/l?skip=0", 0),
            ("/l?skip=5", "/l?skip=5", 5),
            ("/l", "/l?skip=05", 5),
            ("/l", "/l?skip=", 5),
            ("/l", "/l?noskip=5", 5),
            ("/skip=5", "/skip=5", 5),
            ("/l", "/l?skip=99999999999999999999999", 5),
        ] {
            assert_eq!(pages(here, next, len), None, "{here} {next}");
        }
    }

    /// Reads a list whose pages have two documents and take a second each. Returns the requested addresses and the
    /// time.
    async fn read(pages: usize, known: Option<usize>, links: impl Fn(usize) -> String) -> (Vec<String>, u64) {
        use std::sync::{Arc, Mutex};
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ask = |target: String| {
            let asked = Arc::clone(&asked);
            async move {
                asked.lock().unwrap().push(target.clone());
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, ApiError>(target)
            }
        };
        let begun = Instant::now();
        let mut ahead = PagesAsked::default();
        let mut here = "/l?limit=2".to_owned();
        for page in 1..=pages {
            assert_eq!(ahead.or_read(&here, ask(here.clone())).await.unwrap(), here);
            let next = links(page);
            if page < pages {
                ahead.ask_behind(&here, &next, 2, known, ask);
            }
            here = next;
        }
        drop(ahead);
        let asked = asked.lock().unwrap().clone();
        (asked, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_slow_list_more_pages_are_under_way_the_longer_it_is() {
        for (pages, calls, seconds) in
            [(1, 1, 1), (2, 2, 2), (3, 4, 3), (4, 4, 3), (10, 10, 4), (100, 100, 19)]
        {
            let (asked, took) = read(pages, None, |page| format!("/l?limit=2&skip={}", 2 * page)).await;
            assert_eq!((asked.len(), took), (calls, seconds), "{pages} pages: {asked:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_list_that_was_read_before_those_pages_are_asked_for_that_it_had() {
        for (known, pages, calls, seconds) in [
            (2, 1, 1, 1),
            (4, 2, 2, 2),
            (5, 3, 3, 2),
            (20, 10, 10, 3),
            // The list has grown or shrunk since.
            (8, 10, 10, 3),
            (1, 4, 4, 3),
            (20, 2, 7, 2),
        ] {
            let (asked, took) =
                read(pages, Some(known), |page| format!("/l?limit=2&skip={}", 2 * page)).await;
            assert_eq!((asked.len(), took), (calls, seconds), "{known}, {pages} pages: {asked:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_links_name_is_what_is_read() {
        let odd = |page: usize| format!("/l?limit=2&skip={}", if page < 3 { 2 * page } else { 2 * page + 1 });
        let (asked, _) = read(6, None, odd).await;
        for page in 1..6 {
            assert!(asked.contains(&odd(page)), "{asked:?}");
        }
        let (asked, took) = read(5, None, |page| format!("/l?after={page}")).await;
        assert_eq!((asked.len(), took), (5, 5), "nothing can be told of these");
    }
}
