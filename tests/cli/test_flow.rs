//! What a user types on the first day, from `init` to `destroy`.

use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn a_new_project_is_previewed_applied_changed_and_destroyed() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("", &["init", "--target", "shop"]), @r"
    exit 0
    --- stdout
    Made project `shop` with one stack, `default`:
      shop/project.yaml
      shop/app.yaml
      shop/default/stack.yaml
      shop/default/app.yaml
    Made workspace `default`: it lists the bundled modules.

    Its target is a directory: `kusion apply` writes manifests to `manifests/`, and needs no cluster.
    For a cluster, name its context in place of the directory, as in `kubernetes: {context: my-cluster}`:

      kusion workspace show default > default.yaml
      kusion workspace update default -f default.yaml

    To see what would be made:

      cd shop/default
      kusion preview
    ");
    let run = |arguments: &[&str]| sandbox.run("shop/default", arguments);
    assert_snapshot!(run(&["preview"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

       ID                                         ACTION  REASON
    +  v1:Namespace:shop                          create
    +  apps/v1:Deployment:shop:shop-default-shop  create
    +  v1:Service:shop:shop-default-shop-private  create

    Plan: 3 to create, 0 to update, 0 to delete.
    ");
    assert_snapshot!(run(&["apply", "--yes", "--parallelism", "1"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

       ID                                         ACTION  REASON
    +  v1:Namespace:shop                          create
    +  apps/v1:Deployment:shop:shop-default-shop  create
    +  v1:Service:shop:shop-default-shop-private  create

    Plan: 3 to create, 0 to update, 0 to delete.

    Apply complete: 3 created, 0 updated, 0 deleted. Release 1.
    --- stderr
      created v1:Namespace:shop
      created apps/v1:Deployment:shop:shop-default-shop
      created v1:Service:shop:shop-default-shop-private
    ");
    assert_snapshot!(run(&["preview"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

    No changes: everything is as the configuration says.
    ");

    sandbox.edit("shop/app.yaml", "nginx:1.27", "nginx:1.28");
    sandbox.edit("shop/default/app.yaml", "replicas: 2", "replicas: 3");
    assert_snapshot!(run(&["preview"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

       ID                                         ACTION  EFFECT           REASON
    ~  apps/v1:Deployment:shop:shop-default-shop  update  rolling restart

    ~ apps/v1:Deployment:shop:shop-default-shop
        from workload of app `shop` (module `service`)
        spec.replicas: 2 -> 3
        spec.template.spec.containers[main].image: nginx:1.27 -> nginx:1.28

    Plan: 0 to create, 1 to update, 0 to delete (1 rolling restart).
    ");
    assert_snapshot!(run(&["apply", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

       ID                                         ACTION  EFFECT           REASON
    ~  apps/v1:Deployment:shop:shop-default-shop  update  rolling restart

    ~ apps/v1:Deployment:shop:shop-default-shop
        from workload of app `shop` (module `service`)
        spec.replicas: 2 -> 3
        spec.template.spec.containers[main].image: nginx:1.27 -> nginx:1.28

    Plan: 0 to create, 1 to update, 0 to delete (1 rolling restart).

    Apply complete: 0 created, 1 updated, 0 deleted. Release 2.
    --- stderr
      updated apps/v1:Deployment:shop:shop-default-shop
    ");
    assert_snapshot!(run(&["apply", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

    No changes: everything is as the configuration says.
    ");
    assert_snapshot!(run(&["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE      RESOURCES  CREATED               BY
    1         apply      succeeded  3          2000-01-01T00:00:00Z  tester@[host]
    2         apply      succeeded  3          2000-01-01T00:00:00Z  tester@[host]
    ");
    assert_snapshot!(run(&["destroy", "--yes", "--parallelism", "1"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

       ID                                         ACTION  REASON
    -  v1:Service:shop:shop-default-shop-private  delete
    -  apps/v1:Deployment:shop:shop-default-shop  delete
    -  v1:Namespace:shop                          delete

    Plan: 0 to create, 0 to update, 3 to delete.

    Destroy complete: 3 deleted. Release 3.
    --- stderr
      deleted v1:Service:shop:shop-default-shop-private
      deleted apps/v1:Deployment:shop:shop-default-shop
      deleted v1:Namespace:shop
    ");
    assert_snapshot!(run(&["destroy", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `default` of project `shop`, workspace `default`
    Target: directory `manifests/default/default`

    Nothing to do: there are no resources.
    ");
    assert!(sandbox.files("shop/manifests").is_empty());
}

#[test]
fn an_accessory_that_leaves_takes_its_resources_along() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox.write("dev/app.yaml", "workload: {containers: {main: {env: null}}}\naccessories: {mysql: null, network: {ports: [{port: 81}]}}\n");
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes", "--parallelism", "1"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `manifests/default/dev`

       ID                                                               ACTION  EFFECT           REASON
    ~  apps/v1:Deployment:shop:shop-dev-shop                            update  rolling restart
    ~  v1:Service:shop:shop-dev-shop-private                            update
    -  v1:Service:shop:shop-dev-shop-mysql-db-local-service             delete
    -  apps/v1:Deployment:shop:shop-dev-shop-mysql-db-local-deployment  delete
    -  v1:Secret:shop:shop-dev-shop-mysql-db-local-secret               delete
    -  v1:PersistentVolumeClaim:shop:shop-dev-shop-mysql-db-local-pvc   delete  data at risk
    -  v1:Secret:shop:shop-dev-shop-mysql                               delete

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        spec.template.spec.containers[main].env[DB_HOST].name: DB_HOST -> (removed)
        spec.template.spec.containers[main].env[DB_HOST].value: $(KUSION_DB_HOST_MYSQL) -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_HOST_MYSQL].name: KUSION_DB_HOST_MYSQL -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_HOST_MYSQL].valueFrom.secretKeyRef.key: hostAddress -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_HOST_MYSQL].valueFrom.secretKeyRef.name: shop-dev-shop-mysql -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_PASSWORD_MYSQL].name: KUSION_DB_PASSWORD_MYSQL -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_PASSWORD_MYSQL].valueFrom.secretKeyRef.key: password -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_PASSWORD_MYSQL].valueFrom.secretKeyRef.name: shop-dev-shop-mysql -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_USERNAME_MYSQL].name: KUSION_DB_USERNAME_MYSQL -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_USERNAME_MYSQL].valueFrom.secretKeyRef.key: username -> (removed)
        spec.template.spec.containers[main].env[KUSION_DB_USERNAME_MYSQL].valueFrom.secretKeyRef.name: shop-dev-shop-mysql -> (removed)

    ~ v1:Service:shop:shop-dev-shop-private
        from accessory `network` of app `shop` (module `network`)
        spec.ports[shop-dev-shop-private-80-tcp].name: shop-dev-shop-private-80-tcp -> (removed)
        spec.ports[shop-dev-shop-private-80-tcp].port: 80 -> (removed)
        spec.ports[shop-dev-shop-private-80-tcp].protocol: TCP -> (removed)
        spec.ports[shop-dev-shop-private-80-tcp].targetPort: 80 -> (removed)
        spec.ports[shop-dev-shop-private-81-tcp].name: shop-dev-shop-private-81-tcp
        spec.ports[shop-dev-shop-private-81-tcp].port: 81
        spec.ports[shop-dev-shop-private-81-tcp].protocol: TCP
        spec.ports[shop-dev-shop-private-81-tcp].targetPort: 81

    Plan: 0 to create, 2 to update, 5 to delete (1 rolling restart, 1 data at risk).

    Apply complete: 0 created, 2 updated, 5 deleted. Release 2.
    --- stderr
      updated apps/v1:Deployment:shop:shop-dev-shop
      updated v1:Service:shop:shop-dev-shop-private
      deleted v1:Service:shop:shop-dev-shop-mysql-db-local-service
      deleted apps/v1:Deployment:shop:shop-dev-shop-mysql-db-local-deployment
      deleted v1:Secret:shop:shop-dev-shop-mysql-db-local-secret
      deleted v1:PersistentVolumeClaim:shop:shop-dev-shop-mysql-db-local-pvc
      deleted v1:Secret:shop:shop-dev-shop-mysql
    ");
}

#[test]
fn init_refuses_a_folder_that_is_not_empty() {
    let sandbox = Sandbox::new();
    sandbox.write("shop/notes.txt", "mine");
    assert_snapshot!(sandbox.run("", &["init", "--target", "shop"]), @r"
    exit 1
    --- stderr
    error: folder `shop` is not empty
    ");
    assert_eq!(sandbox.read("shop/notes.txt"), "mine");
    assert_snapshot!(sandbox.run("my shop!", &["init"]), @r"
    exit 1
    --- stderr
    error: namespace `my shop!` may only contain lower-case letters, digits and `-`, and begins and ends with a letter or digit
    hint: the project is named after its folder: choose one with `--target`
    ");
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::new().with_shop();
    let dry = sandbox.run("dev", &["apply", "--dry-run"]).success();
    assert_eq!(dry.stdout, sandbox.run("dev", &["preview"]).success().stdout);
    assert!(!sandbox.path("manifests").exists());
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stderr
    shop/dev in workspace default has no releases yet.
    ");
}

#[test]
fn two_stacks_in_two_workspaces_do_not_touch_each_other() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("dev", "{directory: manifests}");
    sandbox.make_workspace("prod", "{directory: manifests}");
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
    sandbox.write("prod/stack.yaml", "name: prod\nworkspace: prod\n");
    sandbox.write("prod/app.yaml", "workload: {replicas: 5}\n");
    sandbox.run("dev", &["apply", "--yes"]).success();
    let before = sandbox.files("manifests/dev");
    sandbox.run("prod", &["apply", "--yes"]).success();
    assert_eq!(sandbox.files("manifests/dev"), before);
    assert!(
        sandbox
            .read("manifests/prod/prod/apps+v1_Deployment_shop_shop-prod-shop.yaml")
            .contains("replicas: 5")
    );
    assert_snapshot!(sandbox.run("", &["stack", "list"]), @r"
    exit 0
    --- stdout
    PROJECT  WORKSPACE  STACK
    shop     dev        dev
    shop     prod       prod
    ");

    let before = sandbox.files("manifests/prod");
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(!sandbox.path("manifests/dev").exists());
    assert_eq!(sandbox.files("manifests/prod"), before);
    assert_eq!(sandbox.run("prod", &["preview", "--detailed-exitcode"]).code, Some(0));
}
