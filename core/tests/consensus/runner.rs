//! The verbs of the scripts.
//!
//! | verb | what it does |
//! |---|---|
//! | `cluster nodes=3 spares=1 SETTING=VALUE...` | begins anew, with settings of consensus |
//! | `disk n1 TERM... vote=n2` | puts a log of these terms on a disk, before anything happens |
//! | `campaign n1` | its deadline comes |
//! | `tick 50ms` | time passes, and every deadline comes when it is due |
//! | `run 500ms` | the same, and every message arrives at once |
//! | `propose n1 a b` / `read n1 [lease]` / `snapshot n1` | what its host asks of a server |
//! | `transfer n1 [n2]` / `change n1 voters=1,2 learners=3` | what an operator asks |
//! | `deliver [WHICH]` | hands over what is on its way now, oldest first |
//! | `repeat [WHICH]` | hands over the oldest, and keeps it |
//! | `drop [WHICH]` / `hold [WHICH]` | loses what is on its way, or keeps it aside |
//! | `release` | puts back what was kept aside, as the newest |
//! | `stabilize` | hands over until nothing is on its way |
//! | `partition n1 n2` | cuts these off from all others, not from each other |
//! | `cut n1 n2` / `heal` | cuts the way from the one to the other; mends all |
//! | `slow-disk n1` / `durable n1 [COUNT]` | writes wait, and become durable |
//! | `forget n1 [from=3] [unnoticed]` | the disk of a stopped machine loses all, or its log from there |
//! | `crash n1` / `restart n1` | the machine loses what is not durable, and starts again |
//! | `jump forward=1s` / `jump back=1s` | the clock of all servers jumps |
//! | `status` / `log` / `progress n1` / `messages` / `state` / `lease n1` | what is |
//!
//! WHICH is any of `from=n1`, `to=n2`, and `oldest` or `newest` for a single message.

use crate::cluster::{Cluster, Sent};
use crate::words;
use bytes::Bytes;
use flotilla_core::raft::{Config, MembershipChange, ProposeRefusal, Raft, ReadVia, Role};
use flotilla_core::types::{Duration, Index, Instant, NodeId, Settings};
use goldenscript::{Argument, Command, Context};
use std::error::Error;
use std::fmt::Write;

type Outcome = Result<String, Box<dyn Error>>;

/// One script as it runs.
#[derive(Default)]
pub struct Script {
    cluster: Option<Cluster>,
}

/// The arguments of a verb.
struct Args {
    words: Vec<String>,
    named: Vec<(String, String)>,
}

impl Args {
    fn of(command: &Command) -> Args {
        let mut args = Args {
            words: Vec::new(),
            named: Vec::new(),
        };
        for arg in &command.args {
            match arg {
                Argument::Positional(word) => args.words.push(word.clone()),
                Argument::KeyValue(name, value) => args.named.push((name.clone(), value.clone())),
                _ => {}
            }
        }
        args
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.named.iter().position(|(given, _)| given == name)?;
        Some(self.named.remove(place).1)
    }

    fn word(&mut self) -> Result<String, Box<dyn Error>> {
        if self.words.is_empty() {
            return Err("an argument is missing".into());
        }
        Ok(self.words.remove(0))
    }

    fn node(&mut self) -> Result<NodeId, Box<dyn Error>> {
        node(&self.word()?)
    }

    fn has(&mut self, word: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|given| given != word);
        self.words.len() < before
    }

    fn done(&self) -> Result<(), Box<dyn Error>> {
        match (self.words.first(), self.named.first()) {
            (Some(word), _) => Err(format!("`{word}` is not understood").into()),
            (_, Some((name, _))) => Err(format!("`{name}=` is not understood").into()),
            (None, None) => Ok(()),
        }
    }
}

fn node(text: &str) -> Result<NodeId, Box<dyn Error>> {
    let number = text.strip_prefix('n').unwrap_or(text);
    Ok(NodeId(
        number
            .parse()
            .map_err(|_| format!("`{text}` is no server, as n1"))?,
    ))
}

fn nodes(text: &str) -> Result<Vec<NodeId>, Box<dyn Error>> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(node)
        .collect()
}

