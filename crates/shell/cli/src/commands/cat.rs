//! `bitdust cat`: a file of a version, or a part of it, on the standard output.

use std::fmt::Write;

use serde_json::json;

use super::{Context, start};
use crate::args::CatArgs;
use crate::errors::Outcome;

/// Prints the bytes; for programs that want JSON in lines of hexadecimal digits.
pub(super) async fn cat(context: &Context, args: CatArgs) -> Outcome<()> {
    let (client, screen) = (&context.client, context.screen);
    let path = start::inside(&args.path);
    let mut file = client.read_file(args.version.0, &path, args.offset, args.bytes).await?;
    let mut offset = args.offset;
    while let Some(bytes) = file.next().await? {
        if screen.is_json() {
            screen.line(&json!({ "offset": offset, "hex": hex(&bytes) }), ToString::to_string)?;
        } else {
            screen.bytes(&bytes)?;
        }
        offset += bytes.len() as u64;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
