//! Stratum, the protocol between miners and their pool, in the forms of Bitcoin, Monero and Ethereum.
//!
//! Wallets and workers are accounts and are kept as a digest; shares are counted, not listed.
//! Source: Slush pool's stratum description, xmrig's STRATUM.md, EIP-1571.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::json;
use crate::app::infrastructure::ends::Ends;
use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::is_word;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets in which the first line must show what it is.
const MAX_PROBED: usize = 1024;
/// Octets of the longest line.
const MAX_LINE: usize = 16 * 1024;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "stratum",
    title: "Stratum (mining)",
    transports: &[Transport::Tcp],
    // Pools listen on whatever a firewall lets through; a port says nothing.
    ports: &[],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("method", FactKind::Text, "メソッド", "Method"),
    row("agent", FactKind::Text, "採掘ソフトウェア", "Miner"),
    row("pool", FactKind::Text, "プール", "Pool"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("algorithms", FactKind::Text, "アルゴリズム", "Algorithms"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row("accepted", FactKind::Flag, "受諾", "Accepted"),
    row("jobs", FactKind::Number, "仕事の数", "Jobs"),
    row("shares", FactKind::Number, "提出数", "Shares"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets.get(..MAX_PROBED).unwrap_or(hint.octets);
    if !octets.starts_with(b"{") {
        return Probe::No;
    }
    let line = octets.iter().position(|octet| *octet == b'\n');
    let seen = line.and_then(|end| octets.get(..end)).unwrap_or(octets);
    let has = |key: &[u8]| json::find(seen, key).is_some();
    let method = json::find(seen, b"method")
        .and_then(json::text)
        .unwrap_or_default();
    let is_miner = method.starts_with(b"mining.")
        || matches!(
            method,
            b"eth_submitLogin" | b"eth_submitWork" | b"eth_submitHashrate" | b"eth_getWork" | b"keepalived"
        )
        || method == b"login" && has(b"login") && (has(b"pass") || has(b"agent"))
        || has(b"job_id") && (has(b"blob") || has(b"nonce"));
    match (is_miner, line.is_none() && octets.len() < MAX_PROBED) {
        (true, _) => Probe::Sure,
        (false, true) => Probe::More,
        (false, false) => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Stratum::default())
}

#[derive(Default)]
struct Stratum {
    ends: Ends,
    exchanges: Exchanges,
    jobs: u64,
    shares: u64,
    last: Option<Timestamp>,
}

impl Parser for Stratum {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(end) = self.ends.find(chunk.from, chunk.octets, b"\n") else {
            return if chunk.octets.len() > MAX_LINE {
                Read::Done
            } else {
                Read::Took(0)
            };
        };
        let line = chunk.octets.get(..end).unwrap_or_default();
        self.line(chunk.at, line, sheet);
        Read::Took(end.saturating_add(1))
    }

    fn gap(&mut self, from: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        self.ends.forget(from);
        // A torn line has no method and is passed over.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
        if let Some(at) = self.last.take() {
            let mut facts = Facts::new();
            facts.put("jobs", self.jobs).put("shares", self.shares);
            sheet.transaction(at, facts);
        }
    }
}

impl Stratum {
    fn line(&mut self, at: Timestamp, line: &[u8], sheet: &mut Sheet<'_>) {
        let id = json::find(line, b"id").map(|value| {
            let end = value
                .iter()
                .take(32)
                .position(|octet| matches!(octet, b',' | b'}'));
            value.get(..end.unwrap_or(8)).unwrap_or(value)
        });
        let key = id.unwrap_or_default().iter().fold(7_u64, |sum, octet| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*octet))
        });
        let Some(method) = json::find(line, b"method").and_then(json::text) else {
            let is_job = json::find(line, b"job_id").is_some();
            self.jobs = self.jobs.saturating_add(u64::from(is_job));
            if let Some(mut open) = self.exchanges.answer(key) {
                let refused = json::find(line, b"error").is_some_and(|error| !error.starts_with(b"null"))
                    || json::find(line, b"result").is_some_and(|result| result.starts_with(b"false"));
                open.facts.put("answered", true).put("accepted", !refused);
                self.exchanges.write(open, sheet);
            }
            return;
        };
        match method {
            b"mining.submit" | b"submit" | b"eth_submitWork" => {
                self.shares = self.shares.saturating_add(1);
                self.last = Some(at);
            }
            b"mining.notify" | b"job" => {
                self.jobs = self.jobs.saturating_add(1);
                self.last = Some(at);
            }
            b"mining.subscribe" | b"mining.authorize" | b"login" | b"eth_submitLogin" | b"eth_login"
            | b"mining.hello" => {
                let mut facts = Facts::new();
                facts.put("method", text::bounded(method, 32).0);
                login(method, line, &mut facts, sheet);
                self.exchanges.ask(
                    Open {
                        key,
                        kind: method.len() as u64,
                        at,
                        facts,
                    },
                    sheet,
                );
            }
            _ => {}
        }
    }
}

