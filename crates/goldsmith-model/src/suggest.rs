//! Did-you-mean.

/// The candidate that is nearest to a misspelt name, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match name.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=11 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    let mut extended: Option<&str> = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
        // A forgotten struct prefix (`cluster_id` for `usage_metadata_cluster_id`) is the commonest slip, a forgotten
        // unit (`period_start` for `period_start_time`) the next one.
        let lacks_prefix = candidate.strip_suffix(name).is_some_and(|prefix| prefix.ends_with('_'));
        let lacks_suffix = candidate.strip_prefix(name).is_some_and(|suffix| suffix.starts_with('_'));
        if name.len() >= 4
            && (lacks_prefix || lacks_suffix)
            && extended.is_none_or(|found| candidate.len() < found.len())
        {
            extended = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(extended)
}

/// A help line for an unknown name: the nearest candidate, or all of them when they are few.
pub(crate) fn help<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(found) = nearest(name, candidates.iter().copied()) {
        return Some(format!("did you mean `{found}`?"));
    }
    match candidates.as_slice() {
        [] => None,
        few if few.len() <= 12 => Some(format!("known here: {}", list(few))),
        _ => None,
    }
}

/// Names in backticks, separated by commas.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let names = ["usage_date", "usage_metadata_cluster_id", "cloud"];
        for (name, expected) in [
            ("usage_dat", Some("usage_date")),
            ("Usage_Date", Some("usage_date")),
            ("cluster_id", Some("usage_metadata_cluster_id")),
            ("usage", Some("usage_date")),
            ("clodu", Some("cloud")),
            ("xy", None),
            ("something_else", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
