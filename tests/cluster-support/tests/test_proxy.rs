//! The proxy does what it says, and the server has or has not seen the request accordingly.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kusion_cluster::{Cluster, Fault, PodFate, Proxy, Rule, User};

use crate::client::{Answer, ask, ask_until};
use crate::manifests::{config_map, deployment};
use crate::test_server::{apply, until_available};

type Fits = fn(&io::Result<Answer>) -> bool;

#[test]
fn without_a_rule_it_passes_everything_on_and_counts() {
    let (cluster, namespace, proxy) = setup();
    let kubeconfig = cluster.kubeconfig_through(&proxy, User::AdminByToken);
    let args = ["apply", "--server-side", "--namespace", &namespace, "--filename=-"];
    let _ = cluster.kubectl_with(&kubeconfig, &args, &config_map("one")).expect_ok();
    assert_eq!(proxy.count("PATCH", "/configmaps/one?"), 1);
    let patch = proxy.requests().into_iter().find(|request| request.verb == "PATCH").expect("it");
    assert_eq!((patch.status, patch.fault), (Some(201), None));
    proxy.forget();
    assert_eq!(proxy.requests(), []);
    // Users keep their rights behind it.
    let nobody = cluster.kubeconfig_through(&proxy, User::Nobody);
    assert!(cluster.kubectl_with(&nobody, &["get", "nodes"], "").stderr.contains("(Forbidden)"));
}

#[test]
fn a_watch_arrives_as_it_happens() {
    let (cluster, namespace, proxy) = setup();
    let watch =
        format!("GET /api/v1/namespaces/{namespace}/configmaps?watch=true&timeoutSeconds=600");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask_until(cluster, proxy.port(), &watch, r#""name":"late""#));
        cluster.until("a watch", || {
            proxy.requests().iter().any(|request| request.status == Some(200))
        });
        let _ = make(cluster, &namespace, cluster.port(), "late").expect("an answer");
        waiting.join().expect("no panic").expect("the event");
    });
}

