//! Charts as inline SVG, drawn by hand: bars, a line, an axis. Colours come from the page's style.

use std::fmt::{self, Write};
use std::time::Duration;

use super::escape::Text;
use super::samples::{Series, nice};
use crate::report::text::{number, span};

/// A short time, to the millisecond.
pub(super) fn moment(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { span(time) }
}

/// So many a second, as exact as a person wants it.
pub(super) fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        "any number of".to_owned()
    } else if per_second < 10.0 {
        format!("{per_second:.1}")
    } else {
        whole(per_second)
    }
}

/// Bars of the chart of durations, about.
const DURATION_BINS: i64 = 24;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

/// Items begun (bars) and finished (line) a second, and the calls a second that are allowed (dashed).
pub(super) fn throughput(series: &Series, allowed: f64) -> String {
    let per_second = |counts: &[u32]| -> Vec<f64> {
        counts.iter().map(|count| f64::from(*count) * 1000.0 / millis(series.bin)).collect()
    };
    let (began, ended) = (per_second(&series.began), per_second(&series.ended));
    // A limit far above what was needed would flatten the bars: it is said in words only.
    let highest = began.iter().chain(&ended).copied().fold(0.0, f64::max);
    let shown = allowed.is_finite() && allowed <= highest * 4.0;
    let top = ceiling(if shown { highest.max(allowed) } else { highest });
    let mut svg = Svg::new("Imports begun and finished a second, over time", top);
    svg.bars(&began, top, "bar");
    svg.line(&ended, top);
    if shown {
        svg.limit(allowed, top);
    }
    svg.time_axis(series);
    svg.done()
}

/// Attempts beyond the first, over time.
pub(super) fn repeats(series: &Series) -> String {
    let again: Vec<f64> = series.again.iter().map(|count| f64::from(*count)).collect();
    let top = whole_ceiling(&again);
    let mut svg = Svg::new("Calls sent again, over time", top);
    svg.bars(&again, top, "bar warn");
    svg.time_axis(series);
    svg.done()
}

/// How many items took how many milliseconds. The slowest two of a hundred share the last bar, so that they do not squeeze the others.
pub(super) fn durations(sorted: &[u64]) -> String {
    let most = i64::try_from(percentile(sorted, 98)).unwrap_or(i64::MAX);
    let bin = nice(most / DURATION_BINS + 1);
    let last = usize::try_from(most / bin).unwrap_or(0) + 1;
    let mut counts = vec![0_u32; last + 1];
    for millis in sorted {
        let at = i64::try_from(*millis).unwrap_or(i64::MAX) / bin;
        counts[usize::try_from(at).unwrap_or(last).min(last)] += 1;
    }
    let values: Vec<f64> = counts.iter().map(|count| f64::from(*count)).collect();
    let top = whole_ceiling(&values);
    let mut svg = Svg::new("Imports by the time they took", top);
    svg.bars(&values, top, "bar");
    svg.ticks(bin, last);
    svg.label(WIDTH - RIGHT, "end", "more");
    svg.done()
}

/// The value that so many of a hundred are below.
pub(super) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

/// Shares of a whole as one bar: `(css class, word, count)`.
pub(super) fn shares(parts: &[(&str, &str, u32)]) -> String {
    let whole: u32 = parts.iter().map(|(_, _, count)| count).sum();
    let mut svg = String::from(
        "<svg class=\"shares\" viewBox=\"0 0 1000 18\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Outcomes\">",
    );
    let mut at = 0.0;
    for (class, word, count) in parts.iter().filter(|(_, _, count)| *count > 0) {
        let wide = 1000.0 * f64::from(*count) / f64::from(whole.max(1));
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{at:.2}\" y=\"0\" width=\"{wide:.2}\" height=\"18\"><title>{}: {}</title></rect>",
            Text(word),
            number(*count)
        );
        at += wide;
    }
    svg.push_str("</svg>");
    svg
}

struct Svg(String);

