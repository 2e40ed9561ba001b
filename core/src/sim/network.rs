//! The simulated network: every message in flight is an object that can be dropped, delayed,
//! hurried or duplicated.

use super::latency::Latency;
use crate::replica::{ClientId, Envelope, ModelRequest, ModelResponse, Request, Response};
use crate::types::{ConfigError, Duration, Fingerprint, Instant, NodeId, Rng, Settings, settings};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

settings! {
    /// How the network behaves.
    pub struct NetworkConfig {
        /// How long a message between two servers takes. Messages of one link keep their order,
        /// as over TCP.
        latency: Latency = Latency::Uniform(Duration::millis(2), Duration::millis(8)),
            in Duration::ZERO..=Latency::MOST;
        /// How long a message between a server and a client, or the model service, takes.
        client_latency: Latency = Latency::Uniform(Duration::millis(1), Duration::millis(4)),
            in Duration::ZERO..=Latency::MOST;
        /// How many messages in a million are lost.
        loss_ppm: u32 = 0, in 0..=1_000_000, "ppm";
        /// How many messages in a million arrive twice. The second copy has a latency of its own,
        /// may be lost like any other message, and keeps no order.
        duplication_ppm: u32 = 0, in 0..=1_000_000, "ppm";
        /// How many messages in a million keep no order: each overtakes those that were sent before and
        /// take longer, and holds up nothing behind it.
        reordering_ppm: u32 = 0, in 0..=1_000_000, "ppm";
    }
}

impl NetworkConfig {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()
    }

    fn latency_between(&self, from: Address, to: Address) -> &Latency {
        match (from, to) {
            (Address::Node(_), Address::Node(_)) => &self.latency,
            _ => &self.client_latency,
        }
    }
}

/// A message in the run, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u64);

impl core::fmt::Display for MessageId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// An end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Address {
    /// A server.
    Node(NodeId),
    /// A client.
    Client(ClientId),
    /// The model service.
    Model,
}

impl core::fmt::Display for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Address::Node(node) => node.fmt(f),
            Address::Client(client) => client.fmt(f),
            Address::Model => f.write_str("model"),
        }
    }
}

/// What a message carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Payload {
    /// One server says something to another.
    Peer(Envelope),
    /// A client asks.
    Request(Request),
    /// A client is answered.
    Response(Response),
    /// A leader asks the model service.
    Question(ModelRequest),
    /// The model service answers.
    Advice(ModelResponse),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// Its number.
    pub id: MessageId,
    /// The sender.
    pub from: Address,
    /// The receiver.
    pub to: Address,
    /// What it carries.
    pub payload: Payload,
    /// When it was sent.
    pub sent_at: Instant,
    /// The step in which it was sent: the cause of its arrival.
    pub sent_step: u64,
    /// When it arrives.
    pub arrives_at: Instant,
    /// The network will lose it on the way.
    pub doomed: bool,
    /// For a second copy, the message that it is a copy of.
    pub copy_of: Option<MessageId>,
}

/// Links, cuts, and what is on its way. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Network {
    config: NetworkConfig,
    seed: u64,
    links: OrdMap<(Address, Address), Link>,
    in_flight: OrdMap<MessageId, InFlight>,
    sent: u64,
    cuts: BTreeSet<(NodeId, NodeId)>,
}

/// One direction between two addresses, with its own randomness: what happens on one link never
/// changes what is drawn on another.
#[derive(Clone, Debug)]
struct Link {
    rng: Rng,
    /// For second copies: whether there are any does not shift what the originals draw.
    copies: Rng,
    /// For who keeps no order: likewise.
    disorder: Rng,
    newest_arrival: Instant,
}

impl Network {
    /// A network without faults but those configured.
    #[must_use]
    pub fn new(config: NetworkConfig, seed: u64) -> Network {
        let (links, in_flight) = (OrdMap::new(), OrdMap::new());
        Network {
            config,
            seed,
            links,
            in_flight,
            sent: 0,
            cuts: BTreeSet::new(),
        }
    }

    /// Sends a message; it is delivered with [`Network::take`] when its time has come.
    pub fn send(
        &mut self,
        (from, to): (Address, Address),
        payload: Payload,
        (now, step): (Instant, u64),
    ) -> &InFlight {
        self.sent += 1;
        let id = MessageId(self.sent);
        let seed = self.seed;
        let fresh = || Link {
            rng: Rng::new(Fingerprint::of(&(seed, from, to))),
            copies: Rng::new(Fingerprint::of(&(seed, from, to, "copies"))),
            disorder: Rng::new(Fingerprint::of(&(seed, from, to, "disorder"))),
            newest_arrival: Instant::ZERO,
        };
        let link = self.links.entry((from, to)).or_insert_with(fresh);
        let delay = self.config.latency_between(from, to).draw(&mut link.rng);
        let doomed = link.rng.chance(self.config.loss_ppm);
        let mut arrives_at = now + delay;
        if !link.disorder.chance(self.config.reordering_ppm) {
            arrives_at = arrives_at.max(link.newest_arrival);
            link.newest_arrival = arrives_at;
        }
        let message = InFlight {
            id,
            from,
            to,
            payload,
            sent_at: now,
            sent_step: step,
            arrives_at,
            doomed,
            copy_of: None,
        };
        self.in_flight.entry(id).or_insert(message)
    }

