//! A proxy in front of a server that loses answers when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct Orders {
    dark: AtomicBool,
    cut: AtomicBool,
}

/// Lives as long as the runtime it was started on.
pub(crate) struct Proxy {
    port: u16,
    orders: Arc<Orders>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let orders = Arc::<Orders>::default();
        let seen = Arc::clone(&orders);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass_on(near, server, Arc::clone(&seen)));
            }
        });
        Self { port, orders }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From here on, connections that are open get no more answers; new ones do.
    pub(crate) fn go_dark(&self) {
        self.orders.dark.store(true, Relaxed);
    }

    /// The next answer is lost, and its connection is closed.
    pub(crate) fn cut_next_answer(&self) {
        self.orders.cut.store(true, Relaxed);
    }
}

async fn pass_on(mut near: TcpStream, server: u16, orders: Arc<Orders>) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let born_dark = orders.dark.load(Relaxed);
    let (mut near_read, mut near_write) = near.split();
    let (mut far_read, mut far_write) = far.split();
    let answers = async {
        let mut buffer = [0; 4096];
        loop {
            let read = far_read.read(&mut buffer).await.unwrap_or(0);
            if read == 0 || orders.cut.swap(false, Relaxed) {
                break;
            }
            let dark = !born_dark && orders.dark.load(Relaxed);
            if !dark && near_write.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut near_read, &mut far_write) => {}
        () = answers => {}
    }
}
