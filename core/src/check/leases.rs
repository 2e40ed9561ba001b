//! Whether the lease of a leader excludes others, as every read by lease relies on.

use crate::sim::{What, World};
use crate::types::{NodeId, Term};
use imbl::OrdSet;

/// What is remembered of leases.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    /// Whether some clock did more than leases allow for.
    astray: bool,
    /// Leaders, by their term, whose lease was seen to outlast their successor's election.
    outlived: OrdSet<(Term, NodeId)>,
}

/// A leader whose lease lasts although somebody was elected in a later term.
#[derive(Clone, Debug)]
pub(super) struct Outlived {
    /// Who was elected.
    pub(super) successor: NodeId,
    /// What was seen, with the numbers.
    pub(super) seen: String,
}

impl Leases {
    /// Other leaders on the same clocks.
    pub(super) fn begin_anew(self) -> Leases {
        Leases {
            outlived: OrdSet::new(),
            ..self
        }
    }

    /// What happens to a clock.
    pub(super) fn on_clock(&mut self, world: &World, what: &What) {
        let bound = world.scenario().server.raft.clock_drift_ppm;
        self.astray |= match what {
            What::ClockDrifts { ppm } => ppm.unsigned_abs() > bound,
            What::ClockSet { .. } => true,
            _ => false,
        };
    }

    /// Whether this server leads by a lease that lasts, and what is amiss with that when `newest` was
    /// elected meanwhile; none where there is no such lease, or where all was told before.
    pub(super) fn judge(
        &mut self,
        world: &World,
        node: NodeId,
        newest: Option<(Term, NodeId)>,
    ) -> Option<Result<(), Outlived>> {
        let place = world.node(node);
        let raft = place.replica().filter(|_| !self.astray)?.raft();
        let now = place.clock().at(world.now());
        let until = raft.lease_until().filter(|until| now < *until)?;
        let (own, (term, successor)) = (raft.term(), newest?);
        if term <= own {
            return Some(Ok(()));
        }
        let is_new = self.outlived.insert((own, node)).is_none();
        let left = until.since(now);
        let seen = format!(
            "{node} may answer reads of term {own} by its lease for another {left}, and {successor} was \
             elected in term {term}"
        );
        is_new.then_some(Err(Outlived { successor, seen }))
    }
}
