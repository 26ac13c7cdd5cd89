//! Reads the `Link` header: the URL of the next page. Accepts both forms of the reference, `rel="next"` and `rel=next`.
//!
//! A service behind a proxy may use another host name for itself. The token is sent to the account's own origin only,
//! so only the path and query of such an address count.

use url::Url;

/// What is wrong with a `Link` header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LinkError {
    /// Not of the form `<url>; rel=next, <url>; rel=prev`.
    #[error("the Link header cannot be read, so the list cannot be followed to its end")]
    Unreadable,
    /// It names two different next pages.
    #[error("the Link header names two different next pages")]
    Ambiguous,
    /// The address is not a URL.
    #[error("the next page's address is not a URL")]
    NotAUrl,
}

/// The absolute URL of the next page on the origin of `here`, the URL of this one; `None` at the end of the list.
pub(super) fn next(here: &Url, headers: &[impl AsRef<str>]) -> Result<Option<String>, LinkError> {
    let mut found: Option<String> = None;
    for header in headers {
        for target in targets(header.as_ref())? {
            let url = here.join(target).map_err(|_| LinkError::NotAUrl)?;
            if !url.has_host() {
                return Err(LinkError::NotAUrl);
            }
            let mut own = here.clone();
            own.set_path(url.path());
            own.set_query(url.query());
            own.set_fragment(None);
            let next = String::from(own);
            match &found {
                Some(other) if *other != next => return Err(LinkError::Ambiguous),
                _ => found = Some(next),
            }
        }
    }
    Ok(found)
}

/// Scheme, host and port of a URL, for messages; never its user, password, path or query.
pub(super) fn host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or("?"))
}

/// The targets of the links of one header whose `rel` has the word `next`.
fn targets(header: &str) -> Result<Vec<&str>, LinkError> {
    let mut found = Vec::new();
    let mut rest = header.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let inside = rest.strip_prefix('<').ok_or(LinkError::Unreadable)?;
        let (target, after) = inside.split_once('>').ok_or(LinkError::Unreadable)?;
        let (is_next, after) = parameters(after)?;
        if is_next {
            found.push(target.trim());
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Ok(found)
}

/// Reads `; name=value; name="value"` up to the comma of the next link: whether `rel` has `next`, and what follows.
fn parameters(mut rest: &str) -> Result<(bool, &str), LinkError> {
    let (mut is_next, mut seen_rel) = (false, false);
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix(';') else {
            return if rest.is_empty() || rest.starts_with(',') {
                Ok((is_next, rest))
            } else {
                Err(LinkError::Unreadable)
            };
        };
        let name_end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let name = parameter[..name_end].trim();
        rest = &parameter[name_end..];
        let Some(value) = rest.strip_prefix('=').map(str::trim_start) else { continue };
        let value = if let Some(quoted) = value.strip_prefix('"') {
            let (value, after) = quoted.split_once('"').ok_or(LinkError::Unreadable)?;
            rest = after;
            value
        } else {
            let end = value.find([';', ',']).unwrap_or(value.len());
            rest = &value[end..];
            value[..end].trim()
        };
        // Only the first `rel` of a link counts (RFC 8288).
        if name.eq_ignore_ascii_case("rel") && !seen_rel {
            seen_rel = true;
            is_next = value.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Result<Option<&str>, LinkError>) {
        let here = Url::parse("https://api.integrator.io/v1/imports?limit=2").unwrap();
        assert_eq!(next(&here, &[header]), expected.map(|url| url.map(str::to_owned)), "{header}");
    }

    #[test]
    fn both_link_forms_of_the_reference_are_read() {
        check(
            "<https://api.integrator.io/v1/imports?skip=100&limit=1000>; rel=\"next\", <https://api.integrator.io/v1/imports?skip=0>; rel=\"prev\"",
            Ok(Some("https://api.integrator.io/v1/imports?skip=100&limit=1000")),
        );
        check(
            "<https://api.integrator.io/v1/imports?after=xxxx>; rel=next",
            Ok(Some("https://api.integrator.io/v1/imports?after=xxxx")),
        );
    }

    #[test]
    fn odd_but_lawful_links_are_read() {
        let url = "https://api.integrator.io/v1/imports?after=a,b;c";
        check(&format!("<{url}> ; title=\"a, b\"; REL=\"last Next\""), Ok(Some(url)));
        check(&format!("<{url}>;rel=prev,<{url}>;rel=next"), Ok(Some(url)));
        check(&format!("<{url}>; rel=next, "), Ok(Some(url)));
        check(&format!("<{url}>; rel=nextish"), Ok(None));
        check("", Ok(None));
    }

    #[test]
    fn a_relative_next_page_stays_on_the_origin() {
        check("<?after=x>; rel=next", Ok(Some("https://api.integrator.io/v1/imports?after=x")));
        check("</v1/imports?after=x>; rel=next", Ok(Some("https://api.integrator.io/v1/imports?after=x")));
    }

    #[test]
    fn a_next_page_on_another_host_is_asked_of_the_accounts_own() {
        let own = Ok(Some("https://api.integrator.io/v1/imports?t=1"));
        check("<https://internal.example/v1/imports?t=1>; rel=next", own.clone());
        check("<//internal.example:81/v1/imports?t=1>; rel=next", own.clone());
        check("<http://api.integrator.io/v1/imports?t=1>; rel=next", own.clone());
        check("<https://api.integrator.io:444/v1/imports?t=1#x>; rel=next", own.clone());
        check("<https://a:b@api.integrator.io/v1/imports?t=1>; rel=next", own);
        check("<mailto:a@example.org>; rel=next", Err(LinkError::NotAUrl));
        check("<data:x>; rel=next", Err(LinkError::NotAUrl));
    }

    #[test]
    fn a_link_that_cannot_be_read_is_an_error_not_the_end_of_the_list() {
        check("https://api.integrator.io/v1/imports; rel=next", Err(LinkError::Unreadable));
        check("<https://api.integrator.io/v1; rel=next", Err(LinkError::Unreadable));
        check("<https://api.integrator.io/v1>; rel=\"next", Err(LinkError::Unreadable));
        check("<?a>; rel=next, <?b>; rel=next", Err(LinkError::Ambiguous));
        check("<https://[x/>; rel=next", Err(LinkError::NotAUrl));
    }
}
