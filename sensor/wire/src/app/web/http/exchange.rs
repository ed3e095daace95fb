//! A request and its response: what is kept of them and how it is written.
//!
//! Keys are those of Suricata's EVE (`http.hostname`, `http.url`); `authorization` holds the scheme
//! only, `http_refer` the origin only, URLs neither account nor query nor fragment, which may be
//! secrets; and `path_octets`, `query_octets`, `user_digest`, `has_cookie`, `challenge`, `connect`,
//! `cut` and the `request_` keys are ours.

use std::borrow::Cow;

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
const USUAL: usize = 20;
/// Fields of a usual head that are kept, and their octets.
const USUAL_FIELDS: usize = 4;
const USUAL_OCTETS: usize = 192;
/// Words of start lines that need no room of their own.
const WORDS: [&str; 6] = ["GET", "HTTP/1.1", "POST", "HEAD", "CONNECT", "HTTP/1.0"];
/// Octets of all the fields of a head that are kept, `Host` apart.
const MAX_HEAD_KEPT: usize = 4 * 1024;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    end: usize,
}

/// What is kept of a message besides its start line.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Fields in the order of the message, the first of each kind, and where their values stand.
    values: Vec<(Field, Place)>,
    /// The values. One that more was added to after others came stands behind those, and where it
    /// stood once too: each of the few fields at most once for every other.
    octets: Vec<u8>,
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
            let left = MAX_HEAD_KEPT.saturating_sub(self.kept());
            if self.is_continued
                && let Some((_, value)) = self.values.last().copied()
            {
                let more = line.trim_ascii();
                let room = MAX_VALUE.saturating_sub(value.len()).min(left).saturating_sub(1);
                let last = self.values.len().saturating_sub(1);
                self.add_to(last, &[b" ", more.get(..room).unwrap_or(more)]);
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
                let known = self.values.iter().position(|(known, _)| *known == field);
                let Some(known) = known else {
                    self.keep(field, kept);
                    self.is_continued = true;
                    return;
                };
                let first = self.get(field).unwrap_or_default();
                if field == Field::ForwardedFor && first.len().saturating_add(kept.len()) < MAX_VALUE {
                    self.add_to(known, &[b", ", kept]);
                } else if field == Field::Host && first != kept {
                    sheet.anomaly("host_header_repeated");
                }
            }
        }
    }

    /// Keeps the first value of a field.
    fn keep(&mut self, field: Field, value: &[u8]) {
        if self.values.capacity() == 0 {
            self.values.reserve(USUAL_FIELDS);
            self.octets.reserve(value.len().max(USUAL_OCTETS));
        }
        let at = self.octets.len();
        self.octets.extend_from_slice(value);
        let end = self.octets.len();
        self.values.push((field, Place { at, end }));
    }

    /// Adds octets to a value.
    fn add_to(&mut self, value: usize, more: &[&[u8]]) {
        let Some((_, place)) = self.values.get_mut(value) else {
            return;
        };
        if place.end != self.octets.len() {
            let at = self.octets.len();
            self.octets.extend_from_within(place.at..place.end);
            place.at = at;
        }
        for octets in more {
            self.octets.extend_from_slice(octets);
        }
        place.end = self.octets.len();
    }

    fn held(&self) -> usize {
        self.values
            .capacity()
            .saturating_mul(size_of::<(Field, Place)>())
            .saturating_add(self.octets.capacity())
    }

    /// Octets that may be kept of a field: those of `Host` always.
    fn room(&self, field: Field) -> usize {
        match field {
            Field::Host => text::MAX,
            _ => MAX_HEAD_KEPT.saturating_sub(self.kept()).min(MAX_VALUE),
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

    /// Octets of all values.
    fn kept(&self) -> usize {
        self.values
            .iter()
            .fold(0, |octets, (_, value)| octets.saturating_add(value.len()))
    }

    fn get(&self, field: Field) -> Option<&[u8]> {
        let (_, place) = self.values.iter().find(|(known, _)| *known == field)?;
        self.octets.get(place.at..place.end)
    }
}

impl Place {
    const fn len(self) -> usize {
        self.end.saturating_sub(self.at)
    }
}

/// A request and its response, as far as they were seen.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) at: Timestamp,
    method: Cow<'static, str>,
    target: Box<str>,
    version: Cow<'static, str>,
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
            method: word_of(method),
            target: text::bounded(&without_secrets(target), MAX_VALUE).0,
            version: word_of(version),
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
            sheet.essential(Essential::ServerName, &*host, "http.hostname");
        }
        if let Some(agent) = self
            .request
            .get(Field::UserAgent)
            .filter(|agent| !agent.is_empty())
        {
            let agent = text::shown(agent, MAX_VALUE);
            sheet.essential(Essential::ClientSoftware, &*agent, "http.http_user_agent");
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
            let server = text::shown(server, text::MAX);
            sheet.essential(Essential::ServerSoftware, &*server, "http.server");
        }
    }

    /// Writes what is known.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
        let mut facts = Facts::with_room(USUAL);
        let (host, port) = self.host();
        facts.add_some("hostname", host).add_some("http_port", port);
        let (request, response) = (&self.request, &self.response);
        if !self.method.is_empty() {
            facts
                .add("url", &*self.target)
                .add("path_octets", self.path_octets as u64)
                .add_some("query_octets", self.query_octets.map(|octets| octets as u64))
                .add_some("http_user_agent", value(request, Field::UserAgent))
                .add("http_method", &*self.method);
            if self.is_connect() {
                facts.add("connect", &*self.target);
            }
        }
        let referrer = request.get(Field::Referer);
        let scheme = |head: &Head, field| head.get(field).map(credentials::scheme);
        if !self.version.is_empty() {
            facts.add("protocol", &*self.version);
        }
        facts
            .add_some("http_refer", referrer.and_then(origin))
            .add_some("xff", value(request, Field::ForwardedFor))
            .add_some("via", value(request, Field::Via))
            .add_some("authorization", scheme(request, Field::Authorization))
            .add_some("proxy_authorization", scheme(request, Field::ProxyAuthorization))
            .add_some("user_digest", self.user_digest());
        if request.get(Field::Cookie).is_some() || response.get(Field::Cookie).is_some() {
            facts.add("has_cookie", true);
        }
        facts
            .add_some(
                "upgrade",
                self.upgrade().map(|name| text::shown_lower(name, text::MAX)),
            )
            .add_some("request_content_type", media_type(request))
            .add_some("request_length", request.length)
            .add_some("status", self.status)
            .add_some("http_content_type", media_type(response))
            .add_some("length", response.length)
            .add_some("server", value(response, Field::Server))
            .add_some(
                "redirect",
                response
                    .get(Field::Location)
                    .map(|url| text::bounded(&without_secrets(url), MAX_VALUE).0),
            )
            .add_some("challenge", scheme(response, Field::Challenge))
            .add_some("cut", self.is_cut.then_some(true));
        sheet.transaction(self.at, facts);
    }

    /// Version of the response, where no request said one.
    pub(super) fn answered(&mut self, version: &[u8], status: u16) {
        self.status = Some(status);
        if self.version.is_empty() {
            self.version = word_of(version);
        }
    }

    /// Name of the server in lower case, and its port: as `Host` says, or the target.
    fn host(&self) -> (Option<Cow<'_, str>>, Option<u16>) {
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
        let name = text::shown_lower(host, MAX_VALUE);
        ((!name.is_empty()).then_some(name), port)
    }

    fn user_digest(&self) -> Option<String> {
        [Field::Authorization, Field::ProxyAuthorization]
            .into_iter()
            .filter_map(|field| self.request.get(field))
            .find_map(credentials::user_digest)
    }
}

/// A word of a start line.
fn word_of(octets: &[u8]) -> Cow<'static, str> {
    match WORDS.iter().find(|word| word.as_bytes() == octets) {
        Some(word) => Cow::Borrowed(word),
        None => text::shown(octets, text::MAX).into_owned().into(),
    }
}

fn value(head: &Head, field: Field) -> Option<Cow<'_, str>> {
    Some(text::shown(head.get(field)?, MAX_VALUE))
}

/// The media type without its parameters.
fn media_type(head: &Head) -> Option<Cow<'_, str>> {
    let value = head.get(Field::ContentType)?;
    let kind = value.split(|octet| *octet == b';').next()?.trim_ascii();
    Some(text::shown_lower(kind, text::MAX))
}

/// Scheme, host and port of a URL; nothing where it has none.
fn origin(url: &[u8]) -> Option<Box<str>> {
    let (_, path) = authority(url)?;
    let origin = url.get(..url.len().saturating_sub(path.len()))?;
    Some(text::of(&without_secrets(origin)))
}
