//! A lane for tests.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Lane;
use crate::config::Limits;
use crate::connect::Connect;

impl Lane {
    /// One to `address`, which waits long for a connection to be made.
    pub(super) fn to(address: SocketAddr, deadline: Duration) -> Self {
        let limits = Limits {
            deadline,
            pool_size: 2,
            max_value_bytes: 1,
            clearable: false,
        };
        let connect = Connect {
            host: address.ip().to_string(),
            port: address.port(),
            login: None,
            within: deadline * 10,
            max_value_bytes: 1,
            generations: None,
            watch: OnceLock::new(),
        };
        Self::new(Arc::new(connect), limits)
    }
}
