"""Write the cards of the bundled encoders again, with their figures and the licences of their training texts.

    python recipes/bundled_card.py

Run it after `benchmarks/encoder_quality.py` and `benchmarks/fast_encoder.py`, which measure.
"""

from __future__ import annotations

import json
from pathlib import Path

from searchkit.encoder import bundled_folder
from searchkit.training import CardTable, Recipe, load_recipe, update_card
from searchkit.training.recipe import recipe_facts

SECOND = Path(__file__).with_name("bundled-sentences.toml")
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
LIMITS = (
    "English text of up to 256 tokens. It measures similarity of meaning; it does not answer questions, and rare names "
    "and codes are found less well than by keyword search."
)
SOURCES = CardTable(
    "Training texts and their licences",
    ("in the recipe", "what it is", "licence as the source states it"),
    (
        ("nli-triplets, nli-entailment", "SNLI, MultiNLI, counterfactual SNLI, Breaking NLI, Climate-FEVER (parts)",
         "SNLI CC BY-SA 4.0; repositories Apache-2.0 and MIT; others not stated"),
        ("captions", "captions of the same image: Flickr30k (by way of Multi30k) and Flickr8k", "not stated"),
        ("split-sentences", "WikiSplit: a sentence and the same in two", "CC BY-SA 4.0"),
        ("scientific-paraphrases", "ParaSCI: paraphrases from papers", "not stated"),
        ("definitions", "Open English WordNet: words and their definition", "CC BY 4.0 and WordNet licence"),
        ("medical-questions", "MedQuAD: questions and answers of the National Institutes of Health", "CC BY 4.0"),
        ("documentation, documentation-crops", "headings and sections of software documentation",
         "CC BY 4.0, BSD-3-Clause, Apache-2.0, MIT; for PEPs and git not stated for the whole"),
        ("commands", "tldr pages: a description and its command", "CC BY 4.0"),
        ("sentences", "books, documentation, MedQuAD, Tatoeba, WordNet examples, film reviews, State of the Union",
         "public domain, CC BY 4.0, CC BY 2.0 FR, and as above"),
        ("sentences of the second run", "books, MedQuAD, Tatoeba, WordNet, film reviews, State of the Union, inaugural",
         "public domain, CC BY 4.0, CC BY 2.0 FR, and as above"),
    ),
    "Not used: anything marked non-commercial or for research alone (ANLI, ASSET, Brown, LISA, MRPC, SICK, Quora and "
    "Reuters texts), STS pairs or scores of any year, and the queries and documents of every retrieval collection.",
)  # fmt: skip

TAUGHT_ON = CardTable(
    "Texts that it was taught on and their licences",
    ("in the recipe", "of these sources of the bundled encoder"),
    (
        ("sentences", "sentences of the second run"),
        ("premises", "nli-triplets"),
        ("captions", "captions"),
        ("encyclopedia", "split-sentences"),
        ("science", "scientific-paraphrases"),
        ("medical-questions, medical-answers", "medical-questions"),
        ("documentation-headings, documentation", "documentation"),
        ("commands", "commands"),
    ),
    "What each is, and under which licence, stands in the card of searchkit-minilm-2. No labels were used. Nothing "
    "measured below was looked at while layers, rate and texts were chosen.",
)


def main() -> None:
    update_card(bundled_folder(), [second_run(), SOURCES, *figures("encoder_quality")], limits=LIMITS)
    update_card(bundled_folder("fast"), [TAUGHT_ON, *figures("fast_encoder")], limits=LIMITS)


def figures(result: str) -> list[CardTable]:
    """What a bench has measured."""
    measured = json.loads((RESULTS / f"{result}.json").read_text(encoding="utf-8"))
    return [CardTable(**{**facts, "rows": tuple(map(tuple, facts["rows"]))}) for facts in measured]


def second_run() -> CardTable:
    """In what the second recipe differs from the defaults of a run."""
    facts = recipe_facts(load_recipe(SECOND))
    differs = recipe_facts(Recipe.simple(facts["run"]["base"], unsup=[Path("sentences.parquet")]))["run"]
    rows = [
        (name.replace("_", " "), "yes" if value is True else str(value))
        for name, value in facts["run"].items()
        if value != differs[name]
    ]
    note = (
        "Settings and data above are of the first run. What this second one, unsupervised and from the same start, "
        "changed in the weights was added to what the first made of them, as it was kept in float16 (Ilharco et al. "
        "2023, task arithmetic). Where nothing is said, it has the defaults of searchkit."
    )
    return CardTable("Second run", ("setting", "value"), tuple(rows), note)


if __name__ == "__main__":
    main()
