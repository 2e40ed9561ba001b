use super::{SHORTEST, SPANS};
use crate::sim::{Action, Scenario};
use crate::types::{Instant, NodeId};
use crate::view::{ComparisonView, Session};

const SCENARIO: &str = r#"
    flotilla = 1
    name = "series"
    seed = 11
    end = "6s"
    nodes = 3
    actions = [
      { at = "400ms", do = "workload", rate = 80, keys = 40, reads_percent = 50, for = "4s" },
      { at = "2s", do = "crash", node = 3 },
      { at = "3s", do = "restart", node = 3 },
    ]
"#;

fn session(until: u64) -> Session {
    let mut session = Session::parse(SCENARIO).expect("well-formed");
    assert!(session.run_until(Instant(until), u64::MAX));
    session
}

#[test]
fn a_series_tells_what_each_server_did_and_where_it_stood() {
    let series = session(6_000_000).series();
    assert_eq!(series.until.len(), SPANS);
    assert_eq!(series.until[0], 25_000);
    let third = &series.servers[2];
    // A span that ends when something happens ends after it.
    for (at, commit) in series.until.iter().zip(&third.commit) {
        let down = (2_000_000..3_000_000).contains(at);
        assert_eq!(commit.is_none(), down, "{at}");
    }
    let answered: u64 = series
        .servers
        .iter()
        .flat_map(|one| one.reads.iter().chain(&one.writes))
        .sum();
    let session = session(6_000_000);
    let told = session.comparison();
    assert!(answered > 250, "{answered}");
    for (place, server) in series.servers.iter().enumerate() {
        let sent: u64 = server.sent.iter().sum();
        assert_eq!(row(&told, "Messages sent", place).0, sent.to_string());
        let commit = server.commit.last().copied().flatten().expect("it runs");
        assert_eq!(row(&told, "Commit index", place).0, commit.to_string());
    }
}

/// Whoever goes back sees what was to be seen then.
#[test]
fn a_series_is_that_of_the_moment_shown() {
    let then = session(2_500_000);
    let mut session = session(6_000_000);
    session.seek(Instant(2_500_000), 0);
    assert_eq!(session.series(), then.series());
    assert_eq!(session.comparison(), then.comparison());
    assert_eq!(session.series().until.last(), Some(&2_500_000));
}

/// A run goes on beyond its scenario's end, and a short one needs few spans.
#[test]
fn a_series_is_bounded() {
    let text = SCENARIO.replace("end = \"6s\"", "end = \"500ms\"");
    let scenario = Scenario::parse(&text[..text.find("actions").expect("it has some")]);
    let mut session = Session::new(scenario.expect("well-formed"));
    session.run_until(Instant(4_000_000), u64::MAX);
    let (before, sent) = (session.series(), |session: &Session| {
        let series = session.series();
        series.servers[0].sent.iter().sum::<u64>()
    });
    assert_eq!(before.until[0], SHORTEST.0);
    let counted = sent(&session);
    session.run_until(Instant(30_000_000), u64::MAX);
    let series = session.series();
    assert!(series.until.len() <= 2 * SPANS, "{}", series.until.len());
    assert!(series.until.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(series.until[0] % SHORTEST.0, 0);
    assert!(sent(&session) > counted);
    session.seek(Instant(4_000_000), 0);
    assert_eq!(sent(&session), counted);
}

/// The text of a cell, and how far it is from the leader's.
fn row(told: &ComparisonView, name: &str, server: usize) -> (String, Option<i64>) {
    let row = told.rows.iter().find(|row| row.name == name);
    let cell = &row.expect("there is such a measure").cells[server];
    (cell.text.clone(), cell.beside_leader)
}

#[test]
fn servers_are_compared_with_their_leader() {
    let mut session = session(1_500_000);
    let leader = session.comparison().leader.expect("it was elected");
    let follower = NodeId(leader % 3 + 1);
    session
        .act(Action::Isolate { node: follower })
        .expect("possible");
    session.run_until(Instant(1_900_000), u64::MAX);
    let told = session.comparison();
    let (leads, behind) = (leader as usize - 1, follower.0 as usize - 1);
    assert_eq!(row(&told, "Role", leads).0, "leader");
    let (text, beside) = row(&told, "Applied index", behind);
    let (ahead, none) = row(&told, "Applied index", leads);
    let number = |text: &str| text.parse::<i64>().expect("a number");
    assert_eq!((beside, none), (Some(number(&text) - number(&ahead)), None));
    assert!(number(&text) < number(&ahead));
    session.act(Action::crash(follower)).expect("possible");
    session.run_until(Instant(1_950_000), u64::MAX);
    let told = session.comparison();
    assert_eq!(row(&told, "Role", behind).0, "down");
    assert_eq!(row(&told, "Term", behind), ("–".into(), None));
}
