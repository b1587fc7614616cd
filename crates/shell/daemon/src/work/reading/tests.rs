//! What breaks is not taken for whole.

use super::*;
use crate::work::tests::restores::small;

#[test]
fn a_reading_that_breaks_midway_is_an_error_and_makes_room() {
    let (world, _tree) = small();
    for _ in 0..2 * READINGS_MAX {
        let answers = start(&world.works.shared, |reading: &Reading<u8>, _| {
            reading.give(1).map_err(|Stop| RestoreError::Stopped)?;
            panic!("broken on purpose")
        });
        let mut answers = answers.unwrap();
        assert_eq!(answers.blocking_next(), Some(Ok(1)));
        assert_eq!(answers.blocking_next().unwrap().unwrap_err().code, "daemon-failed");
        while world.works.shared.readings.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
    }
}
