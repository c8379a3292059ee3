//! Failed writes and deletes are repeated, and the last command of each key wins.

mod alone;
mod beside;
mod ends;
mod failing;
mod order;
mod repeats;
#[path = "../support/slow.rs"]
mod slow;
mod timeout;
