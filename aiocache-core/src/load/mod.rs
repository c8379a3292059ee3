//! The load engine: what happens between a miss and a value.
//!
//! A caller that misses joins the *flight* of its key. The first one aboard leads: it runs the load, stores the
//! result and lands it for those who wait. A leader that goes away hands over to a waiter; a write or a delete
//! takes the flight's right to store away.

mod board;
mod bulk;
mod call;
mod cargo;
mod checks;
mod context;
mod failures;
mod flight;
mod flights;
mod held;
mod hit;
mod hooks;
mod kind;
mod landing;
mod lease;
mod lifetime;
mod loads;
mod look;
mod many;
mod many_old;
mod mode;
mod old;
mod pairs;
mod patience;
mod policy;
mod read;
mod settle;
mod settle_one;
mod settled;
mod share_error;
mod single;
mod store;
mod taken_along;
mod timeout;
mod voyage;
mod watched;
mod writing;
mod written;

pub use bulk::{Bulk, PairHooks};
pub(crate) use bulk::{KeyOf, ValueOf};
pub use call::Call;
pub use cargo::Cargo;
pub use context::{Contextual, LoadContext};
use flight::{Lead, Turn};
pub(crate) use flights::Flights;
use flights::Seat;
pub use hit::Looked;
pub use hooks::{FailIf, Fallback, Hooks, OnTimeout, ShareWith, SkipIf, TtlWith};
pub use kind::{
    Alone, CanFail, Cloned, Kind, Kind1, Kind2, Never, NoneRule, Opt, Outcome, Plain, Prime, Res, ResOpt,
    Rest, Rest1, Share, SkipNone, Split, StoreNone,
};
use landing::Landing;
pub(crate) use look::{At, Found};
pub(crate) use many::Flow;
pub use mode::{Background, Carries, ForMany, Inline, Launched, Mode, Runs, Timed};
pub use pairs::{AllPairs, BulkKind, BulkKind1, BulkOutcome, Pairs, ResPairs};
pub(crate) use patience::Patience;
pub use policy::Policy;
pub use settled::Settled;
pub use share_error::AsPolicySays;
pub use taken_along::{TakeAlong, TakenAlong};
pub use timeout::{FromTimeout, SaysTimeout};
