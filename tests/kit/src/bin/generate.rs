//! Sends frames of 60 octets through an interface: `generate OBJECT INTERFACE FRAMES RATE FLOWS`.
//!
//! The program `generate` of the object (`cargo xtask ebpf` makes it) sends them from within the kernel, as
//! many as this machine can make where RATE is 0. Says how many were sent in how many seconds.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use aya::maps::Array;
use aya::programs::{TestRun as _, TestRunAttrs, TestRunOptions, Xdp};
use aya::{Ebpf, EbpfLoader};

/// Frames that are sent together.
const BATCH: u32 = 64;
/// Runs of the program in one call, which takes some milliseconds to begin and to end.
const RUNS: u32 = 1 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sent = match &arguments[..] {
        [object, interface, frames, rate, flows] => generate(object, interface, [frames, rate, flows]),
        _ => Err("usage: generate OBJECT INTERFACE FRAMES RATE FLOWS".into()),
    };
    let (text, code) = match sent {
        Ok((frames, seconds)) => (
            format!("sent {frames}\nseconds {seconds:.3}\n"),
            ExitCode::SUCCESS,
        ),
        Err(why) => (format!("generate: {why}\n"), ExitCode::from(2)),
    };
    // Nobody may be listening.
    let _ = io::stdout().write_all(text.as_bytes());
    code
}

type Failure = Box<dyn std::error::Error>;

fn generate(object: &str, interface: &str, numbers: [&String; 3]) -> Result<(u64, f64), Failure> {
    let [frames, rate, flows] = numbers.map(|number| number.parse::<u64>());
    let (frames, rate, flows) = (frames?, rate?, flows?);
    if !flows.is_power_of_two() {
        return Err("FLOWS is no power of two".into());
    }
    let path = format!("/sys/class/net/{interface}/ifindex");
    let index: u64 = std::fs::read_to_string(&path)
        .map_err(|error| format!("{path}: {error}"))?
        .trim()
        .parse()?;
    let plan = [index, flows, rate, frames];
    let object = std::fs::read(object).map_err(|error| format!("{object}: {error}"))?;
    let mut bpf = EbpfLoader::new()
        .override_global("PLAN", &plan, true)
        .load(&object)?;
    let program: &mut Xdp = bpf
        .program_mut("generate")
        .ok_or("the object has no generator")?
        .try_into()?;
    program.load()?;
    let (frame, started) = (frame(), Instant::now());
    while sent(&bpf)? < frames {
        let program: &Xdp = bpf.program("generate").ok_or("gone")?.try_into()?;
        program.test_run(TestRunOptions {
            data_in: Some(&frame),
            repeat: RUNS,
            attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
            ..TestRunOptions::new()
        })?;
    }
    Ok((sent(&bpf)?, started.elapsed().as_secs_f64()))
}

fn sent(bpf: &Ebpf) -> Result<u64, Failure> {
    let map: Array<_, [u64; 2]> = Array::try_from(bpf.map("SENT").ok_or("the object has no map")?)?;
    Ok(map.get(&0, 0)?[0])
}

/// A datagram of 18 octets from 10.0.x.x to 198.51.100.9, without a checksum of its own.
fn frame() -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 0xbb, 0x02, 0, 0, 0, 0, 0xaa, 0x08, 0x00];
    frame.extend([
        0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 0, 198, 51, 100, 9,
    ]);
    frame.extend([0x04, 0x00, 0x23, 0x28, 0, 26, 0, 0]);
    frame.extend([0x5a; 18]);
    frame
}
