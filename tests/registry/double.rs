//! A server that answers as a test says, and can fail in every way.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path with what follows a `?`.
    pub(crate) path: String,
    /// The headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes of the body are sent before the connection ends; all if there is none.
    cut: Option<usize>,
    /// Whether the length is told before the body.
    measured: bool,
    /// Whether nothing at all is answered.
    silent: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: Vec::new(), body, cut: None, measured: true, silent: false }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Ends the connection in the middle of the body.
    pub(crate) fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// Tells no length.
    pub(crate) fn unmeasured(mut self) -> Self {
        self.measured = false;
        self
    }

    /// Ends the connection without an answer.
    pub(crate) fn nothing() -> Self {
        Self { silent: true, ..Self::new(0, "") }
    }

    fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        if self.silent {
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", self.status);
        if self.measured {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let sent = self.cut.unwrap_or(self.body.len()).min(self.body.len());
        stream.write_all(&self.body[..sent])
    }
}

type Answer = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// A server on this machine. It stops when it is dropped.
pub(crate) struct Double {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    stopped: Arc<AtomicBool>,
}

impl Double {
    /// Answers each request as `answer` says, which is told how often the same was asked before.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let double = Self { port, asked: Arc::default(), stopped: Arc::default() };
        let (asked, stopped) = (double.asked.clone(), double.stopped.clone());
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, answer) = (asked.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &asked, answer.as_ref()));
            }
        });
        double
    }

    /// Returns its host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns what was asked, in order, as in `GET /v2/`.
    pub(crate) fn log(&self) -> Vec<String> {
        let line = |asked: &Asked| format!("{} {}", asked.method, asked.path);
        self.asked.lock().unwrap().iter().map(line).collect()
    }

    /// Returns the values of a header in the order of the requests to paths with `part`; `-` where there was none.
    pub(crate) fn headers(&self, part: &str, name: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let value = |asked: &Asked| asked.headers.get(name).cloned().unwrap_or("-".to_owned());
        asked.iter().filter(|asked| asked.path.contains(part)).map(value).collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _woken = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &Answer) {
    let _limited = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let Some(asked) = read(&stream) else { return };
    let before = {
        let mut log = log.lock().unwrap();
        let same = |other: &&Asked| other.method == asked.method && other.path == asked.path;
        let before = log.iter().filter(same).count();
        log.push(asked.clone());
        before
    };
    let _gone = answer(&asked, before).write(&mut stream);
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers })
}
