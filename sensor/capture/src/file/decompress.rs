//! The octets of one file, decompressed where it is gzip or zstd.
//!
//! Decompression is bounded twice: by the ratio of content to file, judged once there is enough
//! content to speak of, and by the content's total. Whoever writes a file chooses its ratio, so
//! both are limits of the one table.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use sekisho_model::limits;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::error::ReadFailure;

/// Content that may come before the ratio is judged: small files compress as well as they like.
const RATIO_GRACE: u64 = 1 << 20;
/// Octets asked of a compressed file at once.
const RAW_BUFFER: usize = 256 * 1024;
/// Largest window of a zstd frame, as a power of two: what `zstd` itself accepts without `--long=28`.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952, one member or more.
    Gzip,
    /// RFC 8878, one frame or more.
    Zstd,
}

impl Compression {
    /// Name as in `pcap+gzip`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Where decompression is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    ratio: u64,
    total: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            ratio: limits::DECOMPRESSION_RATIO.default,
            total: limits::DECOMPRESSED_OCTETS.default,
        }
    }
}

/// The content of a file as a stream of octets.
pub(super) struct Stream {
    decoder: Decoder,
    bounds: Bounds,
    produced: u64,
}

enum Decoder {
    Plain(Raw),
    Gzip(Box<GzDecoder<Raw>>),
    Zstd(Box<ZstdDecoder<'static, Raw>>),
}

impl Stream {
    /// A stream over the octets of a file.
    pub(super) fn new(
        file: Box<dyn Read + Send>,
        compression: Option<Compression>,
        bounds: Bounds,
    ) -> io::Result<Self> {
        let decoder = match compression {
            None => Decoder::Plain(Raw::new(file, 0)),
            Some(Compression::Gzip) => Decoder::Gzip(Box::new(GzDecoder::new(Raw::new(file, RAW_BUFFER)))),
            Some(Compression::Zstd) => {
                let mut decoder = ZstdDecoder::with_buffer(Raw::new(file, RAW_BUFFER))?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Decoder::Zstd(Box::new(decoder))
            }
        };
        Ok(Self {
            decoder,
            bounds,
            produced: 0,
        })
    }

    /// How the file is compressed.
    pub(super) const fn compression(&self) -> Option<Compression> {
        match self.decoder {
            Decoder::Plain(_) => None,
            Decoder::Gzip(_) => Some(Compression::Gzip),
            Decoder::Zstd(_) => Some(Compression::Zstd),
        }
    }

    /// Octets of the file that were used up so far.
    pub(super) fn octets_read(&self) -> u64 {
        match &self.decoder {
            Decoder::Plain(raw) => raw.used,
            Decoder::Gzip(decoder) => decoder.get_ref().used,
            Decoder::Zstd(decoder) => decoder.get_ref().used,
        }
    }

    /// Reads some octets into `space`; 0 means that the stream has ended well.
    pub(super) fn read(&mut self, space: &mut [u8]) -> Result<usize, ReadFailure> {
        let count = loop {
            let result = match &mut self.decoder {
                Decoder::Plain(raw) => raw.read(space),
                Decoder::Gzip(decoder) => read_gzip(decoder, space),
                Decoder::Zstd(decoder) => decoder.read(space),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure(&error)),
                Ok(count) => break count,
            }
        };
        self.produced = self.produced.saturating_add(count as u64);
        self.judge()?;
        Ok(count)
    }

    fn judge(&self) -> Result<(), ReadFailure> {
        let Some(compression) = self.compression() else {
            return Ok(());
        };
        let compression = compression.name();
        if self.produced > self.bounds.total {
            return Err(ReadFailure::Total {
                compression,
                limit: self.bounds.total,
            });
        }
        let allowed = self.octets_read().saturating_mul(self.bounds.ratio);
        if self.produced > RATIO_GRACE && self.produced > allowed {
            return Err(ReadFailure::Ratio {
                compression,
                limit: self.bounds.ratio,
            });
        }
        Ok(())
    }

    fn failure(&self, error: &io::Error) -> ReadFailure {
        let at = self.octets_read();
        let Some(compression) = self.compression() else {
            return ReadFailure::Io(error.to_string());
        };
        let compression = compression.name();
        if error.raw_os_error().is_some() {
            ReadFailure::Io(error.to_string())
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            ReadFailure::CompressedCut { compression, at }
        } else if error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<TrailingOctets>)
        {
            ReadFailure::Trailing { compression, at }
        } else {
            ReadFailure::CompressedBroken {
                compression,
                at,
                cause: error.to_string(),
            }
        }
    }
}

/// Reads from a chain of gzip members. Zeros after the last one are padding, as `gzip` sees it.
fn read_gzip(decoder: &mut GzDecoder<Raw>, space: &mut [u8]) -> io::Result<usize> {
    loop {
        let count = decoder.read(space)?;
        if count > 0 {
            return Ok(count);
        }
        match decoder.get_mut().fill_buf()?.first() {
            None => return Ok(0),
            Some(0x1f) => {
                let raw = decoder.reset(Raw::new(Box::new(io::empty()), 0));
                decoder.reset(raw);
            }
            Some(0) => decoder.get_mut().consume(1),
            Some(_) => return Err(io::Error::other(TrailingOctets)),
        }
    }
}

