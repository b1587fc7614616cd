//! The bytes of a keystore file: a header in the clear, the sealed content, a checksum.
//!
//! Three checks tell three things apart: the checksum (damaged), the key check value (wrong
//! password), the tag of the cipher (tampered with).

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use base::{SymmetricKey, hash};
use zeroize::Zeroizing;

use super::KeystoreError;

/// The longest keystore file, bytes.
pub(super) const FILE_BYTES_MAX: usize = 16 * 1024;

const MAGIC: &[u8; 8] = b"BDKEYST\n";
const VERSION: u8 = 1;
/// Magic, version, kind of cost, empty password, memory, passes, lanes, salt, key check, nonce.
const HEADER_BYTES: usize = 8 + 1 + 1 + 1 + 4 + 4 + 4 + 32 + 16 + 12;
const TAG_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 16;

/// The least that [`Cost::standard`] files may ask for: the second choice of RFC 9106.
const MEMORY_KIB_MIN: u32 = 64 * 1024;
const PASSES_MIN: u32 = 3;
/// The most that any file may ask for: a hostile one must not stop the machine.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 10;
const LANES_MAX: u32 = 16;

/// What one guess of the password costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    memory_kib: u32,
    /// Passes over it.
    passes: u32,
    /// Lanes.
    lanes: u32,
    /// Declared in the file to be below the floor, so that no other file can be.
    is_fast: bool,
}

impl Cost {
    /// 256 MiB, 3 passes, 4 lanes: about a second.
    pub const fn standard() -> Self {
        Self { memory_kib: 256 * 1024, passes: 3, lanes: 4, is_fast: false }
    }

    /// Next to nothing: for tests, demos and empty passwords. The file says so openly.
    pub const fn fast() -> Self {
        Self { memory_kib: 64, passes: 1, lanes: 1, is_fast: true }
    }

    /// A cost of one's own: 64 MiB to 1 GiB given in KiB, 3 to 10 passes, 1 to 16 lanes.
    ///
    /// # Errors
    /// Out of these bounds.
    pub fn custom(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KeystoreError> {
        let cost = Self { memory_kib, passes, lanes, is_fast: false };
        if cost.is_allowed() { Ok(cost) } else { Err(KeystoreError::Cost) }
    }

    /// Whether a guess costs next to nothing.
    pub const fn is_fast(self) -> bool {
        self.is_fast
    }

    fn is_allowed(self) -> bool {
        let is_enough = self.memory_kib >= MEMORY_KIB_MIN && self.passes >= PASSES_MIN;
        let is_bearable = self.memory_kib <= MEMORY_KIB_MAX
            && self.passes <= PASSES_MAX
            && (1..=LANES_MAX).contains(&self.lanes);
        if self.is_fast { self == Self::fast() } else { is_enough && is_bearable }
    }
}

/// What is inside, and how it was protected.
pub(super) struct Opened {
    pub(super) plain: Zeroizing<Vec<u8>>,
    pub(super) cost: Cost,
    pub(super) has_empty_password: bool,
}

struct Header {
    cost: Cost,
    has_empty_password: bool,
    salt: [u8; 32],
    key_check: [u8; 16],
    nonce: [u8; 12],
}

pub(super) fn seal(
    mut plain: Zeroizing<Vec<u8>>,
    password: &str,
    cost: Cost,
    salt: [u8; 32],
) -> Result<Vec<u8>, KeystoreError> {
    let has_empty_password = password.is_empty();
    let cost = if has_empty_password { Cost::fast() } else { cost };
    let keys = Keys::derive(password, cost, &salt)?;
    let nonce = keys.nonce(&plain);
    let header = Header { cost, has_empty_password, salt, key_check: keys.check, nonce };
    let mut file = header.bytes();
    keys.cipher()
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&file),
            &mut *plain,
        )
        .expect("a keystore is far below the limit of the cipher");
    file.extend_from_slice(&plain);
    file.extend_from_slice(&checksum(&file));
    Ok(file)
}

