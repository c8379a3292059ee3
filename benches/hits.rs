//! Hits
fn main() {}
