//! How it stands: with the node at a glance, its services, its automata, its settings.

use node::wish::{Overview, Reply, Wish};
use storage::policy::Spread;
use tokio::task::spawn_blocking;

use super::durability::away_now;
use super::views::{automaton_view, drive_status, service_view, supplier_status};
use super::{Clerk, error, errors, sentence};
use crate::handle::Answer;
use crate::run::happening::Question;
use crate::settings::{Bytes, SetError, Settings};
use crate::view::{AutomatonDetail, AutomatonView, ErrorView, ServiceView, SettingView, Status};
use crate::work::Works;

/// The setting that takes effect while the daemon runs; all others do when it starts.
const DONATED: &str = "supplier.donated";

impl Clerk {
    pub(super) async fn status(&self) -> Answer<Status> {
        let overview = self.overview().await?;
        let net = self.ask(Question::Network).await?;
        let (addresses, peers) = match net {
            Some(net) => (net.invitations().await, net.peers().await.len()),
            None => (vec![], 0),
        };
        let mut drive = drive_status(&overview);
        // A database that cannot be read is told by what fails without it.
        let stored = self.at_work(Works::stored).await.unwrap_or_default();
        (drive.versions, drive.packed_bytes) = (stored.versions, stored.packed_bytes);
        drive.stored_bytes = stored.stored_bytes;
        let me = self.local.asker();
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").into(),
            identity: me.identity.to_string(),
            device: me.device.to_string(),
            network: self.settings.network.name.clone(),
            up_ms: self.local.clock.now().tick.0,
            addresses,
            peers: u64::try_from(peers).unwrap_or(u64::MAX),
            warnings: self.warnings(&overview, peers),
            supplier: supplier_status(&overview),
            drive,
        })
    }

    /// What the user should know or do, most important first.
    fn warnings(&self, overview: &Overview, peers: usize) -> Vec<String> {
        use node::output::Safety;
        let mut warnings = vec![];
        match overview.safety {
            Some(Safety::Lost) => warnings.push(
                "More suppliers are gone than the policy allows: the data cannot be had now."
                    .into(),
            ),
            Some(Safety::AtRisk) => {
                warnings
                    .push("One more loss may lose data, or not everything is confirmed.".into());
            }
            Some(Safety::Kept) => {
                warnings
                    .push("The data is kept by one supplier only: a plain copy, not safe.".into());
            }
            Some(Safety::Safe { .. } | Safety::Empty) | None => {}
        }
        let spread = Spread::new(self.settings.storage.policy, overview.suppliers_wanted);
        let online =
            overview.suppliers.iter().filter(|each| each.place.is_some() && each.is_online);
        let (online, needed) = (online.count(), spread.map_or(0, |spread| spread.needed().into()));
        if online < needed && !matches!(overview.safety, Some(Safety::Empty) | None) {
            warnings.push(format!(
                "{online} of {} suppliers are connected and {needed} are needed: files cannot be \
                 restored before more of them are back.",
                overview.suppliers_wanted
            ));
        }
        if online >= needed {
            warnings.extend(away_now(&overview.durability));
        }
        if overview.few_answered {
            warnings.push(
                "Fewer than half of the suppliers answered when the drive was found: a newer version \
                 may exist."
                    .into(),
            );
        }
        if overview.found_nothing {
            warnings.push("The network knows nothing of this identity's drive yet.".into());
        }
        if peers == 0 {
            warnings.push(
                "No other node is connected: give the address of a running one with `bitdust peer \
                 connect ADDRESS`."
                    .into(),
            );
        }
        warnings.extend(self.warnings.iter().cloned());
        warnings
    }

    pub(super) async fn services(&self) -> Answer<Vec<ServiceView>> {
        Ok(self.overview().await?.services.iter().map(service_view).collect())
    }

    pub(super) async fn start_service(&self, name: String) -> Answer<Vec<ServiceView>> {
        known_service(&name)?;
        self.wish(Wish::StartService(name)).await?;
        self.services().await
    }

    pub(super) async fn stop_service(&self, name: String, dry_run: bool) -> Answer<Vec<String>> {
        known_service(&name)?;
        match self.wish(Wish::StopService { name, dry_run }).await? {
            Reply::Services(names) => Ok(names.into_iter().map(str::to_owned).collect()),
            Reply::Done | Reply::Job(_) | Reply::Overview(_) => Err(errors::stopping()),
        }
    }

    pub(super) async fn automata(&self) -> Answer<Vec<AutomatonView>> {
        let snapshots = self.ask(Question::Automata).await?;
        Ok(snapshots.iter().map(automaton_view).collect())
    }

    pub(super) async fn automaton(&self, name: String) -> Answer<AutomatonDetail> {
        let drawing = node::drawings().into_iter().find(|drawing| drawing.name == name);
        let Some(drawing) = drawing else { return Err(no_such_automaton(&name)) };
        let snapshots = self.ask(Question::Automata).await?;
        let journal = self.ask(|reply| Question::Journal(name, reply)).await?;
        let own = snapshots.iter().filter(|snapshot| snapshot.automaton == drawing.name);
        Ok(AutomatonDetail {
            purpose: drawing.purpose.into(),
            instances: own.map(automaton_view).collect(),
            mermaid: drawing.mermaid,
            markdown: drawing.markdown,
            journal,
        })
    }

    /// The settings in force: those of the start, and what was changed since and needs no new one.
    pub(super) async fn in_force(&self) -> Answer<Settings> {
        let mut settings = Settings::clone(&self.settings);
        settings.supplier.donated = Bytes(self.overview().await?.donated_bytes);
        Ok(settings)
    }

    pub(super) async fn set_config(&self, key: String, value: String) -> Answer<SettingView> {
        let (file, name) = (self.file.clone(), key.clone());
        let setting = spawn_blocking(move || file.set(&name, &value));
        let kept = match setting.await {
            Ok(Ok(settings)) => settings,
            Ok(Err(failed)) => return Err(set_error(&failed)),
            Err(_) => return Err(errors::stopping()),
        };
        if key == DONATED {
            self.wish(Wish::Offer(kept.supplier.donated.0)).await?;
        }
        let in_force = self.in_force().await?.value(&key);
        let kept = kept.value(&key).unwrap_or_default();
        Ok(SettingView { key, kept, in_force })
    }

    pub(super) async fn shutdown(&self) -> Answer<()> {
        self.ask(Question::Shutdown).await
    }
}

fn known_service(name: &str) -> Answer<()> {
    if node::catalogue::entry(name).is_some() {
        return Ok(());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    let happened = format!("There is no service '{shown}'.");
    Err(error("no-such-service", happened, "Nothing was changed.", "See `bitdust service list`."))
}

fn no_such_automaton(name: &str) -> ErrorView {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    let happened = format!("There is no automaton '{shown}'.");
    error("no-such-automaton", happened, "Nothing was changed.", "See `bitdust automata list`.")
}

fn set_error(failed: &SetError) -> ErrorView {
    let (code, advice) = match failed {
        SetError::Unknown(_) => ("no-such-setting", "See `bitdust config show`."),
        SetError::Value { .. } | SetError::Impossible(_) => {
            ("bad-setting", "docs/operations/settings.md says what is possible.")
        }
        SetError::Read(_) => ("bad-settings", "Put config.toml right."),
        SetError::Save(_) => ("home-unusable", "Check the disk and the mode of the home."),
    };
    error(code, sentence(failed), "The setting is as it was.", advice)
}
