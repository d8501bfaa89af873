//! What happened in the demo's past, beside the visits of every day.

/// Days of the past, the last one being yesterday.
pub(super) const DAYS: u32 = 42;

/// When something happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    /// On a day of the past, at an hour and a minute (UTC). Day 42 is today.
    Day(u32, u32, u32),
    /// So many minutes before the demo is filled.
    Ago(u32),
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub at: At,
    pub deed: Deed,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug)]
pub(super) enum Post {
    /// The mail server took it.
    Taken,
    /// The mail server refused it, with these words.
    Refused(&'static str),
    /// The mail server asked to wait, with these words, and the mail still waits.
    PutOff(&'static str),
    /// There was no mail server any more: it waits, and staff can copy its link.
    Kept,
}

/// What somebody does. `by` is a key of a person or of staff; `to` is the address an invitation went to; what one is invited to are
/// keys of permissions or the name of a role.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// Staff does something to an account.
    Staff {
        staff: &'static str,
        account: &'static str,
        chore: Chore,
    },
    /// Somebody changes the telephone number of an account.
    Moves {
        by: &'static str,
        account: &'static str,
        phone: &'static str,
    },
    AddsContact {
        by: &'static str,
        account: &'static str,
        name: (&'static str, &'static str),
        email: &'static str,
        gets: &'static str,
    },
    Invites {
        by: &'static str,
        account: &'static str,
        to: &'static str,
        grants: &'static str,
        post: Post,
    },
    /// A person is invited at its own address.
    InvitesPerson {
        by: &'static str,
        account: &'static str,
        user: &'static str,
        grants: &'static str,
    },
    Resends {
        by: &'static str,
        account: &'static str,
        to: &'static str,
        post: Post,
    },
    Cancels {
        by: &'static str,
        account: &'static str,
        to: &'static str,
    },
    /// A person follows the link, registers or logs in, and accepts.
    Accepts {
        user: &'static str,
        account: &'static str,
        to: &'static str,
    },
    /// The same, with the invitation that went to the person's own address.
    AcceptsOwn {
        user: &'static str,
        account: &'static str,
    },
    /// Somebody declines who is not logged in.
    Declines {
        account: &'static str,
        to: &'static str,
        ip: &'static str,
    },
    Permits {
        by: &'static str,
        account: &'static str,
        user: &'static str,
        grants: &'static str,
    },
    Removes {
        by: &'static str,
        account: &'static str,
        user: &'static str,
    },
    Leaves {
        user: &'static str,
        account: &'static str,
    },
    /// A person who is in no account, made on the command line.
    Registers {
        user: &'static str,
    },
    /// Staff changes a person's last name.
    Renames {
        staff: &'static str,
        user: &'static str,
        last: &'static str,
    },
    ChangesPassword {
        user: &'static str,
    },
    LogsOut {
        user: &'static str,
    },
    /// A person logs in and enters an account; whoever is not there yet does not come.
    Visits {
        user: &'static str,
        number: u32,
    },
    Fails {
        email: &'static str,
        ip: &'static str,
    },
    StaffLogsIn {
        staff: &'static str,
    },
    StaffFails {
        email: &'static str,
        ip: &'static str,
    },
    Disables {
        staff: &'static str,
        whom: &'static str,
    },
}

/// What staff does to an account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chore {
    /// Makes it, and its owner when that person is new.
    Open,
    /// Puts it into its group, and marks it active or inactive.
    Classify {
        active: bool,
    },
    Close,
    Reopen,
    /// Deletes it with the users who would be left without any.
    Delete,
    Note {
        text: &'static str,
        pinned: bool,
    },
    MakeOwner {
        user: &'static str,
    },
    /// Associates a user at once; a new one has no password.
    Associate {
        user: &'static str,
        grants: &'static str,
    },
}

use Chore::{Associate, Classify, Close, Delete, MakeOwner, Note, Reopen};
use Deed::{
    Accepts, AddsContact, Cancels, ChangesPassword, Declines, Disables, Fails, Invites, Leaves, LogsOut, Moves, Permits,
    Registers, Removes, Renames, Resends, StaffFails, StaffLogsIn, Visits,
};
use Post::{Kept, PutOff, Refused, Taken};

const fn on(day: u32, hour: u32, minute: u32, deed: Deed) -> Step {
    Step { at: At::Day(day, hour, minute), deed }
}

const fn staff(staff: &'static str, account: &'static str, chore: Chore) -> Deed {
    Deed::Staff { staff, account, chore }
}

const fn ago(minutes: u32, deed: Deed) -> Step {
    Step { at: At::Ago(minutes), deed }
}

