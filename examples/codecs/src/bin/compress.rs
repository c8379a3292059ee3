//! cargo run -p aiocache-example-codecs --bin compress
//!
//! A codec that compresses large values. With `REDIS_URL` set it is Redis that needs less memory for them.

use std::io::{Read, Write};

use aiocache::{Codec, Error, ErrorKind, JsonSerializer, Result, StringSerializer, connect};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// JSON, compressed by zlib where it is long. What others wrote uncompressed is read as well, counters included.
struct CompressedJson;

/// Below this there is little to gain.
const WORTHWHILE: usize = 256;
/// What begins so is zlib's, for no JSON does.
const ZLIB: u8 = 0x78;
/// A few bytes can claim to be gigabytes of zeros, and those in a store are not to be trusted.
const LONGEST: u64 = 16 << 20;

impl Codec for CompressedJson {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        let json = JsonSerializer.encode(value)?;
        if json.len() < WORTHWHILE {
            return Ok(json);
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let compressed = zlib.write_all(&json).and_then(|()| zlib.finish());
        compressed.map_err(|_| Error::new(ErrorKind::Encode, "zlib failed"))
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        if bytes.first() != Some(&ZLIB) {
            return JsonSerializer.decode(bytes);
        }
        let mut json = Vec::new();
        let read = ZlibDecoder::new(bytes).take(LONGEST + 1).read_to_end(&mut json);
        match read {
            Ok(_) if json.len() as u64 <= LONGEST => JsonSerializer.decode(&json),
            Ok(_) => Err(Error::new(ErrorKind::Decode, "too long when decompressed")),
            Err(_) => Err(Error::new(ErrorKind::Decode, "not zlib")),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Article {
    title: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "memory://".to_owned());
    let plain = connect(&url)?.with_namespace("example-compress");
    let articles = plain.with_serializer(CompressedJson);

    let article = Article {
        title: "Rust".to_owned(),
        text: "a sentence that comes again and again, ".repeat(1000),
    };
    articles.set("long", &article).await?;
    let found: Option<Article> = articles.get("long").await?;
    println!("the same:       {}", found.as_ref() == Some(&article));
    let json = JsonSerializer.encode(&article)?.len();
    let stored = CompressedJson.encode(&article)?.len();
    println!("as JSON:        {json} bytes, stored: {stored} bytes");
    println!("under a tenth:  {}", 10 * stored < json);

    // Short values stay readable.
    articles.set("short", &("Rust", 2015)).await?;
    let texts = plain.with_serializer(StringSerializer);
    println!("short:          {:?}", texts.get::<String>("short").await?);

    // Values that were there before anybody thought of compression are still good, and counters are counters.
    plain.set("old", &vec![1, 2, 3]).await?;
    println!("old:            {:?}", articles.get::<Vec<u8>>("old").await?);
    println!("counter:        {}", articles.increment("visits", 1).await?);

    let bomb = CompressedJson.encode(&" ".repeat(17 << 20))?;
    let refused = CompressedJson
        .decode::<String>(&bomb)
        .expect_err("it is too long");
    println!("a bomb:         {} bytes, {refused}", bomb.len());
    plain.clear().await?;
    plain.close().await
}
