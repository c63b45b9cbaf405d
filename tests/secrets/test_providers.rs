//! The other providers: variables of the environment, values in the workspace, and those that are not available.

use insta::assert_snapshot;

use super::stage::Stage;

const PLAIN: &str = "{directory: manifests, secrets: plain}";

#[test]
fn variables_are_read_that_the_workspace_lists_and_no_others() {
    let stage = Stage::new("{env: {names: [DB], prefix: SHOP_}}")
        .with("DB", r#"{"password": "planted-word", "user": "planted-user"}"#)
        .with("SHOP_TOKEN", "planted-token")
        .with("AWS_SECRET_ACCESS_KEY", "planted-key");
    stage.refer(&[("password", "ref://DB/password"), ("token", "ref://SHOP_TOKEN")]);
    stage.apply();
    assert_eq!(stage.data(), ["password: planted-word", "token: planted-token"]);
    for (reference, expected) in [
        ("ref://AWS_SECRET_ACCESS_KEY", "does not list the variable"),
        ("ref://SHOP_UNSET", "the variable is not set"),
        ("ref://KUSION_HOME", "does not list the variable"),
    ] {
        stage.refer(&[("password", reference)]);
        let refused = stage.run(&["preview"]);
        assert_eq!(refused.code, Some(1), "{refused}");
        assert!(refused.stderr.contains(expected), "{refused}");
        assert!(!refused.to_string().contains("planted"), "{refused}");
    }
}

#[test]
fn values_of_the_workspace_are_for_trying_things_out() {
    let stage = Stage::new(
        "{fake: {data: [{key: db/password, value: hunter2-old, version: \"1\"}, {key: db/password, value: hunter2-new, version: \"2\"}]}}",
    );
    stage.refer(&[("password", "ref://db/password"), ("before", "ref://db/password?version=1")]);
    let applied = stage.apply();
    assert_eq!(stage.data(), ["before: hunter2-old", "password: hunter2-new"]);
    assert!(!applied.to_string().contains("hunter2"), "{applied}");
}

#[test]
fn a_provider_that_is_not_available_is_named() {
    let stage = Stage::new("{fake: {data: [{key: db/password, value: hunter2}]}}");
    stage.refer(&[("password", "ref://db/password")]);
    stage.apply();
    stage.change_workspace("{aws: {region: eu-west-1, profile: p}}", PLAIN);
    assert_snapshot!(stage.run(&["preview"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                 ACTION  REASON
    ~  v1:Secret:shop:db  update  whether a secret value changed is unknown

    ~ v1:Secret:shop:db
        from workload of app `shop` (module `service`)
        stringData.password: (secret, unknown)

    Plan: 0 to create, 1 to update, 0 to delete.
    A secret cannot be read now, so that its value is unknown: secret store provider `aws` is not available in this version; `ref://db` needs it.
    ");
    assert_snapshot!(stage.run(&["apply", "--yes"]).stderr, @r"
    error: secret store provider `aws` is not available in this version; `ref://db/password` needs it
    hint: this version reads from `vault`, `kubernetes`, `env` and `fake`
    ");
    assert_eq!(stage.data(), ["password: hunter2"]);
}

#[test]
fn a_cluster_that_nothing_names_is_told() {
    let stage = Stage::new("{kubernetes: {namespace: vault}}");
    stage.refer(&[("password", "ref://db/password")]);
    assert_snapshot!(stage.run(&["preview"]), @"");
    assert_snapshot!(stage.run(&["apply", "--yes"]).stderr, @"");
}
