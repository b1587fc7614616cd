//! A part is never taken for the whole.

use super::*;

fn all(mut items: Items<u8>) -> (Vec<u8>, Option<String>) {
    let mut all = vec![];
    loop {
        match items.blocking_next() {
            Some(Ok(item)) => all.push(item),
            Some(Err(error)) => {
                assert!(items.blocking_next().is_none(), "an error is the end");
                return (all, Some(error.code));
            }
            None => return (all, None),
        }
    }
}

#[test]
fn only_an_end_that_was_said_is_one() {
    for (end, code) in [(Some(Ok(())), None), (Some(Err(broken())), Some("daemon-failed"))] {
        let (sender, items) = items(4);
        sender.give(1).unwrap();
        end.into_iter().for_each(|end| drop(sender.0.blocking_send(Part::End(end))));
        assert_eq!(all(items), (vec![1], code.map(str::to_owned)));
    }
    let (sender, items) = items(4);
    sender.give(1).unwrap();
    drop(sender);
    assert_eq!(all(items), (vec![1], Some("daemon-failed".to_owned())));
    assert_eq!(all(Items::ready(vec![1, 2], Ok(()))), (vec![1, 2], None));
}

#[test]
fn whoever_gives_learns_that_nobody_reads() {
    let (sender, items) = items(4);
    let is_read = sender.watcher();
    assert!(is_read());
    drop(items);
    assert!(!is_read());
    assert_eq!(sender.give(1), Err(Unread));
}
