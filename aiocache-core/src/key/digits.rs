//! Whole numbers in decimal, faster than through `fmt`: most keys are a name and a number.

use super::small::SmallText;

/// Two digits of each number below 100.
const PAIRS: &str = "0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

/// Writes `number`.
#[inline]
pub(super) fn unsigned(out: &mut SmallText, number: u64) {
    // From the front, pair by pair: each is text already, of a length that the compiler knows.
    match number {
        0..10 => digit(out, number),
        10..100 => pair(out, number),
        100..1_000 => {
            digit(out, number / 100);
            pair(out, number % 100);
        }
        1_000..10_000 => {
            pair(out, number / 100);
            pair(out, number % 100);
        }
        _ => long(out, number),
    }
}

/// Writes `number`, with `-` in front of a negative one.
#[inline]
pub(super) fn signed(out: &mut SmallText, number: i64) {
    if number < 0 {
        out.push_str("-");
    }
    unsigned(out, number.unsigned_abs());
}

/// Apart, so that [`unsigned`] stays short enough to become part of its caller.
fn long(out: &mut SmallText, number: u64) {
    match number {
        0..10 => digit(out, number),
        10..100 => pair(out, number),
        _ => {
            long(out, number / 100);
            pair(out, number % 100);
        }
    }
}

#[inline]
fn digit(out: &mut SmallText, below_10: u64) {
    let at = place(below_10) + 1;
    out.push_str(&PAIRS[at..=at]);
}

#[inline]
fn pair(out: &mut SmallText, below_100: u64) {
    let at = place(below_100);
    out.push_str(&PAIRS[at..at + 2]);
}

#[inline]
fn place(below_100: u64) -> usize {
    usize::try_from(below_100).expect("two digits fit") * 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(write: impl FnOnce(&mut SmallText)) -> String {
        let mut out = SmallText::new();
        write(&mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn numbers_at_each_change_of_length_are_written_as_display_writes_them() {
        let powers = (0..20).map(|digits| 10_u64.pow(digits));
        for n in powers
            .flat_map(|power| [power - 1, power, power + 1])
            .chain([u64::MAX])
        {
            assert_eq!(text_of(|out| unsigned(out, n)), n.to_string());
            let negative = -i64::try_from(n).unwrap_or(i64::MAX);
            assert_eq!(text_of(|out| signed(out, negative)), negative.to_string());
        }
        assert_eq!(text_of(|out| signed(out, i64::MIN)), i64::MIN.to_string());
    }

    proptest! {
        #[test]
        fn every_number_is_written_as_display_writes_it(n: u64, i: i64) {
            prop_assert_eq!(text_of(|out| unsigned(out, n)), n.to_string());
            prop_assert_eq!(text_of(|out| signed(out, i)), i.to_string());
        }
    }
}
