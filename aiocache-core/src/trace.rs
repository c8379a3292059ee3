//! Spans and events for `tracing`; without the feature, nothing.

use std::future::Future;

use crate::plugin::{Command, Outcome};

/// Whether somebody wants the debug events of commands.
#[inline]
pub(crate) fn is_on() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::enabled!(target: "aiocache", tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// Says how a command ended. `key` is what may be shown of its key.
pub(crate) fn command(
    command: &Command<'_>,
    outcome: &Outcome<'_>,
    took: std::time::Duration,
    key: Option<&str>,
) {
    #[cfg(feature = "tracing")]
    {
        let error = match outcome {
            Outcome::Failed(error) => Some(tracing::field::debug(error.kind())),
            _ => None,
        };
        tracing::debug!(
            target: "aiocache",
            cache = command.cache,
            namespace = command.namespace,
            command = command.name.as_str(),
            items = command.items,
            outcome = outcome.label(command.items),
            error,
            took = ?took,
            key,
        );
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (command, outcome, took, key);
}

/// The span of a function's run, or one that somebody has entered.
#[derive(Debug)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Span {
    /// The span of a run of a function. `key` is what may be shown of its key.
    pub(crate) fn of_load(cache: &str, namespace: &str, items: usize, key: Option<&str>) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = (cache, namespace, items, key);
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::debug_span!(
                target: "aiocache",
                "load",
                cache,
                namespace,
                items,
                key,
                outcome = tracing::field::Empty
            ),
        }
    }

    /// The caller's span.
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
        }
    }

    /// Says how the run ended.
    pub(crate) fn ended(&self, outcome: &'static str) {
        #[cfg(feature = "tracing")]
        self.span.record("outcome", outcome);
        #[cfg(not(feature = "tracing"))]
        let _ = outcome;
    }

    /// Runs a future in this span.
    pub(crate) fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        return tracing::Instrument::instrument(future, self.span.clone());
        #[cfg(not(feature = "tracing"))]
        return future;
    }
}
