//! The command line: every sub-command, its options wherever they stand, and what it says when something is wrong.

use std::process::Output;

use crate::support::binary::{Folder, Place, Running, finish, stderr, stdout, until};
use crate::support::tables::texts;
use crate::support::{Ask, PASSWORD};

const SUBCOMMANDS: [&[&str]; 15] = [
    &[],
    &["serve"],
    &["migrate"],
    &["admin"],
    &["admin", "create"],
    &["user"],
    &["user", "create"],
    &["account", "create"],
    &["api-credential"],
    &["api-credential", "create"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "check-head"],
    &["config"],
    &["config", "check"],
];

const CREATE_ADMIN: [&str; 6] = ["admin", "create", "--email", "stella@staff.example", "--name", "Stella Staff"];
const CREATE_USER: [&str; 8] =
    ["user", "create", "--email", "olivia@example.com", "--first-name", "Olivia", "--last-name", "Owner"];
const CREATE_ACCOUNT: [&str; 6] = ["account", "create", "--name", "Acme", "--owner", "olivia@example.com"];

fn typed(arguments: &[&'static str]) -> Vec<&'static str> {
    arguments.iter().copied().chain(["--password-stdin"]).collect()
}

/// One clear line on standard error, no panic, and a status that says so.
fn assert_refused(output: &Output, words: &str) {
    let error = stderr(output);
    assert!(!output.status.success(), "{words}: {}", stdout(output));
    assert!(error.contains(words), "{words} is not in {error:?}");
    assert!(!error.contains("panicked") && !error.contains("RUST_BACKTRACE"), "{error}");
    let own = error.lines().filter(|line| line.starts_with("latchkey:")).count();
    let of_the_parser = error.lines().filter(|line| line.starts_with("error:")).count();
    assert_eq!(own + of_the_parser, 1, "{error:?}");
    assert!(own == 0 || error.trim_end().lines().count() == 1, "{error:?}");
}

#[tokio::test]
async fn every_sub_command_explains_itself() {
    let place = Place::sqlite();
    for command in SUBCOMMANDS {
        let output = place.run(&[command, &["--help"]].concat()).await;
        assert!(output.status.success(), "{command:?}");
        assert!(stdout(&output).contains("Usage:"), "{command:?}: {}", stdout(&output));
        assert!(stderr(&output).is_empty(), "{command:?}: {}", stderr(&output));
    }
    for command in
        [&["serve"][..], &["migrate"], &["admin", "create"], &["user", "create"], &["account", "create"], &["config", "check"]]
    {
        let help = stdout(&place.run(&[command, &["--help"]].concat()).await);
        for option in ["--data-dir", "LATCHKEY_DATA_DIR", "--database-url", "LATCHKEY_DATABASE_URL"] {
            assert!(help.contains(option), "{command:?} does not know {option}");
        }
    }
    let version = place.run(&["--version"]).await;
    assert!(version.status.success() && stdout(&version).starts_with("latchkey "));
    assert!(!place.folder.path().join("data").exists(), "asking for help makes no data folder");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_one_line() {
    let place = Place::sqlite();
    let cases: [(&[&str], &str); 26] = [
        (&["nonsense"], "nonsense"),
        (&["serve", "--nonsense"], "--nonsense"),
        (&["serve", "--listen", "here"], "--listen"),
        (&["serve", "--forward-auth-domains", "https://app.example.com"], "forward-auth domain"),
        (&["serve", "--forward-auth-account-pattern", "https://app.example.com/"], "account pattern"),
        (&["serve", "--listen", "127.0.0.1:99999"], "--listen"),
        (&["serve", "--listen", "0.0.0.0:0"], "--public-url"),
        (&["serve", "--public-url", "http://login.example.com"], "https://"),
        (&["serve", "--public-url", "login.example.com"], "public URL"),
        (&["serve", "--public-url", "https://login.example.com/path"], "public URL"),
        (&["serve", "--database-url", "mysql://x"], "postgres://"),
        (&["serve", "--database-url", "postgres://nobody:s3cret@127.0.0.1:1/x"], "PostgreSQL"),
        (&["serve", "--smtp-url", "http://me:s3cret@mail.example"], "smtp://"),
        (&["serve", "--smtp-url", "smtp://me:s3cret@"], "mail server"),
        (&["serve", "--smtp-url", "smtp://localhost", "--mail-from", "s3cret at home"], "sender"),
        (&["serve", "--config", "missing.toml"], "missing.toml"),
        (&["serve", "--webhook-allow", "10.0.0.0/40"], "network for webhooks"),
        (&["audit", "check-head", "missing.txt"], "missing.txt"),
        (&["serve", "--overrides", "missing"], "missing"),
        (&["serve", "--log", "latchkey=nonsense=1"], "log filter"),
        (&["admin", "create", "--email", "x"], "--name"),
        (&["admin", "create", "--email", "x", "--name", "y"], "--email"),
        (&["user", "create", "--email", "plain", "--first-name", "A", "--last-name", "B"], "email"),
        (&["user", "create", "--email", "a@b.example", "--first-name", "A\nB", "--last-name", ""], "first_name"),
        (&["account", "create", "--name", "Acme", "--owner", "nobody@example.com"], "nobody@example.com"),
        (&["account", "create", "--name", "", "--owner", "nobody@example.com"], "name"),
    ];
    for (arguments, words) in cases {
        let output = place.run(arguments).await;
        assert_refused(&output, words);
        assert!(!stderr(&output).contains("s3cret"), "{arguments:?}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn passwords_are_read_from_standard_input_and_never_repeated() {
    let place = Place::sqlite();
    for (password, words) in [
        ("\n", "password"),
        ("", "password"),
        ("short s3cret\n", "15"),
        ("passwordpassword\n", "guess"),
        ("\0\0\0\0\n", "password"),
    ] {
        let output = place.run_with(&typed(&CREATE_ADMIN), password).await;
        assert_refused(&output, words);
        assert!(!stderr(&output).contains("s3cret"));
    }
    let long = format!("{}\n", "x y".repeat(200));
    assert_refused(&place.run_with(&typed(&CREATE_USER), &long).await, "256");
    let bytes = finish(place.command(&typed(&CREATE_USER)), "").await;
    assert!(!bytes.status.success());
    let output = place.run_with(&typed(&CREATE_ADMIN), &format!("{PASSWORD}\nmore\n")).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stdout(&output).contains(PASSWORD) && !stderr(&output).contains(PASSWORD));
    assert_refused(&place.run_with(&typed(&CREATE_ADMIN), &format!("{PASSWORD}\n")).await, "");
    let server = place.serve(&[]).await;
    server.anonymous().log_in_as_admin("stella@staff.example").await;
    assert!(!server.printed().contains("/admin/setup/"), "there is an admin already");
}

async fn what_is_made_can_log_in(place: Place) {
    let migrated = place.run(&["migrate"]).await;
    assert!(migrated.status.success(), "{}", stderr(&migrated));
    let again = place.run(&["migrate"]).await;
    assert!(stdout(&again).contains("up to date"), "{}", stdout(&again));
    let made = place.run_with(&typed(&CREATE_USER), &format!("{PASSWORD}\r\n")).await;
    assert!(made.status.success(), "{}", stderr(&made));
    assert_refused(&place.run_with(&typed(&CREATE_USER), &format!("{PASSWORD}\n")).await, "address");
    let made = place.run(&CREATE_ACCOUNT).await;
    assert!(made.status.success(), "{}", stderr(&made));
    // Without a password one is made and told once.
    let made = place.run(&["user", "create", "--email", "max@example.com", "--first-name", "Max", "--last-name", "M"]).await;
    let told =
        stdout(&made).lines().find_map(|line| line.strip_prefix("Password, shown this once: ").map(str::to_owned)).unwrap();
    assert!(place.run(&["config", "check"]).await.status.success());
    let server = place.serve(&[]).await;
    assert_eq!(server.anonymous().log_in("olivia@example.com").await.get("/a/1").await.status, 200);
    let answer = server.anonymous().post("/login", &[("email", "max@example.com"), ("password", &told)]).await;
    assert_eq!(answer.outline(), "303 /accounts");
    // A second process beside the one that serves.
    let made = place.run_with(&typed(&CREATE_ADMIN), &format!("{PASSWORD}\n")).await;
    assert!(made.status.success(), "{}", stderr(&made));
    server.anonymous().log_in_as_admin("stella@staff.example").await;
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    let events = texts(&place.location(), "select kind from events where actor_name = 'command line' order by id").await;
    assert_eq!(events, ["user-created", "account-created", "membership-created", "user-created", "admin-created"]);
}

/// What the command prints of a credential.
fn told(output: &Output, name: &str) -> String {
    let prefix = format!("{name}: ");
    stdout(output).lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned)).unwrap()
}

async fn a_credential_is_made_and_works(place: Place) {
    for made in [
        place.run_with(&typed(&CREATE_ADMIN), &format!("{PASSWORD}\n")).await,
        place.run_with(&typed(&CREATE_USER), &format!("{PASSWORD}\n")).await,
        place.run(&CREATE_ACCOUNT).await,
    ] {
        assert!(made.status.success(), "{}", stderr(&made));
    }
    let create = async |more: &[&str]| {
        let always = ["api-credential", "create", "--admin", "stella@staff.example", "--name", "Shop"];
        place.run(&[always.as_slice(), more].concat()).await
    };
    for (more, words) in [
        (&["--role", "nonsense"][..], "--role"),
        (&["--from", "nowhere"], "networks"),
        (&["--days", "0"], "--days"),
        (&["--days", "4000"], "--days"),
        (&["--account", "999"], "account"),
    ] {
        assert_refused(&create(more).await, words);
    }
    let by_nobody = ["api-credential", "create", "--admin", "nobody@staff.example", "--name", "Shop"];
    assert_refused(&place.run(&by_nobody).await, "nobody@staff.example");
    let reads = create(&[]).await;
    let bound = create(&["--role", "full", "--from", "127.0.0.1", "--from", "::1", "--days", "7", "--account", "1"]).await;
    let elsewhere = create(&["--role", "full", "--from", "192.0.2.0/24"]).await;
    for made in [&reads, &bound, &elsewhere] {
        assert!(made.status.success(), "{}", stderr(made));
    }
    let server = place.serve(&[]).await;
    let status = async |made: &Output, method: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {}", told(made, "bearer token"));
        let ask = Ask::new(method, path).with("authorization", &bearer);
        let ask = if body.is_empty() { ask } else { ask.body("application/json", body) };
        ask.send(server.address).await.unwrap().status
    };
    let contact = r#"{"email": "carl@example.com"}"#;
    assert_eq!(status(&reads, "GET", "/api/v1/accounts/1/contacts", "").await, 200);
    assert_eq!(status(&reads, "POST", "/api/v1/accounts/1/contacts", contact).await, 403, "read-only unless it is said");
    assert_eq!(status(&bound, "POST", "/api/v1/accounts/1/contacts", contact).await, 201, "--role");
    assert_eq!(status(&bound, "GET", "/api/v1/users", "").await, 403, "--account");
    assert_eq!(status(&elsewhere, "GET", "/api/v1/users", "").await, 403, "--from");
    // Identifier and secret are the same credential at the other door.
    let (identifier, secret) = (told(&bound, "identifier"), told(&bound, "secret"));
    let fields = [("action", "GetContacts"), ("identifier", identifier.as_str()), ("secret", &secret)];
    let answer = Ask::new("POST", "/includes/api.php").form(&fields).send(server.address).await.unwrap();
    assert!(answer.status == 200 && answer.text().contains("carl@example.com"), "{}", answer.text());
    let (status, log) = server.stop().await;
    assert!(status.success() && !log.contains(&secret), "{log}");
    let days =
        "select cast((expires_at - created_at + 3600000000) / 86400000000 as text) from api_credentials where account_id = 1";
    assert_eq!(texts(&place.location(), days).await, ["7"], "--days");
}

#[tokio::test]
async fn a_credential_is_made_and_works_on_sqlite() {
    a_credential_is_made_and_works(Place::sqlite()).await;
}

#[tokio::test]
async fn a_credential_is_made_and_works_on_postgres() {
    a_credential_is_made_and_works(Place::postgres().await).await;
}

#[tokio::test]
async fn users_accounts_and_admins_are_made_on_sqlite() {
    what_is_made_can_log_in(Place::sqlite()).await;
}

#[tokio::test]
async fn users_accounts_and_admins_are_made_on_postgres() {
    what_is_made_can_log_in(Place::postgres().await).await;
}

#[tokio::test]
async fn v6_3_2_the_set_up_link_is_printed_once_and_works_once() {
    let place = Place::sqlite();
    let server = place.serve(&[]).await;
    let link = async |server: &Running| {
        until("the link is printed", async || {
            let printed = server.printed();
            let (_, token) = printed.split_once("/admin/setup/")?;
            Some(format!("/admin/setup/{}", token.split_whitespace().next()?))
        })
        .await
    };
    let first = link(&server).await;
    assert!(!server.logged().contains(&first));
    let (status, _) = server.stop().await;
    assert!(status.success());
    // A restart prints a fresh one; the old one is dead.
    let server = place.serve(&[]).await;
    let second = link(&server).await;
    assert_ne!(first, second);
    let admin = server.anonymous();
    assert_eq!(admin.get(&first).await.status, 410);
    let page = admin.get(&second).await;
    assert_eq!((page.status, page.header("referrer-policy")), (200, Some("no-referrer")));
    assert_eq!(admin.get(&second).await.status, 200, "opening it changes nothing");
    let fields = |email| [("name", "Stella"), ("email", email), ("password", "quiet harbour, seven lanterns")];
    let (weak, good) = ([("name", ""), ("email", "x"), ("password", "short")], fields("stella@staff.example"));
    let refused = admin.post(&second, &weak).await;
    assert_eq!(refused.status, 422);
    for field in ["name-error", "email-error", "password-error"] {
        assert!(refused.text().contains(field), "{field}");
    }
    let (eve, eves) = (server.anonymous(), fields("eve@staff.example"));
    eve.token(&second).await;
    let (one, two) = tokio::join!(admin.post(&second, &good), eve.post(&second, &eves));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410], "of two who use it at the same moment one makes the admin");
    let winner = if one.status == 303 { &admin } else { &eve };
    assert_eq!(winner.get("/admin").await.outline(), "303 /admin/two-factor?next=%2Fadmin", "the first admin sets up two-factor");
    assert_eq!(winner.get("/admin/two-factor").await.status, 200);
    assert!(place.run(&["admin", "require-two-factor", "no"]).await.status.success());
    assert_eq!(winner.get("/admin").await.status, 200, "unless the operator does without");
    assert_eq!(server.anonymous().get(&second).await.status, 410);
    assert_eq!(texts(&place.location(), "select email from admins").await.len(), 1);
    server.kill().await;
    let server = place.serve(&[]).await;
    assert!(!server.printed().contains("/admin/setup/"));
}

