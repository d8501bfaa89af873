//! Who lives in the demo. Nobody of them exists.

/// A person with a login to the Client Area.
pub(super) struct Person {
    pub key: &'static str,
    pub first: &'static str,
    pub last: &'static str,
    pub email: &'static str,
    /// From where the person usually comes.
    pub ip: &'static str,
    /// The name of that address; empty when it has none.
    pub host: &'static str,
    pub browser: &'static str,
    /// Comes every so many days; 0 for hardly ever.
    pub every: u32,
    /// At about this hour (UTC).
    pub hour: u32,
}

/// A member of staff.
pub(super) struct Staff {
    pub key: &'static str,
    pub name: &'static str,
    pub email: &'static str,
    pub ip: &'static str,
    pub every: u32,
}

/// Staff make accounts, associate users and write notes; the first one is the admin whose login is printed.
pub(super) static STAFF: &[Staff] = &[
    Staff { key: "robin", name: "Robin Ashdown", email: "robin@staff.example.net", ip: "192.0.2.10", every: 1 },
    Staff { key: "noor", name: "Noor Haddadine", email: "noor@staff.example.net", ip: "192.0.2.11", every: 3 },
    Staff { key: "tomas", name: "Tomás Quillón", email: "tomas@staff.example.net", ip: "192.0.2.12", every: 0 },
];

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0";
const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0";
const SAFARI: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15";

/// What people carry with them.
pub(super) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";

/// The browser of staff.
pub(super) const DESK: &str = FIREFOX;

/// One line a person: key, name, login, address, host, browser, rhythm.
const fn person(
    key: &'static str,
    (first, last): (&'static str, &'static str),
    email: &'static str,
    (ip, host): (&'static str, &'static str),
    browser: &'static str,
    (every, hour): (u32, u32),
) -> Person {
    Person { key, first, last, email, ip, host, browser, every, hour }
}

