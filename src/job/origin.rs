//! Where the settings of a job come from: from the job, or from the defaults.

use super::keys::JOB;
use super::problem::Report;
use super::spec::{Table, Type};
use super::tree::Node;
use super::{Action, OnExisting, yaml};

/// A setting of a job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// Its key, as `retry.attempts`.
    pub key: String,
    /// Its value, as JSON or as it would be written.
    pub value: String,
    /// Whether the job says so; else it is what holds without the key.
    pub is_in_job: bool,
}

/// The settings of a valid job that have a value without being written, and those of the tables `rate`, `retry` and `stop`.
pub fn settings(text: &str) -> Vec<Setting> {
    let mut report = Report::new("", text);
    let mut settings = Vec::new();
    if let Some(root) = yaml::parse(text, &mut report) {
        collect(Some(&root), &JOB, "", &mut settings);
        let action = root.get("action").and_then(Node::text).unwrap_or_default();
        let on_existing = settings.iter_mut().find(|setting| setting.key == "on_existing");
        if let Some(setting) = on_existing.filter(|setting| !setting.is_in_job)
            && Action::of(action).map(OnExisting::usual) == Some(OnExisting::Update)
        {
            "update".clone_into(&mut setting.value);
        }
    }
    settings
}

fn collect(node: Option<&Node>, table: &'static Table, prefix: &str, settings: &mut Vec<Setting>) {
    for key in table.keys {
        let given = node.and_then(|node| node.get(key.word));
        let name = format!("{prefix}{}", key.word);
        if let (Type::Table(inner), "rate" | "retry" | "stop") = (&key.holds, key.word) {
            collect(given, inner, &format!("{name}."), settings);
            continue;
        }
        let is_setting = key.default.is_some() || !prefix.is_empty();
        match (given, key.default) {
            (Some(given), _) if is_setting => {
                let value = given.written().map_or_else(|| given.json().to_string(), str::to_owned);
                settings.push(Setting { key: name, value, is_in_job: true });
            }
            (None, Some(default)) => {
                settings.push(Setting { key: name, value: default.to_owned(), is_in_job: false });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_job_says_comes_before_what_holds_without_it() {
        let settings =
            settings("version: 1\nname: x\nretry: { attempts: 3 }\nverify: none\nstop: { failures: 5% }\n");
        let found = |key: &str| {
            let setting = settings.iter().find(|setting| setting.key == key);
            setting.map(|setting| (setting.value.as_str(), setting.is_in_job))
        };
        assert_eq!(found("retry.attempts"), Some(("3", true)));
        assert_eq!(found("retry.base"), Some(("500ms", false)));
        assert_eq!(found("verify"), Some(("none", true)));
        assert_eq!(found("on_existing"), Some(("skip", false)));
        assert_eq!(found("stop.failures"), Some(("5%", true)));
        assert_eq!((found("name"), found("accounts")), (None, None), "these are no settings");
    }

    #[test]
    fn what_is_put_back_or_applied_is_updated_unless_the_job_says_otherwise() {
        let on_existing = |text: &str| {
            settings(text)
                .into_iter()
                .find(|setting| setting.key == "on_existing")
                .map(|setting| setting.value)
        };
        assert_eq!(on_existing("action: apply\n").as_deref(), Some("update"));
        assert_eq!(on_existing("action: restore\non_existing: fail\n").as_deref(), Some("fail"));
        assert_eq!(on_existing("action: migrate\n").as_deref(), Some("skip"));
    }
}
