//! The functions of libpcap, found with dlopen(3) when they are first asked for.
//!
//! Source: `pcap/pcap.h` and `pcap/bpf.h` of libpcap 1.10; the types below are those of its headers.
#![expect(unsafe_code, reason = "a library that is loaded has no safe form")]

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::sync::OnceLock;

use crate::live::program::Instruction;

/// A capture of libpcap, known by its address only.
pub(super) enum Pcap {}

/// `struct pcap_pkthdr`.
#[repr(C)]
pub(super) struct Header {
    pub(super) seconds: libc::time_t,
    /// Nanoseconds where that precision was asked for.
    pub(super) fraction: libc::suseconds_t,
    pub(super) captured: u32,
    pub(super) length: u32,
}

/// `struct pcap_stat`.
#[repr(C)]
#[derive(Default)]
pub(super) struct Statistics {
    pub(super) received: c_uint,
    pub(super) dropped: c_uint,
    pub(super) dropped_by_interface: c_uint,
}

/// `struct bpf_program`.
#[repr(C)]
pub(super) struct RawProgram {
    pub(super) length: c_uint,
    pub(super) instructions: *mut Instruction,
}

/// `pcap_handler`.
pub(super) type Handler = extern "C" fn(*mut c_uchar, *const Header, *const c_uchar);

/// Octets of the text that says what went wrong.
pub(super) const ERROR_OCTETS: usize = 256;

macro_rules! functions {
    ($($name:ident: $kind:ty,)*) => {
        /// The functions, by their names without `pcap_`.
        pub(super) struct Library {
            $(pub(super) $name: $kind,)*
        }

        impl Library {
            /// All functions of an open library, or the name of the first that it does not have.
            fn find(library: *mut c_void) -> Result<Self, String> {
                Ok(Self {
                    $($name: {
                        let name = concat!("pcap_", stringify!($name), "\0");
                        // SAFETY: a library that stays open, and a name that ends with a zero.
                        let found = unsafe { libc::dlsym(library, name.as_ptr().cast()) };
                        if found.is_null() {
                            return Err(format!("it has no function pcap_{}", stringify!($name)));
                        }
                        // SAFETY: an address of a function of this name, whose type is that of the header.
                        unsafe { std::mem::transmute::<*mut c_void, $kind>(found) }
                    },)*
                })
            }
        }
    };
}

functions! {
    create: unsafe extern "C" fn(*const c_char, *mut c_char) -> *mut Pcap,
    set_snaplen: unsafe extern "C" fn(*mut Pcap, c_int) -> c_int,
    set_promisc: unsafe extern "C" fn(*mut Pcap, c_int) -> c_int,
    set_timeout: unsafe extern "C" fn(*mut Pcap, c_int) -> c_int,
    set_buffer_size: unsafe extern "C" fn(*mut Pcap, c_int) -> c_int,
    set_tstamp_precision: unsafe extern "C" fn(*mut Pcap, c_int) -> c_int,
    get_tstamp_precision: unsafe extern "C" fn(*mut Pcap) -> c_int,
    activate: unsafe extern "C" fn(*mut Pcap) -> c_int,
    open_dead: unsafe extern "C" fn(c_int, c_int) -> *mut Pcap,
    close: unsafe extern "C" fn(*mut Pcap),
    datalink: unsafe extern "C" fn(*mut Pcap) -> c_int,
    setnonblock: unsafe extern "C" fn(*mut Pcap, c_int, *mut c_char) -> c_int,
    get_selectable_fd: unsafe extern "C" fn(*mut Pcap) -> c_int,
    dispatch: unsafe extern "C" fn(*mut Pcap, c_int, Handler, *mut c_uchar) -> c_int,
    breakloop: unsafe extern "C" fn(*mut Pcap),
    stats: unsafe extern "C" fn(*mut Pcap, *mut Statistics) -> c_int,
    compile: unsafe extern "C" fn(*mut Pcap, *mut RawProgram, *const c_char, c_int, u32) -> c_int,
    setfilter: unsafe extern "C" fn(*mut Pcap, *mut RawProgram) -> c_int,
    freecode: unsafe extern "C" fn(*mut RawProgram),
    geterr: unsafe extern "C" fn(*mut Pcap) -> *const c_char,
    statustostr: unsafe extern "C" fn(c_int) -> *const c_char,
}

/// The library of this machine, or why there is none.
pub(super) fn library() -> Result<&'static Library, &'static str> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(load).as_ref().map_err(String::as_str)
}

fn load() -> Result<Library, String> {
    let mut said = String::new();
    // The name that libpcap gives itself, and the one that Debian gives it.
    for name in [c"libpcap.so.1", c"libpcap.so.0.8"] {
        // SAFETY: a name that ends with a zero; the library is never closed.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if !library.is_null() {
            return Library::find(library);
        }
        // SAFETY: a text, or nothing, that stands until the next call of this family in this thread.
        said = text(unsafe { libc::dlerror() });
    }
    Err(said)
}

/// A text of the library, for people.
pub(super) fn text(octets: *const c_char) -> String {
    if octets.is_null() {
        return String::new();
    }
    // SAFETY: the library ends its texts with a zero.
    let text = unsafe { CStr::from_ptr(octets) };
    text.to_string_lossy().into_owned()
}
