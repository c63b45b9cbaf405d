//! Which requests go wrong, and how.

use super::Fault;

/// Says which requests meet a fault; at first all of them, the first of the given faults.
#[derive(Clone, Debug)]
pub struct Rule {
    faults: Vec<Fault>,
    verb: Option<&'static str>,
    part: String,
    but: Option<&'static str>,
    skip: usize,
    times: usize,
    /// A seed, and how many of a thousand.
    random: Option<(u64, u64)>,
}

impl Rule {
    /// Returns a rule by which every request meets `fault`.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
            verb: None,
            part: String::new(),
            but: None,
            skip: 0,
            times: usize::MAX,
            random: None,
        }
    }

    /// Returns a rule by which `percent` of all requests meet one of `faults`.
    ///
    /// `seed`, verb, path, query and how often that very request was sent decide, and not the order in which
    /// different requests arrive; so a run can be repeated although its requests are sent at the same time.
    #[must_use]
    pub fn sometimes(seed: u64, percent: u32, faults: &[Fault]) -> Self {
        assert!(!faults.is_empty(), "a rule needs a fault");
        let random = Some((seed, u64::from(percent) * 10));
        Self { faults: faults.to_vec(), random, ..Self::always(Fault::ResetBefore) }
    }

    /// Restricts the rule to a method of HTTP, such as `PATCH`.
    #[must_use]
    pub fn verb(mut self, verb: &'static str) -> Self {
        self.verb = Some(verb);
        self
    }

    /// Restricts the rule to requests whose path and query contain `part`, such as `dryRun=All`.
    #[must_use]
    pub fn to(mut self, part: &str) -> Self {
        part.clone_into(&mut self.part);
        self
    }

    /// Leaves out requests whose path and query contain `part`.
    #[must_use]
    pub fn but(mut self, part: &'static str) -> Self {
        self.but = Some(part);
        self
    }

    /// Lets the first `count` requests that fit pass.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Ends the rule after `count` faults.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// Decides about a request that was sent `before` times already.
    pub(super) fn decide(&mut self, verb: &str, target: &str, before: usize) -> Option<Fault> {
        if self.verb.is_some_and(|only| only != verb)
            || !target.contains(&self.part)
            || self.but.is_some_and(|but| target.contains(but))
            || self.times == 0
        {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        let fault = match self.random {
            None => self.faults.first().copied(),
            Some((seed, share)) => {
                let dice = dice(seed, verb, target, before);
                let index =
                    usize::try_from((dice >> 32) % self.faults.len() as u64).unwrap_or_default();
                (dice % 1000 < share).then(|| self.faults.get(index).copied()).flatten()
            }
        };
        self.times -= usize::from(fault.is_some());
        fault
    }
}

/// Returns a number that looks random and is always the same for the same arguments.
fn dice(seed: u64, verb: &str, target: &str, before: usize) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for byte in verb.bytes().chain(target.bytes()).chain(before.to_le_bytes()) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // The low bits of the loop above are poor.
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fits_by_verb_and_part() {
        let mut rule = Rule::always(Fault::Half).verb("PATCH").to("dryRun=All").but("/y?");
        assert_eq!(rule.decide("PATCH", "/api/v1/x?dryRun=All", 0), Some(Fault::Half));
        assert_eq!(rule.decide("PATCH", "/api/v1/y?dryRun=All", 0), None);
        assert_eq!(rule.decide("PATCH", "/api/v1/x", 0), None);
        assert_eq!(rule.decide("GET", "/api/v1/x?dryRun=All", 0), None);
    }

    #[test]
    fn a_rule_skips_and_ends() {
        let mut rule = Rule::always(Fault::ResetAfter).after(1).times(2);
        let met: Vec<_> = (0..5).map(|before| rule.decide("GET", "/", before).is_some()).collect();
        assert_eq!(met, [false, true, true, false, false]);
    }

    #[test]
    fn chance_has_the_share_and_all_kinds_and_repeats_itself() {
        let decide = |seed| {
            let mut rule = Rule::sometimes(seed, 20, &Fault::QUICK);
            (0..5000).map(|n| rule.decide("PATCH", &format!("/api/v1/{n}"), 0)).collect::<Vec<_>>()
        };
        let faults = decide(7);
        let met = faults.iter().flatten().count();
        assert!((850..1150).contains(&met), "{met} of 5000");
        for kind in Fault::QUICK {
            assert!(faults.iter().flatten().any(|fault| *fault == kind), "{kind:?} never");
        }
        assert_eq!(faults, decide(7));
        assert_ne!(faults, decide(8));
    }

    #[test]
    fn a_request_that_is_sent_again_gets_another_chance() {
        let mut rule = Rule::sometimes(1, 50, &[Fault::Half]);
        let tries: Vec<_> = (0..64).map(|before| rule.decide("GET", "/api", before)).collect();
        assert!(tries.contains(&None) && tries.contains(&Some(Fault::Half)));
    }
}
