//! Times as a user writes them: `60`, `0.5`, `"1h30m"`, `"never"`, or an expression.

use proc_macro2::Span;
use syn::{Expr, ExprLit, Lit, UnOp};

const NANOS: u128 = 1_000_000_000;

/// How long a stored value lives.
#[derive(Debug)]
pub(crate) enum Life {
    /// A literal, in nanoseconds.
    Nanos(u64),
    /// `"never"`
    Never,
    /// Anything that converts into a `Ttl`, judged at run time.
    Expr(Box<Expr>),
}

impl Life {
    /// Reads the value of `ttl` or `none_ttl`.
    pub(crate) fn parse(expr: Expr, option: &str) -> syn::Result<Self> {
        match literal(&expr, option)? {
            Some(Written::Nanos(nanos)) => Ok(Self::Nanos(nanos)),
            Some(Written::Never) => Ok(Self::Never),
            None => Ok(Self::Expr(Box::new(expr))),
        }
    }

    /// The expression, where it is one.
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Expr(expr) => Some(expr),
            Self::Nanos(_) | Self::Never => None,
        }
    }
}

/// Reads the value of an option that is a length of time known at compile time, in nanoseconds.
pub(crate) fn span_of_time(expr: &Expr, option: &str) -> syn::Result<u64> {
    span(expr, option, literal(expr, option)?.as_ref())
}

/// The same, where no time at all makes sense too.
pub(crate) fn span_of_time_or_none(expr: &Expr, option: &str) -> syn::Result<u64> {
    span(expr, option, literal_or_zero(expr, option)?.as_ref())
}

fn span(expr: &Expr, option: &str, written: Option<&Written>) -> syn::Result<u64> {
    let wrong = match written {
        Some(Written::Nanos(nanos)) => return Ok(*nanos),
        Some(Written::Never) => "\"never\" is not a length of time",
        None => "an expression is not known at compile time",
    };
    let message = format!("{wrong}; write `{option} = 30` (seconds, also `0.5`) or `{option} = \"500ms\"`");
    Err(syn::Error::new_spanned(expr, message))
}

enum Written {
    Nanos(u64),
    Never,
}

/// The time a literal stands for, which is not 0; `None` if it is another kind of expression.
fn literal(expr: &Expr, option: &str) -> syn::Result<Option<Written>> {
    match literal_or_zero(expr, option)? {
        Some(Written::Nanos(0)) => {
            let accepted = accepted(option);
            let message = format!("`{option}` cannot be 0; {accepted}{}", instead_of_zero(option));
            Err(syn::Error::new_spanned(expr, message))
        }
        written => Ok(written),
    }
}

fn accepted(option: &str) -> String {
    format!(
        "write seconds (`{option} = 60`, `{option} = 0.5`) or text with units (`{option} = \"1h30m\"`, `\"500ms\"`)"
    )
}

/// The time a literal stands for; `None` if it is another kind of expression.
fn literal_or_zero(expr: &Expr, option: &str) -> syn::Result<Option<Written>> {
    let refuse = |message: String| Err(syn::Error::new_spanned(expr, message));
    let accepted = accepted(option);
    let lit = match expr {
        // What another macro passes on stands in a group that nobody sees.
        Expr::Group(group) => return literal_or_zero(&group.expr, option),
        Expr::Lit(ExprLit { lit, .. }) => lit,
        Expr::Unary(unary) if matches!((&unary.op, &*unary.expr), (UnOp::Neg(_), Expr::Lit(_))) => {
            return refuse(format!("`{option}` cannot be negative; {accepted}"));
        }
        _ => return Ok(None),
    };
    let nanos = match lit {
        Lit::Str(text) if text.value() == "never" => return Ok(Some(Written::Never)),
        Lit::Str(text) => units(&text.value(), text.span(), option)?,
        Lit::Int(number) if number.suffix().is_empty() || number.suffix().starts_with(['u', 'i']) => {
            number.base10_parse::<u128>()?.saturating_mul(NANOS)
        }
        Lit::Float(number) if number.suffix().is_empty() || number.suffix().starts_with('f') => {
            match decimal(number.base10_digits(), NANOS) {
                Some(nanos) => nanos,
                None => return refuse(format!("`{number}` is not a time; {accepted}")),
            }
        }
        Lit::Int(_) | Lit::Float(_) => {
            return refuse(format!(
                "a time with a unit is text: `{option} = \"{}\"`",
                quoted(lit)
            ));
        }
        _ => return refuse(format!("this is not a time; {accepted}")),
    };
    match u64::try_from(nanos) {
        Ok(nanos) => Ok(Some(Written::Nanos(nanos))),
        Err(_) => refuse(format!(
            "`{option}` is longer than 584 years; \"never\" is for ever"
        )),
    }
}

