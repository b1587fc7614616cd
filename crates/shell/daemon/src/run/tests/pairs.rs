//! Two daemons that find each other.

use crate::fixtures::{Daemon, settings};
use crate::settings::Settings;

fn customer_of(supplier: &Daemon) -> Settings {
    let mut settings = settings();
    settings.storage.enabled = true;
    settings.supplier.enabled = false;
    settings.network.bootstrap = vec![supplier.address().to_owned()];
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_finds_and_hires_a_supplier_by_itself() {
    let supplier = Daemon::start(11, settings()).await;
    let customer = Daemon::start(12, customer_of(&supplier)).await;
    let mut journal = customer.running.handle.journal();
    let is_active = |suppliers: &[crate::view::SupplierView]| {
        suppliers.iter().any(|each| each.state == "active")
    };
    while !is_active(&customer.running.handle.suppliers().await.unwrap()) {
        super::line(&mut journal, "contract", "Active").await;
    }
    let suppliers = customer.running.handle.suppliers().await.unwrap();
    assert_eq!(suppliers[0].device, supplier.device().to_string());
    assert_eq!((suppliers[0].online, suppliers[0].place), (true, Some(0)));
    let customers = supplier.running.handle.customers().await.unwrap();
    assert_eq!(customers[0].identity, customer.keys.identity().to_string());
    assert!(customers[0].quota_bytes >= 128 << 20, "{customers:?}");

    // Both know each other again after a restart of the one that was hired.
    let mut journal = customer.running.handle.journal();
    let supplier = supplier.restart(11).await;
    super::line(&mut journal, "peer_link", "Away").await;
    customer.running.handle.connect(supplier.address().to_owned()).await.unwrap();
    assert!(customer.running.handle.suppliers().await.unwrap()[0].online);
    customer.stop().await;
    supplier.stop().await;
}
