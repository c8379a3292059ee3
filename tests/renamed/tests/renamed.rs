//! The macros with renamed crates.

use aiocache_renamed_tests::{evict, name, names, put};

#[tokio::test]
async fn functions_and_controls_work_under_other_names() {
    assert_eq!(name(1).await.as_deref(), Some("name 1"));
    assert_eq!(names(vec![1, 2]).await[&1], "name 1");
    assert_eq!(names::peek(vec![2]).await.expect("memory answers")[&2], "names 2");
    assert_eq!(put(1, "other").await, "other");
    let peeked = name::peek(&1).await.expect("memory answers");
    assert_eq!(peeked.flatten().as_deref(), Some("other"));
    evict(1).await;
    assert_eq!(name::peek(&1).await.expect("memory answers"), None);
}
