//! What each service does, whichever framework is in front of it.
#![expect(missing_docs, reason = "their names are sentences")]
#![expect(clippy::missing_panics_doc, reason = "they are tests")]

use std::thread::scope;

use crate::{Answer, Service};

const TEA: &str = r#"{"id":1,"name":"tea","cents":450}"#;

#[track_caller]
fn assert_answer(found: &Answer, status: u16, x_cache: Option<&str>, body: &str) {
    let found = (found.status, found.x_cache.as_deref(), found.body.as_str());
    assert_eq!(found, (status, x_cache, body));
}

pub fn a_product_comes_from_the_database_once(service: &Service) {
    assert_answer(&service.get("/products/1"), 200, Some("miss"), TEA);
    assert_answer(&service.get("/products/1"), 200, Some("hit"), TEA);
    assert_eq!(service.statistic("queries"), 1);
    assert_eq!(service.get("/products/2").x_cache.as_deref(), Some("miss"));
    assert_eq!(service.statistic("queries"), 2);
}

pub fn a_crowd_asks_the_database_once(service: &Service) {
    scope(|threads| {
        for _ in 0..16 {
            threads.spawn(|| assert_eq!(service.get("/products/1").body, TEA));
        }
    });
    assert_eq!(service.statistic("queries"), 1);
}

pub fn no_cache_asks_the_database_anew_and_stores(service: &Service) {
    let first = service.get_with("/products/1", "no-cache");
    assert_answer(&first, 200, Some("bypass"), TEA);
    assert_answer(&service.get("/products/1"), 200, Some("hit"), TEA);
    let again = service.get_with("/products/1", "max-age=0, No-Cache");
    assert_answer(&again, 200, Some("bypass"), TEA);
    assert_eq!(service.statistic("queries"), 2);
    let other = service.get_with("/products/1", "max-age=0");
    assert_answer(&other, 200, Some("hit"), TEA);
}

pub fn a_new_price_is_in_the_cache_at_once(service: &Service) {
    assert_eq!(service.get("/products/1").body, TEA);
    let dearer = r#"{"id":1,"name":"tea","cents":480}"#;
    let put = service.put("/products/1", r#"{"cents":480}"#);
    assert_answer(&put, 200, None, dearer);
    assert_answer(&service.get("/products/1"), 200, Some("hit"), dearer);
    assert_eq!(service.statistic("queries"), 2, "a read and a write");
}

pub fn a_removed_product_is_gone_from_the_cache(service: &Service) {
    assert_eq!(service.get("/products/1").status, 200);
    assert_answer(&service.delete("/products/1"), 204, None, "");
    let gone = service.get("/products/1");
    assert_eq!((gone.status, gone.x_cache.as_deref()), (404, Some("miss")));
    assert_eq!(service.delete("/products/1").status, 404);
}

pub fn what_is_not_there_is_not_found(service: &Service) {
    for path in ["/products/99", "/products", "/nothing"] {
        assert_eq!(service.get(path).status, 404, "{path}");
    }
    assert_eq!(service.put("/products/99", r#"{"cents":1}"#).status, 404);
    assert_eq!(service.statistic("queries"), 2);
    assert_eq!(service.statistic("entries"), 0);
}

pub fn what_cannot_be_read_is_refused(service: &Service) {
    for id in ["one", "1.5", "99999999999999999999"] {
        assert_eq!(service.get(&format!("/products/{id}")).status, 400, "{id}");
    }
    for price in [r#"{"cents":-1}"#, r#"{"cents":"#, ""] {
        let status = service.put("/products/1", price).status;
        assert!(
            [400, 422].contains(&status),
            "{price}: each framework has its own opinion, and {status} is none"
        );
    }
    assert_eq!(service.statistic("queries"), 0);
}

pub fn the_statistics_count_hits_and_misses(service: &Service) {
    for _ in 0..3 {
        assert_eq!(service.get("/products/3").status, 200);
    }
    let page = service.get("/statistics");
    assert_eq!((page.status, page.x_cache), (200, None));
    assert!(page.body.starts_with("products (memory)\n"), "{}", page.body);
    let names = ["hits", "misses", "loads", "entries", "queries"];
    assert_eq!(names.map(|name| service.statistic(name)), [2, 1, 1, 1, 1]);
}

pub fn ctrl_c_ends_it_well(service: &Service) {
    assert_eq!(service.get("/products/1").status, 200);
    let status = service.interrupt();
    assert!(status.success(), "{status}");
}
