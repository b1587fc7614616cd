//! How a TCP connection is encrypted: Noise, or TLS 1.3 where this machine computes AES in hardware.
//! Both sides speak both, the dialler chooses.
//!
//! The network library's own TLS asks for ChaCha20 first whatever the machine, which costs as much
//! as Noise does. Here the side that is dialled picks AES first; all else is the library's, and so
//! is the format: <https://github.com/libp2p/specs/blob/master/tls/tls.md>.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures::future::{BoxFuture, Either};
use futures::io::BufReader;
use futures::{AsyncRead, AsyncWrite, FutureExt as _};
use futures_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::tls::certificate;
use libp2p::{PeerId, noise, tls};
use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, CommonState, DigitallySignedStruct, DistinguishedName, NoKeyLog,
    SignatureScheme,
};

use crate::StartError;

const TLS: &str = "/tls/1.0.0";
const NOISE: &str = "/noise";
/// Bytes read from the socket at once. TLS by itself reads record by record, 16 KiB each.
const READ_BYTES: usize = 64 * 1024;

/// Encrypts and authenticates a connection.
#[derive(Clone)]
pub(crate) struct Security {
    noise: noise::Config,
    accept: TlsAcceptor,
    connect: TlsConnector,
    names: [&'static str; 2],
}

impl Security {
    pub(crate) fn new(keys: &Keypair) -> Result<Self, StartError> {
        let mut client = tls::make_client_config(keys, None).map_err(|_| StartError::Key)?;
        // The library would write session keys to wherever the environment says.
        client.key_log = Arc::new(NoKeyLog);
        // All peers have the same name, none, by which the library would remember sessions.
        client.resumption = Resumption::disabled();
        let server = server(keys).ok_or(StartError::Key)?;
        Ok(Self {
            noise: noise::Config::new(keys).map_err(|_| StartError::Key)?,
            accept: TlsAcceptor::from(Arc::new(server)),
            connect: TlsConnector::from(Arc::new(client)),
            names: if has_fast_aes() { [TLS, NOISE] } else { [NOISE, TLS] },
        })
    }
}

/// The library's server settings with AES before ChaCha20.
fn server(keys: &Keypair) -> Option<rustls::ServerConfig> {
    let (certificate, key) = certificate::generate(keys).ok()?;
    let key = aws_lc_rs::sign::any_supported_type(&key).ok()?;
    // Without the checks of a web certificate, which this one would not pass.
    let certified = CertifiedKey::new(vec![certificate], key);
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    if !has_fast_aes() {
        provider.cipher_suites.reverse();
    }
    let mut server = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .ok()?
        .with_client_cert_verifier(Arc::new(DeviceCertificate))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    server.alpn_protocols = vec![b"libp2p".to_vec()];
    server.ignore_client_order = true;
    server.send_tls13_tickets = 0;
    Some(server)
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_fast_aes() -> bool {
    is_x86_feature_detected!("aes") && is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_fast_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_fast_aes() -> bool {
    false
}

/// Accepts exactly one certificate, signed by itself, in which a device key vouches for it.
#[derive(Debug)]
struct DeviceCertificate;

impl ClientCertVerifier for DeviceCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if !others.is_empty() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        certificate::parse(end)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let certificate = certificate::parse(certificate)?;
        certificate.verify_signature(signed.scheme, message, signed.signature())?;
        Ok(HandshakeSignatureValid::assertion())
    }

    /// What the library takes.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA256,
        ]
    }
}

/// An encrypted connection.
pub(crate) type Secured<C> = Either<TlsStream<BufReader<C>>, noise::Output<C>>;

impl UpgradeInfo for Security {
    type Info = &'static str;
    type InfoIter = [&'static str; 2];

    fn protocol_info(&self) -> [&'static str; 2] {
        self.names
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Security {
    type Output = (PeerId, Secured<C>);
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_inbound(self, socket: C, name: &'static str) -> Self::Future {
        async move {
            if name == NOISE {
                let noise = self.noise.upgrade_inbound(socket, name).await;
                let (peer, socket) = noise.map_err(io::Error::other)?;
                return Ok((peer, Either::Right(socket)));
            }
            let socket = self.accept.accept(BufReader::with_capacity(READ_BYTES, socket)).await?;
            let peer = peer(socket.get_ref().1)?;
            Ok((peer, Either::Left(socket.into())))
        }
        .boxed()
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Security {
    type Output = (PeerId, Secured<C>);
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_outbound(self, socket: C, name: &'static str) -> Self::Future {
        async move {
            if name == NOISE {
                let noise = self.noise.upgrade_outbound(socket, name).await;
                let (peer, socket) = noise.map_err(io::Error::other)?;
                return Ok((peer, Either::Right(socket)));
            }
            // A number as a name means that no name is sent, as the format asks for.
            let nameless = ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let socket = BufReader::with_capacity(READ_BYTES, socket);
            let socket = self.connect.connect(nameless, socket).await?;
            let peer = peer(socket.get_ref().1)?;
            Ok((peer, Either::Left(socket.into())))
        }
        .boxed()
    }
}

/// Whom the certificate names. That it was the only one is proved by the handshake.
fn peer(state: &CommonState) -> io::Result<PeerId> {
    let Some([end]) = state.peer_certificates() else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    Ok(certificate::parse(end).map_err(io::Error::other)?.peer_id())
}

#[cfg(test)]
mod tests;
