//! `sekisho rules schema`: the policy language as a JSON Schema, for editors.

use anyhow::Context as _;
use sekisho_policy::json_schema;

use crate::cli::outcome::Outcome;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sekisho rules schema > sekisho-policy.schema.json\n\n\
    An editor with Taplo (Even Better TOML) completes and checks a file that begins with the line\n  \
    #:schema ./sekisho-policy.schema.json\n\n\
    Exit codes: 0 printed, 2 bad usage."
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> anyhow::Result<Outcome> {
    let text = serde_json::to_string_pretty(&json_schema()).context("cannot write the schema")?;
    super::print(&format!("{text}\n"));
    Ok(Outcome::Done)
}
