//! An error as an HTTP answer: the status of its kind and the `ErrorView` as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use daemon::view::ErrorView;

use crate::catalogue;

/// A request that was not carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: ErrorView,
}

impl Refusal {
    /// The catalogue's words for `code`, with what happened this time.
    pub(crate) fn of(code: &'static str, happened: String) -> Self {
        Self::from(catalogue::view(code, happened))
    }

    /// The same with a status that says it more exactly than the kind does.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl From<ErrorView> for Refusal {
    fn from(error: ErrorView) -> Self {
        let status = StatusCode::from_u16(catalogue::kind_of(&error.code).status())
            .expect("each kind has a valid status");
        Self { status, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.error)).into_response()
    }
}

/// An answer as JSON, or why there is none.
pub(crate) type Outcome<T> = Result<Json<T>, Refusal>;

/// Makes an HTTP outcome of the daemon's answer.
pub(crate) fn outcome<T>(answer: daemon::handle::Answer<T>) -> Outcome<T> {
    Ok(Json(answer?))
}
