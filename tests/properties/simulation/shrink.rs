//! Makes a trace that shows something as short as it gets.

use crate::simulation::steps::Step;

/// Leaves out what it can, and what befell it, as long as `fails` says that it still does.
pub(crate) fn shrink(steps: Vec<Step>, mut fails: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut steps = steps;
    let mut most = 3_000;
    let mut fails = move |steps: &[Step]| {
        most -= usize::from(most > 0);
        most > 0 && fails(steps)
    };
    // What comes after the trouble is the easiest to leave out.
    let (mut good, mut bad) = (0, steps.len());
    while bad - good > 1 {
        let middle = (good + bad) / 2;
        if fails(&steps[..middle]) { bad = middle } else { good = middle }
    }
    if fails(&steps[..bad]) {
        steps.truncate(bad);
    }
    let mut chunk = steps.len().div_ceil(2);
    loop {
        let mut place = 0;
        let before = steps.len();
        while place < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(place..(place + chunk).min(steps.len()));
            if fails(&fewer) { steps = fewer } else { place += chunk }
        }
        if chunk == 1 && steps.len() == before {
            break;
        }
        if steps.len() == before || chunk > 1 {
            chunk = chunk.div_ceil(2).max(1);
        }
    }
    for place in 0..steps.len() {
        let mut plainer = steps.clone();
        if let Some(Step::Begin { fault, is_mute, .. }) = plainer.get_mut(place) {
            (*fault, *is_mute) = (None, false);
        }
        if plainer != steps && fails(&plainer) {
            steps = plainer;
        }
    }
    steps
}
