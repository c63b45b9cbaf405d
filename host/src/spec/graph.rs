//! The graph of what depends on what, with everything linear in resources and edges.

use std::collections::{BTreeSet, HashMap};

use crate::spec::ResourceId;

/// Resources and what they depend on. Nodes are numbers, in the order of the ids.
#[derive(Debug)]
pub struct Graph<'a> {
    ids: Vec<&'a ResourceId>,
    dependencies: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

impl<'a> Graph<'a> {
    /// Reads a graph; a dependency on something that is no node is left out.
    pub fn new(
        nodes: impl IntoIterator<Item = (&'a ResourceId, &'a BTreeSet<ResourceId>)>,
    ) -> Self {
        let mut nodes: Vec<_> = nodes.into_iter().collect();
        nodes.sort_unstable_by_key(|(id, _)| *id);
        let numbers: HashMap<&ResourceId, usize> =
            nodes.iter().enumerate().map(|(number, (id, _))| (*id, number)).collect();
        let mut dependents = vec![Vec::new(); nodes.len()];
        let mut dependencies = Vec::with_capacity(nodes.len());
        for (number, (_, needs)) in nodes.iter().enumerate() {
            let needs: Vec<usize> =
                needs.iter().filter_map(|id| numbers.get(id).copied()).collect();
            for need in &needs {
                if let Some(list) = dependents.get_mut(*need) {
                    list.push(number);
                }
            }
            dependencies.push(needs);
        }
        Self { ids: nodes.into_iter().map(|(id, _)| id).collect(), dependencies, dependents }
    }

    /// Returns the id of a node.
    pub fn id(&self, node: usize) -> Option<&'a ResourceId> {
        self.ids.get(node).copied()
    }

    /// Returns what a node depends on, in the order of the ids.
    pub fn dependencies(&self, node: usize) -> &[usize] {
        self.dependencies.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns what depends on a node, in the order of the ids.
    pub fn dependents(&self, node: usize) -> &[usize] {
        self.dependents.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns the nodes by id, except that each comes after what it depends on.
    ///
    /// An edge that closes a cycle is passed over, so the order is always complete.
    pub fn order(&self) -> Vec<usize> {
        self.walk(|_| {})
    }

    /// Returns a cycle, each id depending on the next and the last on the first, or `None` if there
    /// is none. It begins with its smallest id.
    pub fn cycle(&self) -> Option<Vec<&'a ResourceId>> {
        let mut found: Option<Vec<usize>> = None;
        self.walk(|cycle| {
            found.get_or_insert_with(|| cycle.to_vec());
        });
        let mut cycle = found?;
        let smallest = (0..cycle.len()).min_by_key(|position| cycle.get(*position))?;
        cycle.rotate_left(smallest);
        Some(cycle.into_iter().filter_map(|node| self.id(node)).collect())
    }

    /// Visits depth first, without recursion because a chain can be as long as the graph.
    fn walk(&self, mut on_cycle: impl FnMut(&[usize])) -> Vec<usize> {
        let mut marks = vec![Mark::New; self.ids.len()];
        let mut order = Vec::with_capacity(self.ids.len());
        let mut path: Vec<usize> = Vec::new();
        let mut next_dependency: Vec<usize> = Vec::new();
        for root in 0..self.ids.len() {
            if marks.get(root) != Some(&Mark::New) {
                continue;
            }
            path.push(root);
            next_dependency.push(0);
            set(&mut marks, root, Mark::Open);
            while let (Some(&node), Some(next)) = (path.last(), next_dependency.last_mut()) {
                let Some(&dependency) = self.dependencies(node).get(*next) else {
                    set(&mut marks, node, Mark::Done);
                    order.push(node);
                    path.pop();
                    next_dependency.pop();
                    continue;
                };
                *next += 1;
                match marks.get(dependency) {
                    Some(Mark::New) => {
                        path.push(dependency);
                        next_dependency.push(0);
                        set(&mut marks, dependency, Mark::Open);
                    }
                    Some(Mark::Open) => {
                        let start = path.iter().rposition(|open| *open == dependency);
                        on_cycle(path.get(start.unwrap_or_default()..).unwrap_or_default());
                    }
                    Some(Mark::Done) | None => {}
                }
            }
        }
        order
    }
}

fn set(marks: &mut [Mark], node: usize, mark: Mark) {
    if let Some(place) = marks.get_mut(node) {
        *place = mark;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use super::*;

    type Nodes = BTreeMap<ResourceId, BTreeSet<ResourceId>>;

    fn nodes(edges: &[(&str, &[&str])]) -> Nodes {
        let id = |text: &str| ResourceId::parse(text).unwrap();
        edges.iter().map(|(from, to)| (id(from), to.iter().map(|to| id(to)).collect())).collect()
    }

    fn order(nodes: &Nodes) -> Vec<&str> {
        let graph = Graph::new(nodes);
        graph.order().into_iter().map(|node| graph.id(node).unwrap().as_str()).collect()
    }

    fn cycle(nodes: &Nodes) -> Option<Vec<&str>> {
        Some(Graph::new(nodes).cycle()?.into_iter().map(ResourceId::as_str).collect())
    }

    #[test]
    fn dependencies_come_first_and_ids_decide_the_rest() {
        let nodes = nodes(&[("a", &["d", "c"]), ("b", &[]), ("c", &["d"]), ("d", &["unknown"])]);
        assert_eq!(order(&nodes), ["d", "c", "a", "b"]);
        assert_eq!(cycle(&nodes), None);
    }

    #[test]
    fn a_cycle_is_named_from_its_smallest_id() {
        let nodes = nodes(&[("a", &["d"]), ("d", &["c"]), ("c", &["b"]), ("b", &["d"])]);
        assert_eq!(cycle(&nodes), Some(vec!["b", "d", "c"]));
        assert_eq!(order(&nodes), ["b", "c", "d", "a"]);
        assert_eq!(cycle(&super::tests::nodes(&[("a", &["a"])])), Some(vec!["a"]));
    }

    #[test]
    fn edges_are_known_in_both_directions() {
        let nodes = nodes(&[("a", &["c"]), ("b", &["c"]), ("c", &[])]);
        let graph = Graph::new(&nodes);
        assert_eq!(
            (graph.dependencies(0), graph.dependents(2)),
            ([2].as_slice(), [0, 1].as_slice())
        );
    }

    #[test]
    fn a_chain_of_ten_thousand_neither_overflows_nor_takes_long() {
        let id = |n: usize| ResourceId::parse(format!("r{n:05}")).unwrap();
        let nodes: Nodes =
            (0..10_000).map(|n| (id(n), (n + 1..(n + 4).min(10_000)).map(id).collect())).collect();
        let start = Instant::now();
        assert_eq!(order(&nodes).first(), Some(&"r09999"));
        assert!(start.elapsed().as_millis() < 1000, "took {:?}", start.elapsed());
    }
}
