//! The page of the matrix, from columns written by hand: the cells and their numbers.

use std::collections::BTreeMap;

use super::matrix;
use crate::matrix::{
    Answer, AttemptOutcome, Cell, Column, ColumnState, Cost, InTurn, Manner, Raced, Settings, Throughput,
};
use onewinner_check::sampled::{Sample, Shown, Winners};
use onewinner_core::primitive::Expectation::{self, ExactlyOneWinner, SeveralWinners};
use onewinner_core::statistics::rate_bounds;

const SETTINGS: Settings = Settings {
    processes: 16,
    rounds: 300,
    other_rounds: 100,
    blocks: 2,
    slice_ms: 10,
    cell_ms: 1_000,
    worker_ms: 1_000,
    seed: 7,
};

fn raced(manner: Manner, violations: u64, winners: &[(u32, u64)]) -> Raced {
    let winners: Vec<Winners> = winners
        .iter()
        .map(|&(winners, rounds)| Winners { winners, rounds })
        .collect();
    let rounds = winners.iter().map(|row| row.rounds).sum();
    Raced {
        manner,
        sample: Sample {
            rounds,
            violations,
            rate: rate_bounds(violations, rounds),
            shown: (violations > 0).then(|| Shown {
                property: "at-most-one-winner".to_owned(),
                sentence: "2 of 16 hold <the lock>".to_owned(),
            }),
            flaws: 0,
            flaw: None,
            winners,
            without_winner: 0,
            attempt_errors: BTreeMap::new(),
            release_errors: BTreeMap::new(),
            seconds: 1.0,
            doubt: None,
        },
    }
}

fn turn(other: AttemptOutcome) -> InTurn {
    InTurn {
        ways: [0, 0],
        holder: AttemptOutcome::Won,
        other,
        after: AttemptOutcome::Won,
    }
}

fn cell(claim: Expectation, answer: Answer) -> Cell {
    let mut cell = Cell::missing("some-lock", claim, "");
    cell.answer = answer;
    cell
}

fn column(cells: Vec<Cell>) -> Column {
    Column {
        name: "ext4".to_owned(),
        ways: vec!["/mnt/ext4".into()],
        kinds: vec!["ext2/ext3/ext4".to_owned()],
        state: ColumnState::Ready,
        controls: Vec::new(),
        cells,
    }
}

/// The button of the only cell, without what is behind it.
fn button(column: Column) -> String {
    let page = matrix(&[column], &SETTINGS);
    let (_, from) = page.split_once("<td class=").expect("there is a cell");
    from.split_once("</td>").expect("it ends").0.to_owned()
}

#[test]
fn each_answer_has_its_colour_and_its_word_and_a_fault_that_was_not_found_is_no_merit() {
    let unsupported = Answer::Unsupported {
        operation: "link".to_owned(),
        errno: "EPERM".to_owned(),
    };
    let missing = Answer::Missing {
        reason: "it hangs".to_owned(),
    };
    for (claim, answer, class, word) in [
        (ExactlyOneWinner, Answer::Holds, "good", "✓ holds<"),
        (SeveralWinners, Answer::Holds, "open", "? not caught<"),
        (ExactlyOneWinner, Answer::Violated, "bad", "✗ violated<"),
        (ExactlyOneWinner, unsupported, "nothing", "– unsupported: EPERM<"),
        (ExactlyOneWinner, missing, "open", "? no verdict<"),
    ] {
        let not_as_claimed = answer == Answer::Violated;
        let text = button(column(vec![cell(claim, answer)]));
        assert!(
            text.starts_with(&format!("\"{class}\"")) && text.contains(word),
            "{text}"
        );
        assert_eq!(text.contains("not as claimed"), not_as_claimed, "{text}");
    }
    let text = button(column(vec![cell(SeveralWinners, Answer::Violated)]));
    assert!(!text.contains("not as claimed"), "{text}");
    let skipped = ColumnState::Skipped {
        reason: "it needs the program mkfs.ext4; install it".to_owned(),
    };
    let cell = Cell::missing(
        "some-lock",
        ExactlyOneWinner,
        "it needs the program mkfs.ext4; install it",
    );
    let column = Column {
        state: skipped,
        ..column(vec![cell])
    };
    assert!(button(column.clone()).contains("– skipped"));
    let page = matrix(&[column], &SETTINGS);
    assert_eq!(
        page.matches("it needs the program mkfs.ext4; install it").count(),
        2,
        "the cell and the column say why"
    );
}

