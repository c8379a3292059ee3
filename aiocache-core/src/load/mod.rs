//! The load engine: what happens between a miss and a value.
//!
//! A caller that misses joins the *flight* of its key. The first one aboard leads: it runs the load, stores the
//! result and lands it for those who wait. A leader that goes away hands over to a waiter; a write or a delete
//! takes the flight's right to store away.

mod board;
mod bulk;
mod call;
mod checks;
mod detached;
mod flight;
mod flights;
mod held;
mod hit;
mod kind;
mod landing;
mod lease;
mod many;
mod pairs;
mod patience;
mod policy;
mod read;
mod settle;
mod single;
mod store;
mod watched;
mod writing;

pub use bulk::{Bulk, PairHooks};
pub(crate) use bulk::{KeyOf, ValueOf};
pub(crate) use call::AsPolicySays;
pub use call::{Call, Hooks, ShareWith, SkipIf, TtlWith};
pub use detached::{TakeAlong, TakenAlong};
use flight::{Lead, Turn};
pub(crate) use flights::Flights;
use flights::Seat;
pub use hit::Looked;
pub use kind::{
    Alone, Cloned, Kind, Kind1, Kind2, Never, NoneRule, Opt, Outcome, Plain, Prime, Res, ResOpt, Rest, Rest1,
    Share, SkipNone, Split, StoreNone,
};
use landing::Landing;
pub(crate) use many::Flow;
pub use pairs::{AllPairs, BulkKind, BulkKind1, BulkOutcome, Pairs, ResPairs};
pub use policy::Policy;
pub(crate) use store::{At, Found};
