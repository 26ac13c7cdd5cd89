//! The service's template language: one reader, with the byte span of everything it reads, and its helpers as data.
//!
//! Promises: a template is read whole or not at all ([`Unreadable`]); what is in a comment, a raw block or behind `\{{`
//! is text; names of helpers, partials and decorators are told from names of fields. Leaves to others: what a path refers
//! to, and rendering. No I/O.
//!
//! ```
//! use transship_documents::handlebars::{self, Backslash};
//!
//! let template = handlebars::read("/orders/{{trim record.id}}", Backslash::Escapes)?;
//! let call = template.tags[0].call.as_ref().unwrap();
//! assert_eq!(&"/orders/{{trim record.id}}"[call.arguments[0].span()], "record.id");
//! # Ok::<(), handlebars::Unreadable>(())
//! ```

mod ast;
mod expression;
pub mod helpers;
mod path_reader;
mod reader;

pub use self::ast::{Call, Expression, Path, Tag, TagKind, Template, Text, Unreadable};
pub use self::reader::{Backslash, read};
