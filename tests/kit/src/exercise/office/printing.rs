//! Printers: jobs by port 9100, and scans that go to the file server.

use super::super::city;
use super::super::script::Script;
use super::super::talk;
use super::sometime;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("printing");
    for number in 0..16 {
        let link = script.link(city::joho_terminal(22 + number * 3), city::printer(), 9100);
        let mut job = b"\x1b%-12345X@PJL JOB NAME=\"example\"\r\n@PJL ENTER LANGUAGE=PDF\r\n".to_vec();
        job.extend(random.octets(8_000 + random.clone().index(30_000)));
        let packets = link.tcp().request(&job).play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for _ in 0..6 {
        let link = script.link(city::printer(), city::joho_file(), 445);
        let rounds = talk::rounds(2, 30_000, 200, 50, &mut random);
        let packets = talk::smb(link.tcp(), city::joho_file(), &rounds, &mut random)
            .play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
}
