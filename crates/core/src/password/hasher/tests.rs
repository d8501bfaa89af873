use proptest::prelude::*;

use super::*;

fn random() -> Random {
    Random::seeded(7)
}

#[tokio::test]
async fn v11_4_2_hashes_are_argon2id_with_the_current_parameters() {
    let hasher = Hasher::new(NonZeroUsize::MIN, HashCost::default());
    let password = Password::typed("correct horse battery staple");
    let hash = hasher.hash(&random(), &password).await.unwrap();
    assert!(hash.0.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{}", hash.0);
    assert_eq!(hasher.verify(&password, Some(hash), Comer::Stranger).await.unwrap(), Verdict::Right);
}

#[test]
fn as_many_wait_as_are_served_in_the_same_time_whatever_a_hash_costs() {
    let queue = |cost: &str| queue_per_core(cost.parse::<HashCost>().unwrap().parameters());
    assert_eq!(queue("m=65536,t=3"), QUEUE_PER_CORE);
    assert_eq!(queue("m=32768,t=3"), 2 * QUEUE_PER_CORE);
    assert_eq!(queue("m=131072,t=6"), QUEUE_PER_CORE / 4);
    assert_eq!(queue("m=262144,t=16"), 8, "never fewer");
    assert_eq!(queue_per_core(Parameters { memory_kib: 8, passes: 1, lanes: 1 }), 256, "never more");
}

#[tokio::test]
async fn v6_1_1_a_flood_of_strangers_leaves_places_for_known_devices() {
    let (hasher, password) = (Hasher::cheap(), Password::typed("seven lanterns"));
    let hash = hasher.hash(&random(), &password).await.unwrap();
    let flood = hasher.flooded();
    let refused = hasher.verify(&password, Some(hash.clone()), Comer::Stranger).await;
    assert!(matches!(refused, Err(Busy::Full)), "{refused:?}");
    assert_eq!(hasher.verify(&password, Some(hash.clone()), Comer::Known).await.unwrap(), Verdict::Right);
    hasher.hash(&random(), &password).await.expect("so does a password that is set");
    drop(flood);
    assert_eq!(hasher.verify(&password, Some(hash), Comer::Stranger).await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn v11_4_2_a_hash_is_renewed_when_the_operator_raises_the_cost() {
    let (before, password) = (Hasher::new(NonZeroUsize::MIN, "m=19456,t=2".parse().unwrap()), Password::typed("seven lanterns"));
    let dearer = Hasher::new(NonZeroUsize::MIN, "m=32768,t=2".parse().unwrap());
    let kept = before.hash(&random(), &password).await.unwrap();
    assert_eq!(dearer.verify(&password, Some(kept), Comer::Stranger).await.unwrap(), Verdict::RightButStale);
    let renewed = dearer.hash(&random(), &password).await.unwrap();
    assert!(renewed.0.starts_with("$argon2id$v=19$m=32768,t=2,p=1$"), "{}", renewed.0);
    assert_eq!(dearer.verify(&password, Some(renewed), Comer::Stranger).await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn v6_2_8_passwords_are_compared_exactly() {
    let hasher = Hasher::cheap();
    let hash = hasher.hash(&random(), &Password::typed("Ａ long password ")).await.unwrap();
    for (typed, verdict) in [
        ("A long password ", Verdict::Right),
        ("A long password", Verdict::Wrong),
        ("a long password ", Verdict::Wrong),
        ("", Verdict::Wrong),
    ] {
        assert_eq!(
            hasher.verify(&Password::typed(typed), Some(hash.clone()), Comer::Stranger).await.unwrap(),
            verdict,
            "{typed:?}"
        );
    }
    assert_eq!(hasher.verify(&Password::typed("A long password "), None, Comer::Stranger).await.unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn hashes_of_other_parameters_verify_and_are_stale() {
    let weaker = Hasher::with(Parameters { memory_kib: 16, passes: 1, lanes: 1 }, NonZeroUsize::MIN);
    let hash = weaker.hash(&random(), &Password::typed("x")).await.unwrap();
    assert_eq!(Hasher::cheap().verify(&Password::typed("x"), Some(hash), Comer::Stranger).await.unwrap(), Verdict::RightButStale);
}

#[tokio::test]
async fn a_flood_is_turned_away_and_memory_stays_bounded() {
    let hasher = Hasher::with(Parameters { memory_kib: 1024, passes: 1, lanes: 1 }, NonZeroUsize::MIN);
    let password = Password::typed("x");
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1_024 {
        let (hasher, password) = (hasher.clone(), password.clone());
        waiting.spawn(async move { hasher.verify(&password, None, Comer::Stranger).await.is_ok() });
    }
    let served = waiting.join_all().await.into_iter().filter(|served| *served).count();
    assert!((192..1_024).contains(&served), "{served}");
    assert_eq!(hasher.pool.memory().len(), 1, "one block of memory per core");
}

fn peppers(lines: &[(&str, char)]) -> Peppers {
    let lines: Vec<String> = lines.iter().map(|(id, fill)| format!("{id}:{}", fill.to_string().repeat(42) + "A")).collect();
    Peppers::parse(&lines.join("\n")).unwrap()
}

#[tokio::test]
async fn a_pepper_is_part_of_the_hash_and_its_id_stands_in_front() {
    let peppered = Hasher::cheap().with_peppers(peppers(&[("one", 'A')]));
    let password = Password::typed("seven lanterns");
    let hash = peppered.hash(&random(), &password).await.unwrap();
    assert!(hash.0.starts_with("pepper:one$argon2id$v=19$m=8,t=1,p=1$"), "{}", hash.0);
    assert_eq!(peppered.verify(&password, Some(hash.clone()), Comer::Stranger).await.unwrap(), Verdict::Right);
    assert_eq!(peppered.verify(&Password::typed("x"), Some(hash.clone()), Comer::Stranger).await.unwrap(), Verdict::Wrong);
    let other_key = Hasher::cheap().with_peppers(peppers(&[("one", 'Q')]));
    assert_eq!(other_key.verify(&password, Some(hash.clone()), Comer::Stranger).await.unwrap(), Verdict::Wrong);
    let without = PasswordHash(hash.0.trim_start_matches("pepper:one").to_owned());
    assert_eq!(Hasher::cheap().verify(&password, Some(without), Comer::Stranger).await.unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn an_older_pepper_or_none_verifies_and_is_stale() {
    let (plain, password) = (Hasher::cheap(), Password::typed("seven lanterns"));
    let first = Hasher::cheap().with_peppers(peppers(&[("one", 'A')]));
    let rotated = Hasher::cheap().with_peppers(peppers(&[("two", 'Q'), ("one", 'A')]));
    for hasher in [&plain, &first] {
        let hash = hasher.hash(&random(), &password).await.unwrap();
        assert_eq!(rotated.verify(&password, Some(hash.clone()), Comer::Stranger).await.unwrap(), Verdict::RightButStale);
        assert_eq!(rotated.verify(&Password::typed("x"), Some(hash), Comer::Stranger).await.unwrap(), Verdict::Wrong);
    }
    let hash = rotated.hash(&random(), &password).await.unwrap();
    assert!(hash.0.starts_with("pepper:two$"), "{}", hash.0);
}

#[tokio::test]
async fn a_lost_pepper_is_a_fault_and_no_wrong_password() {
    let password = Password::typed("seven lanterns");
    let hash = Hasher::cheap().with_peppers(peppers(&[("one", 'A')])).hash(&random(), &password).await.unwrap();
    for hasher in [Hasher::cheap(), Hasher::cheap().with_peppers(peppers(&[("two", 'A')]))] {
        let lost = hasher.verify(&password, Some(hash.clone()), Comer::Stranger).await;
        assert!(matches!(&lost, Err(Busy::Fault(Fault::NoPepper(id))) if id == "one"), "{lost:?}");
        assert_eq!(lost.unwrap_err().kind(), Kind::Internal);
    }
}

#[tokio::test]
async fn foreign_hashes_verify_once_and_are_stale() {
    let hasher = Hasher::cheap();
    for (text, password) in
        [("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"), ("5f4dcc3b5aa765d61d8327deb882cf99", "password")]
    {
        let kept = PasswordHash::import(text).unwrap();
        let verify =
            async |typed: &str| hasher.verify(&Password::typed(typed), Some(kept.clone()), Comer::Stranger).await.unwrap();
        assert_eq!(verify(password).await, Verdict::RightButStale);
        assert_eq!((verify("other").await, verify("").await), (Verdict::Wrong, Verdict::Wrong));
    }
}

/// What one wrong password costs: KiB that Argon2id fills, rounds of bcrypt.
async fn cost_of_wrong(hasher: &Hasher, typed: &str, kept: Option<&PasswordHash>) -> (usize, usize) {
    let done = || (hasher.pool.work.filled.load(Ordering::Relaxed), hasher.pool.work.rounds.load(Ordering::Relaxed));
    let before = done();
    assert_eq!(hasher.verify(&Password::typed(typed), kept.cloned(), Comer::Stranger).await.unwrap(), Verdict::Wrong);
    let after = done();
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test]
async fn v6_3_8_while_other_hashes_wait_a_wrong_password_costs_the_dearest_of_them_everywhere() {
    let (hasher, right) = (Hasher::cheap(), Password::typed("seven lanterns"));
    let own = hasher.hash(&random(), &right).await.unwrap();
    assert_eq!(cost_of_wrong(&hasher, "b", Some(&own)).await, (8, 0));
    assert_eq!(cost_of_wrong(&hasher, "b", None).await, (8, 0));
    let bcrypt = |cost| format!("$2a${cost}$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
    let mut kept = vec![own];
    kept.extend(
        ["5f4dcc3b5aa765d61d8327deb882cf99", &bcrypt("06"), &bcrypt("04")].map(|text| PasswordHash::import(text).unwrap()),
    );
    for (memory_kib, passes, lanes) in [(64, 3, 1), (40, 1, 1), (16, 1, 2), (8, 1, 1)] {
        let other = Hasher::with(Parameters { memory_kib, passes, lanes }, NonZeroUsize::MIN);
        kept.push(other.hash(&random(), &right).await.unwrap());
    }
    hasher.expect(&["$2a$06$".to_owned(), "$argon2id$v=19$m=64,t=3,p=1$".to_owned(), "$argon2id$v=19$m=8,t=1,p=4".to_owned()]);
    let dearest = (8 + 64 * 3, 1 << 6);
    for typed in ["b", "", &"日".repeat(200)] {
        assert_eq!(cost_of_wrong(&hasher, typed, None).await, dearest, "{typed}");
        for hash in &kept {
            assert_eq!(cost_of_wrong(&hasher, typed, Some(hash)).await, dearest, "{typed} {}", hash.0);
        }
    }
}

#[tokio::test]
async fn v6_3_8_a_kind_of_hash_that_nobody_spoke_of_is_noticed_when_it_is_met() {
    let hasher = Hasher::cheap();
    hasher.expect(&["no hash".to_owned(), "$2a$".to_owned(), "$argon2id$v=19$m=1,t=1".to_owned(), "$2a$xx$".to_owned()]);
    assert_eq!(cost_of_wrong(&hasher, "b", None).await, (8, 0), "none of these is one");
    let bcrypt = PasswordHash::import("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe").unwrap();
    let other = Hasher::with(Parameters { memory_kib: 32, passes: 2, lanes: 1 }, NonZeroUsize::MIN);
    let argon2 = other.hash(&random(), &Password::typed("x")).await.unwrap();
    for kept in [&bcrypt, &argon2] {
        cost_of_wrong(&hasher, "b", Some(kept)).await;
    }
    assert_eq!(cost_of_wrong(&hasher, "b", None).await, (8 + 32 * 2, 1 << 6));
}

#[tokio::test]
async fn a_foreign_hash_is_compared_with_what_was_typed_and_not_with_its_nfkc() {
    // md5("Ａ"), a full-width letter, which NFKC turns into another one.
    let made = <md5::Md5 as md5::Digest>::digest("Ａ".as_bytes());
    let hex = made.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let kept = PasswordHash::import(&hex).unwrap();
    let verify =
        async |typed: &str| Hasher::cheap().verify(&Password::typed(typed), Some(kept.clone()), Comer::Stranger).await.unwrap();
    assert_eq!((verify("Ａ").await, verify("A").await), (Verdict::RightButStale, Verdict::Wrong));
}

/// Vectors of Unicode's annex 15 and of NIST's demand to normalise before hashing: what looks alike on different keyboards is one password.
#[tokio::test]
async fn nist_3_1_1_2_nfkc_makes_one_password_of_what_different_systems_send() {
    let hasher = Hasher::cheap();
    for (chosen, typed) in [
        ("Å", "A\u{30a}"),
        ("Å", "\u{212b}"),
        ("ﬁsh", "fish"),
        ("①②③", "123"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("가", "\u{1100}\u{1161}"),
        ("ẛ\u{323}", "ṩ"),
        ("x²", "x2"),
        ("Ⅸ", "IX"),
        ("a\u{a0}b", "a b"),
        ("½", "1\u{2044}2"),
    ] {
        let hash = hasher.hash(&random(), &Password::typed(chosen)).await.unwrap();
        assert_eq!(
            hasher.verify(&Password::typed(typed), Some(hash), Comer::Stranger).await.unwrap(),
            Verdict::Right,
            "{chosen} {typed}"
        );
    }
    let hash = hasher.hash(&random(), &Password::typed("ß")).await.unwrap();
    assert_eq!(
        hasher.verify(&Password::typed("ss"), Some(hash), Comer::Stranger).await.unwrap(),
        Verdict::Wrong,
        "case and spelling stay"
    );
}

#[tokio::test]
async fn v6_2_9_the_last_of_256_characters_counts() {
    let hasher = Hasher::cheap();
    for length in [64, 128, 256] {
        let long: String = "日".repeat(length);
        let hash = hasher.hash(&random(), &Password::typed(&long)).await.unwrap();
        let shorter: String = long.chars().skip(1).collect();
        let verdicts = [&long, &shorter, &format!("{long}日"), &format!("{long} ")];
        for (index, typed) in verdicts.into_iter().enumerate() {
            let expected = if index == 0 { Verdict::Right } else { Verdict::Wrong };
            assert_eq!(
                hasher.verify(&Password::typed(typed), Some(hash.clone()), Comer::Stranger).await.unwrap(),
                expected,
                "{length} {index}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever stands in the column: no panic, no endless work, and nobody is let in by it.
    #[test]
    fn any_kept_text_compares_without_a_panic_and_lets_nobody_in(
        text in r"(pepper:[a-z0-9]{0,3})?\$argon2id\$v=19\$m=[0-9]{0,10},t=[0-9]{0,3},p=[0-9]{0,3}(\$[A-Za-z0-9+/]{0,50}){0,3}|[ -~]{0,80}|.{0,40}",
        password in any::<String>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let kept = PasswordHash(text);
        let expensive = decode(&kept).is_some_and(|own| own.parameters.memory_kib > 1024);
        let costly = matches!(Foreign::parse(&kept.0), Ok(Foreign::Bcrypt { .. }));
        prop_assume!(!expensive && !costly);
        let verdict = runtime.block_on(Hasher::cheap().verify(&Password::typed(&password), Some(kept), Comer::Stranger));
        prop_assert!(matches!(verdict, Ok(Verdict::Wrong) | Err(Busy::Fault(Fault::NoPepper(_)))), "{verdict:?}");
    }
}
