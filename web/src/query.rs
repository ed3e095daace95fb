//! What stands behind the `?`: read strictly, with a sentence for everything that is wrong.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use sekisho_filter::Filter;
use sekisho_model::{Severity, Timestamp};
use sekisho_policy::Policy;
use sekisho_store::{MAX_LIMIT, TimeRange};
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::state::App;

/// Octets of a text that is no filter expression; those have the limit of their language.
const MAX_TEXT_OCTETS: usize = 1024;

/// The query of a request; its type denies unknown keys.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let cause = text.strip_prefix("Failed to deserialize query string: ");
                Err(ApiError::BadRequest(cause.unwrap_or(&text).to_owned()))
            }
        }
    }
}

/// The body of a request; its type denies unknown keys.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let text = rejection.body_text();
                let cause = text.rsplit_once(": ").map_or(&*text, |(_, cause)| cause);
                Err(ApiError::BadRequest(cause.to_owned()))
            }
        }
    }
}

/// For resources that take no query.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

/// The number at the end of a path.
pub(crate) struct Number(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let text = match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => text,
            Err(rejection) => return Err(ApiError::BadRequest(rejection.body_text())),
        };
        let number = text.parse().map(Self);
        number.map_err(|_| ApiError::BadRequest(format!("the path must end in a number, found {text:?}")))
    }
}

/// `since` and `until`; an empty one is absent.
pub(crate) fn range(since: Option<&str>, until: Option<&str>) -> Result<TimeRange, ApiError> {
    let since = time("since", since)?;
    let until = time("until", until)?;
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(ApiError::BadRequest(format!(
            "since ({since}) must be before until ({until})"
        )));
    }
    Ok(TimeRange { since, until })
}

fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = present(text) else {
        return Ok(None);
    };
    match Timestamp::parse(text) {
        Some(time) => Ok(Some(time)),
        None => Err(ApiError::BadRequest(format!(
            "{name} must be an RFC 3339 time such as 2026-11-02T09:00:00Z, found {text:?} \
             (in an address, + is written %2B)"
        ))),
    }
}

/// A filter expression, with the names of the policy of the last run; an empty one is no filter.
pub(crate) async fn filter(app: &App, text: Option<&str>) -> Result<Option<Filter>, ApiError> {
    let Some(text) = present(text) else {
        return Ok(None);
    };
    let policy = app.policy().await?;
    expression(text, &policy).map(Some)
}

fn expression(text: &str, policy: &Policy) -> Result<Filter, ApiError> {
    Filter::parse_with(text, &policy.names().of_records()).map_err(ApiError::BadFilter)
}

/// Rows of a page.
pub(crate) fn limit(limit: Option<usize>) -> Result<usize, ApiError> {
    count("limit", limit.unwrap_or(100), MAX_LIMIT)
}

/// A count from 1 to what the store allows.
pub(crate) fn count(name: &str, n: usize, most: usize) -> Result<usize, ApiError> {
    if (1..=most).contains(&n) {
        Ok(n)
    } else {
        Err(ApiError::BadRequest(format!(
            "{name} must be 1 to {most}, found {n}"
        )))
    }
}

/// Words to look for; empty ones are absent.
pub(crate) fn words(name: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    within(name, &text, MAX_TEXT_OCTETS)?;
    Ok(Some(text))
}

/// An IPv4 or IPv6 address.
pub(crate) fn address(text: Option<&str>) -> Result<Option<IpAddr>, ApiError> {
    let Some(text) = present(text) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(address) => Ok(Some(address)),
        Err(_) => Err(ApiError::BadRequest(format!(
            "address must be one IPv4 or IPv6 address, found {text:?}"
        ))),
    }
}

/// Severities as numbers with commas: `1,2`.
pub(crate) fn severities(text: Option<&str>) -> Result<Vec<u8>, ApiError> {
    let Some(text) = present(text) else {
        return Ok(Vec::new());
    };
    text.split(',')
        .map(|word| {
            let number = word.trim().parse().ok().and_then(Severity::from_number);
            number.map(Severity::number).ok_or_else(|| {
                ApiError::BadRequest(format!(
                    "severity must be numbers from 1 to 4 with commas between them, found {word:?}"
                ))
            })
        })
        .collect()
}

/// Refuses a text that is too long.
pub(crate) fn within(name: &str, text: &str, octets: usize) -> Result<(), ApiError> {
    if text.len() <= octets {
        return Ok(());
    }
    Err(ApiError::BadRequest(format!(
        "{name} may have {octets} octets, found {}",
        text.len()
    )))
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_must_run_forwards() {
        let range = range(Some("2026-11-02T09:00:00+09:00"), Some("2026-11-02T01:00:00Z")).unwrap();

        assert_eq!(range.since, Timestamp::parse("2026-11-02T00:00:00Z"));
        assert!(super::range(Some("2026-11-02T01:00:00Z"), Some("2026-11-02T01:00:00Z")).is_err());
        assert!(super::range(Some("yesterday"), None).is_err());
    }

    #[test]
    fn severities_are_numbers_of_the_scale() {
        assert_eq!(severities(Some("1,2")).unwrap(), [1, 2]);
        assert_eq!(severities(None).unwrap(), [0; 0]);
        assert!(severities(Some("0")).is_err());
        assert!(severities(Some("1,,2")).is_err());
        assert!(severities(Some("high")).is_err());
    }

    #[test]
    fn lengths_are_limited() {
        assert!(words("text", Some("a".repeat(1024))).is_ok());
        assert!(words("text", Some("a".repeat(1025))).is_err());
        assert!(expression(&"a".repeat(4097), &Policy::none()).is_err());
        assert!(present(Some("  ")).is_none());
    }
}
