//! Registries and networks that fail: what passes is borne, what stays is told, and nothing wrong is kept.

use super::double::{Double, Reply};
use super::shelf::Shelf;
use super::stage::{client, repository, store, wait};
use kusion::digest::Digest;
use kusion::module::registry::{Descriptor, RegistryError, StoreError};

/// Numbers that look random and are the same each time.
fn chance(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn a_download_goes_on_wherever_it_was_broken_off() {
    for seed in 0..20 {
        let mut chance = chance(seed);
        let component: Vec<u8> = (0..200_000).map(|_| chance(256) as u8).collect();
        let cuts: Vec<usize> = (0..2).map(|_| chance(60_000) as usize).collect();
        let mut shelf = Shelf::default();
        let content = shelf.put("1.0.0", &component);
        let double = Double::start(move |asked, before| match cuts.get(before) {
            Some(cut) if asked.path.contains("/blobs/") => shelf.answer(asked).cut(*cut),
            _ => shelf.answer(asked),
        });
        let (_folder, store) = store();
        let (client, repeats) = client();
        let repository = repository(&double.address(), "a");
        wait(client.content(&repository, &content, &store)).unwrap();
        assert_eq!(
            store.get(&content.digest).unwrap().as_deref(),
            Some(&component[..]),
            "seed {seed}"
        );
        assert_eq!(repeats.reasons().len(), 2, "seed {seed}");
        // What was here is not asked for again.
        let ranges = double.headers("/blobs/", "range");
        assert_eq!(ranges.len(), 3);
        assert!(
            ranges[1..].iter().all(|range| range.starts_with("bytes=")),
            "{ranges:?}, seed {seed}"
        );
    }
}

#[test]
fn a_registry_that_does_not_go_on_sends_the_whole() {
    let component = vec![7; 100_000];
    let mut shelf = Shelf::default();
    let content = shelf.put("1.0.0", &component);
    let double = Double::start(move |asked, before| {
        let mut asked = asked.clone();
        asked.headers.remove("range");
        let reply = shelf.answer(&asked);
        if before == 0 { reply.cut(70_000) } else { reply }
    });
    let (_folder, store) = store();
    wait(client().0.content(&repository(&double.address(), "a"), &content, &store)).unwrap();
    assert_eq!(store.get(&content.digest).unwrap(), Some(component));
}

#[test]
fn what_passes_is_borne() {
    let mut shelf = Shelf::default();
    shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, before| match (asked.path.as_str(), before) {
        ("/v2/a/manifests/1.0.0", 0) => Reply::new(429, "").header("Retry-After", "0"),
        ("/v2/a/manifests/1.0.0", 1) => Reply::nothing(),
        ("/v2/a/tags/list?n=1000", 0) => Reply::new(503, "<html>"),
        ("/v2/a/tags/list?n=1000", 1) => shelf.answer(asked).cut(5),
        _ => shelf.answer(asked),
    });
    let repository = repository(&double.address(), "a");
    let (client, repeats) = client();
    wait(client.manifest(&repository, &"1.0.0".parse().unwrap())).unwrap();
    let versions = wait(client.versions(&repository)).unwrap();
    assert_eq!(versions, ["1.0.0".parse().unwrap()]);
    let reasons: Vec<String> = repeats.reasons();
    for (reason, part) in reasons.iter().zip(["429", "cannot reach", "503", "broke off"]) {
        assert!(reason.contains(part), "{reasons:#?}");
    }
    assert_eq!(reasons.len(), 4);
}

#[test]
fn what_stays_is_told() {
    let denied = r#"{"errors": [{"code": "DENIED", "message": "pay first"}]}"#;
    for (reply, expected) in [
        (Reply::new(404, ""), "the registry has no `R:1.0.0`"),
        (Reply::new(403, denied), "the registry refuses `R:1.0.0`: 403 (DENIED: pay first)"),
        (Reply::new(401, ""), "the registry does not let everybody read or write `R:1.0.0`"),
        (Reply::new(500, "oops"), "the registry is not available for `R:1.0.0`: 500 (oops)"),
        (
            Reply::new(429, "").header("Retry-After", "86400"),
            "the registry is not available for `R:1.0.0`: 429",
        ),
        (
            Reply::new(204, ""),
            "the answer of the registry about `R:1.0.0` makes no sense: its status is 204",
        ),
        (
            Reply::new(302, ""),
            "the answer of the registry about `R:1.0.0` makes no sense: 302 leads nowhere",
        ),
        (
            Reply::new(302, "").header("Location", "http://example.com/x"),
            "the answer of the registry about `R:1.0.0` makes no sense: it leads to where nothing is encrypted",
        ),
        (
            Reply::new(302, "").header("Location", "/v2/a/manifests/1.0.0"),
            "the answer of the registry about `R:1.0.0` makes no sense: it leads elsewhere more than 5 times",
        ),
        (Reply::nothing(), "cannot reach the registry `H`"),
        (Reply::new(200, "x").cut(0), "the connection broke off in the middle of `R:1.0.0`"),
        (
            Reply::new(200, vec![b' '; (4 << 20) + 1]),
            "the answer of the registry about `R:1.0.0` makes no sense: it is longer than 4194304 bytes",
        ),
    ] {
        let double = Double::start(move |_, _| reply.clone());
        let repository = repository(&double.address(), "a");
        let error = wait(client().0.manifest(&repository, &"1.0.0".parse().unwrap())).unwrap_err();
        let text =
            error.to_string().replace(&repository.to_string(), "R").replace(&double.address(), "H");
        assert_eq!(text, expected);
    }
}

