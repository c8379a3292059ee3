//! cargo run --example serializer_functions
//!
//! A serializer made of two plain functions, for one type and a format of your own.

use aiocache::{Carried, Carrier, Error, ErrorKind, Functions, Object, Result, SimpleMemoryCache};

#[derive(Debug)]
struct Point {
    x: i32,
    y: i32,
}

/// `x,y` as text. `Object` is what a memory store holds; Redis holds `Bytes`.
fn dump(point: &Point) -> Result<Object> {
    Ok(Object::from_bytes(format!("{},{}", point.x, point.y).into()))
}

fn load(stored: &Object) -> Result<Point> {
    let unreadable = || Error::new(ErrorKind::Decode, "expected x,y");
    let Carried::Bytes(bytes) = stored.carried() else {
        return Err(unreadable());
    };
    let (x, y) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.split_once(','))
        .and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)))
        .ok_or_else(unreadable)?;
    Ok(Point { x, y })
}

#[tokio::main]
async fn main() -> Result<()> {
    let points = SimpleMemoryCache::new().with_serializer(Functions::new(dump, load));
    points.set("home", &Point { x: 48, y: 16 }).await?;
    println!("{:?}", points.get::<Point>("home").await?);

    // The same store through another serializer shows what is stored.
    let texts = points.with_serializer(aiocache::StringSerializer);
    println!("stored as {:?}", texts.get::<String>("home").await?);

    texts.set("home", "nowhere").await?;
    println!(
        "{}",
        points.get::<Point>("home").await.expect_err("that is no point")
    );
    Ok(())
}
