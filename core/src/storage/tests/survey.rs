//! What each file of a disk holds is told without a recovery, and agrees with it.

use super::damage::directory;
use super::disk::MemoryDisk;
use super::server::{FRESH, IDENTITY, Server, entry, span};
use crate::storage::{
    Config, Ending, Fault, FileInfo, Finding, RecordError, Survey, recover, survey,
};
use bytes::Bytes;

fn surveyed(disk: &MemoryDisk) -> Survey {
    survey(disk).expect("this disk can be read")
}

fn names(files: &[FileInfo]) -> Vec<&str> {
    files.iter().map(|info| info.name.as_str()).collect()
}

#[test]
fn each_file_is_told_for_what_it_is_and_holds() {
    let mut server = Server::with_history(IDENTITY);
    server.disk.put("a.log.quarantine", vec![1]);
    server.disk.put("notes.txt", vec![1]);
    let survey = surveyed(&server.disk);
    assert_eq!(names(&survey.quarantine), ["a.log.quarantine"]);
    assert_eq!(names(&survey.others), ["notes.txt"]);

    let segments = survey.segments.iter().map(|one| one.info.name.clone());
    assert_eq!(segments.collect::<Vec<_>>(), server.disk.named(".log"));
    for segment in &survey.segments {
        let (name, written) = (&segment.info.name, server.records(&segment.info.name));
        let header = segment.header.as_ref().expect("it opens with one");
        assert_eq!(header.sequence, segment.sequence, "{name}");
        assert_eq!(segment.records, written.len() as u64, "{name}");
        assert_eq!(segment.entries, span(&written), "{name}");
        assert_eq!(segment.ending, Ending::Whole, "{name}");
    }

    assert_eq!(survey.snapshots.len(), 2);
    for snapshot in &survey.snapshots {
        let content = snapshot.content.as_ref().expect("it is whole");
        let place = snapshot.data_at.expect("its header is whole") as usize;
        let bytes = &server.disk.bytes(&snapshot.info.name)[place..];
        assert_eq!(bytes[..content.data.len()], content.data);
        assert_eq!(content.data, Bytes::from(vec![content.data[0]; 50]));
    }
}

#[test]
fn a_tail_that_was_torn_stays_told_when_the_log_has_gone_on() {
    let mut server = Server::with_history(IDENTITY);
    server.write_unsynced(&[entry(2, 13)]);
    let (file, place) = server.find(13);
    server.disk.edit(&file, |bytes| bytes.truncate(place + 5));
    let torn = |server: &Server| {
        let survey = surveyed(&server.disk);
        let of_file = survey
            .segments
            .into_iter()
            .filter(|one| one.info.name == file);
        of_file.map(|one| one.ending).collect::<Vec<_>>()
    };
    let valid = place as u64;
    assert_eq!(torn(&server), [Ending::Torn { valid }]);
    assert_eq!(torn(&server.restarted()), [Ending::Torn { valid }]);
}

/// Where a segment is damaged, and what is wrong there.
type Damage = (String, u64, RecordError);

fn damage_in_survey(disk: &MemoryDisk) -> Vec<Damage> {
    let segments = surveyed(disk).segments.into_iter();
    let damage = segments.filter_map(|segment| match segment.ending {
        Ending::Damaged { offset, what } => Some((segment.info.name, offset, what)),
        Ending::Whole | Ending::Torn { .. } => None,
    });
    damage.collect()
}

fn damage_in_recovery(disk: &MemoryDisk) -> Vec<Damage> {
    let state = recover(disk, FRESH, &Config::default()).expect("nothing to refuse");
    let damage = state
        .report
        .steps
        .into_iter()
        .filter_map(|step| match step {
            Finding::Damaged {
                file,
                offset,
                fault: Fault::Record(what),
                ..
            } => Some((file, offset, what)),
            _ => None,
        });
    damage.collect()
}

#[test]
fn what_recovery_calls_damaged_is_damaged_for_the_survey_and_nothing_else() {
    let (server, _, _) = directory();
    let (mut sound, mut damaged) = (0, 0);
    for file in server.disk.named(".log") {
        for place in 0..server.disk.bytes(&file).len() {
            let mut changed = server.disk.clone();
            changed.edit(&file, |bytes| bytes[place] ^= 0x10);
            let mut cut = server.disk.clone();
            cut.edit(&file, |bytes| bytes.truncate(place));
            for disk in [changed, cut] {
                let found = damage_in_survey(&disk);
                assert_eq!(found, damage_in_recovery(&disk), "{file}, byte {place}");
                match found.is_empty() {
                    true => sound += 1,
                    false => damaged += 1,
                }
            }
        }
    }
    println!("{sound} torn at most, {damaged} damaged");
    assert!(sound > 100 && damaged > 300);
}
