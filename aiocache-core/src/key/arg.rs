//! What can be part of a generated key.

/// What can be part of a generated key: everything that implements [`serde::Serialize`].
///
/// Its text is canonical: equal in every process and release, and different for different values of one type. What
/// serde does not see leaves the key: fields with `#[serde(skip)]`, which of two variants with equal content an
/// `#[serde(untagged)]` enum is, and the order of a nested `HashSet`, which is random (a `HashSet` that is an argument
/// itself is sorted; use a `BTreeSet` inside others).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "this argument has no text form",
    note = "leave it out with `skip(...)`, build the key from parts with `key = \"...{{arg.field}}\"`, or derive `serde::Serialize`"
)]
pub trait KeyArg: serde::Serialize {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + ?Sized> KeyArg for T {}
