//! Giving up what the sensor needs no more once its interfaces are open.
//!
//! ```text
//! capabilities  what root may            files  which files may be opened (Landlock)
//! calls         which system calls may be made (seccomp)
//! ```
//!
//! A parser that an attacker takes over holds, of the machine, what is left here: the policy and the lists
//! to read, the data and the recording to write, the dashboard's port, packet sockets that see the wire.
//! No program is started, nothing is connected to, no name is looked up. What the kernel does not have is
//! left out and said; nothing of it is a reason not to watch. Threads inherit what their parent has, so
//! this happens before any is started.

mod calls;
mod capabilities;
mod files;

use std::io;
use std::path::PathBuf;

use sekisho_model::summary::Protection;

/// What the sensor goes on to need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Needs {
    /// Folders and files to read, which others may replace.
    pub(super) read: Vec<PathBuf>,
    /// Folders to write.
    pub(super) write: Vec<PathBuf>,
    /// The port of the dashboard.
    pub(super) listen: Option<u16>,
    /// Whether programs are loaded into the kernel anew when an interface is.
    pub(super) loads_programs: bool,
    /// Whether files and system calls are fenced at all.
    pub(super) is_fenced: bool,
}

/// Gives up everything else, and says what is left.
pub(super) fn give_up(needs: &Needs) -> io::Result<Protection> {
    let left = capabilities::give_up(needs)?;
    let refused = "off: not asked for".to_owned();
    let (landlock, seccomp) = if needs.is_fenced {
        // System calls last: the others are made with calls that are then gone.
        let landlock = files::fence(needs);
        (landlock, calls::fence(needs))
    } else {
        (refused.clone(), refused)
    };
    Ok(Protection {
        capabilities: left.effective,
        no_new_privileges: left.no_new,
        seccomp,
        landlock,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind::PermissionDenied;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::process::Command;

    use super::*;

    /// A thread by itself is fenced in as a sensor is; what it may not do, the others still may.
    fn fenced<T: Send + 'static>(needs: Needs, tries: impl FnOnce(Protection) -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(move || tries(give_up(&needs).unwrap()));
        thread.join().unwrap()
    }

    #[test]
    fn a_fenced_thread_writes_its_data_and_nothing_else_reads_its_policy_and_nothing_else() {
        // Not in the folder for temporary files, which may be written.
        let around = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let folder = |name: &str| {
            let path = around.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let (data, policy, other) = (folder("var/data"), folder("etc/site/policy"), folder("home"));
        fs::write(policy.join("p.toml"), "1").unwrap();
        fs::write(other.join("secret"), "2").unwrap();
        let needs = Needs {
            read: vec![policy.clone()],
            write: vec![data.clone()],
            is_fenced: true,
            ..Needs::default()
        };

        let (protection, allowed, refused) = fenced(needs, move |protection| {
            // As an installer does it: another folder, of the same name.
            fs::write(data.join("new"), "3").unwrap();
            fs::rename(data.join("new"), data.join("named")).unwrap();
            let allowed = [
                fs::read(policy.join("p.toml")),
                fs::read(data.join("named")),
                fs::remove_file(data.join("named")).map(|()| Vec::new()),
            ];
            let refused = [
                fs::read(other.join("secret")).map(|_| ()),
                fs::read("/etc/passwd").map(|_| ()),
                fs::write(policy.join("p.toml"), "4"),
                fs::write(other.join("new"), "5"),
                fs::remove_file(other.join("secret")),
                std::os::unix::fs::symlink("/etc", data.join("link")),
            ];
            (
                protection,
                allowed.map(|one| one.is_ok()),
                refused.map(|one| one.err().map(|why| why.kind())),
            )
        });

        assert_eq!(allowed, [true; 3]);
        // A kernel without Landlock refuses nothing, and that is said.
        if protection.landlock == "on" {
            assert_eq!(refused, [Some(PermissionDenied); 6]);
        } else {
            assert!(protection.landlock.starts_with("off") || protection.landlock.starts_with("in part"));
        }
    }

    #[test]
    fn a_fenced_thread_starts_no_program_and_calls_nobody() {
        let heard = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = heard.local_addr().unwrap();
        let needs = Needs {
            is_fenced: true,
            ..Needs::default()
        };

        let (protection, refused) = fenced(needs, move |protection| {
            let refused = [
                Command::new("/bin/true").status().map(|_| ()),
                TcpStream::connect(address).map(|_| ()),
                UdpSocket::bind("127.0.0.1:0")
                    .and_then(|socket| socket.send_to(b"x", address))
                    .map(|_| ()),
                TcpListener::bind("127.0.0.1:0").map(|_| ()),
            ];
            (protection, refused.map(|one| one.err().map(|why| why.kind())))
        });

        assert_eq!(protection.seccomp, "on");
        assert_eq!(refused[..3], [Some(PermissionDenied); 3]);
        if protection.landlock == "on" {
            assert_eq!(refused[3], Some(PermissionDenied));
        }
    }
}
