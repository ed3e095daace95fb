//! Seccomp: which system calls may be made from here on.
//!
//! A list of what is allowed, found by tracing sensors at work with every back end and output, and what
//! the libraries may call in their place on another system. Any other call fails with EPERM. It does not
//! kill: a sensor that dies is blind, and one whose call is refused says so and goes on. Starting a
//! program, connecting to an address and memory that can be executed are not on the list.
//!
//! Source: seccomp(2); the numbers are those of the processor that this was built for.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule,
};

use super::Needs;

/// Calls that are allowed with any arguments.
const ALLOWED: &[c_long] = &[
    // Files that are open, or may be opened.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_newfstatat,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync_file_range,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_utimensat,
    libc::SYS_flock,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    // Memory.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_msync,
    libc::SYS_brk,
    libc::SYS_membarrier,
    // Threads and their end.
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    // Signals.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time, and what the machine is.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getrandom,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_capget,
    // Waiting.
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    // Sockets of the capture and the dashboard.
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_shutdown,
];

/// Calls that only this processor has, under names that later ones left out.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_chmod,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_pipe,
    libc::SYS_dup2,
    libc::SYS_accept,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Families of sockets: packets, the interfaces' descriptions, the dashboard, the service manager.
const FAMILIES: [i32; 5] = [
    libc::AF_PACKET,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_UNIX,
    libc::AF_NETLINK,
];
/// What a thread may say of itself: its name, the names of its memory, what it has given up.
const ABOUT_ITSELF: [i32; 5] = [
    libc::PR_SET_NAME,
    libc::PR_SET_VMA,
    libc::PR_GET_SECCOMP,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_CAPBSET_READ,
];
/// Requests that write to a terminal as if a person had typed.
const TYPING: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// Fences system calls in; what came of it, in a word or with the reason.
pub(super) fn fence(needs: &Needs) -> String {
    match restrict(needs) {
        Ok(()) => "on".to_owned(),
        Err(why) => format!("off: {why}"),
    }
}

fn restrict(needs: &Needs) -> Result<(), String> {
    let processor = std::env::consts::ARCH.try_into();
    let processor = processor.map_err(|_| "not known for this processor".to_owned())?;
    let rules = rules(needs).map_err(|error| error.to_string())?;
    let refused = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, processor);
    let program: Result<seccompiler::BpfProgram, _> = filter.and_then(TryInto::try_into);
    let program = program.map_err(|error| error.to_string())?;
    seccompiler::apply_filter(&program).map_err(|error| error.to_string())
}

fn rules(needs: &Needs) -> Result<BTreeMap<c_long, Vec<Rule>>, BackendError> {
    let always = ALLOWED.iter().chain(OLDER).map(|call| (*call, Vec::new()));
    let mut rules: BTreeMap<c_long, Vec<Rule>> = always.collect();
    if needs.loads_programs {
        rules.insert(libc::SYS_bpf, Vec::new());
    }
    // Any one of these first arguments.
    let one_of = |values: &[i32]| {
        let rule = |value: &i32| Rule::new(vec![is(0, Is::Eq, u64::from(value.cast_unsigned()))?]);
        values.iter().map(rule).collect::<Result<Vec<_>, _>>()
    };
    rules.insert(libc::SYS_socket, one_of(&FAMILIES)?);
    rules.insert(libc::SYS_prctl, one_of(&ABOUT_ITSELF)?);
    let executable = u64::from(libc::PROT_EXEC.cast_unsigned());
    let not_executable = || Ok(vec![Rule::new(vec![is(2, Is::MaskedEq(executable), 0)?])?]);
    rules.insert(libc::SYS_mmap, not_executable()?);
    rules.insert(libc::SYS_mprotect, not_executable()?);
    let not_typing = TYPING.map(|request| is(1, Is::Ne, request));
    let not_typing = not_typing.into_iter().collect::<Result<Vec<_>, _>>()?;
    rules.insert(libc::SYS_ioctl, vec![Rule::new(not_typing)?]);
    // Asking for a limit, not setting one.
    rules.insert(libc::SYS_prlimit64, vec![Rule::new(vec![is_null(2)?])?]);
    let to_nobody = if std::env::var_os("NOTIFY_SOCKET").is_some() {
        // The service manager is told by its address.
        Vec::new()
    } else {
        vec![Rule::new(vec![is_null(4)?])?]
    };
    rules.insert(libc::SYS_sendto, to_nobody);
    Ok(rules)
}

fn is(argument: u8, is: Is, value: u64) -> Result<Condition, BackendError> {
    Condition::new(argument, Length::Dword, is, value)
}

fn is_null(argument: u8) -> Result<Condition, BackendError> {
    Condition::new(argument, Length::Qword, Is::Eq, 0)
}