impl goldenscript::Runner for Script {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Context) -> Outcome {
        let mut args = Args::of(command);
        if command.name == "cluster" {
            self.cluster = Some(begin(&mut args)?);
            return Ok(String::new());
        }
        let cluster = self.cluster.as_mut().ok_or("`cluster` comes first")?;
        let mut output = act(cluster, &command.name, &mut args)?;
        args.done()?;
        for told in cluster.told.drain(..) {
            output.push_str(&words::told(&told));
            output.push('\n');
        }
        Ok(output)
    }
}

fn begin(args: &mut Args) -> Result<Cluster, Box<dyn Error>> {
    let number = |text: Option<String>, usual: u32| text.map_or(Ok(usual), |text| text.parse());
    let (voters, spares) = (
        number(args.take("nodes"), 3)?,
        number(args.take("spares"), 0)?,
    );
    // Unless a script is about clocks, time goes in leaps from one deadline to another.
    let mut config = Config {
        clock_jump_bound: Duration::secs(3_600),
        trailing_entries: 0,
        ..Config::default()
    };
    for (name, value) in args.named.drain(..) {
        config.set(&name, &value)?;
    }
    Ok(Cluster::new(voters, spares, config))
}

fn act(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    match verb {
        "disk" | "slow-disk" | "durable" | "crash" | "restart" | "forget" => {
            disks(cluster, verb, args)
        }
        "campaign" | "tick" | "run" | "jump" => time(cluster, verb, args),
        "propose" | "read" | "snapshot" | "transfer" | "change" => ask(cluster, verb, args),
        "deliver" | "repeat" | "drop" | "hold" | "release" | "stabilize" | "partition" | "cut"
        | "heal" => network(cluster, verb, args),
        "status" | "log" | "progress" | "messages" | "state" | "lease" => look(cluster, verb, args),
        unknown => Err(format!("`{unknown}` is no verb").into()),
    }
}

fn disks(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    let id = args.node()?;
    match verb {
        "disk" => {
            let vote = args.take("vote").map(|text| node(&text)).transpose()?;
            let terms: Result<Vec<u64>, _> = args.words.drain(..).map(|t| t.parse()).collect();
            cluster.install(id, &terms?, vote);
        }
        "forget" => {
            let from = args.take("from").map(|text| text.parse()).transpose()?;
            let noticed = !args.has("unnoticed");
            cluster.forget(id, from.map(Index), noticed);
        }
        "slow-disk" => cluster.machine(id).slow = true,
        "durable" => {
            let count = if args.words.is_empty() {
                usize::MAX
            } else {
                args.word()?.parse()?
            };
            cluster.durable(id, count);
        }
        "crash" => {
            let lost = cluster.crash(id);
            return Ok(format!("{id} loses {lost} records that were not durable\n"));
        }
        _ => {
            cluster.machine(id).slow = false;
            cluster.start(id);
            return Ok(format!("{}\n", words::status(cluster.server(id))));
        }
    }
    Ok(String::new())
}

fn time(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    match verb {
        "campaign" => {
            let id = args.node()?;
            let due = cluster
                .server(id)
                .deadline()
                .ok_or("it waits for nothing")?;
            cluster.now = cluster.now.max(due);
            cluster.with(id, |server, now, out| server.on_deadline(now, out));
        }
        "tick" => {
            let span: Duration = args.word()?.parse()?;
            let until = cluster.now + span;
            for _ in 0..MOST_REPEATS {
                if !wake_next(cluster, until) {
                    return Ok(String::new());
                }
            }
            return Err(endless("a deadline comes", cluster));
        }
        "run" => {
            let span: Duration = args.word()?.parse()?;
            return run(cluster, span);
        }
        _ => match (args.take("forward"), args.take("back")) {
            (Some(span), None) => cluster.now = cluster.now + span.parse::<Duration>()?,
            (None, Some(span)) => cluster.now = cluster.now - span.parse::<Duration>()?,
            _ => return Err("`jump` needs forward= or back=".into()),
        },
    }
    Ok(String::new())
}

