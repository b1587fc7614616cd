//! Owners are found by number and by name.

use super::Owners;
use crate::tree::model::Owner;

const PASSWD: &[u8] =
    b"root:x:0:0:root:/root:/bin/bash\n# note:x:7:\nanna:x:1000:1000::/h:/bin/sh\n\
    toor:x:0:0::/:/bin/sh\nbroken\nminus:x:-2:0::/:\n:x:5:5::/:\n";
const GROUP: &[u8] = b"root:x:0:\nstaff:x:50:anna\n";

#[test]
fn finds_the_first_name_of_a_number() {
    let owner = Owners::parse(PASSWD, GROUP).owner(0, 50);
    assert_eq!(owner.user.as_deref(), Some(&b"root"[..]));
    assert_eq!(owner.group.as_deref(), Some(&b"staff"[..]));
}

#[test]
fn an_unknown_number_has_no_name() {
    let owner = Owners::parse(PASSWD, GROUP).owner(5, 7);
    assert_eq!(owner, Owner { uid: 5, gid: 7, user: None, group: None });
}

#[test]
fn a_known_name_gets_the_number_of_this_machine() {
    let owners = Owners::parse(PASSWD, GROUP);
    let elsewhere = Owner {
        uid: 501,
        gid: 20,
        user: Some(b"anna".as_slice().into()),
        group: Some(b"wheel".as_slice().into()),
    };
    assert_eq!(owners.local_numbers(&elsewhere), (1000, 20));
}