#[tokio::test]
async fn the_command_line_wins_over_the_environment_and_the_environment_over_the_file() {
    let place = Place::sqlite();
    let file = |name: &str, text: &str| std::fs::write(place.folder.path().join(name), text).unwrap();
    let check = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(&[&["config", "check"], arguments].concat());
        command.env_remove("LATCHKEY_DATA_DIR").envs(variables.iter().copied());
        let output = finish(command, "").await;
        assert!(output.status.success(), "{}", stderr(&output));
    };
    let made = |folder: &str| {
        let there = place.folder.path().join(folder).join("latchkey.db").exists();
        let _ = std::fs::remove_dir_all(place.folder.path().join(folder));
        there
    };
    check(&[], &[]).await;
    assert!(made("latchkey-data"), "the default");
    file("latchkey.toml", "data-dir = \"from-file\"\nlog = \"warn\"\n");
    check(&[], &[]).await;
    assert!(made("from-file"));
    check(&[], &[("LATCHKEY_DATA_DIR", "from-environment")]).await;
    assert!(made("from-environment") && !made("from-file"));
    check(&["--data-dir", "from-line"], &[("LATCHKEY_DATA_DIR", "from-environment")]).await;
    assert!(made("from-line") && !made("from-environment") && !made("from-file"));
    file("other.toml", "data-dir = \"from-other\"\n");
    check(&["--config", "other.toml"], &[]).await;
    assert!(made("from-other") && !made("from-file"));
    check(&[], &[("LATCHKEY_CONFIG", "other.toml")]).await;
    assert!(made("from-other") && !made("from-file"));
}

