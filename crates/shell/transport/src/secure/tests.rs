//! Who is let in, and by which cipher.

use futures_rustls::rustls::SupportedCipherSuite;
use tokio::io::DuplexStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::*;

type Socket = Compat<DuplexStream>;

fn sockets() -> (Socket, Socket) {
    let (one, two) = tokio::io::duplex(64 * 1024);
    (one.compat(), two.compat())
}

fn keys(n: u8) -> Keypair {
    Keypair::ed25519_from_bytes([n; 32]).unwrap()
}

fn id(n: u8) -> PeerId {
    keys(n).public().to_peer_id()
}

#[tokio::test]
async fn both_sides_learn_who_the_other_one_is() {
    for name in [TLS, NOISE] {
        let (one, two) = sockets();
        let dial = Security::new(&keys(1)).unwrap().upgrade_outbound(one, name);
        let accept = Security::new(&keys(2)).unwrap().upgrade_inbound(two, name);
        let (dialled, accepted) = tokio::join!(dial, accept);
        assert_eq!((dialled.unwrap().0, accepted.unwrap().0), (id(2), id(1)), "{name}");
    }
}

#[tokio::test]
async fn aes_is_chosen_where_the_machine_computes_it() {
    let (one, two) = sockets();
    let dial = Security::new(&keys(1)).unwrap().upgrade_outbound(one, TLS);
    let accept = Security::new(&keys(2)).unwrap().upgrade_inbound(two, TLS);
    let (dialled, accepted) = tokio::join!(dial, accept);
    let Either::Left(stream) = dialled.unwrap().1 else { panic!("TLS was asked for") };
    let suite: SupportedCipherSuite = stream.get_ref().1.negotiated_cipher_suite().unwrap();
    let is_aes = suite == cipher_suite::TLS13_AES_128_GCM_SHA256;
    assert_eq!(is_aes, has_fast_aes(), "{suite:?}");
    assert!(accepted.is_ok());
}

#[tokio::test]
async fn it_is_the_librarys_tls_to_the_library() {
    let (one, two) = sockets();
    let dial = tls::Config::new(&keys(1)).unwrap().upgrade_outbound(one, TLS);
    let accept = Security::new(&keys(2)).unwrap().upgrade_inbound(two, TLS);
    let (dialled, accepted) = tokio::join!(dial, accept);
    assert_eq!((dialled.unwrap().0, accepted.unwrap().0), (id(2), id(1)));

    let (one, two) = sockets();
    let dial = Security::new(&keys(1)).unwrap().upgrade_outbound(one, TLS);
    let accept = tls::Config::new(&keys(2)).unwrap().upgrade_inbound(two, TLS);
    let (dialled, accepted) = tokio::join!(dial, accept);
    assert_eq!((dialled.unwrap().0, accepted.unwrap().0), (id(2), id(1)));
}

/// A client that the library would not make: without a certificate, or with a wrong one.
fn client(certificate: Option<CertificateDer<'static>>) -> TlsConnector {
    let mut config = tls::make_client_config(&keys(1), None).unwrap();
    let (_, key) = certificate::generate(&keys(1)).unwrap();
    let resolver: Arc<dyn rustls::client::ResolvesClientCert> = match certificate {
        None => {
            let builder =
                rustls::ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
            let nobody = builder
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            nobody.client_auth_cert_resolver
        }
        Some(certificate) => {
            let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
            let certified = CertifiedKey::new(vec![certificate], key);
            Arc::new(SingleCertAndKey::from(certified))
        }
    };
    config.client_auth_cert_resolver = resolver;
    TlsConnector::from(Arc::new(config))
}

async fn is_let_in(certificate: Option<CertificateDer<'static>>) -> bool {
    let (one, two) = sockets();
    let name = ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let dial = client(certificate).connect(name, one);
    let accept = Security::new(&keys(2)).unwrap().upgrade_inbound(two, TLS);
    let (_, accepted) = tokio::join!(dial, accept);
    accepted.is_ok()
}

#[tokio::test]
async fn nobody_is_let_in_without_a_certificate_of_its_own() {
    assert!(!is_let_in(None).await, "no certificate");
    // A certificate that names somebody else, whose key the client does not have.
    let (stolen, _) = certificate::generate(&keys(3)).unwrap();
    assert!(!is_let_in(Some(stolen)).await, "a stolen certificate");
    let garbage = CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x00]);
    assert!(!is_let_in(Some(garbage)).await, "garbage");
}

#[tokio::test]
async fn a_changed_certificate_is_not_believed() {
    let (certificate, _) = certificate::generate(&keys(1)).unwrap();
    assert!(certificate::parse(&certificate).is_ok());
    let bytes = certificate.as_ref();
    let signed_key = bytes.windows(32).position(|at| at == id(1).to_bytes().split_at(6).1);
    for at in [bytes.len() - 1, signed_key.expect("the device key is inside")] {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        assert!(certificate::parse(&CertificateDer::from(changed)).is_err(), "byte {at}");
    }
}
