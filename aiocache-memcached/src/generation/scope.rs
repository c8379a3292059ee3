//! The generations that the keys of one command are under, while a connection is at it.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Generations, Numbers, parse};
use crate::error::Fault;
use crate::head::{Code, plain_head};
use crate::key::Key;
use crate::reader::Reader;
use crate::request::Request;

/// What a connection knows of generations; nothing where namespaces have none.
#[derive(Default)]
pub(crate) struct Scope {
    all: Option<Arc<Generations>>,
    in_force: Numbers,
    check: Check,
}

/// Whether the numbers in force are asked for with the next request.
#[derive(Default)]
enum Check {
    #[default]
    None,
    Due,
    /// The first of the questions has this number.
    Asked(u32),
    Heard(Vec<Option<u64>>),
}

impl Scope {
    pub(crate) fn new(all: Option<Arc<Generations>>) -> Self {
        Self {
            all,
            ..Self::default()
        }
    }

    pub(crate) fn generations(&self) -> Option<Arc<Generations>> {
        self.all.clone()
    }

    /// Puts keys under these numbers.
    pub(super) fn enter(&mut self, numbers: Numbers) {
        self.in_force = numbers;
        self.check = Check::None;
    }

    /// The same, and the next request asks for them.
    pub(super) fn suppose(&mut self, numbers: Numbers) {
        self.in_force = numbers;
        self.check = Check::Due;
    }

    pub(super) fn leave(&mut self) {
        self.enter(Numbers::new());
    }

    /// `None` if what was supposed holds, or nothing was sent; otherwise the numbers that hold, if the server has all.
    /// Leaves either way.
    pub(super) fn verdict(&mut self) -> Option<Option<Numbers>> {
        let in_force = std::mem::take(&mut self.in_force);
        let Check::Heard(heard) = std::mem::take(&mut self.check) else {
            return None;
        };
        if in_force.values().copied().map(Some).eq(heard.iter().copied()) {
            return None;
        }
        let named = in_force.into_keys().zip(heard);
        Some(
            named
                .map(|(namespace, number)| Some((namespace, number?)))
                .collect(),
        )
    }

    /// A key as the server has it.
    pub(crate) fn name<'k>(&self, key: &'k Key) -> Cow<'k, str> {
        let numbered = || {
            let (namespace, rest) = key.in_namespace()?;
            let number = self.in_force.get(namespace)?;
            Some(Cow::Owned(format!("{namespace}:{number}:{rest}")))
        };
        if self.in_force.is_empty() {
            return Cow::Borrowed(key.as_str());
        }
        numbered().unwrap_or(Cow::Borrowed(key.as_str()))
    }

    /// How many questions the next request begins with.
    pub(crate) fn due(&self) -> usize {
        match self.check {
            Check::Due => self.in_force.len(),
            Check::None | Check::Asked(_) | Check::Heard(_) => 0,
        }
    }

    /// Writes them, with numbers from `first` on.
    pub(crate) fn ask(&mut self, request: &mut Request, first: u32) {
        let mut opaque = first;
        for namespace in self.in_force.keys() {
            request
                .push(b"mg ")
                .push(Key::of_generation(namespace).as_bytes());
            request.push(b" v").number(" O", opaque).end_line();
            opaque = opaque.wrapping_add(1);
        }
        self.check = Check::Asked(first);
    }

    /// Reads the answers, which come before all others.
    pub(crate) async fn hear(&mut self, reader: &mut Reader) -> Result<(), Fault> {
        let Check::Asked(mut opaque) = self.check else {
            return Ok(());
        };
        let mut heard = Vec::with_capacity(self.in_force.len());
        for _ in &self.in_force {
            heard.push(match plain_head(reader, opaque).await?.code {
                Code::Value(size) => parse(&reader.value(size).await?),
                Code::Missing => None,
                Code::Done | Code::NotStored | Code::Changed => return Err(Fault::Strange),
            });
            opaque = opaque.wrapping_add(1);
        }
        self.check = Check::Heard(heard);
        Ok(())
    }
}

impl std::fmt::Debug for Scope {
    /// Shows no namespaces, as [`Generations`] does not.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
