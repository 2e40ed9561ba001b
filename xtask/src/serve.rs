//! A server of static files for this machine alone.

use std::fs;
use std::io::Cursor;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, bail};
use tiny_http::{Header, Method, Request, Response};

use crate::progress::say;

/// Where the page is served if nobody asks for another place.
const DEFAULT_PORT: u16 = 7878;
/// How many ports after the default one are tried before any free one is taken.
const NEIGHBOURS: u16 = 20;
/// Requests answered at the same time.
const THREADS: usize = 4;

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
    http: Arc<tiny_http::Server>,
    port: u16,
}

impl Server {
    pub(crate) fn open(port: Port) -> Result<Self> {
        let listener = listen(port)?;
        let port = listener.local_addr()?.port();
        let http = tiny_http::Server::from_listener(listener, None)
            .map_err(|error| anyhow::anyhow!("the server could not start: {error}"))?;
        Ok(Self {
            http: Arc::new(http),
            port,
        })
    }

    /// The address of a path. It names the interface by number: another program may hold the
    /// same port on the other interface that `localhost` can stand for.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}:{}{path}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Serves the files of a folder below the path `base` (`/`, or `/some/path/`), for good.
    pub(crate) fn serve(&self, folder: &Path, base: &str) {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| answer_all(&self.http, folder, base));
            }
        });
    }

    /// Serves in the background, until dropped.
    pub(crate) fn serve_meanwhile(self, folder: PathBuf, base: &'static str) -> Meanwhile {
        let http = Arc::clone(&self.http);
        let address = self.address(base);
        let thread = thread::spawn(move || self.serve(&folder, base));
        Meanwhile {
            http,
            address,
            thread: Some(thread),
        }
    }
}

/// A server at work in the background.
pub(crate) struct Meanwhile {
    http: Arc<tiny_http::Server>,
    pub(crate) address: String,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        for _ in 0..THREADS {
            self.http.unblock();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
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

fn answer_all(http: &tiny_http::Server, folder: &Path, base: &str) {
    for request in http.incoming_requests() {
        let response = answer(&request, folder, base);
        // Whoever asked may have gone away; that is their right.
        request.respond(response).ok();
    }
}

fn answer(request: &Request, folder: &Path, base: &str) -> Response<Cursor<Vec<u8>>> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return plain(405, "Only GET and HEAD are answered here.\n");
    }
    let file = find(request.url(), folder, base);
    let content = file.and_then(|file| Some((fs::read(&file).ok()?, file)));
    match content {
        Some((content, file)) => with_headers(Response::from_data(content), media_type(&file)),
        None => plain(404, &format!("Nothing is here. The site is at {base}\n")),
    }
}

fn plain(status: u16, text: &str) -> Response<Cursor<Vec<u8>>> {
    let response = Response::from_data(text.as_bytes()).with_status_code(status);
    with_headers(response, "text/plain; charset=utf-8")
}

fn with_headers(
    response: Response<Cursor<Vec<u8>>>,
    media_type: &str,
) -> Response<Cursor<Vec<u8>>> {
    let headers = [
        ("Content-Type", media_type),
        // What is served is rebuilt at any time.
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    let headers = headers.map(|(name, value)| {
        Header::from_bytes(name, value).expect("names and values are plain ASCII")
    });
    headers.into_iter().fold(response, Response::with_header)
}

/// The file that a URL stands for, if there is one.
fn find(url: &str, folder: &Path, base: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?;
    let inner = path.strip_prefix(base)?;
    let mut file = folder.join(inside(inner)?);
    if inner.is_empty() || inner.ends_with('/') {
        file.push("index.html");
    }
    file.is_file().then_some(file)
}

/// A relative path that stays inside whatever it is joined to; nothing for any other.
fn inside(encoded: &str) -> Option<PathBuf> {
    let decoded = percent_decoded(encoded)?;
    if decoded.contains(['\\', ':', '\0']) {
        return None;
    }
    let path = PathBuf::from(decoded);
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    stays.then_some(path)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
            decoded.push(u8::try_from(value).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The media type of a file by its extension: browsers compile wasm only under its own.
fn media_type(file: &Path) -> &'static str {
    let extension = file.extension().and_then(|extension| extension.to_str());
    match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "toml" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::path::{Path, PathBuf};
    use std::{env, fs, process};

    use super::{Port, Server, inside, media_type};

    #[test]
    fn a_path_that_leaves_the_folder_is_no_path() {
        let bad = [
            "../secret",
            "a/../../secret",
            "%2e%2e/secret",
            "/etc/passwd",
            "%2Fetc/passwd",
            "..\\secret",
            "C:/secret",
            "a%00b",
            "%zz",
            "%4",
            "%ff",
        ];
        for path in bad {
            assert_eq!(inside(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_that_stays_is_decoded() {
        assert_eq!(inside(""), Some(PathBuf::new()));
        assert_eq!(inside("a/b.js"), Some(PathBuf::from("a/b.js")));
        assert_eq!(inside("a%20b.js"), Some(PathBuf::from("a b.js")));
    }

    #[test]
    fn wasm_has_the_type_that_browsers_compile() {
        assert_eq!(media_type(Path::new("x/a.wasm")), "application/wasm");
        assert_eq!(media_type(Path::new("LICENSE")), "application/octet-stream");
    }

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
        let folder = env::temp_dir().join(format!("flotilla-serve-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        fs::write(folder.join("index.html"), "hello").expect("a file for the test");
        let server = Server::open(Port::Any).expect("some port is free");
        let port = server.port;
        let server = server.serve_meanwhile(folder.clone(), "/base/");
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
        assert!(page.contains("Cache-Control: no-store"), "{page}");
        assert!(
            page.contains("text/html") && page.ends_with("hello"),
            "{page}"
        );
        assert!(!ask("HEAD /base/index.html").ends_with("hello"));
        assert!(ask("GET /").starts_with("HTTP/1.1 404"));
        assert!(ask("GET /base/none").starts_with("HTTP/1.1 404"));
        assert!(ask("GET /base/../base/index.html").starts_with("HTTP/1.1 404"));
        assert!(ask("POST /base/").starts_with("HTTP/1.1 405"));

        drop(server);
        fs::remove_dir_all(&folder).expect("the test's own folder");
    }
}
