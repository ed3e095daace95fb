//! Sanctioned services: foreseen, written to the policy folder or shown, listed.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::lookback::asked;
use crate::site::Site;

const PATH: &str = "/api/v1/sanctions";

fn request() -> Value {
    json!({ "alert": 102, "reason": "契約 88", "owner": "network team", "expires": "2099-03-31" })
}

#[tokio::test]
async fn the_service_of_an_alert_is_foreseen_and_written_to_the_policy() {
    let site = Site::of_a_catalogue(true);
    let path = "/api/v1/sanctions/preview";

    let foreseen = asked(&site, path, path, &json!({ "alert": 102 }), StatusCode::OK).await;

    assert_eq!((&foreseen["alerts"], &foreseen["flows"]), (&json!(4), &json!(12)));
    assert_eq!(
        (&foreseen["value"], &foreseen["writable"]),
        (&json!("box.example"), &json!(true))
    );
    let wider = json!({ "alert": 102, "value": "example" });
    assert_eq!(
        asked(&site, path, path, &wider, StatusCode::OK).await["alerts"],
        5
    );

    let made = asked(&site, PATH, PATH, &request(), StatusCode::OK).await;

    let file = site.policy_folder().join("sanctioned.toml");
    assert_eq!(made["file"], file.to_str().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with(made["text"].as_str().unwrap()), "{text}");
    assert!(
        text.contains("value = \"box.example\"\nreason = \"契約 88\"\n"),
        "{text}"
    );
    let sources = sekisho_policy::load_dir(&site.policy_folder()).unwrap();
    let policy = sekisho_policy::Policy::compile(&sources).unwrap();
    assert_eq!(policy.sanctions()[0].alert, Some(102));
}

#[tokio::test]
async fn without_a_folder_the_lines_are_shown_and_nothing_is_written() {
    let site = Site::of_a_catalogue(false);

    let made = asked(&site, PATH, PATH, &request(), StatusCode::OK).await;

    assert_eq!(made["file"], Value::Null);
    assert!(made["text"].as_str().unwrap().starts_with("[[sanction]]\n"));
    assert!(!site.policy_folder().join("sanctioned.toml").exists());
}

#[tokio::test]
async fn what_nobody_answers_for_or_no_list_takes_is_refused() {
    let site = Site::of_a_catalogue(true);
    let with = |key: &str, value: Value| {
        let mut request = request();
        request[key] = value;
        request
    };

    for (wrong, status) in [
        (with("alert", json!(100)), StatusCode::BAD_REQUEST),
        (with("alert", json!(999)), StatusCode::NOT_FOUND),
        (with("reason", json!(" ")), StatusCode::BAD_REQUEST),
        (with("expires", json!("2020-01-01")), StatusCode::BAD_REQUEST),
        (with("expires", json!("soon")), StatusCode::BAD_REQUEST),
        (with("value", json!("no name\n[[path]]")), StatusCode::BAD_REQUEST),
    ] {
        asked(&site, PATH, PATH, &wrong, status).await;
    }
    assert!(!site.policy_folder().join("sanctioned.toml").exists());
}
