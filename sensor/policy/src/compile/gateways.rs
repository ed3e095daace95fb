//! Gateways: their two sides must be apart.

use std::sync::Arc;

use sekisho_model::Text;

use crate::entry::Gateway;
use crate::error::{Report, Sink};
use crate::parse::Declarations;

pub(super) fn compile(declared: &Declarations, sink: &mut Sink) -> Vec<Gateway> {
    let or_id = |label: &str, id: &str| if label.is_empty() { id } else { label }.to_owned();
    declared
        .gateways
        .iter()
        .map(|gateway| {
            for near in &gateway.near {
                let far = gateway
                    .far
                    .iter()
                    .find(|far| far.value.contains(&near.value) || near.value.contains(&far.value));
                if let Some(far) = far {
                    sink.push(
                        Report::error(
                            "policy::gateway",
                            format!(
                                "`{}` is on both sides of the gateway `{}`",
                                near.value, gateway.id.value
                            ),
                        )
                        .at(&near.place, "the near side")
                        .at(&far.place, "the far side")
                        .help("name in `near` what the originators talk to, in `far` from where it goes on"),
                    );
                }
            }
            let id = gateway.id.value.as_str();
            Gateway {
                id: Arc::from(id),
                near: gateway.near.iter().map(|network| network.value).collect(),
                far: gateway.far.iter().map(|network| network.value).collect(),
                pair_within: gateway.pair_within,
                label: Text::new(or_id(&gateway.label.ja, id), or_id(&gateway.label.en, id)),
                owner: gateway.owner.clone(),
            }
        })
        .collect()
}
