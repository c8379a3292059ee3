//! A function's run, told from its start to its end.

use std::future::Future;
use std::time::Duration;

use super::held::held;
use crate::backend::Backend;
use crate::cache::Cache;
use crate::clock;
use crate::events::EventKind;
use crate::load::At;
use crate::trace::Span;

/// What is loaded: one key, or several at once.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) enum Loaded<'a> {
    One(At<'a>),
    Many { namespace: &'a str, items: usize },
}

/// A run of the function under way. Dropped before its end, it tells that too.
struct Run<'a, B: Backend, S> {
    cache: &'a Cache<B, S>,
    loaded: Loaded<'a>,
    span: Span,
    since: u64,
    ended: bool,
}

impl<B: Backend, S> Cache<B, S> {
    /// Runs the function for these flights, and tells of it. `failed` says whether it returned an error.
    pub(in crate::load) async fn run_load<F: Future>(
        &self,
        loaded: Loaded<'_>,
        flights: &[u64],
        failed: fn(&F::Output) -> bool,
        load: F,
    ) -> F::Output {
        let (namespace, items, key) = match loaded {
            Loaded::One(At { key, namespace }) => (namespace, 1, Some(key)),
            Loaded::Many { namespace, items } => (namespace, items, None),
        };
        let mut run = Run {
            cache: self,
            loaded,
            span: self.load_span(namespace, items, key),
            since: clock::now(),
            ended: false,
        };
        run.tell(EventKind::LoadStarted);
        let returned = run.span.around(held(flights, load)).await;
        let took = run.took();
        run.ended = true;
        if failed(&returned) {
            run.span.ended("failed");
            run.tell(EventKind::LoadFailed { took });
        } else {
            run.span.ended("finished");
            run.tell(EventKind::LoadFinished { took });
        }
        returned
    }
}

impl<B: Backend, S> Run<'_, B, S> {
    fn took(&self) -> Duration {
        Duration::from_nanos(clock::now().saturating_sub(self.since))
    }

    fn tell(&self, kind: EventKind) {
        match self.loaded {
            Loaded::One(at) => self.cache.tell(at, kind),
            Loaded::Many { namespace, items } => self.cache.tell_of_many(namespace, items, kind),
        }
    }
}

impl<B: Backend, S> Drop for Run<'_, B, S> {
    fn drop(&mut self) {
        if !self.ended {
            let took = self.took();
            self.span.ended("dropped");
            self.tell(EventKind::LoadDropped { took });
        }
    }
}
