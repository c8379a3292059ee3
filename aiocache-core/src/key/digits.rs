//! Whole numbers in decimal, faster than through `fmt`: most keys are a name and a number.

use super::small::SmallText;

/// Two digits of each number below 100.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

/// Writes `number`.
#[inline]
pub(super) fn unsigned(out: &mut SmallText, number: u64) {
    write(out, false, number);
}

/// Writes `number`, with `-` in front of a negative one.
#[inline]
pub(super) fn signed(out: &mut SmallText, number: i64) {
    write(out, number < 0, number.unsigned_abs());
}

fn write(out: &mut SmallText, negative: bool, mut rest: u64) {
    // A sign and the twenty digits of u64::MAX, filled from the end.
    let mut text = [0; 21];
    let mut start = text.len();
    while rest >= 100 {
        start -= 2;
        text[start..start + 2].copy_from_slice(pair(rest % 100));
        rest /= 100;
    }
    let [tens, ones] = *pair(rest);
    start -= 1;
    text[start] = ones;
    if rest >= 10 {
        start -= 1;
        text[start] = tens;
    }
    if negative {
        start -= 1;
        text[start] = b'-';
    }
    out.push_str(str::from_utf8(&text[start..]).expect("digits and a sign are ASCII"));
}

fn pair(below_100: u64) -> &'static [u8; 2] {
    let at = usize::try_from(below_100).expect("two digits fit") * 2;
    PAIRS[at..]
        .first_chunk()
        .expect("the table has a pair for each number below 100")
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
