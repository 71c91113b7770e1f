//! Random and nearly right state files under proptest; what must hold of each is in `bodies/state_file.rs`.

#[path = "../bodies/state_file.rs"]
mod body;

use onewinner_core::workload::hub_sync::LARGEST_STATE;
use proptest::collection::vec;
use proptest::prelude::*;

/// JSON texts near the sound one: other fields, other numbers, blanks and rubbish around, a cut end.
fn nearly_sound() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![4 => Just("last_sequence"), 1 => Just("version"), 1 => Just("LAST_SEQUENCE")];
    let value = prop_oneof![
        4 => (0u64..12).prop_map(|number| number.to_string()),
        1 => any::<i128>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => Just("null".to_owned()),
        1 => Just("[1, {\"last_sequence\": 2}]".to_owned()),
    ];
    let around = prop_oneof![4 => Just(""), 1 => Just(" \n"), 1 => Just("x"), 1 => Just("{}"), 1 => Just("\u{feff}")];
    let fields = vec((field, value), 0..3);
    (around.clone(), fields, around, prop::option::weighted(0.2, 0usize..40)).prop_map(
        |(before, fields, after, cut)| {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            let mut text = format!("{before}{{{}}}{after}", fields.join(", ")).into_bytes();
            text.truncate(cut.unwrap_or(text.len()));
            text
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_leave_the_lock_free(bytes in vec(any::<u8>(), 0..200)) {
        body::check(&bytes);
    }

    #[test]
    fn nearly_sound_states_leave_the_lock_free(bytes in nearly_sound()) {
        body::check(&bytes);
    }
}

#[test]
fn states_around_the_bound_and_deep_ones_leave_the_lock_free() {
    for length in [LARGEST_STATE - 1, LARGEST_STATE, LARGEST_STATE + 1, 2 * LARGEST_STATE] {
        let mut sound = br#"{"last_sequence": 3}"#.to_vec();
        sound.resize(length, b' ');
        body::check(&sound);
        body::check(&vec![b'['; length]);
    }
    let deep = format!(
        "{{\"x\": {}1{}, \"last_sequence\": 3}}",
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    body::check(deep.as_bytes());
}
