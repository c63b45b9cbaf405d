//! No process and no file outlives whoever needed it, however that ended.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use kusion_cluster::Cluster;

#[test]
fn a_cluster_that_is_dropped_leaves_no_process_and_no_file() {
    let cluster = Cluster::start();
    let folder = cluster.folder().to_owned();
    let processes = processes_in(&folder);
    assert!(processes.len() >= 6, "{processes:?}");
    drop(cluster);
    assert_eq!(processes_in(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}

#[test]
fn a_test_that_is_killed_leaves_no_process_and_no_file() {
    let (mut holder, folder) = hold("own");
    holder.kill().expect("a kill");
    let _ = holder.wait();
    until_gone(&folder);
    let ends = Instant::now();
    while folder.exists() && ends.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(20));
    }
    assert!(!folder.exists());
}

#[test]
fn a_keeper_that_is_killed_takes_everything_with_it() {
    let (mut holder, folder) = hold("own");
    let keeper = fs_err::read_to_string(folder.join("keeper.pid")).expect("its number");
    let killed = Command::new("kill").args(["-KILL", keeper.trim()]).status().expect("kill");
    assert!(killed.success());
    until_gone(&folder);
    holder.kill().expect("a kill");
    let _ = holder.wait();
    // What nobody could remove.
    fs_err::remove_dir_all(&folder).expect("a folder");
    fs_err::remove_file(folder.with_extension("lock")).expect("a lock");
}

#[test]
fn processes_that_run_at_the_same_time_share_one_cluster() {
    let cluster = Cluster::shared();
    let (mut holder, folder) = hold("shared");
    assert_eq!(folder, cluster.folder());
    holder.kill().expect("a kill");
    let _ = holder.wait();
    let _ = cluster.kubectl(&["get", "nodes"]).expect_ok();
}

fn hold(what: &str) -> (Child, PathBuf) {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_hold-cluster"))
        .arg(what)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a holder");
    let mut line = String::new();
    BufReader::new(holder.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert!(!line.is_empty(), "it could not start a cluster");
    (holder, PathBuf::from(line.trim()))
}

fn until_gone(folder: &Path) {
    let start = Instant::now();
    while !processes_in(folder).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", processes_in(folder));
        sleep(Duration::from_millis(20));
    }
}

/// Returns the command lines of all processes that work in a folder; one that has ended already has none.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let gone = format!("{} (deleted)", folder.display());
    let processes = fs_err::read_dir("/proc").expect("processes").flatten().filter(|process| {
        let works_in = fs_err::read_link(process.path().join("cwd"));
        works_in.is_ok_and(|path| path == folder || path.as_os_str() == gone.as_str())
    });
    let mut lines: Vec<_> = processes
        .filter_map(|process| fs_err::read_to_string(process.path().join("cmdline")).ok())
        .map(|line| line.replace('\0', " "))
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort();
    lines
}
