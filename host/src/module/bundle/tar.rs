//! As much of tar archives as a bundle needs: files and folders with short names.
//!
//! Written without time and owner, so that the same content gives the same bytes. Read without trust: every byte
//! that is not content is checked, and nothing is ever unpacked to where an entry says.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::BundleError;

const BLOCK: u64 = 512;
/// The most entries that are read.
const MAX_ENTRIES: usize = 100_000;
/// The longest name.
const MAX_NAME: usize = 100;
/// How much is looked at in one go.
const PIECE: usize = 64 << 10;

const NAME: std::ops::Range<usize> = 0..100;
const MODE: usize = 100;
const OWNER: usize = 108;
const GROUP: usize = 116;
const SIZE: std::ops::Range<usize> = 124..136;
const TIME: usize = 136;
const SUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const LINK: std::ops::Range<usize> = 157..257;
const MAGIC: usize = 257;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Where the content of a file lies in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Adds a folder to an archive.
pub(super) fn write_folder(out: &mut impl Write, name: &str) -> io::Result<()> {
    out.write_all(&header(name, 0, b'5')?)
}

/// Adds a file to an archive.
pub(super) fn write_file(out: &mut impl Write, name: &str, content: &[u8]) -> io::Result<()> {
    let size = content.len() as u64;
    out.write_all(&header(name, size, b'0')?)?;
    out.write_all(content)?;
    let padding = usize::try_from(padding(size)).unwrap_or_default();
    out.write_all([0; BLOCK as usize].get(..padding).unwrap_or_default())
}

/// Ends an archive.
pub(super) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK as usize])
}

fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