pub(super) fn open(bytes: &[u8], password: &str) -> Result<Opened, KeystoreError> {
    if !bytes.starts_with(MAGIC) {
        return Err(KeystoreError::NotAKeystore);
    }
    let is_sized =
        bytes.len() > HEADER_BYTES + TAG_BYTES + CHECKSUM_BYTES && bytes.len() <= FILE_BYTES_MAX;
    let (file, found) = match bytes.len().checked_sub(CHECKSUM_BYTES) {
        Some(end) if is_sized => bytes.split_at(end),
        _ => return Err(KeystoreError::Damaged),
    };
    // Before the version: a flipped bit in it is damage, not a newer program.
    if checksum(file) != found {
        return Err(KeystoreError::Damaged);
    }
    let header = Header::read(file)?;
    let Header { cost, has_empty_password, salt, key_check, nonce } = header;
    if !cost.is_allowed() {
        return Err(KeystoreError::Cost);
    }
    if has_empty_password != password.is_empty() {
        return Err(KeystoreError::WrongPassword);
    }
    let keys = Keys::derive(password, cost, &salt)?;
    if keys.check != key_check {
        return Err(KeystoreError::WrongPassword);
    }
    let (head, sealed) = file.split_at(HEADER_BYTES);
    let mut plain = Zeroizing::new(sealed.to_vec());
    keys.cipher()
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut plain)
        .map_err(|_| KeystoreError::Damaged)?;
    let length = plain.len() - TAG_BYTES;
    plain.truncate(length);
    Ok(Opened { plain, cost, has_empty_password })
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FILE_BYTES_MAX);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.push(u8::from(self.cost.is_fast));
        bytes.push(u8::from(self.has_empty_password));
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.key_check);
        bytes.extend_from_slice(&self.nonce);
        bytes
    }

    fn read(file: &[u8]) -> Result<Self, KeystoreError> {
        let mut rest = &file[MAGIC.len()..];
        let [version] = take(&mut rest)?;
        if version != VERSION {
            return Err(KeystoreError::Version(version));
        }
        let [is_fast] = take(&mut rest)?;
        let [has_empty_password] = take(&mut rest)?;
        let cost = Cost {
            is_fast: boolean(is_fast)?,
            memory_kib: u32::from_le_bytes(take(&mut rest)?),
            passes: u32::from_le_bytes(take(&mut rest)?),
            lanes: u32::from_le_bytes(take(&mut rest)?),
        };
        Ok(Self {
            cost,
            has_empty_password: boolean(has_empty_password)?,
            salt: take(&mut rest)?,
            key_check: take(&mut rest)?,
            nonce: take(&mut rest)?,
        })
    }
}

struct Keys {
    cipher: SymmetricKey,
    synthetic: SymmetricKey,
    /// Tells a wrong password, and binds the file to one key, which the cipher alone does not.
    check: [u8; 16],
}

impl Keys {
    fn derive(password: &str, cost: Cost, salt: &[u8; 32]) -> Result<Self, KeystoreError> {
        let Cost { memory_kib, passes, lanes, .. } = cost;
        let params =
            Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| KeystoreError::Cost)?;
        let mut root = SymmetricKey([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), salt, &mut root.0)
            .map_err(|_| KeystoreError::Memory(memory_kib))?;
        let mut check = [0; 16];
        check.copy_from_slice(&root.derive("bitdust keystore key check v1", &[]).0[..16]);
        Ok(Self {
            cipher: root.derive("bitdust keystore cipher key v1", &[]),
            synthetic: root.derive("bitdust keystore nonce key v1", &[]),
            check,
        })
    }

    /// A function of what is sealed: even a salt used twice would not give one nonce to two texts.
    fn nonce(&self, plain: &[u8]) -> [u8; 12] {
        let mut nonce = [0; 12];
        let whole = self.synthetic.derive("bitdust keystore nonce v1", plain);
        nonce.copy_from_slice(&whole.0[..12]);
        nonce
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.cipher.0);
        LessSafeKey::new(key.expect("ChaCha20-Poly1305 takes any 32 bytes"))
    }
}

fn checksum(file: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&hash("bitdust keystore checksum v1", file).0[..CHECKSUM_BYTES]);
    checksum
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], KeystoreError> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(KeystoreError::Damaged)?;
    *rest = after;
    Ok(*taken)
}

fn boolean(byte: u8) -> Result<bool, KeystoreError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(KeystoreError::Damaged),
    }
}
