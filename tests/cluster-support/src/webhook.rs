//! An admission webhook for which a test decides.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::proxy::Tls;

/// Says why an object is rejected, or nothing if it is not.
type Judge = Arc<dyn Fn(&Value) -> Option<String> + Send + Sync>;

/// A server that the API server asks about objects; it stops when it is dropped.
#[derive(Debug)]
pub struct Webhook {
    port: u16,
    authority: Value,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Webhook {
    pub(crate) fn start(pki: &Path, authority: Value, judge: Judge) -> Self {
        let tls = Tls::read(pki);
        let (stop, mut stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap_or_else(|error| panic!("cannot start: {error}"));
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await;
                let listener = listener.unwrap_or_else(|error| panic!("cannot start: {error}"));
                let _ = tell.send(listener.local_addr().map(|address| address.port()));
                loop {
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted,
                        _ = &mut stopped => break,
                    };
                    let Ok((stream, _)) = accepted else { continue };
                    let (accept, judge) = (tls.accept.clone(), judge.clone());
                    tokio::spawn(async move {
                        let Ok(stream) = accept.accept(stream).await else { return };
                        let service = service_fn(|request| answer(request, judge.clone()));
                        let connection = hyper::server::conn::http1::Builder::new();
                        let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                    });
                }
            });
            runtime.shutdown_background();
        });
        let port = told
            .recv()
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("cannot start the webhook"));
        Self { port, authority, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns the configuration by which the API server asks about what `rule` says, in one namespace.
    #[must_use]
    pub fn configuration(&self, name: &str, namespace: &str, rule: &Value) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [{
                "name": format!("{name}.example.com"), "admissionReviewVersions": ["v1"],
                "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 10, "rules": [rule],
                "clientConfig": {
                    "url": format!("https://127.0.0.1:{}/", self.port), "caBundle": self.authority,
                },
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            }],
        })
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    judge: Judge,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let rejected = judge(&review["request"]["object"]);
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"], "allowed": rejected.is_none(),
            "status": {"message": rejected},
        },
    });
    Ok(Response::new(Full::new(Bytes::from(review.to_string()))))
}
