//! A packet socket with a receive ring that it shares with the kernel: the system calls, and nothing
//! about what is in the ring.
//!
//! Source: packet(7) and Linux's `Documentation/networking/packet_mmap.rst`. A block belongs to the
//! kernel or to the reader, as its status says; [`Shared::block`] gives its octets only while it is the
//! reader's, and borrows the ring until it is given back.
#![expect(
    unsafe_code,
    reason = "socket options, mmap and the memory that the kernel writes have no safe form"
)]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use libc::{c_int, c_void, socklen_t};

use super::block::STATUS;
use super::program::Program;

/// The status bit of a block that is the reader's.
const USER: u32 = 1;

/// How a ring is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Octets of a block: whole pages, and larger than the longest frame.
    pub(super) block: u32,
    /// Blocks.
    pub(super) blocks: u32,
    /// Milliseconds after which a block that is not full is handed out.
    pub(super) timeout: u32,
}

/// A socket bound to one interface, and its ring.
pub(super) struct Shared {
    socket: OwnedFd,
    memory: NonNull<u8>,
    octets: usize,
    block: usize,
    blocks: usize,
}

// SAFETY: the memory is the mapping of this value alone and is reached through it only; nothing in it
// belongs to the thread that made it.
unsafe impl Send for Shared {}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: exactly what mmap gave, and no slice of it outlives a borrow of `self`.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.octets) };
    }
}

impl Shared {
    /// Opens a ring of this shape on the interface with this index, in promiscuous mode for as long as
    /// it is open. What the interface itself sends is left out where `ignore_outgoing` says so, and what
    /// `program` does not keep.
    pub(super) fn open(
        index: u32,
        shape: Shape,
        ignore_outgoing: bool,
        program: Option<&Program>,
    ) -> io::Result<Self> {
        let socket = packet_socket(ignore_outgoing, program)?;
        let version = c_int::try_from(libc::tpacket_versions::TPACKET_V3 as u32).unwrap_or(2);
        set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        const FRAME: u32 = 2048;
        let request = libc::tpacket_req3 {
            tp_block_size: shape.block,
            tp_block_nr: shape.blocks,
            tp_frame_size: FRAME,
            tp_frame_nr: (shape.block / FRAME).saturating_mul(shape.blocks),
            tp_retire_blk_tov: shape.timeout,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let (block, blocks) = (shape.block as usize, shape.blocks as usize);
        let octets = block.saturating_mul(blocks);
        // SAFETY: a new mapping at an address of the kernel's choice, of the size of the ring.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                octets,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        let memory = if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        } else {
            NonNull::new(memory.cast::<u8>()).ok_or_else(|| io::Error::other("mmap gave no memory"))?
        };
        let shared = Self {
            socket,
            memory,
            octets,
            block,
            blocks,
        };
        be_promiscuous(&shared.socket, index)?;
        bind(&shared.socket, index)?;
        Ok(shared)
    }

    /// Number of blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The octets of a block while it is the reader's; none while the kernel fills it.
    pub(super) fn block(&self, number: usize) -> Option<&[u8]> {
        let status = self.status(number)?;
        if status.load(Ordering::Acquire) & USER == 0 {
            return None;
        }
        let start = number.checked_mul(self.block)?;
        // SAFETY: inside the mapping as `status` has checked; the kernel writes nothing to a block that is
        // the reader's, and giving it back needs this value mutably, so no such slice is alive then.
        Some(unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(start), self.block) })
    }

    /// Gives a block back to the kernel.
    pub(super) fn give_back(&mut self, number: usize) {
        if let Some(status) = self.status(number) {
            status.store(0, Ordering::Release);
        }
    }

    fn status(&self, number: usize) -> Option<&AtomicU32> {
        if number >= self.blocks {
            return None;
        }
        let at = number.checked_mul(self.block)?.checked_add(STATUS)?;
        // SAFETY: inside the mapping, aligned to four as blocks are to pages; both sides use it as a whole
        // word only.
        Some(unsafe { AtomicU32::from_ptr(self.memory.as_ptr().add(at).cast()) })
    }

    /// Frames that came since this was last asked, those without room among them, and how many of them
    /// found no room.
    pub(super) fn counts(&self) -> io::Result<(u64, u64)> {
        // SAFETY: plain integers; all zero is a value of it.
        let mut counts: libc::tpacket_stats_v3 = unsafe { zeroed() };
        get(
            &self.socket,
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            &mut counts,
        )?;
        Ok((u64::from(counts.tp_packets), u64::from(counts.tp_drops)))
    }

    /// Lets nothing further in; what is in the ring stays there to be read.
    pub(super) fn shut(&self) -> io::Result<()> {
        attach(self.socket.as_fd(), &Program::keep(0))
    }

    /// Takes the error that the interface left on the socket, such as that it went down.
    pub(super) fn take_error(&self) -> io::Result<()> {
        take_error(self.socket.as_fd())
    }
}

