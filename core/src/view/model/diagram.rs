//! What crosses the border for the space-time diagram: a window of the run, in columns of numbers.

use super::border;
use serde::Serialize;

border! {
    /// What happened between two moments, as finely as there is room for.
    pub struct WindowView {
        /// Where the window begins.
        pub from: u64,
        /// Where it ends.
        pub to: u64,
        /// Up to when the run was read: the window is not complete while that is before its end
        /// and the run is explored further.
        pub read_to: u64,
        /// Who has a lane, in order: servers, clients, the model service.
        pub lanes: Vec<String>,
        /// How many of them are servers.
        pub servers: u32,
        /// What the numbers in `arrows.kind` stand for.
        pub kinds: Vec<super::MessageKind>,
        /// How many messages of each kind the window has, also of those that were left out.
        pub counts: Vec<u64>,
        /// Arrows and marks of one kind are drawn as one when they are nearer to each other than
        /// this; 0 when each stands for itself.
        pub merged_within: u64,
        /// Messages.
        pub arrows: ArrowsView,
        /// Events.
        pub marks: MarksView,
        /// What each server was, from when until when.
        pub bands: Vec<BandView>,
        /// Directions that were cut, from when until when.
        pub cuts: Vec<CutSpanView>,
    }

    /// Messages, one in each place of the columns.
    #[derive(Default)]
    pub struct ArrowsView {
        /// Its number.
        pub id: Vec<u64>,
        /// The sender's lane.
        pub from: Vec<u32>,
        /// The receiver's.
        pub to: Vec<u32>,
        /// Its kind, as a place in `kinds`.
        pub kind: Vec<u32>,
        /// When it was sent.
        pub sent_at: Vec<u64>,
        /// When it arrived or was lost, or will arrive.
        pub landed_at: Vec<u64>,
        /// The step in which it was sent.
        pub sent_step: Vec<u64>,
        /// The step in which it arrived or was lost; 0 while it is on its way.
        pub landed_step: Vec<u64>,
        /// 0: it arrived, 1: it was lost, 2: it is on its way.
        pub fate: Vec<u32>,
        /// For how many messages it stands.
        pub count: Vec<u64>,
    }

    /// Events, one in each place of the columns.
    #[derive(Default)]
    pub struct MarksView {
        /// Its number.
        pub id: Vec<u64>,
        /// When.
        pub time: Vec<u64>,
        /// The lane; -1 for the network and for what is done by hand.
        pub lane: Vec<i32>,
        /// Its kind: `leader`.
        pub kind: Vec<String>,
        /// 2: a turn of the story, 1: a detail, 0: a trace.
        pub weight: Vec<u32>,
        /// For how many events it stands.
        pub count: Vec<u64>,
    }

    /// What a server was for a while.
    pub struct BandView {
        /// Its lane.
        pub lane: u32,
        /// From when.
        pub from: u64,
        /// Until when.
        pub to: u64,
        /// What it was.
        pub role: BandRole,
        /// Its term; 0 while it does not run.
        pub term: u64,
    }

    /// What a server is in the diagram.
    #[derive(Copy)]
    pub enum BandRole {
        /// It does not run.
        Down,
        /// It could not start, or stopped because its disk failed.
        Failed,
        /// It follows.
        Follower,
        /// It asks who would vote for it, or stands for election.
        Candidate,
        /// It leads.
        Leader,
    }

    /// A direction that was cut for a while.
    pub struct CutSpanView {
        /// From this lane
        pub from_lane: u32,
        /// to this one,
        pub to_lane: u32,
        /// from when
        pub from: u64,
        /// until when.
        pub to: u64,
    }
}