const UNKNOWN_USER: &str = "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table";
const FULL: &str = "552 5.2.2 The mailbox is over its quota";
const GREY: &str = "451 4.7.1 Greylisted, please come back in five minutes";

#[rustfmt::skip]
pub(super) static STORY: &[Step] = &[
    // Contacts and notes.
    on(1, 16, 5, AddsContact { by: "mia", account: "bakery", name: ("Rosalind", "Featherby"), email: "accounts@blueheron.example.com", gets: "invoice" }),
    on(1, 16, 9, AddsContact { by: "mia", account: "bakery", name: ("Night", "Shift"), email: "ovens@blueheron.example.com", gets: "support product" }),
    on(4, 9, 30, AddsContact { by: "ines", account: "clinic", name: ("On-call", "Engineer"), email: "oncall@brightwater.example.com", gets: "support domain general" }),
    on(4, 9, 41, AddsContact { by: "grace", account: "clinic", name: ("Ngozi", "Bright-Lawal"), email: "finance@brightwater.example.com", gets: "invoice" }),
    on(5, 11, 12, AddsContact { by: "sanne", account: "logistics", name: ("Crediteuren", "administratie"), email: "facturen@wolderen.example.net", gets: "invoice" }),
    on(13, 3, 20, AddsContact { by: "haruto", account: "wood", name: ("経理", "担当"), email: "keiri@morikawa.example.net", gets: "invoice general" }),
    on(18, 8, 15, AddsContact { by: "nadia", account: "aurora", name: ("Отдел", "закупок"), email: "zakupki@aurora.example.org", gets: "invoice product" }),
    on(1, 11, 20, staff("robin", "bakery", Note { text: "Mia prefers to be called before noon: the ovens start at four.", pinned: false })),
    on(2, 15, 40, staff("noor", "clinic", Note { text: "Data protection officer: every change of users must be agreed with Inês (delegated manager).\nDo not associate users without a ticket.", pinned: true })),
    on(4, 12, 5, staff("robin", "logistics", Note { text: "Reseller terms until the end of next year. Sanne manages the users herself.", pinned: false })),
    on(15, 10, 0, staff("noor", "bakery", Note { text: "Pays by standing order since this month; no reminders before the 10th.", pinned: true })),
    on(33, 9, 50, staff("robin", "atelier", Note { text: "Closed at the owner’s wish. Keep the domains until spring, Chloé may come back.", pinned: true })),
    on(36, 14, 30, staff("noor", "bakery", Note { text: "Asked whether a florist next door can get access to the shared web shop. Explained invitations.", pinned: false })),
    // An account that was only a test, and whose user goes with it.
    on(3, 7, 55, staff("robin", "test", Delete)),
    // Accepted with another address than the invited one.
    on(4, 8, 10, Invites { by: "mia", account: "bakery", to: "counter@blueheron.example.com", grants: "products invoices orders", post: Taken }),
    on(4, 12, 44, Accepts { user: "hanna", account: "bakery", to: "counter@blueheron.example.com" }),
    on(13, 9, 5, Invites { by: "ines", account: "clinic", to: "locum.doctors@brightwater.example.com", grants: "tickets emails", post: Taken }),
    on(14, 20, 31, Accepts { user: "femi", account: "clinic", to: "locum.doctors@brightwater.example.com" }),
    // Somebody who is in already opens a second invitation, and gains what it offers.
    on(17, 15, 2, Invites { by: "mia", account: "bakery", to: "wren.calloway@mail.example.org", grants: "Accounting", post: Taken }),
    on(17, 16, 20, Accepts { user: "wren", account: "bakery", to: "wren.calloway@mail.example.org" }),
    // A mistyped address, taken back and sent to the right one.
    on(19, 9, 1, Invites { by: "joerg", account: "garden", to: "keathe@gruenberg.example.org", grants: "invoices tickets", post: Refused(UNKNOWN_USER) }),
    on(21, 10, 52, Cancels { by: "joerg", account: "garden", to: "keathe@gruenberg.example.org" }),
    // Expired, sent again, accepted.
    on(26, 12, 0, Invites { by: "leila", account: "courier", to: "quentin@abernathy-voss.example.net", grants: "quotes orders", post: Taken }),
    on(34, 12, 30, Resends { by: "leila", account: "courier", to: "quentin@abernathy-voss.example.net", post: Taken }),
    on(35, 9, 14, Accepts { user: "quentin", account: "courier", to: "quentin@abernathy-voss.example.net" }),
    on(38, 10, 0, Leaves { user: "quentin", account: "courier" }),
    // Declined, by whoever had the link.
    on(15, 14, 10, Invites { by: "kwame", account: "loom", to: "dye-works@indigo-close.example.org", grants: "orders", post: Taken }),
    on(16, 8, 3, Declines { account: "loom", to: "dye-works@indigo-close.example.org", ip: "203.0.113.240" }),
    on(27, 15, 30, Invites { by: "bjoern", account: "boats", to: "segelmacher@canvas.example.net", grants: "quotes invoices", post: Taken }),
    on(28, 18, 12, Declines { account: "boats", to: "segelmacher@canvas.example.net", ip: "2001:db8:99::3" }),
    // Taken back.
    on(18, 2, 40, Invites { by: "haruto", account: "wood", to: "temp@morikawa.example.net", grants: "products", post: Taken }),
    on(18, 9, 15, Cancels { by: "haruto", account: "wood", to: "temp@morikawa.example.net" }),
    on(30, 8, 0, Invites { by: "priya", account: "kite", to: "intern@saffronkite.example.com", grants: "all", post: Taken }),
    on(30, 8, 20, Cancels { by: "priya", account: "kite", to: "intern@saffronkite.example.com" }),
    // Left unanswered until they expired.
    on(12, 11, 30, Invites { by: "maxi", account: "clocks", to: "ehrenvorsitz@historische-uhrwerke.example.org", grants: "profile contacts", post: Taken }),
    on(20, 10, 20, Invites { by: "dimitri", account: "bikes", to: "workshop@vaskov.example.com", grants: "tickets orders", post: Taken }),
    on(29, 16, 45, Invites { by: "aoife", account: "surf", to: "cian@tidewrack.example.com", grants: "products tickets", post: Taken }),
    on(31, 9, 0, Invites { by: "mia", account: "bakery", to: "flour@millers.example.net", grants: "quotes orders", post: Taken }),
    // Permissions that changed.
    on(11, 9, 12, Permits { by: "mia", account: "bakery", user: "hanna", grants: "products invoices orders tickets" }),
    on(16, 13, 5, Permits { by: "ines", account: "clinic", user: "yusuf", grants: "products domains tickets emails" }),
    on(21, 8, 40, Permits { by: "dimitri", account: "bikes", user: "wren", grants: "products manageproducts productsso domains managedomains tickets orders" }),
    on(28, 10, 10, Permits { by: "grace", account: "clinic", user: "wren", grants: "products domains tickets" }),
    on(34, 7, 25, Permits { by: "sanne", account: "logistics", user: "pieter", grants: "products manageproducts domains tickets" }),
    on(37, 11, 50, Permits { by: "robin", account: "museum", user: "otto", grants: "invoices" }),
    // People who left.
    on(33, 16, 30, Removes { by: "wren", account: "studio", user: "rosa" }),
    on(35, 9, 9, Removes { by: "ines", account: "clinic", user: "martha" }),
    // Another owner.
    on(25, 10, 15, staff("robin", "courier", MakeOwner { user: "leila" })),
    on(25, 10, 20, staff("robin", "courier", Note { text: "Leïla has taken over from her brother; identity checked by telephone.", pinned: false })),
    // Staff.
    on(8, 9, 20, Moves { by: "robin", account: "bikes", phone: "+1 202 555 0179" }),
    on(16, 17, 45, Disables { staff: "robin", whom: "tomas" }),
    on(25, 13, 0, staff("noor", "boats", Associate { user: "greta", grants: "invoices quotes" })),
    on(27, 11, 11, Renames { staff: "noor", user: "kaethe", last: "Öllerich-Grünberg" }),
    on(30, 13, 30, staff("robin", "museum", Classify { active: false })),
    on(12, 14, 0, staff("noor", "rentals", Close)),
    on(12, 14, 6, staff("noor", "rentals", Reopen)),
    on(33, 9, 45, staff("robin", "atelier", Close)),
    on(14, 10, 30, Registers { user: "quentin" }),
    // Passwords and logins.
    on(23, 9, 33, ChangesPassword { user: "dimitri" }),
    on(36, 8, 20, ChangesPassword { user: "priya" }),
    on(40, 15, 0, Moves { by: "mia", account: "bakery", phone: "+44 1632 960055" }),
    // This week: invitations that wait for an answer.
    on(39, 12, 40, Invites { by: "layla", account: "tea", to: "warehouse@tea-house.example.org", grants: "products orders", post: Kept }),
    on(40, 9, 25, Invites { by: "sanne", account: "logistics", to: "nachtdienst@wolderen.example.net", grants: "tickets", post: Refused(FULL) }),
    on(40, 13, 10, Invites { by: "priya", account: "kite", to: "visa-desk@saffronkite.example.com", grants: "contacts emails tickets", post: PutOff(GREY) }),
    on(41, 9, 40, Invites { by: "ines", account: "clinic", to: "reception@brightwater.example.com", grants: "contacts tickets", post: Kept }),
    on(41, 15, 15, Invites { by: "lucia", account: "theatre", to: "stage-manager-and-lighting-department@harbourlights.example.org", grants: "all", post: Kept }),
    // The last two hours, in which nothing else happens.
    ago(188, Invites { by: "wren", account: "studio", to: "apprentice@calloway-studio.example.com", grants: "products domains tickets", post: Kept }),
    ago(117, Visits { user: "ines", number: 3 }),
    ago(112, Permits { by: "ines", account: "clinic", user: "femi", grants: "tickets emails products" }),
    ago(88, Fails { email: "otto@lindquell-books.example.org", ip: "198.51.100.40" }),
    ago(87, Visits { user: "otto", number: 6 }),
    ago(71, StaffLogsIn { staff: "noor" }),
    ago(66, staff("noor", "kite", Note { text: "Mail to the visa desk is being greylisted; asked Priya to look at their filter.", pinned: true })),
    ago(52, Visits { user: "dimitri", number: 1 }),
    ago(47, Moves { by: "dimitri", account: "campsite", phone: "+1 202 555 0188" }),
    ago(36, Visits { user: "mia", number: 1 }),
    ago(31, Invites { by: "mia", account: "bakery", to: "florist@rosewater.example.org", grants: "Support", post: Kept }),
    ago(29, AddsContact { by: "mia", account: "bakery", name: ("Fern", "Rosewater-Quill"), email: "hello@rosewater.example.org", gets: "general" }),
    ago(27, LogsOut { user: "mia" }),
    ago(14, Fails { email: "layla@tea-house.example.com", ip: "203.0.113.88" }),
    ago(9, Visits { user: "wren", number: 2 }),
];

