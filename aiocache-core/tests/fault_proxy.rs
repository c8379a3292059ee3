//! The fault proxy of the test kit, every fault in front of a plain echo server.
#![cfg(unix)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, FaultProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Long enough for bytes to pass, were they to pass.
const MOMENT: Duration = Duration::from_millis(100);
/// More than any test takes.
const LONG: Duration = Duration::from_secs(10);

/// Starts an echo server, which ends with the test's runtime.
async fn echo_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Ok(addr)
}

async fn proxy() -> io::Result<FaultProxy> {
    FaultProxy::start(echo_server().await?).await
}

async fn connect(proxy: &FaultProxy) -> io::Result<TcpStream> {
    TcpStream::connect(proxy.addr()).await
}

async fn read(stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    timeout(LONG, stream.read_exact(&mut bytes)).await??;
    Ok(bytes)
}

async fn echo(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    read(stream, bytes.len()).await
}

/// Whether nothing comes for a moment.
async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(MOMENT, stream.read_u8()).await.is_err()
}

/// Whether the connection is closed or reset, soon.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(LONG, stream.read(&mut [0])).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn bytes_pass_both_ways_and_are_counted() {
    let proxy = proxy().await.unwrap();
    let (mut one, mut other) = (connect(&proxy).await.unwrap(), connect(&proxy).await.unwrap());
    assert_eq!(echo(&mut one, b"hello").await.unwrap(), b"hello");
    assert_eq!(echo(&mut other, b"you").await.unwrap(), b"you");
    assert_eq!(
        (
            proxy.connections(),
            proxy.bytes_to_server(),
            proxy.bytes_to_client()
        ),
        (2, 8, 8)
    );
}

#[tokio::test]
async fn many_bytes_pass_in_order() {
    let proxy = proxy().await.unwrap();
    let stream = connect(&proxy).await.unwrap();
    let sent: Vec<u8> = (0..8_000_000_u32)
        .map(|number| number.to_le_bytes()[number as usize % 4])
        .collect();
    let (mut from, mut to) = stream.into_split();
    let sending = tokio::spawn({
        let sent = sent.clone();
        async move {
            to.write_all(&sent).await.unwrap();
            to.shutdown().await.unwrap();
        }
    });
    let mut received = Vec::new();
    timeout(LONG, from.read_to_end(&mut received))
        .await
        .unwrap()
        .unwrap();
    sending.await.unwrap();
    assert!(
        received == sent,
        "{} bytes sent, {} received",
        sent.len(),
        received.len()
    );
}

