//! What has to happen in one step on the server and is no single command: Lua, run by its hash.

use std::sync::LazyLock;

use aiocache_core::Result;
use redis::{Cmd, RedisWrite, Value};

use crate::reply;
use crate::store::Store;
use crate::wire::Repeat;

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

/// Takes a lock for as many milliseconds if nobody has it, and gives its fencing token: the time in microseconds, or
/// one more than the last where the clock is not past that. The last one is kept until the clock is a day past it, so
/// that what comes after it is larger.
pub(crate) static LOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return nil end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or 0) or 0
local token = math.max(now, last + 1)
local day = 86400000
redis.call('SET', KEYS[2], string.format('%.0f', token), 'PX', string.format('%.0f', (token - now) / 1000 + day))
return token",
    )
});

/// A script over one key, or over several on one node.
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

    /// Runs it over keys, at least one, which are all on the node of the first.
    pub(crate) async fn run(
        &self,
        store: &Store,
        keys: &[&str],
        arguments: &[&[u8]],
        repeat: Repeat,
    ) -> Result<Value> {
        let (key, size) = (
            keys[0].as_bytes(),
            arguments.iter().map(|argument| argument.len()).sum(),
        );
        let until = store.limits().until();
        let send = async |command: Cmd| store.call_until(key, &command, size, repeat, until).await;
        let answer = send(self.by_hash(keys, arguments)).await?;
        if reply::is_unknown_script(&answer) {
            return send(self.by_source(keys, arguments)).await;
        }
        Ok(answer)
    }

    /// Runs what the server knows already; `NOSCRIPT` is the answer if it does not, and nothing was done.
    fn by_hash(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        command("EVALSHA", &self.hash, keys, arguments)
    }

    /// Runs it and lets the server keep it.
    fn by_source(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        command("EVAL", self.source, keys, arguments)
    }
}

fn command(name: &str, script: &str, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(keys.len()).arg(keys);
    for argument in arguments {
        command.write_arg(argument);
    }
    command
}
