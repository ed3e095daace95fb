//! What values hold on the heap: a parser's share of the limit on conversations.

use std::collections::VecDeque;

use sekisho_model::app::Facts;

/// Something that may hold octets besides its own size.
pub(in crate::app) trait Held {
    /// Those octets, about.
    fn held(&self) -> usize;
}

impl Held for u8 {
    fn held(&self) -> usize {
        0
    }
}

impl Held for u64 {
    fn held(&self) -> usize {
        0
    }
}

impl Held for str {
    fn held(&self) -> usize {
        0
    }
}

impl Held for String {
    fn held(&self) -> usize {
        self.capacity()
    }
}

impl<T: Held + ?Sized> Held for Box<T> {
    fn held(&self) -> usize {
        size_of_val::<T>(self).saturating_add((**self).held())
    }
}

impl<T: Held> Held for Option<T> {
    fn held(&self) -> usize {
        self.as_ref().map_or(0, Held::held)
    }
}

impl<T: Held> Held for [T] {
    fn held(&self) -> usize {
        sum(self)
    }
}

impl<T: Held> Held for Vec<T> {
    fn held(&self) -> usize {
        room::<T>(self.capacity()).saturating_add(sum(self))
    }
}

impl<T: Held> Held for VecDeque<T> {
    fn held(&self) -> usize {
        room::<T>(self.capacity()).saturating_add(sum(self))
    }
}

impl Held for Facts {
    fn held(&self) -> usize {
        self.heap_octets()
    }
}

/// What all of them hold together.
pub(in crate::app) fn sum<'a, T: Held + 'a>(all: impl IntoIterator<Item = &'a T>) -> usize {
    all.into_iter().map(Held::held).fold(0, usize::saturating_add)
}

const fn room<T>(count: usize) -> usize {
    count.saturating_mul(size_of::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_wherever_it_stands() {
        let mut inner = Facts::new();
        inner.put("name", "a".repeat(1000));
        let mut facts = Facts::new();
        facts
            .put("list", vec![inner.clone(), inner.clone()])
            .put("number", 7_u8);

        assert!((1000..1500).contains(&inner.held()), "{}", inner.held());
        assert!((2000..3000).contains(&facts.held()), "{}", facts.held());
        assert_eq!(Facts::new().held(), 0);
        assert_eq!(vec![String::new(); 3].held(), 3 * size_of::<String>());
        assert_eq!(Box::<str>::from("four").held(), 4);
    }

    #[test]
    fn what_waits_for_an_answer_counts() {
        use crate::app::{Chunk, Conversation, End, Start, Transport};
        let name = "n".repeat(600);
        let http = format!("GET /{name} HTTP/1.1\r\nUser-Agent: {name}\r\n\r\n").repeat(8);
        let sip = format!("OPTIONS sip:{name} SIP/2.0\r\nCall-ID: 1\r\nUser-Agent: {name}\r\n\r\n");
        let ftp = format!("USER a\r\nRETR {name}\r\n");
        let smtp = format!("EHLO {name}\r\n");
        // RFC 4511 section 4.8: the deletion of an entry.
        let ldap = format!("0\u{7f}\x02\x01\x02\x4a\x7adc={}", &name[..119]);
        for (port, octets, least) in [
            (80, &http, 8 * 1200),
            (5060, &sip, 400),
            (21, &ftp, 200),
            (25, &smtp, 200),
            (389, &ldap, 122),
        ] {
            let mut conversation = Conversation::new(Start {
                transport: Transport::Tcp,
                ports: [40_000, port],
            });
            for octets in octets.as_bytes().chunks(1) {
                let chunk = Chunk {
                    from: End::Orig,
                    at: sekisho_model::Timestamp::MIN,
                    octets,
                    cut: 0,
                };
                conversation.read(&chunk, &mut Vec::new());
            }
            assert!(!conversation.app().service.is_empty(), "{port}");
            let waiting = conversation.held();
            assert!(waiting >= least, "{port}: {waiting}");
            conversation.finish(sekisho_model::Timestamp::MIN, &mut Vec::new());
            assert_eq!(conversation.held(), 0, "{port}");
        }
    }
}
