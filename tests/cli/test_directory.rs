//! The directory of manifests: what is ours, what is not, and what somebody else did to it.

use std::path::Path;

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::Sandbox;

const FOLDER: &str = "manifests/default/dev";
const NAMESPACE: &str = "manifests/default/dev/v1_Namespace_shop.yaml";
const DEPLOYMENT: &str = "manifests/default/dev/apps+v1_Deployment_shop_shop-dev-shop.yaml";

fn applied() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write(
        "app.yaml",
        "workload: {module: service, replicas: 1, containers: {main: {image: \"shop:1\"}}}\n",
    );
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox
}

#[test]
fn a_manifest_says_whose_it_is() {
    assert_snapshot!(applied().read(NAMESPACE), @r"
    # Managed by kusion: project=shop stack=dev workspace=default id=v1:Namespace:shop
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
    ");
}

#[test]
fn a_file_edited_by_hand_is_shown_and_set_right() {
    let sandbox = applied();
    let before = sandbox.read(DEPLOYMENT);
    sandbox.edit(DEPLOYMENT, "replicas: 1", "replicas: 7");
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `manifests/default/dev`

       ID                                     ACTION  EFFECT      REASON
    ~  apps/v1:Deployment:shop:shop-dev-shop  update  no restart  changed outside kusion

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        changed outside kusion:
          spec.replicas: was 1, is 7

    1 resource was changed or deleted outside kusion.
    Plan: 0 to create, 1 to update, 0 to delete.
    ");
    sandbox.run("dev", &["apply", "--yes"]).success();
    assert_eq!(sandbox.read(DEPLOYMENT), before);
}

#[test]
fn a_file_that_was_deleted_is_made_again() {
    let sandbox = applied();
    let before = sandbox.read(DEPLOYMENT);
    fs::remove_file(sandbox.path(DEPLOYMENT)).unwrap();
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `manifests/default/dev`

       ID                                     ACTION  REASON
    +  apps/v1:Deployment:shop:shop-dev-shop  create  deleted outside kusion

    1 resource was changed or deleted outside kusion.
    Plan: 1 to create, 0 to update, 0 to delete.

    Apply complete: 1 created, 0 updated, 0 deleted. Release 2.
    --- stderr
      created apps/v1:Deployment:shop:shop-dev-shop
    ");
    assert_eq!(sandbox.read(DEPLOYMENT), before);
}

#[test]
fn a_file_that_is_no_manifest_any_more_is_set_right() {
    let sandbox = applied();
    let before = sandbox.read(NAMESPACE);
    for text in ["", "kind: [", "kind: Namespace\n", "\u{0}\u{1}"] {
        sandbox.write(NAMESPACE, text);
        assert_eq!(
            sandbox.run("dev", &["preview", "--detailed-exitcode"]).code,
            Some(2),
            "{text:?}"
        );
        sandbox.run("dev", &["apply", "--yes"]).success();
        assert_eq!(sandbox.read(NAMESPACE), before, "{text:?}");
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let sandbox = applied();
    sandbox.write("manifests/default/dev/kustomization.yaml", "resources: []\n");
    sandbox.write("manifests/default/dev/more/notes.txt", "mine");
    sandbox.write("manifests/README.md", "mine");
    let of_others = |sandbox: &Sandbox| {
        let mut files = sandbox.files("manifests");
        files.retain(|path, _| !path.to_string_lossy().contains("_shop"));
        files
    };
    let before = of_others(&sandbox);
    assert_eq!(before.len(), 3);
    sandbox.edit("app.yaml", "shop:1", "shop:2");
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert_eq!(of_others(&sandbox), before);
    assert_eq!(sandbox.files("manifests"), before);
}

#[test]
fn what_does_not_change_is_not_written() {
    let sandbox = applied();
    let before = sandbox.files(FOLDER);
    sandbox.edit("app.yaml", "shop:1", "shop:2");
    sandbox.run("dev", &["apply", "--yes"]).success();
    let after = sandbox.files(FOLDER);
    let changed: Vec<&Path> = after
        .iter()
        .filter(|(path, file)| before.get(*path) != Some(file))
        .map(|(path, _)| path.as_path())
        .collect();
    assert_eq!(changed, [sandbox.path(DEPLOYMENT)]);
}

#[test]
fn a_file_of_somebody_else_in_the_way_is_refused() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write(NAMESPACE, "kind: Namespace # mine\n");
    let before = sandbox.files("manifests");
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 1
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `manifests/default/dev`

       ID                                                               ACTION  REASON
    +  v1:Secret:shop:shop-dev-shop-mysql                               create
    +  apps/v1:Deployment:shop:shop-dev-shop                            create
    +  v1:PersistentVolumeClaim:shop:shop-dev-shop-mysql-db-local-pvc   create
    +  v1:Secret:shop:shop-dev-shop-mysql-db-local-secret               create
    +  apps/v1:Deployment:shop:shop-dev-shop-mysql-db-local-deployment  create
    +  v1:Service:shop:shop-dev-shop-mysql-db-local-service             create
    +  v1:Service:shop:shop-dev-shop-private                            create

    What is refused is left out of this plan, and nothing is done before it is mended.
    --- stderr
    error: `[root]/work/manifests/default/dev/v1_Namespace_shop.yaml` is in the way of resource `v1:Namespace:shop` and not managed by kusion
    hint: move `[root]/work/manifests/default/dev/v1_Namespace_shop.yaml` away, then try again
    ");
    assert_eq!(sandbox.run("dev", &["apply", "--yes"]).code, Some(1));
    assert_eq!(sandbox.files("manifests"), before);
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stderr
    shop/dev in workspace default has no releases yet.
    ");
}

#[test]
fn a_folder_in_the_way_of_what_we_wrote_is_refused() {
    let sandbox = applied();
    fs::remove_file(sandbox.path(NAMESPACE)).unwrap();
    fs::create_dir(sandbox.path(NAMESPACE)).unwrap();
    fs::write(sandbox.path(NAMESPACE).join("notes.txt"), "mine").unwrap();
    assert_eq!(sandbox.run("dev", &["apply", "--yes"]).code, Some(1));
    assert_eq!(sandbox.read(&format!("{NAMESPACE}/notes.txt")), "mine");
}

#[test]
fn a_file_of_another_stack_in_the_way_is_refused() {
    let sandbox = applied();
    sandbox.edit(NAMESPACE, "stack=dev", "stack=prod");
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 1
    --- stderr
    error: `[root]/work/manifests/default/dev/v1_Namespace_shop.yaml`, where resource `v1:Namespace:shop` shall be, belongs to stack `prod` of project `shop` in workspace `default`
    hint: give this stack a folder of its own in `targets.kubernetes.directory`
    ");
}

#[test]
fn nothing_temporary_stays() {
    let sandbox = applied();
    let count = sandbox.files("manifests").len();
    for image in ["shop:2", "shop:3", "shop:4"] {
        sandbox.write(
            "app.yaml",
            &format!(
                "workload: {{module: service, containers: {{main: {{image: \"{image}\"}}}}}}\n"
            ),
        );
        sandbox.run("dev", &["apply", "--yes"]).success();
        assert_eq!(sandbox.files("manifests").len(), count);
    }
    let names: Vec<String> =
        sandbox.files("manifests").keys().map(|path| path.display().to_string()).collect();
    assert!(names.iter().all(|name| name.ends_with(".yaml")), "{names:?}");
}

#[test]
fn another_directory_is_a_new_target_and_the_old_one_stays() {
    let sandbox = applied();
    let before = sandbox.files("manifests");
    sandbox.write(
        "other.yaml",
        "modules: {service: {}}\ntargets: {kubernetes: {directory: elsewhere}}\n",
    );
    sandbox.run("", &["workspace", "update", "default", "-f", "other.yaml"]).success();
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `elsewhere/default/dev`

       ID                                     ACTION  REASON
    +  v1:Namespace:shop                      create
    +  apps/v1:Deployment:shop:shop-dev-shop  create

    Plan: 2 to create, 0 to update, 0 to delete.

    Apply complete: 2 created, 0 updated, 0 deleted. Release 2.
    --- stderr
    warning: the last release went to directory `manifests/default/dev`; what is there stays there
      created v1:Namespace:shop
      created apps/v1:Deployment:shop:shop-dev-shop
    ");
    assert_eq!(sandbox.files("manifests"), before);
    assert_eq!(sandbox.files("elsewhere").len(), before.len());
}

#[test]
fn a_database_of_a_cloud_is_in_the_spec_and_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories:\n  orders: {module: mysql, type: cloud, version: \"8.0\"}\n",
    );
    sandbox.write(
        "ws.yaml",
        "modules:\n  service: {}\n  mysql: {configs: {default: {cloud: aws, region: eu-west-1, instanceType: db.t3.micro}}}\ntargets: {kubernetes: {directory: manifests}}\n",
    );
    sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]).success();
    let generated = sandbox.run("dev", &["generate"]).success();
    assert!(generated.stdout.contains("hashicorp:aws:aws_db_instance:"), "{generated}");
    for arguments in [&["preview"][..], &["apply", "--yes"]] {
        let refused = sandbox.run("dev", arguments);
        assert_eq!(refused.code, Some(1), "{refused}");
        let expected = "error: resource `hashicorp:aws:aws_db_instance:shop-dev-shop-orders` has type `Terraform`, for which there is no runtime\n";
        assert!(refused.stderr.starts_with(expected), "{refused}");
    }
    assert!(!sandbox.path("dev/manifests").exists());
}
