//! Promises and reservations never add up to more than there is.

use proptest::prelude::*;

use super::*;

const MINE: IdentityId = IdentityId([1; 32]);
const OTHER: IdentityId = IdentityId([2; 32]);
const CONTRACT: ContractId = ContractId([3; 32]);

fn room() -> Room {
    let mut room = Room::new(1_000);
    room.promise(CONTRACT, MINE, 600).expect("fits");
    room
}

#[test]
fn more_than_is_given_is_not_promised() {
    let mut room = room();
    assert_eq!(room.promise(ContractId([4; 32]), OTHER, 401), Err(Refusal::NoRoom));
    assert_eq!(room.promise(ContractId([4; 32]), OTHER, 400), Ok(()));
}

#[test]
fn a_valid_signature_by_somebody_else_opens_nothing() {
    let mut room = room();
    assert_eq!(room.reserve(&CONTRACT, &OTHER, 1), Err(Refusal::NotYours));
    assert_eq!(room.may_read(&CONTRACT, &OTHER), Err(Refusal::NotYours));
    assert_eq!(room.may_read(&CONTRACT, &MINE), Ok(()));
    assert_eq!(room.may_read(&ContractId([9; 32]), &MINE), Err(Refusal::NoContract));
}

#[test]
fn transfers_at_once_share_the_quota() {
    let mut room = room();
    assert_eq!(room.reserve(&CONTRACT, &MINE, 400), Ok(()));
    assert_eq!(room.reserve(&CONTRACT, &MINE, 201), Err(Refusal::Quota));
    room.settle(&CONTRACT, 400, None);
    assert_eq!(room.reserve(&CONTRACT, &MINE, 600), Ok(()));
}

#[test]
fn an_ended_contract_can_be_read_but_not_filled() {
    let mut room = room();
    room.close(&CONTRACT);
    assert_eq!(room.reserve(&CONTRACT, &MINE, 1), Err(Refusal::Ended));
    assert_eq!(room.may_read(&CONTRACT, &MINE), Ok(()));
}

#[test]
fn what_is_on_its_way_is_forgotten_with_the_account() {
    let mut room = room();
    assert_eq!(room.reserve(&CONTRACT, &MINE, 400), Ok(()));
    assert_eq!(room.reserved_bytes(), 400);
    room.withdraw(&CONTRACT);
    room.settle(&CONTRACT, 400, Some((1, 400)));
    assert_eq!((room.reserved_bytes(), room.used_bytes()), (0, 0));
}

proptest! {
    #[test]
    fn the_quota_holds_in_any_order(steps in proptest::collection::vec((0_u64..300, any::<bool>()), 1..60)) {
        let mut room = room();
        let mut under_way = vec![];
        let (mut fragments, mut used) = (0, 0);
        for (bytes, keep) in steps {
            if room.reserve(&CONTRACT, &MINE, bytes).is_ok() {
                under_way.push((bytes, keep));
            }
            if under_way.len() > 3 {
                let (bytes, keep) = under_way.remove(0);
                if keep {
                    fragments += 1;
                    used += bytes;
                }
                room.settle(&CONTRACT, bytes, keep.then_some((fragments, used)));
            }
            let account = room.account(&CONTRACT).expect("promised");
            prop_assert!(account.used_bytes + account.reserved_bytes <= account.quota_bytes);
            prop_assert_eq!(account.reserved_bytes, room.reserved_bytes());
        }
    }
}