fn run(cluster: &mut Cluster, span: Duration) -> Outcome {
    let (until, mut output) = (cluster.now + span, String::new());
    for _ in 0..MOST_REPEATS {
        settle(cluster, &mut output)?;
        if !wake_next(cluster, until) {
            return Ok(output);
        }
        for told in cluster.told.drain(..) {
            let _ = writeln!(output, "{}", words::told(&told));
        }
    }
    Err(endless("a deadline comes", cluster))
}

/// Lets time pass to the next deadline that comes by then, or to then if none does; tells whether
/// one came.
fn wake_next(cluster: &mut Cluster, until: Instant) -> bool {
    let due = next_deadline(cluster).filter(|(due, _)| *due <= until);
    cluster.now = due.map_or(until, |(due, _)| cluster.now.max(due));
    if let Some((_, id)) = due {
        cluster.with(id, |server, now, out| server.on_deadline(now, out));
    }
    due.is_some()
}

fn next_deadline(cluster: &Cluster) -> Option<(Instant, NodeId)> {
    let servers = cluster.machines.iter().filter_map(|(id, machine)| {
        let due = machine.server.as_ref()?.deadline()?;
        Some((due, *id))
    });
    servers.min()
}

fn ask(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    let id = args.node()?;
    match verb {
        "propose" => {
            let commands: Vec<Bytes> = args.words.drain(..).map(Bytes::from).collect();
            let taken = cluster.with(id, |server, now, out| server.propose(now, &commands, out));
            return Ok(match taken {
                Ok(_) => String::new(),
                Err(ProposeRefusal::NotLeader) => format!("{id} does not lead\n"),
                Err(ProposeRefusal::HandingOver { to }) => {
                    format!("{id} is busy: it hands leadership to {to}\n")
                }
                Err(ProposeRefusal::Busy { uncommitted, limit }) => {
                    format!("{id} is busy: {uncommitted} of {limit} bytes wait\n")
                }
            });
        }
        "read" => {
            let via = if args.has("lease") {
                ReadVia::Lease
            } else {
                ReadVia::Quorum
            };
            let read = cluster.next_read(id);
            cluster.with(id, |server, now, out| server.read(now, read, via, out));
        }
        "snapshot" => cluster.snapshot(id),
        "transfer" => {
            let to = if args.words.is_empty() {
                None
            } else {
                Some(args.node()?)
            };
            let begun = cluster.with(id, |s, now, out| s.transfer_leadership(now, to, out));
            return Ok(refusal(id, begun.err()));
        }
        _ => {
            let list = |text: Option<String>| nodes(&text.unwrap_or_default());
            let (voters, learners) = (list(args.take("voters"))?, list(args.take("learners"))?);
            let change = MembershipChange { voters, learners };
            let begun = cluster.with(id, |s, now, out| s.change_membership(now, change, out));
            return Ok(refusal(id, begun.err()));
        }
    }
    Ok(String::new())
}

fn refusal(id: NodeId, why: Option<impl std::fmt::Display>) -> String {
    why.map_or(String::new(), |why| format!("{id} refuses: {why}\n"))
}

fn network(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    let mut output = String::new();
    match verb {
        "deliver" => {
            let chosen = choose(cluster, args)?;
            deliver(cluster, chosen, &mut output);
        }
        "repeat" => {
            let fits = ways(args)?;
            let first = cluster.messages.iter().find(|sent| fits(sent)).cloned();
            deliver(cluster, first.into_iter().collect(), &mut output);
        }
        "drop" => {
            for (from, to, message) in choose(cluster, args)? {
                let _ = writeln!(output, "lost: {from} to {to}: {}", words::message(&message));
            }
        }
        "hold" => {
            let held = choose(cluster, args)?;
            cluster.held.extend(held);
        }
        "release" => {
            let held = std::mem::take(&mut cluster.held);
            cluster.messages.extend(held);
        }
        "stabilize" => settle(cluster, &mut output)?,
        "partition" => {
            let side: Result<Vec<NodeId>, _> = args.words.drain(..).map(|n| node(&n)).collect();
            cluster.partition(&side?);
        }
        "cut" => {
            let cut = (args.node()?, args.node()?);
            cluster.cuts.insert(cut);
        }
        _ => cluster.cuts.clear(),
    }
    Ok(output)
}

