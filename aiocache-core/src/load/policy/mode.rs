//! Where a load runs: inside its caller, or in a task of its own.

use std::fmt::Debug;
use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::timeout::FromTimeout;
use crate::load::settled::Settled;

/// A load runs inside the call that leads it, and may borrow from it. What a [`Policy`](super::Policy) starts as.
#[derive(Debug, Clone, Copy)]
pub struct Inline;

/// A load runs in a task of its own, so that a caller can leave without it. Such a load owns what it needs and is
/// `Send`, as [`tokio::spawn`] asks.
#[derive(Debug, Clone, Copy)]
pub struct Background;

/// A load is dropped when [`hard_timeout`](super::Policy::hard_timeout) is over, and the call has an answer of its own
/// for that.
#[derive(Debug, Clone, Copy)]
pub struct Timed<M = Inline>(M);

/// A load on its way in a task.
pub type Launched<Fut> = JoinHandle<Settled<<Fut as Future>::Output>>;

/// [`Inline`], [`Background`], or one of the two [`Timed`].
pub trait Mode: sealed::Sealed + Debug + 'static {
    /// The same in a task.
    type InBackground: Mode;
    /// The same with a hard timeout.
    type Timed: Mode;
    /// What a call answers when the load takes too long, if nobody says otherwise.
    #[doc(hidden)]
    type Answer: Default + Copy + Send + Sync + 'static;
}

impl Mode for Inline {
    type InBackground = Background;
    type Timed = Timed<Self>;
    type Answer = ();
}

impl Mode for Background {
    type InBackground = Self;
    type Timed = Timed<Self>;
    type Answer = ();
}

impl<M: Mode> Mode for Timed<M> {
    type InBackground = Timed<M::InBackground>;
    type Timed = Self;
    type Answer = FromTimeout;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}

    impl Sealed for super::Inline {}
    impl Sealed for super::Background {}
    impl<M: super::Mode> Sealed for super::Timed<M> {}
}

/// A policy for calls over several keys, whose loads run inside their callers: [`Inline`], or that [`Timed`].
#[diagnostic::on_unimplemented(
    message = "a policy of `{Self}` is not for calls over several keys",
    note = "their loads run inside their callers: `soft_timeout`, `refresh_ahead` and `detached` are for single keys"
)]
pub trait ForMany: Mode {}

impl ForMany for Inline {}
impl ForMany for Timed<Inline> {}

/// A policy that can run this load: any policy runs one that its caller awaits, and one in the background runs what is
/// `Send` and borrows nothing.
///
/// `C` is what goes with the load into its task.
#[diagnostic::on_unimplemented(
    message = "a policy of `{Self}` cannot run this load",
    note = "a load in the background can outlive its caller: it owns what it needs, and is `Send`, as its result is",
    note = "over a function, add `detached`, which takes borrowed arguments along"
)]
pub trait Runs<C, Fut: Future>: Mode {
    /// Spawns what `make` makes of `parts`.
    ///
    /// # Errors
    /// The parts, where the load is to run inside its caller, or there is no runtime.
    #[doc(hidden)]
    fn launch<P>(parts: P, make: impl FnOnce(P) -> (C, Fut)) -> Result<Launched<Fut>, P>;
}

/// What goes with a load into a task: it knows what to do with the result.
pub trait Carries<R> {
    /// Runs the load to its end, the store included.
    fn run<Fut>(self, load: Fut) -> impl Future<Output = Settled<R>> + Send + 'static
    where
        Fut: Future<Output = R> + Send + 'static;
}

impl<C, Fut: Future> Runs<C, Fut> for Inline {
    fn launch<P>(parts: P, _: impl FnOnce(P) -> (C, Fut)) -> Result<Launched<Fut>, P> {
        Err(parts)
    }
}

impl<C, Fut> Runs<C, Fut> for Background
where
    C: Carries<Fut::Output>,
    Fut: Future<Output: Send + 'static> + Send + 'static,
{
    fn launch<P>(parts: P, make: impl FnOnce(P) -> (C, Fut)) -> Result<Launched<Fut>, P> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(parts);
        };
        let (cargo, load) = make(parts);
        Ok(runtime.spawn(cargo.run(load)))
    }
}

impl<M: Runs<C, Fut>, C, Fut: Future> Runs<C, Fut> for Timed<M> {
    fn launch<P>(parts: P, make: impl FnOnce(P) -> (C, Fut)) -> Result<Launched<Fut>, P> {
        M::launch(parts, make)
    }
}