impl AsFd for Shared {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A socket that receives nothing and keeps an interface in promiscuous mode as long as it is open.
#[cfg(feature = "xdp")]
pub(crate) struct Promiscuous {
    _socket: OwnedFd,
}

#[cfg(feature = "xdp")]
impl Promiscuous {
    /// Begins on the interface with this index.
    pub(crate) fn open(index: u32) -> io::Result<Self> {
        let socket = packet_socket(true, None)?;
        be_promiscuous(&socket, index)?;
        Ok(Self { _socket: socket })
    }
}

/// Has the interface with this index receive what is not addressed to it, as long as the socket is open.
fn be_promiscuous(socket: &OwnedFd, index: u32) -> io::Result<()> {
    let promiscuous = libc::packet_mreq {
        mr_ifindex: c_int::try_from(index).map_err(io::Error::other)?,
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or(1),
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(
        socket,
        libc::SOL_PACKET,
        libc::PACKET_ADD_MEMBERSHIP,
        &promiscuous,
    )
}

/// A socket that keeps nothing and has the kernel count the frames that a program keeps.
pub(crate) struct Counter {
    socket: OwnedFd,
}

impl Counter {
    /// Counts on the interface with this index.
    pub(crate) fn open(index: u32, ignore_outgoing: bool, program: &Program) -> io::Result<Self> {
        let socket = packet_socket(ignore_outgoing, Some(program))?;
        // The least that the kernel gives; frames without room are counted with the others.
        set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, &0_i32)?;
        bind(&socket, index)?;
        Ok(Self { socket })
    }

    /// Frames since this was last asked.
    pub(crate) fn count(&self) -> io::Result<u64> {
        // SAFETY: plain integers; all zero is a value of it.
        let mut counts: libc::tpacket_stats = unsafe { zeroed() };
        get(
            &self.socket,
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            &mut counts,
        )?;
        Ok(u64::from(counts.tp_packets))
    }

    /// Counts nothing further.
    pub(crate) fn shut(&self) -> io::Result<()> {
        attach(self.socket.as_fd(), &Program::keep(0))
    }
}

/// Has the socket keep what `program` keeps from now on.
pub(crate) fn attach(socket: BorrowedFd<'_>, program: &Program) -> io::Result<()> {
    let instructions = program.instructions();
    let filter = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(io::Error::other)?,
        // The kernel reads them only; an `Instruction` is laid out as a `sock_filter`.
        filter: instructions.as_ptr().cast_mut().cast::<libc::sock_filter>(),
    };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

/// Has the frames of a packet socket stamped by the NIC's clock; those that it did not stamp get the
/// host's time.
pub(crate) fn stamp_by_nic(socket: BorrowedFd<'_>) -> io::Result<()> {
    let raw = c_int::try_from(libc::SOF_TIMESTAMPING_RAW_HARDWARE).map_err(io::Error::other)?;
    set(socket, libc::SOL_PACKET, libc::PACKET_TIMESTAMP, &raw)
}

/// Takes the error that a socket has, such as that its interface went down.
pub(crate) fn take_error(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut error: c_int = 0;
    get(socket, libc::SOL_SOCKET, libc::SO_ERROR, &mut error)?;
    if error == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(error))
    }
}

/// A packet socket without a protocol: nothing arrives before it is bound.
fn packet_socket(ignore_outgoing: bool, program: Option<&Program>) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed.
    let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    if ignore_outgoing {
        set(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1_i32)?;
    }
    if let Some(program) = program {
        attach(socket.as_fd(), program)?;
    }
    Ok(socket)
}

/// From here on the frames of the interface with this index arrive.
fn bind(socket: &OwnedFd, index: u32) -> io::Result<()> {
    // SAFETY: plain integers; all zero is a value of it.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or(17);
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or(3).to_be();
    address.sll_ifindex = c_int::try_from(index).map_err(io::Error::other)?;
    // SAFETY: a socket address of the length given.
    let done = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            length_of::<libc::sockaddr_ll>(),
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Whether the interface with this name has an IPv4 address.
#[cfg(feature = "xdp")]
pub(super) fn has_address(name: &str) -> io::Result<bool> {
    let (socket, mut request) = question(name)?;
    match ask(&socket, libc::SIOCGIFADDR, &mut request) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the kernel says of the interface with this name: its hardware type (an `ARPHRD_` number), and
/// its flags (`IFF_UP` and so on).
pub(super) fn describe(name: &str) -> io::Result<(u16, c_int)> {
    let (socket, mut request) = question(name)?;
    ask(&socket, libc::SIOCGIFHWADDR, &mut request)?;
    // SAFETY: the call before has written this member.
    let hardware = unsafe { request.ifr_ifru.ifru_hwaddr }.sa_family;
    ask(&socket, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the call before has written this member.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok((hardware, c_int::from(flags)))
}

/// A socket to ask about the interface with this name, and the question.
fn question(name: &str) -> io::Result<(OwnedFd, libc::ifreq)> {
    // SAFETY: no memory is passed.
    let raw = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: plain octets; all zero is a value of it.
    let mut request: libc::ifreq = unsafe { zeroed() };
    let room = request.ifr_name.len().saturating_sub(1);
    for (into, octet) in request.ifr_name.iter_mut().take(room).zip(name.bytes()) {
        *into = libc::c_char::from_ne_bytes([octet]);
    }
    Ok((socket, request))
}

fn ask(socket: &OwnedFd, what: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: the kernel reads the name from the request and writes its answer into it.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), what, std::ptr::from_mut(request)) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn set<T>(socket: impl AsFd, level: c_int, option: c_int, value: &T) -> io::Result<()> {
    // SAFETY: a value of the length given, which the kernel copies.
    let done = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast::<c_void>(),
            length_of::<T>(),
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn get<T: Copy>(socket: impl AsFd, level: c_int, option: c_int, value: &mut T) -> io::Result<()> {
    let mut length = length_of::<T>();
    // SAFETY: room of the length given, for a value of plain integers.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            std::ptr::from_mut(value).cast::<c_void>(),
            &raw mut length,
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn length_of<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).unwrap_or(socklen_t::MAX)
}
