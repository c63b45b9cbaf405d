//! Whole answers of the `inference` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Patch, Rejection, Scope};
use serde_json::{Value, json};

use crate::Inference;

fn call() -> Call<Inference> {
    Call::new(json!({"model": "llama3", "framework": "Ollama"}))
}

fn output(call: Call<Inference>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn ids(output: &Output) -> Vec<&str> {
    output.resources.iter().map(|it| it.id.as_str()).collect()
}

fn pod(output: &Output) -> &Value {
    &output.resources[1].attributes["spec"]["template"]["spec"]
}

fn variables(output: &Output) -> &[Value] {
    match output.patches.as_slice() {
        [Patch::Env(variables)] => variables,
        other => panic!("no environment: {other:?}"),
    }
}

fn modelfile(config: Value) -> String {
    let output = output(Call::new(config));
    let variables = pod(&output)["initContainers"][0]["env"].as_array().cloned();
    let modelfile =
        variables.into_iter().flatten().find(|variable| variable["name"] == "MODELFILE");
    modelfile.and_then(|variable| variable["value"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// Upstream gives every app of a namespace the same names.
#[test]
fn names_are_unique_to_the_app_and_the_accessory() {
    assert_eq!(
        ids(&output(call())),
        [
            "v1:PersistentVolumeClaim:shop:shop-dev-web-inference-models",
            "apps/v1:Deployment:shop:shop-dev-web-inference-ollama",
            "v1:Service:shop:shop-dev-web-inference-ollama",
        ]
    );
    let first = output(call().accessory("chat"));
    let second = output(call().accessory("summary"));
    assert!(ids(&first).iter().all(|id| !ids(&second).contains(id)));
    assert_ne!(
        first.resources[2].attributes["spec"]["selector"],
        second.resources[2].attributes["spec"]["selector"],
    );
}

/// Upstream gives the name of a Service and leaves the rest to the app.
#[test]
fn the_app_gets_a_whole_url_and_the_name_of_its_model() {
    assert_eq!(
        variables(&output(call())),
        [
            json!({"name": "INFERENCE_MODEL", "value": "kusion/inference"}),
            json!({"name": "INFERENCE_URL", "value": "http://shop-dev-web-inference-ollama:11434/v1"}),
        ]
    );
}

#[test]
fn two_models_of_one_app_have_variables_of_their_own() {
    assert_eq!(
        variables(&output(call().accessory("small-talk"))),
        [
            json!({"name": "INFERENCE_MODEL_SMALL_TALK", "value": "kusion/small-talk"}),
            json!({
                "name": "INFERENCE_URL_SMALL_TALK",
                "value": "http://shop-dev-web-small-talk-ollama:11434/v1",
            }),
        ]
    );
}

/// Upstream's schema takes it, and its module then says that the framework must be `KubeRay`.
#[test]
fn kube_ray_is_refused_by_name_at_its_place() {
    let call = Call::<Inference>::new(json!({"model": "llama3", "framework": "KubeRay"}));
    let text = "`KubeRay` is not available in this version: only `Ollama`";
    assert_eq!(call.generate(), Err(Rejection::invalid("/config/framework", text)));
}

#[test]
fn the_model_gets_every_setting() {
    let smallest = modelfile(json!({"model": "llama3", "framework": "Ollama"}));
    assert_eq!(
        smallest,
        "FROM llama3\nPARAMETER num_ctx 2048\nPARAMETER num_predict 128\nPARAMETER temperature 0.8\nPARAMETER top_k 40\nPARAMETER top_p 0.9\n"
    );
    let whole = modelfile(json!({
        "model": "qwen3:8b",
        "framework": "Ollama",
        "system": "You cost $5.\nSay \"no\".",
        "template": "{{ .Prompt }}",
        "top_k": 1,
        "top_p": 1,
        "temperature": 0,
        "num_predict": -2,
        "num_ctx": 4096,
    }));
    assert_eq!(
        whole,
        "FROM qwen3:8b\nPARAMETER num_ctx 4096\nPARAMETER num_predict -2\nPARAMETER temperature 0\nPARAMETER top_k 1\nPARAMETER top_p 1\nSYSTEM \"\"\"You cost $$5.\nSay \"no\".\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\n"
    );
}

#[test]
fn the_server_is_secure_and_has_resources() {
    let output = output(call());
    let pod = pod(&output);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"], json!({"seccompProfile": {"type": "RuntimeDefault"}}));
    for container in ["/initContainers/0", "/containers/0"] {
        let container = pod.pointer(container).cloned().unwrap_or_default();
        assert_eq!(container["securityContext"], json!({"allowPrivilegeEscalation": false}));
        assert_eq!(
            container["resources"],
            json!({"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "16Gi"}})
        );
    }
}

#[test]
fn a_restricted_server_runs_as_nobody_special_and_writes_to_its_volume_only() {
    let platform = json!({
        "podSecurity": "restricted",
        "image": "registry.example.com/ollama:1",
        "size": 5,
        "resources": {"nvidia.com/gpu": "1", "memory": "8Gi"},
    });
    let output = output(call().platform(platform));
    let storage = &output.resources[0].attributes["spec"]["resources"]["requests"]["storage"];
    assert_eq!(storage, "5Gi");
    let pod = pod(&output);
    assert_eq!(
        pod["securityContext"],
        json!({
            "seccompProfile": {"type": "RuntimeDefault"},
            "runAsNonRoot": true,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "fsGroupChangePolicy": "OnRootMismatch",
        })
    );
    let serve = &pod["containers"][0];
    assert_eq!(serve["image"], "registry.example.com/ollama:1");
    assert_eq!(serve["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        serve["volumeMounts"],
        json!([
            {"name": "models", "mountPath": "/var/lib/ollama"},
            {"name": "ollama-tmp", "mountPath": "/tmp"},
        ])
    );
    assert_eq!(
        serve["resources"],
        json!({"requests": {"cpu": "500m"}, "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"}})
    );
}

#[test]
fn names_fit_however_long_those_of_the_scope_are() {
    let scope = Scope {
        project: "9".repeat(100),
        stack: "d".repeat(100),
        workspace: "dev".to_owned(),
        app: "a".repeat(63),
        namespace: "other".to_owned(),
    };
    let output = output(call().accessory(&"x".repeat(63)).scope(scope));
    for resource in &output.resources {
        let metadata = &resource.attributes["metadata"];
        assert!(metadata["name"].as_str().is_some_and(|name| name.len() <= 63));
        assert_eq!(metadata["namespace"], "other");
    }
    let service = output.resources[2].attributes["metadata"]["name"].as_str().unwrap_or_default();
    assert!(service.starts_with("s-9"), "{service}");
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let call = Call::<Inference>::new(json!({
        "model": "llama 3",
        "framework": "KubeRay",
        "system": "\"\"\"",
        "template": "x".repeat(50_000),
        "top_p": 1.5,
        "temperature": -1,
        "num_predict": -3,
        "num_ctx": 0,
    }))
    .platform(json!({"image": "Ollama", "size": 0, "resources": {"cpu": "lots"}}));
    let Err(Rejection::Invalid(problems)) = call.generate() else {
        panic!("much is wrong");
    };
    let pointers: Vec<_> = problems.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/config/framework",
            "/config/model",
            "/config/top_p",
            "/config/temperature",
            "/config/num_predict",
            "/config/num_ctx",
            "/config/system",
            "/config/template",
            "/platform/image",
            "/platform/size",
            "/platform/resources/cpu",
        ]
    );
}

#[test]
fn the_model_cannot_be_the_one_that_is_made_of_it() {
    for model in ["kusion/inference", "kusion/inference:latest"] {
        let call = Call::<Inference>::new(json!({"model": model, "framework": "Ollama"}));
        let Err(Rejection::Invalid(problems)) = call.generate() else {
            panic!("{model} was accepted");
        };
        assert_eq!(problems[0].pointer.as_str(), "/config/model");
    }
}
