"""Write the card of the bundled encoder again, with its figures and the licences of its training texts.

    python recipes/bundled_card.py

Run it after `benchmarks/encoder_quality.py`, which measures.
"""

from __future__ import annotations

import json
from pathlib import Path

from searchkit.encoder import bundled_folder
from searchkit.training import CardTable, Recipe, load_recipe, update_card
from searchkit.training.recipe import recipe_facts

SECOND = Path(__file__).with_name("bundled-sentences.toml")
FIGURES = Path(__file__).parent.parent / "benchmarks" / "results" / "encoder_quality.json"
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


def main() -> None:
    measured = json.loads(FIGURES.read_text(encoding="utf-8"))
    tables = [CardTable(**{**facts, "rows": tuple(map(tuple, facts["rows"]))}) for facts in measured]
    update_card(bundled_folder(), [second_run(), SOURCES, *tables], limits=LIMITS)


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
