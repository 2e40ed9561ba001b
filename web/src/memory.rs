//! Room for the core. The allocator asks for a page of 64 KiB whenever it has none left, and each time the
//! engine of the browser makes its view of all memory anew: half of a busy run's time would go into that.
//! So whoever is about to work sees to it that there is room ahead.

/// Makes room again when memory has grown since the last time: an eighth of what there is, and never little.
#[cfg(target_arch = "wasm32")]
pub(crate) fn make_room() {
    use core::arch::wasm32::memory_size;
    use std::hint::black_box;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PAGE: usize = 64 << 10;
    const LEAST: usize = 2 << 20;
    static PAGES: AtomicUsize = AtomicUsize::new(0);

    if memory_size::<0>() == PAGES.load(Ordering::Relaxed) {
        return;
    }
    // What is freed stays with the allocator, for a wasm module can give nothing back.
    let room = LEAST.max(memory_size::<0>() * PAGE / 8);
    drop(black_box(Vec::<u8>::with_capacity(room)));
    PAGES.store(memory_size::<0>(), Ordering::Relaxed);
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn make_room() {}
