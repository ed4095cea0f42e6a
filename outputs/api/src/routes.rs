//! The routes: each is served and documented by one and the same definition.

mod acts;
mod clock;
mod commands;
mod faults;
mod files;
mod forks;
mod history;
mod market;
mod meta;
mod orders;
mod participants;
mod reference;
mod responses;
mod signals;
mod streams;
mod twin;

use crate::face::Shared;
use crate::guard::guard;
use crate::problem::Problem;
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything that is served.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let (router, document) = documented().split_for_parts();
    let document = Arc::new(reference::finished(document, &shared));
    router
        .layer(axum::Extension(meta::Document::of(&document)))
        .fallback(missing)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn documented() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(reference::beginning())
        .routes(routes!(meta::index))
        .routes(routes!(meta::health))
        .routes(routes!(meta::metrics))
        .routes(routes!(meta::openapi))
        .routes(routes!(twin::twin))
        .routes(routes!(twin::sites))
        .routes(routes!(twin::site))
        .routes(routes!(twin::readings))
        .routes(routes!(participants::participants))
        .routes(routes!(participants::participant))
        .routes(routes!(commands::commands, commands::command))
        .routes(routes!(acts::plug))
        .routes(routes!(acts::token))
        .routes(routes!(orders::orders, orders::place, orders::cancel))
        .routes(routes!(market::market))
        .routes(routes!(faults::faults_of, faults::inject, faults::clear_all))
        .routes(routes!(faults::clear))
        .routes(routes!(faults::faults))
        .routes(routes!(faults::catalogue))
        .routes(routes!(signals::signals))
        .routes(routes!(signals::signal, signals::hold, signals::let_go))
        .routes(routes!(streams::stream))
        .routes(routes!(streams::ws))
        .routes(routes!(clock::clock))
        .routes(routes!(clock::pause))
        .routes(routes!(clock::resume))
        .routes(routes!(clock::step))
        .routes(routes!(clock::speed))
        .routes(routes!(files::snapshots, files::snapshot))
        .routes(routes!(files::snapshot_file))
        .routes(routes!(files::results))
        .routes(routes!(files::result_file))
        .routes(routes!(forks::forks, forks::begin))
        .routes(routes!(forks::fork, forks::stop))
        .routes(routes!(history::journal))
        .routes(routes!(history::events))
}

async fn missing(uri: Uri) -> Problem {
    Problem::missing(format!("there is no route {:?}: GET /openapi.json lists them", uri.path()))
}

async fn not_allowed(request: Request) -> Problem {
    let detail = format!("this route takes no {}: the header `Allow` says what it takes", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
