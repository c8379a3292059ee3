//! What the command line asks for.

/// The parts, in the order they run.
pub(crate) const PARTS: [&str; 9] = [
    "hits",
    "allocations",
    "instructions",
    "misses",
    "stampede",
    "memory",
    "ratio",
    "scale",
    "wire",
];

/// The parts to run, how long, and what becomes of the figures.
#[derive(Debug, Default)]
pub(crate) struct Options {
    quick: bool,
    write: bool,
    render: bool,
    parts: Vec<String>,
}

impl Options {
    /// # Panics
    /// If an argument is neither an option nor a part.
    pub(crate) fn from_arguments(arguments: &[String]) -> Self {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--render" => options.render = true,
                // What `cargo bench` itself adds.
                "--bench" => {}
                part if PARTS.contains(&part) => options.parts.push(part.to_owned()),
                other => panic!("{other} is neither --quick, --write, --render nor one of {PARTS:?}"),
            }
        }
        options
    }

    /// Those of a development run, or of a whole one.
    pub(crate) fn quick(quick: bool) -> Self {
        Self {
            quick,
            ..Self::default()
        }
    }

    /// Whether this part is to run: it is named, or none is.
    pub(crate) fn wants(&self, part: &str) -> bool {
        !self.render && (self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part))
    }

    /// Whether the page and its pictures are to be written, not only printed.
    pub(crate) fn writes(&self) -> bool {
        self.write
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Rounds of which the median is taken.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 9 }
    }

    /// Calls of a contender in a round.
    pub(crate) fn calls(&self) -> usize {
        if self.quick { 50_000 } else { 200_000 }
    }
}