#[test]
fn port_forward_works_through_it() {
    let (cluster, namespace, proxy) = setup();
    apply(cluster, &namespace, &deployment("shop", PodFate::Ready));
    until_available(cluster, &namespace, "shop");
    let mut forward = Command::new(cluster.folder().join("bin/kubectl"))
        .args(["port-forward", "deployment/shop", ":8080", "--namespace", &namespace])
        .env("KUBECONFIG", cluster.kubeconfig_through(&proxy, User::AdminByToken))
        .env("HOME", cluster.folder())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl");
    // It dies when nobody reads what it says, so the reader stays.
    let mut said = BufReader::new(forward.stdout.take().expect("its output"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    let port =
        line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
    stream.write_all(b"hello").expect("a write");
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).expect("an echo");
    assert_eq!(&echo, b"hello");
    forward.kill().expect("a kill");
    let _ = forward.wait();
}

#[test]
fn each_fault_is_what_it_says_and_reaches_the_server_or_not() {
    let (cluster, namespace, proxy) = setup();
    let cases: [(Fault, bool, Fits); 8] = [
        (Fault::Answer(500), false, |answer| status(answer) == 500),
        (Fault::Answer(401), false, |answer| status(answer) == 401),
        (Fault::TooMany { retry_after: 3 }, false, |answer| {
            status(answer) == 429
                && answer.as_ref().is_ok_and(|answer| answer.head.contains("\r\nretry-after: 3"))
        }),
        (Fault::AnswerAfter(504), true, |answer| status(answer) == 504),
        (Fault::ResetBefore, false, is_reset),
        (Fault::ResetAfter, true, is_reset),
        (Fault::Half, true, |answer| {
            answer.as_ref().is_ok_and(|answer| {
                answer.status == 201 && answer.body.len() == answer.promised() / 2
            })
        }),
        (Fault::SilentAfter, true, |answer| status(answer) == 0),
    ];
    for (number, (fault, reaches, fits)) in cases.into_iter().enumerate() {
        let name = format!("case-{number}");
        proxy.inject(Rule::always(fault).verb("POST").times(1));
        let answer = if fault == Fault::SilentAfter {
            silently(cluster, &namespace, &proxy, &name)
        } else {
            make(cluster, &namespace, proxy.port(), &name)
        };
        assert!(fits(&answer), "{fault:?}: {answer:?}");
        assert_eq!(cluster.object("configmap", &namespace, &name).is_some(), reaches, "{fault:?}");
        assert_eq!(proxy.requests().last().and_then(|request| request.fault), Some(fault));
        // The rule is used up, and the proxy goes on.
        let again = make(cluster, &namespace, proxy.port(), &name).expect("an answer");
        assert_eq!(again.status, if reaches { 409 } else { 201 }, "{fault:?}");
    }
}

#[test]
fn a_watch_breaks_off_in_the_middle() {
    let (cluster, namespace, proxy) = setup();
    let _ = make(cluster, &namespace, cluster.port(), "one").expect("an answer");
    proxy.inject(Rule::always(Fault::Half));
    let watch =
        format!("GET /api/v1/namespaces/{namespace}/configmaps?watch=true&resourceVersion=0");
    let answer = ask(cluster, proxy.port(), &watch, "").expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(!answer.body.is_empty() && answer.body.len() < answer.promised());
}

#[test]
fn latency_is_added_to_every_request() {
    let (cluster, _, proxy) = setup();
    proxy.slow_down(Duration::from_millis(300));
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(ask(cluster, proxy.port(), "GET /readyz", "").expect("an answer").status, 200);
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn kubectl_survives_seeded_faults_and_the_server_gets_everything() {
    let (cluster, namespace, proxy) = setup();
    let kubeconfig = cluster.kubeconfig_through(&proxy, User::AdminByToken);
    // The name of the namespace, another one in each run, is a part of every path: at 20 in a hundred, one run in ninety
    // would meet no fault at all.
    proxy.inject(
        Rule::sometimes(4, 50, &[Fault::TooMany { retry_after: 0 }, Fault::ResetAfter])
            .to("configmaps"),
    );
    for number in 0..20 {
        let name = format!("map-{number}");
        let args = ["apply", "--server-side", "--namespace", &namespace, "--filename=-"];
        cluster.until("an apply that gets through", || {
            cluster.kubectl_with(&kubeconfig, &args, &config_map(&name)).ok
        });
        assert!(cluster.object("configmap", &namespace, &name).is_some());
    }
    assert!(proxy.requests().iter().any(|request| request.fault.is_some()));
}

fn setup() -> (&'static Cluster, String, Proxy) {
    let cluster = Cluster::shared();
    (cluster, cluster.make_namespace(), cluster.proxy())
}

fn make(cluster: &Cluster, namespace: &str, port: u16, name: &str) -> io::Result<Answer> {
    ask(
        cluster,
        port,
        &format!("POST /api/v1/namespaces/{namespace}/configmaps"),
        &config_map(name),
    )
}

/// Sends a request that is never answered, and ends its connection by ending the proxy's wait.
fn silently(cluster: &Cluster, namespace: &str, proxy: &Proxy, name: &str) -> io::Result<Answer> {
    let kubeconfig = cluster.kubeconfig_through(proxy, User::AdminByToken);
    let args = ["create", "configmap", name, "--namespace", namespace, "--request-timeout=2s"];
    let outcome = cluster.kubectl_with(&kubeconfig, &args, "");
    assert!(!outcome.ok, "{outcome:?}");
    Err(io::ErrorKind::TimedOut.into())
}

fn status(answer: &io::Result<Answer>) -> u16 {
    answer.as_ref().map_or(0, |answer| answer.status)
}

fn is_reset(answer: &io::Result<Answer>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}
