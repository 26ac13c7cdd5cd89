//! Notifies of how a run ended: calls an address, writes a file of metrics.

use std::fmt::Write as _;

use super::Host;
use crate::api::ping;
use crate::job::Job;
use crate::run_folder::Summary;

/// The beginning of our metrics file.
const OWN: &str = "# HELP transship_";

/// How the run of one account ended.
#[derive(Debug)]
pub struct End<'a> {
    /// The account that the message is about.
    pub account: &'a str,
    /// Whether everything went as planned.
    pub good: bool,
    /// Its counts, if there are any.
    pub summary: Option<&'a Summary>,
}

/// Sends the notifications. Returns messages about failed ones; a failure changes nothing else.
///
/// # Cancel safety
///
/// Dropping the future may leave an address called or not.
pub async fn tell(host: &Host, job: &Job, ends: &[End<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    if job.notify.is_empty() {
        return notes;
    }
    let good = ends.iter().all(|end| end.good);
    if let Some(path) = &job.notify.prometheus {
        let text = metrics(&job.name, job.action.as_str(), ends, host.clock.now());
        // A slip in the job must not cost a file that is something else.
        let is_other =
            std::fs::read(path).is_ok_and(|old| !old.is_empty() && !old.starts_with(OWN.as_bytes()));
        if is_other {
            let path = path.display();
            notes.push(format!(
                "warning: {path} is not a file of metrics and is left alone: mend `notify.prometheus`"
            ));
        } else if let Err(error) = write(path, &text) {
            notes.push(format!("warning: cannot write the metrics to {}: {error}", path.display()));
        }
    }
    let (url, which) =
        if good { (&job.notify.success, "notify.success") } else { (&job.notify.failure, "notify.failure") };
    if let Some(url) = url
        && let Err(why) = ping(url, &host.http).await
    {
        notes.push(format!("warning: the address of `{which}` could not be notified: {why}"));
    }
    notes
}

/// Writes a file that others may read, whole or not at all.
fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut aside = tempfile::Builder::new()
        .permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644))
        .tempfile_in(folder.unwrap_or(std::path::Path::new(".")))?;
    aside.write_all(text.as_bytes())?;
    aside.as_file().sync_all()?;
    aside.persist(path).map(drop).map_err(|error| error.error)
}

/// The metrics of a run, as Prometheus reads them.
fn metrics(job: &str, action: &str, ends: &[End<'_>], now: jiff::Timestamp) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, each: &dyn Fn(&End<'_>) -> Vec<(String, f64)>| {
        // A text cannot refuse to be written to.
        let _ = writeln!(text, "# HELP transship_{name} {help}\n# TYPE transship_{name} gauge");
        for end in ends {
            let labels =
                format!("job=\"{}\",action=\"{action}\",account=\"{}\"", label(job), label(end.account));
            for (more, value) in each(end) {
                let _ = writeln!(text, "transship_{name}{{{labels}{more}}} {value}");
            }
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    #[expect(clippy::cast_precision_loss, reason = "seconds and counts are far below 2^52")]
    {
        family("run_success", "Whether the last run went as planned.", &|end| {
            one(f64::from(u8::from(end.good)))
        });
        family("run_timestamp_seconds", "When the last run ended.", &|_| one(now.as_second() as f64));
        family("run_duration_seconds", "How long the last run was at work.", &|end| {
            end.summary.map(|summary| one(summary.seconds)).unwrap_or_default()
        });
        family("run_calls", "Calls the last run sent to the service.", &|end| {
            end.summary.map(|summary| one(summary.total_calls as f64)).unwrap_or_default()
        });
    }
    family("run_imports", "Imports of the last run by outcome.", &|end| {
        let outcomes = end.summary.map(|summary| summary.outcomes.iter());
        let each = outcomes.into_iter().flatten();
        each.map(|(outcome, count)| (format!(",outcome=\"{outcome}\""), f64::from(*count))).collect()
    });
    text
}

/// Escapes a text for the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_say_whether_each_account_is_good_and_how_many_imports_it_has() {
        let mut summary = Summary { seconds: 1.5, total_calls: 12, ..Summary::default() };
        summary.outcomes.insert("archived".to_owned(), 10);
        let ends = [
            End { account: "us", good: true, summary: Some(&summary) },
            End { account: "e\"u", good: false, summary: None },
        ];
        let text = metrics("nightly", "backup", &ends, "2026-01-01T00:00:00Z".parse().unwrap());
        for line in [
            r#"transship_run_success{job="nightly",action="backup",account="us"} 1"#,
            r#"transship_run_success{job="nightly",action="backup",account="e\"u"} 0"#,
            r#"transship_run_timestamp_seconds{job="nightly",action="backup",account="us"} 1767225600"#,
            r#"transship_run_imports{job="nightly",action="backup",account="us",outcome="archived"} 10"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
