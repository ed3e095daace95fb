//! A request and its response: what is kept of them and how it is written.
//!
//! Keys are those of Suricata's EVE (`http.hostname`, `http.url`); `authorization` holds the scheme
//! only, `http_refer` the origin only, URLs neither account nor query nor fragment, which may be
//! secrets; and `path_octets`, `query_octets`, `user_digest`, `has_cookie`, `challenge`, `connect`,
//! `cut` and the `request_` keys are ours.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::fields::{Field, authority, host_and_port, without_secrets};
use super::{MAX_VALUE, credentials};
use crate::app::naming::Request;
use crate::app::protocol::row;
use crate::app::sheet::Sheet;
use crate::app::text;

pub(super) const FACTS: &[FactRow] = &[
    row("hostname", FactKind::Text, "ホスト名", "Host name"),
    row(
        "http_port",
        FactKind::Number,
        "ホストのポート",
        "Port of the host",
    ),
    row("url", FactKind::Text, "URL", "URL"),
    row(
        "path_octets",
        FactKind::Number,
        "パスのオクテット数",
        "Octets of the path",
    ),
    row(
        "query_octets",
        FactKind::Number,
        "クエリのオクテット数",
        "Octets of the query",
    ),
    row(
        "http_user_agent",
        FactKind::Text,
        "ユーザーエージェント",
        "User agent",
    ),
    row("http_method", FactKind::Text, "メソッド", "Method"),
    row("protocol", FactKind::Text, "プロトコルの版", "Protocol version"),
    row("http_refer", FactKind::Text, "参照元", "Referrer"),
    row("xff", FactKind::Text, "転送元 (XFF)", "Forwarded for"),
    row("via", FactKind::Text, "経由", "Via"),
    row(
        "authorization",
        FactKind::Text,
        "認証の方式",
        "Authorization scheme",
    ),
    row(
        "proxy_authorization",
        FactKind::Text,
        "プロキシ認証の方式",
        "Proxy authorization scheme",
    ),
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row("has_cookie", FactKind::Flag, "クッキーあり", "Has a cookie"),
    row("connect", FactKind::Text, "接続先 (CONNECT)", "CONNECT target"),
    row("upgrade", FactKind::Text, "切り替え先", "Upgrade"),
    row(
        "request_content_type",
        FactKind::Text,
        "要求の内容の種類",
        "Content type of the request",
    ),
    row(
        "request_length",
        FactKind::Number,
        "要求の本文のオクテット数",
        "Octets of the request's body",
    ),
    row("status", FactKind::Number, "状態コード", "Status"),
    row("http_content_type", FactKind::Text, "内容の種類", "Content type"),
    row(
        "length",
        FactKind::Number,
        "本文のオクテット数",
        "Octets of the body",
    ),
    row(
        "server",
        FactKind::Text,
        "サーバーソフトウェア",
        "Server software",
    ),
    row("redirect", FactKind::Text, "転送先", "Redirect"),
    row("challenge", FactKind::Text, "求められた認証", "Challenge"),
    row("cut", FactKind::Flag, "途中までの記録", "Not captured to its end"),
];

/// Facts of a usual exchange.
const USUAL: usize = 16;
/// Octets of all the fields of a head that are kept, `Host` apart.
const MAX_HEAD_KEPT: usize = 4 * 1024;

/// What is kept of a message besides its start line.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Fields in the order of the message, the first of each kind.
    values: Vec<(Field, Vec<u8>)>,
    /// Octets of the body where they are said or were counted.
    pub(super) length: Option<u64>,
    /// The body is in chunks.
    pub(super) is_chunked: bool,
    /// The last line held a field that is kept: a continuation belongs to it.
    is_continued: bool,
}