fn header(name: &str, size: u64, kind: u8) -> io::Result<[u8; BLOCK as usize]> {
    let mut header = [0; BLOCK as usize];
    let mut put = |at: usize, bytes: &[u8]| -> io::Result<()> {
        let field = header.get_mut(at..at + bytes.len()).ok_or(io::ErrorKind::InvalidInput)?;
        field.copy_from_slice(bytes);
        Ok(())
    };
    if name.len() >= MAX_NAME {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    put(NAME.start, name.as_bytes())?;
    put(MODE, if kind == b'5' { b"0000755\0" } else { b"0000644\0" })?;
    put(OWNER, b"0000000\0")?;
    put(GROUP, b"0000000\0")?;
    // Eleven octal digits: 8 GiB less one byte.
    let size = format!("{size:011o}\0");
    if size.len() != SIZE.len() {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    put(SIZE.start, size.as_bytes())?;
    put(TIME, b"00000000000\0")?;
    put(KIND, &[kind])?;
    put(MAGIC, b"ustar\x0000")?;
    let sum = format!("{:06o}\0 ", sum(&header));
    header.get_mut(SUM).ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(sum.as_bytes());
    Ok(header)
}

/// Adds up a header, with blanks for the sum itself.
fn sum(header: &[u8]) -> u64 {
    let byte = |(at, byte): (usize, &u8)| u64::from(if SUM.contains(&at) { b' ' } else { *byte });
    header.iter().enumerate().map(byte).sum()
}

/// Finds the files of an archive by their names.
///
/// # Errors
///
/// It is no such archive, or holds anything but files and folders.
pub(super) fn scan(
    archive: &mut (impl Read + Seek),
) -> Result<BTreeMap<String, Place>, BundleError> {
    let io = |source| BundleError::Io { source };
    let damaged = |at: u64, reason: &str| BundleError::Archive { at, reason: reason.to_owned() };
    let end = archive.seek(SeekFrom::End(0)).map_err(io)?;
    archive.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut files = BTreeMap::new();
    let mut at = 0;
    loop {
        let mut header = [0; BLOCK as usize];
        if end - at < BLOCK {
            return Err(damaged(at, "it ends too early"));
        }
        archive.read_exact(&mut header).map_err(io)?;
        if header.iter().all(|byte| *byte == 0) {
            // Two such blocks are the end, and more of them fill the last piece.
            let rest = end - at;
            check_zeros(archive, rest - BLOCK).map_err(|wrong| match wrong {
                None => damaged(at, "something follows its end"),
                Some(source) => io(source),
            })?;
            if rest < 2 * BLOCK {
                return Err(damaged(at, "it ends too early"));
            }
            return Ok(files);
        }
        let (name, size, kind) = read_header(&header).map_err(|reason| damaged(at, reason))?;
        let offset = at + BLOCK;
        if size > end - offset {
            return Err(damaged(at, "it ends too early"));
        }
        match kind {
            b'5' if size == 0 => {}
            b'0' | 0 => {
                let place = Place { offset, size };
                if files.insert(name, place).is_some() {
                    return Err(damaged(at, "it holds two files of the same name"));
                }
            }
            _ => return Err(damaged(at, "it holds something that is no file")),
        }
        if files.len() > MAX_ENTRIES {
            return Err(damaged(at, "it holds too many files"));
        }
        let padding = padding(size);
        if end - offset - size < padding {
            return Err(damaged(at, "it ends too early"));
        }
        archive.seek(SeekFrom::Start(offset + size)).map_err(io)?;
        check_zeros(archive, padding).map_err(|wrong| match wrong {
            None => damaged(offset + size, "something stands between its files"),
            Some(source) => io(source),
        })?;
        at = offset + size + padding;
    }
}

/// Reads so many bytes, which must be zeros.
fn check_zeros(archive: &mut impl Read, count: u64) -> Result<(), Option<io::Error>> {
    let mut rest = archive.take(count);
    let mut buffer = [0; PIECE];
    loop {
        let read = rest.read(&mut buffer).map_err(Some)?;
        match buffer.get(..read).unwrap_or_default() {
            [] => return Ok(()),
            bytes if bytes.iter().all(|byte| *byte == 0) => {}
            _ => return Err(None),
        }
    }
}

fn read_header(header: &[u8; BLOCK as usize]) -> Result<(String, u64, u8), &'static str> {
    let field = |range: std::ops::Range<usize>| header.get(range).unwrap_or_default();
    let number = |range| {
        let text = std::str::from_utf8(field(range)).ok()?;
        u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
    };
    if number(SUM) != Some(sum(header)) {
        return Err("the sum of a header is wrong");
    }
    if field(MAGIC..MAGIC + 5) != b"ustar" {
        return Err("it is no tar archive");
    }
    if field(PREFIX).iter().chain(field(LINK)).any(|byte| *byte != 0) {
        return Err("it holds a long name or a link");
    }
    let name = field(NAME).split(|byte| *byte == 0).next().unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| "a name is no text")?;
    let size = number(SIZE).ok_or("the size of a file is no number")?;
    let kind = header.get(KIND).copied().unwrap_or_default();
    Ok((name.to_owned(), size, kind))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut out = Vec::new();
        write_folder(&mut out, "blobs/").unwrap();
        write_file(&mut out, "a", b"hello").unwrap();
        write_file(&mut out, "blobs/b", &[7; 600]).unwrap();
        write_file(&mut out, "c", b"").unwrap();
        write_end(&mut out).unwrap();
        out
    }

    fn scanned(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        let files = scan(&mut Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let content = |place: Place| bytes[place.offset as usize..][..place.size as usize].to_vec();
        Ok(files.into_iter().map(|(name, place)| (name, content(place))).collect())
    }

    #[test]
    fn what_is_written_is_read_again_and_by_others() {
        let bytes = archive();
        assert_eq!(bytes, archive());
        let name = |name: &str| name.to_owned();
        let files = vec![
            (name("a"), b"hello".to_vec()),
            (name("blobs/b"), vec![7; 600]),
            (name("c"), vec![]),
        ];
        assert_eq!(scanned(&bytes).unwrap(), files);
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("x.tar"), &bytes).unwrap();
        let tar = |arguments: &[&str]| {
            let run =
                std::process::Command::new("tar").args(arguments).current_dir(&folder).output();
            assert!(run.unwrap().status.success(), "{arguments:?}");
        };
        tar(&["-xf", "x.tar"]);
        assert_eq!(fs_err::read(folder.path().join("a")).unwrap(), b"hello");
        // And what tar itself writes is read here.
        tar(&["-cf", "y.tar", "blobs", "a", "c"]);
        let bytes = fs_err::read(folder.path().join("y.tar")).unwrap();
        assert_eq!(scanned(&bytes).unwrap(), files);
    }

    #[test]
    fn every_byte_that_is_no_content_is_checked() {
        let bytes = archive();
        let before = scanned(&bytes).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok(files) = scanned(&changed) {
                let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
                    files.iter().map(|(name, _)| name.clone()).collect()
                };
                assert_eq!(names(&files), names(&before), "byte {at}");
                assert_ne!(files, before, "byte {at}");
            }
        }
        for length in 0..bytes.len() {
            assert!(scanned(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn what_is_no_file_or_folder_is_refused() {
        let with = |change: &dyn Fn(&mut [u8; 512])| {
            let mut header = header("a", 0, b'0').unwrap();
            change(&mut header);
            let sum = format!("{:06o}\0 ", sum(&header));
            header[SUM].copy_from_slice(sum.as_bytes());
            let mut bytes = header.to_vec();
            write_end(&mut bytes).unwrap();
            scanned(&bytes)
        };
        assert!(with(&|_| {}).is_ok());
        type Change<'c> = &'c dyn Fn(&mut [u8; 512]);
        let link: Change<'_> = &|header| {
            header[KIND] = b'2';
            header[LINK.start] = b'x';
        };
        let changes: [(Change<'_>, &str); 6] = [
            (link, "it holds a long name or a link"),
            (&|header| header[KIND] = b'1', "it holds something that is no file"),
            (&|header| header[KIND] = b'x', "it holds something that is no file"),
            (&|header| header[KIND] = b'L', "it holds something that is no file"),
            (&|header| header[SIZE].copy_from_slice(b"77777777777\0"), "it ends too early"),
            (
                &|header| header[SIZE].copy_from_slice(&[0xff; 12]),
                "the size of a file is no number",
            ),
        ];
        for (change, reason) in changes {
            assert!(with(change).unwrap_err().ends_with(reason), "{reason}");
        }
        let mut twice = Vec::new();
        for _ in 0..2 {
            write_file(&mut twice, "a", b"").unwrap();
        }
        write_end(&mut twice).unwrap();
        assert!(scanned(&twice).unwrap_err().ends_with("it holds two files of the same name"));
        assert!(header(&"x".repeat(100), 0, b'0').is_err());
        assert!(header("x", 1 << 33, b'0').is_err());
    }
}
