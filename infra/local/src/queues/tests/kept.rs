//! Queues in a file.

use super::*;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vestibule-queues-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_restart_loses_nothing_and_ends_what_was_in_flight() {
    let folder = Folder::new("restart");
    let settings = [redriven("q.fifo", "dead.fifo", 5), queue("dead.fifo"), queue("plain")];
    let draft = |body: &str| Draft::new(body).in_group("g").once_as(body);
    let (deleted, held) = {
        let bench = Bench::kept(&settings, Some(&folder.0));
        let deleted = bench.send(draft("deleted"));
        bench.send(draft("held"));
        bench.send(draft("left"));
        let delayed = Draft { delay: Some(Duration::from_secs(10)), ..Draft::new("delayed") };
        bench.queues.send(QueueId(2), delayed).expect("sent");
        let received = bench.receive(2);
        bench.delete(&received[0]);
        (deleted, received[1].message.clone())
    };
    let bench = Bench::kept(&settings, Some(&folder.0));
    assert_eq!(bench.send(draft("deleted")), deleted, "it is still known as sent");
    let received = bench.receive(10);
    assert_eq!(bodies(&received), ["held", "left"]);
    let again = &received[0].message;
    assert_eq!((&again.id, again.sequence, again.receives), (&held.id, held.sequence, 2));
    assert_eq!(bench.queues.depth(QueueId(2)), Depth { delayed: 1, ..Depth::default() });
}

#[test]
fn places_grow_also_when_all_was_deleted_before_a_restart() {
    let folder = Folder::new("places");
    let send =
        |bench: &Bench, body: &str| bench.send(Draft::new(body).in_group("g").once_as(body)).sequence_number;
    let first = {
        let bench = Bench::kept(&[queue("q.fifo")], Some(&folder.0));
        let place = send(&bench, "a");
        bench.queues.purge(QueueId(0)).expect("purged");
        place
    };
    let bench = Bench::kept(&[queue("q.fifo")], Some(&folder.0));
    bench.advance(1);
    assert!(send(&bench, "b") > first);
}