fn quoted(lit: &Lit) -> String {
    use quote::ToTokens as _;
    lit.to_token_stream().to_string()
}

fn instead_of_zero(option: &str) -> &'static str {
    match option {
        "ttl" => ", `\"never\"` for a value that stays, or remove the attribute to cache nothing",
        "none_ttl" => ", or remove `cache_none` to store no `None`",
        _ => "",
    }
}

/// Reads `1h30m`, in nanoseconds.
fn units(text: &str, span: Span, option: &str) -> syn::Result<u128> {
    let refuse = |what: String| {
        let never = if option.ends_with("ttl") {
            ", or \"never\""
        } else {
            ""
        };
        let accepted =
            format!("write numbers with units, like \"1h30m\" or \"500ms\" (ms, s, m, h, d, w){never}");
        Err(syn::Error::new(span, format!("{what}; {accepted}")))
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return refuse("this time is empty".to_owned());
    }
    let mut total = 0_u128;
    while !rest.is_empty() {
        let number_ends = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_ends);
        let after = after.trim_start();
        let unit_ends = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_ends);
        if number.is_empty() {
            return refuse(format!("a number is missing before {rest:?}"));
        }
        if unit.is_empty() {
            return refuse(format!("the unit of {number} is missing"));
        }
        let Some(scale) = scale(unit) else {
            return refuse(format!("{unit:?} is not a unit of time"));
        };
        let Some(nanos) = decimal(number, scale) else {
            return refuse(format!("{number:?} is not a number"));
        };
        total = total.saturating_add(nanos);
        rest = after.trim_start();
    }
    Ok(total)
}

/// Nanoseconds in a unit.
fn scale(unit: &str) -> Option<u128> {
    Some(match unit {
        "ms" => NANOS / 1000,
        "s" => NANOS,
        "m" => 60 * NANOS,
        "h" => 3600 * NANOS,
        "d" => 86_400 * NANOS,
        "w" => 7 * 86_400 * NANOS,
        _ => return None,
    })
}

/// A decimal number times `scale`, exact; what is finer than a nanosecond is cut off.
fn decimal(text: &str, scale: u128) -> Option<u128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = 10_u128.checked_pow(shift.unsigned_abs());
    Some(match (shift < 0, power) {
        (false, Some(power)) => digits.saturating_mul(scale).saturating_mul(power),
        (true, Some(power)) => digits.checked_mul(scale)? / power,
        (false, None) => u128::MAX,
        (true, None) => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_str;

    fn nanos(text: &str) -> Result<u64, String> {
        let expr: Expr = parse_str(text).expect("an expression");
        match Life::parse(expr, "ttl") {
            Ok(Life::Nanos(nanos)) => Ok(nanos),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn every_spelling_of_a_time_is_exact() {
        for (text, expected) in [
            ("60", 60_000_000_000),
            ("60u64", 60_000_000_000),
            ("1_000", 1_000_000_000_000),
            ("0.5", 500_000_000),
            ("1.5f32", 1_500_000_000),
            ("1e3", 1_000_000_000_000),
            ("2.5e-3", 2_500_000),
            ("0.1", 100_000_000),
            ("\"500ms\"", 500_000_000),
            ("\"1h30m\"", 5_400_000_000_000),
            ("\" 1d 2h \"", 93_600_000_000_000),
            ("\"1.5 s\"", 1_500_000_000),
            ("\"2w\"", 1_209_600_000_000_000),
        ] {
            assert_eq!(nanos(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_why() {
        for (text, reason) in [
            ("0", "cannot be 0"),
            ("0.0", "cannot be 0"),
            ("0.0000000001", "cannot be 0"),
            ("-1", "negative"),
            ("-1.5", "negative"),
            ("\"\"", "empty"),
            ("\"60\"", "unit of 60 is missing"),
            ("\"h\"", "number is missing"),
            ("\"1..5s\"", "not a number"),
            ("\"5 parsecs\"", "not a unit"),
            ("60s", "`ttl = \"60s\"`"),
            ("20_000_000_000", "longer than 584 years"),
            ("1e300", "longer than 584 years"),
            ("'a'", "not a time"),
        ] {
            let error = nanos(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
