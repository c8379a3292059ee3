//! The slot of a key, as the cluster specification has it.

/// How many slots a cluster has.
pub(crate) const SLOTS: u16 = 16_384;

/// The slot of a key: of the text in its first braces, if there is any, so that keys can be kept together.
pub(crate) fn of(key: &[u8]) -> u16 {
    checksum(tag(key)) % SLOTS
}

fn tag(key: &[u8]) -> &[u8] {
    let inner = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let length = rest.iter().position(|&byte| byte == b'}')?;
        (length > 0).then(|| &rest[..length])
    });
    inner.unwrap_or(key)
}

/// CRC16 of the XMODEM kind.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, &byte| {
        (sum << 8) ^ TABLE[usize::from((sum >> 8) ^ u16::from(byte)) & 0xff]
    })
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte: u16 = 0;
    while byte < 256 {
        let mut sum = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum << 1) ^ if sum & 0x8000 == 0 { 0 } else { 0x1021 };
            bit += 1;
        }
        table[byte as usize] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_specification() {
        assert_eq!(checksum(b"123456789"), 0x31c3);
        assert_eq!(of(b"foo"), 12182);
    }

    #[test]
    fn keys_with_the_same_tag_share_a_slot() {
        for (key, tag) in [
            ("{user1000}.following", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("foo{bar", "foo{bar"),
        ] {
            assert_eq!(super::tag(key.as_bytes()), tag.as_bytes(), "{key}");
        }
        assert_eq!(of(b"{user1000}.following"), of(b"{user1000}.followers"));
    }
}
