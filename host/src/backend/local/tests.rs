use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Barrier;

use super::*;
use crate::backend::conformance::{Subject, conforms, holder, key, shared};
use crate::diagnostic::Diagnose;

fn backend() -> (tempfile::TempDir, LocalBackend) {
    let folder = tempfile::tempdir().unwrap();
    let backend = LocalBackend::new(folder.path().join("home"));
    (folder, backend)
}

/// Runs `work` on several threads that begin together; returns what each made.
fn race<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let spawn = |number| {
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[tokio::test]
async fn it_is_a_backend() {
    let (folder, backend) = backend();
    let home = folder.path().join("home");
    let lose = |key: &Key| {
        let path = home.join(key.as_str());
        let name = path.file_name().unwrap().to_str().unwrap();
        fs_err::remove_file(path.with_file_name(format!(".{name}.lock"))).unwrap();
    };
    conforms(Subject { backend: &backend, lose: &lose }).await;
}

#[test]
fn of_several_writers_of_a_new_record_one_wins() {
    let (_folder, backend) = backend();
    for round in 0..20 {
        let record = backend.record(&key(&format!("folder/{round}")));
        let won = race(8, |number| {
            record.alone(|record| record.put_if(&Expected::Absent, &[number as u8])).is_ok()
        });
        let winner = won.iter().position(|won| *won).unwrap();
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        assert_eq!(record.get().unwrap().unwrap().0, [winner as u8]);
    }
}

#[test]
fn no_conditional_write_is_lost() {
    let (_folder, backend) = backend();
    let record = backend.record(&key("folder/counter"));
    record.alone(|record| record.put_if(&Expected::Absent, b"0")).unwrap();
    race(8, |_| {
        for _ in 0..10 {
            loop {
                let (bytes, tag) = record.get().unwrap().unwrap();
                let number: u32 = String::from_utf8(bytes).unwrap().parse().unwrap();
                let (expected, next) = (Expected::Tag(tag), (number + 1).to_string());
                match record.alone(|record| record.put_if(&expected, next.as_bytes())) {
                    Err(BackendError::Conflict { .. }) => {}
                    written => break drop(written.unwrap()),
                }
            }
        }
    });
    assert_eq!(record.get().unwrap().unwrap().0, b"80");
}

#[test]
fn lines_of_several_writers_do_not_mix() {
    let (_folder, backend) = backend();
    let record = backend.record(&key("folder/log"));
    race(8, |number| {
        for _ in 0..10 {
            record.alone(|record| record.append(&[vec![b'a' + number as u8; 100]])).unwrap();
        }
    });
    let log = record.get().unwrap().unwrap().0;
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 80);
    assert!(
        lines
            .iter()
            .all(|line| line.len() == 101 && line[..100].windows(2).all(|pair| pair[0] == pair[1]))
    );
}

#[tokio::test]
async fn a_list_shows_records_only() {
    let (folder, backend) = backend();
    backend.put_if(&shared("a/b/2"), Expected::Absent, b"").await.unwrap();
    fs_err::write(folder.path().join("home/a/.kusion-x.tmp"), b"half").unwrap();
    let _lease = backend.lease(&key("a/b"), &holder("alice")).await.unwrap();
    assert_eq!(backend.list(&key("a")).await.unwrap(), [key("a/b/2")]);
}

#[tokio::test]
async fn everything_below_the_root_is_private() {
    let (folder, backend) = backend();
    backend.put_if(&shared("a/b"), Expected::Absent, b"1").await.unwrap();
    let lease = backend.lease(&key("a/stack"), &holder("alice")).await.unwrap();
    lease.append(&key("a/stack/log"), &[b"1".to_vec()]).await.unwrap();
    let mut folders = vec![folder.path().join("home")];
    let mut seen = 0;
    while let Some(path) = folders.pop() {
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs_err::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
                continue;
            }
            seen += 1;
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }
    assert_eq!(seen, 6);
}

#[tokio::test]
async fn a_refusal_says_who_holds_the_lease() {
    let (_folder, backend) = backend();
    let key = key("releases/shop/dev/dev");
    let _lease = backend.lease(&key, &holder("alice@a")).await.unwrap();
    let error = backend.lease(&key, &holder("bob@b")).await.unwrap_err();
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!(
            "`releases/shop/dev/dev` is in use by `alice@a` (`apply`, process {pid}) since 2025-11-22T12:03:00Z"
        )
    );
    assert!(!error.hints().is_empty());
}

#[tokio::test]
async fn of_several_runs_one_at_a_time_holds_the_lease() {
    let (_folder, backend) = backend();
    let stack = key("stack");
    let inside = std::sync::atomic::AtomicUsize::new(0);
    let taken = race(8, |_| {
        let mut taken = 0;
        while taken < 5 {
            match LocalLease::take(backend.clone(), &stack, holder("alice")) {
                Ok(_lease) => {
                    assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    taken += 1;
                }
                Err(error) => assert!(matches!(error, BackendError::Held { .. })),
            }
        }
        taken
    });
    let next = LocalLease::take(backend.clone(), &stack, holder("alice")).unwrap();
    assert_eq!(next.generation(), taken.iter().sum::<u64>() + 1);
}

/// A holder whose every file was removed, so that the next one begins to count anew.
#[tokio::test]
async fn a_generation_that_is_counted_again_does_not_pass_for_the_old_one() {
    let (folder, backend) = backend();
    let first = backend.lease(&key("stack"), &holder("alice")).await.unwrap();
    fs_err::remove_dir_all(folder.path().join("home")).unwrap();
    let line = key("stack/1.journal");
    assert!(matches!(
        first.append(&line, &[b"a".to_vec()]).await,
        Err(BackendError::Lost { holder: None, .. })
    ));
    let second = backend.lease(&key("stack"), &holder("bob")).await.unwrap();
    assert_eq!((first.generation(), second.generation()), (1, 1));
    assert!(matches!(first.append(&line, &[b"a".to_vec()]).await, Err(BackendError::Lost { .. })));
    second.append(&line, &[b"b".to_vec()]).await.unwrap();
    assert_eq!(backend.get(&line).await.unwrap().unwrap().0, b"b\n");
}