impl Svg {
    fn new(title: &str, top: f64) -> Self {
        let mut svg = Self(format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>",
            Text(title)
        ));
        for share in [0.0, 0.5, 1.0] {
            let y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
            svg.add(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                WIDTH - RIGHT
            ));
            let value = top * share;
            let value =
                if value < 10.0 && value.fract() > 0.0 { format!("{value:.1}") } else { whole(value) };
            svg.add(format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                LEFT - 6.0,
                y + 4.0
            ));
        }
        svg
    }

    fn add(&mut self, text: fmt::Arguments<'_>) {
        let _ = self.0.write_fmt(text);
    }

    fn bars(&mut self, values: &[f64], top: f64, class: &str) {
        let step = (WIDTH - LEFT - RIGHT) / float(values.len());
        // A thin gap, so that neighbours can be told apart.
        let gap = (step * 0.15).min(3.0);
        for (index, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let high = ((HEIGHT - BOTTOM - TOP) * value / top).max(1.0);
            self.add(format_args!(
                "<rect class=\"{class}\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{high:.2}\"/>",
                LEFT + step * float(index) + gap / 2.0,
                HEIGHT - BOTTOM - high,
                step - gap
            ));
        }
    }

    fn line(&mut self, values: &[f64], top: f64) {
        let step = (WIDTH - LEFT - RIGHT) / float(values.len());
        self.add(format_args!("<polyline class=\"line\" points=\""));
        for (index, value) in values.iter().enumerate() {
            let x = LEFT + step * (float(index) + 0.5);
            let y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
            self.add(format_args!("{x:.1},{y:.1} "));
        }
        self.add(format_args!("\"/>"));
    }

    fn limit(&mut self, value: f64, top: f64) {
        let y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
        self.add(format_args!(
            "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"><title>allowed: {} calls a second</title></line>",
            WIDTH - RIGHT,
            rate(value)
        ));
    }

    fn time_axis(&mut self, series: &Series) {
        let bins = series.began.len();
        let step = (WIDTH - LEFT - RIGHT) / float(bins);
        self.ticks(series.bin, bins);
        for (index, pause) in &series.pauses {
            let x = LEFT + step * (float(*index) + 0.5);
            self.add(format_args!(
                "<line class=\"pause\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{}\"><title>a pause of {} is left out here</title></line>",
                HEIGHT - BOTTOM,
                span(*pause)
            ));
        }
    }

    /// Labels under the edges of bars that are `bin` milliseconds wide; the last fifth stays free.
    fn ticks(&mut self, bin: i64, bins: usize) {
        let step = (WIDTH - LEFT - RIGHT) / float(bins.max(1));
        let every = bins.div_ceil(5).max(1);
        for index in (0..bins).step_by(every).filter(|index| index * 8 <= bins * 7) {
            let at =
                Duration::from_millis(u64::try_from(bin).unwrap_or(0)) * u32::try_from(index).unwrap_or(0);
            let (anchor, label) = if index == 0 { ("start", "0".to_owned()) } else { ("middle", moment(at)) };
            self.label(LEFT + step * float(index), anchor, &label);
        }
    }

    fn label(&mut self, x: f64, anchor: &str, text: &str) {
        let y = HEIGHT - 10.0;
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", Text(text)));
    }

    fn done(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }
}

/// The next round number above, so that the axis reads well.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    // Not by a logarithm: its last digit is not the same on every machine, and pages are compared byte by byte.
    let mut power = 1e-6;
    while power * 10.0 <= value {
        power *= 10.0;
    }
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value)
        .unwrap_or(value)
}

/// The same for counts: an axis with a whole number at its middle.
fn whole_ceiling(values: &[f64]) -> f64 {
    ceiling(values.iter().copied().fold(0.0, f64::max)).max(2.0)
}

fn whole(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "values of an axis are not negative"
    )]
    number(value.round() as u64)
}

fn float(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bars of a chart are few")]
    {
        count as f64
    }
}

fn millis(span: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are far below 2^52")]
    {
        span as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, wanted) in [(0.0, 1.0), (0.3, 0.4), (1.0, 1.0), (271.0, 400.0), (999.0, 1000.0)] {
            assert!((ceiling(value) - wanted).abs() < 1e-9, "{value} -> {}", ceiling(value));
        }
    }

    #[test]
    fn every_duration_has_its_bar() {
        let mut sorted: Vec<u64> = (100..200).collect();
        sorted.push(2 * 3_600_000);
        let svg = durations(&sorted);
        assert_eq!(svg.matches("class=\"bar\"").count(), 11, "{svg}");
        assert!(svg.contains(">more<") && svg.contains(">120 ms<"), "{svg}");
        assert_eq!(percentile(&sorted, 50), 150);
        assert!(!durations(&[]).contains("NaN"));
        assert_eq!(percentile(&[], 95), 0);
    }
}
