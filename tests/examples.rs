//! Each example runs, and prints what it is there to show.

use aiocache::testing::RedisServer;

use run_example::run;

#[expect(unreachable_pub, reason = "shared by two test programs")]
mod run_example;

/// The lines that an example printed, without their indentation.
fn lines(name: &str, redis_url: Option<&str>) -> Vec<String> {
    let run = run(name, redis_url);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}: {run:?}");
    run.stdout.lines().map(|line| line.trim().to_owned()).collect()
}

#[track_caller]
fn assert_lines(found: &[String], expected: &[&str]) {
    assert_eq!(found.join("\n"), expected.join("\n"));
}

fn count(lines: &[String], line: &str) -> usize {
    lines.iter().filter(|found| *found == line).count()
}

#[test]
fn cached_stores_values_and_no_errors() {
    let lines = lines("cached", None);
    assert_eq!(count(&lines, r#"parse("7") runs"#), 1);
    assert_eq!(count(&lines, r#"parse("x") runs"#), 2);
    assert_eq!(count(&lines, "find_user(2) runs"), 1);
    assert_eq!(count(&lines, r#"words("a b") runs"#), 1);
    assert_eq!(count(&lines, r#"words("") runs"#), 2);
    assert_lines(
        &lines[lines.len() - 4..],
        &[
            r#"key        cached::parse("7")"#,
            "peek       Some(Ok(7))",
            "invalidate true",
            "peek       None",
        ],
    );
}

#[test]
fn policies_serve_old_values_and_ask_a_failing_source_once() {
    let lines = lines("policies", None);
    assert_lines(
        &lines,
        &[
            "asking for EUR",
            "(Ok(1.08), Loaded)",
            "asking for EUR",
            "(Ok(1.08), Stale)",
            "(Ok(1.08), Stale) without asking again",
            "asking for USD",
            "Ok(0.0), the fallback",
            "making a",
            r#"(Ok("report a"), Loaded)"#,
            r#"(Ok("report a"), Stale)"#,
            "making a",
            r#"(Ok("report a"), Hit)"#,
            "getting /",
            r#"Ok("page /")"#,
            "/ is unchanged",
            r#"Ok("page /")"#,
        ],
    );
}

#[test]
fn multi_cached_asks_for_missing_keys_only() {
    let lines = lines("multi_cached", None);
    let runs: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_suffix(" runs"))
        .collect();
    let expected = [
        "load_users([1, 2])",
        "load_users([3])",
        "load_users([77])",
        "load_users([77])",
        "load_user(4)",
    ];
    assert_eq!(runs, expected);
    let end = ["removed: 2", r#"cached:  {1: "user 1", 2: "user 2"}"#];
    assert_lines(&lines[lines.len() - 2..], &end);
}

#[test]
fn methods_are_told_apart_by_tenant() {
    let lines = lines("methods", None);
    assert_eq!(
        count(&lines, "acme: find(1) runs"),
        2,
        "once, and once after the rename"
    );
    assert_eq!(count(&lines, "apex: find(1) runs"), 1);
    assert_eq!(count(&lines, r#"acme: country_name("AT") runs"#), 1);
    assert_eq!(count(&lines, r#"Some("Austria")"#), 2);
}

#[test]
fn commands_answer_as_in_aiocache() {
    let lines = lines("commands", None);
    let expected = [
        r#"get       Some("Wien")"#,
        "a miss    None",
        "exists    true",
        "stored as demo:city",
        r#"add       add on memory in namespace "demo": key exists"#,
        r#"as a bool get on memory in namespace "demo": wrong type: the store holds alloc::string::String, but bool was asked for"#,
        "multi_get [Some(1), None, Some(2)]",
        "increment 1",
        "increment 42",
        "as a u16  Some(42)",
        "brief     Some(true)",
        "later     None",
        "expire    true",
        "ttl of a  Never",
        "delete    1",
        "several   2",
        "cleared   None",
    ];
    assert_lines(&lines, &expected);
}

#[test]
fn plugins_count_time_and_tell() {
    let lines = lines("plugins", None);
    assert_lines(
        &lines[..5],
        &[
            "get a …",
            "… is there",
            "get b …",
            "… is not there",
            "2 of 5 reads were hits: 0.40",
        ],
    );
    assert!(lines[5].starts_with("get: 2 times, "), "{lines:?}");
}

#[test]
fn serializers_find_a_damaged_value() {
    let expected = [
        "JSON    23 bytes",
        "MsgPack 15 bytes",
        r#"back    Some(User { name: "Ada", age: 36 })"#,
        r#"damaged, unchecked: User { name: "@da", age: 36 }"#,
        "damaged, checked:   cannot be decoded: the checksum is wrong",
    ];
    assert_lines(&lines("serializers", None), &expected);
}

#[test]
fn serializer_functions_write_and_read_one_type() {
    let expected = [
        "Some(Point { x: 48, y: 16 })",
        r#"stored as Some("48,16")"#,
        "get on memory: cannot be decoded: expected x,y",
    ];
    assert_lines(&lines("serializer_functions", None), &expected);
}

#[test]
fn key_builder_shows_each_way_to_a_key() {
    let expected = [
        r#"built("Wien") runs"#,
        "loaded       Some(4) Some(4)",
        "built        app:wien",
        r#"generated    app:key_builder::generated(7,["a","b"])"#,
        "template     app:user:7:a%3Ab",
        "a type       app:user:7:name",
        "of the cache app/THEME",
    ];
    assert_lines(&lines("key_builder", None), &expected);
}

#[test]
fn get_or_load_loads_once() {
    let expected = [
        "parsing 42",
        "42",
        "42",
        "a slow load",
        "(7, 7, 7, 7, 7)",
        r#"measuring ["a", "bb"]"#,
        r#"{"a": 1, "bb": 2}"#,
        r#"measuring ["ccc"]"#,
        r#"{"a": 1, "bb": 2, "ccc": 3}"#,
    ];
    assert_lines(&lines("get_or_load", None), &expected);
}

#[test]
fn testing_passes_its_tests() {
    let expected = [
        "a_price_is_looked_up_once_a_minute: ok",
        "a_hit_is_one_read: ok",
        "a_price_is_there_whatever_the_store_does: ok",
        "every_call_is_looked_up_without_the_cache: ok",
    ];
    assert_lines(&lines("testing", None), &expected);
}

#[test]
fn custom_backend_finds_its_entries_after_a_restart() {
    assert_lines(&lines("custom_backend", None), &[r#"Some("Wien")"#, "visits: 3"]);
}

#[test]
fn redis_says_how_to_run_it_and_keeps_json_there() {
    let told = lines("redis", None);
    assert!(
        told.len() == 1 && told[0].starts_with("Set REDIS_URL"),
        "{told:?}"
    );

    let server = RedisServer::start().expect("redis-server starts");
    let lines = lines("redis", Some(&server.url()));
    let user = r#"User { id: 42, name: "user 42" }"#;
    assert_lines(&lines[..3], &["load_user(42) runs", user, user]);
    assert_eq!(
        lines[3],
        r#"Redis holds {"id":42,"name":"user 42"} under example-users:42"#
    );
    assert!(
        lines[4].starts_with("For(59.") || lines[4] == "For(60s) left",
        "{}",
        lines[4]
    );
    assert_eq!(lines[5], "removed: true");
}

#[test]
fn redlock_lets_one_in_at_a_time() {
    assert_lines(
        &lines("redlock", None),
        &[
            "one begins",
            "one ends",
            "two begins",
            "two ends",
            "three begins",
            "three ends",
            r#"(Some("one did it"), Some("two did it"), Some("three did it"))"#,
            "taken: true",
            "left: 2s",
            "released: true",
            "tokens rise: true",
            "late: false",
            "next: true",
        ],
    );
}

#[test]
fn optimistic_lock_sells_no_ticket_twice() {
    assert_lines(
        &lines("optimistic_lock", None),
        &[
            "sold: true",
            "cas on memory: changed since it was read",
            "sold: 7, left: Some(0)",
        ],
    );
}

#[test]
fn every_example_is_run_here_and_listed_in_the_index() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let index = std::fs::read_to_string(format!("{root}/README.md")).expect("the index is there");
    let tests = include_str!("examples.rs").to_owned() + include_str!("quickstart.rs");
    let mut found = 0;
    for entry in std::fs::read_dir(root).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let is_example =
            path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists();
        if !is_example {
            continue;
        }
        found += 1;
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a plain name");
        assert!(
            tests.contains(&format!("(\"{name}\", ")),
            "{name} is not run by a test"
        );
        assert!(
            index.contains(&format!("`{name}`")),
            "{name} is not in examples/README.md"
        );
        let source = if path.is_dir() {
            path.join("main.rs")
        } else {
            path.clone()
        };
        let text = std::fs::read_to_string(source).expect("it can be read");
        assert!(
            text.starts_with(&format!("//! cargo run --example {name}\n")),
            "{name}: its first line"
        );
    }
    assert!(found >= 12, "only {found} examples found");
}
