//! What names a flow.

/// A fact that a flow record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Essential {
    /// The product that speaks, where it is told.
    Application,
    /// How far that is to be believed.
    ApplicationBy,
    /// Name of the server that was asked for.
    ServerName,
    /// Software of the originator as it presents itself: user agent, banner.
    ClientSoftware,
    /// Software of the responder.
    ServerSoftware,
    /// Name of the originator's host as it says it itself.
    ClientHost,
    /// Account: a digest of its name, never the name.
    User,
    /// Version of the protocol.
    Version,
    /// Application protocol inside the encrypted one (ALPN).
    Alpn,
    /// JA3 of the TLS client.
    Ja3,
    /// JA3S of the TLS server.
    Ja3s,
    /// JA4 of the TLS or QUIC client.
    Ja4,
    /// HASSH of the SSH client.
    Hassh,
    /// HASSH of the SSH server.
    HasshServer,
    /// Subject of the server's certificate.
    CertificateSubject,
    /// Issuer of the server's certificate.
    CertificateIssuer,
    /// SHA-256 of the server's certificate.
    CertificateSha256,
    /// Names that were asked for in DNS; several, each once.
    QueryName,
    /// What of the flow is open to attack, as the messages themselves say; several, each once.
    Risk,
}

impl Essential {
    /// Every one.
    pub const ALL: [Self; 19] = [
        Self::Application,
        Self::ApplicationBy,
        Self::ServerName,
        Self::ClientSoftware,
        Self::ServerSoftware,
        Self::ClientHost,
        Self::User,
        Self::Version,
        Self::Alpn,
        Self::Ja3,
        Self::Ja3s,
        Self::Ja4,
        Self::Hassh,
        Self::HasshServer,
        Self::CertificateSubject,
        Self::CertificateIssuer,
        Self::CertificateSha256,
        Self::QueryName,
        Self::Risk,
    ];

    /// The word in every output; the name of its field too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "app",
            Self::ApplicationBy => "app_by",
            Self::ServerName => "server_name",
            Self::ClientSoftware => "client_software",
            Self::ServerSoftware => "server_software",
            Self::ClientHost => "client_host",
            Self::User => "user",
            Self::Version => "service_version",
            Self::Alpn => "alpn",
            Self::Ja3 => "ja3",
            Self::Ja3s => "ja3s",
            Self::Ja4 => "ja4",
            Self::Hassh => "hassh",
            Self::HasshServer => "hassh_server",
            Self::CertificateSubject => "certificate_subject",
            Self::CertificateIssuer => "certificate_issuer",
            Self::CertificateSha256 => "certificate_sha256",
            Self::QueryName => "query_name",
            Self::Risk => "risk",
        }
    }
}

/// Octets of all values of one essential that may have several.
const MAX_SEVERAL: usize = 1024;

/// How the service of a flow was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceBy {
    /// The octets are unmistakable.
    Content,
    /// The octets allow it and the port says it.
    Port,
}

impl ServiceBy {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Port => "port",
        }
    }
}

/// One essential with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// Which.
    pub what: Essential,
    /// Its value.
    pub value: &'a str,
    /// Where it was read: protocol and field, as `tls.sni`.
    pub from: &'static str,
}

/// Essentials with their values, each kind once, in the order in which they were read. However many
/// there are, they are two pieces of memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Essentials {
    held: Vec<Held>,
    text: String,
}

/// One of them, and where its value ends; it begins where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    from: &'static str,
    end: u32,
    what: Essential,
}

/// Essentials that a flow usually has, and octets of their values: room for them is made at once.
const USUAL: usize = 6;
const USUAL_TEXT: usize = 128;

/// The application side of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct App {
    /// The application protocol; empty where it was not found.
    pub service: &'static str,
    /// How it was found.
    pub service_by: Option<ServiceBy>,
    /// The protocol that the responder's port stands for, where it is another one.
    pub port_says: Option<&'static str>,
    /// What is known, each kind once.
    pub essentials: Essentials,
    /// Whether a limit cut reading short, or octets were missing.
    pub is_partial: bool,
}

