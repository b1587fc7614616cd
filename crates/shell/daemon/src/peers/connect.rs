//! Reaches a peer by all that is known of it.

use std::sync::Arc;
use std::time::Duration;

use base::DeviceId;
use mesh::{Record, RecordKey, RecordKind, sort};
use tokio::time::{sleep, timeout};
use transport::{Handle, Stream};

use crate::run::local::Local;

/// One attempt takes no longer.
const CONNECT_WAIT: Duration = Duration::from_secs(14);
/// The table is asked when the known addresses have not answered by then.
const LOOK_UP_AFTER: Duration = Duration::from_secs(1);

/// Opens a control stream to a peer: by the addresses that are known, and soon by those that the
/// distributed hash table tells.
pub(crate) async fn control(
    net: Handle,
    local: Arc<Local>,
    device: DeviceId,
    known: Vec<String>,
) -> Option<Stream> {
    let attempt = async {
        reach(&net, &local, device, known).await?;
        match net.open_control(device.0).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                tracing::debug!(%error, "no control stream to a peer");
                None
            }
        }
    };
    timeout(CONNECT_WAIT, attempt).await.ok().flatten()
}

/// Connects to a peer.
async fn reach(net: &Handle, local: &Local, device: DeviceId, known: Vec<String>) -> Option<()> {
    let head_start = if known.is_empty() { Duration::ZERO } else { LOOK_UP_AFTER };
    let direct = async {
        let connected = net.connect(device.0, known).await;
        connected.inspect_err(|error| tracing::debug!(%error, "a peer is not reached")).ok()
    };
    let looked_up = async {
        sleep(head_start).await;
        let (told, signed) = tokio::join!(net.find_peer(device.0), contact(net, local, device));
        let mut addresses = signed;
        addresses.extend(told.unwrap_or_default());
        if addresses.is_empty() { None } else { net.connect(device.0, addresses).await.ok() }
    };
    first_of(direct, looked_up).await
}

/// The first of the two that succeeds.
async fn first_of(
    one: impl Future<Output = Option<()>>,
    two: impl Future<Output = Option<()>>,
) -> Option<()> {
    let (mut one, mut two) = (std::pin::pin!(one), std::pin::pin!(two));
    tokio::select! {
        Some(()) = &mut one => Some(()),
        Some(()) = &mut two => Some(()),
        else => None,
    }
}

/// What the peer itself has signed about where it is reached.
async fn contact(net: &Handle, local: &Local, device: DeviceId) -> Vec<String> {
    let mut addresses = vec![];
    for key in RecordKey::all(RecordKind::Contact, device.0) {
        let Ok(answers) = net.get_record(key.bytes()).await else { continue };
        let values: Vec<&[u8]> =
            answers.found.iter().map(|answer| answer.value.as_slice()).collect();
        let date = local.clock.now().date;
        if let Some(Record::Contact(contact)) =
            sort(local.network, &key.bytes(), &values, date).newest
        {
            addresses.extend(contact.body.addresses);
        }
    }
    addresses
}
