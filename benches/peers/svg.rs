//! Two kinds of picture, written by hand.

use std::fmt::Write;

use crate::table::short;

const WIDTH: f64 = 760.0;
const COLOURS: [&str; 6] = ["#d9480f", "#f59f00", "#1971c2", "#2f9e44", "#9c36b5", "#495057"];

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\" fill=\"#212529\">{title}</text>\n"
    )
}

/// A bar for each name; those that begin with `ours` stand out.
pub(crate) fn bars(title: &str, ours: &str, figures: &[(&str, f64)]) -> String {
    const LEFT: f64 = 300.0;
    const STEP: f64 = 22.0;
    let height = 50.0 + STEP * figures.len() as f64;
    let highest = figures.iter().map(|(_, figure)| *figure).fold(0.0, f64::max);
    let mut picture = open(title, height);
    for (at, (name, figure)) in figures.iter().enumerate() {
        let top = 36.0 + STEP * at as f64;
        let width = (WIDTH - LEFT - 70.0) * figure / highest;
        let colour = if name.starts_with(ours) {
            COLOURS[0]
        } else {
            COLOURS[2]
        };
        let _ = writeln!(
            picture,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#212529\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#212529\">{}</text>",
            LEFT - 8.0,
            top + 12.0,
            escaped(name),
            LEFT + width + 6.0,
            top + 12.0,
            short(*figure)
        );
    }
    picture + "</svg>\n"
}

/// A line for each name over the same points; the vertical axis begins at 0.
pub(crate) fn lines(title: &str, points: &[&str], series: &[(&str, Vec<f64>)]) -> String {
    const LEFT: f64 = 50.0;
    const RIGHT: f64 = 240.0;
    const TOP: f64 = 40.0;
    const HEIGHT: f64 = 260.0;
    let highest = series
        .iter()
        .flat_map(|(_, figures)| figures)
        .copied()
        .fold(0.0, f64::max);
    let x = |at: usize| LEFT + (WIDTH - LEFT - RIGHT) * at as f64 / (points.len().max(2) - 1) as f64;
    let y = |figure: f64| TOP + HEIGHT * (1.0 - figure / highest);
    let mut picture = open(title, TOP + HEIGHT + 40.0);
    for quarter in 0..=4 {
        let figure = highest * f64::from(quarter) / 4.0;
        let _ = writeln!(
            picture,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#dee2e6\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#495057\">{}</text>",
            WIDTH - RIGHT,
            y(figure),
            y(figure),
            LEFT - 6.0,
            y(figure) + 4.0,
            short(figure)
        );
    }
    for (at, point) in points.iter().enumerate() {
        let _ = writeln!(
            picture,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#495057\">{point}</text>",
            x(at),
            TOP + HEIGHT + 20.0
        );
    }
    for (which, (name, figures)) in series.iter().enumerate() {
        let colour = COLOURS[which % COLOURS.len()];
        let path: Vec<String> = figures
            .iter()
            .enumerate()
            .map(|(at, figure)| format!("{:.1},{:.1}", x(at), y(*figure)))
            .collect();
        let last = TOP + 10.0 + 18.0 * which as f64;
        let _ = writeln!(
            picture,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <rect x=\"{:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{last:.1}\" fill=\"#212529\">{}</text>",
            path.join(" "),
            WIDTH - RIGHT + 12.0,
            last - 10.0,
            WIDTH - RIGHT + 28.0,
            escaped(name)
        );
    }
    picture + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
