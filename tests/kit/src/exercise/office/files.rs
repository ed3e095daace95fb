//! SMB to the file servers, and the backups that run into the morning.

use super::super::city::{self, Host};
use super::super::script::{Script, at};
use super::super::talk;
use super::sometime;
use crate::{Close, Random};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("files");
    for host in city::joho_terminals().into_iter().chain(city::shisho_terminals()) {
        open_files(script, host, city::joho_file(), &mut random);
        if random.chance(40) {
            open_files(
                script,
                city::over_ipv6(host),
                city::joho_file().also("2001:db8:20:1::20"),
                &mut random,
            );
        }
    }
    for host in city::gyomu_terminals() {
        open_files(script, host, city::gyomu_file(), &mut random);
    }
    for host in city::kokai_terminals().into_iter().step_by(4) {
        open_files(script, host, city::kokai_file(), &mut random);
    }
    backup(
        script,
        city::gyomu_file(),
        city::gyomu_backup(),
        at(0, 12),
        &mut random,
    );
    backup(
        script,
        city::joho_file(),
        city::joho_backup(),
        at(2, 40),
        &mut random,
    );
    backup(
        script,
        city::joho_accounting(),
        city::joho_backup(),
        at(14, 5),
        &mut random,
    );
}

fn open_files(script: &mut Script, client: Host, server: Host, random: &mut Random) {
    let link = script.link(client, server, 445);
    let count = random.between(2, 7);
    let rounds = talk::rounds(count, 600, 5_000, 20_000, random);
    let close = if random.chance(20) {
        Close::ClientRst
    } else {
        Close::ClientFin
    };
    let packets = talk::smb(link.tcp(), server, &rounds, random)
        .close(close)
        .play(sometime(random), random);
    script.add(&link, packets);
}

/// The agent on a server writes to the backup server.
fn backup(script: &mut Script, client: Host, server: Host, start_ns: u64, random: &mut Random) {
    let link = script.link(client, server, 445);
    let rounds: Vec<_> = (0..8).map(|_| (65_536, 120, 2_500)).collect();
    let packets = talk::smb(link.tcp(), server, &rounds, random).play(start_ns, random);
    script.add(&link, packets);
}
