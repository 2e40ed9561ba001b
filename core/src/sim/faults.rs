//! What happens to machines and their disks: power that goes, processes that die, data that is
//! damaged, lost or swapped, and an operator who begins the cluster anew.

use super::capacity::Capacity;
use super::disk::{DamageError, DiskImage};
use super::network::Payload;
use super::node::Status;
use super::scenario::Keep;
use super::step::{ActionRefusal, LossReason, Place, What};
use super::world::World;
use crate::types::{Instant, NodeId};
use std::sync::Arc;

/// A copy of a disk that somebody kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptImage {
    /// Whose disk it is a copy of.
    pub of: NodeId,
    /// When it was kept.
    pub kept_at: Instant,
    /// What is on it.
    pub disk: DiskImage,
}

/// Machines.
impl World {
    pub(super) fn crash(&mut self, id: NodeId, keep: &Keep) {
        if !self.node(id).powered {
            return self.refuse(ActionRefusal::IsDown { node: id });
        }
        self.lose_power(id, keep);
    }

    pub(super) fn lose_power(&mut self, id: NodeId, keep: &Keep) {
        let now = self.now();
        let report = self.node_mut(id).lose_power(now, keep);
        let (bytes, names) = (report.kept, report.names_kept());
        let zeros = report.files.iter().map(|file| file.zeros).sum();
        self.note(Place::Node(id), What::Crashed { lost: report.lost });
        if bytes + names > 0 {
            let survived = What::Survived {
                bytes,
                names,
                zeros,
            };
            self.note(Place::Node(id), survived);
        }
        self.lose_waiting(id);
    }

    /// The server takes nothing until somebody lets it go on, or it ends. Its timers become overdue,
    /// for its machine's clock goes on.
    pub(super) fn pause(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        if node.replica().is_none() {
            return self.refuse(ActionRefusal::IsDown { node: id });
        }
        if node.intake.is_paused() {
            return self.refuse(ActionRefusal::IsPaused { node: id });
        }
        node.intake.pause();
        self.note(Place::Node(id), What::Paused);
    }

    pub(super) fn resume(&mut self, id: NodeId) {
        let now = self.now();
        let node = self.node_mut(id);
        if !node.intake.is_paused() {
            return self.refuse(ActionRefusal::NotPaused { node: id });
        }
        node.intake.resume(now);
        node.alerts.touch();
        let waiting = node.intake.waiting() as u64;
        self.note(Place::Node(id), What::Resumed { waiting });
    }

    /// As with a slow disk, this is the machine's, and stays when its server starts again.
    pub(super) fn slow_server(&mut self, id: NodeId, factor: u32) {
        let now = self.now();
        self.node_mut(id).intake.slow_down(now, factor);
        self.note(Place::Node(id), What::ServerSlowed { factor });
    }

    pub(super) fn kill(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        if matches!(node.status, Status::Down) {
            return self.refuse(ActionRefusal::IsDown { node: id });
        }
        node.status = Status::Down;
        node.alerts.touch();
        node.device.forget_writes();
        let appends = node.device.disk().unsynced().appends;
        let unsynced = appends.iter().map(|append| append.bytes).sum();
        self.note(Place::Node(id), What::Killed { unsynced });
        self.lose_waiting(id);
    }

    /// All that ran or could have run is over: what is on its way to or from a client belongs to
    /// connections that are broken. Servers refuse what another life of the cluster sent.
    pub(super) fn recreate_cluster(&mut self, except: &[NodeId]) {
        self.recreations += 1;
        let (cluster, except) = (self.cluster(), except.to_vec());
        let recreated = What::ClusterRecreated {
            cluster,
            except: except.clone(),
        };
        self.note(Place::World, recreated);
        self.break_connections();
        let ids: Vec<NodeId> = self.nodes.iter().map(|node| node.id).collect();
        for id in &ids {
            if self.node(*id).powered {
                self.lose_power(*id, &Keep::Drawn);
            }
        }
        for id in ids.into_iter().filter(|id| !except.contains(id)) {
            self.wipe_disk(id);
            // It never was part of this life of the cluster, so it has nothing to forget.
            self.node_mut(id).device.disk_mut().replace();
            self.start(id);
        }
    }

