//! Staged rows and stored rows together are one ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::database::DatabaseSettings;
use crate::faulty::{FaultyDisk, Rates};

const ROWS: Table = Table("rows");
const OTHERS: Table = Table("others");

fn index(disk: &FaultyDisk) -> Index {
    let settings = DatabaseSettings { schema: 1, cache_bytes: 1 << 20 };
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Index::new(disk.clone(), Database::open(disk, INDEX, settings).unwrap())
}

#[derive(Clone, Debug)]
enum Act {
    Put(u8, u8),
    Delete(u8),
    Flush,
    FailedFlush,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (any::<u8>(), any::<u8>()).prop_map(|(key, value)| Act::Put(key, value)),
        3 => any::<u8>().prop_map(Act::Delete),
        1 => Just(Act::Flush),
        1 => Just(Act::FailedFlush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn it_is_one_map(
        acts in proptest::collection::vec(act(), 0..150),
        low in any::<u8>(),
        high in any::<u8>(),
        limit in 0_usize..40,
    ) {
        let disk = FaultyDisk::new(1);
        let index = index(&disk);
        index.put(OTHERS, vec![7], vec![7]);
        let mut model = BTreeMap::new();
        for act in acts {
            match act {
                Act::Put(key, value) => {
                    index.put(ROWS, vec![key], vec![value]);
                    model.insert(vec![key], vec![value]);
                }
                Act::Delete(key) => {
                    index.delete(ROWS, vec![key]);
                    model.remove(&vec![key]);
                }
                Act::Flush => index.flush().unwrap(),
                Act::FailedFlush => {
                    disk.set_rates(Rates { write_error_ppm: 1_000_000, ..Rates::default() });
                    let _ = index.flush();
                    disk.set_rates(Rates::default());
                }
            }
        }
        for bound in [Bound::Included([low]), Bound::Excluded([low]), Bound::Unbounded] {
            let expected: Vec<_> = model
                .iter()
                .filter(|(key, _)| match bound {
                    Bound::Included([low]) => key[0] >= low,
                    Bound::Excluded([low]) => key[0] > low,
                    Bound::Unbounded => true,
                })
                .filter(|(key, _)| key[0] < high)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let low = bound.as_ref().map(|key| &key[..]);
            let page = index.scan(ROWS, low, &[high], limit).unwrap();
            prop_assert_eq!(page.has_more, expected.len() > limit);
            prop_assert_eq!(&page.rows[..], &expected[..limit.min(expected.len())]);
        }
        let keys: Vec<[u8; 1]> = (0..=255).map(|key| [key]).collect();
        let slices: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        let found = index.get_many(ROWS, &slices).unwrap();
        prop_assert!(keys.iter().map(|key| model.get(&key[..]).cloned()).eq(found));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn arbitrary_rows_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        use crate::rows;
        let _ = rows::FragmentRow::decode(&bytes);
        let _ = rows::OwnerRow::decode(&bytes);
        let _ = rows::decode_place(&bytes);
        let _ = rows::decode_usage(&bytes);
        let _ = rows::parse_fragment_key(&bytes);
        let _ = rows::decode_contract(&[1; 32], &bytes);
        let _ = base::decode::<rows::Checkpoint>(&bytes);
        let _ = crate::accounts::decode_names(&bytes).count();
    }
}
