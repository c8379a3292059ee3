//! The load engine: what happens between a miss and a value.
//!
//! A caller that misses joins the *flight* of its key. The first one aboard leads: it runs the load, stores the
//! result and lands it for those who wait. A leader that goes away hands over to a waiter; a write or a delete
//! takes the flight's right to store away.

mod apart;
mod call;
mod flights;
mod hit;
mod kind;
mod look;
mod many;
mod policy;
mod settled;
mod single;
mod store;
mod taken_along;
mod written;

pub use apart::Apart;
pub use call::Call;
pub(crate) use flights::Flights;
use flights::Joined;
use flights::flight::Turn;
use flights::landing::Landing;
use flights::lead::Lead;
pub(crate) use flights::patience::Patience;
use flights::seat::Seat;
pub use hit::Looked;
pub use kind::{
    Alone, CanFail, Cloned, Kind, Kind1, Kind2, Never, NoneRule, Opt, Outcome, Plain, Prime, Res, ResOpt,
    Rest, Rest1, Share, SkipNone, Split, StoreNone,
};
pub(crate) use look::{At, Found};
pub(crate) use many::Flow;
pub use many::bulk::{Bulk, PairHooks};
pub(crate) use many::bulk::{KeyOf, ValueOf};
pub use many::pairs::{AllPairs, BulkKind, BulkKind1, BulkOutcome, Pairs, ResPairs};
pub use policy::Policy;
pub use policy::context::{Contextual, LoadContext};
pub use policy::hooks::{FailIf, Fallback, Hooks, OnTimeout, ShareWith, SkipIf, TtlWith};
pub use policy::mode::{Background, Carries, ForMany, Inline, Launched, Mode, Runs, Timed};
pub use policy::share_error::AsPolicySays;
pub use policy::timeout::{FromTimeout, SaysTimeout};
pub use settled::Settled;
pub use single::cargo::Cargo;
pub use taken_along::{TakeAlong, TakenAlong};