/// The options as `--help` lists them; each is in the environment, and each but the file's own name in the file.
#[tokio::test]
async fn every_option_stands_on_the_line_in_the_environment_and_in_the_file() {
    let place = Place::sqlite();
    let help = stdout(&place.run(&["serve", "--help"]).await);
    let listed: Vec<&str> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"))
        .filter_map(|line| line.split([' ', '[']).next())
        .filter(|name| !["help", "version", "config"].contains(name))
        .collect();
    let samples = [
        ("listen", "\"127.0.0.1:0\""),
        ("data-dir", "\"somewhere\""),
        ("database-url", "\"mysql://x\""),
        ("public-url", "\"https://login.example.com\""),
        ("smtp-url", "\"smtp://localhost\""),
        ("mail-from", "\"mail@example.com\""),
        ("trusted-proxies", "[\"127.0.0.1\"]"),
        ("webhook-allow", "[\"127.0.0.0/8\"]"),
        ("forward-auth-domains", "[\"app.example.com\"]"),
        ("forward-auth-account-pattern", "\"https://{account}.example.com/\""),
        ("forward-auth-redirect", "true"),
        ("action-api-get-from", "[\"127.0.0.1\"]"),
        ("secret-key-file", "\"other.key\""),
        ("password-cost", "\"m=19456,t=2\""),
        ("pepper-file", "\"peppers\""),
        ("breached-passwords", "\"breached.txt\""),
        ("overrides", "\".\""),
        ("log", "\"warn\""),
        ("log-json", "true"),
        ("demo", "true"),
    ];
    assert_eq!(listed, samples.map(|(name, _)| name));
    for (name, value) in samples {
        let variable = format!("LATCHKEY_{}", name.replace('-', "_").to_uppercase());
        assert!(["=", "]"].iter().any(|end| help.contains(&format!("{variable}{end}"))), "{variable}");
        std::fs::write(place.folder.path().join("latchkey.toml"), format!("{name} = {value}\n")).unwrap();
        let output = place.run(&["config", "check"]).await;
        assert!(!stderr(&output).contains("unknown field"), "{name}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn a_file_with_mistakes_is_refused_with_the_place() {
    let place = Place::sqlite();
    for (text, words) in [
        ("listen = \"127.0.0.1:1\"\nnonsense = 1\n", "nonsense"),
        ("listen = 8080\n", "line 1"),
        ("smtp-url = \"http://me:s3cret@x\"\n", "smtp://"),
        ("data-dir = \n", "line 1"),
        ("[serve]\nlisten = \"127.0.0.1:1\"\n", "serve"),
    ] {
        std::fs::write(place.folder.path().join("latchkey.toml"), text).unwrap();
        let output = place.run(&["config", "check"]).await;
        assert_refused(&output, words);
        assert!(!stderr(&output).contains("s3cret"), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn options_stand_before_and_after_serve_and_without_it() {
    for arguments in [&["serve", "--log", "warn"][..], &["--log", "warn", "serve"], &["--log", "warn"], &[]] {
        let place = Place::sqlite();
        let server = Running::start(place.command(arguments)).await;
        assert_eq!(server.anonymous().get("/login").await.status, 200, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_port_or_folder_that_cannot_be_had_is_said() {
    let place = Place::sqlite();
    let server = place.serve(&[]).await;
    let taken = server.address.to_string();
    let other = Place::sqlite();
    assert_refused(&other.run(&["serve", "--listen", &taken]).await, &taken);
    std::fs::write(other.folder.path().join("file"), "").unwrap();
    assert_refused(&other.run(&["migrate", "--data-dir", "file/data"]).await, "file/data");
    std::fs::create_dir_all(other.folder.path().join("data")).unwrap();
    std::fs::write(other.folder.path().join("data/secret.key"), "nonsense").unwrap();
    assert_refused(&other.run(&["migrate"]).await, "secret.key");
    std::fs::remove_file(other.folder.path().join("data/secret.key")).unwrap();
    std::fs::write(other.folder.path().join("data/latchkey.db"), "this is no database, it only looks like a file of one")
        .unwrap();
    assert_refused(&other.run(&["migrate"]).await, "latchkey.db");
    // Another key than the database's.
    assert!(server.stop().await.0.success());
    let key = Folder::new();
    std::fs::write(key.path().join("key"), format!("{}\n", "A".repeat(43))).unwrap();
    let path = key.path().join("key");
    assert_refused(&place.run(&["migrate", "--secret-key-file", path.to_str().unwrap()]).await, "key");
}

#[tokio::test]
async fn v13_3_1_the_secret_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    assert!(place.run(&["migrate"]).await.status.success());
    let mode = std::fs::metadata(place.folder.path().join("data/secret.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_demo_refuses_a_folder_that_holds_something_else() {
    let place = Place::sqlite();
    assert!(place.run_with(&typed(&CREATE_USER), &format!("{PASSWORD}\n")).await.status.success());
    assert_refused(&place.run(&["serve", "--demo"]).await, "demo");
    std::fs::write(place.folder.path().join("latchkey.toml"), "demo = true\n").unwrap();
    assert_refused(&place.run(&["serve"]).await, "demo");
    assert_eq!(texts(&place.location(), "select email from users").await, ["olivia@example.com"]);
}

#[tokio::test]
async fn health_and_readiness_need_no_login_and_set_no_cookie() {
    let place = Place::sqlite();
    let server = place.serve(&[]).await;
    for (path, text) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let answer = server.anonymous().get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, text));
        assert!(answer.cookies().is_empty());
        assert_eq!(server.anonymous().send(&Ask::new("POST", path)).await.status, 405);
    }
}
