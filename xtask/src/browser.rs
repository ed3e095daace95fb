//! The browser tests: the real binary on the exercise capture, driven in Chromium.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::node::Node;
use crate::process::{cargo, command, line, run, which};
use crate::root::{exercise, root, shown, target};
use crate::step::{Outcome, Step, Stop};
use crate::{pcap, ui};

pub(crate) const STEP: Step = Step {
    name: "browser",
    about: "open the dashboard of the real binary in Chromium, in both languages",
    needs: &["ui-build", "build", "captures"],
    run: test,
};

/// How long the binary may take to read the exercise capture and answer.
const PATIENCE: Duration = Duration::from_secs(120);

fn test() -> Outcome {
    let Some(chromium) = which("chromium") else {
        return Err(Stop::Skipped(
            "there is no chromium (Debian package chromium)".to_owned(),
        ));
    };
    if !ui::is_built() {
        return Err(ui::not_built());
    }
    let node = Node::find()?;
    // The dashboard is embedded at build time: an earlier build may hold an earlier one.
    run(&mut cargo(&["build", "--quiet", "--locked"]))?;
    if !pcap::office_morning().exists() {
        (pcap::STEP.run)()?;
    }
    let tests = root().join("tests/ui");
    run(node.command("npm", &tests).arg("ci"))?;
    let server = Server::start()?;
    println!("  dashboard at {}", server.url);
    let shots = exercise().join("screenshots");
    let mut test = node.command("npm", &tests);
    test.arg("test")
        .env("SEKISHO_URL", &server.url)
        .env("SEKISHO_SHOTS", &shots);
    run(test.env("CHROMIUM", chromium))?;
    Ok(format!("screenshots in {}", shown(&shots)))
}

/// The binary while it serves; ended with this value.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts it on a free port and waits until it says which.
    fn start() -> Result<Self, Stop> {
        let data = exercise().join("browser-data");
        // `--out` adds to a data directory; the tests want exactly one run in it.
        _ = std::fs::remove_dir_all(&data);
        let mut sekisho = command(target().join("debug/sekisho"));
        sekisho.arg("replay").arg(pcap::office_morning());
        sekisho
            .args(["--policy", "rules/three-zones", "--out"])
            .arg(&data);
        sekisho
            .args(["--serve", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        println!("  $ {}", line(&sekisho));
        let mut child = sekisho
            .spawn()
            .map_err(|error| Stop::Failed(format!("`{}` cannot be started: {error}", line(&sekisho))))?;
        let (sender, lines) = channel();
        read_lines(child.stdout.take(), sender.clone());
        read_lines(child.stderr.take(), sender);
        // Made first, so that the process ends whatever happens next.
        let mut server = Self {
            child,
            url: String::new(),
        };
        server.url = wait_for_address(&lines)?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Sends every line of `pipe` on, until its end, so that the process never waits for a reader.
fn read_lines(pipe: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            _ = sender.send(line);
        }
    });
}

fn wait_for_address(lines: &Receiver<String>) -> Result<String, Stop> {
    let until = Instant::now() + PATIENCE;
    let mut said = Vec::new();
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => match address_in(&line) {
                Some(url) => return Ok(url),
                None => said.push(line),
            },
            Err(_) => {
                let last = said
                    .iter()
                    .rev()
                    .take(5)
                    .rev()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("\n    ");
                return Err(Stop::Failed(format!(
                    "sekisho served nothing within {} s; its last lines:\n    {last}",
                    PATIENCE.as_secs()
                )));
            }
        }
    }
}

/// The dashboard's address in a line of output, without a slash at its end.
fn address_in(line: &str) -> Option<String> {
    let from = line.find("http://127.0.0.1:")?;
    let address = line.get(from..)?;
    let end = address
        .char_indices()
        .skip("http://".len())
        .find(|(_, c)| !(c.is_ascii_digit() || *c == '.' || *c == ':'))
        .map_or(address.len(), |(at, _)| at);
    Some(address.get(..end)?.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_sentence() {
        assert_eq!(
            address_in("Dashboard: http://127.0.0.1:4631/ (Ctrl+C stops it)").as_deref(),
            Some("http://127.0.0.1:4631")
        );
        assert_eq!(
            address_in("\u{1b}[32mhttp://127.0.0.1:4631.\u{1b}[0m").as_deref(),
            Some("http://127.0.0.1:4631")
        );
        assert_eq!(address_in("reading 12 %"), None);
    }

    #[test]
    fn a_server_that_ends_without_an_address_is_a_failure_with_its_last_words() {
        let (sender, lines) = channel();
        sender.send("error: no such file".to_owned()).unwrap();
        drop(sender);

        let Stop::Failed(why) = wait_for_address(&lines).unwrap_err() else {
            panic!("expected a failure");
        };

        assert!(why.contains("error: no such file"), "{why}");
    }
}
