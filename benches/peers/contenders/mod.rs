//! Each library, as its own documentation says it is used.

pub(crate) mod cached;
pub(crate) mod floor;
pub(crate) mod foyer;
pub(crate) mod hitbox;
pub(crate) mod moka;
pub(crate) mod ours;
pub(crate) mod quick;

use crate::contest::Contender;

/// Everyone with a String.
pub(crate) fn text() -> Vec<Contender> {
    let mut all = ours::text::contenders();
    all.extend(cached::text::contenders());
    all.extend(moka::text::contenders());
    all.extend(quick::text::contenders());
    all.extend(foyer::text::contenders());
    all.extend(hitbox::text::contenders());
    all.extend(floor::text::contenders());
    all
}

/// Everyone with a struct.
pub(crate) fn record() -> Vec<Contender> {
    let mut all = ours::record::contenders();
    all.extend(cached::record::contenders());
    all.extend(moka::record::contenders());
    all.extend(quick::record::contenders());
    all.extend(foyer::record::contenders());
    all.extend(hitbox::record::contenders());
    all.extend(floor::record::contenders());
    all
}
