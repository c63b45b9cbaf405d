//! Columns of text.

/// A table whose columns are as wide as they need to be.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table with its headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| super::harmless(&cell)).to_vec());
    }

    /// Takes a column out if it says nothing in any row.
    #[must_use]
    pub(crate) fn without_empty(mut self, column: usize) -> Self {
        let said = self.rows.iter().skip(1).filter_map(|row| row.get(column));
        if said.into_iter().all(String::is_empty) {
            for row in self.rows.iter_mut().filter(|row| column < row.len()) {
                row.remove(column);
            }
        }
        self
    }

    /// Returns the text, one line a row.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let line: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text.push_str(line.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["ID", "ACTION"]);
        table.row(["v1:Namespace:shop".to_owned(), "create".to_owned()]);
        assert_eq!(table.render(), "ID                 ACTION\nv1:Namespace:shop  create\n");
    }

    #[test]
    fn a_column_that_says_nothing_can_be_left_out() {
        let table = |said: &str| {
            let mut table = Table::new(["A", "B", "C"]);
            table.row(["a".to_owned(), said.to_owned(), "c".to_owned()]);
            table.without_empty(1).render()
        };
        assert_eq!(table(""), "A  C\na  c\n");
        assert_eq!(table("b"), "A  B  C\na  b  c\n");
    }
}
