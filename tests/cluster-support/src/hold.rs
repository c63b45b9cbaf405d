//! Holds a cluster until it is killed, and says where it is; tests of a cluster's lifetime need a victim.
//!
//! Usage: `hold-cluster shared|own`

use std::io::{Write, stdout};
use std::time::Duration;

use kusion_cluster::Cluster;

fn main() {
    let own;
    let cluster = if std::env::args().nth(1).as_deref() == Some("shared") {
        Cluster::shared()
    } else {
        own = Cluster::start();
        &own
    };
    let _ = writeln!(stdout(), "{}", cluster.folder().display());
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}
