//! What authors of modules do: make one, build it, change it, in every language.

mod test_dev;
mod test_init;
mod test_languages;
mod test_sdk;
mod test_tutorial;