fn login(method: &[u8], line: &[u8], facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let parameters = json::find(line, b"params").unwrap_or_default();
    let listed = json::texts(parameters, 4);
    let named = |key: &[u8]| json::find(parameters, key).and_then(json::text);
    let (mut agent, mut user, mut pool) = (named(b"agent"), None, None);
    match method {
        b"mining.subscribe" => {
            agent = agent.or(listed.first().copied());
            // Some miners say which host they were told to go to.
            pool = listed
                .iter()
                .skip(1)
                .copied()
                .find(|text| text.contains(&b'.') && is_word(text));
        }
        b"login" => {
            user = named(b"login");
            let algorithms = json::find(parameters, b"algo").unwrap_or_default();
            let algorithms: Vec<_> = json::texts(algorithms, 8)
                .iter()
                .map(|name| text::bounded(name, 32).0)
                .collect();
            if !algorithms.is_empty() {
                facts.put("algorithms", algorithms);
            }
        }
        _ => user = listed.first().copied(),
    }
    if let Some(agent) = agent.filter(|agent| !agent.is_empty()) {
        sheet.essential(
            Essential::ClientSoftware,
            text::bounded(agent, 128).0,
            "stratum.agent",
        );
        facts.put("agent", text::bounded(agent, 128).0);
    }
    if let Some(pool) = pool {
        sheet.essential(Essential::ServerName, text::of(pool), "stratum.pool");
        facts.put("pool", text::of(pool));
    }
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        let digest = text::user_digest(user);
        sheet.essential(Essential::User, digest.clone(), "stratum.user");
        facts.put("user_digest", digest);
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// The login of xmrig's STRATUM.md.
    const LOGIN: &[u8] =
        b"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"48edfHu7V9Z\",\
        \"pass\":\"x\",\"agent\":\"XMRig/2.14.1\",\"algo\":[\"cn/1\",\"cn/r\"]}}\n";
    const ANSWER: &[u8] = b"{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":\"1be0b7b6\",\
        \"job\":{\"blob\":\"0707\",\"job_id\":\"q7PL\"},\"status\":\"OK\"}}\n";

    #[test]
    fn a_miner_names_its_program_and_not_its_wallet() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, LOGIN), (End::Resp, ANSWER)];

        let whole = test::converse(Transport::Tcp, [40_000, 443], chunks);

        assert_eq!(whole.app.service, "stratum");
        assert_eq!(whole.app.get(Essential::ClientSoftware), Some("XMRig/2.14.1"));
        let [facts] = &whole.transactions("stratum")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            facts.text("user_digest"),
            Some(&*text::user_digest(b"48edfHu7V9Z"))
        );
        assert_eq!(facts.text("algorithms"), Some("cn/1"));
        assert_eq!(facts.get("accepted"), Some(true.into()));
        assert!(!format!("{whole:?}").contains("48edf"));
        let single = test::in_single_octets([40_000, 443], chunks);
        assert_eq!(whole.transactions("stratum"), single.transactions("stratum"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn the_miners_of_a_capture_are_all_found() {
        let Some(path) = test::capture("mining/stratum-mining.pcapng") else {
            return;
        };

        let flows = test::flows_of(&path);

        // Read off the streams by tshark -z follow: two EWBF, one xmr-stak, one Ethereum without a name.
        let mut agents: Vec<_> = flows
            .iter()
            .map(|flow| {
                assert_eq!(flow.seen.app.service, "stratum", "{flow:?}");
                flow.seen.app.get(Essential::ClientSoftware).unwrap_or("-")
            })
            .collect();
        agents.sort_unstable();
        assert_eq!(
            agents,
            ["-", "EWBF 0.3.4b", "EWBF 0.3.4b", "xmr-stak-cpu/1.3.0-1.5.0"]
        );
    }

    /// What a capture begins with that saw no login: EIP-1571's predecessor (ethereum-stratum, "EthProxy")
    /// and xmrig's STRATUM_EXT.md.
    #[test]
    fn a_miner_is_known_in_the_midst_of_its_work() {
        for line in [
            &b"{\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"eth_getWork\",\"params\":[]}\n"[..],
            b"{\"id\":8,\"jsonrpc\":\"2.0\",\"method\":\"keepalived\",\"params\":{\"id\":\"1be0b7b6\"}}\n",
            b"{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"0707\",\"job_id\":\"4BiGm3/RgGQzgkTI\"}}\n",
        ] {
            let whole = test::converse(Transport::Tcp, [40_000, 4444], &[(End::Orig, line)]);

            assert_eq!(whole.app.service, "stratum");
        }
    }

    #[test]
    fn octets_that_wait_are_looked_at_once() {
        use sekisho_model::Timestamp;
        let (mut app, mut events) = (sekisho_model::app::App::default(), Vec::new());
        let mut sheet = Sheet::new(&mut app, &mut events, "stratum", Timestamp::MIN);
        let mut parser = Stratum::default();
        let mut read = |octets: &[u8]| {
            let chunk = Chunk {
                from: End::Orig,
                at: Timestamp::MIN,
                octets,
                cut: 0,
            };
            parser.read(&chunk, &mut sheet)
        };

        assert!(matches!(read(b"{\"id\":1"), Read::Took(0)));
        // An end in what was looked at before is one that is not looked for.
        assert!(matches!(read(b"{\n\"id\":1"), Read::Took(0)));
        assert!(matches!(read(b"{\"id\":1}\n"), Read::Took(9)));
    }
}
