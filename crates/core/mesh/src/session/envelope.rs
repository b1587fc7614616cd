//! Service packets: what one device says to another on a connection.

use std::ops::Deref;

use base::{CONTROL_BYTES_MAX, Date, DeviceId, HOUR_MS, IdentityId, NetworkId, RequestId, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

use super::proof::Proof;

/// The longest payload, bytes.
pub const PAYLOAD_BYTES_MAX: usize = CONTROL_BYTES_MAX;
/// The longest envelope with its proof, bytes.
pub const ENVELOPE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 512;
/// An envelope holds for at most an hour, milliseconds: so long must request ids be kept.
pub const ENVELOPE_LIFE_MS_MAX: u64 = HOUR_MS;

/// What a payload is. Each subject has numbers of its own; the signature covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Kind(pub u16);

/// A service packet.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Envelope {
    /// Which network.
    pub network: NetworkId,
    /// The version of the protocol that both sides speak.
    pub protocol: u16,
    /// What the payload is.
    pub kind: Kind,
    /// Who says it.
    pub sender: IdentityId,
    /// Through which device.
    pub sender_device: DeviceId,
    /// To which device.
    pub recipient_device: DeviceId,
    /// The name of this request or answer.
    pub id: RequestId,
    /// The request that it answers.
    pub answer_to: Option<RequestId>,
    /// The receiver's, from the greeting: it was made for this connection.
    pub challenge: [u8; 32],
    /// From 0 on each connection, each time a greater one.
    pub counter: u64,
    /// When it was made.
    pub date: Date,
    /// From this moment on it says nothing.
    pub expires: Date,
    /// At most 64 KiB.
    pub payload: Vec<u8>,
}

impl Wire for Envelope {
    const BYTES_MAX: usize = ENVELOPE_BYTES_MAX;
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What the payload is.
    pub kind: Kind,
    /// The name of this request or answer, unique.
    pub id: RequestId,
    /// The request that it answers.
    pub answer_to: Option<RequestId>,
    /// At most 64 KiB.
    pub payload: Vec<u8>,
    /// How long it holds, milliseconds, 1 to an hour.
    pub life_ms: u64,
}

/// An envelope with its proof, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Sealed {
    pub(super) envelope: Envelope,
    pub(super) proof: Proof,
}

impl Wire for Sealed {
    const BYTES_MAX: usize = ENVELOPE_BYTES_MAX;
}

/// Something that the border has verified. Only the border makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(super) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, no longer marked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
