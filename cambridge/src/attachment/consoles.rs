//! Consoles: typewriters and displays.

use devices::console::{
    display::{self, Display},
    typewriter::{Model, Typewriter, Unattended},
};

use super::Built;

/// Makes a typewriter. It is ready even while nobody sits at it: what it types is kept for whoever comes.
pub(super) fn build(name: &str) -> Built {
    let models = [Model::M1052, Model::M3210, Model::M3215];
    let model = models.into_iter().find(|model| model.name() == name).unwrap_or(Model::M3215);
    Built::quiet(Typewriter::new(model, Unattended::Ready))
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

/// Makes a display. While no terminal is connected, it is not ready.
pub(super) fn build_display(name: &str) -> Built {
    let model = if name == "3277" { display::Model::M3277 } else { display::Model::M3278 };
    Built::quiet(Display::new(model))
}

pub(super) fn describe_display(display: &Display) -> String {
    if display.is_connected() { String::new() } else { ", nobody is there".to_owned() }
}
