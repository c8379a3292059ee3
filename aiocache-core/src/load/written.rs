//! What the macros write of a policy. Inherent and hidden, so that it needs neither a path nor a trait in scope.

use std::time::Duration;

use super::Policy;
use super::policy::mode::Mode;
use crate::ttl::Ttl;

#[doc(hidden)]
impl<M: Mode> Policy<M> {
    /// A policy of that name, also behind a `LazyLock`.
    pub fn __copy(&self) -> Self {
        self.clone()
    }

    pub const fn __ttl_nanos(self, nanos: u64) -> Self {
        self.const_ttl(Ttl::After(Duration::from_nanos(nanos)))
    }

    pub const fn __ttl_never(self) -> Self {
        self.const_ttl(Ttl::Never)
    }

    pub fn __ttl(self, ttl: impl Into<Ttl>) -> Self {
        self.ttl(ttl)
    }

    pub const fn __none_ttl_nanos(mut self, nanos: u64) -> Self {
        self.none_ttl = Some(Ttl::After(Duration::from_nanos(nanos)));
        self
    }

    pub const fn __none_ttl_never(mut self) -> Self {
        self.none_ttl = Some(Ttl::Never);
        self
    }

    pub fn __none_ttl(self, ttl: impl Into<Ttl>) -> Self {
        self.none_ttl(ttl)
    }

    pub const fn __lease_nanos(self, nanos: u64) -> Self {
        self.lease(Duration::from_nanos(nanos))
    }

    pub const fn __max_wait_nanos(self, nanos: u64) -> Self {
        self.max_wait(Duration::from_nanos(nanos))
    }

    pub const fn __grace_nanos(self, nanos: u64) -> Self {
        self.grace(Duration::from_nanos(nanos))
    }

    pub const fn __back_off_nanos(self, nanos: u64) -> Self {
        self.back_off(Duration::from_nanos(nanos))
    }

    pub const fn __soft_timeout_nanos(self, nanos: u64) -> Policy<M::InBackground> {
        self.soft_timeout(Duration::from_nanos(nanos))
    }

    pub const fn __hard_timeout_nanos(self, nanos: u64) -> Policy<M::Timed> {
        self.hard_timeout(Duration::from_nanos(nanos))
    }

    pub const fn __refresh_ahead(self, share: f64) -> Policy<M::InBackground> {
        self.refresh_ahead(share)
    }

    pub const fn __jitter(self, share: f64) -> Self {
        self.jitter(share)
    }

    pub const fn __detached(self) -> Policy<M::InBackground> {
        self.detached()
    }
}
