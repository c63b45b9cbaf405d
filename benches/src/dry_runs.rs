//! The least that a preview on a cluster can do: as many server-side-apply dry runs, from a bare client.

use std::path::{Path, PathBuf};

use fs_err as fs;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// A dry run of a server-side apply.
#[derive(Debug, Serialize, Deserialize)]
pub struct DryRun {
    /// The path of the object.
    pub path: String,
    /// The object.
    pub body: String,
}

/// All dry runs of a preview.
#[derive(Debug, Serialize, Deserialize)]
pub struct DryRuns {
    /// The file that says where the cluster is.
    pub kubeconfig: PathBuf,
    /// The dry runs.
    pub calls: Vec<DryRun>,
}

impl DryRuns {
    /// Reads what [`DryRuns::write`] wrote.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    }

    /// Writes all of it into a file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        Ok(fs::write(file, serde_json::to_vec(self)?)?)
    }

    /// Sends all of them, so many at a time. The answers are read and not looked at.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or refuses one.
    pub fn send(self, at_once: usize) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
            let client = Client::try_from(config)?;
            let sending = self.calls.into_iter().map(|call| send(&client, call));
            stream::iter(sending).buffer_unordered(at_once).try_collect().await
        })
    }
}

async fn send(client: &Client, DryRun { path, body }: DryRun) -> Result<(), Failure> {
    let request = http::Request::patch(format!(
        "{path}?fieldManager=kusion&fieldValidation=Strict&force=true&dryRun=All"
    ))
    .header(http::header::ACCEPT, "application/json")
    .header(http::header::CONTENT_TYPE, "application/apply-patch+yaml")
    .body(Body::from(body.into_bytes()))?;
    let response = client.send(request).await?;
    let status = response.status();
    let answer = response.into_body().collect_bytes().await?;
    if status.is_success() {
        return Ok(());
    }
    Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&answer)).into())
}
