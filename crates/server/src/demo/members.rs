//! Who was invited into which account, took the mail at its word and is a member since.

/// An invitation that was accepted within the day.
pub(super) struct Joined {
    pub day: u32,
    pub hour: u32,
    pub by: &'static str,
    pub account: &'static str,
    pub user: &'static str,
    pub grants: &'static str,
}

const fn joined(
    (day, hour): (u32, u32),
    by: &'static str,
    account: &'static str,
    user: &'static str,
    grants: &'static str,
) -> Joined {
    Joined { day, hour, by, account, user, grants }
}

/// What a web designer needs.
const WEB: &str = "products manageproducts productsso domains managedomains tickets";
/// What an accountant needs.
const MONEY: &str = "invoices quotes emails";

#[rustfmt::skip]
pub(super) static JOINED: &[Joined] = &[
    // The web designer is everywhere.
    joined((1, 9), "mia", "bakery", "wren", WEB),
    joined((1, 13), "dimitri", "bikes", "wren", WEB),
    joined((2, 10), "grace", "clinic", "wren", "products domains managedomains tickets"),
    joined((3, 15), "aoife", "surf", "wren", "all"),
    joined((4, 11), "chloe", "atelier", "wren", WEB),
    joined((6, 14), "lucia", "theatre", "wren", WEB),
    joined((8, 9), "priya", "kite", "wren", "products productsso domains"),
    joined((10, 10), "dimitri", "campsite", "wren", "all"),
    joined((15, 12), "kwame", "loom", "wren", WEB),
    joined((26, 14), "bjoern", "boats", "wren", WEB),
    // The accountant sees the money.
    joined((1, 10), "mia", "bakery", "otto", MONEY),
    joined((2, 8), "dimitri", "bikes", "otto", MONEY),
    joined((2, 9), "dimitri", "rentals", "otto", MONEY),
    joined((5, 9), "henk", "logistics", "otto", "invoices"),
    joined((7, 13), "tomasz", "museum", "otto", MONEY),
    joined((10, 11), "dimitri", "campsite", "otto", MONEY),
    joined((16, 9), "haruto", "wood", "otto", MONEY),
    joined((31, 10), "eitan", "guesthouse", "otto", MONEY),
    // Colleagues and relatives.
    joined((1, 15), "wren", "studio", "juniper", "all"),
    joined((2, 13), "otto", "books", "signe", "all"),
    joined((2, 14), "mia", "bakery", "paul", "tickets"),
    joined((3, 8), "grace", "clinic", "ines", "users profile contacts products domains invoices tickets emails"),
    joined((3, 10), "henk", "logistics", "sanne", "users all"),
    joined((4, 9), "maxi", "clocks", "ottokar", "profile contacts invoices emails"),
    joined((5, 13), "priya", "kite", "arjun", "contacts products invoices quotes tickets orders"),
    joined((7, 10), "ines", "clinic", "yusuf", "products domains tickets"),
    joined((8, 15), "layla", "tea", "omar", "invoices orders"),
    joined((9, 8), "sanne", "logistics", "pieter", "products domains tickets"),
    joined((9, 13), "zihan", "cloudpine", "wei", "all"),
    joined((12, 10), "ines", "clinic", "martha", "invoices emails"),
    joined((14, 9), "lucia", "theatre", "gio", "all"),
    joined((15, 8), "haruto", "wood", "yui", "contacts invoices quotes"),
    joined((18, 14), "samir", "courier", "leila", "all"),
    joined((21, 11), "joerg", "garden", "kaethe", "invoices tickets"),
    joined((22, 8), "henk", "logistics", "ruud", "tickets"),
    joined((23, 17), "sofia", "library", "mateo", "products tickets"),
    joined((19, 13), "wren", "studio", "rosa", "products tickets"),
    joined((5, 16), "chloe", "atelier", "remy", "orders"),
    // The designer's colleague, where the work is shared.
    joined((20, 10), "mia", "bakery", "juniper", "products domains tickets"),
    joined((27, 9), "aoife", "surf", "juniper", "products domains tickets"),
];
