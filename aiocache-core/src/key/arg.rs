//! What can be part of a generated key.

/// What can be part of a generated key: everything that implements [`serde::Serialize`].
///
/// Its text is readable, equal in every process and release, and different for different values of one type:
///
/// | value | text |
/// |---|---|
/// | `7`, `true`, `0.1`, `-0.0` | `7`, `true`, `0.1`, `-0.0` |
/// | `'x'`, `"a \"b\""`, bytes | `"x"`, `"a \"b\""`, `x"00ff"` |
/// | `()`, `None`, `Some(7)`, `Id(7)` | `()`, `None`, `Some(7)`, `7` |
/// | `vec![2, 1]`, `(1, "a")`, `[1, 2]` | `[2,1]`, `(1,"a")`, `(1,2)` |
/// | a struct, a map (sorted by text) | `{page:2,exact:true}`, `{"a":1,"b":2}` |
/// | variants of an enum | `Point`, `Circle(1.5)`, `Box{width:1,height:2}` |
///
/// What serde does not see, or does not tell apart, is not in the key: fields with `#[serde(skip)]`, and which of two
/// variants with equal content an `#[serde(untagged)]` enum is. In a template's field, where text stands without
/// quotes, a type that can be text or a number by value does not tell `"1"` from `1`.
///
/// A `HashSet` is sorted where it is the argument itself, or behind `&` or `Arc`. Inside other values serde shows it as
/// a list in random order, so that equal ones rarely find each other's entry: use a `BTreeSet` there.
///
/// A value that refuses to be serialized, or nests deeper than 128 levels, makes no key, and the call goes past the
/// cache.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "this argument has no text form",
    note = "leave it out with `skip(...)`, build the key from parts with `key = \"...{{arg.field}}\"`, or derive `serde::Serialize`"
)]
pub trait KeyArg: serde::Serialize {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + ?Sized> KeyArg for T {}
