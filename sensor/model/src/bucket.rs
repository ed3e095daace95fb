//! Where every frame ends: exactly one counted bucket each.
//!
//! received = processed + dropped + filtered. The class of a bucket says on which side of that sum
//! it stands, so that no loss is without a name.

/// The three words of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketClass {
    /// Looked at to the end: counted in a flow, or of a kind that has no flow.
    Processed,
    /// Could not be looked at, or only in part.
    Dropped,
    /// Left out because the operator asked for it.
    Filtered,
}

macro_rules! buckets {
    ($($(#[doc = $doc:literal])* $variant:ident, $id:literal, $class:ident, $ja:literal, $en:literal;)*) => {
        /// The bucket that a frame ends in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum FrameBucket {
            $($(#[doc = $doc])* $variant,)*
        }

        impl FrameBucket {
            /// Every bucket, in the order that tables show them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in every output; stable.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Which side of the sum it stands on.
            #[must_use]
            pub const fn class(self) -> BucketClass {
                match self { $(Self::$variant => BucketClass::$class,)* }
            }

            /// What a person reads, Japanese and English.
            #[must_use]
            pub const fn label(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($ja, $en),)* }
            }
        }
    };
}

buckets! {
    /// A TCP segment in a flow.
    Tcp, "tcp", Processed, "TCP", "TCP";
    /// A UDP datagram in a flow.
    Udp, "udp", Processed, "UDP", "UDP";
    /// An ICMP message in a flow.
    Icmp, "icmp", Processed, "ICMP", "ICMP";
    /// An ICMPv6 message in a flow.
    Icmpv6, "icmpv6", Processed, "ICMPv6", "ICMPv6";
    /// Any other protocol over IP, in a flow by address pair.
    OtherIp, "other_ip", Processed, "その他のIPプロトコル", "Other IP protocol";
    /// An IP fragment whose transport header is in another fragment; in a flow by address pair.
    Fragment, "fragment", Processed, "IPフラグメント(2番目以降)", "IP fragment after the first";
    /// An IP packet whose transport header is cut off or wrong; in a flow by address pair.
    TransportDamaged, "transport_damaged", Processed, "トランスポートヘッダー破損", "Damaged transport header";
    /// ARP or RARP.
    Arp, "arp", Processed, "ARP", "ARP";
    /// Layer 2 control: STP, LLDP, CDP, LACP and other LLC frames.
    Control, "control", Processed, "レイヤー2制御", "Layer 2 control";
    /// A network protocol that is not IP.
    OtherEthertype, "other_ethertype", Processed, "IP以外のプロトコル", "Not IP";
    /// The link header is cut off.
    LinkTruncated, "link_truncated", Dropped, "リンクヘッダー途切れ", "Link header cut off";
    /// More link headers around a packet than are read, VLAN tags among them.
    LinkDepth, "link_depth", Dropped, "リンクヘッダーの段数超過", "Too many link headers";
    /// The IP header is cut off.
    IpTruncated, "ip_truncated", Dropped, "IPヘッダー途切れ", "IP header cut off";
    /// The IP header contradicts itself.
    IpMalformed, "ip_malformed", Dropped, "IPヘッダー異常", "IP header malformed";
    /// A link type that this version does not decode.
    LinktypeUnknown, "linktype_unknown", Dropped, "未対応のリンクタイプ", "Link type not supported";
    /// The decoder failed on it, which is a fault of ours.
    DecoderFault, "decoder_fault", Dropped, "解析器の内部障害", "Decoder fault";
    /// The same packet seen again, left out because duplicates are.
    Duplicate, "duplicate", Filtered, "重複パケット", "Duplicate";
    /// One end lies in an excluded zone: counted and never stored.
    Excluded, "excluded", Filtered, "対象外ゾーン", "Excluded zone";
}

/// How many frames ended in each bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketCounts([u64; FrameBucket::ALL.len()]);

impl Default for BucketCounts {
    fn default() -> Self {
        Self([0; FrameBucket::ALL.len()])
    }
}

impl BucketCounts {
    /// Counts one frame.
    pub fn count(&mut self, bucket: FrameBucket) {
        self.count_many(bucket, 1);
    }

    /// Counts frames.
    pub fn count_many(&mut self, bucket: FrameBucket, frames: u64) {
        if let Some(n) = self.0.get_mut(bucket as usize) {
            *n = n.saturating_add(frames);
        }
    }

    /// How many frames ended in `bucket`.
    #[must_use]
    pub fn get(&self, bucket: FrameBucket) -> u64 {
        self.0.get(bucket as usize).copied().unwrap_or(0)
    }

    /// Adds the counts of another part of the same input.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The sum over the buckets of one class.
    #[must_use]
    pub fn of_class(&self, class: BucketClass) -> u64 {
        FrameBucket::ALL
            .iter()
            .filter(|bucket| bucket.class() == class)
            .map(|bucket| self.get(*bucket))
            .sum()
    }

    /// Every bucket with its count.
    pub fn iter(&self) -> impl Iterator<Item = (FrameBucket, u64)> + '_ {
        FrameBucket::ALL.iter().map(|bucket| (*bucket, self.get(*bucket)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_on_one_side_of_the_sum() {
        let mut counts = BucketCounts::default();
        for bucket in FrameBucket::ALL {
            counts.count(*bucket);
        }

        let sum = [
            BucketClass::Processed,
            BucketClass::Dropped,
            BucketClass::Filtered,
        ]
        .map(|class| counts.of_class(class))
        .iter()
        .sum::<u64>();

        assert_eq!(sum, FrameBucket::ALL.len() as u64);
    }
}