#[test]
fn nobody_there_is_told() {
    let address = Double::start(|_, _| Reply::nothing()).address();
    let (client, repeats) = client();
    let error = wait(client.versions(&repository(&address, "a"))).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot reach the registry `{address}`"));
    assert_eq!(repeats.reasons().len(), 2);
}

#[test]
fn wrong_bytes_are_never_kept() {
    let mut shelf = Shelf::default();
    let content = shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, _| {
        let mut reply = shelf.answer(asked);
        if let Some(first) = reply.body.first_mut() {
            *first ^= 1;
        }
        reply
    });
    let repository = repository(&double.address(), "a");
    let (folder, store) = store();
    let (client, _) = client();
    let error = wait(client.content(&repository, &content, &store)).unwrap_err();
    let RegistryError::WrongBytes { expected, actual, .. } = error else { panic!("{error}") };
    assert_eq!((expected, actual), (content.digest, Digest::of(b"bomponent")));
    assert_eq!(store.get(&content.digest).unwrap(), None);
    let files = fs_err::read_dir(folder.path().join("content/partial")).unwrap();
    let left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().ends_with(".lock")), "{left:?}");
    // A manifest, by what the registry says of it and by what was asked for.
    let error = wait(client.manifest(&repository, &"1.0.0".parse().unwrap())).unwrap_err();
    assert!(matches!(error, RegistryError::WrongBytes { .. }), "{error}");
    let manifest = Shelf::default().put("x", b"component").digest;
    let error = wait(client.manifest_by_digest(&repository, &manifest)).unwrap_err();
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
}

#[test]
fn a_wrong_beginning_from_another_time_is_fetched_again() {
    let mut shelf = Shelf::default();
    let content = shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, _| shelf.answer(asked));
    let (_folder, store) = store();
    let mut download = store.download(&content).unwrap().unwrap();
    download.write(b"wrong").unwrap();
    drop(download);
    let repository = repository(&double.address(), "a");
    wait(client().0.content(&repository, &content, &store)).unwrap();
    assert_eq!(store.get(&content.digest).unwrap().as_deref(), Some(&b"component"[..]));
    assert_eq!(double.headers("/blobs/", "range"), ["bytes=5-", "-"]);
}

#[test]
fn more_bytes_than_announced_never_reach_the_disk() {
    let whole = vec![1; 1 << 20];
    let content = Descriptor { digest: Digest::of(&whole), size: 1_000 };
    let (measured, unmeasured) =
        (Reply::new(200, whole.clone()), Reply::new(200, whole).unmeasured());
    for (reply, expected) in [
        (measured, "makes no sense: it announces 1048576 bytes instead of 1000"),
        (unmeasured, "cannot keep"),
    ] {
        let double = Double::start(move |_, _| reply.clone());
        let (folder, store) = store();
        let repository = repository(&double.address(), "a");
        let error = wait(client().0.content(&repository, &content, &store)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        if let RegistryError::Store { source, .. } = &error {
            assert!(matches!(source, StoreError::TooLong { .. }), "{source}");
        }
        let partial = folder.path().join("content/partial").join(content.digest.hex());
        let size = fs_err::metadata(partial).map(|file| file.len()).unwrap_or_default();
        assert!(size <= 1_000, "{size} bytes");
    }
}

#[test]
fn pages_of_tags_are_followed_within_the_registry() {
    let page = |tags: &str, next: Option<&str>| {
        let reply = Reply::new(200, format!(r#"{{"name": "a", "tags": {tags}}}"#));
        match next {
            Some(next) => reply.header("Link", &format!("<{next}>; rel=\"next\"")),
            None => reply,
        }
    };
    let double = Double::start(move |asked, _| match asked.path.as_str() {
        "/v2/a/tags/list?n=1000" => {
            page(r#"["latest", "0.10.0", "0.9.0"]"#, Some("/v2/a/tags/list?last=0.9.0&n=3"))
        }
        "/v2/a/tags/list?last=0.9.0&n=3" => page(r#"["1.0.0_build.1", "sha256-00.sig"]"#, None),
        "/v2/none/tags/list?n=1000" => page("null", None),
        _ => page("[]", Some("http://127.0.0.1:1/v2/elsewhere/tags/list")),
    });
    let (client, _) = client();
    let versions = |name: &str| wait(client.versions(&repository(&double.address(), name)));
    let texts: Vec<String> = versions("a").unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["0.9.0", "0.10.0", "1.0.0+build.1"]);
    assert_eq!(versions("none").unwrap(), []);
    let error = versions("other").unwrap_err().to_string();
    assert!(error.ends_with("its next page is in another registry"), "{error}");
}