#[test]
fn the_page_shows_where_a_race_and_an_attempt_in_turn_differ() {
    for (natural, aligned, other, lines) in [
        (3, 0, AttemptOutcome::Busy, &["3.00 % of rounds", "not in turn"][..]),
        (
            3,
            50,
            AttemptOutcome::Won,
            &["3.00 % of rounds", "50.0 % aligned", "and in turn"],
        ),
        (0, 0, AttemptOutcome::Won, &["only in turn, not in races"]),
    ] {
        let mut cell = cell(ExactlyOneWinner, Answer::Violated);
        cell.races
            .push(raced(Manner::Natural, natural, &[(1, 100 - natural), (2, natural)]));
        cell.races
            .push(raced(Manner::Aligned, aligned, &[(1, 100 - aligned), (2, aligned)]));
        cell.in_turn.push(turn(other));
        let text = button(column(vec![cell]));
        for line in [
            "3.00 % of rounds",
            "50.0 % aligned",
            "and in turn<",
            "not in turn<",
            "only in turn, not in races<",
        ] {
            let expected = lines.contains(&line.trim_end_matches('<'));
            assert_eq!(text.contains(&format!(">{line}")), expected, "{line} in {text}");
        }
    }
}

#[test]
fn behind_a_cell_stand_its_bounds_winners_errors_and_costs() {
    let mut full = cell(SeveralWinners, Answer::Violated);
    let mut natural = raced(Manner::Natural, 25, &[(0, 5), (1, 270), (3, 25)]);
    natural.sample.attempt_errors = BTreeMap::from([("ESTALE".to_owned(), 1_288)]);
    natural.sample.without_winner = 5;
    full.races = vec![natural, raced(Manner::Cycle, 0, &[(16, 100)])];
    full.in_turn.push(turn(AttemptOutcome::Failed("EIO".to_owned())));
    full.cost = Some(Cost {
        acquisitions: 200,
        median_ns: 8_472,
        p99_ns: 43_978,
        throughput: [(2, 96_150.0), (8, 36_550.0), (16, 0.0)]
            .map(|(processes, per_second)| Throughput { processes, per_second })
            .to_vec(),
    });
    full.unmeasured.push("32 contenders: interrupted".to_owned());
    let page = matrix(&[column(vec![full])], &SETTINGS);
    let (_, numbers) = page.split_once("popover id=\"m0-0\"").expect("there are numbers");
    for text in [
        "5.47 % to 12.1 %",
        "below 2.95 %",
        "2 of 16 hold &lt;the lock&gt;",
        "1,288 attempts",
        "failed with EIO",
        "8.5 µs",
        "44.0 µs",
        "96,150 acquisitions per second",
        "0 acquisitions per second",
        "Not measured: 32 contenders: interrupted",
    ] {
        assert!(numbers.contains(text), "{text} is missing in {numbers}");
    }
    // Three winners in a contest are a failure; sixteen winners in a cycle won one after another.
    for (winners, look) in [(0, "open"), (1, "good"), (3, "bad"), (16, "nothing")] {
        let (_, row) = numbers
            .split_once(&format!("<th scope=\"row\">{winners}</th>"))
            .expect("it has a row");
        assert!(
            row.split_once("</tr>")
                .expect("it ends")
                .0
                .contains(&format!("<span class=\"{look}\"")),
            "{row}"
        );
    }
    assert!(page.contains("<svg role=\"img\""), "costs are drawn");
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} is there");
    }
}

#[test]
fn what_is_not_raced_is_said_and_so_are_the_conditions() {
    let page = matrix(&[column(vec![cell(ExactlyOneWinner, Answer::Holds)])], &SETTINGS);
    for text in [
        "expired leases",
        "16 processes in each race; seed 7",
        "300 rounds without alignment",
        "1 lock on 1 file system, 1 cell: 1 holds.",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
}
