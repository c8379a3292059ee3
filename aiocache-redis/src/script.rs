//! What has to happen in one step on the server and is no single command: Lua, run by its hash.

use std::sync::LazyLock;

use redis::{Cmd, RedisWrite};

/// Adds to a counter; one that is created takes the ttl. Answers as text, because Lua's numbers are doubles.
pub(crate) static INCREMENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[1], '0', 'NX', 'PX', ARGV[2])
redis.call('INCRBY', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])",
    )
});

/// Takes the ttl away and says whether the key is there: `PERSIST` alone is 0 for a key without a ttl too.
pub(crate) static PERSIST: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('PERSIST', KEYS[1])
return redis.call('EXISTS', KEYS[1])",
    )
});

/// Writes if the value is still the expected one. A third argument is the ttl in milliseconds.
pub(crate) static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
    redis.call('SET', KEYS[1], ARGV[2])
end
return 1",
    )
});

/// Deletes if the value is still the expected one.
pub(crate) static COMPARE_AND_DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])",
    )
});

/// A script over one key.
#[derive(Debug)]
pub(crate) struct Script {
    source: &'static str,
    hash: String,
}

impl Script {
    fn new(source: &'static str) -> Self {
        let hash = redis::Script::new(source).get_hash().to_owned();
        Self { source, hash }
    }

    /// Runs what the server knows already; `NOSCRIPT` is the answer if it does not, and nothing was done.
    pub(crate) fn by_hash(&self, key: &str, arguments: &[&[u8]]) -> Cmd {
        command("EVALSHA", &self.hash, key, arguments)
    }

    /// Runs it and lets the server keep it.
    pub(crate) fn by_source(&self, key: &str, arguments: &[&[u8]]) -> Cmd {
        command("EVAL", self.source, key, arguments)
    }
}

fn command(name: &str, script: &str, key: &str, arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(1).arg(key);
    for argument in arguments {
        command.write_arg(argument);
    }
    command
}
