//! Notes about a value that a job puts in place of another: a different type, or a number in an unusual spelling.

use serde_json::Value;

use super::Fill;
use crate::place::push_key;
use crate::problem::{Problem, Problems};
use crate::shortened::shortened;

impl Fill {
    /// The numbers in it that are written otherwise than they are spelled, each with its way.
    pub(crate) fn spellings(&self) -> Problems {
        let below = |key: &str, fill: &Self| -> Problems {
            fill.spellings().into_iter().map(|problem| problem.under(key)).collect()
        };
        match self {
            Self::Written(number) => {
                let doubt = number.doubt().map(|(message, help)| Problem::new(message).help(help));
                doubt.into_iter().collect()
            }
            Self::List(fills) => {
                fills.iter().enumerate().flat_map(|(index, fill)| below(&index.to_string(), fill)).collect()
            }
            Self::Object(fills) => fills.iter().flat_map(|(key, fill)| below(key, fill)).collect(),
            _ => Vec::new(),
        }
    }

    /// Says where a text became of what was of another type: what it was filled in with cannot be read as that. And where
    /// a number, or true or false, of the job replaces a text.
    pub fn other_types(&self, there: Option<&Value>, made: &Value, at: &str, said: &mut Vec<String>) {
        match (self, there) {
            (Self::Text(_) | Self::Whole(_), Some(there)) => {
                let was = match there {
                    Value::Number(_) => "a number",
                    Value::Bool(_) => "true or false",
                    Value::Array(_) => "a list",
                    Value::Object(_) => "an object",
                    Value::Null | Value::String(_) => return,
                };
                if let Value::String(text) = made {
                    said.push(format!(
                        "{at}: was {was} and becomes the text `{}`, which cannot be read as {was}",
                        shortened(text, 60)
                    ));
                }
            }
            (Self::Literal(_), Some(there)) => texts_replaced(there, made, at, said),
            (Self::List(fills), Some(there)) => {
                for (index, (fill, made)) in
                    fills.iter().zip(made.as_array().into_iter().flatten()).enumerate()
                {
                    fill.other_types(there.get(index), made, &format!("{at}/{index}"), said);
                }
            }
            (Self::Object(fills), Some(there)) => {
                for (key, fill) in fills {
                    let mut inside = at.to_owned();
                    push_key(&mut inside, key);
                    if let Some(made) = made.get(key) {
                        fill.other_types(there.get(key), made, &inside, said);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Says where a number, or true or false, stands now where a text stood.
fn texts_replaced(there: &Value, made: &Value, at: &str, said: &mut Vec<String>) {
    match (there, made) {
        (Value::String(_), Value::Number(_) | Value::Bool(_)) => {
            let what = if made.is_number() { "the number " } else { "" };
            said.push(format!(
                "{at}: was a text and becomes {what}`{}`: put it into quotes to keep it a text",
                shortened(&made.to_string(), 60)
            ));
        }
        (Value::Array(there), Value::Array(made)) => {
            for (index, (there, made)) in there.iter().zip(made).enumerate() {
                texts_replaced(there, made, &format!("{at}/{index}"), said);
            }
        }
        (Value::Object(there), Value::Object(made)) => {
            for (key, made) in made {
                let mut inside = at.to_owned();
                push_key(&mut inside, key);
                if let Some(there) = there.get(key) {
                    texts_replaced(there, made, &inside, said);
                }
            }
        }
        _ => {}
    }
}
