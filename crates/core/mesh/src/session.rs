//! The border of a connection: what comes out of it was signed by the device at the other end, for
//! this connection, once. Whether that device may ask for what it asks is decided elsewhere.
//!
//! Protocol: `docs/protocols/mesh.md`, section Sessions.

use base::{Date, DecodeError, DeviceId, IdentityId, NetworkId, SecretKey, Wire, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use identity::{AHEAD_MS_MAX, Credential, CredentialError, Speaker};

mod envelope;
mod proof;
#[cfg(test)]
mod tests;

pub use envelope::{
    ENVELOPE_BYTES_MAX, ENVELOPE_LIFE_MS_MAX, Envelope, Kind, Outgoing, PAYLOAD_BYTES_MAX, Verified,
};
pub use proof::Proving;

use envelope::Sealed;

/// The newest version of the protocol of sessions that this program speaks.
pub const PROTOCOL: u16 = 1;
/// The oldest one.
const PROTOCOL_OLDEST: u16 = 1;
/// The longest greeting, bytes.
pub const HELLO_BYTES_MAX: usize = base::RECORD_BYTES_MAX;

/// The first message of each side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    /// Which network.
    pub network: NetworkId,
    /// The newest version that the sender speaks.
    pub protocol: u16,
    /// For whom the sender speaks.
    pub credential: Credential,
    /// Random for each connection: the other side signs it into every envelope.
    pub challenge: [u8; 32],
}

impl Wire for Hello {
    const BYTES_MAX: usize = HELLO_BYTES_MAX;
}

impl Hello {
    /// A greeting. `challenge` is fresh and random for each connection.
    pub fn new(network: NetworkId, credential: Credential, challenge: [u8; 32]) -> Self {
        Self { network, protocol: PROTOCOL, credential, challenge }
    }
}

/// Why a greeting or an envelope is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not of the form, too long, or of an unknown version.
    #[error("the message: {0}")]
    Form(#[from] DecodeError),
    /// Of another network.
    #[error("of another network")]
    Network,
    /// No version of the protocol is common.
    #[error("speaks protocol version {found}, the oldest known here is {PROTOCOL_OLDEST}")]
    Protocol {
        /// The version found.
        found: u16,
    },
    /// The device of the greeting is not the one at the other end of the connection.
    #[error("the device that greets is not the one that is connected")]
    Peer,
    /// It is this device itself.
    #[error("a connection to oneself")]
    Oneself,
    /// The device does not speak for the identity.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The envelope names another sender than the connection.
    #[error("the sender is not the one at the other end")]
    Sender,
    /// The envelope is for another device.
    #[error("for another recipient")]
    Recipient,
    /// The envelope was made for another connection.
    #[error("made for another connection")]
    Challenge,
    /// The envelope came before, or after a later one.
    #[error("number {found} came after number {expected} was due: a replay")]
    Counter {
        /// The least number that is new.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// Made later than our clock says, by more than ten minutes.
    #[error("made in the future ({0}): one of the two clocks is wrong")]
    Future(Date),
    /// It is over.
    #[error("expired at {0}")]
    Expired(Date),
    /// It would hold for longer than an hour, or ends before it begins.
    #[error("valid for a time that is not allowed")]
    Life,
    /// The payload is longer than 64 KiB.
    #[error("a payload of {0} bytes, at most {PAYLOAD_BYTES_MAX} are allowed")]
    Payload(usize),
    /// Proved in another way than agreed: a keyed hash instead of a signature, for example.
    #[error("proved in a way that is not accepted here")]
    Proving,
    /// Signed by somebody else, for another purpose, or altered.
    #[error("a wrong signature")]
    Signature,
}

/// Why an envelope cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The payload is longer than 64 KiB.
    #[error("a payload of {0} bytes, at most {PAYLOAD_BYTES_MAX} are allowed")]
    Payload(usize),
    /// All numbers of this connection are used up.
    #[error("this connection has sent all the messages it can")]
    Counter,
}

/// One side of one connection after both greetings. It holds no secret.
#[derive(Clone, Debug)]
pub struct Session {
    network: NetworkId,
    protocol: u16,
    own: (IdentityId, DeviceId),
    own_challenge: [u8; 32],
    peer: Speaker,
    peer_challenge: [u8; 32],
    proving: Proving,
    next_sent: u64,
    next_received: u64,
}

