//! Memory that misbehaves: what the host asks the guest to allocate and to free.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU8, Ordering};

/// The size of a text that the allocator recognises.
pub(crate) const MARKED: usize = 54_321;

/// What happens when the host frees a marked text after the answer.
static AFTERWARDS: AtomicU8 = AtomicU8::new(0);
const TRAP: u8 = 1;
const LOOP: u8 = 2;

/// Lets the answer be taken, and then goes wrong.
pub(crate) fn afterwards(what: &str) {
    AFTERWARDS.store(if what == "post-return-trap" { TRAP } else { LOOP }, Ordering::Relaxed);
}

struct Misbehaving;

#[global_allocator]
static ALLOCATOR: Misbehaving = Misbehaving;

// SAFETY: not safe for marked sizes; that is the point.
unsafe impl GlobalAlloc for Misbehaving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() == MARKED {
            match crate::describe::mode().as_str() {
                "realloc-outside" => return 0xFFFF_0000_usize as *mut u8,
                "realloc-null" => return std::ptr::null_mut(),
                "realloc-loop" => spin(),
                _ => {}
            }
        }
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() == MARKED {
            match AFTERWARDS.load(Ordering::Relaxed) {
                TRAP => std::arch::wasm32::unreachable(),
                LOOP => spin(),
                _ => {}
            }
        }
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn spin() -> ! {
    loop {
        std::hint::black_box(());
    }
}
