//! Words for error messages: lists of what is accepted, and the name the user most likely meant.

use crate::attribute::Attribute;

/// `` `a`, `b` and `c` ``
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

/// `` ; did you mean `near`? `` or nothing.
pub(crate) fn did_you_mean<S: AsRef<str>>(name: &str, accepted: &[S]) -> String {
    nearest(name, accepted)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// What is said of an option that does not exist.
pub(crate) fn unknown_option(attribute: Attribute, name: &str) -> String {
    let accepted = attribute.options();
    let hint = elsewhere(attribute, name)
        .map(|hint| format!("; {hint}"))
        .unwrap_or_else(|| did_you_mean(name, &accepted));
    let (attribute, accepted) = (attribute.name(), list(&accepted));
    format!("`{name}` is not an option of `#[{attribute}]`{hint} It takes {accepted}")
        .replace("` It", "`. It")
}

/// Where what the user looks for is, by the names it has in aiocache for Python and in other crates.
fn elsewhere(attribute: Attribute, name: &str) -> Option<&'static str> {
    if attribute == Attribute::MultiCached {
        match name {
            "ttl_with" => return Some("the values of one call are stored together, with one `ttl`."),
            "soft_timeout" | "refresh_ahead" | "fallback" | "context" => {
                return Some("it is for loads of single keys, by `#[cached]` with the same `key`.");
            }
            "detached" => return Some("spawn the call as a whole: `tokio::spawn(load_users(ids))`."),
            _ => {}
        }
    }
    Some(match name {
        "keys" | "keys_from_attr" => "the argument with the keys is named in `#[multi_cached(keys = …)]`.",
        "noself" => "write `skip(self)`.",
        "skip_cache_func" | "cache_if" => "write `skip_if = |value| …`.",
        "alias" | "name" | "map" | "ty" => "the cache is an expression: `cache = USERS`.",
        "serializer" | "plugins" | "timeout" | "backend" | "size" | "max_entries" => {
            "it belongs to the cache: set it where the cache is built."
        }
        "time" | "expire" | "expires" | "time_to_live" => "write `ttl = 60`.",
        "result" | "option" => "results and options are recognised by type: only `Ok` and `Some` are stored.",
        "sync_writes" => "one load per key at a time is the default.",
        "convert" => "write `key = \"user:{id}\"` or `key_builder = path`.",
        _ => return None,
    })
}

/// The accepted name closest to `name`, if it is close enough to be a slip.
fn nearest<'a, S: AsRef<str>>(name: &str, accepted: &'a [S]) -> Option<&'a str> {
    let close = accepted
        .iter()
        .map(|other| (distance(name, other.as_ref()), other.as_ref()));
    let (distance, near) = close.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= name.len().max(3)).then_some(near)
}

/// Insertions, deletions and replacements between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