#[tokio::test]
async fn nobody_takes_the_lease_while_a_write_is_under_way() {
    let (folder, backend) = backend();
    let stack = key("stack");
    let _sleeper = backend.lease(&stack, &holder("alice")).await.unwrap();
    fs_err::remove_file(folder.path().join("home/.stack.lock")).unwrap();
    let record = backend.record(&stack);
    let writing = lock::folder(&record, &record.path).unwrap();
    std::thread::scope(|scope| {
        let taker = scope.spawn(|| LocalLease::take(backend.clone(), &stack, holder("bob")));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!taker.is_finished(), "the generation was raised under a writer");
        drop(writing);
        assert_eq!(taker.join().unwrap().unwrap().generation(), 2);
    });
}

#[tokio::test]
async fn a_lease_file_of_a_newer_kusion_is_left_alone() {
    let (folder, backend) = backend();
    drop(backend.lease(&key("stack"), &holder("alice")).await.unwrap());
    let path = folder.path().join("home/.stack.lease");
    let text = fs_err::read_to_string(&path).unwrap();
    let newer = text.replace("\"formatVersion\":1", "\"formatVersion\":2");
    assert_ne!(text, newer);
    fs_err::write(&path, &newer).unwrap();
    let error = backend.lease(&key("stack"), &holder("bob")).await.unwrap_err();
    assert_eq!(error.to_string(), "the lease of `stack` was written by a newer kusion");
    assert_eq!(error.hints(), ["upgrade kusion"]);
    assert_eq!(fs_err::read_to_string(&path).unwrap(), newer);
    let old = text.replace("\"formatVersion\":1,", "");
    assert_ne!(text, old);
    fs_err::write(&path, old).unwrap();
    assert_eq!(backend.lease(&key("stack"), &holder("bob")).await.unwrap().generation(), 2);
}

#[tokio::test]
async fn a_lease_file_whose_generation_cannot_grow_is_as_good_as_none() {
    let (folder, backend) = backend();
    drop(backend.lease(&key("stack"), &holder("alice")).await.unwrap());
    let path = folder.path().join("home/.stack.lease");
    let text = fs_err::read_to_string(&path).unwrap();
    let full = text.replace("\"generation\":1", &format!("\"generation\":{}", u64::MAX));
    assert_ne!(text, full);
    fs_err::write(&path, full).unwrap();
    assert_eq!(backend.lease(&key("stack"), &holder("bob")).await.unwrap().generation(), 1);
}

#[tokio::test]
async fn whoever_takes_the_lease_removes_what_dead_writers_left() {
    let (folder, backend) = backend();
    backend.put_if(&shared("stack/1"), Expected::Absent, b"1").await.unwrap();
    let left =
        ["home/.kusion-1.tmp", "home/stack/.kusion-2.tmp"].map(|name| folder.path().join(name));
    left.iter().for_each(|path| fs_err::write(path, b"half").unwrap());
    let _lease = backend.lease(&key("stack"), &holder("alice")).await.unwrap();
    assert!(left.iter().all(|path| !path.exists()));
}

/// Serves [`the_lease_of_a_killed_process_is_free_at_once`] as the process that is killed.
#[tokio::test]
#[ignore = "is run by another test, as a process of its own"]
async fn hold_a_lease_until_killed() {
    let mut root = String::new();
    std::io::stdin().read_line(&mut root).unwrap();
    let backend = LocalBackend::new(root.trim());
    let _lease = backend.lease(&key("stack"), &holder("child")).await.unwrap();
    println!("\nheld");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[tokio::test]
async fn the_lease_of_a_killed_process_is_free_at_once() {
    let (folder, backend) = backend();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "backend::local::tests::hold_a_lease_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let root = folder.path().join("home");
    writeln!(child.stdin.take().unwrap(), "{}", root.display()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    let refused = backend.lease(&key("stack"), &holder("parent")).await.unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    match refused {
        BackendError::Held { holder: Some(holder), .. } => {
            assert_eq!((holder.who.as_str(), holder.pid), ("child", child.id()));
        }
        error => panic!("{error}"),
    }
    assert_eq!(backend.lease(&key("stack"), &holder("parent")).await.unwrap().generation(), 2);
}

#[tokio::test]
async fn an_unreadable_place_is_named() {
    let (folder, _) = backend();
    fs_err::write(folder.path().join("file"), b"").unwrap();
    let backend = LocalBackend::new(folder.path().join("file"));
    let error = backend.put_if(&shared("a"), Expected::Absent, b"").await.unwrap_err();
    let place = folder.path().join("file/a");
    assert_eq!(error.to_string(), format!("cannot write record `a` in `{}`", place.display()));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_holder_of_this_machine_whose_process_is_gone_is_not_told_to_anybody() {
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    child.wait().unwrap();
    let of = |who: &str, pid| Holder { who: who.to_owned(), pid, ..holder("apply") };
    let ours = of("ada@here", std::process::id());
    assert!(lease::may_live(&ours, &ours));
    assert!(!lease::may_live(&of("bob@here", pid), &ours));
    assert!(lease::may_live(&of("bob@there", pid), &ours));
    // No process has such a number, so it tells nothing.
    assert!(lease::may_live(&of("bob@here", 0), &ours));
}
