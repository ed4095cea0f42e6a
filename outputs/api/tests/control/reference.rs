//! The OpenAPI document: it lists what is served, and says what comes back.

use crate::client::{get, send};
use crate::kernel::{Rig, face, local};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every route there is. A route that is added belongs here too.
const ROUTES: &str = "GET / ; GET /health ; GET /metrics ; GET /openapi.json ; GET /v1/twin ; GET /v1/participants ;
    GET /v1/participants/{id} ; GET /v1/participants/{id}/commands ; POST /v1/participants/{id}/commands ;
    POST /v1/participants/{id}/plug ; POST /v1/participants/{id}/token ; GET /v1/participants/{id}/faults ;
    POST /v1/participants/{id}/faults ; DELETE /v1/participants/{id}/faults ;
    DELETE /v1/participants/{id}/faults/{kind} ; GET /v1/participants/{id}/orders ;
    POST /v1/participants/{id}/orders ; DELETE /v1/participants/{id}/orders ; GET /v1/market ; GET /v1/faults ;
    GET /v1/faults/catalogue ; GET /v1/sites ;
    GET /v1/sites/{name} ; GET /v1/readings ; GET /v1/signals ; GET /v1/signals/{signal} ; PUT /v1/signals/{signal} ;
    DELETE /v1/signals/{signal} ; GET /v1/stream ; GET /v1/ws ; GET /v1/clock ; POST /v1/clock/pause ;
    POST /v1/clock/resume ; POST /v1/clock/step ; PUT /v1/clock/speed ; GET /v1/snapshots ; POST /v1/snapshots ;
    GET /v1/snapshots/{name}/file ; GET /v1/results ; GET /v1/results/{name} ; GET /v1/forks ; POST /v1/forks ;
    GET /v1/forks/{id} ; DELETE /v1/forks/{id} ; GET /v1/journal ; GET /v1/events";

fn document(rig: &Rig) -> Value {
    get(rig.at(), "/openapi.json").ok()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    all.collect()
}

#[test]
fn the_document_lists_every_route_and_every_route_in_it_is_served() {
    let rig = Rig::new();
    let document = document(&rig);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let listed: BTreeSet<String> =
        operations(&document).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let expected: BTreeSet<String> = ROUTES.split(';').map(|route| route.trim().to_string()).collect();
    assert_eq!(listed, expected);
    for (method, path, _) in operations(&document) {
        if path == "/v1/stream" {
            continue;
        }
        let path = path.replace("{id}", "nobody").replace("{name}", "nothing").replace("{signal}", "mood");
        let answer = send(rig.at(), &method, &path.replace("{kind}", "hiccups"), "");
        assert_ne!(answer.status, 405, "{method} {path}");
        let is_unrouted = answer.status == 404 && answer.text().contains("there is no route");
        assert!(!is_unrouted, "{method} {path}: {}", answer.text());
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_tells_its_problems() {
    let rig = Rig::new();
    let document = document(&rig);
    let text = document.to_string();
    let mut seen = 0;
    for part in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        seen += 1;
    }
    assert!(seen > 50);
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2') || status == "101"), "{place}");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{place} {status}");
            if status.starts_with(['4', '5']) {
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{place} {status}");
            }
        }
        for status in ["400", "403", "405", "421"] {
            assert!(responses.contains_key(status), "{place} {status}");
        }
        let changes = method != "GET";
        assert_eq!(responses.contains_key("415"), changes, "{place}");
        assert_eq!(operation["requestBody"].is_object(), !operation["requestBody"].is_null());
        let in_path = path.matches('{').count();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        assert_eq!(parameters.iter().filter(|parameter| parameter["in"] == "path").count(), in_path, "{place}");
        assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{place}");
    }
    let ids: Vec<_> = operations(&document).iter().map(|(_, _, operation)| operation["operationId"].clone()).collect();
    let distinct: BTreeSet<String> = ids.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), ids.len(), "each has an id of its own");
}

#[test]
fn bodies_take_no_keys_but_their_own() {
    let rig = Rig::new();
    let document = document(&rig);
    for (method, path, operation) in operations(&document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(reference) = schema["$ref"].as_str() else { continue };
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        let parts = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        assert!(parts.iter().all(|part| part["additionalProperties"] == false), "{method} {path}: {schema}");
    }
    let faults = &document["components"]["schemas"]["Fault"]["oneOf"];
    assert_eq!(faults.as_array().unwrap().len(), agents::fault::FaultKind::ALL.len());
    let derating = faults.as_array().unwrap().iter().find(|fault| fault["title"] == "derating").unwrap();
    let share = &derating["properties"]["share"];
    let number = |key: &str| share[key].as_f64().unwrap();
    assert_eq!((number("minimum"), number("maximum"), number("default")), (0.0, 1.0, 0.5));
}

#[test]
fn a_token_is_in_the_document_where_it_is_needed() {
    let open = face(local());
    assert!(!get(open.address(), "/openapi.json").text().contains(r#""security":"#));
    let token = "a-token-of-24-characters";
    let closed = face(api::Settings { token: Some(api::Secret::new(token)), ..local() });
    let with = [("Authorization", "Bearer a-token-of-24-characters")];
    let document = crate::client::request(closed.address(), "GET", "/openapi.json", &with, "").ok();
    assert!(document["paths"]["/v1/twin"]["get"]["security"][0]["token"].is_array());
    assert!(document["paths"]["/health"]["get"]["security"].is_null());
    assert!(!document.to_string().contains(token));
}
