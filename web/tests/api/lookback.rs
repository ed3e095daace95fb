//! Looking back and exceptions: what is asked for with a body.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::document::{conforms, schema_of};
use crate::site::{Answer, FLOWS, Site};

/// The resources whose answers are held against the document here and in `sanctions.rs`.
pub(crate) const POSTED: [&str; 4] = [
    "/api/v1/hunt",
    "/api/v1/exceptions/preview",
    "/api/v1/exceptions/{id}/end",
    "/api/v1/sanctions/preview",
];

/// The answer to a body, as the document says it.
pub(crate) async fn asked(site: &Site, path: &str, uri: &str, body: &Value, status: StatusCode) -> Value {
    let answer: Answer = site.post(uri, body).await;
    assert_eq!(answer.status, status, "{uri}: {}", answer.text);
    let document: Value = serde_json::from_str(&sekisho_web::openapi()).unwrap();
    let value: Value = serde_json::from_str(&answer.text).unwrap();
    let schema = schema_of(&document, path, "post", status.as_str());
    if let Err(cause) = conforms(&document, schema, &value) {
        panic!("{uri}: {cause}\n{value}");
    }
    value
}

async fn hunt(site: &Site, body: Value) -> Value {
    asked(site, "/api/v1/hunt", "/api/v1/hunt", &body, StatusCode::OK).await
}

