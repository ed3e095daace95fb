//! One capture of libpcap: opened, read, closed.
#![expect(unsafe_code, reason = "functions of a C library have no safe form")]

use std::ffi::{CString, c_int, c_uchar};
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use sekisho_model::Timestamp;

use super::library::{ERROR_OCTETS, Header, Library, Pcap, RawProgram, Statistics, library, text};
use crate::live::LiveError;
use crate::live::program::Program;
use crate::{Batch, Linktype, Packet};

/// `PCAP_TSTAMP_PRECISION_NANO`.
const NANOSECONDS: c_int = 1;
/// `PCAP_ERROR`: the text of the handle says what it is.
const ERROR: c_int = -1;
/// `PCAP_ERROR_NO_SUCH_DEVICE`, `PCAP_ERROR_PERM_DENIED`, `PCAP_ERROR_PROMISC_PERM_DENIED`.
const NO_SUCH_DEVICE: c_int = -5;
const PERMISSION: [c_int; 2] = [-8, -11];
/// `DLT_RAW` of Linux, whose link type in files is another number.
const DLT_RAW: c_int = 12;

/// How a capture is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Octets of its buffer.
    pub(super) buffer: u64,
    /// Octets kept of a frame.
    pub(super) snap: u32,
    /// Milliseconds after which what came is handed over.
    pub(super) timeout: u32,
    pub(super) promiscuous: bool,
}

/// A capture.
pub(super) struct Handle {
    library: &'static Library,
    pcap: NonNull<Pcap>,
    /// Nanoseconds of one unit of the fraction of a second.
    unit: i64,
}

// SAFETY: a capture may be used by any thread, by one at a time; nothing in it belongs to the thread that
// made it.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by the library, and not used after this.
        unsafe { (self.library.close)(self.pcap.as_ptr()) };
    }
}

impl Handle {
    /// A capture on the interface with this name, which does not wait in [`take`](Self::take).
    pub(super) fn open(name: &str, shape: Shape) -> Result<Self, LiveError> {
        let library = library().map_err(|why| LiveError::NoLibrary(why.to_owned()))?;
        let refused = |said: String| LiveError::Pcap {
            name: name.to_owned(),
            said,
        };
        let source = CString::new(name).map_err(|_| LiveError::Missing(name.to_owned()))?;
        let mut said = [0; ERROR_OCTETS];
        // SAFETY: a name that ends with a zero, and room for a text of the size that the header names.
        let pcap = unsafe { (library.create)(source.as_ptr(), said.as_mut_ptr()) };
        let pcap = NonNull::new(pcap).ok_or_else(|| refused(text(said.as_ptr())))?;
        let mut handle = Self {
            library,
            pcap,
            unit: 1_000,
        };
        let int = |number: u64| c_int::try_from(number).unwrap_or(c_int::MAX);
        // SAFETY: a capture that is not active yet, for each of these.
        let status = unsafe {
            (library.set_snaplen)(pcap.as_ptr(), int(shape.snap.into()));
            (library.set_promisc)(pcap.as_ptr(), shape.promiscuous.into());
            (library.set_timeout)(pcap.as_ptr(), int(shape.timeout.into()));
            (library.set_buffer_size)(pcap.as_ptr(), int(shape.buffer));
            (library.set_tstamp_precision)(pcap.as_ptr(), NANOSECONDS);
            (library.activate)(pcap.as_ptr())
        };
        if status == NO_SUCH_DEVICE {
            return Err(LiveError::Missing(name.to_owned()));
        }
        if PERMISSION.contains(&status) {
            return Err(LiveError::NotPermitted(name.to_owned()));
        }
        if status < 0 {
            return Err(refused(handle.said(status)));
        }
        // SAFETY: an active capture, and room for a text.
        let done = unsafe {
            if (library.get_tstamp_precision)(pcap.as_ptr()) == NANOSECONDS {
                handle.unit = 1;
            }
            (library.setnonblock)(pcap.as_ptr(), 1, said.as_mut_ptr())
        };
        if done < 0 {
            return Err(refused(text(said.as_ptr())));
        }
        Ok(handle)
    }

    /// No capture, only something that expressions are compiled for.
    pub(super) fn dead(linktype: Linktype, snap: u32) -> Result<Self, LiveError> {
        let library = library().map_err(|why| LiveError::NoLibrary(why.to_owned()))?;
        let number = if linktype == Linktype::RAW {
            DLT_RAW
        } else {
            c_int::from(linktype.0)
        };
        // SAFETY: numbers only.
        let pcap = unsafe { (library.open_dead)(number, c_int::try_from(snap).unwrap_or(c_int::MAX)) };
        let pcap = NonNull::new(pcap).ok_or_else(|| LiveError::NoLibrary("no memory".to_owned()))?;
        Ok(Self {
            library,
            pcap,
            unit: 1,
        })
    }

    /// What the first octets of its frames are.
    pub(super) fn linktype(&self) -> Linktype {
        // SAFETY: an active capture.
        match unsafe { (self.library.datalink)(self.pcap.as_ptr()) } {
            DLT_RAW => Linktype::RAW,
            number => Linktype(u16::try_from(number).unwrap_or(u16::MAX)),
        }
    }

