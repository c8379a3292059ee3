//! Which of several servers holds a key: consistent hashing in the manner of ketama.

/// The points of one server on the ring; more make the shares more even.
const POINTS: u32 = 160;

/// Points on a ring of 64-bit numbers. A key belongs to the server of the next point, so a server that is added or
/// taken away moves its own share of the keys and no other.
#[derive(Debug)]
pub(crate) struct Ring(Vec<(u64, usize)>);

impl Ring {
    /// Points follow from the names alone: every process with the same servers, in any order, agrees.
    pub(crate) fn new(names: &[String]) -> Self {
        let mut points: Vec<_> = names
            .iter()
            .enumerate()
            .flat_map(|(server, name)| {
                (0..POINTS).map(move |point| (hash(format!("{name}-{point}").as_bytes()), server))
            })
            .collect();
        points.sort_unstable();
        Self(points)
    }

    /// The position of the server that holds the key with this hash.
    pub(crate) fn server(&self, hash: u64) -> usize {
        let next = self.0.partition_point(|&(point, _)| point < hash);
        let (_, server) = self.0.get(next).or(self.0.first()).copied().unwrap_or_default();
        server
    }
}

/// FNV-1a with the finisher of MurmurHash3: the same in every release and on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 20_000;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("10.0.0.{n}:11211")).collect()
    }

    fn servers(names: &[String]) -> Vec<usize> {
        let ring = Ring::new(names);
        (0..KEYS)
            .map(|n| ring.server(hash(format!("users:{n}").as_bytes())))
            .collect()
    }

    #[test]
    fn each_server_has_about_its_share() {
        for count in [2, 3, 5, 10] {
            let servers = servers(&names(count));
            for server in 0..count {
                let share = servers.iter().filter(|&&held| held == server).count() * count;
                assert!(
                    (KEYS * 7 / 10..KEYS * 13 / 10).contains(&share),
                    "server {server} of {count} has {share} of {KEYS}"
                );
            }
        }
    }

    #[test]
    fn a_server_taken_away_moves_only_its_own_keys() {
        let all = names(5);
        let mut fewer = all.clone();
        fewer.remove(2);
        let place = |server: usize| if server > 2 { server - 1 } else { server };
        for (before, after) in servers(&all).into_iter().zip(servers(&fewer)) {
            if before != 2 {
                assert_eq!(place(before), after);
            }
        }
    }

    #[test]
    fn the_order_of_the_servers_does_not_count() {
        let names = names(4);
        let mut reversed = names.clone();
        reversed.reverse();
        for (one, other) in servers(&names).into_iter().zip(servers(&reversed)) {
            assert_eq!(names[one], reversed[other]);
        }
    }

    #[test]
    fn places_are_the_same_in_every_release() {
        let ring = Ring::new(&names(4));
        let places: Vec<_> = ["a", "users:1", "users:2", "x"]
            .iter()
            .map(|key| ring.server(hash(key.as_bytes())))
            .collect();
        assert_eq!(places, [0, 1, 3, 0]);
    }
}
