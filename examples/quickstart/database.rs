//! The slow thing behind the cache: the airports of `examples/data/airports.csv`, in a table without an index.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What each query waits beside its own work, in the place of a network and a busy server.
pub(crate) const LATENCY: Duration = Duration::from_millis(50);

const CSV: &str = include_str!("../data/airports.csv");
const EARTH_RADIUS_KM: f64 = 6371.0;

/// An airport, as a row of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Airport {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// What a query for an unknown code gives.
#[derive(Debug, Clone)]
pub(crate) struct NoSuchAirport(pub String);

/// A table that can only be read from one end to the other, and counts how often it was.
#[derive(Debug)]
pub(crate) struct Database {
    rows: Vec<Airport>,
    queries: AtomicU64,
}

/// The one database of this program.
pub(crate) static DATABASE: LazyLock<Database> = LazyLock::new(|| Database {
    rows: CSV
        .lines()
        .skip(1)
        .map(|line| read_row(line).expect("the file has seven columns"))
        .collect(),
    queries: AtomicU64::new(0),
});

impl Database {
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many queries were asked so far.
    pub(crate) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// The `count` airports nearest to the one with this code, nearest first.
    pub(crate) async fn nearest(&self, code: &str, count: usize) -> Result<Vec<Airport>, NoSuchAirport> {
        self.query().await;
        let here = self
            .rows
            .iter()
            .find(|row| row.code == code)
            .ok_or_else(|| NoSuchAirport(code.to_owned()))?;
        let mut others: Vec<&Airport> = self.rows.iter().filter(|row| row.code != code).collect();
        others.sort_by(|a, b| kilometres(here, a).total_cmp(&kilometres(here, b)));
        Ok(others.into_iter().take(count).cloned().collect())
    }

    /// The airports with these codes, in one query.
    pub(crate) async fn by_code(&self, codes: &[String]) -> Vec<Airport> {
        self.query().await;
        self.rows
            .iter()
            .filter(|row| codes.contains(&row.code))
            .cloned()
            .collect()
    }

    /// How many airports a state has.
    pub(crate) async fn count_in(&self, state: &str) -> usize {
        self.query().await;
        self.rows.iter().filter(|row| row.state == state).count()
    }

    async fn query(&self) {
        self.queries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(LATENCY).await;
    }
}

/// The great-circle distance, by the haversine formula.
fn kilometres(a: &Airport, b: &Airport) -> f64 {
    let half_chord = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let cosines = a.latitude.to_radians().cos() * b.latitude.to_radians().cos();
    let chord = half_chord(a.latitude, b.latitude) + cosines * half_chord(a.longitude, b.longitude);
    2.0 * EARTH_RADIUS_KM * chord.sqrt().asin()
}

/// `iata,name,city,state,country,latitude,longitude`
fn read_row(line: &str) -> Option<Airport> {
    let mut columns = columns(line).into_iter();
    let (code, name) = (columns.next()?, columns.next()?);
    let (state, _country) = (columns.nth(1)?, columns.next()?);
    let (latitude, longitude) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
    Some(Airport {
        code,
        name,
        state,
        latitude,
        longitude,
    })
}

/// Splits at commas outside double quotes; a quote inside quotes is doubled.
fn columns(line: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let (mut quoted, mut characters) = (false, line.chars().peekable());
    while let Some(character) = characters.next() {
        let column = columns.last_mut().expect("there is always one");
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => column.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            _ => column.push(character),
        }
    }
    columns
}
