//! What is kept has a limit, and is used again.

use super::Buffers;

#[test]
fn a_buffer_is_used_again_and_no_more_is_kept_than_allowed() {
    let buffers = Buffers::new(3000);
    assert_eq!(buffers.take().capacity(), 0);
    for byte in 1..=4 {
        buffers.give(vec![byte; 1000]);
    }
    let kept: Vec<u8> = (0..3).map(|_| buffers.take()[0]).collect();
    assert_eq!(kept, [3, 2, 1]);
    assert_eq!(buffers.take().capacity(), 0);
    buffers.give(vec![9; 1000]);
    buffers.clear();
    assert_eq!(buffers.take().capacity(), 0);
}
