//! Reads the body of an answer as it arrives: keeps it whole, or splits a long page into documents.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::api::answer::Body;
use crate::api::error::clean;
use crate::api::long_page::{PageError, PageWriter};
use crate::api::split::SplitError;

/// The longest page that is kept in memory, in bytes.
const MOST_IN_MEMORY: usize = 1 << 18;

/// Reads the body, decoded, up to `bound` bytes. A page of a list, whose documents have at most `document` bytes, is
/// split while it arrives once it is too long for memory.
pub(super) async fn read(
    mut response: reqwest::Response,
    mut bound: usize,
    mut document: Option<usize>,
) -> Body {
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let length = first.as_ref().map_or(whole.len(), Bytes::len) + chunk.len();
                if length > bound {
                    return Body::TooLarge(bound, first.unwrap_or_else(|| whole.freeze()));
                }
                if length > MOST_IN_MEMORY
                    && let Some(document) = document.take()
                {
                    let begun = first.as_deref().unwrap_or(&whole).trim_ascii_start();
                    if begun.first().is_none_or(|byte| *byte == b'[') {
                        let begun = first.take().unwrap_or_else(|| whole.split().freeze());
                        return read_long([begun, chunk], response, bound, document).await;
                    }
                    // This is not a page of a list: it is kept whole, so it may be as long as one document.
                    bound = bound.min(document);
                }
                // Most answers arrive in one piece, which is used without a copy.
                match first.take() {
                    None if whole.is_empty() => first = Some(chunk),
                    None => whole.extend_from_slice(&chunk),
                    Some(piece) => {
                        whole.reserve(length.max(64 << 10));
                        whole.extend_from_slice(&piece);
                        whole.extend_from_slice(&chunk);
                    }
                }
            }
            Ok(None) => return Body::Whole(first.unwrap_or_else(|| whole.freeze())),
            Err(error) if error.is_timeout() => return Body::TimedOut,
            Err(error) => return Body::Cut(reason(error)),
        }
    }
}

/// Reads the rest of a long page after its first two pieces.
async fn read_long(
    begun: [Bytes; 2],
    mut response: reqwest::Response,
    bound: usize,
    document: usize,
) -> Body {
    let mut writer = match PageWriter::new(document) {
        Ok(writer) => writer,
        Err(error) => return Body::Long(Err(Arc::new(error))),
    };
    let mut length = 0;
    let mut pieces = begun.into_iter();
    loop {
        let next = match pieces.next() {
            Some(piece) => Ok(Some(piece)),
            None => response.chunk().await,
        };
        match next {
            Ok(Some(chunk)) => {
                length += chunk.len();
                if length > bound {
                    return Body::TooLarge(bound, Bytes::new());
                }
                match writer.push(&chunk) {
                    Ok(()) => {}
                    Err(PageError::Split(SplitError::TooLarge { bound, .. })) => {
                        return Body::TooLarge(bound, writer.begun());
                    }
                    Err(error) => return Body::Long(Err(Arc::new(error))),
                }
            }
            Ok(None) => return Body::Long(writer.finish().map_err(Arc::new)),
            Err(error) if error.is_timeout() => return Body::TimedOut,
            Err(error) => return Body::Cut(reason(error)),
        }
    }
}

/// The texts that libraries put before the cause of an error. They are no help to users.
const WRAPPERS: [&str; 7] = [
    "error sending request: ",
    "client error (SendRequest): ",
    "client error (Connect): ",
    "tcp connect error: ",
    "request or response body error: ",
    "error decoding response body: ",
    "error reading a body from connection: ",
];

/// What happened, down to the last cause, without the URL.
pub(in crate::api) fn reason(error: reqwest::Error) -> String {
    clean(&plain(&crate::model::chain(&error.without_url())), 500)
}

/// The causes of an error, without the texts that libraries put around them.
fn plain(chain: &str) -> String {
    let mut rest = chain;
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| rest.strip_prefix(wrapper)) {
        rest = inner;
    }
    let rest = rest.replace("connection closed before message completed", "the connection was closed");
    match TLS.iter().find(|(part, _)| rest.contains(part)) {
        Some((_, told)) => format!("{told} ({rest})"),
        None => rest,
    }
}

/// Parts of what TLS reports when a connection fails, and what they mean.
const TLS: [(&str, &str); 6] = [
    (
        "certificate: UnknownIssuer",
        "no authority that this machine trusts signed the certificate shown there; behind a gateway that opens TLS, give the \
         gateway's certificate with `--ca FILE`",
    ),
    (
        "CaUsedAsEndEntity",
        "the certificate shown there is self-signed; have an authority sign one, and give the certificate of that authority \
         with `--ca FILE`",
    ),
    ("certificate expired", "the certificate shown there has expired, or the clock of this machine is wrong"),
    (
        "certificate not valid yet",
        "the certificate shown there is not valid yet, or the clock of this machine is wrong",
    ),
    (
        "certificate not valid for name",
        "the certificate shown there is for another host; check the address and the proxy",
    ),
    (
        "InvalidContentType",
        "what answers there does not speak TLS; check the address, its port and the proxy",
    ),
];

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_person_reads_the_cause_and_not_the_layers_around_it() {
        let cases = [
            (
                "error sending request: client error (SendRequest): connection closed before message completed",
                "the connection was closed",
            ),
            (
                "error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)",
                "Connection refused (os error 111)",
            ),
            ("operation timed out", "operation timed out"),
            (
                "error sending request: client error (Connect): received corrupt message of type InvalidContentType",
                "what answers there does not speak TLS; check the address, its port and the proxy (received corrupt message of \
                 type InvalidContentType)",
            ),
        ];
        for (chain, told) in cases {
            assert_eq!(plain(chain), told);
        }
    }
}