impl Head {
    /// Takes a header line, or the continuation of the last one.
    pub(super) fn take(&mut self, line: &[u8], sheet: &mut Sheet<'_>) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let left = MAX_HEAD_KEPT.saturating_sub(self.octets());
            if self.is_continued
                && let Some((_, value)) = self.values.last_mut()
            {
                let more = line.trim_ascii();
                let room = MAX_VALUE.saturating_sub(value.len()).min(left).saturating_sub(1);
                value.push(b' ');
                value.extend_from_slice(more.get(..room).unwrap_or(more));
                self.is_continued = room > more.len();
            }
            return;
        }
        self.is_continued = false;
        let Some((name, value)) = super::fields::split(line) else {
            return;
        };
        let Some(field) = super::fields::find(name) else {
            return;
        };
        match field {
            Field::ContentLength => self.take_length(value, sheet),
            Field::TransferEncoding => {
                let last = value.rsplit(|octet| *octet == b',').next().unwrap_or(value);
                self.is_chunked |= last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            }
            _ => {
                let kept = value.get(..self.room(field)).unwrap_or(value);
                if kept.len() < value.len() {
                    sheet.partial();
                }
                match self.values.iter_mut().find(|(known, _)| *known == field) {
                    None => {
                        self.values.push((field, kept.to_vec()));
                        self.is_continued = true;
                    }
                    Some((Field::ForwardedFor, first))
                        if first.len().saturating_add(kept.len()) < MAX_VALUE =>
                    {
                        first.extend_from_slice(b", ");
                        first.extend_from_slice(kept);
                    }
                    Some((Field::Host, first)) if *first != kept => {
                        sheet.anomaly("host_header_repeated");
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn held(&self) -> usize {
        let room = self
            .values
            .capacity()
            .saturating_mul(size_of::<(Field, Vec<u8>)>());
        let values = self.values.iter().map(|(_, value)| value.capacity());
        values.fold(room, usize::saturating_add)
    }

    /// Octets that may be kept of a field: those of `Host` always.
    fn room(&self, field: Field) -> usize {
        match field {
            Field::Host => text::MAX,
            _ => MAX_HEAD_KEPT.saturating_sub(self.octets()).min(MAX_VALUE),
        }
    }

    fn take_length(&mut self, value: &[u8], sheet: &mut Sheet<'_>) {
        let first = value
            .split(|octet| *octet == b',')
            .next()
            .unwrap_or(value)
            .trim_ascii();
        let is_number = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
        let length = is_number
            .then(|| std::str::from_utf8(first).ok()?.parse::<u64>().ok())
            .flatten();
        match (self.length, length) {
            (_, None) => sheet.anomaly("content_length_invalid"),
            (Some(old), Some(new)) if old != new => sheet.anomaly("content_length_differs"),
            (_, length) => self.length = length,
        }
    }

    fn octets(&self) -> usize {
        self.values
            .iter()
            .fold(0, |octets, (_, value)| octets.saturating_add(value.len()))
    }

    fn get(&self, field: Field) -> Option<&[u8]> {
        self.values
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, value)| &value[..])
    }
}

/// A request and its response, as far as they were seen.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) at: Timestamp,
    method: Box<str>,
    target: Box<str>,
    version: Box<str>,
    path_octets: usize,
    query_octets: Option<usize>,
    pub(super) request: Head,
    pub(super) status: Option<u16>,
    pub(super) response: Head,
    /// Octets of a head were lost.
    pub(super) is_cut: bool,
}

impl Exchange {
    /// An exchange of which the request was not seen.
    pub(super) fn unasked(at: Timestamp) -> Self {
        Self {
            at,
            method: "".into(),
            target: "".into(),
            version: "".into(),
            path_octets: 0,
            query_octets: None,
            request: Head::default(),
            status: None,
            response: Head::default(),
            is_cut: false,
        }
    }

    /// One that begins with a request line.
    pub(super) fn asked(at: Timestamp, method: &[u8], target: &[u8], version: &[u8]) -> Self {
        let (_, path) = authority(target).unwrap_or((&[], target));
        let query = path.iter().position(|octet| *octet == b'?');
        Self {
            method: text::of(method),
            target: text::bounded(&without_secrets(target), MAX_VALUE).0,
            version: text::of(version),
            path_octets: query.unwrap_or(path.len()),
            query_octets: query.map(|at| path.len().saturating_sub(at).saturating_sub(1)),
            ..Self::unasked(at)
        }
    }

    /// Octets of it and of what it keeps.
    pub(super) fn held(&self) -> usize {
        [
            self.method.len(),
            self.target.len(),
            self.version.len(),
            self.request.held(),
            self.response.held(),
        ]
        .into_iter()
        .fold(size_of::<Self>(), usize::saturating_add)
    }

    pub(super) fn is_connect(&self) -> bool {
        &*self.method == "CONNECT"
    }

    pub(super) fn is_head(&self) -> bool {
        &*self.method == "HEAD"
    }

    /// The protocol that the request, or the response, wants to go on with.
    pub(super) fn upgrade(&self) -> Option<&[u8]> {
        self.response
            .get(Field::Upgrade)
            .or_else(|| self.request.get(Field::Upgrade))
    }

    /// What of the request names the flow.
    pub(super) fn name_request(&self, sheet: &mut Sheet<'_>) {
        self.naming().name(sheet);
        if let (Some(host), _) = self.host() {
            sheet.essential(Essential::ServerName, host, "http.hostname");
        }
        if let Some(agent) = self
            .request
            .get(Field::UserAgent)
            .filter(|agent| !agent.is_empty())
        {
            let agent = text::bounded(agent, MAX_VALUE).0;
            sheet.essential(Essential::ClientSoftware, agent, "http.http_user_agent");
        }
        if let Some(user) = self.user_digest() {
            sheet.essential(Essential::User, user, "http.user_digest");
        }
    }

