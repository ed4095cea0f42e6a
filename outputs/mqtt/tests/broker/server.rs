//! A Mosquitto of the test's own: its configuration, its port, its end.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A command that is only installed for administrators' paths, or with a package of its own.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!("`{name}` is missing; install it with\n    sudo apt-get install mosquitto mosquitto-clients")
    })
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A broker that dies with the test.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    pub(crate) folder: tempfile::TempDir,
    process: Child,
}

impl Mosquitto {
    /// One that takes everybody.
    pub(crate) fn open() -> Self {
        Self::with("allow_anonymous true\nmax_queued_messages 0\n", |_| {})
    }

    /// One with more lines of configuration, in which `{folder}` stands for its folder, which `prepare` may fill.
    pub(crate) fn with(lines: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let port = free_port();
        let lines = lines.replace("{folder}", folder.path().to_str().unwrap());
        // Options of a listener follow it. Started by root it would give up rights it needs to read the folder.
        let text = format!("user root\nlistener {port} 127.0.0.1\n{lines}");
        std::fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        let process = Self::spawn(folder.path(), port);
        Self { port, folder, process }
    }

    fn spawn(folder: &Path, port: u16) -> Child {
        let mut command = Command::new(program("mosquitto"));
        command.arg("-c").arg(folder.join("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        eventually("Mosquitto listens", || {
            assert!(process.try_wait().unwrap().is_none(), "Mosquitto does not take its configuration");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        process
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again at the same port; it has forgotten everything.
    pub(crate) fn restart(&mut self) {
        self.process = Self::spawn(self.folder.path(), self.port);
    }

    /// What an independent client hears from now on, line by line: retain flag, topic and payload.
    pub(crate) fn listen(&self, topic: &str) -> Ear {
        Ear::listen(self.port, &["-q", "1", "-t", topic])
    }

    /// Has an independent client publish; the lines are payloads, one message each.
    pub(crate) fn publish(&self, topic: &str, lines: &str, options: &[&str]) {
        let mut command = Command::new(program("mosquitto_pub"));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", topic, "-l"]).args(options);
        let mut client = command.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut client.stdin.take().unwrap(), lines.as_bytes()).unwrap();
        assert!(client.wait().unwrap().success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A message as an independent client heard it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) retained: bool,
    pub(crate) topic: String,
    pub(crate) payload: String,
}

impl Heard {
    /// The payload of a reading.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.payload).unwrap()
    }
}

/// An independent client that listens.
pub(crate) struct Ear {
    process: Child,
    lines: Receiver<Heard>,
}

impl Ear {
    fn listen(port: u16, options: &[&str]) -> Self {
        let mut command = Command::new(program("mosquitto_sub"));
        // `-d` would mix in other lines; a first message of our own tells that the subscription stands.
        let mark = format!("ready/{}", port);
        command
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-F", "%r %t %p", "-t", &mark])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let mut parts = line.splitn(3, ' ');
                let (Some(retained), Some(topic), Some(payload)) = (parts.next(), parts.next(), parts.next()) else {
                    continue;
                };
                let heard = Heard { retained: retained == "1", topic: topic.into(), payload: payload.into() };
                if sender.send(heard).is_err() {
                    return;
                }
            }
        });
        let mut ear = Self { process, lines };
        ear.wait_for_mark(port, &mark);
        ear
    }

    fn wait_for_mark(&mut self, port: u16, mark: &str) {
        let mut kept = Vec::new();
        eventually("the listener listens", || {
            let mut command = Command::new(program("mosquitto_pub"));
            command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", mark, "-m", "x"]);
            assert!(command.status().unwrap().success());
            while let Ok(heard) = self.lines.recv_timeout(Duration::from_millis(100)) {
                if heard.topic == mark {
                    return true;
                }
                kept.push(heard);
            }
            false
        });
        if !kept.is_empty() {
            // What was retained came before the mark.
            let (sender, lines) = channel();
            let rest = std::mem::replace(&mut self.lines, lines);
            thread::spawn(move || kept.into_iter().chain(rest).all(|heard| sender.send(heard).is_ok()));
        }
    }

    /// Everything heard until `enough` says so of it.
    pub(crate) fn until(&self, what: &str, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        let end = Instant::now() + PATIENCE;
        while !enough(&heard) {
            let left = end.saturating_duration_since(Instant::now());
            let next = self.lines.recv_timeout(left);
            let tail = || heard.iter().rev().take(5).cloned().collect::<Vec<_>>();
            heard.push(next.unwrap_or_else(|_| {
                panic!("{what}: not within {PATIENCE:?}; heard {} messages, the last {:?}", heard.len(), tail())
            }));
        }
        heard.retain(|heard| !heard.topic.starts_with("ready/"));
        heard
    }

    /// Everything else that was heard, of a broker that is gone.
    pub(crate) fn rest(mut self) -> Vec<Heard> {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.lines.iter().filter(|heard| !heard.topic.starts_with("ready/")).collect()
    }

    /// The first message under `topic` that says `says`.
    pub(crate) fn wait(&self, topic: &str, says: &str) -> Heard {
        let fits = |heard: &Heard| heard.topic == topic && heard.payload.contains(says);
        let heard = self.until(&format!("{topic} {says}"), |heard| heard.last().is_some_and(fits));
        heard.last().unwrap().clone()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How long something that must happen may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
