//! Suppliers that are connected, and say nothing when they are asked.

use crate::input::Input;
use crate::output::Output;
use crate::wish::{RestoreWish, Wish};

use super::world::World;

#[test]
fn a_block_comes_back_beside_as_many_silent_suppliers_as_may_be_lost() {
    for silent in 1..=4_usize {
        let mut world = World::new(7);
        world.back_up();
        let devices: Vec<_> = (1..=silent).map(|number| world.device(number)).collect();
        let silent_devices = devices.clone();
        world.swallow(move |_, output| {
            matches!(output, Output::Get { device, .. } if silent_devices.contains(device))
        });
        world.wish_job(Wish::Restore(RestoreWish::new(2)));
        assert!(world.fetched.is_empty(), "they are waited for, as long as nobody says more");
        for device in devices {
            world.give(0, Input::Silent { device, is_silent: true });
        }
        let expected = if silent <= 3 { Some(Ok(())) } else { None };
        assert_eq!(world.fetched.pop(), expected, "{silent} are silent");
        // Too many are waited for: they are connected, and may only be slow.
        world.run_for(60_000);
        world.give_back();
        world.run_for(1_000);
        assert_eq!(world.fetched.pop().is_some(), silent > 3);
    }
}
