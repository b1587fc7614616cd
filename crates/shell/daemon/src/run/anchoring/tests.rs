//! What is known is in the file before anything ends, and all of it at the end.

use base::{DeviceId, decode};

use super::*;
use crate::peers::addresses::Anchor;

fn anchors(numbers: &[u8]) -> Anchors {
    let anchor = |number: &u8| Anchor {
        device: DeviceId([*number; 32]),
        addresses: vec![format!("/ip4/192.0.2.{number}/tcp/1")],
    };
    Anchors(numbers.iter().map(anchor).collect())
}

fn kept(document: &Document) -> Option<Anchors> {
    document.load(decode::<Anchors>).ok().map(|loaded| loaded.value)
}

#[tokio::test]
async fn a_peer_is_kept_while_the_node_runs() {
    let home = tempfile::tempdir().unwrap();
    let document = Document::new(home.path().join("anchors"), 0, 1 << 20);
    let anchoring = Anchoring::start(document.clone(), Anchors::default());
    anchoring.keep(anchors(&[1]));
    // As if it were killed now: nothing was closed.
    while kept(&document) != Some(anchors(&[1])) {
        tokio::task::yield_now().await;
    }
    anchoring.keep(anchors(&[2, 1]));
    anchoring.keep(anchors(&[3, 2, 1]));
    anchoring.close().await;
    assert_eq!(kept(&document), Some(anchors(&[1, 2, 3])));
}

#[tokio::test]
async fn the_same_peers_in_another_order_are_nothing_new() {
    let home = tempfile::tempdir().unwrap();
    let document = Document::new(home.path().join("anchors"), 0, 1 << 20);
    let anchoring = Anchoring::start(document.clone(), anchors(&[1, 2]));
    anchoring.keep(anchors(&[2, 1]));
    anchoring.close().await;
    assert_eq!(kept(&document), None, "it was not written");
}
