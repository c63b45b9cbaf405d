//! The shop on a real cluster.

use fs_err as fs;
use kusion_cluster::Cluster;
use kusion_tests::{Reader, Sandbox, blessing, difference, repository, retell, tells};

/// What the page calls the cluster.
const CONTEXT: &str = "local";
const SERVER: &str = "https://127.0.0.1:6443";
/// What is told while an apply or a destroy goes on; when it comes depends on the cluster.
const MEANWHILE: [&str; 4] = ["  waiting ", "  ready ", "  deleting ", "  gone "];

#[test]
fn the_shop_is_made_on_a_cluster_as_its_page_says() {
    // Of its own, because the project has the name that it has.
    let cluster = Cluster::start();
    let example = repository().join("examples/shop");
    let page = example.join("cluster.md");
    let written = fs::read_to_string(&page).unwrap();
    let sandbox = Sandbox::new();
    sandbox.copy_from(&example, "shop");
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let mut reader = Reader::new(sandbox, "shop").with("KUBECONFIG", &kubeconfig);
    let kubectl = format!("{}/bin/kubectl ", cluster.folder().display());
    let mut commands = 0;
    let told = retell(&written, |command, written| {
        commands += 1;
        let command = command
            .replace(&format!("context: {CONTEXT}"), &format!("context: {}", cluster.context()))
            .replace("kubectl ", &kubectl);
        let (code, said) = reader.run(&command);
        let said = said
            .replace(&cluster.server(), SERVER)
            .replace(&format!("context `{}`", cluster.context()), &format!("context `{CONTEXT}`"));
        assert_eq!(code, Some(0), "{command}:\n{said}");
        let is_lasting = |line: &&str| !MEANWHILE.iter().any(|begin| line.starts_with(begin));
        let said: String = said.split_inclusive('\n').filter(is_lasting).collect();
        if tells(written, &said) { written.to_owned() } else { said }
    });
    assert!(commands > 0);
    if blessing() {
        fs::write(&page, told).unwrap();
    } else if let Some(difference) = difference(&written, &told) {
        panic!("{difference}");
    }
}
