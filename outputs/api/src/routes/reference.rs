//! The OpenAPI document: what all routes have in common is added once.

use super::responses::problem;
use crate::face::Shared;
use crate::frame::{Assets, Events, Signals, Sites};
use crate::guard::HEALTH;
use crate::problem::Problem;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Server};

/// The name of the token's scheme.
const TOKEN: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cariflex twin",
        description = "The control API of a live twin. Powers are positive when energy is consumed; instants are RFC 3339 in \
                       UTC; names end with their unit. What changes the twin is taken at its next tick, and is in the \
                       journal before it is answered. Errors are `application/problem+json` (RFC 9457).",
    ),
    components(schemas(Problem, Assets<'_>, Sites<'_>, Signals, Events<'_>)),
    tags(
        (name = "meta", description = "The API itself."),
        (name = "twin", description = "What the twin is and shows."),
        (name = "control", description = "What is asked of participants and signals."),
        (name = "market", description = "What is traded, and orders from outside."),
        (name = "clock", description = "How time passes."),
        (name = "streams", description = "What is told as it happens."),
        (name = "archive", description = "What lies on the disk: journal, snapshots, results, forks."),
    )
)]
struct Beginning;

pub(super) fn beginning() -> Document {
    Beginning::openapi()
}

/// The document with what all routes have in common.
pub(super) fn finished(mut document: Document, shared: &Shared) -> Document {
    document.info.version = shared.overview.version.clone();
    document.info.license = None;
    document.servers = Some(vec![Server::new("/")]);
    if let Some(components) = &mut document.components {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
    // The router marks a name that may hold `/` with `*`; OpenAPI has no such mark.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        let is_open = path == HEALTH || !shared.gate.is_closed();
        for (has_body, operation) in operations(item) {
            common(operation, has_body, path != HEALTH);
            if !is_open {
                operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
            }
        }
    }
    document
}

/// The operations of a path, and whether their requests change something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let reads = item.get.as_mut().map(|operation| (false, operation));
    let changes = [item.post.as_mut(), item.put.as_mut(), item.delete.as_mut()];
    reads.into_iter().chain(changes.into_iter().flatten().map(|operation| (true, operation)))
}

fn common(operation: &mut Operation, has_body: bool, needs_token: bool) {
    let mut add = |status: &str, description: &str| {
        operation.responses.responses.entry(status.into()).or_insert_with(|| problem(description));
    };
    add("400", "The request can not be read; the parameter or pointer says where.");
    add("403", "Pages of this origin may not use the API.");
    add("405", "The route does not take this method; `Allow` says which it takes.");
    add("421", "The twin does not go by the name in the header `Host`.");
    if needs_token {
        add("401", "The token is missing or wrong.");
    }
    if has_body {
        add("408", "The body did not come in time.");
        add("413", "The body is too large.");
        add("415", "The body is not sent as `application/json`.");
    }
}
