//! The options of loading: read, and refused where they make no sense together.

use syn::{Expr, ExprLit, Lit};

use crate::attr::{Given, Options};
use crate::error::Errors;
use crate::ttl::{self, Life};

/// What the options say about slow and failing loads, and about old values.
#[derive(Debug, Default)]
pub(crate) struct LoadPolicy {
    /// A policy of the user's, which the other options are put on top of.
    pub(crate) named: Option<Expr>,
    pub(crate) times: Times,
    pub(crate) refresh_ahead: Option<f64>,
    pub(crate) jitter: Option<f64>,
    pub(crate) fail_if: Option<Expr>,
    pub(crate) fallback: Option<Expr>,
    pub(crate) on_timeout: Option<Expr>,
}

/// In nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) grace: Option<u64>,
    pub(crate) back_off: Option<u64>,
    pub(crate) soft_timeout: Option<u64>,
    pub(crate) hard_timeout: Option<u64>,
}

impl LoadPolicy {
    /// Reads the options, and judges them together.
    pub(crate) fn new(options: &Options, errors: &mut Errors) -> Self {
        refuse_without_use(options, errors);
        let times = Times {
            grace: time(options.grace.as_ref(), ttl::span_of_time, errors),
            back_off: time(options.back_off.as_ref(), ttl::span_of_time_or_none, errors),
            soft_timeout: time(options.soft_timeout.as_ref(), ttl::span_of_time_or_none, errors),
            hard_timeout: time(options.hard_timeout.as_ref(), ttl::span_of_time, errors),
        };
        if let (Some(soft), Some(hard), Some(given)) =
            (times.soft_timeout, times.hard_timeout, &options.soft_timeout)
            && soft >= hard
        {
            let message = "the load is dropped at `hard_timeout`, before the old value would be served; make `soft_timeout` the shorter one";
            errors.at(&given.value, message);
        }
        let refresh_ahead = share(options.refresh_ahead.as_ref(), "0.8", errors);
        let jitter = share(options.jitter.as_ref(), "0.1", errors);
        if let (Some(jitter), Some(ahead), Some(given)) = (jitter, refresh_ahead, &options.jitter)
            && jitter >= ahead
        {
            let message = "a value whose ttl jitter shortens to less than the share of `refresh_ahead` would be loaded anew by every call; \
                           make `jitter` the smaller one";
            errors.at(&given.value, message);
        }
        let expr = |given: &Option<Given<Expr>>| given.as_ref().map(|given| given.value.clone());
        Self {
            named: expr(&options.policy),
            times,
            refresh_ahead,
            jitter,
            fail_if: expr(&options.fail_if),
            fallback: expr(&options.fallback),
            on_timeout: expr(&options.on_timeout),
        }
    }

    /// Whether a value can be too old though it is there.
    pub(crate) fn may_age(&self) -> bool {
        self.named.is_some() || self.times.grace.is_some() || self.refresh_ahead.is_some()
    }

    /// Whether loads run in tasks, as far as the options say.
    pub(crate) fn is_in_background(&self) -> bool {
        self.times.soft_timeout.is_some() || self.refresh_ahead.is_some()
    }
}

/// Refuses what has no effect without another option. A named policy can have any of them.
fn refuse_without_use(options: &Options, errors: &mut Errors) {
    let named = options.policy.is_some();
    let (grace, ahead) = (options.grace.is_some(), options.refresh_ahead.is_some());
    let fallback = options.fallback.is_some();
    let needs = [
        (
            &options.soft_timeout,
            grace,
            "`soft_timeout` serves an old value while the load goes on, and without `grace` there is none; add `grace = \"1h\"`",
        ),
        (
            &options.back_off,
            grace || ahead,
            "`back_off` is how long a source is left alone that failed while there is an old value; add `grace = \"1h\"`",
        ),
        (
            &options.on_timeout,
            options.hard_timeout.is_some(),
            "`on_timeout` is the answer when `hard_timeout` is over, and there is none; add `hard_timeout = 5`",
        ),
        (
            &options.fail_if,
            grace || ahead || fallback,
            "`fail_if` says in place of which errors an old value or a fallback is served, and there is neither; add `grace = \"1h\"` or `fallback = …`",
        ),
    ];
    for (option, used, message) in needs {
        if let Some(given) = option.as_ref().filter(|_| !used && !named) {
            errors.span(given.key.span(), message);
        }
    }
    if let (Some(given), Some(_)) = (&options.refresh_ahead, &options.ttl_with) {
        let message = "`refresh_ahead` is a share of the ttl, and with `ttl_with` a value does not tell what that was; give a `ttl`";
        errors.span(given.key.span(), message);
    }
    let lives_for_ever = options
        .ttl
        .as_ref()
        .is_some_and(|ttl| matches!(Life::parse(ttl.value.clone(), "ttl"), Ok(Life::Never)));
    if lives_for_ever && options.none_ttl.is_none() {
        for given in [&options.grace, &options.refresh_ahead, &options.jitter]
            .into_iter()
            .flatten()
        {
            let message = format!(
                "a value with `ttl = \"never\"` does not get old; give it a `ttl`, or remove `{}`",
                given.key
            );
            errors.span(given.key.span(), message);
        }
    }
}

fn time(
    given: Option<&Given<Expr>>,
    read: impl Fn(&Expr, &str) -> syn::Result<u64>,
    errors: &mut Errors,
) -> Option<u64> {
    let given = given?;
    errors.keep(read(&given.value, &given.key.to_string()))
}

/// A number between 0 and 1.
fn share(given: Option<&Given<Expr>>, example: &str, errors: &mut Errors) -> Option<f64> {
    let Given { key, value } = given?;
    let number = match value {
        Expr::Lit(ExprLit {
            lit: Lit::Float(number),
            ..
        }) => number.base10_parse::<f64>().ok(),
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Some(1.0),
        _ => None,
    };
    let share = number.filter(|share| *share > 0.0 && *share < 1.0);
    if share.is_none() {
        errors.at(
            value,
            format!("`{key}` is a share of the ttl, a number between 0 and 1: `{key} = {example}`"),
        );
    }
    share
}