/// Which ways are meant: `from=` and `to=`, each of which may be left out.
fn ways(args: &mut Args) -> Result<impl Fn(&Sent) -> bool + use<>, Box<dyn Error>> {
    let from = args.take("from").map(|text| node(&text)).transpose()?;
    let to = args.take("to").map(|text| node(&text)).transpose()?;
    Ok(move |sent: &Sent| {
        from.is_none_or(|from| sent.0.node == from) && to.is_none_or(|to| sent.1 == to)
    })
}

/// Takes the messages that the arguments name off their ways, oldest first.
fn choose(cluster: &mut Cluster, args: &mut Args) -> Result<Vec<Sent>, Box<dyn Error>> {
    let fits = ways(args)?;
    let place = match (args.has("oldest"), args.has("newest")) {
        (false, false) => return Ok(take(cluster, fits)),
        (true, false) => cluster.messages.iter().position(fits),
        (false, true) => cluster.messages.iter().rposition(fits),
        (true, true) => return Err("one message is the oldest or the newest".into()),
    };
    let place = place.ok_or("no such message is on its way")?;
    Ok(vec![cluster.messages.remove(place)])
}

/// After everything was handed over, or a deadline came, so often in one verb, servers are taken to
/// go on for ever: far more than any script needs.
const MOST_REPEATS: u32 = 1_000;

fn endless(what: &str, cluster: &Cluster) -> Box<dyn Error> {
    let pending = words::pending(cluster);
    format!("{what} again after {MOST_REPEATS} times; on their way:\n{pending}").into()
}

/// Hands over until nothing is on its way.
fn settle(cluster: &mut Cluster, output: &mut String) -> Result<(), Box<dyn Error>> {
    for _ in 0..MOST_REPEATS {
        if cluster.messages.is_empty() {
            return Ok(());
        }
        let all = take(cluster, |_| true);
        deliver(cluster, all, output);
    }
    Err(endless("everything is handed over", cluster))
}

fn take(cluster: &mut Cluster, fits: impl Fn(&Sent) -> bool) -> Vec<Sent> {
    let (chosen, rest) = std::mem::take(&mut cluster.messages)
        .into_iter()
        .partition(fits);
    cluster.messages = rest;
    chosen
}

fn deliver(cluster: &mut Cluster, messages: Vec<Sent>, output: &mut String) {
    for (from, to, message) in messages {
        let text = words::message(&message);
        let way = if cluster.hand_over(from, to, message) {
            ""
        } else {
            "lost: "
        };
        let _ = writeln!(output, "{way}{from} to {to}: {text}");
        for told in cluster.told.drain(..) {
            let _ = writeln!(output, "  {}", words::told(&told));
        }
    }
}

fn look(cluster: &mut Cluster, verb: &str, args: &mut Args) -> Outcome {
    let all = |cluster: &Cluster, word: fn(&Raft) -> String| {
        let lines = cluster
            .machines
            .iter()
            .map(|(id, machine)| match &machine.server {
                Some(server) => word(server),
                None => format!("{id} is down"),
            });
        lines.collect::<Vec<_>>().join("\n")
    };
    Ok(match verb {
        "status" => all(cluster, words::status),
        "log" => all(cluster, words::log),
        "messages" => words::pending(cluster),
        "progress" => match cluster.server(args.node()?).role() {
            Role::Leader(leader) => {
                let lines: Vec<String> = leader.progress.iter().map(words::progress).collect();
                lines.join("\n")
            }
            _ => "it does not lead".into(),
        },
        "state" => {
            let ids: Vec<NodeId> = cluster.machines.keys().copied().collect();
            let line = |id: NodeId| {
                let (state, waiting) = (cluster.applied_state(id), cluster.waiting(id));
                format!("{id} has applied [{state}], {waiting} records wait for its disk")
            };
            ids.into_iter().map(line).collect::<Vec<_>>().join("\n")
        }
        _ => {
            let now = cluster.now;
            match cluster.server(args.node()?).lease_until() {
                Some(until) if until > now => format!("the lease lasts {}", until.since(now)),
                Some(until) => format!("the lease has been over for {}", now.since(until)),
                None => "there is no lease".into(),
            }
        }
    } + "\n")
}
