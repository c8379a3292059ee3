//! Logging that disappears without the `tracing` feature.

/// Warns, with fields. The fields are named even where nothing is logged, so that no feature leaves one unused.
macro_rules! warning {
    ($cache:ident $(, $field:ident = $value:expr)*; $text:literal) => {{
        #[cfg(feature = "tracing")]
        tracing::warn!(target: "aiocache", cache = $cache $(, $field = $value)*, $text);
        #[cfg(not(feature = "tracing"))]
        let _ = ($cache $(, &$value)*);
    }};
}
