//! What was measured, in the program and in files.

use std::fmt::Write;

/// The rounds of one contender at one point.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) what: String,
    pub(crate) point: String,
    pub(crate) contender: String,
    pub(crate) unit: String,
    pub(crate) rounds: Vec<f64>,
}

impl Sample {
    pub(crate) fn new(what: &str, point: &str, contender: &str, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            point: point.to_owned(),
            contender: contender.to_owned(),
            unit: unit.to_owned(),
            rounds: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, figure: f64) {
        self.rounds.push(figure);
    }

    /// The median round.
    pub(crate) fn median(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// The lowest and the highest round.
    pub(crate) fn range(&self) -> (f64, f64) {
        let low = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }

    /// Each round beside another's same round.
    pub(crate) fn beside(&self, other: &Self, compare: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Self {
            rounds: pairs.map(|(&one, &other)| compare(one, other)).collect(),
            ..self.clone()
        }
    }
}

/// The median; the mean of the middle two of an even number. Not a number where there is none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => figures[odd / 2],
        even => f64::midpoint(figures[even / 2 - 1], figures[even / 2]),
    }
}

/// A line for each.
pub(crate) fn write(samples: &[Sample]) -> String {
    let mut text = String::new();
    for sample in samples {
        let rounds: Vec<String> = sample.rounds.iter().map(f64::to_string).collect();
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}",
            sample.what,
            sample.point,
            sample.contender,
            sample.unit,
            rounds.join(" ")
        );
    }
    text
}

/// What [`write()`] wrote; other lines are left out.
pub(crate) fn parse(text: &str) -> Vec<Sample> {
    let sample = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [what, point, contender, unit, rounds] = fields[..] else {
            return None;
        };
        let mut sample = Sample::new(what, point, contender, unit);
        sample.rounds = rounds.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(sample)
    };
    text.lines().filter_map(sample).collect()
}
