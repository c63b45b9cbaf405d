//! Every resource that a case expects is an object that Kubernetes knows.

use super::{Definitions, expected, rules};

#[test]
fn every_resource_of_every_case_is_valid_in_two_versions_of_kubernetes() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, expected) in expected::all() {
        for resource in expected::objects(&expected) {
            count += 1;
            let object = &resource["attributes"];
            let by_schema = Definitions::all().iter().map(|it| it.check(object));
            let problems = by_schema.chain([rules::check(object)]).filter_map(Result::err);
            wrong.extend(problems.map(|problem| format!("{case}: {}: {problem}", resource["id"])));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 180, "only {count} resources were looked at");
}
