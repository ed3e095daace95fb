//! A flow's payload of any kind, cut anywhere, with losses: the protocol is found and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::script::{head, play};
use sekisho_fuzz::seeds;
use sekisho_wire::app::Conversation;

fuzz_target!(init: seeds::write_if_asked(), |input: &[u8]| {
    let (head, rest) = head(input);
    play(Conversation::new(head.start), &head, rest);
});
