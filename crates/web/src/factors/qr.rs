//! A QR code as an inline picture. `qrcodegen` has no dependencies and knows no picture formats; this is all that is needed.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code that readers need.
const QUIET: i32 = 4;

/// The picture as SVG, dark on light in every colour scheme; `None` when the text is too long.
pub(super) fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" width=\"240\" height=\"240\" role=\"img\" aria-label=\"{label}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_code_is_a_picture_without_anything_that_runs() {
        let picture = svg("otpauth://totp/Latchkey:a@b.example?secret=MZXW6YTBOI", "a \"label\" <b>").unwrap();
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"));
        assert!(picture.contains("a &quot;label&quot; &lt;b>") && !picture.contains("<script") && !picture.contains("style="));
        assert!(svg(&"x".repeat(5_000), "").is_none());
    }
}
