//! A document of `onewinner explore --json` held against what must be said of the program. Runs nothing.

use serde_json::Value;

use super::Said;
use crate::harness::{Test, tests};

/// The verdicts of a document, one for each configuration.
pub(crate) fn results(document: &Value) -> &[Value] {
    document["results"].as_array().map_or(&[], Vec::as_slice)
}

/// What the verdicts say in words: the property and its sentence, the reason, and what was covered.
pub(crate) fn words(document: &Value) -> String {
    let mut words = Vec::new();
    for result in results(document) {
        words.extend(["verdict", "property", "sentence", "reason", "fact"].map(|field| &result[field]));
        words.extend(["extent", "blind_spots"].map(|field| &result["coverage"][field]));
    }
    words.retain(|word| !word.is_null());
    let shown: Vec<String> = words.iter().map(ToString::to_string).collect();
    shown.join("\n")
}

/// Whether the document, and the code that the command exited with, say what must be said; if not, what is wrong.
pub(crate) fn judge(document: &Value, code: Option<i32>, said: Said) -> Result<(), String> {
    let (code, reported, results) = (code.ok_or("it was killed")?, words(document), results(document));
    if results.is_empty() || document["exit"] != code {
        return Err(format!("exit code {code}, and the document {document}"));
    }
    let verdicts: Vec<&str> = results.iter().filter_map(|result| result["verdict"].as_str()).collect();
    let complete = |result: &Value| result["coverage"]["extent"]["extent"] == "complete";
    let bounded = |word: &str| {
        let bounds = results
            .iter()
            .map(|result| result["coverage"]["extent"]["bounds"].to_string());
        bounds.into_iter().any(|bounds| bounds.contains(word))
    };
    let (right, word) = match said {
        Said::Holds => (code == 0, ""),
        Said::HoldsWithin(bound) => (code == 0 && bounded(bound), ""),
        Said::HoldsBut(word) => (code == 0, word),
        Said::Violated(word) => (code == 1 && verdicts.contains(&"violated"), word),
        Said::Inconclusive(word) => (code == 3 && verdicts.contains(&"inconclusive"), word),
        Said::NoPass => (matches!(code, 1 | 3), ""),
        Said::NoAlarm => (matches!(code, 0 | 3), ""),
    };
    if !right || !reported.contains(word) {
        return Err(format!("exit code {code}, but {said:?} was expected"));
    }
    // Whatever was expected: nothing passes that was not covered. A fact beside it decides nothing.
    let decides = |result: &&Value| result["verdict"] != "noted";
    if code == 0
        && !results
            .iter()
            .filter(decides)
            .all(|result| result["verdict"] == "holds" && complete(result))
    {
        return Err("it passes, and not each search is complete".to_owned());
    }
    Ok(())
}

mod own {
    use serde_json::json;

    use super::*;

    fn document(exit: i32, verdict: &str, extent: &str, word: &str) -> Value {
        let coverage =
            json!({"extent": {"extent": extent, "bounds": ["at most 1 preemption"]}, "blind_spots": ["atomic"]});
        json!({"exit": exit, "results": [{"verdict": verdict, "sentence": word, "coverage": coverage}]})
    }

    pub(super) fn what_was_not_said_is_refused() {
        use Said::{Holds, HoldsBut, HoldsWithin, Inconclusive, NoAlarm, NoPass, Violated};
        let holds = document(0, "holds", "complete", "");
        let violated = document(1, "violated", "complete", "two at once");
        let unknown = document(3, "inconclusive", "cut", "mmap");
        for (document, code, right, wrong) in [
            (
                &holds,
                0,
                &[Holds, HoldsWithin("1 preemption"), HoldsBut("atomic"), NoAlarm][..],
                &[HoldsWithin("2 p"), HoldsBut("threads"), NoPass, Violated("")][..],
            ),
            (
                &violated,
                1,
                &[Violated("two"), NoPass],
                &[Violated("three"), Holds, NoAlarm, Inconclusive("")],
            ),
            (
                &unknown,
                3,
                &[Inconclusive("mmap"), NoPass, NoAlarm],
                &[Inconclusive("quiet"), Holds, Violated("")],
            ),
        ] {
            for said in right {
                assert_eq!(judge(document, Some(code), *said), Ok(()), "{document} {said:?}");
            }
            for said in wrong {
                assert!(judge(document, Some(code), *said).is_err(), "{document} {said:?}");
            }
        }
    }

    pub(super) fn a_pass_without_all_of_its_search_is_refused() {
        for (document, code) in [
            (document(0, "holds", "cut", ""), Some(0)),
            (document(0, "inconclusive", "complete", ""), Some(0)),
            (document(0, "holds", "complete", ""), Some(3)),
            (document(0, "holds", "complete", ""), None),
            (json!({"exit": 0, "results": []}), Some(0)),
            (Value::Null, Some(0)),
        ] {
            for said in [Said::Holds, Said::NoAlarm] {
                assert!(judge(&document, code, said).is_err(), "{document} {code:?}");
            }
        }
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    use own::{a_pass_without_all_of_its_search_is_refused, what_was_not_said_is_refused};

    tests![
        what_was_not_said_is_refused,
        a_pass_without_all_of_its_search_is_refused,
    ]
}