    /// The socket behind it.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: an active capture.
        let descriptor = unsafe { (self.library.get_selectable_fd)(self.pcap.as_ptr()) };
        // SAFETY: it stays open for as long as the capture, which the result borrows.
        (descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(descriptor) })
    }

    /// Appends the frames that are there to `batch` until it is full: how many, and whether the capture
    /// goes on.
    pub(super) fn take(&mut self, linktype: Linktype, batch: &mut Batch) -> (u64, bool) {
        let mut taking = Taking {
            handle: self,
            linktype,
            batch,
            taken: 0,
        };
        loop {
            let before = taking.taken;
            let into: *mut Taking<'_> = &raw mut taking;
            // SAFETY: an active capture; the handler is called within this call only, with the address of
            // a value that nothing else uses meanwhile.
            let status = unsafe {
                ((*into).handle.library.dispatch)((*into).handle.pcap.as_ptr(), -1, take_one, into.cast())
            };
            if status == ERROR {
                return (taking.taken, false);
            }
            if taking.batch.is_full() || taking.taken == before {
                return (taking.taken, true);
            }
        }
    }

    /// Frames that found no room since the capture was opened; wraps at 2^32.
    pub(super) fn dropped(&self) -> Option<u32> {
        let mut statistics = Statistics::default();
        // SAFETY: an active capture, and room for its statistics.
        let done = unsafe { (self.library.stats)(self.pcap.as_ptr(), &raw mut statistics) };
        (done >= 0).then_some(statistics.dropped)
    }

    /// The program of an expression.
    pub(super) fn compile(&self, expression: &str) -> Result<Program, LiveError> {
        let refused = |said: String| LiveError::Filter {
            expression: expression.to_owned(),
            said,
        };
        let written = CString::new(expression).map_err(|_| refused("it has a zero octet".to_owned()))?;
        let mut raw = RawProgram {
            length: 0,
            instructions: std::ptr::null_mut(),
        };
        // SAFETY: a capture, room for a program, and an expression that ends with a zero.
        let done = unsafe {
            (self.library.compile)(
                self.pcap.as_ptr(),
                &raw mut raw,
                written.as_ptr(),
                1,
                // `PCAP_NETMASK_UNKNOWN`: a mirror port has no network of its own.
                u32::MAX,
            )
        };
        if done < 0 {
            return Err(refused(self.said(ERROR)));
        }
        let instructions = if raw.instructions.is_null() {
            Vec::new()
        } else {
            // SAFETY: the compiler has just filled in so many instructions.
            unsafe { std::slice::from_raw_parts(raw.instructions, raw.length as usize) }.to_vec()
        };
        // SAFETY: made by the compiler, and not used after this.
        unsafe { (self.library.freecode)(&raw mut raw) };
        Program::new(instructions).ok_or_else(|| refused("it compiles to nothing".to_owned()))
    }

    /// Lets in what `program` keeps, and nothing else from here on.
    pub(super) fn set_filter(&mut self, program: &Program) -> Result<(), String> {
        let mut instructions = program.instructions().to_vec();
        let mut raw = RawProgram {
            length: u32::try_from(instructions.len()).unwrap_or(u32::MAX),
            instructions: instructions.as_mut_ptr(),
        };
        // SAFETY: an active capture and a program, which the library copies.
        let done = unsafe { (self.library.setfilter)(self.pcap.as_ptr(), &raw mut raw) };
        if done < 0 { Err(self.said(ERROR)) } else { Ok(()) }
    }

    /// What the library says of a status.
    fn said(&self, status: c_int) -> String {
        // SAFETY: a capture; both texts end with a zero and are copied at once.
        let (own, of_status) = unsafe {
            (
                text((self.library.geterr)(self.pcap.as_ptr())),
                text((self.library.statustostr)(status)),
            )
        };
        match (own.is_empty(), status) {
            (false, _) => own,
            (true, _) => of_status,
        }
    }
}

/// What the handler needs.
struct Taking<'a> {
    handle: &'a Handle,
    linktype: Linktype,
    batch: &'a mut Batch,
    taken: u64,
}

/// Called by the library with every frame.
extern "C" fn take_one(taking: *mut c_uchar, header: *const Header, octets: *const c_uchar) {
    // SAFETY: the value that `take` has passed on, which nothing else uses during this call.
    let taking = unsafe { &mut *taking.cast::<Taking<'_>>() };
    // SAFETY: the header of a frame, which stands during this call.
    let header = unsafe { &*header };
    // SAFETY: as many octets as its header says, which stand during this call.
    let data = unsafe { std::slice::from_raw_parts(octets, header.captured as usize) };
    let nanos = header.seconds.saturating_mul(1_000_000_000);
    let nanos = nanos.saturating_add(header.fraction.saturating_mul(taking.handle.unit));
    taking.batch.push(Packet {
        time: Timestamp::from_nanos(nanos),
        len: header.length,
        linktype: taking.linktype,
        data,
    });
    taking.taken = taking.taken.saturating_add(1);
    if taking.batch.is_full() {
        // SAFETY: an active capture, whose reading this ends after this frame.
        unsafe { (taking.handle.library.breakloop)(taking.handle.pcap.as_ptr()) };
    }
}
