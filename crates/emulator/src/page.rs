//! List pages: what the query asks for, and the `Link` to the next page.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::behaviour::{Behaviour, LinkForm};
use super::reply::Failure;
use super::store::{Entry, From, INSTANCE, Id, Kind};

/// What a list call asks for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) from: From,
    pub(super) limit: usize,
    pub(super) projection: Option<Projection>,
    pairs: Vec<(String, String)>,
}

const BOTH: &str = "Please provide either include or exclude param in the request query and not both.";
const CHARACTERS: &str =
    "Please provide only letters, digits, dots, underscores and commas in include or exclude.";

impl Query {
    /// Reads the part of the URL after `?`.
    pub(super) fn parse(raw: &str, behaviour: &Behaviour) -> Result<Self, Failure> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        let find = |key: &str| pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1.as_str());
        if pairs.iter().any(|pair| pair.0 == "include[]" || pair.0 == "exclude[]") {
            return Err(Failure::Refused(
                axum::http::StatusCode::INTERNAL_SERVER_ERROR,
                vec![super::rules::Problem::of_request("unexpected_error", "fields.split is not a function")],
            ));
        }
        let number = |key: &str| find(key).and_then(|text| text.parse::<usize>().ok());
        let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(behaviour.page_size);
        let from = match find("after").map(|cursor| u64::from_str_radix(cursor, 16)) {
            Some(Ok(cursor)) => From::Place(cursor ^ CURSOR_MASK),
            Some(Err(_)) => return Err(Failure::query("Please provide a valid after cursor.")),
            None => From::Skip(number("skip").unwrap_or(0)),
        };
        let projection = Projection::parse(find("include"), find("exclude"))?;
        Ok(Self { from, limit: limit.min(behaviour.page_cap.max(1)), projection, pairs })
    }

    /// Whether the filters of the query accept a document.
    pub(super) fn accepts(&self, kind: Kind, entry: &Entry, behaviour: &Behaviour) -> bool {
        let mut asks_for_adaptor = false;
        let accepted = self.pairs.iter().all(|(key, value)| match key.as_str() {
            "adaptorType" => {
                asks_for_adaptor = true;
                *entry.tag == **value
            }
            "type" if kind == Kind::Connections => *entry.tag == **value,
            "_connectionId" => entry.connection.is_some() && entry.connection == Id::parse(value),
            "_integrationId" => entry.integration.is_some() && entry.integration == Id::parse(value),
            "name" => *entry.name == **value,
            _ => true,
        });
        let agent = matches!(&*entry.tag, "AiAgentImport" | "GuardrailImport" | "ToolImport");
        let instances = || self.pairs.iter().any(|(key, value)| key == "includeInstances" && value == "true");
        let hidden_instance = kind == Kind::Flows && &*entry.tag == INSTANCE && !instances();
        accepted && !hidden_instance && (behaviour.list_agents || asks_for_adaptor || !agent)
    }

    /// The `Link` header: where the next page is, if there is `more`, and the one before.
    pub(super) fn link(
        &self,
        (origin, path): (&str, &str),
        form: LinkForm,
        more: bool,
        last: Option<u64>,
    ) -> Option<String> {
        let url = |key: &str, value: &str| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair(key, value).append_pair("limit", &self.limit.to_string());
            for (key, value) in &self.pairs {
                if !matches!(key.as_str(), "skip" | "limit" | "after") {
                    query.append_pair(key, value);
                }
            }
            format!("{origin}{path}?{}", query.finish())
        };
        if let (LinkForm::Skip, From::Skip(skip)) = (form, self.from) {
            let next = more.then(|| url("skip", &(skip + self.limit).to_string()));
            let before = (skip > 0).then(|| url("skip", &skip.saturating_sub(self.limit).to_string()));
            let links = [(next, "next"), (before, "prev")];
            let links = links.into_iter().filter_map(|(url, rel)| Some(format!("<{}>; rel=\"{rel}\"", url?)));
            return Some(links.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
        }
        let last = last.filter(|_| more)?;
        Some(format!("<{}>; rel=next", url("after", &format!("{:016x}", last ^ CURSOR_MASK))))
    }
}

