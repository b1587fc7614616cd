//! What a request brings: path, query and JSON body, each read strictly, each refusal in our words.

use std::time::Duration;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Bytes of a request's body at most.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;

/// How long the body of a request may take to come.
pub(crate) const BODY_WAIT: Duration = Duration::from_secs(10);

/// A value of the path.
#[derive(Debug)]
pub(crate) struct Name<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Name<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let wrong = |error: PathRejection| Refusal::of("bad-request", error.body_text());
        path.map(|Path(name)| Self(name)).map_err(wrong)
    }
}

/// The query after `?`.
#[derive(Debug)]
pub(crate) struct Ask<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Ask<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let wrong = |error: QueryRejection| Refusal::of("bad-request", error.body_text());
        query.map(|Query(asked)| Self(asked)).map_err(wrong)
    }
}

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Wish<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Wish<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let happened = "The body of the request is not marked as application/json.".into();
            let refusal = Refusal::of("not-json", happened);
            return Err(refusal.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = read_body(request).await?;
        let wrong = |error| Refusal::of("bad-request", format!("The body is not valid: {error}."));
        serde_json::from_slice(&body).map(Self).map_err(wrong)
    }
}

/// A media type of `application/json`; what a page of another origin can send unasked is not.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn read_body(request: Request) -> Result<Bytes, Refusal> {
    let too_large = || {
        let happened = format!("The body of the request is larger than {BODY_BYTES_MAX} bytes.");
        Refusal::of("too-large", happened)
    };
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.is_some_and(|text| text.parse::<u64>().is_ok_and(|n| n > BODY_BYTES_MAX as u64)) {
        return Err(too_large());
    }
    let body = Limited::new(request.with_limited_body().into_body(), BODY_BYTES_MAX);
    let too_slow = |_| {
        let happened = format!("The body did not come within {} s.", BODY_WAIT.as_secs());
        Refusal::of("too-slow", happened).with_status(StatusCode::REQUEST_TIMEOUT)
    };
    match tokio::time::timeout(BODY_WAIT, body.collect()).await.map_err(too_slow)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Refusal::of("bad-request", format!("The body broke off: {error}."))),
    }
}