    /// Whether the network makes a second copy of a message that was just sent.
    pub fn wants_copy(&mut self, from: Address, to: Address) -> bool {
        let ppm = self.config.duplication_ppm;
        let link = self.links.get_mut(&(from, to));
        link.is_some_and(|link| link.copies.chance(ppm))
    }

    /// Puts a second copy of a message on its way, as if it were sent again now over another
    /// connection: it keeps no order, and holds up nothing behind it. None when the message is
    /// not on its way.
    pub fn duplicate(
        &mut self,
        original: MessageId,
        (now, step): (Instant, u64),
    ) -> Option<&InFlight> {
        let original = self.in_flight.get(&original)?.clone();
        let (from, to) = (original.from, original.to);
        let link = self.links.get_mut(&(from, to))?;
        let delay = self.config.latency_between(from, to).draw(&mut link.copies);
        let doomed = link.copies.chance(self.config.loss_ppm);
        self.sent += 1;
        let id = MessageId(self.sent);
        let copy = InFlight {
            id,
            sent_at: now,
            sent_step: step,
            arrives_at: now + delay,
            doomed,
            copy_of: Some(original.id),
            ..original
        };
        Some(self.in_flight.entry(id).or_insert(copy))
    }

    /// Takes a message off the network.
    pub fn take(&mut self, id: MessageId) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Makes a message arrive later; returns when it would have, and when it will.
    pub fn delay(&mut self, id: MessageId, by: Duration) -> Option<(Instant, Instant)> {
        let message = self.in_flight.get_mut(&id)?;
        let before = message.arrives_at;
        message.arrives_at = before + by;
        Some((before, message.arrives_at))
    }

    /// Makes a message arrive now, whatever would have become of it on the way; returns when it
    /// would have arrived.
    pub fn hurry(&mut self, id: MessageId, now: Instant) -> Option<Instant> {
        let message = self.in_flight.get_mut(&id)?;
        message.doomed = false;
        Some(std::mem::replace(&mut message.arrives_at, now))
    }

    /// A message on its way.
    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&InFlight> {
        self.in_flight.get(&id)
    }

    /// All messages on their way, oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = &InFlight> {
        self.in_flight.values()
    }

    /// Cuts one direction between two servers; tells whether it was whole.
    pub fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        self.cuts.insert((from, to))
    }

    /// Whether messages from one server to another are cut.
    #[must_use]
    pub fn is_cut(&self, from: Address, to: Address) -> bool {
        match (from, to) {
            (Address::Node(from), Address::Node(to)) => self.cuts.contains(&(from, to)),
            _ => false,
        }
    }

    /// All cut directions.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.cuts.iter().copied()
    }

    /// Mends one direction between two servers; tells whether it was cut.
    pub fn mend(&mut self, from: NodeId, to: NodeId) -> bool {
        self.cuts.remove(&(from, to))
    }

    /// Mends every cut; tells how many there were.
    pub fn heal(&mut self) -> usize {
        std::mem::take(&mut self.cuts).len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Network, NetworkConfig, Payload};
    use crate::cache::Query;
    use crate::replica::{ClientId, Consistency, Request, RequestBody};
    use crate::types::{Instant, NodeId};
    use bytes::Bytes;

    /// How often a message of one link arrives before one that was sent earlier.
    fn overtakings(reordering_ppm: u32) -> usize {
        let config = NetworkConfig {
            reordering_ppm,
            ..NetworkConfig::default()
        };
        let mut network = Network::new(config, 5);
        let (from, to) = (Address::Client(ClientId(1)), Address::Node(NodeId(1)));
        let (mut newest, mut overtakings) = (Instant::ZERO, 0);
        for n in 0..100 {
            let body = RequestBody::Read {
                query: Query::Get { key: Bytes::new() },
                consistency: Consistency::Quorum,
            };
            let payload = Payload::Request(Request {
                client: ClientId(1),
                id: n,
                body,
            });
            let sent = network.send((from, to), payload, (Instant(n * 100), n));
            assert!(sent.arrives_at > sent.sent_at);
            overtakings += usize::from(sent.arrives_at < newest);
            newest = newest.max(sent.arrives_at);
        }
        overtakings
    }

    #[test]
    fn messages_of_one_link_keep_their_order_unless_they_are_to_keep_none() {
        assert_eq!(overtakings(0), 0);
        let (few, all) = (overtakings(100_000), overtakings(1_000_000));
        assert!(0 < few && few < all, "{few}, {all}");
    }
}
