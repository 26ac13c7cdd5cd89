//! File names from what users called their things: safe on every system, and never two alike.
//!
//! The id is always part of the name, so neither equal names nor names that differ by case or by Unicode spelling meet,
//! and a file keeps its name whatever else there is.

use transship_documents::{Fingerprint, Id};

/// How many bytes of a user's name are kept.
const LONGEST: usize = 80;
/// What Windows keeps for devices, with whatever ending.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// `<what is safe of the name>.<id>`.
pub(super) fn safe(name: &str, id: &Id) -> String {
    format!("{}.{}", slug(name), safe_id(id.as_str()))
}

/// An id as it is if it is lower-case hex or the like; else its hash.
fn safe_id(id: &str) -> String {
    let plain =
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if plain { id.to_owned() } else { Fingerprint::of(id.as_bytes()).to_string()[..24].to_owned() }
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.trim().chars() {
        let c = if c.is_alphanumeric() || " -_()[]+,&@=".contains(c) { c } else { '_' };
        if slug.len() + c.len_utf8() > LONGEST {
            break;
        }
        slug.push(c);
    }
    let slug = slug.trim();
    // A leading dash would be an option to the next tool.
    let slug = if slug.starts_with('-') { format!("_{slug}") } else { slug.to_owned() };
    let lower = slug.to_lowercase();
    let numbered = |prefix| lower.strip_prefix(prefix).is_some_and(|rest: &str| rest.chars().count() == 1);
    if slug.is_empty() {
        "unnamed".to_owned()
    } else if RESERVED.contains(&lower.as_str()) || numbered("com") || numbered("lpt") {
        format!("_{slug}")
    } else {
        slug
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_file_name_that_any_system_takes() {
        for (name, file) in [
            ("Orders to ERP", "Orders to ERP.1"),
            ("../../etc/passwd", "______etc_passwd.1"),
            ("C:\\con", "C__con.1"),
            ("con", "_con.1"),
            ("NUL", "_NUL.1"),
            ("Com1", "_Com1.1"),
            ("comet", "comet.1"),
            ("LPT²", "_LPT².1"),
            (".git", "_git.1"),
            ("", "unnamed.1"),
            (" . ", "_.1"),
            ("-rf", "_-rf.1"),
            ("a\u{202e}b\nc\0", "a_b_c_.1"),
            ("größe 注文", "größe 注文.1"),
        ] {
            assert_eq!(safe(name, &Id::from("1")), file, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        for name in ["x".repeat(4000), "é".repeat(2000), "注".repeat(1333)] {
            let file = safe(&name, &Id::from("5f0000000000000000000001"));
            assert!(file.len() <= 80 + 1 + 24 && name.starts_with(file.split('.').next().unwrap()), "{file}");
        }
    }

    #[test]
    fn an_id_that_is_no_id_cannot_be_a_path() {
        for id in ["../x", "A", "a", "", "a b"] {
            let file = safe("n", &Id::from(id));
            assert!(!file.contains('/') && !file.contains(' ') && file.to_lowercase() == file, "{file}");
        }
        assert_ne!(safe("n", &Id::from("A")), safe("n", &Id::from("a")));
    }
}
