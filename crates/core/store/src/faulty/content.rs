//! The bytes of one file, page by page; copies share what they have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of a page.
pub(super) const PAGE_BYTES: usize = 4096;
const PAGE: u64 = PAGE_BYTES as u64;

type Page = Arc<[u8; PAGE_BYTES]>;

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    len: u64,
    pages: Arc<BTreeMap<u64, Page>>,
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Pages that take room on the disk.
    pub(super) fn pages(&self) -> u64 {
        self.pages.len() as u64
    }

    /// How many pages would be new if `bytes` were written at `offset`.
    pub(super) fn new_pages(&self, offset: u64, bytes: u64) -> u64 {
        page_range(offset, bytes).filter(|page| !self.pages.contains_key(page)).count() as u64
    }

    /// Fills `out` from `offset`; what was never written is zero.
    pub(super) fn read(&self, offset: u64, out: &mut [u8]) {
        each_piece(offset, out.len(), |page, inside, at, count| {
            let target = &mut out[at..at + count];
            match self.pages.get(&page) {
                Some(bytes) => target.copy_from_slice(&bytes[inside..inside + count]),
                None => target.fill(0),
            }
        });
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let pages = Arc::make_mut(&mut self.pages);
        each_piece(offset, bytes.len(), |page, inside, at, count| {
            let target = pages.entry(page).or_insert_with(|| Arc::new([0; PAGE_BYTES]));
            Arc::make_mut(target)[inside..inside + count].copy_from_slice(&bytes[at..at + count]);
        });
        self.len = self.len.max(offset + bytes.len() as u64);
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            let pages = Arc::make_mut(&mut self.pages);
            pages.split_off(&len.div_ceil(PAGE));
            let inside = (len % PAGE) as usize;
            if let Some(last) = pages.get_mut(&(len / PAGE)) {
                Arc::make_mut(last)[inside..].fill(0);
            }
        }
        self.len = len;
    }

    /// Takes room for everything below `len`.
    pub(super) fn allocate(&mut self, len: u64) {
        let pages = Arc::make_mut(&mut self.pages);
        let zero: Page = Arc::new([0; PAGE_BYTES]);
        for page in 0..len.div_ceil(PAGE) {
            pages.entry(page).or_insert_with(|| zero.clone());
        }
        self.len = self.len.max(len);
    }

    /// All pages that were written, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &[u8; PAGE_BYTES])> {
        self.pages.iter().map(|(page, bytes)| (*page, &**bytes))
    }
}

fn page_range(offset: u64, bytes: u64) -> std::ops::Range<u64> {
    offset / PAGE..(offset + bytes).div_ceil(PAGE)
}

/// Calls with (page, offset inside it, offset inside the bytes, count) for each page touched.
fn each_piece(offset: u64, bytes: usize, mut each: impl FnMut(u64, usize, usize, usize)) {
    let mut at = 0;
    while at < bytes {
        let position = offset + at as u64;
        let inside = (position % PAGE) as usize;
        let count = (PAGE_BYTES - inside).min(bytes - at);
        each(position / PAGE, inside, at, count);
        at += count;
    }
}
