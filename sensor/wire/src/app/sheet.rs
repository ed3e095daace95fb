//! Where a parser writes what it reads.

use sekisho_model::Timestamp;
pub use sekisho_model::app::Event;
use sekisho_model::app::{App, Essential, Facts, ServiceBy, Transaction};

use super::risk;

/// The facts of one flow, open for writing.
#[derive(Debug)]
pub struct Sheet<'a> {
    app: &'a mut App,
    out: &'a mut Vec<Event>,
    protocol: &'static str,
    at: Timestamp,
}

impl<'a> Sheet<'a> {
    pub(crate) const fn new(
        app: &'a mut App,
        out: &'a mut Vec<Event>,
        protocol: &'static str,
        at: Timestamp,
    ) -> Self {
        Self {
            app,
            out,
            protocol,
            at,
        }
    }

    /// Time of the packet that is read.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Sets what names the flow; the first value of a kind stays. `from` is protocol and field,
    /// as `tls.sni`.
    pub fn essential(&mut self, what: Essential, value: impl AsRef<str>, from: &'static str) {
        self.app.set(what, value, from);
    }

    /// Names the service that this protocol carries, in the place of the protocol's own name.
    pub(in crate::app) fn service(&mut self, name: &'static str) {
        if self.app.service == self.protocol {
            (self.app.service, self.app.service_by) = (name, Some(ServiceBy::Content));
        }
    }

    /// What is known of the flow so far, to be named.
    pub(in crate::app) const fn app_mut(&mut self) -> &mut App {
        self.app
    }

    /// What is known of the flow so far.
    #[must_use]
    pub const fn app(&self) -> &App {
        self.app
    }

    /// Writes a transaction that began at `at`.
    pub fn transaction(&mut self, at: Timestamp, facts: Facts) {
        self.transaction_made_of(at, facts, None);
    }

    /// The same for a protocol that is made of another one, whose name and facts are `also`.
    pub fn transaction_made_of(&mut self, at: Timestamp, facts: Facts, also: Option<(&'static str, Facts)>) {
        let protocol = self.protocol;
        risk::note(self.app, protocol, &facts, at);
        self.out.push(Event::Transaction(Transaction {
            protocol,
            at,
            facts,
            also: also.map(Box::new),
        }));
    }

    /// Notes what contradicts the protocol.
    pub fn anomaly(&mut self, event: &'static str) {
        let (at, protocol) = (self.at, self.protocol);
        self.out.push(Event::Anomaly { at, protocol, event });
    }

    /// Marks the flow's metadata as partial: a limit was met.
    pub const fn partial(&mut self) {
        self.app.is_partial = true;
    }
}
