//! The command line.

mod test_bench;
mod test_concurrency;
mod test_config;
mod test_determinism;
mod test_directory;
mod test_embed;
mod test_flow;
mod test_formats;
mod test_interrupts;
mod test_module_test;
mod test_modules;
pub(crate) mod test_no_secret;
mod test_projects;
mod test_prompt;
mod test_records;
mod test_releases;
mod test_rollback;
mod test_schema;
mod test_secrets;
mod test_tracing;
mod test_usage;
mod test_workspaces;
