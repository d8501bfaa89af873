//! The demo's client accounts. None of them exists, nor does a street or a telephone.

/// A client account, made by staff on one day of the demo's past.
pub(super) struct Client {
    pub key: &'static str,
    /// On this day.
    pub opened: u32,
    pub owner: &'static str,
    pub name: &'static str,
    pub company: &'static str,
    pub group: &'static str,
    pub email: &'static str,
    pub street: &'static str,
    pub postcode: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    pub phone: &'static str,
}

/// One line an account: key, day and owner, name, company, group, where mail goes, and where it is.
const fn client(
    (key, opened, owner): (&'static str, u32, &'static str),
    (name, company, group): (&'static str, &'static str, &'static str),
    email: &'static str,
    (street, postcode, city, country): (&'static str, &'static str, &'static str, &'static str),
    phone: &'static str,
) -> Client {
    Client { key, opened, owner, name, company, group, email, street, postcode, city, country, phone }
}

/// A group of accounts: name, colour, discount in percent, and whether its clients are never suspended.
pub(super) struct Group {
    pub name: &'static str,
    pub colour: &'static str,
    pub discount: &'static str,
    pub exempt: bool,
}

const fn group(name: &'static str, colour: &'static str, discount: &'static str, exempt: bool) -> Group {
    Group { name, colour, discount, exempt }
}

pub(super) static GROUPS: &[Group] = &[
    group("Agencies", "#7c3aed", "10", false),
    group("Non-profits", "#15803d", "25", false),
    group("Public sector", "#0369a1", "", true),
    group("Resellers", "#b45309", "17.5", false),
    group("Shops", "#be185d", "", false),
];

/// Roles of members of every account: name, description, permissions.
pub(super) static ROLES: [(&str, &str, &str); 2] = [
    ("Accounting", "Reads and pays invoices, and answers quotes", "invoices quotes"),
    ("Support", "Sees what was ordered and asks for help with it", "products orders tickets"),
];

/// In the order of the days.
#[rustfmt::skip]
pub(super) static CLIENTS: &[Client] = &[
    client(("studio", 0, "wren"), ("Calloway Studio", "Calloway Studio Ltd", "Agencies"), "hello@calloway-studio.example.com", ("3 Tannery Yard", "ZZ1 4QX", "Millbrook Quay", "GB"), "+44 1632 960021"),
    client(("books", 0, "otto"), ("Lindquell Bookkeeping", "Lindquell Redovisning AB", "Agencies"), "post@lindquell-books.example.org", ("Ekebogränd 9", "999 12", "Norrvik", "SE"), ""),
    client(("bakery", 0, "mia"), ("Blue Heron Bakery", "Blue Heron Bakery Ltd", "Shops"), "orders@blueheron.example.com", ("12 Weir Lane", "ZZ2 7HB", "Ottersfield", "GB"), "+44 1632 960054"),
    client(("bikes", 0, "dimitri"), ("Vaskov Bicycles", "Vaskov Mobility Group", "Shops"), "shop@vaskov.example.com", ("88 Spindle Street", "00501", "Grafton Bend", "US"), "+1 202 555 0171"),
    client(("rentals", 0, "dimitri"), ("Vaskov Rentals", "Vaskov Mobility Group", "Shops"), "rentals@vaskov.example.com", ("90 Spindle Street", "00501", "Grafton Bend", "US"), "+1 202 555 0172"),
    client(("clinic", 0, "grace"), ("Brightwater Clinic", "Brightwater Health Trust", "Public sector"), "desk@brightwater.example.com", ("1 Lock Keeper’s Rise", "ZZ4 1BW", "Brightwater", "GB"), "+44 1632 960080"),
    client(("logistics", 0, "henk"), ("Wolderen Logistics", "Wolderen Transport & Opslag B.V.", "Resellers"), "planning@wolderen.example.net", ("Havenkade 400", "9999 ZZ", "Oosterwolde aan Zee", "NL"), ""),
    client(("garden", 0, "joerg"), ("Gärtnerei Grünberg", "Grünberg & Söhne Gartenbau GmbH", "Shops"), "büro@gruenberg.example.org", ("Am Königsmühlbächle 7", "00977", "Süßenwörth", "DE"), ""),
    client(("clocks", 0, "maxi"), ("Internationale Vereinigung zur Erhaltung historischer Turmuhrwerke und astronomischer Instrumente e. V.", "", "Non-profits"), "geschaeftsstelle@historische-uhrwerke.example.org", ("Hinter dem Glockenturm 1–3, Hofgebäude, zweiter Aufgang", "00998", "Bad Lichtenau-Hohenwarthe", "DE"), ""),
    client(("surf", 0, "aoife"), ("Tidewrack Surf School", "", "Shops"), "waves@tidewrack.example.com", ("The Old Lifeboat House", "Z99 TW01", "Trá Bhriste", "IE"), ""),
    client(("atelier", 0, "chloe"), ("Atelier Dufresnoy", "Dufresnoy SARL", "Shops"), "bonjour@atelier-dufresnoy.example.com", ("14 rue des Orfèvres perdus", "00099", "Saint-Aubin-le-Creux", "FR"), ""),
    client(("museum", 0, "tomasz"), ("Amber Coast Museum", "Fundacja Muzeum Bursztynowego Wybrzeża", "Non-profits"), "biuro@ambercoast.example.org", ("ul. Bursztynowa 5", "99-999", "Złota Zatoka", "PL"), ""),
    client(("theatre", 1, "lucia"), ("Harbour Lights Theatre", "Cooperativa Luci del Porto", "Non-profits"), "botteghino@harbourlights.example.org", ("Molo Vecchio 2", "00199", "Porto Sereno", "IT"), ""),
    client(("courier", 1, "samir"), ("Atlas Courier", "Atlas Courier SARL", "Resellers"), "dispatch@atlascourier.example.com", ("27, impasse du Caravansérail", "99990", "Aïn Zahra", "MA"), ""),
    client(("kite", 2, "priya"), ("Saffron Kite Travel", "Saffron Kite Travels Pvt. Ltd.", "Agencies"), "trips@saffronkite.example.com", ("Third Floor, 19 Monsoon Arcade", "999001", "Kaveripur", "IN"), ""),
    client(("test", 2, "test"), ("Test order, please ignore", "", ""), "", ("", "", "", ""), ""),
    client(("tea", 4, "layla"), ("بيت الشاي الأزرق", "شركة بيت الشاي الأزرق", "Shops"), "hello@tea-house.example.org", ("شارع الياسمين ٧", "", "واحة النخيل", "AE"), ""),
    client(("cloudpine", 6, "zihan"), ("云松设计工作室", "云松数字创意有限公司", "Agencies"), "studio@cloudpine.example.net", ("松涛路9号", "999999", "云溪", "CN"), ""),
    client(("campsite", 9, "dimitri"), ("Old Mill Campsite", "Vaskov Mobility Group", ""), "stay@vaskov.example.com", ("Mill Road, after the second bridge", "00544", "Pinewater", "US"), "+1 202 555 0173"),
    client(("wood", 11, "haruto"), ("森川木工所 Morikawa Woodworks", "株式会社森川木工所", "Shops"), "mokkou@morikawa.example.net", ("桜坂町1-2-3", "999-9999", "緑原", "JP"), ""),
    client(("loom", 13, "kwame"), ("Sunrise Loom Textiles", "Sunrise Loom Ltd", "Shops"), "weave@sunriseloom.example.com", ("4 Indigo Close", "", "Nkwanta Hills", "GH"), ""),
    client(("aurora", 17, "nadia"), ("Северное сияние", "ООО «Северное сияние»", ""), "info@aurora.example.org", ("ул. Полярная, 15", "999999", "Снежногорье", "KZ"), ""),
    client(("library", 20, "sofia"), ("Librería Peñalverde", "", "Shops"), "libros@penalverde.example.org", ("Plaza del Reloj, 8, bajo izquierda", "99008", "Villaclara del Río", "ES"), ""),
    client(("boats", 24, "bjoern"), ("Åkerstrand Båtbyggeri", "Åkerstrand Båtar AB", "Shops"), "varv@akerstrand.example.org", ("Slipvägen 2", "999 45", "Sälholmen", "SE"), ""),
    client(("guesthouse", 29, "eitan"), ("טרסת הזיתים · Olive Terrace", "", ""), "rooms@olive-terrace.example.com", ("שביל הזית 3", "", "גבעת שקד", "IL"), ""),
];