#[tokio::test]
async fn a_list_is_held_against_the_past_and_becomes_alerts_once() {
    let site = Site::new();
    let list = "10.40.2.0/24\nevil.example\nno indicator\n203.0.113.7 # seen elsewhere\n";

    let foreseen = hunt(&site, json!({ "list": list, "name": "advisory.txt" })).await;

    assert_eq!(
        (&foreseen["indicators"], &foreseen["bad"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(foreseen["first_bad"][0]["line"], 3);
    assert_eq!(
        (&foreseen["hits_total"], &foreseen["raised"]),
        (&json!(1), &Value::Null)
    );
    let hit = &foreseen["hits"][0];
    assert_eq!(hit["indicator"]["value"], "10.40.2.0/24");
    assert_eq!(hit["indicator"]["source"], "advisory.txt");
    // Every flow and the further record of one; twenty hosts, of which sixteen are named.
    assert_eq!(
        (&hit["flows"], &hit["values"]),
        (&json!(FLOWS + 1), &json!(["10.40.2.10"]))
    );
    assert_eq!(foreseen["preview"][0]["day"], "2026-11-02");
    assert!(hit["who_count"].as_u64().unwrap().abs_diff(20) <= 4, "{hit}");
    let filter = crate::site::encoded(hit["flows_filter"].as_str().unwrap());
    let flows = site.json(&format!("/api/v1/flows?filter={filter}")).await;
    assert_eq!(flows["total"], FLOWS + 1);

    let raised = hunt(&site, json!({ "list": list, "raise": true })).await;
    assert_eq!(raised["raised"]["new"], 16);
    let raised = hunt(&site, json!({ "list": list, "raise": true })).await;
    assert_eq!(
        (&raised["raised"]["new"], &raised["raised"]["known"]),
        (&json!(0), &json!(16))
    );
    let alerts = site.json("/api/v1/alerts?lookback=true").await;
    assert_eq!(
        (&alerts["total"], &alerts["rows"][0]["rule"]),
        (&json!(16), &json!("TI-ADDRESS"))
    );
    let filter = crate::site::encoded(alerts["rows"][0]["flows_filter"].as_str().unwrap());
    let flows = site.json(&format!("/api/v1/flows?filter={filter}")).await;
    assert_eq!(flows["total"], alerts["rows"][0]["count"]);
}

#[tokio::test]
async fn an_expression_is_counted_by_day_and_raises_nothing() {
    let site = Site::new();

    let found = hunt(&site, json!({ "expression": "verdict == denied", "raise": true })).await;

    assert_eq!(
        (&found["hits_total"], &found["raised"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(found["hits"][0]["flows"], FLOWS / 3);
    assert_eq!(
        found["preview"],
        json!([{ "day": "2026-11-02", "alerts": 0, "indicators": 0, "flows": FLOWS / 3 }])
    );
    let none = hunt(&Site::empty(), json!({ "expression": "resp.port == 1" })).await;
    assert_eq!((&none["hits_total"], &none["preview"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_hunt_that_makes_no_sense_is_refused_with_a_reason() {
    let site = Site::new();
    for (body, word) in [
        (json!({}), "either list or expression"),
        (
            json!({ "list": "a.example", "expression": "packets > 1" }),
            "either list or expression",
        ),
        (json!({ "list": "" }), "not one indicator"),
        (json!({ "list": "# nothing\n" }), "not one indicator"),
        (json!({ "list": "what is this" }), "line 1"),
        (
            json!({ "list": "{\"type\": \"bundle\"", "name": "x.json" }),
            "JSON",
        ),
        (json!({ "list": "a.example", "since": "yesterday" }), "RFC 3339"),
        (json!({ "list": "a.example", "more": 1 }), "more"),
        (json!({ "expression": "nonsense ==" }), "a value is missing"),
    ] {
        let answer = asked(
            &site,
            "/api/v1/hunt",
            "/api/v1/hunt",
            &body,
            StatusCode::BAD_REQUEST,
        )
        .await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{body}: {message}");
    }
    let large = json!({ "list": "a".repeat(9 * 1024 * 1024) });
    assert_eq!(
        site.post("/api/v1/hunt", &large).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn an_exception_is_foreseen_made_listed_and_ended() {
    let site = Site::new();
    let covers = json!({ "rule": "PATH-DENY", "orig": "10.40.1.1/32", "port": 3306 });
    let until = "2027-01-01T00:00:00Z";

    let preview = json!({ "covers": covers, "until": until });
    let path = "/api/v1/exceptions/preview";
    let foreseen = asked(&site, path, path, &preview, StatusCode::OK).await;
    let silenced = foreseen["alerts"].as_u64().unwrap();
    assert!(
        silenced > 0 && foreseen["days"][0]["day"] == "2026-11-02",
        "{foreseen}"
    );
    assert_eq!(foreseen["flows"], silenced * 3);

    let request = json!({
        "covers": covers, "reason": "保守", "owner": "network team", "until": until, "from_alert": 100,
    });
    let path = "/api/v1/exceptions";
    let made = asked(&site, path, path, &request, StatusCode::OK).await;
    assert_eq!(
        (&made["silenced"], &made["state"]),
        (&json!(silenced), &json!("active"))
    );
    let id = made["id"].as_u64().unwrap();
    let left = site.json("/api/v1/alerts").await["total"].as_u64().unwrap();
    assert_eq!(left + silenced, crate::site::ALERTS);
    assert_eq!(
        site.json("/api/v1/alerts?suppressed=only").await["total"],
        silenced
    );
    let of_it = site.json(&format!("/api/v1/alerts?exception={id}")).await;
    assert_eq!(
        (&of_it["total"], &of_it["rows"][0]["suppressed_by"]),
        (&json!(silenced), &json!(id))
    );
    assert_eq!(
        site.json("/api/v1/overview").await["alerts"]["suppressed"],
        silenced
    );

    let path = "/api/v1/exceptions/{id}/end";
    let uri = format!("/api/v1/exceptions/{id}/end");
    let ended = asked(&site, path, &uri, &json!({}), StatusCode::OK).await;
    assert_eq!(
        (&ended["state"], &ended["ended_by"]),
        (&json!("ended"), &json!("dashboard"))
    );
    assert_eq!(site.json("/api/v1/alerts").await["total"], crate::site::ALERTS);
    assert_eq!(
        site.json("/api/v1/exceptions").await["exceptions"][0]["reason"],
        "保守"
    );
    let none = "/api/v1/exceptions/99/end";
    asked(&site, path, none, &json!({}), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn an_exception_that_nobody_could_answer_for_is_refused() {
    let site = Site::new();
    let whole = json!({
        "covers": { "rule": "PATH-DENY", "orig": "10.40.1.1/32" },
        "reason": "why", "owner": "who", "until": "2027-01-01T00:00:00Z",
    });
    for (key, value, word) in [
        ("reason", json!(" "), "reason"),
        ("owner", json!(""), "owner"),
        ("until", json!("tomorrow"), "RFC 3339"),
        (
            "covers",
            json!({ "rule": "PATH-DENY" }),
            "an address, a network or a zone",
        ),
        ("covers", json!({ "rule": "", "orig": "10.40.1.1/32" }), "rule"),
        ("covers", json!({ "rule": "PATH-DENY", "orig": "office" }), "IP"),
        ("covers", json!({ "rule": "PATH-DENY", "more": 1 }), "more"),
        ("more", json!(1), "more"),
    ] {
        let mut request = whole.clone();
        request[key] = value;
        let path = "/api/v1/exceptions";
        let answer = asked(&site, path, path, &request, StatusCode::BAD_REQUEST).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{request}: {message}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_post() {
    let site = Site::new();
    for (name, value, status) in [
        ("origin", "http://evil.example", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("host", "evil.example", StatusCode::FORBIDDEN),
        ("content-type", "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let mut request = Request::post("/api/v1/exceptions/1/end");
        if name != "host" {
            request = request.header("host", "localhost:8080");
        }
        if name != "content-type" {
            request = request.header("content-type", "application/json");
        }

        let answer = site.send(request.header(name, value)).await;

        assert_eq!(answer.status, status, "{name}: {}", answer.text);
    }
}