/// Makes cursors look like what they are to a client: nothing to count with.
const CURSOR_MASK: u64 = 0x5bd1_e995_7b9c_d3f1;

/// Fields that are answered whatever is asked for.
const IDENTITY: [&str; 3] = ["_id", "name", "adaptorType"];

/// Which fields of a record are answered.
#[derive(Debug, Clone)]
pub(super) enum Projection {
    /// These, besides the [`IDENTITY`].
    Include(Vec<String>),
    /// All but these.
    Exclude(Vec<String>),
}

impl Projection {
    fn parse(include: Option<&str>, exclude: Option<&str>) -> Result<Option<Self>, Failure> {
        let include = include.filter(|text| !text.is_empty());
        let exclude = exclude.filter(|text| !text.is_empty());
        let allowed =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._,".contains(&byte));
        let fields = |text: &str| -> Result<Vec<String>, Failure> {
            if !allowed(text) {
                return Err(Failure::query(CHARACTERS));
            }
            Ok(text.split(',').filter(|field| !field.is_empty()).map(ToOwned::to_owned).collect())
        };
        match (include, exclude) {
            (Some(_), Some(_)) => Err(Failure::query(BOTH)),
            (Some(include), None) => Ok(Some(Self::Include(fields(include)?))),
            (None, Some(exclude)) => Ok(Some(Self::Exclude(fields(exclude)?))),
            (None, None) => Ok(None),
        }
    }

    /// Writes the part of a record that is asked for. Only fields that it takes apart are parsed: a list has very many records.
    pub(super) fn write(&self, record: &[u8], out: &mut Vec<u8>) -> serde_json::Result<()> {
        let Fields(fields) = serde_json::from_slice(record)?;
        out.push(b'{');
        let begin = out.len();
        for (key, text) in fields {
            let Some(text) = self.part(&key, text)? else { continue };
            if out.len() > begin {
                out.push(b',');
            }
            serde_json::to_writer(&mut *out, &key)?;
            out.push(b':');
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'}');
        Ok(())
    }

    /// What of a field is asked for.
    fn part<'t>(&self, key: &str, text: &'t RawValue) -> serde_json::Result<Option<Cow<'t, str>>> {
        let below = |path: &'_ String| Some(path.strip_prefix(key)?.strip_prefix('.')?.to_owned());
        let (paths, keeps) = match self {
            Self::Include(paths) => (paths, true),
            Self::Exclude(paths) => (paths, false),
        };
        let is_named = paths.iter().any(|path| path == key) || keeps && IDENTITY.contains(&key);
        if is_named {
            return Ok(keeps.then_some(Cow::Borrowed(text.get())));
        }
        let below: Vec<String> = paths.iter().filter_map(below).collect();
        let has_parts = text.get().starts_with(['{', '[']);
        if below.is_empty() || !has_parts {
            return Ok((!keeps).then_some(Cow::Borrowed(text.get())));
        }
        let mut value: Value = serde_json::from_str(text.get())?;
        if keeps {
            value = keep(&value, &below.iter().map(String::as_str).collect::<Vec<_>>());
        } else {
            below.iter().for_each(|path| remove(&mut value, path));
        }
        serde_json::to_string(&value).map(|text| Some(Cow::Owned(text)))
    }
}

/// The fields of a record in their order, each as it is written.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

fn remove(value: &mut Value, path: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, path)),
        Value::Object(map) => match path.split_once('.') {
            None => drop(map.shift_remove(path)),
            Some((key, rest)) => {
                if let Some(inner) = map.get_mut(key) {
                    remove(inner, rest);
                }
            }
        },
        _ => {}
    }
}