    fn break_connections(&mut self) {
        let of_clients = self.network.in_flight();
        let of_clients = of_clients.filter(|sent| !matches!(sent.payload, Payload::Peer(_)));
        let ids: Vec<_> = of_clients.map(|sent| sent.id).collect();
        for id in ids {
            self.lose_message(id, LossReason::ClusterGone);
        }
    }
}

/// Disks.
impl World {
    pub(super) fn corrupt(&mut self, id: NodeId, file: &str, (offset, bit): (u64, u8)) {
        let disk = self.node_mut(id).device.disk_mut();
        if let Err(error) = disk.flip(file, offset, bit) {
            return self.refuse(damage_refused(id, file, &error));
        }
        let file = file.into();
        let flipped = What::BitFlipped { file, offset, bit };
        self.note(Place::Node(id), flipped);
    }

    pub(super) fn tear(&mut self, id: NodeId, file: &str, bytes: u64) {
        if self.runs(id) {
            return;
        }
        let disk = self.node_mut(id).device.disk_mut();
        if let Err(error) = disk.tear(file, bytes) {
            return self.refuse(damage_refused(id, file, &error));
        }
        let file = file.into();
        self.note(Place::Node(id), What::FileTorn { file, bytes });
    }

    pub(super) fn remove_file(&mut self, id: NodeId, file: &str) {
        if self.runs(id) {
            return;
        }
        let disk = self.node_mut(id).device.disk_mut();
        if let Err(error) = disk.lose(file) {
            return self.refuse(damage_refused(id, file, &error));
        }
        let file = file.into();
        self.note(Place::Node(id), What::FileRemoved { file });
    }

    pub(super) fn wipe_disk(&mut self, id: NodeId) {
        if self.runs(id) {
            return;
        }
        let disk = self.node_mut(id).device.disk_mut();
        let (files, bytes) = (disk.files().count() as u64, disk.used());
        disk.wipe();
        self.note(Place::Node(id), What::DiskWiped { files, bytes });
    }

    pub(super) fn resize_disk(&mut self, id: NodeId, bytes: Option<u64>) {
        let node = self.node_mut(id);
        let disk = node.device.disk_mut();
        disk.set_capacity(bytes.map_or(Capacity::Unlimited, Capacity::Bytes));
        let resized = What::DiskResized {
            capacity: bytes,
            used: disk.used(),
        };
        node.alerts.touch();
        self.note(Place::Node(id), resized);
    }

    pub(super) fn slow_disk(&mut self, id: NodeId, factor: u32) {
        self.node_mut(id).device.slow_down(factor);
        self.note(Place::Node(id), What::DiskSlowed { factor });
    }

    pub(super) fn fail_syncs(&mut self, id: NodeId, count: u64) {
        self.node_mut(id).device.disk_mut().fail_syncs(count);
        self.note(Place::Node(id), What::SyncsWillFail { count });
    }

    pub(super) fn keep_image(&mut self, id: NodeId, image: &str) {
        let disk = self.node(id).device.disk().image();
        let kept = What::ImageKept {
            image: image.into(),
            files: disk.files(),
            bytes: disk.bytes(),
        };
        let copy = KeptImage {
            of: id,
            kept_at: self.now(),
            disk,
        };
        self.images.insert(image.into(), Arc::new(copy));
        self.note(Place::Node(id), kept);
    }

    pub(super) fn restore_image(&mut self, id: NodeId, image: &str) {
        if self.runs(id) {
            return;
        }
        let Some(copy) = self.images.get(image).cloned() else {
            let image = image.into();
            return self.refuse(ActionRefusal::NoSuchImage { image });
        };
        self.node_mut(id).device.disk_mut().put_back(&copy.disk);
        let restored = What::ImageRestored {
            image: image.into(),
            of: copy.of,
            kept_at: copy.kept_at,
        };
        self.note(Place::Node(id), restored);
    }

    /// Whether the server runs; it is then refused to change its disk under it.
    fn runs(&mut self, id: NodeId) -> bool {
        let runs = self.node(id).replica().is_some();
        if runs {
            self.refuse(ActionRefusal::MustNotRun { node: id });
        }
        runs
    }
}

fn damage_refused(node: NodeId, file: &str, error: &DamageError) -> ActionRefusal {
    let file = file.into();
    match error {
        DamageError::NoSuchFile => ActionRefusal::NoSuchFile { node, file },
        DamageError::BeyondEnd { len } => ActionRefusal::BeyondEnd {
            node,
            file,
            len: *len,
        },
    }
}
