//! Console typewriters.

use devices::console::typewriter::{Model, Typewriter, Unattended};

use super::Built;

/// Makes a typewriter. While nobody sits at it, it is not ready.
pub(super) fn build(name: &str) -> Built {
    let models = [Model::M1052, Model::M3210, Model::M3215];
    let model = models.into_iter().find(|model| model.name() == name).unwrap_or(Model::M3215);
    Built::quiet(Typewriter::new(model, Unattended::NotReady))
}

pub(super) fn describe(typewriter: &Typewriter) -> String {
    if typewriter.is_proceed() {
        ", waits for a line".to_owned()
    } else if typewriter.is_connected() {
        String::new()
    } else {
        ", nobody is there".to_owned()
    }
}
