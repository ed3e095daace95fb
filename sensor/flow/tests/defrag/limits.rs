//! Time, number and memory: what goes when there is no room, and in which order.

use std::time::Duration;

use sekisho_flow::defrag::{Cause, Config, Counters, Rebuilt, Refusal, Released};
use sekisho_model::Timestamp;

use crate::support::{Outcome, Play, v4, v6};

#[test]
fn what_does_not_complete_in_time_is_given_back_as_it_was_captured() {
    let whole = v4(1, false, false, &[1; 200]);
    let mut play = Play::new(Config::default());
    let frames = [whole.fragment(8, 16), whole.fragment(0, 8)];
    play.frame(1_000, &frames[0]);
    play.frame(20_000, &frames[1]);

    play.expire(30_999);
    assert!(play.released.is_empty());
    play.expire(31_000);

    let back: Vec<_> = play
        .released
        .iter()
        .map(|released| released.octets.clone())
        .collect();
    assert_eq!(back, frames);
    assert_eq!(play.released[1].time, Timestamp::from_nanos(20_000_000_000));
    assert!(
        play.released
            .iter()
            .all(|released| released.cause == Cause::TimedOut)
    );
    assert_eq!(play.defragmenter.counters().timed_out, 1);
    assert_eq!(play.defragmenter.octets(), 0);
}

#[test]
fn the_timeout_is_the_same_whoever_notices() {
    for timer_runs in [false, true] {
        let whole = v6(1, false, &[1; 100]);
        let mut play = Play::new(Config::default());
        play.frame(0, &whole.fragment(0, 48));
        if timer_runs {
            play.expire(30_000);
        }

        let late = play.frame(30_000, &whole.fragment(48, whole.octets()));

        assert_eq!(
            (late, play.released.len()),
            (Outcome::Held, 1),
            "timer {timer_runs}"
        );
    }
}

#[test]
fn time_that_runs_back_a_little_changes_nothing_and_a_jump_ends_what_is_held() {
    let whole = v4(1, false, false, &[1; 200]);
    let mut play = Play::new(Config::default());
    play.frame(100_000, &whole.fragment(0, 48));
    assert_eq!(
        play.frame(70_000, &whole.fragment(48, whole.octets())),
        Outcome::Complete
    );

    play.frame(100_000, &whole.fragment(0, 48));
    assert_eq!(
        play.frame(69_999, &whole.fragment(48, whole.octets())),
        Outcome::Held
    );
    assert_eq!(play.released.len(), 1);
}

#[test]
fn the_ends_of_time_are_times_like_others() {
    let whole = v4(1, false, false, &[1; 200]);
    let frames = [whole.fragment(0, 48), whole.fragment(48, whole.octets())];
    let mut play = Play::new(Config::default());
    for time in [Timestamp::MIN, Timestamp::MAX, Timestamp::MIN] {
        for (frame, outcome) in frames.iter().zip([Outcome::Held, Outcome::Complete]) {
            let mut fragment = crate::support::locate(frame, 100, time).unwrap();
            fragment.time = time;
            assert_eq!(play.add(&fragment), outcome);
        }
    }
}

#[test]
fn when_there_are_too_many_datagrams_the_oldest_goes_first() {
    let mut play = Play::new(Config {
        datagrams: 3,
        ..Config::default()
    });
    let wholes = [1, 2, 3, 4].map(|id| v4(id, false, false, &[1; 200]));
    for (at, whole) in (0..).zip(&wholes) {
        play.frame(at, &whole.fragment(0, 48));
    }

    assert_eq!(play.released.len(), 1);
    assert_eq!(play.released[0].octets, wholes[0].fragment(0, 48));
    assert_eq!(play.released[0].cause, Cause::Evicted);
    assert_eq!(play.defragmenter.counters().evicted, 1);
    for whole in &wholes[1..] {
        assert_eq!(
            play.frame(9, &whole.fragment(48, whole.octets())),
            Outcome::Complete
        );
    }
}

#[test]
fn when_there_is_too_much_memory_in_use_the_oldest_goes_first_even_for_itself() {
    let mut play = Play::new(Config {
        octets: 8_500,
        ..Config::default()
    });
    let (old, new) = (v4(1, false, false, &[1; 8_000]), v4(2, false, false, &[1; 8_000]));
    play.frame(0, &old.fragment(0, 2_400));
    play.frame(1, &new.fragment(0, 2_400));
    assert_eq!(play.frame(2, &new.fragment(2_400, 4_800)), Outcome::Held);
    assert_eq!(play.released.len(), 1);

    assert_eq!(
        play.frame(3, &new.fragment(4_800, 7_200)),
        Outcome::NotHeld(Refusal::NoRoom)
    );
    assert_eq!(play.released.len(), 3);
    assert_eq!(play.defragmenter.octets(), 0);
}

#[test]
fn a_datagram_that_had_to_go_for_its_own_fragment_takes_no_other_with_it() {
    let mut play = Play::new(Config {
        octets: 9_000,
        ..Config::default()
    });
    let (old, new) = (v4(1, false, false, &[1; 8_000]), v4(2, false, false, &[1; 8_000]));
    play.frame(0, &old.fragment(0, 8));
    play.frame(1, &new.fragment(0, 4_000));

    assert_eq!(
        play.frame(2, &old.fragment(8, 5_608)),
        Outcome::NotHeld(Refusal::NoRoom)
    );

    assert_eq!((play.released.len(), play.defragmenter.held()), (1, 1));
}

#[test]
fn without_room_nothing_is_held() {
    for (datagrams, octets) in [(0, 1 << 20), (10, 0), (10, 500)] {
        let mut play = Play::new(Config {
            datagrams,
            octets,
            ..Config::default()
        });
        let whole = v4(1, false, false, &[1; 200]);
        assert_eq!(
            play.frame(0, &whole.fragment(0, 48)),
            Outcome::NotHeld(Refusal::NoRoom)
        );
    }
}

/// Sixty-five thousand datagrams that never complete, over a limit of far fewer, with honest ones
/// among them.
fn flood() -> (Vec<Released>, Vec<Rebuilt>, Counters) {
    let mut play = Play::new(Config {
        datagrams: 2_000,
        octets: 1 << 20,
        timeout: Duration::from_secs(30),
    });
    let mut honest = 0;
    for id in 0..65_000 {
        let at = i64::from(id) / 10;
        let spoofed = v4(u16::try_from(id).unwrap(), false, false, &[1; 200]);
        play.frame(at, &spoofed.fragment(0, 48));
        if id % 500 == 0 {
            honest += 1;
            let whole = v6(id, false, &[2; 3_000]);
            play.frame(at, &whole.fragment(0, 1_480));
            assert_eq!(
                play.frame(at, &whole.fragment(1_480, whole.octets())),
                Outcome::Complete
            );
        }
    }
    play.drain();
    assert_eq!(play.rebuilt.len(), honest);
    (play.released, play.rebuilt, play.defragmenter.counters())
}

#[test]
fn a_flood_evicts_itself_and_comes_out_the_same_whatever_the_hash() {
    let first = flood();

    assert_eq!(first.2.evicted + first.2.unfinished, 65_000);
    assert_eq!(first.0.len(), 65_000);
    assert!(first == flood());
}