    /// What of the request tells the service and the product.
    fn naming(&self) -> Request<'_> {
        let target = self.target.as_bytes();
        Request {
            path: authority(target).map_or(target, |(_, path)| path),
            has_query: self.query_octets.is_some_and(|octets| octets > 0),
            port: self
                .request
                .get(Field::Host)
                .and_then(|host| host_and_port(host).1),
            content_type: self.request.get(Field::ContentType),
            upgrade: self.request.get(Field::Upgrade),
        }
    }

    /// What of the response names the flow.
    pub(super) fn name_response(&self, sheet: &mut Sheet<'_>) {
        if let Some(server) = self
            .response
            .get(Field::Server)
            .filter(|server| !server.is_empty())
        {
            sheet.essential(Essential::ServerSoftware, text::of(server), "http.server");
        }
    }

    /// Writes what is known.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
        let mut facts = Facts::with_room(USUAL);
        let (host, port) = self.host();
        facts.put_some("hostname", host).put_some("http_port", port);
        let (request, response) = (&self.request, &self.response);
        if !self.method.is_empty() {
            facts
                .put("url", &*self.target)
                .put("path_octets", self.path_octets as u64)
                .put_some("query_octets", self.query_octets.map(|octets| octets as u64))
                .put_some("http_user_agent", value(request, Field::UserAgent))
                .put("http_method", &*self.method);
            if self.is_connect() {
                facts.put("connect", &*self.target);
            }
        }
        let referrer = request.get(Field::Referer);
        let scheme = |head: &Head, field| head.get(field).map(credentials::scheme);
        if !self.version.is_empty() {
            facts.put("protocol", &*self.version);
        }
        facts
            .put_some("http_refer", referrer.and_then(origin))
            .put_some("xff", value(request, Field::ForwardedFor))
            .put_some("via", value(request, Field::Via))
            .put_some("authorization", scheme(request, Field::Authorization))
            .put_some("proxy_authorization", scheme(request, Field::ProxyAuthorization))
            .put_some("user_digest", self.user_digest());
        if request.get(Field::Cookie).is_some() || response.get(Field::Cookie).is_some() {
            facts.put("has_cookie", true);
        }
        facts
            .put_some(
                "upgrade",
                self.upgrade().map(|name| text::of(name).to_ascii_lowercase()),
            )
            .put_some("request_content_type", media_type(request))
            .put_some("request_length", request.length)
            .put_some("status", self.status)
            .put_some("http_content_type", media_type(response))
            .put_some("length", response.length)
            .put_some("server", value(response, Field::Server))
            .put_some(
                "redirect",
                response
                    .get(Field::Location)
                    .map(|url| text::bounded(&without_secrets(url), MAX_VALUE).0),
            )
            .put_some("challenge", scheme(response, Field::Challenge))
            .put_some("cut", self.is_cut.then_some(true));
        sheet.transaction(self.at, facts);
    }

    /// Version of the response, where no request said one.
    pub(super) fn answered(&mut self, version: &[u8], status: u16) {
        self.status = Some(status);
        if self.version.is_empty() {
            self.version = text::of(version);
        }
    }

    /// Name of the server in lower case, and its port: as `Host` says, or the target.
    fn host(&self) -> (Option<String>, Option<u16>) {
        let target = self.target.as_bytes();
        let named = self
            .request
            .get(Field::Host)
            .filter(|host| !host.is_empty())
            .or_else(|| authority(target).map(|(authority, _)| authority))
            .or_else(|| self.is_connect().then_some(target));
        let Some((host, port)) = named.map(host_and_port) else {
            return (None, None);
        };
        let host = host.strip_suffix(b".").unwrap_or(host);
        let name = text::bounded(host, MAX_VALUE).0.to_ascii_lowercase();
        ((!name.is_empty()).then_some(name), port)
    }

    fn user_digest(&self) -> Option<String> {
        [Field::Authorization, Field::ProxyAuthorization]
            .into_iter()
            .filter_map(|field| self.request.get(field))
            .find_map(credentials::user_digest)
    }
}

fn value(head: &Head, field: Field) -> Option<Box<str>> {
    let value = head.get(field)?;
    Some(text::bounded(value, MAX_VALUE).0)
}

/// The media type without its parameters.
fn media_type(head: &Head) -> Option<String> {
    let value = head.get(Field::ContentType)?;
    let kind = value.split(|octet| *octet == b';').next()?.trim_ascii();
    Some(text::of(kind).to_ascii_lowercase())
}

/// Scheme, host and port of a URL; nothing where it has none.
fn origin(url: &[u8]) -> Option<Box<str>> {
    let (_, path) = authority(url)?;
    let origin = url.get(..url.len().saturating_sub(path.len()))?;
    Some(text::of(&without_secrets(origin)))
}
