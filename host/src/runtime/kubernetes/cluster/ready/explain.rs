//! Looking for what keeps an object from working.

use std::time::Duration;

use serde_json::Value;

use super::events;
use super::explanation::Explanation;
use super::pods_behind::PodsBehind;
use crate::runtime::kubernetes::cluster::objects::uid;
use crate::runtime::kubernetes::cluster::wire::Transport;
use crate::runtime::kubernetes::readiness::telling_condition;

/// How long the search may take. A server that does not answer explains nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Collects what the cluster knows about an object that does not work: its condition, the pods behind it and
/// the last warnings. What cannot be read is left out.
pub(super) async fn explain(link: &Transport, object: Option<&Value>) -> Explanation {
    let Some(object) = object else { return Explanation::default() };
    let mut explanation =
        Explanation { condition: telling_condition(object), ..Explanation::default() };
    let search = async {
        let behind = PodsBehind::read(link, object).await;
        let troubled = behind.troubled();
        let mut uids: Vec<&str> = uid(object).into_iter().chain(behind.maker()).collect();
        uids.extend(troubled.uids.iter().map(String::as_str));
        uids.sort_unstable();
        uids.dedup();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        // Events about what lies in no namespace are in this one.
        let warnings = events::warnings(link, namespace.unwrap_or("default"), &uids).await;
        (troubled, warnings)
    };
    if let Ok((troubled, warnings)) = tokio::time::timeout(PATIENCE, search).await {
        explanation.pods = troubled.pods;
        explanation.more_pods = troubled.more;
        explanation.events = warnings;
    }
    explanation
}
