//! cargo run -p aiocache-example-codecs --bin validate
//!
//! A serializer that checks values on their way in and out, for a store that others write to as well; here with `garde`.
//! With `REDIS_URL` set, in Redis.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::sync::LazyLock;

use aiocache::{
    AnyCache, Carrier, Codec, Dump, Error, ErrorKind, JsonSerializer, Load, Result, cached, connect,
};
use garde::Validate;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Stands around a codec, and lets only values pass that are valid.
#[derive(Debug, Clone, Copy)]
struct Valid<C>(C);

impl<C, T, R> Dump<T, R> for Valid<C>
where
    C: Codec,
    T: Validate<Context = ()> + Serialize,
    R: Carrier,
{
    fn dump(&self, value: &T) -> Result<R> {
        check(value, ErrorKind::Encode)?;
        self.0.dump(value)
    }
}

impl<C, T, R> Load<T, R> for Valid<C>
where
    C: Codec,
    T: Validate<Context = ()> + DeserializeOwned,
    R: Carrier,
{
    fn load(&self, raw: &R) -> Result<T> {
        let value = self.0.load(raw)?;
        check(&value, ErrorKind::Decode)?;
        Ok(value)
    }
}

fn check(value: &impl Validate<Context = ()>, kind: ErrorKind) -> Result<()> {
    let Err(report) = value.validate() else {
        return Ok(());
    };
    // It names fields and rules and no values: an error's message goes into logs.
    let broken: Vec<String> = report
        .iter()
        .map(|(field, rule)| format!("{field}: {rule}"))
        .collect();
    Err(Error::new(kind, broken.join(", ")))
}

#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
struct Order {
    #[garde(length(min = 1, max = 40))]
    item: String,
    #[garde(range(min = 1, max = 99))]
    pieces: u32,
}

static PLAIN: LazyLock<AnyCache> = LazyLock::new(|| {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "memory://".to_owned());
    connect(&url)
        .expect("a valid URL")
        .with_namespace("example-validate")
});

static ORDERS: LazyLock<AnyCache<Valid<JsonSerializer>>> =
    LazyLock::new(|| PLAIN.with_serializer(Valid(JsonSerializer)));

#[cached(cache = ORDERS, key = "order:{id}", ttl = 60)]
async fn order(id: u32) -> std::result::Result<Order, String> {
    println!("  order({id}) runs");
    let item = "tea".to_owned();
    Ok(Order { item, pieces: id })
}

#[tokio::main]
async fn main() -> Result<()> {
    PLAIN.clear().await?;
    println!(
        "in:  {}",
        ORDERS
            .set("order:1", &new("tea", 0))
            .await
            .expect_err("no pieces")
    );
    println!(
        "in:  {}",
        ORDERS
            .set("order:1", &new("", 100))
            .await
            .expect_err("no item either")
    );
    println!("stored: {}", ORDERS.exists("order:1").await?);

    // Another service writes what this one cannot use.
    PLAIN.set("order:1", &new("tea", 1_000)).await?;
    println!(
        "out: {}",
        ORDERS.get::<Order>("order:1").await.expect_err("too many")
    );

    // A cached function finds nothing of use there, loads, and puts it right; what is invalid itself is not stored.
    for id in [1, 1, 200, 200] {
        println!("{:?}", order(id).await);
    }
    PLAIN.clear().await?;
    PLAIN.close().await
}

fn new(item: &str, pieces: u32) -> Order {
    let item = item.to_owned();
    Order { item, pieces }
}