impl Session {
    /// Takes the greeting of the device that the transport has proved to be at the other end.
    ///
    /// # Errors
    /// Another network or protocol, another device than `peer`, or a credential that does not hold.
    pub fn open(
        own: &Hello,
        theirs: &[u8],
        peer: DeviceId,
        proving: Proving,
        now: Date,
    ) -> Result<Self, Refusal> {
        let theirs: Hello = decode(theirs)?;
        if theirs.network != own.network {
            return Err(Refusal::Network);
        }
        let protocol = theirs.protocol.min(own.protocol);
        if protocol < PROTOCOL_OLDEST {
            return Err(Refusal::Protocol { found: theirs.protocol });
        }
        let certificate = &own.credential.certificate.body;
        if peer == certificate.device {
            return Err(Refusal::Oneself);
        }
        if theirs.credential.certificate.body.device != peer {
            return Err(Refusal::Peer);
        }
        Ok(Self {
            network: own.network,
            protocol,
            own: (certificate.identity, certificate.device),
            own_challenge: own.challenge,
            peer: theirs.credential.verify(now)?,
            peer_challenge: theirs.challenge,
            proving,
            next_sent: 0,
            next_received: 0,
        })
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Speaker {
        self.peer
    }

    /// The version of the protocol that both sides speak.
    pub fn protocol(&self) -> u16 {
        self.protocol
    }

    /// The bytes of the next envelope, signed with the key of the own device.
    ///
    /// # Errors
    /// The payload is too long.
    pub fn seal(
        &mut self,
        key: &SecretKey,
        outgoing: Outgoing,
        now: Date,
    ) -> Result<Vec<u8>, SealError> {
        let Outgoing { kind, id, answer_to, payload, life_ms } = outgoing;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(SealError::Payload(payload.len()));
        }
        let envelope = Envelope {
            network: self.network,
            protocol: self.protocol,
            kind,
            sender: self.own.0,
            sender_device: self.own.1,
            recipient_device: self.peer.device,
            id,
            answer_to,
            challenge: self.peer_challenge,
            counter: self.next_sent,
            date: now,
            expires: now.plus_ms(life_ms.clamp(1, ENVELOPE_LIFE_MS_MAX)),
            payload,
        };
        self.next_sent = self.next_sent.checked_add(1).ok_or(SealError::Counter)?;
        let proof = self.proving.prove(key, &envelope);
        Ok(encode(&Sealed { envelope, proof }))
    }

    /// Takes an envelope. What is refused changes nothing here.
    ///
    /// # Errors
    /// See [`Refusal`]. Network and clock apart, each means that the peer breaks the protocol.
    pub fn receive(&mut self, bytes: &[u8], now: Date) -> Result<Verified<Envelope>, Refusal> {
        let Sealed { envelope, proof } = decode(bytes)?;
        self.check_place(&envelope)?;
        check_time(&envelope, now)?;
        let length = envelope.payload.len();
        if length > PAYLOAD_BYTES_MAX {
            return Err(Refusal::Payload(length));
        }
        // Last, for it costs most.
        self.proving.check(&proof, self.peer.device, &envelope)?;
        self.next_received = envelope.counter + 1;
        Ok(Verified::new(envelope))
    }

    /// It belongs to this connection, here and next.
    fn check_place(&self, envelope: &Envelope) -> Result<(), Refusal> {
        let Speaker { identity, device, .. } = self.peer;
        if envelope.network != self.network {
            return Err(Refusal::Network);
        }
        if envelope.protocol != self.protocol {
            return Err(Refusal::Protocol { found: envelope.protocol });
        }
        if (envelope.sender, envelope.sender_device) != (identity, device) {
            return Err(Refusal::Sender);
        }
        if envelope.recipient_device != self.own.1 {
            return Err(Refusal::Recipient);
        }
        if envelope.challenge != self.own_challenge {
            return Err(Refusal::Challenge);
        }
        // The last number of all would leave no next one.
        if envelope.counter < self.next_received || envelope.counter == u64::MAX {
            let (expected, found) = (self.next_received, envelope.counter);
            return Err(Refusal::Counter { expected, found });
        }
        Ok(())
    }
}

fn check_time(envelope: &Envelope, now: Date) -> Result<(), Refusal> {
    let Envelope { date, expires, .. } = *envelope;
    if expires <= date || expires.since_ms(date) > ENVELOPE_LIFE_MS_MAX {
        return Err(Refusal::Life);
    }
    if date > now.plus_ms(AHEAD_MS_MAX) {
        return Err(Refusal::Future(date));
    }
    if expires <= now {
        return Err(Refusal::Expired(expires));
    }
    Ok(())
}
