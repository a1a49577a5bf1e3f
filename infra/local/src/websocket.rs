//! The port of the WebSocket API. The template has none yet, so nothing is offered here but that answer.

use axum::Router;
use hyper::StatusCode;
use tokio::net::TcpListener;

/// Keeps the port, and tells whoever comes that there is no WebSocket API.
pub(crate) async fn serve(listener: TcpListener) {
    let router = Router::new().fallback(|| async {
        (StatusCode::NOT_IMPLEMENTED, "{\"message\":\"the template has no WebSocket API\"}\n")
    });
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the WebSocket port closed");
    }
}