impl Essentials {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Named<'_>> {
        let mut at = 0;
        self.held.iter().map(move |held| {
            let end = held.end as usize;
            let value = self.text.get(at..end).unwrap_or_default();
            at = end;
            Named {
                what: held.what,
                value,
                from: held.from,
            }
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Keeps those that `is_kept`.
    pub fn retain(&mut self, is_kept: impl Fn(Named<'_>) -> bool) {
        let mut left = Self::default();
        for named in self.iter().filter(|named| is_kept(*named)) {
            left.push(named.what, named.value, named.from);
        }
        *self = left;
    }

    fn push(&mut self, what: Essential, value: &str, from: &'static str) {
        if self.held.capacity() == 0 {
            self.held.reserve(USUAL);
            self.text.reserve(value.len().max(USUAL_TEXT));
        }
        self.text.push_str(value);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.held.push(Held { from, end, what });
    }

    /// Adds a word to the value of one of them.
    fn append(&mut self, what: Essential, word: &str) {
        let mut behind = self
            .held
            .iter_mut()
            .skip_while(|held| held.what != what)
            .peekable();
        let Some(end) = behind.peek().map(|held| held.end as usize) else {
            return;
        };
        self.text.insert(end, ' ');
        self.text.insert_str(end.saturating_add(1), word);
        let more = u32::try_from(word.len().saturating_add(1)).unwrap_or(u32::MAX);
        behind.for_each(|held| held.end = held.end.saturating_add(more));
    }
}

impl App {
    /// Whether nothing was learned.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.service.is_empty()
            && self.service_by.is_none()
            && self.port_says.is_none()
            && self.essentials.is_empty()
            && !self.is_partial
    }

    /// Octets that it holds, about.
    #[must_use]
    pub const fn held(&self) -> usize {
        let Essentials { held, text } = &self.essentials;
        held.capacity()
            .saturating_mul(size_of::<Held>())
            .saturating_add(text.capacity())
            .saturating_add(size_of::<Self>())
    }

    /// The value of an essential.
    #[must_use]
    pub fn get(&self, what: Essential) -> Option<&str> {
        let found = self.essentials.held.iter().any(|held| held.what == what);
        found
            .then(|| self.essentials.iter().find(|named| named.what == what))
            .flatten()
            .map(|named| named.value)
    }

    /// Sets an essential; the first value of a kind stays.
    pub fn set(&mut self, what: Essential, value: impl AsRef<str>, from: &'static str) {
        if !self.essentials.held.iter().any(|held| held.what == what) {
            self.essentials.push(what, value.as_ref(), from);
        }
    }

    /// Adds a value to an essential that may have several: they stand in one text with a space between
    /// them, each once. What is beyond 1,024 octets is left out.
    pub fn add(&mut self, what: Essential, value: &str, from: &'static str) {
        let Some(known) = self.get(what) else {
            self.set(what, value, from);
            return;
        };
        let is_known = known.split(' ').any(|known| known == value);
        if !is_known && known.len().saturating_add(value.len()) < MAX_SEVERAL {
            self.essentials.append(what, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_values_stand_once_each_and_within_a_limit() {
        let mut app = App::default();
        for name in ["a.example", "b.example", "a.example"] {
            app.add(Essential::QueryName, name, "dns.queries.rrname");
        }

        assert_eq!(app.get(Essential::QueryName), Some("a.example b.example"));

        for number in 0..1_000 {
            app.add(
                Essential::QueryName,
                &format!("{number}.example"),
                "dns.queries.rrname",
            );
        }
        assert!(
            app.get(Essential::QueryName)
                .is_some_and(|all| all.len() <= MAX_SEVERAL)
        );
    }

    #[test]
    fn a_word_that_is_added_leaves_the_values_behind_it_as_they_are() {
        let mut app = App::default();
        app.set(Essential::Version, "v", "tls.version");
        app.add(Essential::QueryName, "a.example", "dns.queries.rrname");
        app.set(Essential::ServerName, "業務", "tls.sni");

        app.add(Essential::QueryName, "b.example", "dns.queries.rrname");

        let values: Vec<_> = app.essentials.iter().map(|named| named.value).collect();
        assert_eq!(values, ["v", "a.example b.example", "業務"]);
    }

    #[test]
    fn the_first_value_of_a_kind_stays_and_what_is_left_keeps_its_place() {
        let mut app = App::default();
        assert!(app.is_nothing());
        app.set(Essential::ServerName, "a.example", "tls.sni");
        app.set(Essential::User, "", "http.user_digest");
        app.set(Essential::ServerName, "b.example", "http.hostname");
        app.set(Essential::Version, "業務", "tls.version");

        assert_eq!(app.get(Essential::ServerName), Some("a.example"));
        assert_eq!(app.get(Essential::User), Some(""));
        assert_eq!(app.get(Essential::Ja3), None);
        assert_eq!(app.essentials.len(), 3);

        app.essentials.retain(|named| named.what != Essential::ServerName);
        let left: Vec<_> = app
            .essentials
            .iter()
            .map(|named| (named.value, named.from))
            .collect();
        assert_eq!(left, [("", "http.user_digest"), ("業務", "tls.version")]);
        assert!(!app.is_nothing());
    }
}
