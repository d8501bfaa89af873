//! The operator's colour in mails.

/// The accent colour as mail programs know colours: `oklch(0.5 0.15 hue)` in sRGB.
#[allow(clippy::many_single_char_names, reason = "the names of the colour spaces' axes")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is between 0 and 255")]
pub(super) fn accent(hue: u16) -> String {
    let (sin, cos) = f64::from(hue).to_radians().sin_cos();
    let (lightness, a, b) = (0.5, 0.15 * cos, 0.15 * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s;
    let channel = |linear: f64| {
        let linear = linear.clamp(0.0, 1.0);
        let encoded = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        format!("{:02x}", (encoded * 255.0).round() as u8)
    };
    format!("#{}{}{}", channel(red), channel(green), channel(blue))
}
