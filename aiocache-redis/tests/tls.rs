//! TLS, against a server with certificates made for the test.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aiocache_core::testing::RedisServer;
use aiocache_core::{Backend, Error, ErrorKind};
use aiocache_redis::{RedisBackend, RedisBuilder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use support::{bytes, get};

/// An authority, and what it has signed, as PEM.
struct Authority(CertifiedIssuer<'static, KeyPair>);

struct Signed {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, names: &[&str]) -> Signed {
        let all: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(all).expect("good names");
        params.distinguished_name.push(DnType::CommonName, names[0]);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("aiocache-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A server with TLS on a second port, and a plain port by which the kit sees that it is there.
struct Secured {
    server: RedisServer,
    port: u16,
    authority: Authority,
    folder: Folder,
    /// What another server needs for the same.
    options: Vec<String>,
}

impl Secured {
    /// `clients` is `yes` if clients have to show a certificate.
    fn start(name: &str, clients: &str) -> Self {
        Self::start_with(name, clients, &[])
    }

    fn start_with(name: &str, clients: &str, more: &[&str]) -> Self {
        let folder = Folder::new(name);
        let authority = Authority::new();
        let signed = authority.sign(&["localhost", "::1"]);
        let (ca, certificate, key) = (
            folder.put("ca.pem", &authority.pem()),
            folder.put("server.pem", &signed.certificate),
            folder.put("server.key", &signed.key),
        );
        let options = [
            ["--tls-ca-cert-file", &ca],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-auth-clients", clients],
        ];
        let options: Vec<String> = options.concat().into_iter().map(str::to_owned).collect();
        let port = support::port();
        let server = RedisServer::builder()
            .arg("--tls-port", port.to_string())
            .args(options.clone())
            .args(more.iter().copied())
            .start();
        Self {
            server: server.expect("redis-server starts, with TLS"),
            port,
            authority,
            folder,
            options,
        }
    }

    fn url(&self) -> String {
        format!("rediss://localhost:{}", self.port)
    }

    fn trusted(&self) -> RedisBuilder {
        RedisBackend::builder(self.url()).ca_certificates(self.authority.pem())
    }
}

async fn refused(builder: RedisBuilder) -> Error {
    let redis = builder
        .deadline(Duration::from_secs(2))
        .connect_timeout(Duration::from_secs(2))
        .build()
        .expect("good options");
    redis.ping().await.expect_err("refused")
}

fn invalid(builder: RedisBuilder) -> String {
    let error = builder.build().expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

#[tokio::test]
async fn values_go_by_tls_with_a_given_authority() {
    let mut secured = Secured::start("plain", "no");
    let redis = secured.trusted().build().expect("good options");
    let start = Instant::now();
    redis.ping().await.expect("there");
    println!("connected with TLS in {:?}", start.elapsed());
    for value in [bytes("1"), bytes(vec![b'x'; 3 << 20])] {
        redis.write("key", value.clone(), None).await.expect("written");
        assert_eq!(get(&redis, "key").await.expect("read"), Some(value));
    }
    let plain = support::backend(&secured.server);
    let clients = plain.raw(&[b"CLIENT", b"LIST"]).await.expect("asked");
    assert_eq!(support::cluster::text(clients).lines().count(), 3);

    secured.server.restart().expect("the server obeys");
    redis
        .write("key", bytes("2"), None)
        .await
        .expect("connected again");
    let file = secured.folder.0.join("ca.pem");
    let by_url = format!("{}?ca_file={}", secured.url(), file.display());
    let by_url = RedisBackend::connect(by_url).expect("a good URL");
    assert_eq!(get(&by_url, "key").await.expect("read"), Some(bytes("2")));
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_left() {
    let secured = Secured::start("untrusted", "no");
    let stranger = Authority::new();
    let of_system = RedisBackend::builder(secured.url());
    let of_stranger = RedisBackend::builder(secured.url()).ca_certificates(stranger.pem());
    let other_name = RedisBackend::builder(format!("rediss://127.0.0.1:{}", secured.port))
        .ca_certificates(secured.authority.pem());
    for (builder, why) in [
        (of_system, "UnknownIssuer"),
        (of_stranger, "certificate"),
        (other_name, "NotValidForName"),
    ] {
        let error = refused(builder).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let source = source.expect("what TLS says");
        assert!(
            source.contains(why) || source.contains("not valid for name"),
            "{source}"
        );
    }
    // Neither side takes the other for its kind.
    let plain_to_tls = RedisBackend::builder(format!("redis://localhost:{}", secured.port));
    let tls_to_plain = RedisBackend::builder(format!("rediss://localhost:{}", secured.server.port()));
    for builder in [plain_to_tls, tls_to_plain] {
        let start = Instant::now();
        assert_eq!(refused(builder).await.kind(), ErrorKind::Unavailable);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_it_has_to() {
    let secured = Secured::start("mutual", "yes");
    let client = secured.authority.sign(&["client"]);
    let redis = secured
        .trusted()
        .client_certificate(&*client.certificate, &*client.key)
        .build()
        .expect("good options");
    redis.write("key", bytes("1"), None).await.expect("let in");

    let files = [
        ("ca_file", secured.authority.pem()),
        ("cert_file", client.certificate),
        ("key_file", client.key),
    ];
    let options: Vec<_> = files
        .iter()
        .map(|(name, text)| format!("{name}={}", secured.folder.put(name, text)))
        .collect();
    let by_url = format!("{}?{}", secured.url(), options.join("&"));
    let by_url = RedisBackend::connect(by_url).expect("a good URL");
    assert_eq!(get(&by_url, "key").await.expect("read"), Some(bytes("1")));

    let stranger = Authority::new().sign(&["client"]);
    let with_none = secured.trusted();
    let with_another = secured
        .trusted()
        .client_certificate(&*stranger.certificate, &*stranger.key);
    for builder in [with_none, with_another] {
        assert_eq!(refused(builder).await.kind(), ErrorKind::Unavailable);
    }
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn the_nodes_of_a_cluster_are_spoken_to_by_tls() {
    let bus = support::port().to_string();
    let options = [
        "--cluster-enabled",
        "yes",
        "--tls-cluster",
        "yes",
        "--cluster-port",
        &bus,
    ];
    let by_name = [
        "--cluster-announce-hostname",
        "localhost",
        "--cluster-preferred-endpoint-type",
        "hostname",
    ];
    let secured = Secured::start_with("cluster", "no", &[&options[..], &by_name].concat());
    let slots = support::backend(&secured.server)
        .raw(&[b"CLUSTER", b"ADDSLOTSRANGE", b"0", b"16383"])
        .await;
    slots.expect("given");
    let redis = RedisBackend::builder(format!("rediss-cluster://localhost:{}", secured.port))
        .ca_certificates(secured.authority.pem())
        .build()
        .expect("good options");
    let start = Instant::now();
    while let Err(error) = redis.write("key", bytes("1"), None).await {
        assert!(start.elapsed() < Duration::from_secs(10), "{error:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("1")));
}

#[cfg(feature = "sentinel")]
#[tokio::test]
async fn sentinels_and_their_master_are_spoken_to_by_tls() {
    use aiocache_core::testing::Server;
    use support::sentinel::Sentinel;

    let secured = Secured::start("sentinel", "no");
    let port = support::port();
    let sentinel = Server::<Sentinel>::builder()
        .args(["--tls-port".to_owned(), port.to_string()])
        .args(["--tls-replication", "yes"])
        .args([
            "--sentinel",
            "resolve-hostnames",
            "yes",
            "--sentinel",
            "announce-hostnames",
            "yes",
        ])
        .args(secured.options.clone())
        .start()
        .expect("redis-server starts as a sentinel, with TLS");
    let master = secured.port.to_string();
    let monitor = [
        &b"SENTINEL"[..],
        b"MONITOR",
        b"main",
        b"localhost",
        master.as_bytes(),
        b"1",
    ];
    let plain = RedisBackend::connect(support::url_of(sentinel.addr())).expect("a good URL");
    plain.raw(&monitor).await.expect("watched");
    let redis = RedisBackend::builder(format!("rediss-sentinel://localhost:{port}/main"))
        .ca_certificates(secured.authority.pem())
        .deadline(support::PATIENCE)
        .build()
        .expect("good options");
    redis.write("key", bytes("1"), None).await.expect("written");
    let clients = redis.raw(&[b"CLIENT", b"INFO"]).await.expect("asked");
    assert!(support::cluster::text(clients).contains(&format!("laddr=127.0.0.1:{master}")));
}

#[test]
fn what_is_no_certificate_is_told_before_anything_connects() {
    let url = "rediss://localhost";
    let folder = Folder::new("bad");
    let signed = Authority::new().sign(&["client"]);
    let no_pem = RedisBackend::builder(url).ca_certificates("s3cret");
    assert!(invalid(no_pem).contains("BEGIN CERTIFICATE"));
    let no_key = RedisBackend::builder(url).client_certificate(&*signed.certificate, "s3cret");
    assert!(invalid(no_key).contains("cannot be read as PEM"));
    let without_tls = RedisBackend::builder("redis://localhost").ca_certificates(&*signed.certificate);
    assert!(invalid(without_tls).contains("rediss://"));
    let missing = folder.0.join("missing.pem");
    let missing = RedisBackend::builder(format!("{url}?ca_file={}", missing.display()));
    assert!(invalid(missing).contains("missing.pem"));
    let half = RedisBackend::builder(format!("{url}?cert_file={}", Path::new("a.pem").display()));
    assert!(invalid(half).contains("together"));
    let insecure = RedisBackend::builder(format!("{url}#insecure"));
    assert!(invalid(insecure).contains("always checked"));
    let builder = RedisBackend::builder(url).client_certificate(&*signed.certificate, "s3cret");
    assert!(!format!("{builder:?}").contains("s3cret"));
}