#[tokio::test]
async fn a_delay_is_added_in_each_direction() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    proxy.set(Fault::Delay {
        to_server: MOMENT,
        to_client: MOMENT * 2,
    });
    let start = Instant::now();
    echo(&mut stream, b"late").await.unwrap();
    assert!(start.elapsed() >= MOMENT * 3, "{:?}", start.elapsed());

    proxy.set(Fault::Delay {
        to_server: Duration::ZERO,
        to_client: MOMENT,
    });
    let start = Instant::now();
    echo(&mut stream, b"late").await.unwrap();
    assert!(start.elapsed() >= MOMENT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn delayed_bytes_do_not_wait_for_those_before_them() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    let delay = Duration::from_millis(500);
    proxy.set(Fault::Delay {
        to_server: delay,
        to_client: Duration::ZERO,
    });
    let start = Instant::now();
    for byte in 0..10 {
        stream.write_u8(byte).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(read(&mut stream, 10).await.unwrap(), (0..10).collect::<Vec<u8>>());
    assert!(
        (delay..delay * 4).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_stall_holds_bytes_until_it_ends() {
    let proxy = proxy().await.unwrap();
    for (direction, reached_server) in [
        (Direction::ToServer, 0),
        (Direction::ToClient, 4),
        (Direction::Both, 0),
    ] {
        let mut stream = connect(&proxy).await.unwrap();
        let before = proxy.bytes_to_server();
        proxy.set(Fault::Stall(direction));
        stream.write_all(b"held").await.unwrap();
        assert!(is_silent(&mut stream).await, "{direction:?}");
        assert_eq!(proxy.bytes_to_server() - before, reached_server, "{direction:?}");

        proxy.set(Fault::Pass);
        assert_eq!(read(&mut stream, 4).await.unwrap(), b"held", "{direction:?}");
    }
}

#[tokio::test]
async fn a_stalled_sender_is_held_up_and_loses_nothing() {
    let proxy = proxy().await.unwrap();
    let (mut from, mut to) = connect(&proxy).await.unwrap().into_split();
    proxy.set(Fault::Stall(Direction::ToServer));
    let sent = vec![7; 32_000_000];
    let mut sending = tokio::spawn({
        let sent = sent.clone();
        async move { to.write_all(&sent).await }
    });
    assert!(timeout(MOMENT, &mut sending).await.is_err());
    assert_eq!(proxy.bytes_to_server(), 0);

    proxy.set(Fault::Pass);
    let mut received = vec![0; sent.len()];
    timeout(LONG, from.read_exact(&mut received))
        .await
        .unwrap()
        .unwrap();
    sending.await.unwrap().unwrap();
    assert!(received == sent);
}

#[tokio::test]
async fn a_black_hole_loses_bytes_for_good() {
    let proxy = proxy().await.unwrap();
    for (direction, reached_server) in [
        (Direction::ToServer, 0),
        (Direction::ToClient, 4),
        (Direction::Both, 0),
    ] {
        let mut stream = connect(&proxy).await.unwrap();
        let before = proxy.bytes_to_server();
        proxy.set(Fault::BlackHole(direction));
        stream.write_all(b"lost").await.unwrap();
        assert!(is_silent(&mut stream).await, "{direction:?}");
        assert_eq!(proxy.bytes_to_server() - before, reached_server, "{direction:?}");

        proxy.set(Fault::Pass);
        assert_eq!(
            echo(&mut stream, b"kept").await.unwrap(),
            b"kept",
            "{direction:?}"
        );
    }
}

#[tokio::test]
async fn a_fault_for_live_connections_lets_new_ones_pass() {
    let proxy = proxy().await.unwrap();
    let mut old = connect(&proxy).await.unwrap();
    proxy.set_live(Fault::BlackHole(Direction::Both));
    let mut new = connect(&proxy).await.unwrap();
    old.write_all(b"lost").await.unwrap();
    assert_eq!(echo(&mut new, b"kept").await.unwrap(), b"kept");
    assert!(is_silent(&mut old).await);
}

#[tokio::test]
async fn garbling_flips_every_nth_byte() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    proxy.set(Fault::Garble {
        direction: Direction::ToClient,
        every: 3,
    });
    assert_eq!(echo(&mut stream, &[0; 4]).await.unwrap(), [0, 0, 255, 0]);
    assert_eq!(echo(&mut stream, &[0; 4]).await.unwrap(), [0, 255, 0, 0]);

    proxy.set(Fault::Garble {
        direction: Direction::Both,
        every: 1,
    });
    assert_eq!(echo(&mut stream, b"twice").await.unwrap(), b"twice");
    assert_eq!(proxy.bytes_to_client(), 13);
}

#[tokio::test]
async fn refused_clients_fail_while_those_connected_go_on() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    for _ in 0..20 {
        proxy.set(Fault::Refuse);
        assert_eq!(
            connect(&proxy).await.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert_eq!(echo(&mut stream, b"on").await.unwrap(), b"on");

        proxy.set(Fault::Pass);
        let mut new = connect(&proxy).await.unwrap();
        assert_eq!(echo(&mut new, b"again").await.unwrap(), b"again");
    }
}

#[tokio::test]
async fn cut_connections_are_closed_and_new_ones_are_taken() {
    let proxy = proxy().await.unwrap();
    let (mut used, mut unused) = (connect(&proxy).await.unwrap(), connect(&proxy).await.unwrap());
    echo(&mut used, b"first").await.unwrap();
    proxy.cut();
    assert!(is_closed(&mut used).await);
    assert!(is_closed(&mut unused).await);
    assert_eq!(
        echo(&mut connect(&proxy).await.unwrap(), b"second")
            .await
            .unwrap(),
        b"second"
    );
}

#[tokio::test]
async fn stalled_connections_can_be_cut() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    echo(&mut stream, b"first").await.unwrap();
    proxy.set(Fault::Stall(Direction::Both));
    stream.write_all(b"held").await.unwrap();
    proxy.cut();
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_client_that_closes_ends_the_servers_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = FaultProxy::start(listener.local_addr().unwrap()).await.unwrap();
    let stream = connect(&proxy).await.unwrap();
    let (mut served, _) = listener.accept().await.unwrap();
    drop(stream);
    assert!(is_closed(&mut served).await);
}

#[tokio::test]
async fn a_target_that_is_not_there_closes_the_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    let proxy = FaultProxy::start(target).await.unwrap();
    assert!(is_closed(&mut connect(&proxy).await.unwrap()).await);
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn dropping_the_proxy_closes_its_port_and_its_connections() {
    let proxy = proxy().await.unwrap();
    let mut stream = connect(&proxy).await.unwrap();
    echo(&mut stream, b"first").await.unwrap();
    let addr = proxy.addr();
    drop(proxy);
    assert!(is_closed(&mut stream).await);
    assert!(TcpStream::connect(addr).await.is_err());
}
