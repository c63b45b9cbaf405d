//! Versions as tags: a registry knows no `+`, so that a `_` stands for it.

use semver::Version;

/// Returns the tag under which a version is published.
pub(super) fn tag_of(version: &Version) -> String {
    version.to_string().replace('+', "_")
}

/// Returns the name of a version as tools write it: `registry.example.com/team/mysql:0.2.1`. `source` may begin with
/// `oci://`.
pub fn reference(source: &str, version: &Version) -> String {
    format!("{}:{}", source.trim_start_matches("oci://"), tag_of(version))
}

/// Returns the version that a tag names; `None` for `latest`, signatures and all else that is no version.
pub(super) fn version_of(tag: &str) -> Option<Version> {
    Version::parse(&tag.replace('_', "+")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_tag_and_other_tags_are_none() {
        for (version, tag) in
            [("0.2.0", "0.2.0"), ("1.0.0-rc.1", "1.0.0-rc.1"), ("1.0.0+build.5", "1.0.0_build.5")]
        {
            let version = Version::parse(version).unwrap();
            assert_eq!(tag_of(&version), tag);
            assert_eq!(version_of(tag), Some(version));
        }
        for tag in ["latest", "1.2", "v1.2.3", "sha256-00.sig", "1.0.0_a_b", ""] {
            assert_eq!(version_of(tag), None, "{tag}");
        }
    }
}
