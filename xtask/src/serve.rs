//! A server of static files for this machine alone.

use std::future::{self, Future};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{StatusCode, Uri};
use tokio::sync::oneshot;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::progress::say;

/// Where the page is served if nobody asks for another place.
const DEFAULT_PORT: u16 = 7878;
/// How many ports after the default one are tried before any free one is taken.
const NEIGHBOURS: u16 = 20;

/// Which port to serve on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// This one, or an error.
    Exactly(u16),
    /// This one, or the next free one.
    From(u16),
    /// Any free one.
    Any,
}

impl Port {
    /// The port that a person asked for, or the default one.
    pub(crate) fn asked(port: Option<u16>) -> Self {
        port.map_or(Self::From(DEFAULT_PORT), Self::Exactly)
    }
}

/// Holds a port; answers once it is told what to serve.
pub(crate) struct Server {
    listener: TcpListener,
    port: u16,
}

impl Server {
    pub(crate) fn open(port: Port) -> Result<Self> {
        let listener = listen(port)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The address of a path. It names the interface by number: another program may hold the
    /// same port on the other interface that `localhost` can stand for.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}:{}{path}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Serves the files of a folder below the path `base` (`/`, or `/some/path/`), for good.
    pub(crate) fn serve(self, folder: &Path, base: &str) -> Result<()> {
        self.serve_until(folder, base, future::pending())
    }

    /// Serves in the background, until dropped.
    pub(crate) fn serve_meanwhile(self, folder: PathBuf, base: &'static str) -> Meanwhile {
        let address = self.address(base);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            self.serve_until(&folder, base, async {
                stopped.await.ok();
            })
        });
        Meanwhile {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn serve_until(
        self,
        folder: &Path,
        base: &str,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let site = site(folder, base);
        self.listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let serving = axum::serve(listener, site);
            serving.with_graceful_shutdown(stopped).await
        })?;
        Ok(())
    }
}

/// A server at work in the background.
pub(crate) struct Meanwhile {
    pub(crate) address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<Result<()>>>,
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Ok(Err(error))) = self.thread.take().map(thread::JoinHandle::join) {
            say(&format!("The server stopped early: {error:#}"));
        }
    }
}

fn listen(port: Port) -> Result<TcpListener> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Port::Exactly(port) => bind(port).with_context(|| {
            format!("port {port} can't be served on; leave --port away to get a free one")
        }),
        Port::Any => bind(0).context("no port is free"),
        Port::From(first) => {
            if let Ok(listener) = bind(first) {
                return Ok(listener);
            }
            let next = (first + 1)..=(first + NEIGHBOURS);
            let Some(listener) = next.chain([0]).find_map(|port| bind(port).ok()) else {
                bail!("neither port {first} nor any other is free");
            };
            let port = listener.local_addr()?.port();
            say(&format!("Port {first} is taken: serving on {port}."));
            Ok(listener)
        }
    }
}

/// The files of a folder, below a path.
fn site(folder: &Path, base: &str) -> Router {
    let text = format!("Nothing is here. The site is at {base}\n");
    let nothing = move |_: Uri| future::ready((StatusCode::NOT_FOUND, text.clone()));
    let files = ServeDir::new(folder).not_found_service(nothing.clone().into_service());
    let router = match base.trim_end_matches('/') {
        "" => Router::new().fallback_service(files),
        path => Router::new().nest_service(path, files).fallback(nothing),
    };
    // What is served is rebuilt at any time.
    router
        .layer(always(CACHE_CONTROL, "no-store"))
        .layer(always(X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::{Port, Server};

    #[test]
    fn a_taken_port_is_an_error_when_asked_for_and_passed_over_otherwise() {
        let first = Server::open(Port::Any).expect("some port is free");
        let error = Server::open(Port::Exactly(first.port)).err();
        let text = error.expect("it is taken").to_string();
        assert!(text.contains(&first.port.to_string()), "{text}");
        let second = Server::open(Port::From(first.port)).expect("another one is free");
        assert_ne!(first.port, second.port);
    }

    #[test]
    fn files_are_served_below_their_base_and_nothing_else() {
        let outer = tempfile::tempdir().expect("a folder for the test");
        let folder = outer.path().join("site");
        fs::create_dir(&folder).expect("a folder for the test");
        fs::write(folder.join("index.html"), "hello").expect("a file for the test");
        fs::write(folder.join("a b.wasm"), "code").expect("a file for the test");
        fs::write(outer.path().join("secret"), "secret").expect("a file for the test");
        let server = Server::open(Port::Any).expect("some port is free");
        let port = server.port;
        let _server = server.serve_meanwhile(folder, "/base/");
        let ask = |line: &str| -> String {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            let text = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(text.as_bytes()).expect("it reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it answers");
            answer
        };

        let page = ask("GET /base/?query");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("cache-control: no-store"), "{page}");
        assert!(
            page.contains("text/html") && page.ends_with("hello"),
            "{page}"
        );
        assert!(!ask("HEAD /base/index.html").ends_with("hello"));
        assert!(ask("GET /").starts_with("HTTP/1.1 404"));
        assert!(ask("GET /base/none").starts_with("HTTP/1.1 404"));
        assert!(ask("POST /base/").starts_with("HTTP/1.1 405"));
        // Browsers compile wasm only under its own type.
        assert!(ask("GET /base/a%20b.wasm").contains("application/wasm"));
        let outside = ["../secret", "%2e%2e/secret", "..%2Fsecret", "..\\secret"];
        for path in outside.map(|path| format!("GET /base/{path}")) {
            let answer = ask(&path);
            assert!(!answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
    }
    #[test]
    fn connections_that_stay_open_keep_nobody_waiting() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        fs::write(folder.path().join("index.html"), "hello").expect("a file for the test");
        let server = Server::open(Port::Any).expect("some port is free");
        let port = server.port;
        let _server = server.serve_meanwhile(folder.path().to_owned(), "/");
        // As browsers do: several at once, and none is closed after its answer.
        let mut open: Vec<TcpStream> = (0..64)
            .map(|_| TcpStream::connect(("127.0.0.1", port)).expect("it listens"))
            .collect();
        for stream in &mut open {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                .expect("it reads");
        }
        for stream in &mut open {
            let patience = Duration::from_secs(20);
            stream.set_read_timeout(Some(patience)).expect("not zero");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("it answers");
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
    }
}
