//! Both print what is written in `output`, in memory and in Redis.

use std::path::Path;
use std::process::Command;

use aiocache::testing::RedisServer;

#[path = "../../../tests/written/mod.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the other examples")]
mod written;

#[track_caller]
fn assert_prints(name: &str, program: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("output/{name}.txt"));
    let redis = RedisServer::start().expect("redis-server starts");
    for url in ["memory://", &redis.url()] {
        let output = Command::new(program).env("REDIS_URL", url).output();
        let output = output.expect("it starts");
        assert!(output.status.success(), "{output:?}");
        // Messages name the store.
        let found = String::from_utf8_lossy(&output.stdout).replace("on redis", "on memory");
        assert_eq!(written::difference(&file, &found), None, "{url}, {found}");
    }
}

#[test]
fn long_values_are_compressed_and_bombs_refused() {
    assert_prints("compress", env!("CARGO_BIN_EXE_compress"));
}

#[test]
fn invalid_values_do_not_come_in_and_are_not_let_out() {
    assert_prints("validate", env!("CARGO_BIN_EXE_validate"));
}
