//! What is read, what is refused, and where the refusal points.

use super::*;
use serde_json::json;

fn documents(text: &str) -> Result<Vec<Value>, Vec<String>> {
    match read(&SourceFile::new("f.yaml", text)) {
        Ok(nodes) => Ok(nodes.iter().map(Node::to_json).collect()),
        Err(error) => Err(error.into_problems().into_iter().map(render).collect()),
    }
}

fn render(problem: Problem) -> String {
    let place = problem.location.map(|at| format!("{}:{}: ", at.line(), at.column()));
    format!("{}{}", place.unwrap_or_default(), problem.message)
}

#[test]
fn documents_without_content_are_left_out() {
    assert_eq!(documents(""), Ok(vec![]));
    assert_eq!(documents("# only a comment\n"), Ok(vec![]));
    assert_eq!(documents("---\n---\na: 1\n---\n"), Ok(vec![json!({"a": 1})]));
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    let text = "base: &b {x: 1, y: 2}\nlist: [*b]\nown: {y: 3, <<: *b}\nmany: {<<: [{x: 7}, *b]}\n";
    assert_eq!(
        documents(text),
        Ok(vec![json!({
            "base": {"x": 1, "y": 2}, "list": [{"x": 1, "y": 2}],
            "own": {"x": 1, "y": 3}, "many": {"x": 7, "y": 2},
        })])
    );
    assert_eq!(documents("\"<<\": 1\n"), Ok(vec![json!({"<<": 1})]));
}

#[test]
fn keys_are_the_text_as_written() {
    assert_eq!(
        documents("8080: a\ntrue: b\n1e3: c\n'q': d\n"),
        Ok(vec![json!({"8080": "a", "true": "b", "1e3": "c", "q": "d"})])
    );
}

#[test]
fn core_tags_are_obeyed() {
    assert_eq!(
        documents("[!!str 1, ! 2, !!int \"3\", !!float 1.0, !!null '', !!bool true, !!str ]"),
        Ok(vec![json!(["1", "2", 3, 1, null, true, ""])])
    );
}

#[test]
fn refusals_name_the_place() {
    for (text, expected) in [
        ("a: 1\nb: 2\na: 3\n", "3:1: duplicate key `a`, first given on line 1"),
        ("a: {b: 1, b: 2}\n", "1:11: duplicate key `b`, first given on line 1"),
        ("a: .inf\n", "1:4: infinite and undefined numbers cannot be used"),
        ("a: 99999999999999999999\n", "1:4: the number does not fit into 64 bits"),
        ("a: !Ref x\n", "1:9: the tag `!Ref` cannot be used here"),
        ("a: !!binary x\n", "1:13: the tag `!!binary` cannot be used here"),
        ("a: !!set {x}\n", "1:10: the tag `!!set` cannot be used here"),
        ("a: !!int x\n", "1:10: the value does not fit its tag `!!int`"),
        ("? [a]\n: 1\n", "1:3: a key must be a text, not a list or a map"),
        (": 1\n", "1:1: a key cannot be blank"),
        ("<<: 1\n", "1:5: `<<` takes a map or a list of maps"),
        ("a: &x [*x]\n", "1:8: the alias stands inside its own anchor"),
        ("a: *x\n", "1:4: the alias has no anchor before it"),
        ("a:\n\tb: 1\n", "2:2: a tab cannot indent"),
        ("a: b: c\n", "1:5: a `:` cannot stand here"),
        ("a: [1, 2\n", "1:4: `[` is never closed"),
        ("a: @x\n", "1:4: a text cannot begin with `@`"),
        ("- a\nb: 1\n", "2:1: a `-` was expected here"),
    ] {
        assert_eq!(documents(text), Err(vec![expected.to_owned()]), "{text:?}");
    }
}

#[test]
fn problems_that_leave_the_text_readable_are_collected() {
    assert_eq!(
        documents("a: 1\na: 2\nb: .nan\n"),
        Err(vec![
            "2:1: duplicate key `a`, first given on line 1".to_owned(),
            "3:4: infinite and undefined numbers cannot be used".to_owned(),
        ])
    );
}

#[test]
fn a_text_that_explodes_is_stopped() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let previous = level - 1;
        let items = format!("*a{previous}, ").repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let problems = documents(&text).unwrap_err();
    assert!(problems[0].contains("too many values"), "{problems:?}");

    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(1000));
    assert!(documents(&long).unwrap_err()[0].contains("too many values"));
}

#[test]
fn a_machine_written_text_cannot_explode_either() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..8 {
        let items = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let error = parse_value(&text).unwrap_err();
    assert!(error.to_string().starts_with("the text holds too many values"), "{error}");
    assert_eq!(parse_value("- &a 1\n- *a\n"), Ok(json!([1, 1])));
}

#[test]
fn a_lone_carriage_return_is_refused_because_readers_count_lines_differently() {
    let expected = Err(vec!["2:3: a carriage return stands alone".to_owned()]);
    assert_eq!(documents("a: 1\r\nb:\r  c: 2\r\n"), expected);
    assert!(documents("a: \"x\\ry\"\r\n").is_ok());
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(documents(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        documents(&nested(MAX_DEPTH + 1)),
        Err(vec!["1:129: the text is nested more than 128 levels deep".to_owned()])
    );
    assert!(documents(&"- ".repeat(100_000)).is_err());
    let mut text = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned();
    for level in 1..14 {
        let previous = level - 1;
        text.push_str(&format!("a{level}: &a{level} [[[[[[[[[[*a{previous}]]]]]]]]]]\n"));
    }
    assert!(documents(&text).unwrap_err()[0].contains("128 levels"));
}

#[test]
fn every_part_knows_its_place() {
    let text = "name: shop\nports:\n  - port: 80\nscript: |\n  one\n  two\nlast: 'x y'\n";
    let file = SourceFile::new("f.yaml", text);
    let nodes = read(&file).unwrap();
    let place = |location: &Location| (location.line(), location.column(), location.width());
    assert_eq!(place(nodes[0].location()), (1, 1, 4));
    assert_eq!(place(nodes[0].locate("/name")), (1, 7, 4));
    assert_eq!(place(nodes[0].locate_key("/ports/0/port")), (3, 5, 4));
    assert_eq!(place(nodes[0].locate("/ports/0/port")), (3, 11, 2));
    assert_eq!(place(nodes[0].locate("/last")), (7, 7, 5));
    let script = nodes[0].locate("/script");
    assert_eq!((script.line(), script.last_line()), (5, 6));
}

#[test]
fn a_blank_value_is_not_a_written_null() {
    let nodes = read(&SourceFile::new("f.yaml", "a:\nb: ~\nd: ''\n")).unwrap();
    assert_eq!(nodes[0].get("a").map(Node::content), Some(&Content::Blank));
    assert_eq!(nodes[0].get("b").map(Node::content), Some(&Content::Null));
    assert_eq!(nodes[0].get("d").and_then(Node::as_str), Some(""));
}

#[test]
fn a_machine_written_text_is_one_document() {
    assert_eq!(parse_value(""), Ok(Value::Null));
    assert_eq!(parse_value("a: 1"), Ok(json!({"a": 1})));
    let error = parse_value("a: 1\n---\nb: 2\n").unwrap_err();
    assert_eq!(error.to_string(), "there is more than one document at line 3, column 1");
}