/// Typing errors, and one night on which somebody tried a list of passwords.
pub(super) static FAILURES: &[Step] = &[
    on(2, 5, 40, Fails { email: "mia@blueheron.example.com", ip: "203.0.113.54" }),
    on(4, 9, 58, Fails { email: "dimitri@vaskov.example.com", ip: "198.51.100.71" }),
    on(6, 2, 13, Fails { email: "admin@cloudpine.example.net", ip: "198.51.100.66" }),
    on(9, 8, 8, Fails { email: "otto@lindquell-books.example.org", ip: "198.51.100.40" }),
    on(9, 8, 9, Fails { email: "otto@lindquell-books.example.org", ip: "198.51.100.40" }),
    on(14, 11, 0, Fails { email: "sofia@penalverde.example.com", ip: "203.0.113.140" }),
    on(16, 7, 50, Fails { email: "henk@wolderen.example.net", ip: "192.0.2.96" }),
    on(19, 20, 2, Fails { email: "femi.stone@mail.example.org", ip: "198.51.100.12" }),
    on(22, 3, 1, Fails { email: "root@example.com", ip: "198.51.100.66" }),
    on(22, 3, 2, Fails { email: "test@example.com", ip: "198.51.100.66" }),
    on(22, 3, 2, Fails { email: "info@example.com", ip: "198.51.100.66" }),
    on(22, 3, 3, Fails { email: "wren@calloway-studio.example.com", ip: "198.51.100.66" }),
    on(22, 3, 3, Fails { email: "wren@calloway-studio.example.com", ip: "198.51.100.66" }),
    on(22, 3, 4, Fails { email: "grace@brightwater.example.com", ip: "198.51.100.66" }),
    on(22, 3, 4, Fails { email: "grace@brightwater.example.com", ip: "198.51.100.66" }),
    on(22, 3, 5, Fails { email: "office@wolderen.example.net", ip: "198.51.100.66" }),
    on(22, 3, 6, StaffFails { email: "admin@staff.example.net", ip: "198.51.100.66" }),
    on(22, 3, 7, StaffFails { email: "robin@staff.example.net", ip: "198.51.100.66" }),
    on(24, 15, 30, Fails { email: "bjorn@akerstrand.example.org", ip: "203.0.113.155" }),
    on(27, 8, 14, StaffFails { email: "noor@staff.example.net", ip: "192.0.2.11" }),
    on(30, 16, 4, Fails { email: "leila@atlascourier.example.com", ip: "198.51.100.186" }),
    on(34, 10, 10, Fails { email: "chloe@atelier-dufresnoy.example.com", ip: "198.51.100.160" }),
    on(34, 10, 11, Fails { email: "chloe@atelier-dufresnoy.example.com", ip: "198.51.100.160" }),
    on(38, 8, 25, Fails { email: "priya@saffronkite.example.com", ip: "198.51.100.150" }),
    on(40, 1, 12, Fails { email: "haruto@morikawa.example.net", ip: "2001:db8:81::7" }),
    on(41, 19, 21, Fails { email: "lucia@harbourlights.example.org", ip: "203.0.113.181" }),
];