fn keep(value: &Value, paths: &[&str]) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| keep(item, paths)).collect()),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, inner) in map {
                if paths.contains(&key.as_str()) {
                    kept.insert(key.clone(), inner.clone());
                    continue;
                }
                let below: Vec<&str> = paths
                    .iter()
                    .filter_map(|path| path.strip_prefix(key.as_str())?.strip_prefix('.'))
                    .collect();
                if !below.is_empty() && (inner.is_object() || inner.is_array()) {
                    kept.insert(key.clone(), keep(inner, &below));
                }
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(raw, &Behaviour::default()).unwrap_or_else(|failure| panic!("{raw}: {failure:?}"))
    }

    fn written(projection: &Projection, record: &str) -> String {
        let mut out = Vec::new();
        projection.write(record.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn include_keeps_the_identity_and_the_named_paths_in_the_records_order() {
        let record = json!({"_id": "1", "http": {"method": ["GET"], "body": [1]}, "name": "a", "z": 1,
            "rows": [{"a": 1, "b": 2}, {"b": 3}]});
        let Some(projection) = query("include=http.method,rows.a,nothing").projection else { panic!() };
        let expected = json!({"_id": "1", "http": {"method": ["GET"]}, "name": "a", "rows": [{"a": 1}, {}]});
        assert_eq!(written(&projection, &record.to_string()), expected.to_string());
    }

    #[test]
    fn exclude_removes_the_named_paths() {
        let Some(projection) = query("exclude=mockResponse,http.body").projection else { panic!() };
        let record = json!({"_id": "1", "mockResponse": [], "http": {"body": 1, "method": 2}});
        let left = json!({"_id": "1", "http": {"method": 2}});
        assert_eq!(written(&projection, &record.to_string()), left.to_string());
    }

    #[test]
    fn what_is_answered_is_written_as_it_is_stored() {
        let record = r#"{"_id":"1","a\"b":1.50,"c":"\u00e9","d":{"e":2e0}}"#;
        let Some(projection) = query("exclude=none").projection else { panic!() };
        assert_eq!(written(&projection, record), record);
        let Some(projection) = query("include=c,d").projection else { panic!() };
        assert_eq!(written(&projection, record), r#"{"_id":"1","c":"\u00e9","d":{"e":2e0}}"#);
        assert!(projection.write(b"[]", &mut Vec::new()).is_err());
    }

    #[test]
    fn both_or_odd_characters_are_refused_and_empty_is_ignored() {
        let refused = |raw: &str| matches!(Query::parse(raw, &Behaviour::default()), Err(Failure::Refused(status, _)) if status == 400);
        assert!(refused("include=a&exclude=b"));
        assert!(refused("include=a-b"));
        assert!(query("include=").projection.is_none());
        assert!(query("include=&exclude=a").projection.is_some());
    }

    #[test]
    fn the_documented_link_has_quotes_and_both_neighbours() {
        let page = query("limit=10&skip=10&name=a%20b");
        let link = page.link(("http://h", "/v1/imports"), LinkForm::Skip, true, Some(7)).unwrap();
        assert_eq!(
            link,
            "<http://h/v1/imports?skip=20&limit=10&name=a+b>; rel=\"next\", \
             <http://h/v1/imports?skip=0&limit=10&name=a+b>; rel=\"prev\""
        );
        assert!(query("").link(("", ""), LinkForm::Skip, false, Some(7)).is_none());
    }

    #[test]
    fn the_cursor_of_the_other_form_leads_back_to_its_place() {
        let link = query("limit=5").link(("", "/v1/imports"), LinkForm::After, true, Some(7)).unwrap();
        let (url, rel) = link.split_once(">; ").unwrap();
        assert_eq!(rel, "rel=next");
        let next = query(url.split_once('?').unwrap().1);
        assert!(matches!(next.from, From::Place(7)), "{next:?}");
        assert_eq!(next.limit, 5);
    }

    #[test]
    fn a_limit_above_the_cap_is_lowered_and_none_is_the_default() {
        assert_eq!(query("limit=5000").limit, 1000);
        assert_eq!(query("limit=0").limit, 100);
        assert_eq!(query("").limit, 100);
    }
}
