//! The OpenAPI document says all that the router does, and nothing else.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use expect_test::expect_file;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;

use super::answers;
use crate::server::Closing;
use crate::{description, router};

fn document() -> Value {
    serde_json::to_value(description()).unwrap()
}

/// `GET /v1/status`, … as the document says.
fn described() -> BTreeSet<String> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

#[test]
fn the_document_is_the_one_that_is_published() {
    let text = description().to_pretty_json().unwrap() + "\n";
    expect_file!["../../../../../docs/operations/openapi.json"].assert_eq(&text);
}

#[test]
fn it_is_openapi_3_1_and_each_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 15, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        references.insert(reference.into());
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|v| collect_references(v, references)),
        Value::Array(items) => items.iter().for_each(|v| collect_references(v, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn each_operation_says_what_it_is_takes_and_gives() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["tags"].is_array(), "{name} has no tag");
            let ok = &operation["responses"]["200"];
            let is_bare = path == "/v1/shutdown";
            assert!(is_bare || ok["content"].is_object(), "{name} gives nothing");
            let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
            assert!(parameters >= path.matches('{').count(), "{name} lacks parameters");
        }
    }
}

/// Asks the router itself: whatever it does not refuse as a wrong method, it routes.
async fn routed(path: &str) -> BTreeSet<String> {
    let mut routed = BTreeSet::new();
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
    for method in methods {
        let (handle, _asked, _journal) = answers::start();
        let (_close, closing) = Closing::new();
        let service = TowerToHyperService::new(router(handle, closing));
        let uri = path.replace(['{', '}'], "");
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = Request::builder().method(&method).uri(uri).body(Body::empty()).unwrap();
        let answer = hyper::service::Service::call(&service, request).await.unwrap();
        if answer.status() != StatusCode::METHOD_NOT_ALLOWED {
            routed.insert(format!("{method} {path}"));
        }
    }
    routed
}

#[tokio::test]
async fn the_router_takes_exactly_what_is_described() {
    let described = described();
    let paths: BTreeSet<_> = described.iter().map(|o| o.split_once(' ').unwrap().1).collect();
    let mut all = BTreeSet::new();
    for path in paths {
        all.extend(routed(path).await);
    }
    assert_eq!(all, described);
    // And no route is made beside the described ones.
    let source = include_str!("../router.rs");
    for beside in [".route(", ".route_service(", ".nest(", ".merge("] {
        assert!(!source.contains(beside), "{beside} makes a route that is not described");
    }
}
