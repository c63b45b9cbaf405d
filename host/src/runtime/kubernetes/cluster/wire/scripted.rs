//! A server for tests that answers as it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use kube::{Client, Config};
use serde_json::Value;

use super::transport::Transport;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) path: String,
    /// `Null` if there is none.
    pub(crate) body: Value,
}

/// Connects to a server that answers every request with a status and a document.
pub(crate) fn scripted(
    answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static,
) -> Transport {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(asked) = read(&stream) else { continue };
            let (status, document) = answer(&asked);
            let document = document.to_string();
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                document.len()
            );
            let _written = stream.write_all(head.as_bytes());
            let _written = stream.write_all(document.as_bytes());
        }
    });
    let mut config = Config::new(address.parse().unwrap());
    config.default_retry = false;
    Transport::new(Client::try_from(config).unwrap())
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, body: serde_json::from_slice(&body).unwrap_or_default() })
}
