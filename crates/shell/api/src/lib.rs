//! The local API: HTTP over a Unix socket, described by OpenAPI.
