//! cargo run --example serializers
//!
//! From values to bytes: JSON, MsgPack, and a codec of your own around another one.

use aiocache::{Codec, Error, ErrorKind, JsonSerializer, MsgPackSerializer, Result, SimpleMemoryCache};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u8,
}

/// Puts a checksum behind what another codec writes: a value that was damaged is an error, not another value.
struct Checked<C>(C);

fn checksum(bytes: &[u8]) -> [u8; 4] {
    // FNV-1a: against accidents, not against attackers.
    let mix = |sum: u32, &byte: &u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, mix).to_le_bytes()
}

impl<C: Codec> Codec for Checked<C> {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        let mut bytes = self.0.encode(value)?;
        bytes.extend(checksum(&bytes));
        Ok(bytes)
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        match bytes.split_last_chunk() {
            Some((value, sum)) if *sum == checksum(value) => self.0.decode(value),
            _ => Err(Error::new(ErrorKind::Decode, "the checksum is wrong")),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (name, age) = ("Ada".to_owned(), 36);
    let ada = User { name, age };
    println!("JSON    {} bytes", JsonSerializer.encode(&ada)?.len());
    println!("MsgPack {} bytes", MsgPackSerializer.encode(&ada)?.len());

    // A memory store keeps values as they are; with a codec it keeps bytes, as Redis does.
    let cache = SimpleMemoryCache::new().with_serializer(Checked(MsgPackSerializer));
    cache.set("user", &ada).await?;
    println!("back    {:?}", cache.get::<User>("user").await?);

    let mut bytes = Checked(JsonSerializer).encode(&ada)?;
    bytes[9] ^= 1; // one bit of the name
    let unchecked: User = JsonSerializer.decode(&bytes[..bytes.len() - 4])?;
    println!("damaged, unchecked: {unchecked:?}");
    let checked = Checked(JsonSerializer).decode::<User>(&bytes);
    println!(
        "damaged, checked:   {}",
        checked.map_or_else(|error| error.to_string(), |user| user.name)
    );
    Ok(())
}
