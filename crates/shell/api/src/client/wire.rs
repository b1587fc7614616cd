//! One request, one connection, one answer.

use std::fmt::Display;
use std::io::ErrorKind;

use axum::body::Bytes;
use daemon::view::ErrorView;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::{Answer, Client, ClientError};

/// Bytes of an answer in one piece at most; streams have no limit.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A value as one segment of a path, or one value of a query.
pub(super) fn segment(text: &str) -> impl Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

impl Client {
    /// A GET that brings one JSON document.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        document(self.open(path).await?).await
    }

    /// A GET whose answer comes bit by bit.
    pub(super) async fn open(&self, path: &str) -> Answer<Incoming> {
        self.send(Method::GET, path, None).await
    }

    /// A POST without a body that brings one JSON document.
    pub(super) async fn act<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        document(self.do_post(path).await?).await
    }

    /// A POST without a body.
    pub(super) async fn do_post(&self, path: &str) -> Answer<Incoming> {
        self.send(Method::POST, path, None).await
    }

    /// A POST with a JSON body that brings one JSON document.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Answer<T> {
        let body = serde_json::to_vec(body).map_err(ClientError::Garbled)?;
        document(self.send(Method::POST, path, Some(body)).await?).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer<Incoming> {
        let stream = self.connect_socket().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::Broken)?;
        // It ends by itself when the answer is read or dropped; what breaks it, the answer tells.
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(HOST, "bitdust");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(body.unwrap_or_default()));
        let request = request.body(body).expect("paths are percent-encoded ASCII");
        let response = sender.send_request(request).await.map_err(ClientError::Broken)?;
        if response.status().is_success() {
            Ok(response.into_body())
        } else {
            Err(refusal(response).await)
        }
    }

    async fn connect_socket(&self) -> Answer<UnixStream> {
        UnixStream::connect(&self.socket).await.map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                ClientError::NotRunning(self.socket.clone())
            }
            _ => ClientError::Unreachable { socket: self.socket.clone(), source },
        })
    }
}

async fn refusal(response: Response<Incoming>) -> ClientError {
    match document::<ErrorView>(response.into_body()).await {
        Ok(error) => ClientError::Refused(error),
        Err(error) => error,
    }
}

async fn document<T: DeserializeOwned>(body: Incoming) -> Answer<T> {
    let collected = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = collected.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => ClientError::Broken(*error),
        Err(error) if error.is::<LengthLimitError>() => ClientError::TooLarge,
        Err(_) => ClientError::CutShort,
    })?;
    serde_json::from_slice(&body.to_bytes()).map_err(ClientError::Garbled)
}