#[rustfmt::skip]
pub(super) static PEOPLE: &[Person] = &[
    // Shared users: one login, many accounts.
    person("wren", ("Wren", "Calloway"), "wren@calloway-studio.example.com", ("203.0.113.21", "static-21.fibre.example.net"), SAFARI, (1, 8)),
    person("otto", ("Otto", "Lindquell"), "otto@lindquell-books.example.org", ("198.51.100.40", "office.lindquell-books.example.net"), EDGE, (2, 9)),
    // Owners.
    person("mia", ("Mia", "Thornbury"), "mia@blueheron.example.com", ("203.0.113.54", "dsl-54.fibre.example.net"), CHROME, (2, 5)),
    person("dimitri", ("Dimitri", "Vaskov-Hale"), "dimitri@vaskov.example.com", ("198.51.100.71", "gate.vaskov.example.net"), CHROME, (2, 10)),
    person("layla", ("ليلى", "المنصوري"), "layla@tea-house.example.org", ("203.0.113.88", ""), SAFARI, (3, 12)),
    person("zihan", ("子涵", "云"), "zihan@cloudpine.example.net", ("2001:db8:40::1c", "v6-1c.cloudpine.example.net"), CHROME, (3, 2)),
    person("joerg", ("Jörg", "Weißenfels-Grünberg"), "jörg@gruenberg.example.org", ("198.51.100.102", "p102.dialup.example.net"), FIREFOX, (3, 6)),
    person("maxi", ("Maximiliana Konstantina Bartholomea", "von der Hohenwarthe-Sternbach zu Lichtenau"), "maximiliana-konstantina.hohenwarthe-sternbach@historische-uhrwerke.example.org", ("2001:db8:7:30::2", ""), EDGE, (5, 13)),
    person("aoife", ("Aoife", "Ní Mhaolruaidh"), "aoife@tidewrack.example.com", ("203.0.113.130", "dsl-130.fibre.example.net"), SAFARI, (2, 18)),
    person("kwame", ("Kwame", "Adomako-Frey"), "kwame@sunriseloom.example.com", ("198.51.100.133", ""), CHROME, (4, 11)),
    person("sofia", ("Sofía", "Peñalverde"), "sofia@penalverde.example.org", ("203.0.113.140", "dsl-140.fibre.example.net"), FIREFOX, (3, 16)),
    person("haruto", ("陽翔", "森川"), "haruto@morikawa.example.net", ("2001:db8:81::7", "home-7.morikawa.example.net"), SAFARI, (3, 1)),
    person("priya", ("Priya", "Raghunanda"), "priya@saffronkite.example.com", ("198.51.100.150", "static-150.fibre.example.net"), CHROME, (2, 7)),
    person("bjoern", ("Björn", "Åkerstrand"), "bjorn@akerstrand.example.org", ("203.0.113.155", ""), FIREFOX, (4, 15)),
    person("chloe", ("Chloé", "Dufresnoy"), "chloe@atelier-dufresnoy.example.com", ("198.51.100.160", "dsl-160.fibre.example.net"), SAFARI, (6, 14)),
    person("tomasz", ("Tomasz", "Wiśniakowski"), "tomasz@ambercoast.example.org", ("203.0.113.163", ""), EDGE, (9, 9)),
    person("nadia", ("Надежда", "Северинова"), "nadezhda@aurora.example.org", ("198.51.100.170", ""), CHROME, (3, 8)),
    person("eitan", ("איתן", "בן חורש"), "eitan@olive-terrace.example.com", ("203.0.113.175", "dsl-175.fibre.example.net"), CHROME, (4, 17)),
    person("grace", ("Grace", "Okonjo-Bright"), "grace@brightwater.example.com", ("192.0.2.80", "gw.brightwater.example.net"), EDGE, (2, 8)),
    person("henk", ("Henk", "van Wolderen"), "henk@wolderen.example.net", ("192.0.2.96", "proxy.wolderen.example.net"), EDGE, (2, 6)),
    person("lucia", ("Lucia", "Ferrantelli"), "lucia@harbourlights.example.org", ("203.0.113.181", ""), SAFARI, (4, 19)),
    person("samir", ("Samir", "Benhaddouch"), "samir@atlascourier.example.com", ("198.51.100.185", "dsl-185.fibre.example.net"), CHROME, (3, 7)),
    // Members.
    person("paul", ("Paul", "Ekholm"), "paul@blueheron.example.com", ("203.0.113.55", "dsl-55.fibre.example.net"), CHROME, (3, 9)),
    person("hanna", ("Hanna", "Birkedal"), "hanna.birkedal@mail.example.org", ("203.0.113.57", ""), FIREFOX, (3, 11)),
    person("ines", ("Inês", "Vasconcelos Prado"), "ines@brightwater.example.com", ("192.0.2.80", "gw.brightwater.example.net"), EDGE, (1, 7)),
    person("yusuf", ("Yusuf", "Demirkan"), "yusuf@brightwater.example.com", ("192.0.2.80", "gw.brightwater.example.net"), EDGE, (3, 12)),
    person("femi", ("Oluwafemi", "Adebayo-Stone"), "femi.stone@mail.example.org", ("198.51.100.12", ""), PHONE, (5, 20)),
    person("martha", ("Martha", "Kesselring-Okoye"), "martha@brightwater.example.com", ("192.0.2.80", "gw.brightwater.example.net"), CHROME, (4, 10)),
    person("sanne", ("Sanne", "de Rooijmans"), "sanne@wolderen.example.net", ("192.0.2.96", "proxy.wolderen.example.net"), EDGE, (2, 8)),
    person("pieter", ("Pieter-Jan", "Hoogstra"), "pieterjan@wolderen.example.net", ("192.0.2.96", "proxy.wolderen.example.net"), CHROME, (4, 13)),
    person("ruud", ("Ruud", "Timmerlaan"), "ruud@wolderen.example.net", ("192.0.2.97", "proxy.wolderen.example.net"), EDGE, (6, 15)),
    person("ottokar", ("Ottokar", "Silberzahn"), "ottokar@historische-uhrwerke.example.org", ("198.51.100.60", "dsl-60.fibre.example.net"), FIREFOX, (4, 10)),
    person("wei", ("伟", "李"), "wei@cloudpine.example.net", ("2001:db8:40::2a", "v6-2a.cloudpine.example.net"), CHROME, (4, 3)),
    person("omar", ("عمر", "الزهراني"), "omar@tea-house.example.org", ("203.0.113.89", ""), PHONE, (6, 16)),
    person("yui", ("結衣", "森川"), "yui@morikawa.example.net", ("2001:db8:81::9", ""), SAFARI, (5, 4)),
    person("gio", ("Giovanni", "Marchesotti"), "gio@harbourlights.example.org", ("203.0.113.182", "dsl-182.fibre.example.net"), CHROME, (3, 15)),
    person("arjun", ("Arjun", "Mehrotal"), "arjun@saffronkite.example.com", ("198.51.100.151", "static-151.fibre.example.net"), EDGE, (3, 9)),
    person("kaethe", ("Käthe", "Öllerich"), "kaethe@gruenberg.example.org", ("198.51.100.103", ""), FIREFOX, (5, 14)),
    person("leila", ("Leïla", "Benhaddouch"), "leila@atlascourier.example.com", ("198.51.100.186", "dsl-186.fibre.example.net"), SAFARI, (2, 11)),
    person("remy", ("Rémy", "Castagnol"), "remy@castagnol.example.net", ("203.0.113.200", ""), CHROME, (0, 0)),
    person("juniper", ("Juniper", "O’Shaye"), "juniper@calloway-studio.example.com", ("203.0.113.22", "static-22.fibre.example.net"), SAFARI, (2, 10)),
    person("signe", ("Signe", "Lindquell"), "signe@lindquell-books.example.org", ("198.51.100.40", "office.lindquell-books.example.net"), EDGE, (3, 8)),
    person("mateo", ("Mateo", "Peñalverde"), "mateo@penalverde.example.org", ("203.0.113.141", ""), PHONE, (5, 21)),
    person("greta", ("Greta", "Holmqvistsson"), "greta@akerstrand.example.org", ("203.0.113.156", ""), CHROME, (0, 0)),
    // In no account: one never was, one was removed, one came with an account that is deleted.
    person("quentin", ("Quentin", "Abernathy-Voss"), "quentin@abernathy-voss.example.net", ("203.0.113.220", "dsl-220.fibre.example.net"), FIREFOX, (0, 0)),
    person("rosa", ("Rosa", "Tidewell"), "rosa@freelance.example.org", ("198.51.100.210", ""), CHROME, (0, 0)),
    person("test", ("Test", "Order"), "test.order@staff.example.net", ("192.0.2.10", ""), DESK, (0, 0)),
];
