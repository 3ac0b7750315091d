//! A practice's logo above its open letter: nothing that a link without its code shows.

use crate::domain::{Logo, PracticeProfile};
use crate::portal::logo::PATH;

use super::Frame;

/// An image of the page. Its name stands beside it as text, so it says nothing by itself (RGAA 1.2).
pub(super) struct Shown {
    pub(super) src: String,
    /// In CSS pixels, so that nothing moves when it comes.
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Frame {
    /// The same with the logo, for the page with this mark.
    pub(super) fn headed(self, practice: &PracticeProfile, mark: &str) -> Self {
        let shown = |logo: &Logo| {
            let (width, height) = fitted(logo);
            Shown { src: format!("{PATH}?of={mark}"), width, height }
        };
        Self { logo: practice.logo.as_ref().map(shown), ..self }
    }
}

/// How large a logo is shown: within a box, never larger than it is.
fn fitted(logo: &Logo) -> (u32, u32) {
    let Logo { width, height, .. } = *logo;
    let part = |of: u32, side: u32, whole: u32| (of * side + whole / 2).checked_div(whole).unwrap_or(1).max(1);
    if width * TALLEST >= height * WIDEST {
        let wide = width.min(WIDEST);
        (wide, part(height, wide, width))
    } else {
        let tall = height.min(TALLEST);
        (part(width, tall, height), tall)
    }
}

/// The box, in CSS pixels: beside it a name still has a line of a telephone.
const WIDEST: u32 = 160;
const TALLEST: u32 = 56;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PictureKind;

    #[test]
    fn a_logo_keeps_its_shape_and_never_grows() {
        for (sides, shown) in [
            ((128, 128), (56, 56)),
            ((1600, 200), (160, 20)),
            ((2000, 700), (160, 56)),
            ((200, 1600), (7, 56)),
            ((64, 32), (64, 32)),
            ((16, 16), (16, 16)),
            ((301, 99), (160, 53)),
        ] {
            let logo = Logo { kind: PictureKind::Png, width: sides.0, height: sides.1, size: 1 };
            assert_eq!(fitted(&logo), shown, "{sides:?}");
        }
    }
}
