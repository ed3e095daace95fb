//! The parser that the input names is given any octets, without a probe before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::script::{head, play};
use sekisho_fuzz::seeds;
use sekisho_wire::app::{Conversation, by_name};

fuzz_target!(init: seeds::write_if_asked(), |input: &[u8]| {
    let (mut head, rest) = head(input);
    let protocol = by_name(head.protocol).expect("it is one of the list");
    if !protocol.transports.contains(&head.start.transport) {
        head.start.transport = protocol.transports[0];
    }
    play(Conversation::speaking(head.start, protocol), &head, rest);
});
