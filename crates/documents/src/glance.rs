//! The few fields of a head, off a text that was found to be JSON: nothing in it is checked again.
//!
//! A list holds each import once, and its head is looked at several times on the way; what is between the few fields that
//! count is stepped over.

use crate::specials::before_special;

/// Reads the fields. `None` where anything is not as in nearly all documents: escapes in a key, a field twice or of another
/// type, no object. Such a text is for a parser.
pub(crate) fn fields(text: &str) -> Option<Fields> {
    let mut glance = Glance { text, at: 0 };
    let mut found = Fields::default();
    glance.expect(b'{')?;
    if glance.next()? == b'}' {
        return None;
    }
    loop {
        glance.expect(b'"')?;
        let key = glance.text_inside()?.plain()?;
        glance.expect(b':')?;
        match found.place(key) {
            Some(place) => {
                if *place != Field::Absent {
                    return None;
                }
                *place = glance.text_or_null()?;
            }
            None => glance.skip()?,
        }
        match glance.next()? {
            b',' => glance.at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    glance.at += 1;
    if glance.next().is_some() {
        return None;
    }
    Some(found)
}

/// The members of an object's text in order, with keys and values as written. `None` if a key has an escape or is
/// duplicated, or if the text is not an object.
pub(crate) fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut members: Vec<(&str, &str)> = Vec::with_capacity(16);
    let mut walk = Members::of(text)?;
    while let Some(member) = walk.current {
        members.push((member.key, member.value));
        walk.step()?;
    }
    (!names_one_twice(members.iter().map(|(key, _)| *key))).then_some(members)
}

/// A member as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Member<'t> {
    /// The whole of it.
    pub text: &'t str,
    pub key: &'t str,
    pub value: &'t str,
}

/// A walk over the members of an object's text.
pub(crate) struct Members<'t> {
    glance: Glance<'t>,
    is_over: bool,
    /// The member it stands at; `None` behind the last.
    pub current: Option<Member<'t>>,
}

impl<'t> Members<'t> {
    /// Starts at the first member. `None` if it is not an object, and as for [`Self::step`].
    pub(crate) fn of(text: &'t str) -> Option<Self> {
        let mut glance = Glance { text, at: 0 };
        glance.expect(b'{')?;
        let is_over = glance.next()? == b'}';
        let mut walk = Self { glance, is_over, current: None };
        if is_over {
            walk.end()?;
        } else {
            walk.step()?;
        }
        Some(walk)
    }

    /// Goes on to the next member. `None` where its key has an escape in it, or there is anything behind the object.
    pub(crate) fn step(&mut self) -> Option<()> {
        self.current = None;
        if self.is_over {
            return Some(());
        }
        let glance = &mut self.glance;
        let text = glance.text;
        glance.next()?;
        let from = glance.at;
        glance.expect(b'"')?;
        let key = glance.text_inside()?.plain()?;
        glance.expect(b':')?;
        glance.next()?;
        let value = glance.at;
        glance.skip()?;
        self.current =
            Some(Member { text: text.get(from..glance.at)?, key, value: text.get(value..glance.at)? });
        match glance.next()? {
            b',' => glance.at += 1,
            b'}' => self.end()?,
            _ => return None,
        }
        Some(())
    }

    /// Steps behind the closing brace.
    fn end(&mut self) -> Option<()> {
        self.is_over = true;
        self.glance.at += 1;
        self.glance.next().is_none().then_some(())
    }
}

/// Whether a key stands twice among some.
pub(crate) fn names_one_twice<'k>(keys: impl ExactSizeIterator<Item = &'k str> + Clone) -> bool {
    /// So many keys are quicker held against each other than sorted.
    const FEW: usize = 12;
    if keys.len() <= FEW {
        let mut behind = keys.clone();
        return keys.into_iter().any(|key| {
            behind.next();
            behind.clone().any(|other| other == key)
        });
    }
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    keys.windows(2).any(|two| two[0] == two[1])
}

/// What stands at a key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Field {
    /// The key is not there.
    #[default]
    Absent,
    Null,
    Text(String),
}

impl Field {
    /// The text, where it is one.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Null => None,
        }
    }
}

/// The fields of a head.
#[derive(Default)]
pub(crate) struct Fields {
    pub id: Field,
    pub name: Field,
    pub adaptor_type: Field,
    pub connection: Field,
    pub integration: Field,
    pub connector: Field,
    pub cloned_from: Field,
    pub external_id: Field,
    pub created_at: Field,
    pub last_modified: Field,
}

impl Fields {
    /// Takes a member of a head, as it is written; any other means nothing. `None` where it is out of the ordinary.
    pub(crate) fn take(&mut self, key: &str, value: &str) -> Option<()> {
        let Some(place) = self.place(key) else { return Some(()) };
        if *place != Field::Absent {
            return None;
        }
        *place = Glance { text: value, at: 0 }.text_or_null()?;
        Some(())
    }

    fn place(&mut self, key: &str) -> Option<&mut Field> {
        Some(match key {
            "_id" => &mut self.id,
            "name" => &mut self.name,
            "adaptorType" => &mut self.adaptor_type,
            "_connectionId" => &mut self.connection,
            "_integrationId" => &mut self.integration,
            "_connectorId" => &mut self.connector,
            "_sourceId" => &mut self.cloned_from,
            "externalId" => &mut self.external_id,
            "createdAt" => &mut self.created_at,
            "lastModified" => &mut self.last_modified,
            _ => return None,
        })
    }
}

/// A text in quotes, as it is written.
struct Quoted<'t> {
    inside: &'t str,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    fn plain(self) -> Option<&'t str> {
        (!self.escaped).then_some(self.inside)
    }
}

/// A place in a text that is JSON.
struct Glance<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Glance<'t> {
    /// The next byte that is not a blank.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// What stands before the closing quote; the opening one is behind.
    fn text_inside(&mut self) -> Option<Quoted<'t>> {
        let (bytes, from, mut escaped) = (self.text.as_bytes(), self.at, false);
        while self.behind_quote(bytes)? {
            escaped = true;
        }
        Some(Quoted { inside: self.text.get(from..self.at - 1)?, escaped })
    }

    /// Moves past the next quote, or past an escape before it. Returns which it was.
    #[inline]
    fn behind_quote(&mut self, bytes: &[u8]) -> Option<bool> {
        self.at += before_special(bytes.get(self.at..)?)?;
        let is_escape = match bytes[self.at] {
            b'"' => false,
            b'\\' => true,
            _ => return None,
        };
        self.at += 1 + usize::from(is_escape);
        Some(is_escape)
    }

    fn text_or_null(&mut self) -> Option<Field> {
        match self.next()? {
            b'"' => {
                let from = self.at;
                self.at += 1;
                let quoted = self.text_inside()?;
                if quoted.escaped {
                    return serde_json::from_str(self.text.get(from..self.at)?).ok().map(Field::Text);
                }
                Some(Field::Text(quoted.inside.to_owned()))
            }
            b'n' => {
                self.at += "null".len();
                Some(Field::Null)
            }
            _ => None,
        }
    }

    /// Steps over a value.
    fn skip(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => {
                self.at += 1;
                while self.behind_quote(self.text.as_bytes())? {}
                Some(())
            }
            b'{' | b'[' => self.skip_nested(),
            _ => {
                let rest = self.text.as_bytes().get(self.at..)?;
                self.at += rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))?;
                Some(())
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => while self.behind_quote(bytes)? {},
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => {}
            }
        }
    }
}
