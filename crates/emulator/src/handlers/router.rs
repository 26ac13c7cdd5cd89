//! Method and path to handler.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{any, get, post, put};

use super::{control, history, imports, jobs, lists, recycle, resources};
use crate::reply::Failure;
use crate::server::{Server, pipeline};

/// The whole service; `/__emulator/` only if `controlled`.
pub(crate) fn router(server: Arc<Server>, controlled: bool) -> Router {
    let mut router = Router::new()
        .route("/v1/tokenInfo", get(resources::token_info))
        .route("/v1/imports", get(lists::imports).post(imports::create))
        .route(
            "/v1/imports/{id}",
            get(imports::read).put(imports::update).patch(imports::patch).delete(imports::delete),
        )
        .route("/v1/imports/{id}/clone", post(imports::clone))
        .route("/v1/imports/{id}/clone/preview", get(imports::clone_preview))
        .route("/v1/imports/{id}/replaceConnection", put(imports::replace_connection))
        .route("/v1/imports/{id}/dependencies", get(history::dependencies_of_import))
        .route("/v1/imports/{id}/audit", get(history::audit_of_import))
        .route("/v1/imports/{id}/invoke", post(imports::invoke))
        .route("/v1/imports/{id}/distributed", get(imports::distributed).put(imports::set_distributed))
        .route("/v1/integrations/{id}/{list}", get(lists::of_integration))
        .route("/v1/integrations/{id}/dependencies", get(history::dependencies_of_integration))
        .route("/v1/integrations/{id}/audit", get(history::audit_of_import))
        .route("/v1/jobs/current", post(jobs::current_jobs))
        .route("/v1/flows/{id}/descendants", get(resources::descendants))
        .route("/v1/lookupcaches/{id}/getData", post(resources::cache_data))
        .route("/v1/audit", get(history::audit))
        .route("/v1/recycleBinTTL", get(recycle::all))
        .route("/v1/recycleBinTTL/{list}", get(recycle::list))
        .route(
            "/v1/recycleBinTTL/{list}/{id}",
            get(recycle::read).post(recycle::restore).delete(recycle::purge),
        )
        .route("/v1/recycleBinTTL/{list}/{id}/doCascadeRestore", post(recycle::restore))
        .route("/v1/{list}", get(lists::resources).post(resources::create))
        .route("/v1/{list}/{id}", get(resources::read).put(resources::update).delete(resources::delete))
        .route("/v1/{list}/{id}/dependencies", get(history::dependencies))
        .route("/v1/{list}/{id}/audit", get(history::audit_of));
    if controlled {
        router = router
            .route("/__emulator/calls", get(control::calls))
            .route("/__emulator/reset", post(control::reset))
            .route("/__emulator/faults", post(control::add_faults).delete(control::clear_faults))
            .route("/__emulator/drain", post(control::drain));
    }
    router
        .fallback(any(|| async { Failure::unknown_path().into_response() }))
        .layer(from_fn_with_state(Arc::clone(&server), pipeline))
        .with_state(server)
}