/// Marks the error of octets that follow compressed data.
#[derive(Debug, thiserror::Error)]
#[error("octets after the last member")]
struct TrailingOctets;

/// The octets of a file as they are, counted as they are used.
struct Raw {
    reader: BufReader<Box<dyn Read + Send>>,
    used: u64,
}

impl Raw {
    fn new(file: Box<dyn Read + Send>, buffer: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(buffer, file),
            used: 0,
        }
    }
}

impl Read for Raw {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(space)?;
        self.used = self.used.saturating_add(count as u64);
        Ok(count)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count as u64);
        self.reader.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        zstd::encode_all(content, 19).unwrap()
    }

    /// Everything the stream gives, and how it ended.
    fn drain(file: Vec<u8>, compression: Compression, bounds: Bounds) -> (Vec<u8>, Option<ReadFailure>) {
        let mut stream = Stream::new(Box::new(Cursor::new(file)), Some(compression), bounds).unwrap();
        let (mut content, mut space) = (Vec::new(), vec![0; 4096]);
        loop {
            match stream.read(&mut space) {
                Ok(0) => return (content, None),
                Ok(count) => content.extend_from_slice(&space[..count]),
                Err(failure) => return (content, Some(failure)),
            }
        }
    }

    #[test]
    fn members_and_frames_follow_one_another() {
        let members = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        assert_eq!(
            drain(members, Compression::Gzip, Bounds::default()),
            (b"one two".to_vec(), None)
        );

        let frames = [zstd(b"one "), zstd(b""), zstd(b"two")].concat();
        assert_eq!(
            drain(frames, Compression::Zstd, Bounds::default()),
            (b"one two".to_vec(), None)
        );
    }

    #[test]
    fn zeros_after_the_last_member_are_padding_and_other_octets_are_not() {
        let padded = [gzip(b"content"), vec![0; 300]].concat();
        assert_eq!(
            drain(padded, Compression::Gzip, Bounds::default()),
            (b"content".to_vec(), None)
        );

        let trailing = [gzip(b"content"), b"trailing".to_vec()].concat();
        let at = gzip(b"content").len() as u64;
        assert_eq!(
            drain(trailing, Compression::Gzip, Bounds::default()),
            (
                b"content".to_vec(),
                Some(ReadFailure::Trailing {
                    compression: "gzip",
                    at
                })
            )
        );
    }

    #[test]
    fn a_bomb_is_refused_by_its_ratio() {
        // Deflate reaches 1032:1 at most, just past the default limit; zstd reaches far more.
        let zeros = vec![0; 4 << 20];

        for (file, compression) in [
            (gzip(&zeros), Compression::Gzip),
            (zstd(&zeros), Compression::Zstd),
        ] {
            let (content, failure) = drain(file, compression, Bounds::default());

            let name = compression.name();
            assert_eq!(
                failure,
                Some(ReadFailure::Ratio {
                    compression: name,
                    limit: 1000
                })
            );
            assert!(
                content.len() < (2 << 20),
                "{name}: {} octets came out",
                content.len()
            );
        }
    }

    #[test]
    fn a_small_file_may_compress_as_well_as_it_likes() {
        let zeros = vec![0; 1 << 20];

        assert_eq!(
            drain(zstd(&zeros), Compression::Zstd, Bounds::default()),
            (zeros, None)
        );
    }

    #[test]
    fn the_total_is_bounded_too() {
        let bounds = Bounds {
            ratio: u64::MAX,
            total: 10_000,
        };

        let (content, failure) = drain(gzip(&[7; 50_000]), Compression::Gzip, bounds);

        assert_eq!(
            failure,
            Some(ReadFailure::Total {
                compression: "gzip",
                limit: 10_000
            })
        );
        assert!(content.len() <= 10_000);
    }

    #[test]
    fn a_wrong_checksum_is_said() {
        let mut file = gzip(b"content");
        let crc = file.len() - 8;
        file[crc] ^= 1;

        let (content, failure) = drain(file, Compression::Gzip, Bounds::default());

        assert_eq!(content, b"content");
        assert!(
            matches!(failure, Some(ReadFailure::CompressedBroken { .. })),
            "{failure:?}"
        );
    }

    #[test]
    fn a_window_larger_than_the_limit_is_refused() {
        // Magic, no single segment, window descriptor 0xa8: 2^(10 + 21) octets (RFC 8878, 3.1.1.1.2).
        let file = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];

        let (content, failure) = drain(file, Compression::Zstd, Bounds::default());

        assert!(content.is_empty());
        assert!(
            matches!(failure, Some(ReadFailure::CompressedBroken { .. })),
            "{failure:?}"
        );
    }
}
