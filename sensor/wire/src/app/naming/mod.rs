//! Names that a flow has besides that of its protocol: the [`Service`] that one protocol carries
//! inside another (DNS over TLS), and the [`Product`] that speaks (AnyDesk, Tor).
//!
//! A protocol's parser says what its messages hold; the names follow from that. They are looked for
//! whenever a flow's essentials grew, and an HTTP request is asked as it comes. A service takes the
//! place of the protocol in the flow record; its transactions stay those of the protocol.
//!
//! What stands in an encrypted session is not told: DNS over HTTPS is HTTPS to whoever sees no name
//! of a known resolver, and so are SoftEther, Chrome Remote Desktop and GoToMyPC. Names of servers
//! are the business of lists, not of this table.

mod http;
mod products;
mod services;

pub(in crate::app) use http::Request;
pub use products::{PRODUCTS, Product};
pub use services::{SERVICES, Service};

use sekisho_model::app::{App, Essential};

use super::protocol::Start;

/// Text in both languages.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Japanese.
    pub ja: &'static str,
    /// English.
    pub en: &'static str,
}

/// How far the name of a product is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Belief {
    /// The octets are unmistakable.
    Content,
    /// They look like it, and something else may look the same.
    Likely,
}

impl Belief {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Likely => "likely",
        }
    }
}

/// Names the flow by what is known of it. `is_over`: no more will be.
pub(super) fn name(app: &mut App, start: &Start, is_over: bool) {
    if let Some((service, by)) = services::of(app, start, is_over) {
        (app.service, app.service_by) = (service, Some(by));
    }
    if let Some((product, from)) = products::of(app) {
        set(app, product, from);
    }
}

/// Sets the product; the first stays.
fn set(app: &mut App, product: &Product, from: &'static str) {
    if app.get(Essential::Application).is_none() {
        app.set(Essential::Application, product.name, from);
        app.set(Essential::ApplicationBy, product.belief.name(), from);
    }
}

#[cfg(test)]
mod tests;
