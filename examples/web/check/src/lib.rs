//! The tests of each web service: they start it and call it over HTTP.

pub mod cases;
mod http;
mod service;

pub use http::Answer;
pub use service::Service;

/// Writes a test for each case, against the program at a path.
#[macro_export]
macro_rules! test_service {
    ($program:expr) => {
        $crate::test_service! { $program =>
            a_product_comes_from_the_database_once
            a_crowd_asks_the_database_once
            no_cache_asks_the_database_anew_and_stores
            a_new_price_is_in_the_cache_at_once
            a_removed_product_is_gone_from_the_cache
            what_is_not_there_is_not_found
            what_cannot_be_read_is_refused
            the_statistics_count_hits_and_misses
            ctrl_c_ends_it_well
        }
    };
    ($program:expr => $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::cases::$case(&$crate::Service::start($program));
            }
        )+
    };
}
