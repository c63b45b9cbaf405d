//! The access policy of a domain, as IAM wants it.

use std::collections::BTreeMap;

use kusion_sdk::{Pointer, Problems};
use serde_json::{Value, json};

use crate::config::{PrincipalType, Statement};

/// The version of the language of policies.
const LANGUAGE: &str = "2012-10-17";

/// Makes the policy, or none without a statement.
pub(crate) fn policy(
    statements: &[Statement],
    region: &str,
    domain: &str,
    problems: &mut Problems,
) -> Option<String> {
    if statements.is_empty() {
        return None;
    }
    let at = Pointer::platform().key("statement");
    // The account is that of the domain, which the policy is a part of.
    let resource = format!("arn:{}:es:{region}:*:domain/{domain}/*", partition(region));
    let statements: Vec<Value> = statements
        .iter()
        .enumerate()
        .map(|(index, statement)| {
            let at = at.index(index);
            check(&statement.action, &at.key("action"), "action", problems);
            json!({
                "Effect": statement.effect,
                "Principal": principal(statement, &at.key("principals"), problems),
                "Action": statement.action,
                "Resource": resource,
            })
        })
        .collect();
    Some(json!({"Version": LANGUAGE, "Statement": statements}).to_string())
}

fn principal(statement: &Statement, at: &Pointer, problems: &mut Problems) -> Value {
    if statement.principals.is_empty() {
        problems.add(at.clone(), "needs at least one principal");
    }
    let mut all: BTreeMap<PrincipalType, Vec<&str>> = BTreeMap::new();
    for (index, principal) in statement.principals.iter().enumerate() {
        let at = at.index(index);
        check(&principal.identifiers, &at.key("identifiers"), "identifier", problems);
        if principal.type_ == PrincipalType::Everybody {
            if principal.identifiers.iter().any(|identifier| identifier != "*") {
                problems.add(at.key("identifiers"), "can only be `*` for the type `*`");
            }
            if statement.principals.len() > 1 {
                problems.add(
                    at.key("type"),
                    "is everybody, so that no other principal can stand beside it",
                );
            }
        }
        let identifiers = all.entry(principal.type_).or_default();
        for identifier in &principal.identifiers {
            if !identifiers.contains(&identifier.as_str()) {
                identifiers.push(identifier);
            }
        }
    }
    if all.contains_key(&PrincipalType::Everybody) { "*".into() } else { json!(all) }
}

fn check(list: &[String], at: &Pointer, what: &str, problems: &mut Problems) {
    if list.is_empty() {
        problems.add(at.clone(), format!("needs at least one {what}"));
    }
    for (index, text) in list.iter().enumerate() {
        if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            problems.add(
                at.index(index),
                format!("an {what} cannot be empty and holds no white space"),
            );
        }
    }
}

/// The part of the cloud that a region lies in.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}
