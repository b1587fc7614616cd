//! Measures every kernel of this machine: GB of data per second, by k+m and fragment size.
//!
//! `cargo run --release -p erasure --example kernels`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, not the core"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use erasure::{Code, Kernel, Plan};

const CODES: [(usize, usize); 10] =
    [(1, 1), (2, 2), (4, 4), (7, 7), (13, 13), (26, 26), (64, 64), (16, 28), (16, 40), (8, 56)];
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(25);

/// Fragments cut from one allocation, each beginning at a multiple of 64.
struct Stripe {
    bytes: Vec<u8>,
    start: usize,
    fragment: usize,
}

impl Stripe {
    fn new(count: usize, fragment: usize) -> Stripe {
        let mut bytes = vec![0u8; count * fragment + 64];
        let mut state = 1u64;
        for byte in &mut bytes {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            *byte = (state >> 56) as u8;
        }
        let start = bytes.as_ptr().align_offset(64);
        Stripe { bytes, start, fragment }
    }

    fn fragments(&mut self, count: usize) -> Vec<&mut [u8]> {
        self.bytes[self.start..].chunks_exact_mut(self.fragment).take(count).collect()
    }
}

fn best_rate(bytes: usize, mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < TURN {
            work();
            calls += 1;
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    bytes as f64 / best / 1e9
}

fn encode_rate(code: &Code, fragment: usize) -> f64 {
    let mut stripe = Stripe::new(code.total(), fragment);
    let mut all = stripe.fragments(code.total());
    let (data, parity) = all.split_at_mut(code.data());
    let data: Vec<&[u8]> = data.iter().map(|d| &**d).collect();
    best_rate(code.data() * fragment, || code.encode(black_box(&data), parity).expect("they fit"))
}

fn rebuild_rate(code: &Code, fragment: usize, lost: usize) -> f64 {
    let present: Vec<bool> = (0..code.total()).map(|f| f >= lost).collect();
    let wanted: Vec<usize> = (0..lost).collect();
    let plan = || -> Plan { code.plan(&present, &wanted).expect("enough is present") };
    let mut stripe = Stripe::new(code.data() + lost, fragment);
    let mut all = stripe.fragments(code.data() + lost);
    let (sources, out) = all.split_at_mut(code.data());
    let sources: Vec<&[u8]> = sources.iter().map(|s| &**s).collect();
    best_rate(code.data() * fragment, || {
        plan().apply(black_box(&sources), out).expect("they fit");
    })
}

fn main() {
    println!("GB/s of data: encode / rebuild worst / rebuild one, planning included");
    for fragment in [1 << 20, 1 << 16] {
        println!("\nfragments of {} KiB", fragment >> 10);
        for (k, m) in CODES {
            print!("{:>6}", format!("{k}+{m}"));
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                let code = Code::with_kernel(k, m, kernel).expect("a known code");
                let worst = rebuild_rate(&code, fragment, k.min(m));
                let encode = encode_rate(&code, fragment);
                let one = rebuild_rate(&code, fragment, 1);
                print!(" | {kernel}: {encode:6.2} /{worst:6.2} /{one:6.2}");
            }
            println!();
        }
    }
    let mut plans = Vec::new();
    for (k, m) in CODES {
        let code = Code::new(k, m).expect("a known code");
        let present: Vec<bool> = (0..k + m).map(|f| f >= k.min(m)).collect();
        let wanted: Vec<usize> = (0..k.min(m)).collect();
        let rate = best_rate(1, || drop(black_box(code.plan(&present, &wanted))));
        plans.push(format!("{k}+{m} {:.1}", 1e-3 / rate));
    }
    println!("\nmicroseconds to plan the worst loss: {}", plans.join(", "));
}
